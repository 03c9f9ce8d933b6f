"""What operators do with channels. Each verb is one transaction with its entry in the audit log; secrets never enter it."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel, SecretStr

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import Content, Health, Media, SendError
from buergerdraht.gateway import channels, ingest, live, templates_job
from buergerdraht.gateway.database import home
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound

State = Channel.State
PIECE = 500
MOST_COUNTED = 10_000


class Wish(NamedTuple):
    """What a channel is to be: its name, its account, and a speed below the provider's."""

    name: str
    config: BaseModel
    rate: float | None = None


def webhook_url(channel: Channel) -> str:
    return home(channel.kind, channel.token)


@transaction.atomic
def add(organisation: Organisation, kind: str, wish: Wish, *, operator: Operator, applicant: str = "") -> Channel:
    """Add a channel; it neither sends nor listens before it is started."""
    channel = Channel.objects.create(
        organisation=organisation, kind=kind, name=wish.name, config=channels.sealed(wish.config), rate=wish.rate
    )
    _note(channel, "add", operator, kind=kind, name=wish.name, applicant=applicant)
    return channel


@transaction.atomic
def change(channel: Channel, wish: Wish, *, operator: Operator) -> list[str]:
    """Change a channel; returns the names of what changed. The log keeps names, no values."""
    before = channels.config(channel)
    changed = [name for name, value in wish.config if getattr(before, name) != value]
    changed += [name for name in ("name", "rate") if getattr(channel, name) != getattr(wish, name)]
    if changed:
        channel.name, channel.rate, channel.config = wish.name, wish.rate, channels.sealed(wish.config)
        channel.save(update_fields=["name", "rate", "config"])
        _note(channel, "change", operator, changed=changed)
    return changed


@transaction.atomic
def renew(channel: Channel, field: str, *, operator: Operator) -> None:
    """Make a generated word anew; the provider must be told, which `start` does where it can."""
    found = channels.config(channel)
    fresh = type(found).model_fields[field].get_default(call_default_factory=True)
    channel.config = channels.sealed(found.model_copy(update={field: fresh}))
    channel.save(update_fields=["config"])
    _note(channel, "renew", operator, field=field)


def start(channel: Channel, *, operator: Operator) -> None:
    """Tell the provider where to deliver, then open the channel. Raises SendError, and the channel stays as it was."""
    address = webhook_url(channel)
    channels.ask(channel, lambda connector: connector.activate(address))
    with transaction.atomic():
        _spend(channel)
        _set(channel, State.RUNNING)
        _note(channel, "start", operator)


def _spend(channel: Channel) -> None:
    """Empty the fields whose value was handed in by this start and holds only `once`, such as the answer to a riddle."""
    found = channels.config(channel)
    fields = {name: field for name, field in type(found).model_fields.items() if isinstance(field.json_schema_extra, dict)}
    once = {name: field.get_default() for name, field in fields.items() if field.json_schema_extra.get("once") and getattr(found, name)}  # type: ignore[union-attr]
    if once:
        channel.config = channels.sealed(found.model_copy(update=once))
        channel.save(update_fields=["config"])


@transaction.atomic
def pause(channel: Channel, *, operator: Operator) -> None:
    """Hold everything back; what comes in is still kept."""
    _set(channel, State.PAUSED)
    _note(channel, "pause", operator)


@transaction.atomic
def drain(channel: Channel, *, operator: Operator) -> int:
    """Let what is queued now still go, and nothing newer; then the engine pauses the channel. Returns the last letter's number."""
    last = Outbound.objects.order_by("-id").values_list("id", flat=True).first() or 0
    _set(channel, State.DRAINING, drain_to=last)
    _note(channel, "drain", operator, drain_to=last)
    return last


@transaction.atomic
def resume(channel: Channel, *, operator: Operator) -> None:
    _set(channel, State.RUNNING)
    _note(channel, "resume", operator)


