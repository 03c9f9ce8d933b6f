"""Steps that do something and go on: say, branch, set, subscribe, case, call, look up, hand over, start, wait, send, end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from math import asin, cos, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import patterns, turning
from buergerdraht.dialogs.document import (
    END,
    PERSON,
    Branch,
    Call,
    CaseStep,
    Condition,
    End,
    HandOver,
    LookUp,
    Say,
    Send,
    Set,
    Start,
    Subscribe,
    Wait,
)
from buergerdraht.dialogs.turning import Goal, Turn
from buergerdraht.dialogs.walk import CALL, DONE, HANDED, SILENCE, TIME, Frame, Matter

BERLIN = ZoneInfo("Europe/Berlin")
MOST_PARTS = 5  # dialogs within dialogs
CALL_GRACE = timedelta(seconds=30)  # beside the call's own time: then whoever made it has died
EARTH = 6371.0  # km


def enter_say(turn: Turn, step: Say) -> Goal:
    choices = [Choice(id="open", title=turn.words(step.link_title) or turn.ours("open"), url=turn.fill(step.link))] if step.link else []
    turn.say(turn.text(step.text), step.files, choices)
    return turn.dialog.goal(step, step.next)


# ── Branch ────────────────────────────────────────────────────────────────


def enter_branch(turn: Turn, step: Branch) -> Goal:
    ways = [case.next for case in step.cases]
    if step.random:
        return [*ways, turn.dialog.goal(step, step.next)][turn.world.lot(len(ways) + 1)]
    for case in step.cases:
        if all(holds(turn, each) for each in case.when):
            return turn.dialog.goal(step, case.next)
    return turn.dialog.goal(step, step.next)


def holds(turn: Turn, condition: Condition) -> bool:
    """Say whether a condition is so."""
    value = turn.fill(condition.value).strip()
    world, walk = turn.world, turn.walk
    if condition.of in {"topic", "label"}:
        there = condition.name in (world.topics() if condition.of == "topic" else world.labels())
        return there if condition.op in {"is", "known", "contains", "one_of"} else not there
    if condition.of == "hours":
        opened = world.office_open()
        return opened == (value != "closed") if condition.op != "is_not" else opened != (value != "closed")
    looked: dict[str, Any] = {
        "answer": walk.answers.get(condition.name),
        "language": walk.language,
        "channel": world.channel,
        "outcome": walk.outcome,
        "date": world.now.date().isoformat(),
        "time": world.now.strftime("%H:%M"),
        "weekday": str(world.now.weekday()),
    }
    found = world.field(condition.name) if condition.of == "field" else looked[condition.of]
    if condition.of == "answer" and "." in condition.name:
        found = _within(walk.answers, condition.name)
    return compare(found, condition.op, value)


def _within(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def compare(found: Any, op: str, value: str) -> bool:
    """Compare what was found with what is asked for: as numbers where both are, else as words without case and accents."""
    if op == "known":
        return found not in (None, "", [], {})
    if op == "unknown":
        return found in (None, "", [], {})
    text = _spoken(found)
    if op in {"more", "less"}:
        left, right = _number(text), _number(value)
        if left is not None and right is not None:
            return left > right if op == "more" else left < right
        return text > value if op == "more" else text < value
    if op == "matches":
        return patterns.found(value, text)
    said, wanted = plain(text), plain(value)
    if op == "contains":
        return bool(wanted) and f" {wanted} " in f" {said} "
    if op == "one_of":
        return said in {plain(each) for each in value.split(",")}
    left, right = _number(text), _number(value)
    same = left == right if left is not None and right is not None else (said == wanted and bool(said or not value))
    return same if op == "is" else not same


def _spoken(found: Any) -> str:
    if found is None:
        return ""
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, Mapping):
        return str(found.get("words", ""))
    return str(len(found)) if isinstance(found, list) else str(found)


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None  # "nan" is a word, and cannot be compared


# ── Keep ──────────────────────────────────────────────────────────────────


def enter_set(turn: Turn, step: Set) -> Goal:
    value = turn.fill(step.value).strip()
    if step.what == "answer":
        turn.walk.answers[step.name] = value
        turn.walk.shown = [each for each in turn.walk.shown if each[0] != step.name]
    elif step.what == "language":
        turn.walk.language = value or turn.walk.language
        turn.world.keep("language", "", turn.walk.language)
    else:
        turn.world.keep(step.what, turn.fill(step.name), value)
    return turn.dialog.goal(step, step.next)


def enter_subscribe(turn: Turn, step: Subscribe) -> Goal:
    evidence = turn.said.evidence if turn.said else ""
    if step.leave:
        turn.world.unsubscribe(step.topics, evidence)
    else:
        turn.world.subscribe(step.topics, turn.words(step.consent), evidence)
    return turn.dialog.goal(step, step.next)


def enter_case(turn: Turn, step: CaseStep) -> Goal:
    turn.walk.trail.clear()  # no way back behind it: it is done
    summary = turn.words(step.summary) or turning.summary(turn)
    turn.walk.cases += 1
    matter = Matter(step.team, turn.fill(step.label), summary, turn.walk.cases, step.category, turn.walk.answers)
    turn.walk.answers[step.save] = turn.world.open_case(matter)
    return turn.dialog.goal(step, step.next)


# ── Ask elsewhere ─────────────────────────────────────────────────────────


def enter_call(turn: Turn, step: Call) -> Goal:
    walk, world = turn.walk, turn.world
    if world.locked(step.system):
        walk.outcome = "locked"
        return turn.dialog.goal(step, step.on_locked)
    walk.serial += 1
    walk.waits, walk.until = CALL, turning.after(world.now, timedelta(seconds=step.seconds) + CALL_GRACE)
    if not world.call(step, walk.serial, turn.facts()):
        return called(turn, step, "failure", {})
    if step.method != "GET":
        walk.trail.clear()  # no way back behind it: what was sent is sent
    turn.say(turn.text(step.wait))
    return None


def called(turn: Turn, step: Call, outcome: str, answers: Mapping[str, str]) -> Goal:
    """A call came back: yes, no, failure."""
    walk = turn.walk
    walk.waits, walk.until, walk.outcome = "", None, outcome
    walk.answers.update(answers)
    if outcome == "failure":
        return turn.dialog.goal(step, step.on_failure)
    if outcome == "yes":
        return turn.dialog.goal(step, step.next)
    if step.proves and turn.world.failed_proof(step.system, step.tries, step.lock_minutes):
        walk.outcome = "locked"
        return turn.dialog.goal(step, step.on_locked)
    return turn.dialog.goal(step, step.on_no)


def enter_look_up(turn: Turn, step: LookUp) -> Goal:
    wanted = {column: plain(turn.fill(value)) for column, value in step.match.items()}
    rows: Sequence[Mapping[str, str]]
    rows = [row for row in turn.world.table(step.table) if all(plain(row.get(column, "")) == value for column, value in wanted.items())]
    if step.near:
        rows = nearest(rows, turn.walk.answers.get(step.near), step.most, turn.walk.language)
    found = [dict(row) for row in rows[: step.most]]
    if not found:
        turn.walk.answers.pop(step.save, None)
        return turn.dialog.goal(step, step.on_nothing)
    turn.walk.answers[step.save], turn.walk.answers[f"{step.save}_list"] = found[0], found
    return turn.dialog.goal(step, step.next)


def nearest(rows: Sequence[Mapping[str, str]], place: Any, most: int, language: str = "de") -> list[dict[str, str]]:
    """The rows nearest to a place, each with its `distance` in km; where the place has no coordinates, those that name it."""
    if not isinstance(place, Mapping) or "latitude" not in place:
        words = plain(str(place.get("words", ""))) if isinstance(place, Mapping) else ""
        named = (row for row in rows if any(f" {plain(value)} " in f" {words} " for value in row.values() if plain(value)))
        return [dict(row) for row in named][:most] if words else []
    found = []
    for row in rows:
        try:
            there = float(row["latitude"].replace(",", ".")), float(row["longitude"].replace(",", "."))
        except (KeyError, ValueError):
            continue
        found.append((distance(float(place["latitude"]), float(place["longitude"]), *there), row))
    found.sort(key=lambda each: each[0])
    mark = "." if language == "en" else ","
    return [{**row, "distance": f"{far:.1f}".replace(".", mark)} for far, row in found[:most]]


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance in km (haversine)."""
    across, along = radians(other_latitude - latitude), radians(other_longitude - longitude)
    chord = sin(across / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(along / 2) ** 2
    return 2 * EARTH * asin(sqrt(chord))


# ── Go elsewhere ──────────────────────────────────────────────────────────


def enter_hand_over(turn: Turn, step: HandOver) -> Goal:
    there = turn.world.office_open()
    own = turn.text(step.text) if there else turn.text(step.away) or turn.text(step.text)
    hand_over(turn, step.team, own or turn.ours("handed" if there else "handed_away"))
    return None


def hand_over(turn: Turn, team: str, sentence: str) -> None:
    """People have the word from now on."""
    turn.trace("handed")
    turn.say(sentence)
    turn.world.hand_over(team, turning.summary(turn))
    turn.walk.state, turn.walk.waits, turn.walk.until, turn.walk.options = HANDED, "", None, []


def enter_start(turn: Turn, step: Start) -> Goal:
    walk = turn.walk
    version = turn.world.live(step.dialog)
    if version < 0 or len(walk.frames) > MOST_PARTS:
        walk.outcome = "missing"
        return turn.dialog.goal(step, step.next) if version < 0 and not step.instead else PERSON
    frame = Frame(step.dialog, version, "")
    walk.frames = [frame] if step.instead else [*walk.frames, frame]
    turn.trace("started")
    return turn.dialog.steps[0].id


def enter_wait(turn: Turn, step: Wait) -> Goal:
    walk, now = turn.walk, turn.world.now
    until = turning.after(now, timedelta(minutes=step.minutes)) if step.minutes else moment_of(turn.fill(step.until))
    if until is None or until <= now:
        return turn.dialog.goal(step, step.next)
    walk.waits, walk.until = (SILENCE if step.silence else TIME), until
    return None


def moment_of(text: str) -> datetime | None:
    """Read "2026-12-01" (nine in the morning) or "2026-12-01T18:00"; without a zone it is Berlin's time."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if len(text.strip()) <= 10:
        found = datetime.combine(date(found.year, found.month, found.day), time(9))
    return found if found.tzinfo else found.replace(tzinfo=BERLIN)


def enter_send(turn: Turn, step: Send) -> Goal:
    booking = next((value for name, value in turn.walk.answers.items() if name.endswith("_number") and isinstance(value, int)), 0)
    name = turn.fill(step.file_name) or turn.dialog.key
    content = turn.world.make_file(step.what, name, turn.words(step.title), turn.text(step.text), booking)
    if content is None:
        turn.say(turn.ours("file_missing"))
        return PERSON
    turn.speak(content)
    turn.say(turn.text(step.caption))
    return turn.dialog.goal(step, step.next)


def enter_end(turn: Turn, step: End) -> Goal:
    turn.say(turn.text(step.text))
    return END


def finish(turn: Turn) -> Goal:
    """A document is at its end: go on in the one that began it as a part, or be done."""
    walk = turn.walk
    turn.trace("done")
    if len(walk.frames) == 1:
        if not turn.spoken and turn.said:  # whoever said something hears something
            turn.say(turn.ours("done"))
        walk.state, walk.waits, walk.until, walk.options = DONE, "", None, []
        return None
    walk.frames.pop()
    walk.outcome = "done"
    step = turn.step
    return turn.dialog.goal(step, getattr(step, "next", ""))
