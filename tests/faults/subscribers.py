"""Contacts who subscribed, made in bulk, and a broadcast for all of them through the rooms that make broadcasts."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from scene import NEWS, Person, Town

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Address, Contact, Subscription, Topic

PIECE = 5_000


def topic(town: Town) -> Topic:
    return Topic.objects.get_or_create(organisation=town.organisation, key="markt", defaults={"title": {"de": "Markt"}})[0]


def subscribe(town: Town, people: Sequence[Person]) -> dict[str, int]:
    """Make contacts of people who confirmed the topic and wrote just now. Returns {person: contact}."""
    organisation, chosen, now = town.organisation, topic(town), timezone.now()
    made: dict[str, int] = {}
    for start in range(0, len(people), PIECE):
        piece = people[start : start + PIECE]
        contacts = Contact.objects.bulk_create([Contact(organisation=organisation, name=each.id, state="active") for each in piece])
        addresses = Address.objects.bulk_create(
            Address(
                organisation=organisation, contact=contact, channel_id=each.channel, address=each.to,
                address_hash=vault.lookup(organisation.id, each.to), last_inbound_at=now,
            )
            for each, contact in zip(piece, contacts, strict=True)
        )  # fmt: skip
        Subscription.objects.bulk_create(
            Subscription(organisation=organisation, contact=address.contact, topic=chosen, address=address, confirmed_at=now)
            for address in addresses
        )
        made.update({each.id: contact.pk for each, contact in zip(piece, contacts, strict=True)})
    return made


def broadcast(town: Town) -> Broadcast:
    """Release a broadcast for all subscribers; the worker's round takes it up."""
    versions = {"de": {"title": "", "text": NEWS}}
    audience = {"topics": [topic(town).pk]}
    return Broadcast.objects.create(
        organisation=town.organisation, title="Markt", state="approved", urgent=True, versions=versions, audience=audience
    )


def editor(town: Town) -> Operator:
    operator = Operator.objects.create_user(f"redaktion@{town.organisation.slug}.example", "geheim", name="Ruth Berger")
    Membership.objects.create(organisation=town.organisation, operator=operator, roles=["editor"])
    return operator
