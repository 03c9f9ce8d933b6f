"""Hours at which somebody answers personally, and their guests. What guests say are messages of their conversations."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations.models import Message


class Consultation(models.Model):
    """An appointed hour. A draft is nobody's business yet; a planned one begins and ends by itself."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PLANNED = "planned"
        RUNNING = "running"
        OVER = "over"
        CANCELLED = "cancelled"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="consultations")
    title = models.CharField(max_length=80)
    host = models.CharField(max_length=80)  # as citizens read it: "Bürgermeisterin Anna Muster"
    team = models.ForeignKey(Team, models.SET_NULL, null=True)  # who answers
    topic = models.ForeignKey(Topic, models.SET_NULL, null=True, blank=True)  # the information channel beside it
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    places = models.PositiveSmallIntegerField(null=True, blank=True)  # most who wait at a time
    weekly = models.BooleanField(default=False)
    follows = models.OneToOneField("self", models.SET_NULL, null=True, related_name="followed_by")  # the week before: made once
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict, blank=True)  # what remains when the guests' rows are gone: numbers only

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("begins_at")), name="consultation_takes_time")
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "begins_at"], name="consultation_list"),
            models.Index(fields=["begins_at"], name="consultation_due", condition=models.Q(state__in=["planned", "running"])),
        ]

    def __str__(self) -> str:
        return self.title


class Guest(models.Model):
    """A citizen on the way to a person: signing up, waiting, talking, done. At most one of these is alive per contact."""

    class State(models.TextChoices):
        SIGNING = "signing"  # still being asked for name and wish
        WAITING = "waiting"
        TALKING = "talking"
        DONE = "done"
        LEFT = "left"  # by their own word
        MISSED = "missed"  # the hour ended first
        CALLED_OFF = "called_off"  # the hour was cancelled
        LAPSED = "lapsed"  # never finished signing up

    ALIVE: ClassVar = (State.SIGNING, State.WAITING, State.TALKING)

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    consultation = models.ForeignKey(Consultation, models.CASCADE, null=True, related_name="guests")  # none yet: the next that is planned
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    address = models.ForeignKey(Address, models.SET_NULL, null=True)  # where they signed up, and are told how long it takes
    state = models.CharField(max_length=10, choices=State.choices, default=State.SIGNING)
    step = models.CharField(max_length=4, blank=True)  # of signing up: name or way
    number = models.PositiveIntegerField(null=True)  # as they came
    place = models.IntegerField(default=0)  # in the queue, the smallest first; the number decides between equals
    joined_at = models.DateTimeField(auto_now_add=True)
    called_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)  # who answers them
    brought = models.BooleanField(default=False)  # their thread stands before people because the hour has begun
    questions = models.ManyToManyField(Message, related_name="+")  # what they said beforehand
    updates = models.PositiveSmallIntegerField(default=0)  # how often they were told that it goes on
    ahead = models.PositiveIntegerField(null=True)  # how many stood before them when last told
    reason = models.CharField(max_length=200, blank=True)  # why an operator moved them

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact"], name="guest_once", condition=models.Q(state__in=["signing", "waiting", "talking"])),
            models.UniqueConstraint(fields=["consultation", "number"], name="guest_number_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["consultation", "state", "place", "number"], name="guest_queue")]
