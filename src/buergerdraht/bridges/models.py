"""Ways to other systems, the cases that went over them, what is still to be delivered, and what was heard."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.cases.models import Case, Category, Entry


class Bridge(models.Model):
    """A way to one system of others. `config` is JSON as the kind's Config has it, sealed: it holds the keys.

    What comes back is done by `actor`, an operator who cannot sign in and works in no organisation: its name stands in the history.
    """

    class Kind(models.TextChoices):
        MAIL = "mail"
        ZAMMAD = "zammad"
        OPEN311 = "open311"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="bridges")
    actor = models.OneToOneField(Operator, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    name = models.CharField(max_length=80)  # "Stadtwerke", as people choose it
    config = SealedField(default="{}")
    services = models.JSONField(default=list, blank=True)  # what an Open311 server takes: [{"code", "name", "required": [..]}]
    mapping = models.JSONField(default=dict, blank=True)  # {our category key: their service_code}
    categories = models.ManyToManyField(Category, blank=True, related_name="+")  # whose cases go by themselves
    neighbours = models.JSONField(default=list, db_default=[], blank=True)  # names of those beyond our border whose cases go by themselves
    answers = models.BooleanField(default=True)  # what they say goes to the citizens; else it is a note of ours
    closes = models.BooleanField(default=True)  # what they finish is done here; else a note says so
    released_only = models.BooleanField(default=False)  # the text a person released, never the citizen's own words
    pictures = models.BooleanField(default=True)  # covered ones go along
    active = models.BooleanField(default=True)
    problem = models.CharField(max_length=30, blank=True)  # a code of words.PROBLEMS
    problem_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)  # asked last, with an answer
    ask_at = models.DateTimeField(null=True)  # when to ask again
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="bridge_name_once")]
        indexes: ClassVar = [models.Index(fields=["ask_at"], name="bridge_asks", condition=Q(active=True, ask_at__isnull=False))]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Passage(models.Model):
    """A case that went over a bridge: what it is called there, and how it stands there."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="passages")
    bridge = models.ForeignKey(Bridge, models.CASCADE, related_name="passages")
    external_id = models.CharField(max_length=200, blank=True)  # of theirs, once they said it
    token = models.CharField(max_length=200, blank=True)  # Open311: to ask for the id with
    link = models.CharField(max_length=500, blank=True)  # to it at theirs
    theirs = models.CharField(max_length=60, blank=True)  # their state, in their word
    theirs_at = models.DateTimeField(null=True)  # since when, by their clock, where they say it
    notes = models.TextField(blank=True)  # their words to it, as last heard
    heard_at = models.DateTimeField(null=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")  # none: it went by itself
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)  # taken back: nothing more goes there, what comes is a note

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "bridge"], name="passage_once")]
        indexes: ClassVar = [models.Index(fields=["bridge", "external_id"], name="passage_theirs")]
        ordering: ClassVar = ["id"]


class Parcel(models.Model):
    """One thing to deliver: the case itself (no entry), or what happened to it later. `doubt`: a try may have arrived."""

    passage = models.ForeignKey(Passage, models.CASCADE, related_name="parcels")
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+")
    tries = models.PositiveSmallIntegerField(default=0)
    doubt = models.BooleanField(default=False)
    next_at = models.DateTimeField()
    first_at = models.DateTimeField(null=True)  # of the first try
    done_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)  # given up
    problem = models.CharField(max_length=30, blank=True)  # a code of words.PROBLEMS
    status = models.PositiveSmallIntegerField(null=True)  # of their answer
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["passage", "entry"], name="parcel_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(done_at=None) | Q(lost_at=None), name="parcel_one_end"),
        ]
        indexes: ClassVar = [models.Index(fields=["next_at"], name="parcel_due", condition=Q(done_at=None, lost_at=None))]
        ordering: ClassVar = ["id"]


class Heard(models.Model):
    """That something came over a bridge and was dealt with: the same again does nothing."""

    bridge = models.ForeignKey(Bridge, models.CASCADE, related_name="heard")
    key = models.CharField(max_length=80)  # what it is called, hashed where it is long
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["bridge", "key"], name="heard_once")]
        indexes: ClassVar = [models.Index(fields=["at"], name="heard_old")]
