"""What operators do to a contact's record. Each verb is one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts import actions, ledger, ways, ways_page
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, District, Subscription, Topic


@transaction.atomic
def edit(contact: Contact, *, language: str, district: District | None, operator: Operator) -> None:
    contact.language, contact.district = language, district
    contact.save(update_fields=["language", "district"])
    _log(contact, "contacts.edit", operator, language=language, district=district.pk if district else None)


@transaction.atomic
def add_subscription(contact: Contact, topic: Topic, address: Address, *, reason: str, operator: Operator) -> None:
    """Subscribe for somebody who asked in person: the reason is the proof."""
    proof = Proof(channel=address.channel, evidence=f"Eingetragen: {reason}", language=contact.language, operator=operator)
    take_down(contact, topic, address, proof, operator=operator)


@transaction.atomic
def take_down(contact: Contact, topic: Topic, address: Address, proof: Proof, *, operator: Operator) -> None:
    """Subscribe for somebody whose wish we have proof of."""
    actions.subscribe(contact, [topic], address, proof)
    Subscription.objects.filter(contact=contact, topic=topic).update(address=address)
    actions.confirm_only(contact, topic, address, proof)
    _log(contact, "contacts.subscribe", operator, topic=topic.pk)


@transaction.atomic
def remove_subscription(contact: Contact, topic: Topic, *, reason: str, operator: Operator) -> None:
    proof = Proof(channel=None, evidence=f"Ausgetragen: {reason}", language=contact.language, operator=operator)
    actions.unsubscribe(contact, [topic], proof)
    _log(contact, "contacts.unsubscribe", operator, topic=topic.pk)


@transaction.atomic
def bar(contact: Contact, *, operator: Operator) -> None:
    """Write nothing more to a person, and take back what is queued."""
    actions.shut_gate(contact.organisation)
    for address in contact.addresses.all():
        actions.cancel(address, [*actions.UNASKED, "reply"])
    contact.addresses.update(state=Address.State.BLOCKED)
    _log(contact, "contacts.bar", operator)


@transaction.atomic
def unbar(contact: Contact, *, operator: Operator) -> None:
    contact.addresses.filter(state=Address.State.BLOCKED).update(state=Address.State.ACTIVE)
    _log(contact, "contacts.unbar", operator)


@transaction.atomic
def join(contact: Contact, other: Contact, *, operator: Operator) -> None:
    """Make one person of two records; addresses, subscriptions, consents and messages come along."""
    if contact.organisation_id != other.organisation_id or contact.pk == other.pk:
        raise ValueError("only two contacts of one organisation can be joined")
    gone = other.pk
    actions.absorb(contact, other)
    _log(contact, "contacts.join", operator, other=gone)


@transaction.atomic
def part(address: Address, *, operator: Operator) -> Contact:
    """Give an address a record of its own, with its subscriptions, consents and messages."""
    old = address.contact
    new = Contact.objects.create(
        organisation_id=old.organisation_id,
        name=old.name,
        language=old.language,
        district=old.district,
        last_seen_at=address.last_inbound_at,
    )
    Address.objects.filter(pk=address.pk).update(contact=new)
    Subscription.objects.filter(address=address).update(contact=new)
    Subscription.objects.filter(contact=old, lost=address).update(lost=None)  # neither comes back to an address of the other
    Subscription.objects.filter(contact=new).update(lost=None)
    old.ways.filter(address=address).delete()
    old.consents.filter(subject=bytes(address.address_hash)).update(contact=new)
    for contact in (old, new):
        confirmed = contact.subscriptions.filter(confirmed_at__isnull=False).exists()
        if old.state == Contact.State.STOPPED:
            contact.state = Contact.State.STOPPED
        else:
            contact.state = Contact.State.ACTIVE if confirmed else Contact.State.NEW
        contact.save(update_fields=["state"])
        actions.index(contact)
    actions.parted.send(Contact, old=old, new=new, address=address)
    _log(old, "contacts.part", operator, other=new.pk)
    return new


@transaction.atomic
def change_ways(contact: Contact, posted: Mapping[str, str], *, reason: str, operator: Operator) -> bool:
    """Set ways as somebody asked us to, with what their own page would post (ways_page.change); False where no way would be left."""
    if not ways_page.change(contact, posted, _by_hand(contact, reason, operator)):
        return False
    kind = posted.get(ways_page.SAVE) or posted.get(ways_page.RESET)
    _log(contact, "contacts.order_ways", operator, kind=kind, everywhere=contact.everywhere)
    return True


@transaction.atomic
def restore_ways(contact: Contact, before: Mapping[str, Any], *, operator: Operator) -> None:
    """Take back a change of somebody's ways: they stand as `ways.standing` noted them."""
    ways.restore(contact, before, _by_hand(contact, "Änderung der Wege zurückgenommen", operator))
    _log(contact, "contacts.restore_ways", operator, kind=before["kind"], everywhere=before["everywhere"])


