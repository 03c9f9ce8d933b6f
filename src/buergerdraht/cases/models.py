"""Matters of citizens: what can be reported, what was, where, with which photos, who follows it, and all that happened to it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address, Contact, District
from buergerdraht.gateway.models import Media


class Category(models.Model):
    """What can be reported. Texts for citizens are {language: text}; `questions` as questions.read has them."""

    class Visibility(models.TextChoices):
        PUBLIC = "public"  # on the map once released
        INTERNAL = "internal"
        CONFIDENTIAL = "confidential"  # `people` alone

    class Kind(models.TextChoices):
        PROBLEM = "problem"
        IDEA = "idea"
        PRAISE = "praise"
        COMPLAINT = "complaint"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="categories")
    key = models.SlugField(max_length=40)  # Open311's service_code: never changed
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.PROBLEM)
    group = models.CharField(max_length=60, blank=True)  # heading in lists
    title = models.JSONField(default=dict)
    description = models.JSONField(default=dict, blank=True)
    icon = models.CharField(max_length=30, default="pin")
    synonyms = models.JSONField(default=dict, blank=True)  # {language: [words]}
    questions = models.JSONField(default=list, blank=True)
    needs_place = models.BooleanField(default=True)
    needs_photo = models.BooleanField(default=False)
    danger = models.JSONField(default=dict, blank=True)  # said before all else: "Bei Gefahr 110 oder 112"
    refusal = models.JSONField(default=dict, blank=True)  # not reportable here: why, and who to turn to
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
    escalate_to = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")  # hears when the deadline is over
    people = models.ManyToManyField(Operator, blank=True, related_name="+")  # of a confidential one
    days = models.PositiveSmallIntegerField(default=5)  # office days until it ought to be done; 0: none
    visibility = models.CharField(max_length=12, choices=Visibility.choices, default=Visibility.PUBLIC)
    radius = models.PositiveSmallIntegerField(default=50)  # metres within which another may be the same; 0: never
    alike_days = models.PositiveSmallIntegerField(default=30)
    keep_days = models.PositiveSmallIntegerField(default=365)  # after it is done the person is taken out of it
    template = models.CharField(max_length=512, blank=True)  # says how it stands where the window is closed: state and number as its body
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "key"], name="category_key_once")]
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.title_in("de")

    def title_in(self, language: str) -> str:
        return str(self.title.get(language) or self.title.get("de") or next(iter(self.title.values()), self.key))


class Route(models.Model):
    """Which team a case goes to other than the category's: by district, by hour, in this order; the first that fits."""

    category = models.ForeignKey(Category, models.CASCADE, related_name="routes")
    district = models.ForeignKey(District, models.CASCADE, null=True, blank=True)
    outside_hours = models.BooleanField(default=False)  # only while the office is closed
    team = models.ForeignKey(Team, models.CASCADE)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]


class Ground(models.Model):
    """Where the authority is responsible, and who is beyond it. Shapes are GeoJSON geometries, longitude first (RFC 7946)."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="ground")
    area = models.JSONField(null=True)  # Polygon or MultiPolygon; none: everywhere
    latitude = models.FloatField(default=51.16)  # where maps begin
    longitude = models.FloatField(default=10.45)
    zoom = models.PositiveSmallIntegerField(default=12)
    style = models.URLField(max_length=300, blank=True)  # of the map; empty: basemap.de
    public = models.BooleanField(default=False)  # whether citizens find a page with map and list, and can report there
    original_days = models.PositiveSmallIntegerField(default=90)  # after a case is closed its uncovered originals are deleted
    neighbours = models.JSONField(default=list, blank=True)  # [{"ars": "…", "name": "…", "link": "…", "area": geometry}]
    last_year = models.PositiveSmallIntegerField(default=0)
    last_number = models.PositiveIntegerField(default=0)  # of that year


class Shape(models.Model):
    """The outline of a district, for routing, maps and figures."""

    district = models.OneToOneField(District, models.CASCADE, related_name="shape")
    area = models.JSONField()


class Deputy(models.Model):
    """Who stands in for somebody who is away, from the first day to the last: what would be theirs goes to them."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="+")
    deputy = models.ForeignKey(Operator, models.CASCADE, related_name="+")
    first = models.DateField()
    last = models.DateField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(first__lte=models.F("last")), name="deputy_days"),
            models.CheckConstraint(condition=~Q(operator=models.F("deputy")), name="deputy_is_another"),
        ]
        ordering: ClassVar = ["first", "id"]


