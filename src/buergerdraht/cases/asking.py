"""What is missing of a report, and the question for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone

from buergerdraht.cases import ground, nearby, photos, spotting
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.report import (
    ALIKE,
    BEGIN,
    BEYOND,
    CATEGORY,
    CHANGE,
    PHOTO,
    PLACE,
    QUESTION,
    SEND,
    WORDS,
    open_question,
)  # fmt: skip
from buergerdraht.cases.turns import PREFIX, Turn
from buergerdraht.connectors import contract
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts.texts import day
from buergerdraht.gateway import files

ROWS = 9  # of a list of ten: the tenth shows more
MISSES = 2  # after so many a person is offered


def ask_on(turn: Turn) -> bool:
    """Ask for what is missing, or read it all back."""
    return ask(turn, missing(turn))


def again(turn: Turn, key: str, **values: str) -> bool:
    """Say what was wrong, and ask the same once more. Says True: the message is taken."""
    turn.report.misses += 1
    if key == "missed" and turn.report.misses >= MISSES:
        key = "missed_twice"
    turn.before = turn.say(key, **values)
    return ask(turn, turn.draft.asked or missing(turn))


def ask(turn: Turn, slot: str) -> bool:
    if slot != turn.draft.asked:
        turn.report.misses = 0
    turn.draft.asked = slot
    text, choices, media = ASK[slot](turn)
    turn.report.options = [[choice.id, choice.title] for choice in choices]
    turn.keep()
    turn.tell(text, choices, media)
    return True


def missing(turn: Turn) -> str:
    report, category = turn.report, turn.category
    if category is None:
        return CATEGORY
    if category.needs_place and not report.place:
        return PLACE
    if report.beyond and BEYOND not in report.skipped:
        return BEYOND
    if alike(turn) is not None:
        return ALIKE
    if not report.words and WORDS not in report.skipped:
        return WORDS
    if open_question(report, category.questions):
        return QUESTION
    if not report.photos and PHOTO not in report.skipped:
        return PHOTO
    return SEND


def alike(turn: Turn) -> Case | None:
    """The nearest open case that may be the same and that they have not said is another."""
    report, category = turn.report, turn.category
    if category is None or report.latitude is None or report.longitude is None or report.beyond:
        return None
    found = nearby.alike(category, report.latitude, report.longitude, now=timezone.now())
    return next((case for case in found if case.pk not in report.apart), None)


def settle_place(turn: Turn) -> None:
    """Find out whether a place is ours."""
    report = turn.report
    if report.latitude is None or report.longitude is None or ground.inside(turn.organisation, report.latitude, report.longitude):
        report.beyond = ""
        return
    neighbour = ground.neighbour(turn.organisation, report.latitude, report.longitude)
    report.beyond = neighbour.name if neighbour else "?"


# ── The questions ─────────────────────────────────────────────────────────

Asked = tuple[str, Sequence[Choice], Sequence[contract.Media]]


def _choice(turn: Turn, slot: str, value: str, key: str) -> Choice:
    return Choice(id=f"{PREFIX}{slot}:{value}", title=turn.say(key))


def _begin(turn: Turn) -> Asked:
    choices = [_choice(turn, BEGIN, "yes", "do_report"), _choice(turn, BEGIN, "no", "do_not")]
    if turn.category is None:
        return turn.say("begin"), choices, ()
    return turn.say("begin_known", category=turn.category.title_in(turn.language)), choices, ()


def _category(turn: Turn) -> Asked:
    rows = list(Category.objects.filter(organisation=turn.organisation, active=True))
    since = turn.report.answers.get("", "0")  # the page of the list
    begin = int(since) if since.isdigit() and int(since) < len(rows) else 0
    shown = rows[begin : begin + ROWS] if len(rows) - begin > ROWS + 1 else rows[begin : begin + ROWS + 1]
    choices = [Choice(id=f"{PREFIX}{CATEGORY}:{row.key}", title=row.title_in(turn.language)[:60]) for row in shown]
    if begin + len(shown) < len(rows):
        choices.append(_choice(turn, CATEGORY, f"+{begin + len(shown)}", "more"))
    return turn.say("category"), choices, ()


def _place(turn: Turn) -> Asked:
    """Ask for the place; where a photo says where it was taken, that is offered."""
    there = photos.taken_at(turn.organisation, turn.report.photos)
    if turn.draft.pk is None:
        turn.keep()  # the map's link names it
    text = turn.say("place", link=spotting.link(turn.draft))
    if there is None or not ground.inside(turn.organisation, *there):
        return text, (), ()
    return text, [Choice(id=f"{PREFIX}{PLACE}:{there[0]:.6f}, {there[1]:.6f}", title=turn.say("place_photo"))], ()


def _beyond(turn: Turn) -> Asked:
    key = "beyond_unknown" if turn.report.beyond == "?" else "beyond"
    choices = [
        _choice(turn, BEYOND, "pass", "pass_on"),
        _choice(turn, BEYOND, "other", "place_other"),
        _choice(turn, BEYOND, "drop", "do_drop"),
    ]
    return turn.say(key, body=turn.report.beyond), choices, ()


def _alike(turn: Turn) -> Asked:
    case = alike(turn)
    if case is None:  # it was closed in this moment
        turn.draft.asked = missing(turn)
        return ASK[turn.draft.asked](turn)
    choices = [_choice(turn, ALIKE, f"{case.pk}", "it_is"), _choice(turn, ALIKE, f"-{case.pk}", "it_is_not")]
    values = {"category": case.category.title_in(turn.language), "place": case.place or turn.say("no_place")}
    text = turn.say("alike", **values, day=day(case.received_at, turn.language), number=case.number)
    return text, choices, _shown(case)


def _shown(case: Case) -> Sequence[contract.Media]:
    """A picture of another's report that a person released, covered: never the original."""
    photo = Photo.objects.filter(case=case, released=True, shown__isnull=False).select_related("shown").first()
    return (files.value(photo.shown),) if photo and photo.shown else ()


