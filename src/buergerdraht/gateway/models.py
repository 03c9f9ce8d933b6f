"""The wire side: channels, what came in, what goes out, files, templates, and a redacted log of the traffic."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Func, Value

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.vault import SealedField


def channel_token() -> str:
    return secrets.token_urlsafe(24)


def hot(to: Any, **options: Any) -> Any:
    """Point from a table that grows by thousands a second: no constraint to check, no index that nobody asks.

    A constraint's check locks the row it points to, and everyone sends for the same few channels. Django's cascades stay.
    """
    return models.ForeignKey(to, options.pop("on_delete", models.CASCADE), db_constraint=False, db_index=False, **options)


class Channel(models.Model):
    """One configured account with a provider. `kind` is checked against the registry, not by choices (no migration per provider)."""

    class State(models.TextChoices):
        SETUP = "setup"
        RUNNING = "running"
        PAUSED = "paused"  # by an operator
        BROKEN = "broken"  # by the provider; an operator is called
        DRAINING = "draining"  # what is queued up to `drain_to` still goes, then it pauses itself

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    token = models.CharField(max_length=64, unique=True, default=channel_token)  # part of the webhook address
    config = SealedField()  # JSON of the connector's Config
    state = models.CharField(max_length=10, choices=State.choices, default=State.SETUP)
    reason = models.CharField(max_length=40, blank=True)  # code of connectors.reasons
    reason_details = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # what `check` found: name, number, quality, tier
    rate = models.FloatField(null=True, blank=True)  # a limit lower than the connector's
    drain_to = models.BigIntegerField(null=True)  # while draining: the last outbound that still goes
    last_inbound_at = models.DateTimeField(null=True)  # the provider's last word, to the minute
    checked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)


class InboundEvent(models.Model):
    """What a provider told us, raw, until done. `source` "engine" are events our own sender found (a block seen while sending)."""

    class State(models.TextChoices):
        NEW = "new"
        DONE = "done"
        KEPT = "kept"  # could not be handled: shown to the operator, can be replayed

    id = models.BigAutoField(primary_key=True)
    channel = hot(Channel)
    source = models.CharField(max_length=10, default="webhook")
    lane = models.CharField(max_length=7, default="message", db_default="message")  # "receipt": holds nothing but receipts
    shard = models.PositiveSmallIntegerField(default=0, db_default=0)  # whose: see opening.shard_of; 0: of several people, or of nobody
    body = models.BinaryField()
    state = models.CharField(max_length=5, choices=State.choices, default=State.NEW)
    problem = models.CharField(max_length=500, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["channel", "lane", "shard", "id"], name="inbound_due", condition=models.Q(state="new")),
            models.Index(fields=["channel", "id"], name="inbound_kept", condition=models.Q(state="kept")),
        ]


class Seen(models.Model):
    """Once (law 2): an item handled before is not handled again."""

    channel = hot(Channel)
    external_id = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "external_id"], name="seen_once")]


def file_words() -> SearchVector:
    """The words of a file's name, as they are searched for: "Antrag_Wohngeld-2.pdf" has four."""
    marks = "._-+,()[]&"
    return SearchVector(Func("file_name", Value(marks), Value(" " * len(marks)), function="translate"), config="simple")


class Media(models.Model):
    """A file, stored under its id in the data folder. Inbound ones are fetched by their own job (law 15)."""

    class State(models.TextChoices):
        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organisation = models.ForeignKey(Organisation, models.CASCADE)
    channel = models.ForeignKey(Channel, models.SET_NULL, null=True)  # inbound: where to fetch it
    ref = models.JSONField(null=True)  # contract.Ref, inbound only
    kind = models.CharField(max_length=10)
    mime = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.BinaryField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    alt = models.CharField(max_length=1000, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    seconds = models.FloatField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    problem = models.CharField(max_length=40, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [GinIndex(file_words(), name="media_words")]


class Taken(models.Model):
    """Where a citizen's photo was taken, as it said itself before EXIF was taken out. A proposal, kept for two days."""

    media = models.OneToOneField(Media, models.CASCADE, related_name="taken")
    place = SealedField()  # "latitude,longitude"
    at = models.DateTimeField(auto_now_add=True, db_index=True)


class MediaUpload(models.Model):
    """A provider's id for one of our files, valid for a while."""

    media = models.ForeignKey(Media, models.CASCADE)
    channel = models.ForeignKey(Channel, models.CASCADE)
    external_id = models.CharField(max_length=200)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["media", "channel"], name="upload_once")]


class StoredContent(models.Model):
    """Content as it will be sent; a broadcast's recipients share one row per language and channel."""

    organisation = models.ForeignKey(Organisation, models.CASCADE)
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)


class Batch(models.Model):
    """Letters that are held, released and stopped together: one row says it for a million, and the engine looks here at every claim.

    `id` is the number its owner gives (a broadcast's).
    """

    class State(models.TextChoices):
        OPEN = "open"
        HELD = "held"
        RESTING = "resting"  # held by the clock: quiet hours
        STOPPED = "stopped"  # what is still queued is being cancelled, in pieces
        DONE = "done"

    id = models.BigIntegerField(primary_key=True)
    organisation = models.ForeignKey(Organisation, models.CASCADE)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation"], name="batch_busy", condition=~models.Q(state="done"))]


