"""The small map page that the chat links to: choosing the place of a report that was begun there."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from buergerdraht.cases.models import Draft
from buergerdraht.wording.voice import ASKED

SALT = "buergerdraht.cases.spot"
VALID = timedelta(days=1)


def link(draft: Draft) -> str:
    """The address of the map page for a draft, good for a day; in another language than the authority's it says so."""
    token, contact = signing.dumps(draft.pk, salt=SALT), draft.contact
    asked = f"?{ASKED}={contact.language}" if contact.language != contact.organisation.language else ""
    return f"{settings.PUBLIC_URL}{reverse('reports:spot', args=[contact.organisation.slug, token])}{asked}"


def draft_of(organisation: str, token: str) -> Draft | None:
    """The draft a link leads to, while the link is good and the draft is not sent or let go."""
    try:
        number = signing.loads(token, salt=SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    rows = Draft.objects.filter(contact__organisation__slug=organisation).select_related("contact__organisation", "category")
    return rows.filter(pk=number).first() if isinstance(number, int) else None
