"""The words of the hour for citizens: who is next, how long it takes, what happens then."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.consultations.models import Consultation
from buergerdraht.wording.shelves import shelf

SHELF = shelf("consultations", _("Sprechstunden"), Path(__file__).parent / "texts.yaml")


def say(organisation: Organisation, language: str, key: str, **values: str) -> str:
    return SHELF.say(organisation, language, key, **values)


def span(consultation: Consultation, language: str) -> str:
    """Say when it is: "Dienstag, 1.12., 18:00 bis 20:00 Uhr"."""
    begins, ends = consultation.begins_at.astimezone(hours.BERLIN), consultation.ends_at.astimezone(hours.BERLIN)
    begin = hours.spoken(begins, language)
    if language == "de":
        return f"{begin.removesuffix(' Uhr')} bis {ends:%H:%M} Uhr"
    return f"{begin} – {ends:%H:%M}"


def wait(organisation: Organisation, language: str, ahead: int, minutes: int | None) -> str:
    """Say honestly how long it takes, or that nobody can know yet."""
    if ahead == 0:
        return say(organisation, language, "ahead_none")
    before = say(organisation, language, "ahead_one" if ahead == 1 else "ahead_many", ahead=str(ahead))
    about = say(organisation, language, "about_one" if minutes == 1 else "about", minutes=str(minutes)) if minutes else ""
    return say(organisation, language, "wait" if about else "wait_unknown", before=before, about=about)


def clock(moment: datetime) -> str:
    return f"{moment.astimezone(hours.BERLIN):%H:%M}"