def _words(turn: Turn) -> Asked:
    choices = [_choice(turn, WORDS, "skip", "skip")] if turn.report.photos else []
    return turn.say("describe"), choices, ()


def _question(turn: Turn) -> Asked:
    assert turn.category is not None
    found = open_question(turn.report, turn.category.questions)
    assert found is not None
    turn.report.question = found["key"]
    choices = [Choice(id=f"{PREFIX}{QUESTION}:{place}", title=title[:60]) for place, title in enumerate(options_of(turn, found))]
    if not found.get("required") and len(choices) < ROWS:
        choices.append(_choice(turn, QUESTION, "skip", "leave_out"))
    return _said(turn, found["text"]), choices, ()


def options_of(turn: Turn, question: dict[str, Any]) -> list[str]:
    """What can be chosen, as the citizen reads it."""
    if question["want"] == "yes_no":
        return [turn.say("just_yes"), turn.say("just_no")]
    return [_said(turn, option) for option in question.get("options", ())] if question["want"] == "choice" else []


def _said(turn: Turn, texts: dict[str, str]) -> str:
    return texts.get(turn.language) or texts.get("de") or next(iter(texts.values()), "")


def _photo(turn: Turn) -> Asked:
    needed = bool(turn.category and turn.category.needs_photo)
    return turn.say("photo_needed" if needed else "photo"), [] if needed else [_choice(turn, PHOTO, "skip", "no_photo")], ()


def _send(turn: Turn) -> Asked:
    choices = [_choice(turn, SEND, "send", "do_send"), _choice(turn, SEND, "change", "do_change"), _choice(turn, SEND, "drop", "do_drop")]
    return turn.say("send", report=summary(turn)), choices, ()


def summary(turn: Turn) -> str:
    """Say the whole draft, as it will be sent."""
    report, category = turn.report, turn.category
    assert category is not None
    lines = [f"**{category.title_in(turn.language)}**"]
    if report.place or category.needs_place:
        lines.append(report.place or turn.say("no_place"))
    if report.words:
        lines.append(f"„{report.words}“" if turn.language == "de" else f"“{report.words}”")
    for question in category.questions:
        if answer := report.answers.get(question["key"]):
            lines.append(f"{_said(turn, question['text'])} {answer}")
    if report.photos:
        number = len(report.photos)
        lines.append(turn.say("photo_one" if number == 1 else "photos", number=str(number)))
    return "\n".join(lines)


def _change(turn: Turn) -> Asked:
    wanted = [
        (CATEGORY, "change_category"),
        (PLACE, "change_place"),
        (WORDS, "change_words"),
        (PHOTO, "change_photo"),
        ("", "change_nothing"),
    ]
    return turn.say("change"), [_choice(turn, CHANGE, value, key) for value, key in wanted], ()


ASK: dict[str, Callable[[Turn], Asked]] = {
    BEGIN: _begin, CATEGORY: _category, PLACE: _place, BEYOND: _beyond, ALIKE: _alike, WORDS: _words, QUESTION: _question, PHOTO: _photo,
    SEND: _send, CHANGE: _change,
}  # fmt: skip
