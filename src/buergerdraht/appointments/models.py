"""What can be booked, when nothing can, and who booked. The database itself keeps two bookings from one desk at one time."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address, Contact

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is read as another
CODE_LENGTH = 6


def new_code() -> str:
    """Make a code that can be read out on the phone."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


class Offer(models.Model):
    """What can be booked, with the times at which it can. Texts for citizens are {language: text}."""

    class Kind(models.TextChoices):
        PLACE = "place"
        CALL = "call"
        VIDEO = "video"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="offers")
    key = models.SlugField(max_length=40)
    title = models.JSONField(default=dict)
    description = models.JSONField(default=dict, blank=True)
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.PLACE)
    place = models.CharField(max_length=200, blank=True)  # "Rathaus, Zimmer 12"
    link = models.URLField(max_length=300, blank=True)  # of the video call
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(default=20)
    pause = models.PositiveSmallIntegerField(default=0)  # minutes between two bookings of one desk
    capacity = models.PositiveSmallIntegerField(default=1)  # desks that work side by side
    earliest_hours = models.PositiveSmallIntegerField(default=24)  # so long before, at least
    latest_days = models.PositiveSmallIntegerField(default=30)  # so far ahead, at most
    per_contact = models.PositiveSmallIntegerField(default=1)  # coming ones of one person
    rules = models.JSONField(default=list, blank=True)  # [{"weekday": 0, "begin": "08:00", "end": "12:00"}], Monday is 0
    reminders = models.JSONField(default=list, blank=True)  # hours before, e.g. [24, 2]
    template = models.CharField(max_length=512, blank=True, default="", db_default="")  # of a reminder where the window is closed, by name
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "key"], name="offer_key_once"),
            models.CheckConstraint(condition=Q(minutes__gt=0, capacity__gt=0), name="offer_takes_time_and_a_desk"),
        ]
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.title_in("de")

    def title_in(self, language: str) -> str:
        return str(self.title.get(language) or self.title.get("de") or next(iter(self.title.values()), self.key))


class Closure(models.Model):
    """Days on which nothing is offered, besides public holidays and the authority's closed days; of one offer, or of all."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, blank=True, related_name="closures")
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(last__gte=F("first")), name="closure_in_order")]
        indexes: ClassVar = [models.Index(fields=["organisation", "last"], name="closure_list")]


class Booking(models.Model):
    """A time at a desk that somebody has, or holds while they make up their mind."""

    class State(models.TextChoices):
        HELD = "held"
        BOOKED = "booked"
        CANCELLED = "cancelled"
        DONE = "done"
        MISSED = "missed"

    class By(models.TextChoices):
        NOBODY = ""
        CITIZEN = "citizen"
        OPERATOR = "operator"
        CLOCK = "clock"  # held too long

    ALIVE: ClassVar = (State.HELD, State.BOOKED)

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    offer = models.ForeignKey(Offer, models.RESTRICT, related_name="bookings")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    desk = models.PositiveSmallIntegerField()  # 1 to the offer's capacity
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, related_name="+")
    address = models.ForeignKey(Address, models.SET_NULL, null=True, related_name="+")  # where they are reminded
    name = SealedField(default="")  # of somebody who came by telephone or to the counter
    note = SealedField(default="")  # what they said about it
    state = models.CharField(max_length=9, choices=State.choices, default=State.HELD)
    held_until = models.DateTimeField(null=True)
    code = models.CharField(max_length=8, default=new_code)
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)  # who of us booked it
    sequence = models.PositiveSmallIntegerField(default=0)  # how often it was changed, for calendars
    reminded = models.JSONField(default=list, blank=True)  # hours before that are dealt with: said, or too late to be said
    remind_at = models.DateTimeField(null=True)  # when the next reminder is due
    unreached = models.CharField(max_length=60, blank=True)  # what could not be said to them and why, e.g. "reminder:window_closed"
    ended_by = models.CharField(max_length=8, choices=By.choices, default=By.NOBODY, blank=True)
    ended_at = models.DateTimeField(null=True)
    emptied = models.BooleanField(default=False)  # the person was taken out of it: a number remains
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="booking_takes_time"),
            models.CheckConstraint(condition=~Q(state="held") | Q(held_until__isnull=False), name="booking_held_for_a_while"),
            models.UniqueConstraint(fields=["organisation", "code"], name="booking_code_once"),
            models.UniqueConstraint(fields=["offer", "begins_at", "desk"], name="booking_once", condition=Q(state__in=["held", "booked"])),
            # The last line: no two at one desk overlap, also where an offer's times were changed in between.
            ExclusionConstraint(
                name="booking_apart",
                expressions=[
                    (Func(F("offer"), F("offer"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func(F("desk"), F("desk"), Value("[]"), function="int4range"), RangeOperators.OVERLAPS),
                    (Func(F("begins_at"), F("ends_at"), RangeBoundary(), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["held", "booked"]),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "begins_at"], name="booking_day"),
            models.Index(fields=["contact"], name="booking_contact"),
            models.Index(fields=["remind_at"], name="booking_due", condition=Q(state="booked", remind_at__isnull=False)),
            models.Index(fields=["held_until"], name="booking_held", condition=Q(state="held")),
        ]

    @property
    def shown_code(self) -> str:
        return f"{self.code[:3]}-{self.code[3:]}"
