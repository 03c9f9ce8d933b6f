"""Make a choice of quick replies and cases: each way's title, the other words for it, and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.contacts import words as commands
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import matching
from buergerdraht.dialogs.rapidpro import expressions, languages, report
from buergerdraht.dialogs.rapidpro.asked import Asked, retry, wait_for
from buergerdraht.dialogs.rapidpro.board import Quick, Texts
from buergerdraht.dialogs.rapidpro.context import MOST_WORD
from buergerdraht.dialogs.rapidpro.naming import Names, key
from buergerdraht.dialogs.rapidpro.reading import Case, Router

TESTS = frozenset({"has_any_word", "has_all_words", "has_phrase", "has_only_phrase", "has_only_text", "has_beginning", "has_number_eq"})
TAKEN = (
    commands.STOP, commands.HELP, commands.PRIVACY, commands.IMPRINT, commands.ACCESS, commands.ERASE, commands.BACK, commands.MENU,
    commands.PERSON,
)  # fmt: skip
MOST = 30
SAID_ELSEWHERE = gettext_lazy("Nicht übernommen, weil das Wort schon etwas anderes bedeutet oder zu lang ist: %(words)s.")
FIXED = gettext_lazy("Der Knopf heißt wie ein Befehl, der überall gilt (zum Beispiel MENSCH oder STOPP): bitte anders nennen.")
BESIDE = gettext_lazy("Der Name der Kategorie wird nicht gezeigt; auf dem Knopf steht die Schnellantwort.")


@dataclass
class Way:
    """An option to be."""

    category: str
    title: Texts
    description: Texts = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)

    @property
    def spoken(self) -> list[str]:
        return [*self.title.values(), *(word for each in self.words.values() for word in each)]


def chosen(router: Router) -> bool:
    """Say whether a router's cases are such that people choose among them."""
    cases = [case for case in router.cases if case.type != "has_wait_timed_out"]
    return bool(cases) and all(case.type in TESTS and not any(expressions.has_any(each) for each in case.arguments) for case in cases)


def possible(asked: Asked, cases: list[Case]) -> bool:
    """Say whether this can be a choice: fixed words only, not too many, and no number that would mean another place in the list."""
    quick_only = (
        bool(asked.quick) and all(case.type in {*TESTS, "has_text"} for case in cases) and asked.name not in asked.context.house.values
    )
    if not (chosen(asked.router) or (quick_only and any(case.type in TESTS for case in cases))):
        return False
    ways, _marks = _ways(asked, [case for case in cases if case.type in TESTS])
    ways = in_order(ways)
    return 0 < len(ways) <= MOST and not any(_numbered(way.spoken, place) for place, way in enumerate(ways, 1))


def in_order(ways: list[Way]) -> list[Way]:
    """Where every option has its number, the numbers say the order."""
    numbers = [next((number for word in way.spoken if (number := matching.number_of(word))), 0) for way in ways]
    return [way for _number, way in sorted(zip(numbers, ways, strict=True), key=lambda each: each[0])] if all(numbers) else ways


def _numbered(words: list[str], place: int) -> bool:
    """Say whether one of these words, written alone, would be taken for another place in the list."""
    return any((number := matching.number_of(word)) and number != place for word in words)


def choose(asked: Asked, cases: list[Case]) -> None:
    """Put the choice on the board."""
    tested = [case for case in cases if case.type in TESTS]
    found, marks = _ways(asked, tested)
    ways, names = in_order(found), Names()
    options: list[dict[str, Any]] = []
    draft = asked.draft("choose", options=options)
    for place, way in enumerate(ways):
        title = next(iter(way.title.values()), "")
        option = {
            "id": names.give(key(title, f"option_{place + 1}", 36)),
            "title": way.title,
            "description": way.description,
            "words": way.words,
        }
        options.append({name: each for name, each in option.items() if each})
        draft.goals[f"options.{place}"] = asked.context.through(asked.node, way.category)
    draft.marks += marks
    open_ones = [case for case in cases if case not in tested]
    for case in open_ones:
        draft.marks.append(report.changed(case.ref, _("Freie Worte gehen den Weg „sonst“; sie werden dabei nicht behalten.")))
    if open_ones:
        asked.router.default = open_ones[0].category
    retry(asked, draft)
    wait_for(asked, draft)
    asked.context.board.put(draft)


