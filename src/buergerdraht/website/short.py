"""Short addresses: made, followed, counted by the day. Who followed one is never known."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.website.models import ShortLink

COUNT = """
insert into website_shortlinkday (link_id, day, number) values (%s, %s, 1)
on conflict (link_id, day) do update set number = website_shortlinkday.number + 1
"""
CODE = re.compile(r"[a-z0-9][a-z0-9-]{2,19}\Z")
TRIES, OFFERED = 5, 50


def find(code: str) -> ShortLink | None:
    """A link that still leads somewhere."""
    row = ShortLink.objects.select_related("organisation").filter(code=code.lower()).first()
    over = row is not None and row.expires_at is not None and row.expires_at <= timezone.now()
    return row if row is not None and row.active and not over else None


def address(link: ShortLink) -> str:
    """The whole address, as one copies it."""
    return f"{settings.PUBLIC_URL}{reverse('short:follow', args=[link.code])}"


def working(organisation: Organisation) -> list[ShortLink]:
    """The newest that lead somewhere, each with its `address`."""
    rows = ShortLink.objects.filter(organisation=organisation, active=True).exclude(expires_at__lte=timezone.now())
    found = list(rows.order_by("-id")[:OFFERED])
    for row in found:
        row.address = address(row)  # type: ignore[attr-defined]
    return found


def count(link: ShortLink) -> None:
    """One more for today; where nobody wants to know, nothing is written."""
    if link.counted:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [link.pk, timezone.localdate()])


def make(
    organisation: Organisation, target: str, *, operator: Operator, code: str = "", note: str = "", expires_at: datetime | None = None
) -> ShortLink:
    """Make one. Raises ValidationError with a sentence where the address or the wished-for word will not do."""
    URLValidator(schemes=["https", "http"], message=_("Das ist keine Internetadresse. Sie beginnt mit https://."))(target)
    code = code.strip().lower()
    if code and not CODE.match(code):
        raise ValidationError(_("Das Wort braucht 3 bis 20 Zeichen: kleine Buchstaben, Ziffern und Bindestriche."))
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                named = {"code": code} if code else {}
                link = ShortLink.objects.create(organisation=organisation, target=target, note=note, expires_at=expires_at, **named)
                audit.record(organisation, "website.make_link", operator=operator, subject=f"link:{link.pk}")
                return link
        except IntegrityError:
            if code:
                raise ValidationError(_("Dieses Wort ist schon vergeben. Wählen Sie ein anderes.")) from None
    raise ValidationError(_("Bitte versuchen Sie es noch einmal."))


@transaction.atomic
def change(link: ShortLink, *, operator: Operator, active: bool | None = None, counted: bool | None = None) -> None:
    """Switch it, or its counting, on or off. Whoever no longer counts forgets what was counted."""
    if active is not None:
        link.active = active
    if counted is not None:
        link.counted = counted
        if not counted:
            link.days.all().delete()
    link.save(update_fields=["active", "counted"])
    audit.record(link.organisation, "website.change_link", operator=operator, subject=f"link:{link.pk}")
