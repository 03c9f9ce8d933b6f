"""What the contacts' screens read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from buergerdraht.accounts.models import ApiToken, Membership, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.contacts import finding
from buergerdraht.contacts.models import Address, ConsentText, Contact, Subscription
from buergerdraht.contacts.records import purposes
from buergerdraht.contacts.texts import LANGUAGES
from buergerdraht.gateway import channels

# Whom a room above keeps from a member, or from another system: a condition on contacts. It registers in its `apps.py`, because this
# room knows nobody's thread.
VEILS: list[Callable[[Membership], Q]] = []
SYSTEM_VEILS: list[Callable[[ApiToken], Q]] = []
TONES = {"active": "success", "new": "plain", "paused": "warning", "stopped": "plain", "gone": "danger", "blocked": "danger"}


def seen(membership: Membership) -> QuerySet[Contact]:
    """The contacts a member may know of: not those whose thread is not for them. Whoever answers for privacy finds everybody who asks."""
    rows = Contact.objects.filter(organisation=membership.organisation_id)
    return rows if may(membership, Right.PRIVACY) else unveiled(membership)


def unveiled(membership: Membership) -> QuerySet[Contact]:
    """The contacts to be named to a member where a list tells that they wrote."""
    return _without(membership.organisation_id, [veil(membership) for veil in VEILS])


def seen_by(token: ApiToken) -> QuerySet[Contact]:
    """The contacts another system may know of, by the same rule."""
    return _without(token.organisation_id, [veil(token) for veil in SYSTEM_VEILS])


def _without(organisation: int, hidden: list[Q]) -> QuerySet[Contact]:
    rows = Contact.objects.filter(organisation=organisation)
    for each in hidden:
        rows = rows.exclude(each)
    return rows


def choose(contacts: QuerySet[Contact], organisation: Organisation, wishes: Mapping[str, Any]) -> QuerySet[Contact]:
    """Choose those that fit the filters among the contacts that may be seen."""
    contacts = contacts.exclude(state=Contact.State.ERASED)
    if query := (wishes.get("q") or "").strip():
        contacts = finding.among(contacts, organisation.pk, query)
    if topic := wishes.get("topic"):
        contacts = contacts.filter(Exists(Subscription.objects.filter(contact=OuterRef("pk"), topic=topic, confirmed_at__isnull=False)))
    if channel := wishes.get("channel"):
        contacts = contacts.filter(Exists(Address.objects.filter(contact=OuterRef("pk"), channel=channel)))
    if language := wishes.get("language"):
        contacts = contacts.filter(language=language)
    if district := wishes.get("district"):
        contacts = contacts.filter(district=district)
    return _by_state(contacts, wishes.get("state") or "").order_by("-id")


def _by_state(contacts: QuerySet[Contact], state: str) -> QuerySet[Contact]:
    now = timezone.now()
    if state in {"gone", "blocked"}:
        return contacts.filter(Exists(Address.objects.filter(contact=OuterRef("pk"), state=state)))
    if state == "paused":
        return contacts.filter(paused_until__gt=now)
    if state == "active":
        return contacts.filter(Q(paused_until=None) | Q(paused_until__lte=now), state=state)
    return contacts.filter(state=state) if state else contacts


def with_rows(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    return contacts.select_related("district").prefetch_related("addresses__channel", "subscriptions__topic")


def row(contact: Contact) -> dict[str, Any]:
    """What a line of the list shows."""
    addresses = list(contact.addresses.all())
    topics = [each.topic.title_in("de") for each in contact.subscriptions.all() if each.confirmed_at]
    return {
        "contact": contact,
        "name": called(contact),
        "kinds": sorted({address.channel.kind for address in addresses}),
        "handle": next((address.handle for address in addresses if address.handle), ""),
        "topics": topics,
        "language": LANGUAGES.get(contact.language, contact.language),
        "state": state_of(contact),
        "tone": TONES[state_of(contact)],
    }


def called(contact: Contact) -> str:
    """Call a contact by name, else by what a person would recognise."""
    return contact.name or next((address.handle for address in contact.addresses.all() if address.handle), "") or f"Kontakt {contact.pk}"


def state_of(contact: Contact) -> str:
    """Name the state that matters most; the forms speak it."""
    states = [address.state for address in contact.addresses.all()]
    if Address.State.BLOCKED in states:
        return "blocked"
    if states and all(state == Address.State.GONE for state in states):
        return "gone"
    if contact.paused_until and contact.paused_until > timezone.now():
        return "paused"
    return contact.state


def consents(contact: Contact) -> list[dict[str, Any]]:
    """The ledger of a contact with its proofs, newest first."""
    rows = list(contact.consents.select_related("channel", "operator").order_by("-at", "-id"))
    texts = ConsentText.objects.filter(organisation_id=contact.organisation_id, text_hash__in={each.text_hash for each in rows})
    shown = {text.text_hash: text.text for text in texts}
    words = purposes(contact)
    return [{"row": each, "purpose": words.get(each.purpose, each.purpose), "text": shown.get(each.text_hash, "")} for each in rows]


def export_rows(contacts: QuerySet[Contact]) -> Iterator[list[str]]:
    """Give the export line by line; cells that a spreadsheet would run as a formula are defused."""
    yield ["Nummer", "Name", "Kanal", "Adresse", "Sprache", "Ortsteil", "Stand", "Themen", "Seit"]
    for contact in with_rows(contacts).iterator(500):
        topics = ", ".join(each.topic.title_in("de") for each in contact.subscriptions.all() if each.confirmed_at)
        for address in contact.addresses.all():
            cells = [
                str(contact.pk), contact.name, channels.title(address.channel.kind), address.handle or address.address, contact.language,
                contact.district.name if contact.district else "", state_of(contact), topics,
                f"{timezone.localtime(contact.created_at):%Y-%m-%d}",
            ]  # fmt: skip
            yield [defused(cell) for cell in cells]


def defused(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula; phone numbers keep their plus."""
    if cell[:1] in {"=", "-", "@", "\t", "\r"} or (cell[:1] == "+" and not cell[1:].isdigit()):
        return "'" + cell
    return cell
