"""Addresses of other systems that want to hear, what happened, and what was said to whom."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.gateway.signing import new_secret


class Hook(models.Model):
    """An address that is told. `events` are names of kinds.KINDS; after a change of secret both sign until `old_until`."""

    class Reason(models.TextChoices):
        NONE = ""
        GONE = "gone"  # the address said 410
        FAILING = "failing"  # for a whole day
        SWITCHED = "switched"  # off, by one of us

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="hooks")
    name = models.CharField(max_length=80)
    url = SealedField()  # may carry a token
    events = ArrayField(models.CharField(max_length=40), default=list)
    secret = SealedField(default=new_secret)
    old_secret = SealedField(default="")
    old_until = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)  # why it is not
    failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)  # it failed: nothing is sent before
    told_at = models.DateTimeField(null=True)  # last success
    created_by = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that happened: its kind and ids, never more. `key` is its name outside, the same at every try."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    what = models.CharField(max_length=40)
    ids = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "at"], name="hook_event_at"),
            models.Index(fields=["at"], name="hook_event_old"),
        ]


class Delivery(models.Model):
    """One event for one address. `next_at`: when it is tried; neither that nor `done_at`: given up."""

    hook = models.ForeignKey(Hook, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    problem = models.CharField(max_length=40, blank=True)  # a code of gateway.outward, of the last try

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["hook", "event"], name="hook_event_once")]
        indexes: ClassVar = [
            models.Index(fields=["next_at", "id"], name="hook_due", condition=Q(next_at__isnull=False)),
            models.Index(fields=["hook", "-id"], name="hook_log"),
        ]
