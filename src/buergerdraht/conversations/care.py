"""What is recognised in a citizen's message, before anybody reads it: pure, and quick, because every message passes here.

What follows from it is elsewhere: `asides` sets aside, `emergencies` answers at once, `recording` writes the flags down.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Received
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import care_emergencies, care_numbers, care_words
from buergerdraht.conversations.models import Conversation, Desk

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

CHAIN, INSULT, SPAM, EMERGENCY = "chain", "insult", "spam", "emergency"
SENSITIVE = frozenset({"iban", "card", "identity", "tax", "health"})  # masked in lists, kept shorter
HIDDEN = "••••••"
SAME_TEXT_WITHIN = timedelta(days=1)
LONG = 60  # signs; a shorter text may be the same by chance
MOST = 4_096  # signs that are looked at: no citizen writes more in one message

TITLES: dict[str, StrPromise] = {
    CHAIN: _("Kettenbrief oder Massennachricht"),
    INSULT: _("Beleidigung"),
    SPAM: _("Werbung oder Betrug"),
    EMERGENCY: _("Notfall"),
    "iban": _("Kontonummer"),
    "card": _("Kartennummer"),
    "identity": _("Ausweisnummer"),
    "tax": _("Steuer-Identifikationsnummer"),
    "health": _("Angaben zur Gesundheit"),
}
FLAGS = tuple(TITLES)
ASIDE: dict[str, StrPromise] = {
    Conversation.Aside.CHAIN: TITLES[CHAIN],
    Conversation.Aside.INSULT: TITLES[INSULT],
    Conversation.Aside.SPAM: TITLES[SPAM],
    Conversation.Aside.BLOCKED: _("Von Ihnen blockiert"),
}


def look(incoming: Incoming) -> list[str]:
    """Say what is in a message, as flags in their order."""
    desk = Desk.of(incoming.channel.organisation)
    return flags(incoming.event, desk.emergency_words, desk.insult_words)


def flags(event: Received, emergency_words: Iterable[str] = (), insult_words: Iterable[str] = ()) -> list[str]:
    """Say what is in an event, with the organisation's own words beside ours."""
    text = _composed(event.text)
    if not text:
        return [CHAIN] if event.forwarded == "often" else []
    read = care_words.read(text)
    found = {flag for _start, _end, flag in care_numbers.find(text)}
    if care_words.health(read):
        found.add("health")
    if event.forwarded == "often" or (event.forwarded and care_words.wants_to_be_passed_on(read)):
        found.add(CHAIN)
    elif care_emergencies.emergency(read) or care_words.holds(read, emergency_words):
        found.add(EMERGENCY)
    elif care_words.insult(read) or care_words.holds(read, insult_words):
        found.add(INSULT)
    elif care_words.spam(read):
        found.add(SPAM)
    return [flag for flag in FLAGS if flag in found]


def mask(text: str) -> str:
    """Hide what is sensitive in a text: numbers by their check digits, and words about somebody's health."""
    text = unicodedata.normalize("NFC", text)
    spans = [(start, end) for start, end, _flag in care_numbers.find(text)]
    spans += care_words.health(care_words.read(text))
    last = len(text)
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + HIDDEN + text[min(end, last) :]  # two may overlap
        last = start
    return text


def preview(text: str, flags: Iterable[str]) -> str:
    """What lists show of a message: what is sensitive in it hidden; of a text of ours only numbers can be."""
    if not SENSITIVE.isdisjoint(flags):
        return mask(text)
    for start, end, _flag in reversed(care_numbers.find(text)):
        text = text[:start] + HIDDEN + text[end:]
    return text


def fingerprint(organisation_id: int, event: Received) -> int | None:
    """Make the key by which the same text of others is found; None for a text that may be the same by chance."""
    words = care_words.bare(_composed(event.text))
    if len(words) < (LONG if not event.forwarded else LONG // 2):
        return None
    return int.from_bytes(vault.lookup(organisation_id, f"text\0{words}")[:8], signed=True)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text[:MOST])
