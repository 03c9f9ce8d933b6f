"""Give Musterstadt a past: matters that were closed, broadcasts that went out.

The verbs live in the present, so what they wrote is moved back in time here, and nowhere else, before the engine can see it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast, BroadcastEvent, Recipient
from buergerdraht.connectors.contract import Content, Received, Sender, to_json
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.recording import record
from buergerdraht.gateway import channels, outbox
from buergerdraht.gateway.models import Outbound, Part
from buergerdraht.house.demo.people import Person
from buergerdraht.house.demo.sayings import SENDINGS, TALKS, Happens, Sending, Talk
from buergerdraht.website import publishing
from buergerdraht.website.dates import When

Settled = Sequence[tuple[Person, Address]]
State = Outbound.State
AUTOMATIC = "Guten Tag, hier ist Stadt Musterstadt. Ihre Nachricht ist angekommen, wir antworten Ihnen so bald wie möglich."


# ── Matters ───────────────────────────────────────────────────────────────


def talk(settled: Settled, workers: dict[str, Operator]) -> None:
    """Spread closed matters over two weeks, few at the weekend."""
    dice = random.Random(1848)  # noqa: S311 - invented talk, no secrets
    for number, (_person, address) in enumerate(settled[5:125]):
        at = _working_hour(dice, timezone.now() - timedelta(days=dice.uniform(0, 13.8)))
        _hold(address, TALKS[number % len(TALKS)], at, dice, workers)


def _working_hour(dice: random.Random, at: datetime) -> datetime:
    local = timezone.localtime(at).replace(hour=dice.choice([8, 9, 9, 10, 10, 11, 13, 14, 15, 16]), minute=dice.randrange(60))
    while local > timezone.now() - timedelta(hours=2) or (local.weekday() > 4 and dice.random() < 0.7):
        local -= timedelta(days=1)
    return local


def _hold(address: Address, matter: Talk, at: datetime, dice: random.Random, workers: dict[str, Operator]) -> None:
    _said_by_citizen(address, matter.question, at)
    if matter.by:
        answered = at + timedelta(minutes=dice.choice([3, 5, 8, 11, 14, 19, 27, 42, 70]))
        said_by_us(address, matter.answer, answered, workers[matter.by])
        last = answered
    else:
        last = at + timedelta(seconds=2)
        said_by_us(address, matter.answer or AUTOMATIC, last, None)
    if matter.thanks:
        last += timedelta(minutes=dice.randrange(2, 30))
        _said_by_citizen(address, matter.thanks, last)
    newest = Message.objects.filter(conversation__contact=address.contact).order_by("-at").first()
    conversation = Conversation.objects.get(contact=address.contact)
    if newest:
        outgoing.show_newest(conversation, newest)
    conversation.state = Conversation.State.CLOSED if matter.by else Conversation.State.BOT
    conversation.operator = workers.get(matter.by)
    conversation.closed_at = last if matter.by else None
    conversation.unread, conversation.waiting_since, conversation.last_at = 0, None, last
    conversation.save()


def _said_by_citizen(address: Address, text: str, at: datetime) -> None:
    external_id = f"demo-{address.pk}-{at:%d%H%M%S}"
    event = Received(external_id=external_id, sender=Sender(address=address.address), at=at, text=text)
    record(Incoming(channel=address.channel, event=event, contact=address.contact, address=address))


def said_by_us(address: Address, text: str, at: datetime, operator: Operator | None) -> None:
    """Queue and write down as outreach does, but already delivered: nothing of the past is sent again."""
    content = Content(text=text)
    purpose = Outbound.Purpose.REPLY if operator else Outbound.Purpose.SERVICE
    outbound = outbox.put(address.channel, address.address, content, purpose=purpose)
    message = outgoing.write(outbound, address, content, operator)
    Outbound.objects.filter(pk=outbound.pk).update(**_arrived(address.channel.kind, at, read=True))
    Part.objects.create(
        outbound=outbound, channel=address.channel, position=0, external_id=f"demo-out-{outbound.pk}", state="accepted", at=at
    )
    Message.objects.filter(pk=message.pk).update(at=at)


def _arrived(kind: str, at: datetime, *, read: bool) -> dict[str, object]:
    """What the ledger holds of a message that arrived, as far as the provider reports it."""
    limits = channels.limits_of(kind)
    delivered, read = limits.delivered, limits.read and read
    return {
        "state": State.ACCEPTED,
        "receipt": "read" if read else "delivered" if delivered else "",
        "parts_total": 1,
        "parts_done": 1,
        "tries": 1,
        "created_at": at,
        "accepted_at": at + timedelta(seconds=1),
        "delivered_at": at + timedelta(seconds=3) if delivered else None,
        "read_at": at + timedelta(minutes=20) if read else None,
        "finished_at": at + timedelta(seconds=1),
    }


# ── Broadcasts ────────────────────────────────────────────────────────────


def send_out(organisation: Organisation, settled: Settled, workers: dict[str, Operator]) -> None:
    """Put the broadcasts of the past into the ledger, each recipient with an end state."""
    for sending in SENDINGS:
        at = timezone.localtime(timezone.now() - timedelta(days=sending.days_ago)).replace(hour=11, minute=0, second=0)
        broadcast(organisation, sending, settled, workers, at)


def broadcast(organisation: Organisation, sending: Sending, settled: Settled, workers: dict[str, Operator], at: datetime) -> Broadcast:
    """Put one broadcast that went out at a time into the ledger."""
    topics = list(Topic.objects.filter(organisation=organisation, key__in=sending.topics).values_list("id", flat=True))
    made = Broadcast.objects.create(
        organisation=organisation, title=sending.title, state=Broadcast.State.DONE, author=workers["kemal"], approver=workers["andrea"],
        versions={language: to_json(Content(text=text)) for language, text in sending.texts.items()}, audience={"topics": topics},
        submitted_at=at - timedelta(hours=2), approved_at=at - timedelta(hours=1), started_at=at, finished_at=at + timedelta(seconds=40),
    )  # fmt: skip
    Broadcast.objects.filter(pk=made.pk).update(created_at=at - timedelta(hours=3), updated_at=at)
    for what, who, hours in (("create", "kemal", 3), ("submit", "kemal", 2), ("approve", "andrea", 1)):
        event = BroadcastEvent.objects.create(broadcast=made, operator=workers[who], what=what)
        BroadcastEvent.objects.filter(pk=event.pk).update(at=at - timedelta(hours=hours))
    stored = {language: outbox.store(organisation, Content(text=text)) for language, text in sending.texts.items()}
    dice = random.Random(made.pk)  # noqa: S311 - invented receipts, no secrets
    reached = [(person, address) for person, address in settled if person.topics and at > timezone.now() - timedelta(days=person.days_ago)]
    outbounds = []
    for person, address in reached:
        content = stored.get(person.language) or stored["de"]
        outbounds.append(
            Outbound(
                organisation=organisation,
                channel=address.channel,
                address=address.address,
                address_hash=address.address_hash,
                content=content,
                purpose="newsletter",
                priority=Outbound.PRIORITY["newsletter"],
                batch=made.pk,
                **_fate(person, at, dice),
            )
        )
    Outbound.objects.bulk_create(outbounds)
    Outbound.objects.filter(batch=made.pk).update(created_at=at)
    Recipient.objects.bulk_create(
        Recipient(
            broadcast=made, contact=address.contact, channel=address.channel, outbound=outbound,
            language=person.language if person.language in sending.texts else "de",
        )
        for (person, address), outbound in zip(reached, outbounds, strict=True)
    )  # fmt: skip
    Part.objects.bulk_create(
        Part(outbound=each, channel=each.channel, position=0, external_id=f"demo-out-{each.pk}", state=each.receipt or "accepted", at=at)
        for each in outbounds
        if each.state == State.ACCEPTED
    )
    if sending.happens:
        publishing.date(made, _when(sending.happens), operator=workers["kemal"])
    publishing.publish(made, at=at)
    return made


def _when(happens: Happens) -> When:
    day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=happens.in_days)
    if happens.hours is None:
        return When(day, day + timedelta(days=happens.days - 1), all_day=True, place=happens.place)
    return When(day.replace(hour=happens.hours[0]), day.replace(hour=happens.hours[1]), place=happens.place)


def _fate(person: Person, at: datetime, dice: random.Random) -> dict[str, object]:
    """Most arrive, many are read, a few are not reachable."""
    chance = dice.random()
    if chance < 0.03:
        reason = dice.choice(["blocked", "not_reachable"])
        return {"state": State.FAILED, "reason": reason, "tries": 1, "parts_total": 1, "finished_at": at + timedelta(seconds=2)}
    return _arrived(person.kind, at, read=chance < 0.72)
