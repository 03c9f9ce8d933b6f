"""Broadcasts, whom they are still to be queued for, their recipients, one row each, and where they are posted in public."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel, Outbound, hot


class Broadcast(models.Model):
    """One content for many.

    versions: {language: contract.Content as JSON}; audience: {"topics": [ids], "channels": [ids], "languages": [...],
    "districts": [ids], "joined_from": date, "joined_until": date, "exclude": {...}};
    templates: {channel id: {"name", "language", "body": {...}}} for those outside the window.
    Once begun: `size` is how many people were chosen, `figures` the ledger as it was counted at `figures_at` (see ledger).
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"  # waits for approval
        APPROVED = "approved"  # released, waits for its time
        SENDING = "sending"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"
        WITHDRAWN = "withdrawn"

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="broadcasts")
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    versions = models.JSONField(default=dict)
    audience = models.JSONField(default=dict)
    templates = models.JSONField(default=dict, blank=True)
    urgent = models.BooleanField(default=False)  # passes quiet hours, and newsletters under way
    scheduled_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)  # counts changes: two editors notice each other
    hint = models.CharField(max_length=300, blank=True)  # to the approver
    author = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    approver = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    follows = models.ForeignKey("self", models.SET_NULL, null=True)  # sent to those the first did not reach
    size = models.PositiveIntegerField(null=True)
    words = models.JSONField(default=list, blank=True)  # [channel id, language, stored content, its template's or null], made at the start
    figures = models.JSONField(default=dict, blank=True)
    figures_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # for people to be reached another way, see relaying
    looked_for = models.FloatField(default=0, db_default=0)  # seconds that took
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "state", "-updated_at"], name="broadcast_list")]


class BroadcastEvent(models.Model):
    """Who wrote, changed, released, paused: shown beside the broadcast (the audit log proves it)."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="events")
    operator = models.ForeignKey(Operator, models.SET_NULL, null=True)
    what = models.CharField(max_length=30)
    text = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)


class Piece(models.Model):
    """People chosen for a broadcast whose letters are not queued yet: the audience of one moment, in numbers.

    Queueing a piece turns it into recipients and letters in one transaction, so each person is in exactly one of the two.
    Address and contact stand at the same place of their lists; what became of them since is seen only then.
    """

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="pieces")
    channel = models.ForeignKey(Channel, models.CASCADE)
    addresses = ArrayField(models.BigIntegerField())
    contacts = ArrayField(models.BigIntegerField())
    size = models.PositiveIntegerField()


class Recipient(models.Model):
    """One row per person (law 6). Its end state is the outbound's; refused before the outbox, it carries the reason itself.

    A broadcast writes a million of these: no constraint to check per row, and only the indexes that are asked.
    """

    broadcast = hot(Broadcast, related_name="recipients")
    contact = hot(Contact, on_delete=models.SET_NULL, null=True)
    channel = hot(Channel)
    language = models.CharField(max_length=12)
    outbound = hot(Outbound, on_delete=models.DO_NOTHING, null=True)
    refused = models.CharField(max_length=40, blank=True)
    relays = models.PositiveSmallIntegerField(default=0, db_default=0)  # how often it went on by another way

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["contact", "broadcast"], name="recipient_once")]
        indexes: ClassVar = [
            models.Index(fields=["broadcast", "id"], name="recipient_list"),
            models.Index(fields=["broadcast"], name="recipient_relayed", condition=models.Q(relays__gt=0)),
        ]


class TestAddress(models.Model):
    """The operator's own phone on a channel, for tests before the release."""

    operator = models.ForeignKey(Operator, models.CASCADE)
    organisation = models.ForeignKey(Organisation, models.CASCADE)
    channel = models.ForeignKey(Channel, models.CASCADE)
    address = models.ForeignKey(Address, models.CASCADE)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["operator", "channel"], name="test_address_once")]


class Posting(models.Model):
    """One broadcast in one public place. `text` are its own words; where there are none, it takes the version in `language`.

    A machine's post is a letter to everybody: as long as it is `queued`, its outbound says how it stands. One by hand is handed over
    to a person, who confirms or skips it. `content` is what was posted or prepared (contract.Content), frozen at the start.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        QUEUED = "queued"
        SENT = "sent"
        HANDED = "handed"
        CONFIRMED = "confirmed"
        SKIPPED = "skipped"

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="postings")
    channel = models.ForeignKey(Channel, models.CASCADE)
    language = models.CharField(max_length=12, blank=True)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED)
    content = models.JSONField(default=dict, blank=True)
    outbound = hot(Outbound, on_delete=models.DO_NOTHING, null=True)
    url = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True)
    links = models.PositiveIntegerField(default=0)  # how often a person asked for the link to the phone: the newest one works
    remind_at = models.DateTimeField(null=True)  # handed over, and forgotten from then on
    reminded_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(Operator, models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["broadcast", "channel"], name="posting_once")]
        indexes: ClassVar = [
            models.Index(fields=["remind_at"], name="posting_forgotten", condition=models.Q(state="handed")),
            models.Index(fields=["id"], name="posting_queued", condition=models.Q(state="queued")),
        ]
