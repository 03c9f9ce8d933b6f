"""The consent ledger: append only. What was asked, granted, confirmed or withdrawn, by which message, under which text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from buergerdraht.accounts.models import Operator
from buergerdraht.contacts.models import Address, Consent, ConsentText, Contact
from buergerdraht.gateway.models import Channel
from buergerdraht.webhooks import events

EVERYTHING = "newsletter"
PROVIDER = "provider_marketing"
EVERYWHERE = "everywhere"  # what is urgent, on all ways at once
TOLD = {"confirm": "subscription.confirmed", "withdraw": "subscription.ended"}  # what other systems hear of


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How we know: the message (or the import's source), the text shown, and when. `operator` where a person entered it."""

    channel: Channel | None
    evidence: str
    text: str = ""
    language: str = ""
    operator: Operator | None = None
    at: datetime | None = None


def topic_purpose(key: str) -> str:
    return f"topic:{key}"


def write(contact: Contact, address: Address | None, act: str, purposes: Iterable[str], proof: Proof) -> None:
    """Add one row per purpose; the subject stays when the contact is erased."""
    purposes, text_hash = list(purposes), keep_text(contact.organisation_id, proof.text)
    Consent.objects.bulk_create(
        Consent(
            organisation_id=contact.organisation_id,
            contact=contact,
            subject=subject_of(contact, address),
            channel=proof.channel,
            purpose=purpose,
            act=act,
            text_hash=text_hash,
            language=proof.language,
            evidence=proof.evidence[:200],
            operator=proof.operator,
            at=proof.at or timezone.now(),
        )
        for purpose in purposes
    )
    if act in TOLD and any(purpose.startswith("topic:") for purpose in purposes):
        events.tell(contact.organisation_id, TOLD[act], contact=contact.pk)


def subject_of(contact: Contact, address: Address | None) -> bytes:
    address = address or contact.addresses.order_by("id").first()
    return bytes(address.address_hash) if address else b""


def keep_text(organisation_id: int, text: str) -> str:
    """Keep a notice by its hash, once."""
    if not text:
        return ""
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    ConsentText.objects.bulk_create([ConsentText(organisation_id=organisation_id, text_hash=text_hash, text=text)], ignore_conflicts=True)
    return text_hash