def _ways(asked: Asked, cases: list[Case]) -> tuple[list[Way], list[report.Mark]]:
    ways, marks = [], []
    for quick in asked.quick:
        case = next((case for case in cases if meets(case, quick)), None)
        ways.append(Way(case.category if case else asked.router.default, quick.title, quick.description))
        marks += quick.marks
    for case in cases:
        if not any(way.category == case.category for way in ways):
            title, named = _named(asked, case)
            ways.append(Way(case.category, title))
            marks += named
        shown = next((way.title for way in ways if way.category == case.category), {})
        if any(commands.command(each, TAKEN) for each in shown.values()):
            marks.append(report.changed(case.ref, FIXED))
    ways = [way for way in ways if way.title]
    told = {plain(title): number for number, way in reversed(list(enumerate(ways))) for title in way.title.values()}
    for case in cases:
        marks += _words(asked, case, ways, told)
    marks += [report.changed(ref, BESIDE) for ref in _unnamed(asked, marks)]
    return ways, marks


def _named(asked: Asked, case: Case) -> tuple[Texts, list[report.Mark]]:
    """The title of a way without a quick reply: its category's name, or its first word where that name is a command."""
    found = asked.router.categories.get(case.category)
    if found is None:
        return {}, []
    title, _why, marks = asked.context.texts(found.name, (found.uuid, "name"), asked.context.scope())
    if any(commands.command(each, TAKEN) for each in title.values()):
        word = next((each for each in spoken(case.type, case.arguments) if not commands.command(each, TAKEN)), "")
        return ({asked.context.base: word.capitalize()}, []) if word else (title, marks)
    return title, marks


def _unnamed(asked: Asked, marks: list[report.Mark]) -> list[report.Ref]:
    told = {mark.ref for mark in marks}
    names = [ref for each in asked.router.categories for _code, ref, _values in asked.context.translations((each, "name"))]
    return [ref for ref in names if ref not in told]


def _words(asked: Asked, case: Case, ways: list[Way], told: dict[str, int]) -> list[report.Mark]:
    """Give a case's words to the first option of its category."""
    number = next((number for number, way in enumerate(ways) if way.category == case.category), None)
    translated = list(asked.context.translations((case.uuid, "arguments")))
    if number is None:
        why = _("Zu diesem Fall gibt es keinen Weg.")
        return [report.left(case.ref, why), *(report.left(ref, why) for _code, ref, _values in translated)]
    marks = []
    for code, ref, values in [(asked.context.base, case.ref, case.arguments), *translated]:
        lost = []
        language = languages.ours(code) or asked.context.base
        for word in spoken(case.type, values):
            if told.get(plain(word)) == number:
                continue
            if len(word) > MOST_WORD or plain(word) in told or commands.command(word, TAKEN):
                lost.append(word[:40])
                continue
            told[plain(word)] = number
            ways[number].words.setdefault(language, []).append(word)
        why = SAID_ELSEWHERE % {"words": ", ".join(lost[:8])} if lost else ""
        marks.append(report.changed(ref, why) if why else report.taken(ref))
    return marks


def spoken(test: str, arguments: list[str]) -> list[str]:
    """The words of a case."""
    if test == "has_any_word":
        return [word for each in arguments for word in re.findall(r"[^\s,;]+", each) if plain(word)]
    return [each.strip() for each in arguments[:1] if plain(each)]


def meets(case: Case, quick: Quick) -> bool:
    """Say whether a quick reply, when tapped, met this case: in the language of the file."""
    said, wanted = plain(quick.said), plain(case.arguments[0] if case.arguments else "")
    words = said.split()
    if not wanted:
        return False
    if case.type == "has_any_word":
        return any(each in words for each in wanted.split())
    if case.type == "has_all_words":
        return all(each in words for each in wanted.split())
    if case.type == "has_phrase":
        return f" {wanted} " in f" {said} "
    if case.type == "has_beginning":
        return said.startswith(wanted)
    return said == wanted
