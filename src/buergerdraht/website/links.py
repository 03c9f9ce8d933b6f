"""Signed addresses that expire: who holds one was sent it. They carry numbers, never a name or an address of a person.

One is for settings: it names the contact and the address it was sent to, and where the contact is gone, or the address is somebody
else's now, it is worthless. The other confirms a sign-up by e-mail, and holds as long as that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.website.models import SignUp

CONFIRM, PREFER = "website.confirm", "website.prefer"
VALID = {CONFIRM: timedelta(days=3), PREFER: timedelta(days=2)}
NAMES = {CONFIRM: "website:confirm", PREFER: "website:preferences"}


@dataclass(frozen=True)
class Held:
    """What the address of somebody's settings says."""

    contact: Contact
    address: Address
    until: datetime


def to_settings(address: Address) -> tuple[str, datetime]:
    """Make a link for whoever reads messages at an address. Returns the whole address, and until when it holds."""
    return _whole(PREFER, address.organisation, [address.contact_id, address.pk]), timezone.now() + VALID[PREFER]


def to_confirm(row: SignUp) -> str:
    return _whole(CONFIRM, row.organisation, [row.pk])


def _whole(purpose: str, organisation: Organisation, numbers: list[int]) -> str:
    token = signing.dumps(numbers, salt=f"{purpose}.{organisation.pk}", compress=True)
    return f"{settings.PUBLIC_URL}{reverse(NAMES[purpose], args=[organisation.slug, token])}"


def signed_up(organisation: Organisation, token: str) -> SignUp | None:
    """Whose sign-up it is; None where the link is forged or too old, or nothing is kept of it any more."""
    numbers = _opened(CONFIRM, organisation, token)
    rows = SignUp.objects.select_related("channel", "organisation", "confirmed__contact")
    return rows.filter(pk=numbers[0], organisation=organisation, expires_at__gt=timezone.now()).first() if len(numbers) == 1 else None


def held(organisation: Organisation, token: str) -> Held | None:
    """Whose settings it opens; None where it is forged, too old, or nobody is behind it any more."""
    numbers = _opened(PREFER, organisation, token)
    if len(numbers) != 2:
        return None
    rows = Address.objects.select_related("contact", "channel", "organisation").exclude(contact__state=Contact.State.ERASED)
    address, made = rows.filter(contact=numbers[0], pk=numbers[1], organisation=organisation).first(), _made(token)
    return None if address is None or made is None else Held(address.contact, address, made + VALID[PREFER])


def _opened(purpose: str, organisation: Organisation, token: str) -> list[int]:
    try:
        numbers = signing.loads(token, salt=f"{purpose}.{organisation.pk}", max_age=VALID[purpose])
    except (signing.BadSignature, ValueError):
        return []
    return numbers if isinstance(numbers, list) and all(isinstance(each, int) for each in numbers) else []


def _made(token: str) -> datetime | None:
    """When it was made: the stamp in the middle, whose truth `loads` has seen to."""
    try:
        stamp = signing.b62_decode(token.rsplit(":", 2)[1])
        return datetime.fromtimestamp(stamp, tz=timezone.get_default_timezone())
    except (IndexError, ValueError):
        return None
