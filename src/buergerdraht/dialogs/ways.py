"""Where a step can lead: for the checks and the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from buergerdraht.dialogs.document import (
    END,
    MENU,
    PERSON,
    Book,
    Branch,
    Call,
    Choose,
    Dialog,
    End,
    HandOver,
    LookUp,
    Meter,
    Question,
    Start,
    Step,
    Wait,
)


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a step: `goal` is a step's id or a place, `path` where it is written, `why` when it is taken ("" always), in words."""

    goal: str
    path: str
    why: str = ""


def ways(dialog: Dialog, step: Step) -> list[Way]:
    """All ways out of a step, the usual one last. A menu's way is resolved to its step."""
    return [Way(dialog.menu if way.goal == MENU else way.goal, way.path, way.why) for way in _ways(dialog, step)]


def _ways(dialog: Dialog, step: Step) -> Iterator[Way]:
    if isinstance(step, End):
        yield Way(END, "")
        return
    if isinstance(step, HandOver):
        yield Way(PERSON, "")
        return
    follower = dialog.goal(step, getattr(step, "next", ""))
    if isinstance(step, Choose):
        for option in step.options:
            yield Way(option.next or follower, f"options.{option.id}.next", dict(option.title).get(dialog.languages[0], option.id))
    if isinstance(step, Branch):
        for number, case in enumerate(step.cases):
            yield Way(dialog.goal(step, case.next), f"cases.{number}.next", _("Fall %(n)s") % {"n": number + 1})
    yield from _failures(dialog, step)
    if isinstance(step, Question):
        yield Way(dialog.goal(step, step.otherwise), "otherwise", _("nicht verstanden"))
    if not isinstance(step, Choose) and not (isinstance(step, Start) and step.instead):
        yield Way(follower, "next")
    elif isinstance(step, Start):
        yield Way(END, "")


def _failures(dialog: Dialog, step: Step) -> Iterator[Way]:
    if isinstance(step, Call):
        yield Way(dialog.goal(step, step.on_no), "on_no", _("Antwort ist nein"))
        yield Way(dialog.goal(step, step.on_failure), "on_failure", _("Störung"))
        if step.proves:
            yield Way(dialog.goal(step, step.on_locked), "on_locked", _("gesperrt"))
    elif isinstance(step, LookUp):
        yield Way(dialog.goal(step, step.on_nothing), "on_nothing", _("nichts gefunden"))
    elif isinstance(step, Book):
        yield Way(dialog.goal(step, step.on_none), "on_none", _("nichts frei"))
    elif isinstance(step, Meter) and step.on_doubt:
        yield Way(step.on_doubt, "on_doubt", _("zweifelhaft"))
    elif isinstance(step, Wait) and step.silence and step.on_message:
        yield Way(step.on_message, "on_message", _("es kommt eine Nachricht"))


def reached(dialog: Dialog) -> set[str]:
    """The steps that can be reached at all, over every way."""
    found: set[str] = set()
    open_ = [dialog.steps[0].id]
    while open_:
        step = dialog.step(open_.pop())
        if step is None or step.id in found:
            continue
        found.add(step.id)
        open_ += [way.goal for way in ways(dialog, step)]
    return found
