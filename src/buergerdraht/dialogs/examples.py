"""Recorded walks: what a citizen says, and what must come of it. They are tests of a dialog, run at every change.

A move is one of {"say": text}, {"tap": title of a choice}, {"photo": how many}, {"voice": 1}, {"document": 1},
{"place": [latitude, longitude, name]}, {"wait": minutes}, {"moment": 1} (the moment after photos),
{"call": "yes" | "no" | "failure", "answers": {…}} (what the authority's system answers),
{"expect": part of what was said since the citizen's last move}, {"choices": [titles]}, {"state": how the walk stands},
{"note": what, "with": part of its words} (something was done: case, book, subscribe, hand_over …).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import machine
from buergerdraht.dialogs.document import Dialog
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.walk import Opening, Said, Walk

MOVES = ("say", "tap", "photo", "voice", "document", "place", "wait", "moment", "call", "expect", "choices", "state", "note")
DONE = {
    "case": gettext_lazy("Anliegen angelegt"), "book": gettext_lazy("Termin gebucht"), "subscribe": gettext_lazy("Abonniert"),
    "unsubscribe": gettext_lazy("Abbestellt"), "hand_over": gettext_lazy("An Menschen übergeben"), "call": gettext_lazy("System gefragt"),
    "meter": gettext_lazy("Zählerstand angenommen"), "menu": gettext_lazy("Hauptmenü gezeigt"), "field": gettext_lazy("Angabe gemerkt"),
    "name": gettext_lazy("Name gemerkt"), "label": gettext_lazy("Kennzeichen gesetzt"), "unlabel": gettext_lazy("Kennzeichen weggenommen"),
    "language": gettext_lazy("Sprache gewechselt"),
}  # fmt: skip
ENDED = {
    "done": gettext_lazy("Der Dialog ist zu Ende."), "left": gettext_lazy("Der Dialog wurde verlassen."),
    "handed": gettext_lazy("Ab hier antworten Menschen."), "expired": gettext_lazy("Wegen langen Schweigens beendet."),
}  # fmt: skip


@dataclass
class Course:
    """A walk as it is being played. `log` is what was said and done, by whom."""

    dialog: Dialog
    world: Played
    language: str = "de"
    walk: Walk = field(init=False)
    since: int = 0  # what of world.said came before the citizen's last move
    files: int = 0

    def __post_init__(self) -> None:
        self.walk = machine.begin(self.dialog, 0, self.world, Opening(language=self.language, mark="play"))

    @property
    def heard(self) -> str:
        return "\n".join("\n".join(part for part in (each.title, each.text) if part) for each in self.world.said[self.since :])


@dataclass(frozen=True)
class Verdict:
    """How an example ended. `move` is the number of the one that was not so, `problem` says what was there instead.

    `at` is the step of the dialog itself at which the walk stood then; "" within a part of it or where it was over.
    """

    good: bool
    move: int = -1
    problem: str = ""
    at: str = ""


def play(dialog: Dialog, moves: Sequence[Mapping[str, Any]], world: Played, language: str = "de") -> Verdict:
    """Play an example from its beginning."""
    course = Course(dialog, world, language)
    for number, move in enumerate(moves):
        if problem := step(course, move):
            walk = course.walk
            return Verdict(False, number, problem, walk.here.step if walk.frames and walk.here.dialog == dialog.key else "")
    return Verdict(True)


def step(course: Course, move: Mapping[str, Any]) -> str:
    """Play one move. Returns what was not as expected, or ""."""
    kind = next((name for name in MOVES if name in move), "")
    if kind in {"expect", "choices", "state", "note"}:
        return _look(course, kind, move)
    if course.walk.state != "running" and kind != "wait":
        return _("Der Dialog war hier schon zu Ende.")
    course.since = len(course.world.said)
    if kind in {"wait", "moment"}:
        _wait(course, timedelta(minutes=move["wait"]) if kind == "wait" else timedelta(seconds=5))
    elif kind == "call":
        return _call(course, move)
    elif kind == "tap":
        return _tap(course, str(move["tap"]))
    elif kind in {"photo", "voice", "document"}:
        for _time in range(int(move[kind])):
            course.files += 1
            name = {"photo": "image"}.get(kind, kind)
            machine.answer(course.walk, Said(kind="media", files=[(f"file{course.files}", name)], text=move.get("text", "")), course.world)
    elif kind == "place":
        latitude, longitude, *name = move["place"]
        machine.answer(course.walk, Said(kind="location", place=(latitude, longitude, name[0] if name else "")), course.world)
    elif kind == "say":
        machine.answer(course.walk, Said(text=str(move["say"]), evidence="example"), course.world)
    else:
        return _("Diesen Zug gibt es nicht.")
    return ""


def _tap(course: Course, title: str) -> str:
    choices = [choice for content in course.world.said for choice in content.choices if not choice.url]
    found = next((each for each in reversed(choices) if plain(each.title) == plain(title)), None)
    if found is None:
        return _("Eine Auswahl „%(title)s“ gab es nicht.") % {"title": title}
    machine.answer(course.walk, Said(text=found.title, choice=found.id, kind="choice", evidence="example"), course.world)
    return ""


def _wait(course: Course, time: timedelta) -> None:
    """Let time pass; whatever is due on the way happens in its time."""
    end = course.world.now + time
    while course.walk.state == "running" and course.walk.until and course.walk.until <= end:
        course.world.now = max(course.walk.until, course.world.now)
        machine.wake(course.walk, course.world)
    course.world.now = end


def _call(course: Course, move: Mapping[str, Any]) -> str:
    if not course.world.calls:
        return _("Hier wurde kein System gefragt.")
    serial, _step, _facts = course.world.calls.pop()
    machine.called(course.walk, serial, move["call"], move.get("answers", {}), course.world)
    return ""


def _look(course: Course, kind: str, move: Mapping[str, Any]) -> str:
    nothing = _("nichts")
    if kind == "expect":
        return "" if str(move["expect"]) in course.heard else _("Gesagt wurde: %(text)s") % {"text": course.heard or nothing}
    if kind == "state":
        return "" if course.walk.state == move["state"] else str(ENDED.get(course.walk.state, _("Der Dialog läuft noch.")))
    if kind == "choices":
        last = next((each for each in reversed(course.world.said) if each.choices), None)
        titles = [choice.title for choice in last.choices] if last else []
        return "" if titles == list(move["choices"]) else _("Zur Auswahl standen: %(titles)s") % {"titles": ", ".join(titles) or nothing}
    wanted = str(move.get("with", ""))
    if any(wanted in words for what, words in course.world.notes if what == move["note"]):
        return ""
    return _("Getan wurde: %(what)s") % {"what": "; ".join(str(DONE.get(what, what)) for what, _words in course.world.notes) or nothing}
