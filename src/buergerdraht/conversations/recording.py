"""Write down what citizens say, before anyone answers (law 11), in the provider's time (law 14)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import PUBLIC, Received, to_json
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.proof import lately_proven
from buergerdraht.conversations import care, deadlines, notices, outgoing, stretches
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Outbound, Part
from buergerdraht.gateway.queries import ask
from buergerdraht.webhooks import events

SAME_PERSON = timedelta(days=1)  # a thank-you after closing goes to whoever closed it; later messages go to everyone
UPDATES = ("edit", "deletion", "reaction")  # change a message, are not one


@transaction.atomic(savepoint=False)
def record(incoming: Incoming) -> Message:
    """Record an event in the thread and return its message; for edits, deletions and reactions the message they mean."""
    conversation = outgoing.arrival(incoming).conversation
    message = CHANGES.get(incoming.event.kind, _say)(conversation, incoming)
    arrival = outgoing.arrival(incoming)
    arrival.message = message
    outgoing.tell(message)
    if not arrival.known and incoming.event.kind not in UPDATES and not conversation.confidential:
        events.tell(conversation.organisation_id, "message.received", message=message.pk, conversation=conversation.pk)
    if conversation.operator_id and not arrival.known and incoming.event.kind not in UPDATES and care.CHAIN not in message.flags:
        notices.wrote(conversation, message)
    return message


def _again(incoming: Incoming) -> Message | None:
    """Find what a replayed event made the first time (law 2)."""
    number = outgoing.arrival(incoming).known
    return Message.objects.get(pk=number) if number else None


# ── A message ─────────────────────────────────────────────────────────────


def _say(conversation: Conversation, incoming: Incoming) -> Message:
    event = incoming.event
    if message := _again(incoming):
        return message
    if event.album and (message := _album(conversation, incoming)):
        return message
    answered = _meant(conversation, incoming)
    broadcast = _answered_broadcast(conversation, incoming, answered)
    message = Message(
        organisation_id=conversation.organisation_id, conversation=conversation, author=Message.Author.CITIZEN,
        channel=incoming.channel, address_id=incoming.address.pk, external_id=event.external_id, kind=_kind(event),
        text=event.text, data=_data(event) | _doubt(incoming), quote=event.quote, broadcast=broadcast, at=event.at,
    )  # fmt: skip
    _look(message, conversation, incoming)
    if broadcast:
        conversation.broadcast = broadcast
    _note_newest(conversation, message, incoming)
    outgoing.put(message, conversation)
    _attach(message, incoming)
    return message


def _look(message: Message, conversation: Conversation, incoming: Incoming) -> None:
    """Note what is in it, and whether many send the same."""
    message.flags = care.look(incoming)
    message.fingerprint = fingerprint = care.fingerprint(conversation.organisation_id, incoming.event)
    if fingerprint is None or care.CHAIN in message.flags:
        return
    most = Desk.of(incoming.channel.organisation).chain_people
    if most and _sent_to_many(fingerprint, message, conversation, most):
        message.flags = [care.CHAIN, *(flag for flag in message.flags if flag in care.SENSITIVE)]


def _sent_to_many(fingerprint: int, message: Message, conversation: Conversation, most: int) -> bool:
    """Count who sent the same.

    Several hands do not see each other's copies, and none waits for another: they would meet crosswise. Where another one is at it, a
    task counts again after both.
    """
    ((alone,),) = ask("select pg_try_advisory_xact_lock(%s)", [fingerprint])
    values = {"organisation": conversation.organisation_id, "fingerprint": fingerprint, "here": conversation.pk}
    ((others,),) = ask(outgoing.SQL["same_text"], values | {"since": message.at - care.SAME_TEXT_WITHIN})
    if others + 1 >= most:
        return True
    if not alone:
        from buergerdraht.conversations import tasks  # which lie above

        tasks.count_copies.defer(organisation_id=conversation.organisation_id, fingerprint=fingerprint)
    return False


def _kind(event: Received) -> str:
    return str(event.media[0].kind) if event.kind == "media" and event.media else event.kind


def _data(event: Received) -> dict[str, Any]:
    """Keep what the columns have no place for, and only what is there."""
    data: dict[str, Any] = {
        "location": event.location and to_json(event.location),
        "cards": [to_json(card) for card in event.cards],
        "choice": event.choice,
        "album": event.album,
        "start": event.start,
        "referral": dict(event.referral),
        "forwarded": event.forwarded,
        "raw_kind": event.raw_kind,
    }
    return {key: value for key, value in data.items() if value}


def _doubt(incoming: Incoming) -> dict[str, bool]:
    """Note that somebody else may have written it, as they can a mail: people at the desk are told."""
    return {} if lately_proven(incoming) else {"unproven": True}


def _attach(message: Message, incoming: Incoming) -> None:
    if incoming.event.media:
        message.media.add(*(files.expect(incoming.channel, ref) for ref in incoming.event.media))


def _album(conversation: Conversation, incoming: Incoming) -> Message | None:
    """Add a picture to the message of the same album, which learns this id too; the caption may come with any picture."""
    message = (
        conversation.messages.filter(channel=incoming.channel, author=Message.Author.CITIZEN, data__album=incoming.event.album)
        .order_by("-at", "-id")
        .first()
    )
    if message is None or incoming.event.external_id in message.data.setdefault("also", []):
        return message
    message.data["also"].append(incoming.event.external_id)
    if incoming.event.text and not message.text:
        message.text = incoming.event.text
        _look(message, conversation, incoming)
    message.save(update_fields=["data", "text", "flags", "fingerprint"])
    _attach(message, incoming)
    _refresh(conversation, message)
    return message


def _note_newest(conversation: Conversation, message: Message, incoming: Incoming) -> None:
    """Show the newest message in the list. A closed thread wakes up quietly: `automatic.greet` decides whether people are needed.

    The caller saves.
    """
    if conversation.state == Conversation.State.CLOSED:
        if conversation.closed_at and incoming.event.at - conversation.closed_at > SAME_PERSON:
            conversation.operator = None
        conversation.state, conversation.closed_at = Conversation.State.BOT, None
    if conversation.state == Conversation.State.OPEN and care.CHAIN not in message.flags:
        wait(conversation, message)
    conversation.last_address = incoming.address
    outgoing.show_newest(conversation, message)


def wait(conversation: Conversation, message: Message) -> None:
    """Count a message that a person should answer: it brings back what was put off. The caller saves."""
    conversation.unread += 1
    conversation.snoozed_until = None
    since = min(conversation.waiting_since or message.at, message.at)
    if since != conversation.waiting_since:
        conversation.waiting_since = since
        if conversation.stretch_id is None:
            stretches.begin(conversation, message)
        deadlines.renew(conversation)


# ── Which message is meant ────────────────────────────────────────────────


def _meant(conversation: Conversation, incoming: Incoming) -> Message | None:
    """Find the message an event quotes, edits, deletes or reacts to, inside this thread only."""
    external_id = incoming.event.quote
    if not external_id:
        return None
    here = conversation.messages.filter(channel=incoming.channel)
    if message := here.filter(external_id=external_id).first() or here.filter(data__also__contains=[external_id]).first():
        return message
    part = Part.objects.filter(channel=incoming.channel, external_id=external_id).select_related("outbound__content").first()
    if part is None:
        return None
    if message := conversation.messages.filter(outbound=part.outbound_id).first():
        return message
    if bytes(part.outbound.address_hash) == vault.lookup(conversation.organisation_id, PUBLIC):
        return outgoing.show_post(conversation, part.outbound) if part.outbound.batch else None
    ours = bytes(part.outbound.address_hash) == bytes(incoming.address.address_hash)
    return outgoing.show_broadcast(conversation, part.outbound) if ours and part.outbound.batch else None


def _answered_broadcast(conversation: Conversation, incoming: Incoming, answered: Message | None) -> int | None:
    """Tell which broadcast a message answers: the quoted one, or the newest that reached this address and nobody answered yet."""
    if answered:
        return answered.broadcast
    if incoming.event.start:
        return None
    number = outgoing.arrival(incoming).broadcast
    if number is None:
        return None
    outbound = Outbound.objects.select_related("content", "channel").get(id=number)
    if conversation.messages.filter(outbound=outbound).exists():
        still_on_it = conversation.broadcast == outbound.batch and conversation.state != Conversation.State.CLOSED
        return outbound.batch if still_on_it else None
    return outgoing.show_broadcast(conversation, outbound).broadcast


# ── Changes to a message ──────────────────────────────────────────────────


def _edit(conversation: Conversation, incoming: Incoming) -> Message:
    """Replace the text and keep the earlier one; an older edit that comes late only joins the history."""
    event = incoming.event
    message = _own(conversation, incoming)
    if message is None:
        return _say(conversation, incoming)
    if message.deleted_at:
        return message
    late = bool(message.edited_at and event.at < message.edited_at)
    if event.text != message.text:  # a live location that moves is no new wording
        earlier = {"text": event.text, "at": event.at.isoformat()} if late else _version(message)
        message.data.setdefault("earlier", []).append(earlier)
    if not late:
        message.data |= _data(event) if event.location else {}
        message.text, message.edited_at = event.text, event.at
        _look(message, conversation, incoming)
    message.save(update_fields=["text", "data", "edited_at", "flags", "fingerprint"])
    if event.media and not late:
        message.media.clear()
        _attach(message, incoming)
    _refresh(conversation, message)
    return message


def _version(message: Message) -> dict[str, str]:
    return {"text": message.text, "at": (message.edited_at or message.at).isoformat()}


def _delete(conversation: Conversation, incoming: Incoming) -> Message:
    """Remove the content of a message its author deleted; that there was one stays visible."""
    message = _own(conversation, incoming)
    if message is None:
        return outgoing.line(conversation, "deleted_unknown", at=incoming.event.at)
    for media in message.media.all():
        transaction.on_commit(partial(files.remove, media))
    message.media.clear()
    message.text, message.data, message.deleted_at = "", {}, incoming.event.at
    message.flags, message.fingerprint = [], None
    message.save(update_fields=["text", "data", "deleted_at", "flags", "fingerprint"])
    _refresh(conversation, message)
    return message


def _react(conversation: Conversation, incoming: Incoming) -> Message:
    """Set or take away the citizen's reaction; one to a message we do not hold is written as a message of its own."""
    message = _meant(conversation, incoming)
    if message is None:
        return _say(conversation, incoming) if incoming.event.text else outgoing.line(conversation, "reaction_gone", at=incoming.event.at)
    message.reaction = incoming.event.text[:16]
    message.save(update_fields=["reaction"])
    return message


def _own(conversation: Conversation, incoming: Incoming) -> Message | None:
    """Citizens change their own messages only."""
    message = _meant(conversation, incoming)
    return message if message and message.author == Message.Author.CITIZEN else None


def _refresh(conversation: Conversation, message: Message) -> None:
    if conversation.last_at == message.at:
        outgoing.show_newest(conversation, message)
        conversation.save(update_fields=["last_text", "last_kind", "last_author", "last_at"])


CHANGES = {"edit": _edit, "deletion": _delete, "reaction": _react}
