"""The greeting and the away text: once per conversation and day, and always a person after it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import actions

SERVICE = "service"

GREETING = {
    "de": {
        "sie": "Guten Tag! Ihre Nachricht ist angekommen. Ein Mensch liest sie und antwortet Ihnen hier.",
        "du": "Hallo! Deine Nachricht ist angekommen. Ein Mensch liest sie und antwortet dir hier.",
    },
    "en": {"sie": "Hello! Your message has arrived. A person will read it and answer you here."},
    "ar": {"sie": "مرحبًا! لقد وصلت رسالتك. سيقرؤها أحد موظفينا ويرد عليك هنا."},
}
AWAY = {
    "de": {
        "sie": "Guten Tag! Ihre Nachricht ist angekommen. Unser Büro ist gerade geschlossen.",
        "du": "Hallo! Deine Nachricht ist angekommen. Unser Büro ist gerade geschlossen.",
    },
    "en": {"sie": "Hello! Your message has arrived. Our office is closed at the moment."},
    "ar": {"sie": "مرحبًا! لقد وصلت رسالتك. مكتبنا مغلق حاليًا."},
}
BACK = {
    "de": {"sie": "Wir antworten Ihnen ab {moment}.", "du": "Wir antworten dir ab {moment}."},
    "en": {"sie": "We will answer from {moment}."},
    "ar": {"sie": "سنرد عليك ابتداءً من {moment}."},
}


@transaction.atomic(savepoint=False)
def greet(incoming: Incoming) -> bool:
    """Tell the citizen that people will read the message, and put it before them."""
    conversation = actions.need_person(incoming)
    organisation, now = incoming.contact.organisation, timezone.now()
    today = timezone.localdate(now)
    always = not organisation.office_hours  # nobody said when the office is closed
    column = "greeted_on" if always or hours.is_open(organisation, now) else "away_on"
    if getattr(conversation, column) == today:
        return True
    setattr(conversation, column, today)
    conversation.save(update_fields=[column])
    text = greeting(organisation, incoming.contact.language) if column == "greeted_on" else away(organisation, incoming, now)
    with suppress(outreach.Refused):  # the message waits for a person all the same
        outreach.send(incoming.address, Content(text=text), purpose=SERVICE)
    return True


def greeting(organisation: Organisation, language: str) -> str:
    return _own(organisation.greeting, organisation, language) or _ours(GREETING, organisation, language)


def away(organisation: Organisation, incoming: Incoming, now: datetime) -> str:
    """Say that nobody is there, and from when somebody is. The authority's text may place the moment itself with {moment}."""
    language = incoming.contact.language
    text = _own(organisation.away, organisation, language) or _ours(AWAY, organisation, language)
    opening = hours.next_opening(organisation, now)
    moment = hours.spoken(opening, language) if opening else ""
    if "{moment}" in text:
        return text.replace("{moment}", moment)
    return f"{text} {_ours(BACK, organisation, language).format(moment=moment)}" if moment else text


def _own(texts: dict[str, str], organisation: Organisation, language: str) -> str:
    """The authority's own text: in the citizen's language, else in the first it speaks."""
    return str(texts.get(language) or texts.get(organisation.language) or "")


def _ours(texts: dict[str, dict[str, str]], organisation: Organisation, language: str) -> str:
    forms = texts.get(language) or texts.get(organisation.language) or texts["de"]
    return forms.get(organisation.address_form) or forms["sie"]
