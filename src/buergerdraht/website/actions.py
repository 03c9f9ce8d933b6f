"""What an authority decides about its pages: colours, logo, facts and texts. One writer, one audit entry, one new edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media
from buergerdraht.website import colours
from buergerdraht.website.colours import Problem
from buergerdraht.website.models import Look
from buergerdraht.website.publishing import bump

LARGEST_LOGO = 2 * 1024 * 1024
DRAWN = {"image/png", "image/jpeg", "image/webp"}


def sentence(problem: Problem) -> str:
    """Say in plain words what cannot be read, and which shade could be."""
    numbers = {"has": f"{problem.has:.1f}".replace(".", ","), "needs": f"{problem.needs:.1f}".replace(".", ","), "nearest": problem.nearest}
    if problem.code == "accent":
        text = _(
            "Links und Knöpfe in dieser Farbe sind schwer zu lesen: Der Kontrast ist %(has)s zu 1, nötig sind %(needs)s. "
            "Der nächste passende Ton ist %(nearest)s."
        )
    else:
        text = _(
            "Der Kopf hebt sich in dieser Farbe zu wenig ab: Der Kontrast ist %(has)s zu 1, nötig sind %(needs)s. "
            "Der nächste passende Ton ist %(nearest)s."
        )
    return text % numbers


@transaction.atomic
def dress(organisation: Organisation, *, accent: str, header: str, lead: Mapping[str, str], operator: Operator) -> Look:
    """Set colours and the first sentence. Raises ValidationError by field where a colour cannot be read."""
    if problems := colours.judge(accent, header):
        raise ValidationError({problem.code: sentence(problem) for problem in problems})
    return _save(organisation, "website.dress", operator, accent=accent, header=header, lead=dict(lead))


@transaction.atomic
def put_logo(organisation: Organisation, data: bytes, name: str, *, operator: Operator) -> Look:
    """Take a logo. Raises ValidationError with a sentence: a picture made of script (SVG) is not taken."""
    if len(data) > LARGEST_LOGO:
        raise ValidationError(_("Das Logo ist größer als 2 MB. Verkleinern Sie es."))
    media = files.store(organisation, data, name)
    if media.mime not in DRAWN:
        raise ValidationError(_("Das Logo muss ein Bild sein: PNG, JPEG oder WebP."))
    return _save(organisation, "website.put_logo", operator, logo=media)


@transaction.atomic
def remove_logo(organisation: Organisation, *, operator: Operator) -> Look:
    look = Look.objects.select_related("logo").filter(organisation=organisation).first()
    old: Media | None = look.logo if look else None
    saved = _save(organisation, "website.remove_logo", operator, logo=None)
    if old is not None:
        files.remove(old)
    return saved


@transaction.atomic
def state_facts(
    organisation: Organisation, facts: Mapping[str, str], texts: Mapping[str, Mapping[str, str]], *, operator: Operator
) -> Look:
    """Set what imprint, privacy and accessibility statement are written from, and the authority's own words instead."""
    kept = {key: value for key, value in facts.items() if value}
    if phone := kept.get("phone"):
        kept["phone_link"] = "".join(letter for letter in phone if letter.isdigit() or letter == "+")
    own = {kind: {code: words for code, words in each.items() if words.strip()} for kind, each in texts.items()}
    return _save(organisation, "website.state_facts", operator, facts=kept, texts={kind: each for kind, each in own.items() if each})


def _save(organisation: Organisation, action: str, operator: Operator, **values: Any) -> Look:
    look, _made = Look.objects.update_or_create(organisation=organisation, defaults=values)
    audit.record(organisation, action, operator=operator, changed=sorted(values))
    bump(organisation.pk)
    look.refresh_from_db()
    return look
