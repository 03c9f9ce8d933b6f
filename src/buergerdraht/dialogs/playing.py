"""Play a draft in the house's own surroundings: its tables, files and other dialogs, but nothing that would be done is done.

The editor's phone and the recorded examples both stand on it. A play is known by its moves alone: it is played anew from the
beginning each time, so that what is shown always belongs to the draft as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Media
from buergerdraht.dialogs import examples, lookups, shelf, world
from buergerdraht.dialogs.document import AskStep, Dialog, LookUp, Question, Say, Start
from buergerdraht.dialogs.models import Dialog as Row
from buergerdraht.dialogs.played import NOON as NOON
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.walk import CALL, FILES, RUNNING

MOST_MOVES = 200
LONG = 500  # characters of an answer in a play
FILES_SENT = {"photo", "document", "voice"}
NOW = "now"  # a first move may say when it was played: dates depend on it


@dataclass(frozen=True)
class Setting:
    """Who plays, where and when."""

    channel: str = "whatsapp"
    language: str = "de"
    now: datetime = NOON


@dataclass(frozen=True)
class Scene:
    """What a dialog stands in."""

    dialog: Dialog
    organisation: Organisation
    dialogs: Mapping[str, Dialog] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    files: Mapping[str, Media] = field(default_factory=dict)

    def world(self, setting: Setting) -> Played:
        return Played(
            dialogs=self.dialogs, tables=self.tables, files=self.files, now=setting.now, channel=setting.channel,
            language=setting.language, form=self.organisation.address_form, organisation=self.organisation.name,
        )  # fmt: skip


@dataclass(frozen=True)
class Beat:
    """What came of one move: the move itself (None: the beginning), what was done and said, or what was not as expected."""

    move: Mapping[str, Any] | None
    notes: Sequence[tuple[str, str]]
    said: Sequence[Content]
    problem: str = ""


@dataclass(frozen=True)
class Play:
    """A play up to where it stands."""

    beats: Sequence[Beat]
    moves: Sequence[Mapping[str, Any]]  # those that could be made
    state: str
    waits: str
    step: str  # where it stands in the draft; "" within another dialog or at the end
    minutes: int = 0  # until something happens by itself; 0: nothing will
    answers: Mapping[str, str] = field(default_factory=dict)  # what a system would have to answer here


def scene(row: Row, dialog: Dialog) -> Scene:
    """Gather what a draft speaks of, in a query each."""
    dialogs = {dialog.key: dialog}
    if any(isinstance(step, Start) for step in dialog.steps):
        live = Row.objects.filter(organisation=row.organisation_id, archived_at=None).exclude(live=None).exclude(pk=row.pk)
        dialogs |= {key: world.read(number) for key, number in live.values_list("key", "live")}
    tables = {key: lookups.rows(row.organisation_id, key) for each in dialogs.values() for key in _tables(each)}
    wanted = {name for each in dialogs.values() for name in _files(each)}
    if any("{" in name for name in wanted):  # rows of tables name them
        wanted |= shelf.names(row.organisation_id)
    return Scene(dialog, row.organisation, dialogs, tables, shelf.find(row.organisation_id, wanted))


def play(scene: Scene, moves: Sequence[Mapping[str, Any]], setting: Setting) -> Play:
    """Play moves from the beginning. It ends at the first that cannot be made."""
    course = examples.Course(scene.dialog, scene.world(setting), setting.language)
    beats, made = [_beat(course, None, 0, 0, "")], []
    for move in moves[:MOST_MOVES]:
        said, notes = len(course.world.said), len(course.world.notes)
        problem = examples.step(course, move)
        if course.walk.waits == FILES and FILES_SENT & set(move):  # nobody wants to wait for the moment after a photo
            examples.step(course, {"moment": 1})
        beats.append(_beat(course, move, notes, said, problem))
        if problem:
            break
        made.append(move)
    walk = course.walk
    here = walk.here.step if walk.frames and walk.here.dialog == scene.dialog.key and walk.state == RUNNING else ""
    rest = walk.until - course.world.now if walk.until and walk.state == RUNNING else timedelta()
    minutes = max(1, ceil(rest.total_seconds() / 60)) if walk.until and walk.state == RUNNING else 0
    step = course.world.calls[-1][1] if walk.waits == CALL and course.world.calls else None
    return Play(beats, made, walk.state, walk.waits, here, minutes, {name: f"({name})" for name in step.take} if step else {})


def record(scene: Scene, moves: Sequence[Mapping[str, Any]], setting: Setting) -> list[dict[str, Any]]:
    """Write down moves as an example: after each what was asked last and what could be chosen; at the end what was done."""
    found: list[dict[str, Any]] = []
    course = examples.Course(scene.dialog, scene.world(setting), setting.language)
    for move in moves:
        found.append(dict(move))
        examples.step(course, move)
        if course.walk.waits == FILES and FILES_SENT & set(move):
            found.append({"moment": 1})
            examples.step(course, {"moment": 1})
        if len(course.world.said) > course.since:
            found += _expected(course.world.said[-1])
    found.append({"state": course.walk.state})
    found += [{"note": what} for what in dict.fromkeys(what for what, _words in course.world.notes)]
    if found:
        found[0][NOW] = setting.now.isoformat(timespec="minutes")
    return found


def verdict(scene: Scene, moves: Sequence[Mapping[str, Any]], channel: str, language: str) -> examples.Verdict:
    """Play an example."""
    now = moves[0].get(NOW) if moves else None
    setting = Setting(channel, language, datetime.fromisoformat(now) if isinstance(now, str) else NOON)
    return examples.play(scene.dialog, moves, scene.world(setting), language)


def citizens(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of an example's moves those a citizen makes: to play or record it anew."""
    done = {"say", "tap", "photo", "voice", "document", "place", "wait", "call"}
    return [{key: value for key, value in move.items() if key != NOW} for move in moves if done & set(move)]


def _expected(content: Content) -> Iterator[dict[str, Any]]:
    line = next((line for line in content.text.split("\n") if line.strip()), "")
    if line:
        yield {"expect": line[:LONG]}
    if titles := [choice.title for choice in content.choices]:
        yield {"choices": titles}


def _beat(course: examples.Course, move: Mapping[str, Any] | None, notes: int, said: int, problem: str) -> Beat:
    return Beat(move, course.world.notes[notes:], course.world.said[said:], problem)


def _tables(dialog: Dialog) -> Iterator[str]:
    for step in dialog.steps:
        if isinstance(step, LookUp):
            yield step.table
        elif isinstance(step, AskStep) and step.check.table:
            yield step.check.table


def _files(dialog: Dialog) -> Iterator[str]:
    for step in dialog.steps:
        if isinstance(step, Say | Question):
            yield from (each.file for each in step.files)