class View(models.Model):
    """A filter of the list kept under a name: one's own, or without `operator` everybody's."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    operator = models.ForeignKey(Operator, models.CASCADE, null=True)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=600)  # of the list's address: "stand=offen&kategorie=road"

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "operator", "name"], name="case_view_once", nulls_distinct=False)
        ]
        ordering: ClassVar = ["name"]


class Doorway(models.Model):
    """A house the authority knows: what a typed street and number mean on the map."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    street = models.CharField(max_length=80)
    number = models.CharField(max_length=12, blank=True)  # empty: the middle of the street
    plain = models.CharField(max_length=100)  # street and number folded, as words.plain
    latitude = models.FloatField()
    longitude = models.FloatField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "plain"], name="doorway_once")]


class Case(models.Model):
    """A matter. `text` are the citizen's own words and stay inside; `public_text` is what a person released."""

    class State(models.TextChoices):
        RECEIVED = "received"
        CONFIRMED = "confirmed"
        PROGRESS = "progress"
        WAITING = "waiting"
        DONE = "done"
        REJECTED = "rejected"
        DUPLICATE = "duplicate"

    class Public(models.TextChoices):
        HIDDEN = "hidden"  # nobody looked yet, or it stays inside
        RELEASED = "released"
        WITHDRAWN = "withdrawn"  # by the citizen, or by one of us

    class Origin(models.TextChoices):
        CHAT = "chat"
        DIALOG = "dialog"
        OPERATOR = "operator"
        WEB = "web"
        OPEN311 = "open311"

    class Priority(models.IntegerChoices):
        LOW = 1
        NORMAL = 2
        HIGH = 3

    OPEN: ClassVar = (State.RECEIVED, State.CONFIRMED, State.PROGRESS, State.WAITING)
    CLOSED: ClassVar = (State.DONE, State.REJECTED, State.DUPLICATE)

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="cases")
    number = models.CharField(max_length=14)  # "2026-00042"
    category = models.ForeignKey(Category, models.RESTRICT, related_name="cases")
    confidential = models.BooleanField(default=False)  # as its category was when it came, or became since
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVED)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    text = models.TextField(blank=True)
    answers = models.JSONField(default=dict, blank=True)  # to the category's questions
    public = models.CharField(max_length=9, choices=Public.choices, default=Public.HIDDEN)
    public_text = models.TextField(blank=True)
    released_at = models.DateTimeField(null=True)  # when it was last shown to the public
    place = models.CharField(max_length=200, blank=True)  # "Marktstraße 12"
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    district = models.ForeignKey(District, models.SET_NULL, null=True, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True)
    accepted_at = models.DateTimeField(null=True)  # by the team
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")  # who works on it
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)  # three quarters of the time are over then
    warned_at = models.DateTimeField(null=True)
    overdue_at = models.DateTimeField(null=True)  # when the clock said so
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.CHAT)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="cases")  # who brought it
    reporter = SealedField(default="")  # JSON: name, email, phone of somebody without a messenger
    same_as = models.ForeignKey("self", models.SET_NULL, null=True, related_name="doubles")
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)  # first word of a person to the citizen
    done_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)
    emptied = models.BooleanField(default=False)  # the person and their words were taken out: a number remains

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "number"], name="case_number_once"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True) | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="case_place_whole",
            ),
            models.CheckConstraint(condition=~Q(state="duplicate") | Q(same_as__isnull=False), name="case_double_of_something"),
            models.CheckConstraint(condition=~Q(confidential=True, public="released"), name="case_confidential_inside"),
            models.CheckConstraint(
                condition=Q(state__in=["done", "rejected", "duplicate"], done_at__isnull=False)
                | Q(state__in=["received", "confirmed", "progress", "waiting"], done_at__isnull=True),
                name="case_closed_has_end",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-received_at", "-id"], name="case_list"),
            models.Index(fields=["organisation", "due_at", "id"], name="case_by_due"),
            models.Index(fields=["organisation", "-changed_at", "-id"], name="case_by_change"),
            models.Index(fields=["organisation", "state", "-received_at"], name="case_state"),
            models.Index(fields=["organisation", "category", "state"], name="case_category"),
            models.Index(fields=["organisation", "latitude", "longitude"], name="case_map", condition=Q(latitude__isnull=False)),
            models.Index(fields=["due_at"], name="case_due", condition=Q(state__in=["received", "confirmed", "progress", "waiting"])),
            models.Index(
                fields=["warn_at"],
                name="case_warn",
                condition=Q(warned_at=None, state__in=["received", "confirmed", "progress", "waiting"]),
            ),
            models.Index(fields=["category", "done_at"], name="case_keep", condition=Q(emptied=False, done_at__isnull=False)),
            models.Index(fields=["contact"], name="case_contact"),
            models.Index(fields=["organisation", "-released_at"], name="case_public", condition=Q(public="released")),
            GinIndex(SearchVector("text", "public_text", "place", config="simple"), name="case_words"),
        ]

    def __str__(self) -> str:
        return self.number


