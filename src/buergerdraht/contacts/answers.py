"""Answer a citizen with one of our sentences, and understand what they tap or type in return."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from buergerdraht.connectors.contract import Choice, Content
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.texts import say
from buergerdraht.contacts.words import plain

STALE = timedelta(days=7)


def phrase(incoming: Incoming, key: str, **values: str) -> str:
    return say(incoming.channel.organisation, incoming.contact.language, key, **values)


def answer(incoming: Incoming, text: str, choices: Sequence[Choice] = (), label: str = "") -> bool:
    """Send an answer of the house. Whom the authority has barred gets none."""
    content = Content(text=text, choices=choices, choices_label=label, preview_link=False)
    try:
        outreach.send(incoming.address, content, purpose="service")
    except outreach.Refused:
        return False
    return True


def stand(contact: Contact, name: str, options: Sequence[Choice] = (), **more: Any) -> None:
    """Note where a contact stands, and what the numbers mean that they may type."""
    titles = [[choice.id, choice.title] for choice in options]
    contact.step = {"name": name, "options": titles, "at": timezone.now().isoformat(), **more}
    contact.save(update_fields=["step"])


def leave(contact: Contact) -> None:
    if contact.step is not None:
        contact.step = None
        contact.save(update_fields=["step"])


def step_of(contact: Contact, within: timedelta = STALE) -> Mapping[str, Any]:
    """Give the step a contact stands in, or nothing where it is too long ago."""
    step = contact.step or {}
    if not step.get("at") or timezone.now() - datetime.fromisoformat(step["at"]) > within:
        return {}
    return step


def chosen(text: str, options: Sequence[Sequence[str]]) -> list[str]:
    """Name the options that were typed: by number ("2", "1, 3 und 4"), by title, or by a title with a slip."""
    ids, titles = [option[0] for option in options], [plain(option[1]) for option in options]
    words = plain(text)
    if numbers := _numbers(words):
        return [ids[number - 1] for number in numbers] if all(1 <= number <= len(ids) for number in numbers) else []
    if words in titles:
        return [ids[titles.index(words)]]
    parts = [plain(part) for part in re.split(r"[,;،\n]|\bund\b|\band\b", text)]
    if parts and all(part in titles for part in parts):
        return [ids[titles.index(part)] for part in parts]
    close = difflib.get_close_matches(words, titles, n=1, cutoff=0.82) if len(words) > 4 else []
    return [ids[titles.index(close[0])]] if close else []


def is_number(text: str) -> bool:
    return bool(_numbers(plain(text)))


def _numbers(words: str) -> list[int]:
    if not re.fullmatch(r"\d{1,2}( (und |and |و ?)?\d{1,2})*", words):
        return []
    return list(dict.fromkeys(int(number) for number in re.findall(r"\d+", words)))
