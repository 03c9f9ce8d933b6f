"""Erase a person from all rooms. What remains is the proof of deletion and the pseudonymous consent ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Q

from buergerdraht.accounts import audit, vault
from buergerdraht.accounts.models import Operator
from buergerdraht.cases import persons as cases
from buergerdraht.contacts import actions
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import files, learning, reading
from buergerdraht.gateway.models import EarlyReceipt, InboundEvent, Media, Outbound, Part, StoredContent
from buergerdraht.privacy.models import Erasure

CLOSED = Outbound.CLOSED


@transaction.atomic
def erase(contact: Contact, *, wish: str, operator: Operator | None = None) -> Erasure:
    """Erase a contact from every room, each by name, and write the proof."""
    organisation, contact_id = contact.organisation, contact.pk
    if contact.state != Contact.State.STOPPED:
        actions.stop(contact, evidence="", channel=None)
    keys = _keys(contact)
    counts = {"addresses": contact.addresses.count(), "subscriptions": contact.subscriptions.count()}
    counts["cases"] = cases.erase(contact)
    counts["messages"], counts["files"] = _messages(contact)
    counts["deliveries"] = _deliveries(keys)
    counts["events"] = forget_events(needles := _needles(contact))
    _blur_evidence(contact)
    addresses = list(contact.addresses.select_related("channel"))
    subjects = sorted({hash_ for _, hash_ in keys})
    contact.delete()  # takes addresses, aliases, subscriptions, conversation and access links; recipients and consents lose the name
    proof = Erasure.objects.create(organisation=organisation, subjects=subjects, wish=wish, operator=operator, counts=counts)
    audit.record(organisation, "privacy.erase", operator=operator, subject=f"contact:{contact_id}", erasure=proof.pk, wish=wish)
    transaction.on_commit(lambda: learning.forget(addresses))
    transaction.on_commit(lambda: forget_events(needles))  # the message that asked for it is done only now
    return proof


def _keys(contact: Contact) -> set[tuple[int, bytes]]:
    """Give every key under which something may be queued: channel and hash."""
    keys: set[tuple[int, bytes]] = set()
    for address in contact.addresses.prefetch_related("aliases"):
        keys.add((address.channel_id, bytes(address.address_hash)))
        keys.update((address.channel_id, bytes(alias.alias_hash)) for alias in address.aliases.all())
    return keys


def _messages(contact: Contact) -> tuple[int, int]:
    """Delete a person's messages and their files; pictures of broadcasts belong to the broadcast, those of dialogs to the house."""
    messages = Message.objects.filter(conversation__contact=contact)
    media = Media.objects.filter(message__in=messages.exclude(author=Message.Author.BROADCAST), named=None)
    shared = Media.objects.filter(message__in=Message.objects.exclude(conversation__contact=contact))
    doomed = list(media.exclude(id__in=shared.values("id")).distinct())
    number = messages.count()
    messages.delete()
    remove_files(doomed)
    Media.objects.filter(id__in=[each.id for each in doomed]).delete()
    return number, len(doomed)


def remove_files(doomed: Iterable[Media]) -> None:
    """Delete the bytes once the rows are surely gone."""
    paths = [path for media in doomed for path in (files.path(media), files.small_path(media))]
    transaction.on_commit(lambda: _unlink(paths))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _deliveries(keys: set[tuple[int, bytes]]) -> int:
    """Delete what was queued for one person; rows of a broadcast stay for its sums, without whom they went to."""
    number = 0
    for channel_id, hash_ in keys:
        rows = reading.letters_to(channel_id, [hash_])
        single = rows.filter(batch=None).filter(state__in=CLOSED)
        number += rows.count()
        delete_outbounds(list(single.values_list("id", flat=True)))
        many = rows.filter(batch__isnull=False).filter(state__in=CLOSED)
        _forget_parts(many.values_list("id", flat=True))
        many.update(address=vault.encrypt(""), address_hash=b"", details="")
    return number


def delete_outbounds(ids: list[int]) -> None:
    """Delete finished letters with the texts that only they used."""
    rows = Outbound.objects.filter(id__in=ids)
    contents = list(rows.values_list("content_id", flat=True))
    _forget_receipts(ids)
    rows.delete()
    StoredContent.objects.filter(id__in=contents, outbound=None).delete()


def _forget_parts(ids: Iterable[int]) -> None:
    """A provider's message id may contain the phone number."""
    listed = list(ids)
    _forget_receipts(listed)
    Part.objects.filter(outbound_id__in=listed).update(external_id=None)


def _forget_receipts(ids: Iterable[int]) -> None:
    parts = Part.objects.filter(outbound_id__in=list(ids), external_id__isnull=False)
    for channel_id, external_id in parts.values_list("channel_id", "external_id"):
        EarlyReceipt.objects.filter(channel_id=channel_id, external_id=external_id).delete()


def _blur_evidence(contact: Contact) -> None:
    """Keep the ledger provable without the name: a provider's message id may contain the phone number."""
    for row in contact.consents.exclude(evidence=""):
        blurred = "hash:" + vault.lookup(contact.organisation_id, row.evidence).hex()
        contact.consents.filter(id=row.id).update(evidence=blurred)


def _needles(contact: Contact) -> dict[int, list[str]]:
    """Give, per channel, the texts by which raw events name this person."""
    needles: dict[int, list[str]] = {}
    for address in contact.addresses.all():
        texts = {address.address, address.handle, address.address.lstrip("+@"), address.handle.lstrip("+@")}
        needles.setdefault(address.channel_id, []).extend(text for text in texts if len(text) >= 4)
    return needles


def forget_events(needles: dict[int, list[str]]) -> int:
    """Delete raw events that name the person; those not handled yet stay: they are a new message."""
    number = 0
    for channel_id, texts in needles.items():
        if not texts:
            continue
        wanted = Q()
        for text in texts:
            wanted |= Q(pk__in=_events_with(channel_id, text))
        rows = InboundEvent.objects.filter(wanted, channel_id=channel_id).exclude(state=InboundEvent.State.NEW)
        number += rows.delete()[0]
    return number


def _events_with(channel_id: int, text: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, source, body FROM gateway_inboundevent"
            " WHERE channel_id = %s AND (source = 'door' OR position(%s::bytea in body) > 0)",
            [channel_id, text.encode()],
        )
        whole = re.compile(rb"(?<![0-9A-Za-z])" + re.escape(text.encode()) + rb"(?![0-9A-Za-z])")  # not part of a longer number
        return [row_id for row_id, source, body in cursor.fetchall() if whole.search(_opened(source, bytes(body)))]


def _opened(source: str, body: bytes) -> bytes:
    """What our own pages handed in is sealed."""
    return vault.decrypt(body).encode() if source == "door" else body