class Photo(models.Model):
    """A picture of a case. What is shown is covered first; the original stays sealed and is deleted after its time."""

    class Kind(models.TextChoices):
        BEFORE = "before"
        AFTER = "after"

    class State(models.TextChoices):
        WAITING = "waiting"  # to be looked at by the machine
        COVERED = "covered"
        FAILED = "failed"  # the machine could not: a person has to cover it by hand

    case = models.ForeignKey(Case, models.CASCADE, related_name="photos")
    media = models.ForeignKey(Media, models.SET_NULL, null=True, related_name="+")  # none: the original was deleted after its time
    shown = models.ForeignKey(Media, models.SET_NULL, null=True, related_name="+")  # the covered one, once made
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.BEFORE)
    covers = models.JSONField(default=list, blank=True)  # [[left, top, width, height]] as shares of the picture
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    released = models.BooleanField(default=False)
    sealed = models.BooleanField(default=False, db_default=False)  # nothing is left to seal of the original; the file itself says it too
    looks_at = models.DateTimeField(db_default=Now())  # not sooner: it could not be covered for now
    seals_at = models.DateTimeField(db_default=Now())  # likewise
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "media"], name="case_photo_once")]
        indexes: ClassVar = [
            models.Index(fields=["looks_at", "id"], name="case_photo_look", condition=Q(state="waiting")),
            models.Index(fields=["seals_at", "id"], name="case_photo_seal", condition=Q(sealed=False, media__isnull=False)),
        ]
        ordering: ClassVar = ["id"]


class Follower(models.Model):
    """Somebody who hears of every step, where and in their language."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="followers")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="following")
    address = models.ForeignKey(Address, models.CASCADE)
    left_at = models.DateTimeField(null=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "contact"], name="follower_once")]


class Entry(models.Model):
    """What happened to a case: never changed. `what` is a code that history.py says in words; `told` what citizens were told of it."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="entries")
    what = models.CharField(max_length=20)
    data = models.JSONField(default=dict, blank=True)  # ids and codes: {"from": "received", "to": "progress"}
    text = models.TextField(blank=True)  # a note of ours, or words a citizen added
    told = models.TextField(blank=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "at", "id"], name="case_history")]


class Told(models.Model):
    """That a follower is told of an entry, or why not: once each. Without `at` it still waits to be said."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="tellings")
    follower = models.ForeignKey(Follower, models.CASCADE, related_name="tellings")
    outbound = models.BigIntegerField(null=True)
    refused = models.CharField(max_length=40, blank=True)  # a code of connectors.reasons
    at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "follower"], name="told_once")]
        indexes: ClassVar = [models.Index(fields=["id"], name="told_waiting", condition=Q(at=None))]


class Task(models.Model):
    """Something to do for a case."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="tasks")
    text = models.CharField(max_length=300)
    done_at = models.DateTimeField(null=True)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")  # who ticked it
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]


class Firm(models.Model):
    """Somebody outside who does the work: a builder, the works yard of a neighbour."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="firms")
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="firm_once")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Delegation(models.Model):
    """A case in the hands of a firm, by a link that needs no account: only its hash is kept."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="delegations")
    firm = models.ForeignKey(Firm, models.RESTRICT, related_name="delegations")
    token_hash = models.BinaryField()
    words = models.TextField(blank=True)  # what they are asked to do
    closes = models.BooleanField(default=False)  # when they say it is done, it is
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # taken back, or over without being done
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["token_hash"], name="delegation_token_once")]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="delegation_alive", condition=Q(done_at=None, ended_at=None))]


class Draft(models.Model):
    """What a citizen is about to report in the chat. At most one each; gone when sent, let go, or a day old."""

    contact = models.OneToOneField(Contact, models.CASCADE, related_name="case_draft")
    address = models.ForeignKey(Address, models.CASCADE)
    category = models.ForeignKey(Category, models.CASCADE, null=True)
    asked = models.CharField(max_length=40, blank=True)  # what the last question was about
    content = SealedField(default="{}")  # intake.Report as JSON: words, answers, place
    asks_at = models.DateTimeField(null=True)  # several photos within a moment are one answer: the clock asks on
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["asks_at"], name="case_draft_asks", condition=Q(asks_at__isnull=False))]
