"""On which ways somebody is reached, and in which order: for what is urgent, and for everything else.

The first way of newsletters is where the subscriptions are. The others are tried in turn where a message surely did not arrive
(see broadcasts.relaying); who chose an order is tried on no way that is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction

from buergerdraht.contacts import ledger
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, Subscription, Way
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

KINDS = (Way.Kind.ALERT, Way.Kind.NEWSLETTER)


class Ways(NamedTuple):
    """A contact's ways for one kind of message. `usual`: nobody chose, so it is where they subscribed, then where they wrote last.

    `everywhere`: they wished to get it on all of them, not on the next only where one failed.
    """

    kind: str
    addresses: list[Address]
    left_out: list[Address]
    usual: bool
    everywhere: bool = False


def ways_of(contact: Contact) -> list[Ways]:
    """Give the ways for each kind; nothing where there is only one to choose from."""
    rows = contact.addresses.filter(state=Address.State.ACTIVE).select_related("channel").order_by("-last_inbound_at", "pk")
    addresses = [each for each in rows if each.channel.state != Channel.State.SETUP and channels.reaches_people(each.channel.kind)]
    if len(addresses) < 2:
        return []
    subscribed = set(contact.subscriptions.values_list("address_id", flat=True))
    addresses.sort(key=lambda each: each.pk not in subscribed)
    by_number = {each.pk: each for each in addresses}
    found = []
    for kind in KINDS:
        numbers = contact.ways.filter(kind=kind).values_list("address", flat=True)
        chosen = [by_number[number] for number in numbers if number in by_number]
        left_out = [each for each in addresses if chosen and each not in chosen]
        found.append(Ways(kind, chosen or addresses, left_out, not chosen, kind == Way.Kind.ALERT and contact.everywhere))
    return found


def label(address: Address, among: Sequence[Address]) -> str:
    """Name a way as its owner knows it: the messenger, with what tells it from another of the same."""
    title = channels.title(address.channel.kind)
    alike = sum(each.channel.kind == address.channel.kind for each in among)
    return f"{title} ({address.handle or address.channel.name})" if alike > 1 else title


@transaction.atomic
def order(contact: Contact, kind: str, addresses: Sequence[Address], proof: Proof) -> None:
    """Set on which ways, and in which order, a contact wants to be reached for a kind of message; none: the usual order.

    Newsletters go to the first way from now on, so the subscriptions go there, and the ledger says by which wish.
    """
    if any(each.contact_id != contact.pk for each in addresses):
        raise ValueError("only a contact's own addresses are its ways")
    Contact.objects.select_for_update().get(pk=contact.pk)  # two orders at once: the later one counts whole
    contact.ways.filter(kind=kind).delete()
    Way.objects.bulk_create(Way(contact=contact, kind=kind, position=place, address=each) for place, each in enumerate(addresses))
    if kind == Way.Kind.NEWSLETTER and addresses:
        _subscribe_at(contact, addresses[0], proof)


def _subscribe_at(contact: Contact, address: Address, proof: Proof) -> None:
    rows = list(contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic"))
    moved = [ledger.topic_purpose(row.topic.key) for row in rows if row.address_id != address.pk]
    Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(address=address, lost=None)  # chosen anew
    if moved:
        ledger.write(contact, address, "confirm", moved, proof)


@transaction.atomic
def send_everywhere(contact: Contact, wish: bool, proof: Proof) -> None:
    """Let what is urgent go on all ways of a contact, or on the next only where one failed; the ledger says by which wish."""
    if Contact.objects.filter(pk=contact.pk, everywhere=not wish).update(everywhere=wish):
        ledger.write(contact, None, "grant" if wish else "withdraw", [ledger.EVERYWHERE], proof)
    contact.everywhere = wish


def standing(contact: Contact, kind: str) -> dict[str, Any]:
    """Note how a contact's ways for a kind of message stand, in plain values that a session can keep."""
    confirmed = contact.subscriptions.filter(confirmed_at__isnull=False).order_by("pk").values_list("pk", "address")
    return {
        "kind": kind,
        "order": list(contact.ways.filter(kind=kind).values_list("address", flat=True)),
        "subscribed": [list(each) for each in confirmed] if kind == Way.Kind.NEWSLETTER else [],
        "everywhere": Contact.objects.values_list("everywhere", flat=True).get(pk=contact.pk),
    }


@transaction.atomic
def restore(contact: Contact, before: Mapping[str, Any], proof: Proof) -> None:
    """Let them stand as they were noted; subscriptions that moved come back, and the ledger says so."""
    own = {each.pk: each for each in contact.addresses.all()}
    order(contact, before["kind"], [own[number] for number in before["order"] if number in own], proof)
    back: dict[int, list[Subscription]] = {}
    places = dict(before["subscribed"])
    for row in contact.subscriptions.filter(pk__in=places).select_related("topic"):
        if row.address_id != places[row.pk] and places[row.pk] in own:
            back.setdefault(places[row.pk], []).append(row)
    for number, rows in back.items():
        Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(address=number)
        ledger.write(contact, own[number], "confirm", [ledger.topic_purpose(row.topic.key) for row in rows], proof)
    if before["kind"] == Way.Kind.ALERT:
        send_everywhere(contact, before["everywhere"], proof)


def put_first(contact: Contact, address: Address) -> None:
    """Let somebody who came over to a new way be reached there first, also where they chose an order before they had it."""
    for kind in KINDS:
        rows = list(contact.ways.filter(kind=kind).exclude(address=address))
        if rows:
            contact.ways.filter(kind=kind).delete()
            chosen = [address.pk, *(row.address_id for row in rows)]
            Way.objects.bulk_create(Way(contact=contact, kind=kind, position=place, address_id=each) for place, each in enumerate(chosen))