def _by_hand(contact: Contact, reason: str, operator: Operator) -> Proof:
    return Proof(channel=None, evidence=f"Eingetragen: {reason}", language=contact.language, operator=operator)


def _log(contact: Contact, action: str, operator: Operator, **details: object) -> None:
    audit.record(contact.organisation, action, operator=operator, subject=f"contact:{contact.pk}", **details)


# ── Topics and districts ──────────────────────────────────────────────────


@transaction.atomic
def save_topic(topic: Topic, *, operator: Operator) -> Topic:
    if topic.pk is None:
        topic.position = Topic.objects.filter(organisation=topic.organisation).count()
    topic.save()
    audit.record(topic.organisation, "contacts.save_topic", operator=operator, subject=f"topic:{topic.pk}", key=topic.key)
    return topic


@transaction.atomic
def move_topic(topic: Topic, step: int, *, operator: Operator) -> None:
    """Move a topic up or down among its neighbours."""
    topics = list(Topic.objects.select_for_update().filter(organisation=topic.organisation))
    place = next(index for index, each in enumerate(topics) if each.pk == topic.pk)
    target = place + step
    if not 0 <= target < len(topics):
        return
    topics[place], topics[target] = topics[target], topics[place]
    for position, each in enumerate(topics):
        each.position = position
    Topic.objects.bulk_update(topics, ["position"])
    audit.record(topic.organisation, "contacts.move_topic", operator=operator, subject=f"topic:{topic.pk}")


@transaction.atomic
def archive_topic(topic: Topic, *, active: bool, operator: Operator) -> None:
    topic.active = active
    topic.save(update_fields=["active"])
    action = "contacts.restore_topic" if active else "contacts.archive_topic"
    audit.record(topic.organisation, action, operator=operator, subject=f"topic:{topic.pk}")


@transaction.atomic
def save_district(district: District, *, operator: Operator) -> None:
    district.save()
    audit.record(district.organisation, "contacts.save_district", operator=operator, subject=f"district:{district.pk}")


@transaction.atomic
def delete_district(district: District, *, operator: Operator) -> None:
    """Delete a district; its contacts stay without one."""
    audit.record(district.organisation, "contacts.delete_district", operator=operator, subject=f"district:{district.pk}")
    district.delete()


def purposes(contact: Contact, language: str = "de") -> dict[str, str]:
    """Give the plain words for the purposes in a ledger."""
    topics = Topic.objects.filter(organisation_id=contact.organisation_id)
    words = {ledger.topic_purpose(topic.key): topic.title_in(language) for topic in topics}
    return {
        ledger.EVERYTHING: _("Alle Rundnachrichten"), ledger.PROVIDER: _("Rundnachrichten über diesen Dienst"),
        ledger.EVERYWHERE: _("Dringendes auf allen Wegen zugleich"), **words,
    }  # fmt: skip
