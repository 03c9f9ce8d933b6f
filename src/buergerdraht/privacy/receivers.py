"""What rooms below ask of privacy, and cannot call because it sits above them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from buergerdraht.broadcasts import relaying
from buergerdraht.broadcasts.models import Recipient
from buergerdraht.contacts import actions, commands
from buergerdraht.contacts.models import Contact, Relay
from buergerdraht.privacy import access
from buergerdraht.privacy.erase import erase

DELIVERED, ACCEPTED, ON_ITS_WAY, NOT_HERE, NOT_AT_ALL = 4, 3, 2, 1, 0  # how far a broadcast came with somebody


@receiver(commands.access_wanted)
def give_access(sender: Any, contact: Contact, **more: Any) -> tuple[str, datetime]:
    return access.open_link(contact)


@receiver(commands.erase_wanted)
def carry_out(sender: Any, contact: Contact, operator: Any = None, **more: Any) -> None:
    erase(contact, wish="operator" if operator else "citizen", operator=operator)


@receiver(actions.joined)
def keep_received(sender: Any, into: Contact, other: Contact, **more: Any) -> None:
    """What the other contact received stays on the list of the one that remains."""
    _speak_for_both(into, other)
    have = Recipient.objects.filter(contact=into).values("broadcast_id")
    Recipient.objects.filter(contact=other).exclude(broadcast_id__in=have).update(contact=into)


def _speak_for_both(into: Contact, other: Contact) -> None:
    """Of a broadcast that both get and that may still go on by other ways, the row that came further stands for the person from now on.

    Else who was reached would be tried again, and who was not would not. The ways of the other row are ways that were tried.
    """
    recent = Recipient.objects.filter(contact__in=[into, other], broadcast__started_at__gt=timezone.now() - relaying.LOOKED_AFTER)
    rows = list(recent.select_related("outbound").select_for_update(of=("self",)).order_by("pk"))
    other.relays.update(contact=into)  # what was sent on until we had the rows
    pairs: dict[int, dict[int | None, Recipient]] = {}
    for row in rows:
        pairs.setdefault(row.broadcast_id, {})[row.contact_id] = row
    for pair in pairs.values():
        if len(pair) == 2:
            mine, theirs = pair[into.pk], pair[other.pk]
            stands, goes = (theirs, mine) if _came(theirs) > _came(mine) else (mine, theirs)
            Recipient.objects.filter(pk=goes.pk).update(contact=None)
            Recipient.objects.filter(pk=stands.pk).update(contact=into)
            if _came(stands) < DELIVERED:
                _take_over_ways(stands, goes, into)


def _take_over_ways(stands: Recipient, goes: Recipient, contact: Contact) -> None:
    tried = {stands.channel_id, *Relay.objects.filter(message=stands.pk).values_list("channel_id", flat=True)}
    before = Relay.objects.filter(message=goes.pk).exclude(channel__in=tried)
    tried |= set(before.values_list("channel_id", flat=True))
    before.update(message=stands.pk)
    if goes.channel_id not in tried:
        letter = goes.outbound
        Relay.objects.create(
            organisation_id=contact.organisation_id, contact=contact, message=stands.pk, channel_id=goes.channel_id, outbound=letter,
            reason=goes.refused or (letter.reason if letter else "") or "undelivered",
        )  # fmt: skip
    Recipient.objects.filter(pk=stands.pk).update(relays=stands.relays + 1)


def _came(row: Recipient) -> int:
    """Say how far a broadcast came with somebody: not here may mean elsewhere, not at all does not."""
    letter = row.outbound
    if row.refused or letter is None or letter.state in {"failed", "cancelled"} or letter.receipt == "failed":
        reason = row.refused or (letter.reason if letter else "")
        return NOT_HERE if reason in relaying.URGENT or (letter and letter.receipt == "failed") else NOT_AT_ALL
    if letter.state != "accepted":
        return ON_ITS_WAY
    return DELIVERED if letter.receipt in {"delivered", "read"} else ACCEPTED
