"""The commands a citizen can always give: before any bot, with the bot off, while a person holds the conversation (law 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.dispatch import Signal
from django.utils import timezone

from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import actions, moving, signup, ways, ways_chat, words
from buergerdraht.contacts.answers import answer, chosen, leave, phrase, stand, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.texts import LANGUAGES, day, offered

# Privacy sits above this room and answers these: `access` with (url, valid until), `erase` by doing it.
access_wanted = Signal()  # contact
erase_wanted = Signal()  # contact, evidence

SPEECHLESS = {"deletion", "reaction", "unsupported"}
ERASE_YES, ERASE_NO, PAUSE, LANGUAGE = "erase:yes", "erase:no", "pause:", "language:"
SHORT = timedelta(hours=24)


def take(incoming: Incoming) -> bool:
    """Carry out a command, or an answer to one; else leave the message to the next."""
    event = incoming.event
    if event.kind in SPEECHLESS:
        return False
    if name := words.command(event.text):
        return COMMANDS[name](incoming)
    if event.kind == "edit":
        return False
    if event.choice:
        return _tapped(incoming, event.choice) or signup.tapped(incoming)
    return _pause_with_date(incoming) or _language_by_name(incoming) or _typed(incoming)


# ── Commands ──────────────────────────────────────────────────────────────


def stop(incoming: Incoming) -> bool:
    """End everything in this transaction, queued messages too, and say once how to come back."""
    event, contact = incoming.event, incoming.contact
    actions.stop(contact, evidence=event.external_id, channel=incoming.channel, at=event.at)
    return _told(incoming, phrase(incoming, "stopped"))


def show_help(incoming: Incoming) -> bool:
    """Name the words one can write: those of several messengers only to whom they are of use."""
    more = ["help_move"] if moving.has_links(incoming.contact) else []
    more += ["help_ways"] if ways.ways_of(incoming.contact) else []
    return _told(incoming, phrase(incoming, "help", more="".join(f"\n{phrase(incoming, key)}" for key in more)))


def menu(incoming: Incoming) -> bool:
    """Answer whoever asks for a menu where there is none with what they can write."""
    return bool(words.command(incoming.event.text, (words.MENU,))) and show_help(incoming)


def privacy(incoming: Incoming) -> bool:
    return _told(incoming, phrase(incoming, "privacy"))


def imprint(incoming: Incoming) -> bool:
    organisation = incoming.channel.organisation
    page = f"{settings.PUBLIC_URL}/p/{organisation.slug}/impressum"
    return _told(incoming, "\n\n".join(filter(None, [organisation.imprint.strip() or organisation.name, page])))


def access(incoming: Incoming) -> bool:
    """Answer with an expiring link to everything that is stored."""
    url, until = _link(incoming.contact)
    return _told(incoming, phrase(incoming, "access", url=url, until=day(until, incoming.contact.language)))


def _link(contact: Contact) -> tuple[str, datetime]:
    found: Any = access_wanted.send(type(contact), contact=contact)[0][1]
    return tuple(found)


def ask_erase(incoming: Incoming) -> bool:
    choices = [Choice(id=ERASE_YES, title=phrase(incoming, "erase_yes")), Choice(id=ERASE_NO, title=phrase(incoming, "keep"))]
    stand(incoming.contact, "erase", choices)
    answer(incoming, phrase(incoming, "erase_ask"), choices)
    return True


def topics(incoming: Incoming) -> bool:
    signup.change(incoming)
    return True


def language(incoming: Incoming) -> bool:
    choices = [Choice(id=LANGUAGE + each, title=LANGUAGES[each]) for each in offered(incoming.channel.organisation)]
    stand(incoming.contact, "language", choices)
    answer(incoming, phrase(incoming, "language_ask"), choices, phrase(incoming, "language_label"))
    return True


def pause(incoming: Incoming) -> bool:
    return _ask_pause(incoming, "pause_ask")


def go_on(incoming: Incoming) -> bool:
    """End a pause; said without one it is an ordinary word."""
    if incoming.contact.paused_until is None:
        return False
    actions.pause(incoming.contact, None)
    return _told(incoming, phrase(incoming, "resumed"))


COMMANDS: dict[str, Callable[[Incoming], bool]] = {
    words.STOP: stop,
    words.HELP: show_help,
    words.PRIVACY: privacy,
    words.IMPRINT: imprint,
    words.ACCESS: access,
    words.ERASE: ask_erase,
    words.TOPICS: topics,
    words.LANGUAGE: language,
    words.PAUSE: pause,
    words.GO_ON: go_on,
    words.WAYS: ways_chat.begin,
}


# ── Answers to them ───────────────────────────────────────────────────────


def _tapped(incoming: Incoming, choice: str) -> bool:
    if choice == ERASE_YES:
        return _erase(incoming)
    if choice == ERASE_NO:
        leave(incoming.contact)
        return _told(incoming, phrase(incoming, "erase_kept"))
    if choice.startswith(PAUSE) and choice.removeprefix(PAUSE) in {"1", "2", "4"}:
        return _pause_until(incoming, timezone.now() + timedelta(weeks=int(choice.removeprefix(PAUSE))))
    if choice.startswith(LANGUAGE):
        return _speak(incoming, choice.removeprefix(LANGUAGE))
    return choice.startswith(ways_chat.CHOICE) and ways_chat.tapped(incoming, choice)


def _typed(incoming: Incoming) -> bool:
    """Understand a typed answer to the last question: number, title, yes or no."""
    step, text = step_of(incoming.contact, SHORT), incoming.event.text
    if step.get("name") == ways_chat.STEP:
        return ways_chat.typed(incoming, step)
    if step.get("name") not in {"erase", "pause", "language"}:
        return False
    if step["name"] == "erase" and (said := words.command(text, (words.YES, words.NO))):
        return _tapped(incoming, ERASE_YES if said == words.YES else ERASE_NO)
    if step["name"] == "pause" and (until := _moment(text)):
        return _pause_until(incoming, until)
    ids = chosen(text, step["options"])
    return len(ids) == 1 and _tapped(incoming, ids[0])


def _erase(incoming: Incoming) -> bool:
    """Erase after the question was asked within a day; an older button asks again."""
    step = step_of(incoming.contact, SHORT)
    if step.get("name") != "erase":
        return ask_erase(incoming)
    if asked(incoming, datetime.fromisoformat(step["at"])):
        return True
    contact, event = incoming.contact, incoming.event
    actions.stop(contact, evidence=event.external_id, channel=incoming.channel, at=event.at)
    answer(incoming, phrase(incoming, "erased"))
    erase_wanted.send(type(contact), contact=contact, evidence=event.external_id)
    return True


def _ask_pause(incoming: Incoming, key: str) -> bool:
    choices = [Choice(id=f"{PAUSE}{weeks}", title=phrase(incoming, f"pause_{weeks}")) for weeks in (1, 2, 4)]
    stand(incoming.contact, "pause", choices)
    answer(incoming, phrase(incoming, key), choices)
    return True


def _pause_with_date(incoming: Incoming) -> bool:
    """Understand "PAUSE bis 24.12." and "Pause 2 Wochen"; "Pause" in a sentence stays a sentence."""
    first, _, rest = incoming.event.text.strip().partition(" ")
    if words.command(first, (words.PAUSE,)) and (until := _moment(rest)):
        return _pause_until(incoming, until)
    if words.command(first, (words.PAUSE,)) and re.fullmatch(r"(bis |until )?[\d./\- ]+", rest.strip()):
        return _ask_pause(incoming, "pause_unclear")
    return False


def _pause_until(incoming: Incoming, until: datetime) -> bool:
    if asked(incoming):
        return True
    leave(incoming.contact)
    actions.pause(incoming.contact, until)
    return _told(incoming, phrase(incoming, "paused", until=day(until, incoming.contact.language)))


def _moment(text: str) -> datetime | None:
    """Read "bis 24.12.", "24.12.2026", "2026-12-24", "2 Wochen", "10 Tage"; only days to come, within a year."""
    text = re.sub(r"^\s*(bis( zum)?|until|for|für|حتى)\s+", "", text.strip().casefold())
    zone, now = ZoneInfo(settings.TIME_ZONE), timezone.now()
    if span := re.fullmatch(r"(\d{1,3})\s*(tag\w*|days?|woche\w*|weeks?|monat\w*|months?|أسابيع|أيام)", text):
        number, unit = int(span[1]), span[2]
        days = number * (1 if unit[0] in "td" or unit == "أيام" else 30 if unit[0] == "m" else 7)
        return now + timedelta(days=days) if 0 < days <= 366 else None
    if not (found := re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.?\s?(\d{4}|\d{2})?|(\d{4})-(\d{2})-(\d{2})", text)):
        return None
    return _day_to_come(
        [int(each) for each in (found[6] or found[1], found[5] or found[2], found[4] or found[3] or "0")], now.astimezone(zone)
    )


def _day_to_come(parts: list[int], now: datetime) -> datetime | None:
    number, month, year = parts
    year += 2000 if 0 < year < 100 else 0
    for each in [year] if year else [now.year, now.year + 1]:
        try:
            moment = datetime.combine(date(each, month, number), time.min, now.tzinfo)
        except ValueError:
            continue
        if now < moment <= now + timedelta(days=366):
            return moment
    return None


def _language_by_name(incoming: Incoming) -> bool:
    """Understand "English" or "Sprache Englisch" where the organisation offers it."""
    said = words.plain(re.sub(r"^\s*(sprache|language|اللغة)\s+", "", incoming.event.text, flags=re.IGNORECASE))
    names = {"deutsch": "de", "german": "de", "englisch": "en", "english": "en", "arabisch": "ar", "arabic": "ar"}
    names |= {words.plain(name): code for code, name in LANGUAGES.items()}
    return said in names and names[said] in offered(incoming.channel.organisation) and _speak(incoming, names[said])


def _speak(incoming: Incoming, code: str) -> bool:
    if code not in offered(incoming.channel.organisation):
        return language(incoming)
    if _asked_in(incoming, code):
        return True
    leave(incoming.contact)
    actions.speak(incoming.contact, code)
    return _told(incoming, phrase(incoming, "language_set"))


def _asked_in(incoming: Incoming, code: str) -> bool:
    """Ask whoever may be somebody else, in the language they wish for; only an answer to that letter keeps it."""
    contact = incoming.contact
    kept, contact.language = contact.language, code
    try:
        return asked(incoming, choices=[Choice(id=LANGUAGE + code, title=LANGUAGES[code])])
    finally:
        contact.language = kept


def _told(incoming: Incoming, text: str) -> bool:
    answer(incoming, text)
    return True