def check(channel: Channel) -> Health:
    """Ask the provider how the account is; keep what it says, and fill in what we did not know."""
    health = channels.ask(channel, lambda connector: connector.check())
    with transaction.atomic():
        held = Channel.objects.select_for_update().get(pk=channel.pk)
        found = channels.config(held)
        fresh = {name: value for name, value in health.learned.items() if not _text(getattr(found, name, "x"))}
        fresh |= {name: value for name, value in health.renewed.items() if name in type(found).model_fields}
        if fresh:
            held.config = channels.sealed(type(found).model_validate({**found.model_dump(), **fresh}))
        if health.facts:
            held.facts = dict(health.facts)
        held.checked_at = timezone.now()
        # Sealed anew it would look changed, and the engine would begin afresh with the channel.
        held.save(update_fields=["facts", "checked_at", *(["config"] if fresh else [])])
        live.tell(held.organisation_id, "channel", channel=held.pk)
    channel.refresh_from_db()
    return health


def _text(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def sync_templates(channel: Channel, *, operator: Operator) -> int:
    """Fetch the templates now. Raises SendError."""
    found = templates_job.sync(channel)
    _note(channel, "sync_templates", operator, count=found)
    return found


def send_test(channel: Channel, address: str, text: str, *, operator: Operator) -> None:
    """Send a test to somebody who has just written to us, past the queue. Raises SendError."""
    part = channels.plan_of(channel.kind, Content(text=text)).parts[0]
    token = f"test-{channel.pk}-{timezone.now():%H%M%S}"
    channels.ask(channel, lambda connector: connector.send(part, address, token=token, files=_NoFiles()))
    _note(channel, "test", operator)


class _NoFiles:
    """A test carries no file."""

    async def read(self, media: Media) -> bytes:
        raise SendError("media_refused")

    async def uploaded(self, media: Media) -> str | None:
        return None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        return None


@transaction.atomic
def replay(event: InboundEvent, *, operator: Operator) -> None:
    """Let a kept event be handled again."""
    ingest.replay(event)
    _note(event.channel, "replay", operator, event=event.pk)


def replay_many(events: QuerySet[InboundEvent], *, operator: Operator) -> int:
    """Let kept events be handled again, in pieces, one entry in the log for each channel and piece. Returns how many."""
    again = {"state": InboundEvent.State.NEW, "tries": 0, "retry_at": None, "problem": ""}
    return _in_pieces(events, "replay_many", operator, **again)


def dismiss_many(events: QuerySet[InboundEvent], *, operator: Operator) -> int:
    """Give up kept events: they go with the handled ones after a few days. Returns how many."""
    return _in_pieces(events, "dismiss", operator, state=InboundEvent.State.DONE, done_at=timezone.now())


def _in_pieces(events: QuerySet[InboundEvent], verb: str, operator: Operator, **fields: Any) -> int:
    """Change kept events a few at a time, so that the workers are never held up for long."""
    kept = events.filter(state=InboundEvent.State.KEPT).order_by("pk")
    last = total = 0
    while piece := dict(kept.filter(pk__gt=last).values_list("pk", "channel")[:PIECE]):
        last = max(piece)
        with transaction.atomic():
            total += InboundEvent.objects.filter(pk__in=piece, state=InboundEvent.State.KEPT).update(**fields)
            for channel in Channel.objects.filter(pk__in=set(piece.values())).select_related("organisation"):
                count = sum(number == channel.pk for number in piece.values())
                _note(channel, verb, operator, events=count, until=last)
            live.notify("inbound")
    return total


def waiting(channel: Channel) -> int:
    """How many letters wait on this channel; counting ends one beyond MOST_COUNTED."""
    return Outbound.objects.filter(channel=channel, state=Outbound.State.QUEUED)[: MOST_COUNTED + 1].count()


def _set(channel: Channel, state: str, drain_to: int | None = None) -> None:
    channel.state, channel.drain_to, channel.reason, channel.reason_details = state, drain_to, "", ""
    channel.save(update_fields=["state", "drain_to", "reason", "reason_details"])
    live.tell(channel.organisation_id, "channel", channel=channel.pk)
    live.notify("channel", "")


def _note(channel: Channel, verb: str, operator: Operator, **details: Any) -> None:
    audit.record(channel.organisation, f"gateway.{verb}", operator=operator, subject=f"channel:{channel.pk}", **details)