class Outbound(models.Model):
    """One content for one address. The queue and the ledger: rows are never deleted while their owner lives.

    `state` says what our side knows, `receipt` what the provider reported (only climbs). `purpose` decides priority and what
    happens to a doubt: alert and reply are sent again, newsletter is held and shown.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"  # claimed: the intent is committed before the call (law 7)
        DOUBT = "doubt"  # a call ended without an answer; a receipt may settle it
        UNCLEAR = "unclear"  # held and shown to people
        ACCEPTED = "accepted"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Purpose(models.TextChoices):
        ALERT = "alert"
        REPLY = "reply"
        SERVICE = "service"  # answers of the house: welcome, confirmation, menus
        NEWSLETTER = "newsletter"

    OPEN: ClassVar = (State.QUEUED, State.SENDING, State.DOUBT)
    CLOSED: ClassVar = (State.UNCLEAR, State.ACCEPTED, State.FAILED, State.CANCELLED)
    PRIORITY: ClassVar = {"alert": 0, "reply": 1, "service": 2, "urgent": 4, "newsletter": 5}  # by purpose; newsletters may be urgent

    id = models.BigAutoField(primary_key=True)
    organisation = hot(Organisation)
    channel = hot(Channel)
    address = SealedField()
    address_hash = models.BinaryField()
    content = models.ForeignKey(StoredContent, models.PROTECT, db_constraint=False)
    otherwise = hot(StoredContent, on_delete=models.SET_NULL, null=True, related_name="+")  # a template, if the window closed meanwhile
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    priority = models.PositiveSmallIntegerField()
    batch = models.BigIntegerField(null=True)  # see Batch
    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(max_length=40, blank=True)
    details = models.CharField(max_length=500, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    parts_total = models.PositiveSmallIntegerField(default=0)
    parts_done = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    claimed_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=9, blank=True)  # "", sent, delivered, read, failed
    accepted_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["channel", "batch", "priority", "id"], name="outbound_queue", condition=models.Q(state="queued")),
            models.Index(
                fields=["channel", "address_hash"], name="outbound_open", condition=models.Q(state__in=["queued", "sending", "doubt"])
            ),
            models.Index(  # whoever asks for all letters to an address asks for the open ones and the closed ones
                fields=["channel", "address_hash", "-id"],
                name="outbound_closed",
                condition=models.Q(state__in=["unclear", "accepted", "failed", "cancelled"]),
            ),
            models.Index(
                fields=["batch"], name="outbound_busy", condition=models.Q(batch__isnull=False, state__in=["queued", "sending", "doubt"])
            ),
            models.Index(fields=["channel"], name="outbound_flight", condition=models.Q(state__in=["sending", "doubt"])),
            models.Index(fields=["organisation", "id"], name="outbound_unclear", condition=models.Q(state="unclear")),
            models.Index(fields=["channel", "finished_at"], name="outbound_failed", condition=models.Q(state="failed")),
            BrinIndex(fields=["finished_at"], name="outbound_finished", autosummarize=True, pages_per_range=32),
            BrinIndex(fields=["created_at"], name="outbound_created", autosummarize=True, pages_per_range=32),
        ]


class Part(models.Model):
    """One provider call of an outbound that the provider accepted, or of which a receipt told, with what was reported since."""

    pk = models.CompositePrimaryKey("outbound_id", "position")
    outbound = hot(Outbound, related_name="parts")
    channel = hot(Channel)
    position = models.PositiveSmallIntegerField()
    external_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null is "not known yet" under a unique constraint
    state = models.CharField(max_length=9)  # accepted, sent, failed, delivered, read: climbs in this order (law 4)
    reason = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="part_external_once"),
        ]


class EarlyReceipt(models.Model):
    """A receipt that came before our own row was written; applied when the row arrives (law 4)."""

    channel = hot(Channel)
    external_id = models.CharField(max_length=200)
    receipt = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["channel", "external_id"], name="early_receipt")]


class MessageTemplate(models.Model):
    """A provider's template as synced: contract.Template in columns we choose by, the rest as JSON."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="templates")
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=12)
    category = models.CharField(max_length=30)
    status = models.CharField(max_length=30)
    paused = models.BooleanField(default=False)
    template = models.JSONField()
    synced_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["channel", "name", "language"], name="template_once")]


class Traffic(models.Model):
    """A channel's redacted log: method, status, reason and sizes, never text, name, address or token. Expires."""

    channel = hot(Channel)
    at = models.DateTimeField(auto_now_add=True)
    direction = models.CharField(max_length=3)  # in, out
    what = models.CharField(max_length=60)
    count = models.PositiveIntegerField(default=1, db_default=1)  # calls alike are written together, with their mean time
    status = models.CharField(max_length=40)
    milliseconds = models.PositiveIntegerField(null=True)
    details = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["channel", "-at"], name="traffic_newest")]


class Home(models.Model):
    """Where this installation lives, in one row: by it a copy restored from a backup notices that it is one. See engine/identity.py."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    identity = models.CharField(max_length=80)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="home_one")]
