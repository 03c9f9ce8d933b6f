"""What was noticed and who is told; the canary; the daily sums. Ids and numbers only, no citizen stands in these tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.vault import SealedField
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import signing
from buergerdraht.gateway.models import Channel


def webhook_secret() -> str:
    """Make a secret; the migrations know it by this name."""
    return signing.new_secret()


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> AlarmQuerySet:
        """Those that were raised and last still; a mere suspicion is not among them."""
        return self.filter(ended_at=None, raised_at__isnull=False)

    def of(self, organisation: Organisation) -> AlarmQuerySet:
        """Those an organisation sees: its own, and those of the whole installation."""
        return self.filter(models.Q(organisation=organisation) | models.Q(organisation=None))


class Alarm(models.Model):
    """Something is wrong, once per kind and place for as long as it lasts. `values` holds ids and numbers.

    A cause is first a suspicion (`raised_at` empty) and becomes an alarm when it has lasted as long as its kind demands.
    Without an organisation it is about the whole installation. The words for each kind stand in watch.kinds.
    """

    class Kind(models.TextChoices):
        CHANNEL_BROKEN = "channel_broken"
        CHANNEL_SILENT = "channel_silent"
        RECEIPTS_MISSING = "receipts_missing"
        QUEUE_OLD = "queue_old"
        FAILURES_HIGH = "failures_high"
        KEPT_EVENTS = "kept_events"
        ENGINE_MISSING = "engine_missing"
        CANARY_LOST = "canary_lost"
        PROVIDER_COMPLAINS = "provider_complains"
        RECONCILIATION_DIFFERENCE = "reconciliation_difference"
        WORKER_MISSING = "worker_missing"
        DATABASE_SLOW = "database_slow"
        DATABASE_AWAY = "database_away"  # told without a row: there is nowhere to write one
        DISK_FULL = "disk_full"
        POST_FORGOTTEN = "post_forgotten"
        BRIDGE_FAILING = "bridge_failing"
        REMINDERS_MISSED = "reminders_missed"

    class Level(models.TextChoices):
        WARNING = "warning"
        FAULT = "fault"

    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="alarms")
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, related_name="alarms")
    kind = models.CharField(max_length=30)  # of Kind; a new one is no migration
    level = models.CharField(max_length=7, choices=Level.choices)
    values = models.JSONField(default=dict)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last look that found the cause
    raised_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)  # the first receiver has it
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Alarm]] = AlarmQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "organisation", "channel"],
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
                name="alarm_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "-since"], name="alarm_newest")]


class AlarmReceiver(models.Model):
    """Who is told: an operator (as long as they may MANAGE), another e-mail address, or a webhook. Exactly one of the three."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="alarm_receivers")
    operator = models.ForeignKey(Operator, models.CASCADE, null=True, blank=True)
    email = models.EmailField(blank=True)
    url = SealedField(default="")  # may carry a token
    secret = SealedField(default=webhook_secret)  # signs the webhook, in the manner of Standard Webhooks
    way = models.CharField(max_length=8, choices=[("operator", "operator"), ("email", "email"), ("webhook", "webhook")])
    warnings = models.BooleanField(default=True)  # also told of warnings, not of faults alone
    active = models.BooleanField(default=True)
    told_at = models.DateTimeField(null=True)  # last success
    problem = models.CharField(max_length=40, blank=True)  # why the last try failed; empty after a success
    problem_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "operator"], name="alarm_operator_once"),
            models.UniqueConstraint(fields=["organisation", "email"], condition=~models.Q(email=""), name="alarm_email_once"),
            models.CheckConstraint(
                condition=models.Q(way="operator", operator__isnull=False, email="")
                | models.Q(way="email", operator=None) & ~models.Q(email="")
                | models.Q(way="webhook", operator=None, email=""),
                name="alarm_one_way",
            ),
        ]


class Probe(models.Model):
    """The canary of a channel: a message to a duty phone every few minutes, which must be accepted (and delivered) in time."""

    class State(models.TextChoices):
        NEW = "new"  # nothing sent yet
        WAITING = "waiting"
        GOOD = "good"
        LOST = "lost"  # did not come back in time
        CLOSED = "closed"  # the provider's window is closed: the duty phone must write to us first
        REFUSED = "refused"  # we may not write to it; `reason` says why

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="probe")
    address = models.ForeignKey(Address, models.CASCADE)
    minutes = models.PositiveSmallIntegerField(default=5)
    within = models.PositiveSmallIntegerField(default=60)  # seconds
    active = models.BooleanField(default=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=40, blank=True)  # code of connectors.reasons
    sent_at = models.DateTimeField(null=True)
    good_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)  # the last one's way, out and back
    created_at = models.DateTimeField(auto_now_add=True)


class ProbeRun(models.Model):
    """One message of the canary. Goes after two days together with its letter."""

    probe = models.ForeignKey(Probe, models.CASCADE, related_name="runs")
    outbound = models.BigIntegerField(unique=True)  # its letter; no constraint, because letters go in bulk
    state = models.CharField(max_length=7, choices=Probe.State.choices, default=Probe.State.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    sent_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["probe", "-sent_at"], name="probe_newest")]


class Minute(models.Model):
    """A channel's minute as it was, so that screens need not count history. `at` is the full minute it began with."""

    channel = models.ForeignKey(Channel, models.CASCADE)
    at = models.DateTimeField()
    accepted = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    queued = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "at"], name="minute_once")]


class Reconciliation(models.Model):
    """The letters made on one day (Europe/Berlin) on one channel, by what became of them. Every letter is in exactly one of
    `waiting`, `accepted`, `failed`, `unclear`, `cancelled`; every accepted one in exactly one of the receipts.

    `differences` names what does not match, {code: number}; empty is good. Codes stand in watch.reconcile.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    channel = models.ForeignKey(Channel, models.CASCADE)
    day = models.DateField()
    total = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unclear = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)  # queued, being sent or in doubt
    read = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    unreported = models.PositiveIntegerField(default=0)  # accepted, without any receipt
    undelivered = models.PositiveIntegerField(default=0)  # accepted, then reported as failed
    parts = models.PositiveIntegerField(default=0)
    recipients = models.PositiveIntegerField(default=0)  # of broadcasts, that point to a letter of this day
    differences = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "day"], name="reconciliation_once")]
        indexes: ClassVar = [models.Index(fields=["organisation", "-day"], name="reconciliation_newest")]
