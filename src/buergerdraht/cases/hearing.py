"""What was meant by an answer while somebody reports: a tap, a number, a title, a place, plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.utils import timezone

from buergerdraht.cases import actions, asking, opening, places, report, words
from buergerdraht.cases.models import Case, Category
from buergerdraht.cases.report import ALIKE, BEGIN, BEYOND, CATEGORY, CHANGE, PHOTO, PLACE, QUESTION, SEND, WORDS
from buergerdraht.cases.turns import PREFIX, Turn
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import answers
from buergerdraht.contacts import words as commands
from buergerdraht.conversations import appointed


def hear(turn: Turn, text: str) -> bool:
    """Take what they wrote as the answer to what was asked, whatever way they put it."""
    if words.is_one(text, "words_drop"):
        return _drop(turn)
    if commands.command(text, (commands.PERSON,)):
        return _person(turn)
    if turn.draft.asked != BEGIN and commands.command(text, (commands.BACK,)):
        return asking.ask(turn, CHANGE)
    ids = answers.chosen(text, turn.report.options)
    if len(ids) == 1 and ids[0].startswith(PREFIX):
        slot, _colon, value = ids[0].removeprefix(PREFIX).partition(":")
        return follow(turn, slot, value)
    return HEAR[turn.draft.asked or asking.missing(turn)](turn, text)


def follow(turn: Turn, slot: str, value: str) -> bool:
    """Do what a choice says."""
    return FOLLOW[slot](turn, value) if slot in FOLLOW else asking.ask_on(turn)


def place_at(turn: Turn, name: str, latitude: float, longitude: float) -> None:
    report.set_place(turn.report, name or turn.say("pin"), latitude, longitude)
    asking.settle_place(turn)


def settle(turn: Turn, category: Category) -> bool:
    """Take a category. Says True where it ends the report: it is not for us."""
    turn.draft.category = category
    turn.report.answers = {}
    if refusal := _in(category.refusal, turn):
        turn.tell(refusal)
        turn.end()
        return True
    if category.visibility == Category.Visibility.CONFIDENTIAL:  # from here on, and with what was said before
        opening.confide(category, turn.contact)
    if danger := _in(category.danger, turn):
        turn.before = "\n\n".join(part for part in (turn.before, danger) if part)
    return False


def _in(texts: dict[str, str], turn: Turn) -> str:
    return texts.get(turn.language) or texts.get("de") or ""


# ── Typed answers ─────────────────────────────────────────────────────────


def _hear_begin(turn: Turn, text: str) -> bool:
    said = commands.command(text, (commands.YES, commands.NO))
    if said:
        return _follow_begin(turn, "yes" if said == commands.YES else "no")
    report.add_words(turn.report, text)
    if turn.asks_at is not None and "?" not in text:  # words to the pictures of a moment ago: the clock asks on
        turn.draft.asks_at = turn.asks_at
        turn.keep()
        return True
    return turn.rest()  # they go on writing: people read it


def _hear_category(turn: Turn, text: str) -> bool:
    rows = Category.objects.filter(organisation=turn.organisation, active=True)
    meant = [
        row for row in rows if report.speaks_of(text, [*row.title.values(), *(each for found in row.synonyms.values() for each in found)])
    ]
    if len(meant) != 1:
        report.add_words(turn.report, text if len(text.split()) > 2 else "")
        return asking.again(turn, "missed")
    if len(text.split()) > 2:
        report.add_words(turn.report, text)
    return settle(turn, meant[0]) or asking.ask_on(turn)


def _hear_place(turn: Turn, text: str) -> bool:
    if point := report.coordinates(text):
        place_at(turn, "", *point)
        return asking.ask_on(turn)
    found = places.find(turn.organisation, text)
    if len(found) > 1:
        turn.report.options = [[f"{PREFIX}{PLACE}:{spot.name}", spot.name] for spot in found]
        turn.draft.asked = PLACE
        turn.keep()
        turn.tell(turn.say("place_which"), [Choice(id=f"{PREFIX}{PLACE}:{spot.name}"[:200], title=spot.name[:60]) for spot in found])
        return True
    if not any(letter.isalpha() for letter in text):
        return asking.again(turn, "missed")
    spot = found[0] if found else places.Spot(text.strip())
    report.set_place(turn.report, spot.name, spot.latitude, spot.longitude)
    asking.settle_place(turn)
    return asking.ask_on(turn)


def _hear_words(turn: Turn, text: str) -> bool:
    if turn.report.photos and (words.is_one(text, "words_done") or commands.command(text, (commands.SKIP,))):
        return _skip(turn, WORDS)
    report.add_words(turn.report, text)
    return asking.ask_on(turn) if turn.report.words else asking.again(turn, "missed")


def _hear_question(turn: Turn, text: str) -> bool:
    question = _question(turn)
    if question is None:
        return asking.ask_on(turn)
    if not question.get("required") and commands.command(text, (commands.SKIP,)):
        return _skip(turn, question["key"])
    if question["want"] == "choice":
        return asking.again(turn, "missed")
    if question["want"] == "yes_no":
        said = commands.command(text, (commands.YES, commands.NO))
        return _follow_question(turn, "0" if said == commands.YES else "1") if said else asking.again(turn, "missed")
    if question["want"] == "number" and not any(letter.isdigit() for letter in text):
        return asking.again(turn, "wrong_number")
    turn.report.answers[question["key"]] = text.strip()[:500]
    return asking.ask_on(turn)


def _hear_photo(turn: Turn, text: str) -> bool:
    needed = turn.category is not None and turn.category.needs_photo
    if words.is_one(text, "words_done") or commands.command(text, (commands.SKIP, commands.NO)):
        return asking.again(turn, "photo_needed") if needed else _skip(turn, PHOTO)
    report.add_words(turn.report, text)
    return asking.ask_on(turn)


def _hear_send(turn: Turn, text: str) -> bool:
    said = commands.command(text, (commands.YES, commands.NO))
    if said == commands.YES:
        return _send(turn)
    if said == commands.NO or words.is_one(text, "words_change"):
        return asking.ask(turn, CHANGE)
    report.add_words(turn.report, text)  # something they forgot
    return asking.ask(turn, SEND)


def _hear_other(turn: Turn, text: str) -> bool:
    """A question that has nothing but choices."""
    said = commands.command(text, (commands.YES, commands.NO))
    if turn.draft.asked == ALIKE and said and (case := asking.alike(turn)):
        return _follow_alike(turn, f"{case.pk}" if said == commands.YES else f"-{case.pk}")
    if turn.draft.asked == BEYOND and said == commands.YES:
        return _follow_beyond(turn, "pass")
    return asking.again(turn, "missed")


# ── Choices ───────────────────────────────────────────────────────────────


def _follow_begin(turn: Turn, value: str) -> bool:
    if value == "yes":
        return bool(turn.category and settle(turn, turn.category)) or asking.ask_on(turn)
    appointed.bring(turn.contact)
    turn.tell(turn.say("not_reported"))
    turn.end()
    return True


def _follow_category(turn: Turn, value: str) -> bool:
    if value.startswith("+"):
        turn.report.answers[""] = value[1:]
        return asking.ask(turn, CATEGORY)
    found = Category.objects.filter(organisation=turn.organisation, active=True, key=value).first()
    return asking.ask_on(turn) if found is None else settle(turn, found) or asking.ask_on(turn)


def _follow_place(turn: Turn, value: str) -> bool:
    return _hear_place(turn, value)


def _follow_beyond(turn: Turn, value: str) -> bool:
    if value == "drop":
        return _drop(turn)
    if value == "other":
        report.set_place(turn.report, "", None, None)
        return asking.ask(turn, PLACE)
    return _skip(turn, BEYOND)


def _follow_alike(turn: Turn, value: str) -> bool:
    number = int(value.lstrip("-")) if value.lstrip("-").isdigit() else 0
    if value.startswith("-"):
        turn.report.apart.append(number)
        return asking.ask_on(turn)
    case = Case.objects.filter(organisation=turn.organisation, pk=number, confidential=False, state__in=Case.OPEN).first()
    if case is None:
        return asking.ask_on(turn)
    actions.join(case, turn.contact, turn.draft.address)
    turn.tell(turn.say("joined", number=case.number))
    turn.end()
    return True


def _follow_words(turn: Turn, _value: str) -> bool:
    return _skip(turn, WORDS)


def _follow_question(turn: Turn, value: str) -> bool:
    question = _question(turn)
    if question is None:
        return asking.ask_on(turn)
    if value == "skip":
        return _skip(turn, question["key"])
    options = asking.options_of(turn, question)
    if not value.isdigit() or int(value) >= len(options):
        return asking.again(turn, "missed")
    turn.report.answers[question["key"]] = options[int(value)]
    return asking.ask_on(turn)


def _follow_photo(turn: Turn, _value: str) -> bool:
    return _skip(turn, PHOTO)


def _follow_send(turn: Turn, value: str) -> bool:
    return _send(turn) if value == "send" else _drop(turn) if value == "drop" else asking.ask(turn, CHANGE)


def _follow_change(turn: Turn, value: str) -> bool:
    kept = turn.report
    kept.skipped = [each for each in kept.skipped if each != value]
    if value == WORDS:
        kept.words = ""
    elif value == PHOTO:
        kept.photos = []
    elif value == PLACE:
        report.set_place(kept, "", None, None)
    elif value == CATEGORY:
        turn.draft.category = None
    return asking.ask(turn, value) if value in {CATEGORY, PLACE, WORDS, PHOTO} else asking.ask_on(turn)


# ── What several share ────────────────────────────────────────────────────


def _question(turn: Turn) -> dict[str, Any] | None:
    questions = turn.category.questions if turn.category else []
    return next((each for each in questions if each["key"] == turn.report.question), None)


def _skip(turn: Turn, slot: str) -> bool:
    turn.report.skipped.append(slot)
    return asking.ask_on(turn)


def _drop(turn: Turn) -> bool:
    turn.before = ""
    turn.tell(turn.say("dropped"))
    turn.end()
    return True


def _person(turn: Turn) -> bool:
    """Bring what was said so far before people; the draft rests."""
    contacts.send_on(turn.contact, "")
    turn.keep()
    if turn.category is not None:
        appointed.note(turn.contact, asking.summary(turn), title=turn.say("draft"))
    appointed.bring(turn.contact)
    turn.tell(turn.say("person"))
    return True


def _send(turn: Turn) -> bool:
    if (slot := asking.missing(turn)) != SEND:
        return asking.ask(turn, slot)
    matter = opening.of_draft(turn.draft, turn.report, now=timezone.now())
    case = opening.open(replace(matter, proven=turn.proven))
    days = case.category.days
    further = turn.say("next_days", days=str(days)) if days and not turn.report.beyond else turn.say("next")
    turn.tell(turn.say("sent", number=case.number, next=further))
    turn.end()
    return True


HEAR: dict[str, Callable[[Turn, str], bool]] = {
    BEGIN: _hear_begin, CATEGORY: _hear_category, PLACE: _hear_place, WORDS: _hear_words, QUESTION: _hear_question, PHOTO: _hear_photo,
    SEND: _hear_send, ALIKE: _hear_other, BEYOND: _hear_other, CHANGE: _hear_other,
}  # fmt: skip
FOLLOW: dict[str, Callable[[Turn, str], bool]] = {
    BEGIN: _follow_begin, CATEGORY: _follow_category, PLACE: _follow_place, BEYOND: _follow_beyond, ALIKE: _follow_alike,
    WORDS: _follow_words, QUESTION: _follow_question, PHOTO: _follow_photo, SEND: _follow_send, CHANGE: _follow_change,
}  # fmt: skip
