"""What there is for everybody besides messages, as entries of the public pages: only what is switched on."""

from __future__ import annotations

from django.http import HttpRequest

from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments.models import Offer
from buergerdraht.cases import publishing
from buergerdraht.consultations import reading
from buergerdraht.website import dates
from buergerdraht.website.pages import Door, Voice, to
from buergerdraht.website.words import say


def report(request: HttpRequest, organisation: Organisation, voice: Voice) -> Door | None:
    if publishing.organisation(organisation.slug) is None:
        return None
    title, text = (say(organisation, voice.language, key) for key in ("report", "door_report_text"))
    return Door("case", title, text, to("reports:list", organisation.slug, voice=voice), "reports")


def calendar(request: HttpRequest, organisation: Organisation, voice: Voice) -> Door | None:
    if not dates.coming(organisation).exists():
        return None
    title, text = (say(organisation, voice.language, key) for key in ("date_title", "door_calendar_text"))
    return Door("calendar", title, text, to("website:calendar", organisation.slug, voice=voice), "calendar")


def hours(request: HttpRequest, organisation: Organisation, voice: Voice) -> Door | None:
    if not reading.coming(organisation).exists():
        return None
    title, text = (say(organisation, voice.language, key) for key in ("hours", "door_hours_text"))
    return Door("mic", title, text, to("website:consultations", organisation.slug, voice=voice), "hours")


def booking(request: HttpRequest, organisation: Organisation, voice: Voice) -> Door | None:
    if not Offer.objects.filter(organisation=organisation, active=True).exists():
        return None
    title, text = (say(organisation, voice.language, key) for key in ("booking", "door_booking_text"))
    return Door("calendar", title, text, to("website:booking", organisation.slug, voice=voice), "booking")
