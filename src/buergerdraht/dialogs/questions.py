"""Steps at which a citizen's answer is waited for: ask, choose, book, meter. `enter` puts the question, `reply` takes an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from buergerdraht.dialogs import sentences, turning, understanding
from buergerdraht.dialogs.document import AskStep, Book, Choose, Meter
from buergerdraht.dialogs.turning import Goal, Turn
from buergerdraht.dialogs.understanding import Got
from buergerdraht.dialogs.walk import FILES, Slot

MOMENT = timedelta(seconds=3)  # what comes within it is one answer
LATE = timedelta(minutes=1)  # a photo that comes so long after the moment still belongs to it
MOST_SEEN = 3  # photos of a meter that are read, until one is sure
MEDIA_WITHIN = timedelta(seconds=30)  # so long the messenger has to hand us a photo
FILE_KINDS = {
    "photo": {"image"}, "photos": {"image"}, "document": {"document", "image"}, "voice": {"voice", "audio"},
}  # fmt: skip
MOST_VALUE = Decimal(10**9)  # more no counter shows
UNITS = {"water": "m³", "gas": "m³", "electricity": "kWh", "heat": "kWh"}


# ── Ask ───────────────────────────────────────────────────────────────────


def enter_ask(turn: Turn, step: AskStep) -> Goal:
    _put(turn, step, turn.text(step.text))
    return None


def _put(turn: Turn, step: AskStep, text: str, near: Sequence[str] = ()) -> None:
    options: list[list[str]] = [[f"_near{number}", each, ""] for number, each in enumerate(near)]
    if step.want == "yes_no":
        options += [["yes", turn.ours("yes"), ""], ["no", turn.ours("no"), ""]]
    if step.optional:
        options.append(["_skip", turn.ours("skip"), ""])
    text, options = turning.with_person(turn, text, options)
    files = step.files if not turn.walk.misses else ()
    turning.ask(turn, text, options, files=files)


def reply_ask(turn: Turn, step: AskStep, pick: str) -> Goal:
    walk, said = turn.walk, turn.said
    assert said is not None
    if walk.phase == "confirm":
        return _confirmed(turn, step, pick)
    if pick == "_skip":
        return turning.answered(turn, step, None, "")
    if step.want in FILE_KINDS and gather(turn, FILE_KINDS[step.want]):
        return None
    if pick.startswith("_near"):
        title = next(option[1] for option in walk.options if option[0] == pick)
        return _understood(turn, step, Got(title, title))
    if step.want == "yes_no" and pick in {"yes", "no"}:
        return _understood(turn, step, Got(pick == "yes", turn.ours(pick)))
    found = understanding.understand(step, said, turn.world, walk.language)
    if isinstance(found, Got):
        return _understood(turn, step, found)
    sentence = turn.text(step.error) or turn.ours(found.code, **found.values)
    if (goal := turning.missed(turn, step, sentence)) is not None:
        return goal
    if found.near:
        sentence = f"{sentence}\n\n{turn.ours('did_you_mean')}"
    _put(turn, step, sentence if found.near else f"{sentence}\n\n{turn.text(step.text)}", found.near[:3])
    return None


def _understood(turn: Turn, step: AskStep, found: Got) -> Goal:
    if not step.confirm:
        return turning.answered(turn, step, found.value, found.shown)
    turn.walk.phase = "confirm"
    turn.walk.data = {"value": found.value, "shown": found.shown}
    _ask_yes(turn, turn.ours("is_it_right", shown=found.shown))
    return None


def _ask_yes(turn: Turn, text: str) -> None:
    turning.ask(turn, text, [["yes", turn.ours("yes"), ""], ["no", turn.ours("no"), ""]])


def _yes(turn: Turn, pick: str) -> bool | None:
    if pick in {"yes", "no"}:
        return pick == "yes"
    return understanding.yes_or_no(turn.said.text) if turn.said else None


def _confirmed(turn: Turn, step: AskStep, pick: str) -> Goal:
    walk = turn.walk
    answer = _yes(turn, pick)
    if answer:
        return turning.answered(turn, step, walk.data["value"], walk.data["shown"])
    if answer is None and (goal := turning.missed(turn, step, turn.ours("yes_or_no"))) is not None:
        return goal
    if answer is None:
        _ask_yes(turn, f"{turn.ours('yes_or_no')}\n\n{turn.ours('is_it_right', shown=walk.data['shown'])}")
        return None
    walk.phase, walk.data = "", {}
    _put(turn, step, turn.text(step.text))
    return None


# ── Files: several within moments are one answer ──────────────────────────


def gather(turn: Turn, kinds: set[str]) -> bool:
    """Take files of the wanted kinds and wait a moment for more. False where there were none."""
    walk, said = turn.walk, turn.said
    assert said is not None
    found = _new(turn, kinds)
    if not found:
        return False
    if walk.waits != FILES:  # a new moment: what came before was looked at
        walk.data = {name: value for name, value in walk.data.items() if name not in {"files", "words", "since"}}
    walk.data["had"] = [*walk.data.get("had", []), *found]
    walk.data["files"] = list(dict.fromkeys([*walk.data.get("files", []), *found]))  # an album's message names all it has so far
    if said.text.strip():
        walk.data["words"] = f"{walk.data.get('words', '')}\n{said.text.strip()}".strip()
    walk.waits, walk.until = FILES, turning.after(turn.world.now, MOMENT)
    return True


def _new(turn: Turn, kinds: set[str]) -> list[str]:
    """The files of a message that were not taken yet: an album's message names all it has so far."""
    walk, said = turn.walk, turn.said
    assert said is not None
    used = {number for value in walk.answers.values() if isinstance(value, list) for number in value if isinstance(number, str)}
    used |= set(walk.data.get("had", []))
    return list(dict.fromkeys(number for number, kind in said.files if kind in kinds and number not in used))


def wanted(turn: Turn) -> bool:
    """Say whether a message brings files that the question wants."""
    step = turn.step
    kinds = FILE_KINDS["photo"] if isinstance(step, Meter) else FILE_KINDS.get(getattr(step, "want", ""), set())
    return bool(_new(turn, kinds))


def join_late(turn: Turn) -> bool:
    """Lay files that came after their moment beside the others. False where none belong to the answer before."""
    walk, said = turn.walk, turn.said
    assert said is not None
    name = walk.shown[-1][0] if walk.shown else ""
    step = next((each for each in turn.dialog.steps if isinstance(each, AskStep) and each.want in FILE_KINDS and each.name == name), None)
    kept = walk.answers.get(name)
    if step is None or not isinstance(kept, list) or walk.asked_at is None:
        return False
    album = any(number in kept for number, _kind in said.files)
    new = _new(turn, FILE_KINDS[step.want])[: step.check.most_files - len(kept)]
    if not new or (not album and turn.world.now - walk.asked_at > LATE):
        return False
    walk.answers[name] = [*kept, *new]
    walk.shown[-1][2] = sentences.files(len(kept) + len(new), walk.language)
    if not album or not walk.data.get("joined"):
        turn.say(turn.ours("joined"))  # the question still stands above
    walk.data["joined"] = True
    return True


def more_files(turn: Turn) -> Goal:
    """Something came within the moment: another file, or words that belong to them."""
    step, said = turn.step, turn.said
    assert said is not None
    kinds = FILE_KINDS[step.want] if isinstance(step, AskStep) else FILE_KINDS["photo"]
    if gather(turn, kinds):
        return None
    if said.text.strip():
        turn.walk.data["words"] = f"{turn.walk.data.get('words', '')}\n{said.text.strip()}".strip()
    return take_files(turn)


def take_files(turn: Turn) -> Goal:
    """The moment is over: what came is the answer."""
    walk, step = turn.walk, turn.step
    if isinstance(step, Meter):
        return _see(turn, step)
    assert isinstance(step, AskStep)
    found: list[str] = walk.data["files"]
    if len(found) > step.check.most_files:
        turn.say(turn.ours("photos_too_many", most=str(step.check.most_files)))
        found = found[: step.check.most_files]
    if words := walk.data.get("words"):
        walk.keep(f"{step.name}_words", words, turn.ours("words_with_files"), words)
    return turning.answered(turn, step, found, sentences.files(len(found), walk.language))


# ── Choose ────────────────────────────────────────────────────────────────


def enter_choose(turn: Turn, step: Choose) -> Goal:
    _put_choices(turn, step, turn.text(step.text))
    return None


def _put_choices(turn: Turn, step: Choose, text: str) -> None:
    options = [_option(turn, option) for option in step.options]
    text, options = turning.with_person(turn, text, options)
    turning.ask(turn, text, options, files=step.files if not turn.walk.misses else (), label=turn.words(step.label))


def _option(turn: Turn, option: Any) -> list[str]:
    """An option with all its words, in every language: whoever reads German may write English."""
    words = [word for each in option.words.values() for word in each]
    others = list(option.title.values())
    return [option.id, turn.words(option.title), turn.words(option.description), *others, *words]


def reply_choose(turn: Turn, step: Choose, pick: str) -> Goal:
    option = next((each for each in step.options if each.id == pick), None)
    if option is None:
        sentence = turn.text(step.error) or f"{turn.ours('not_understood')} {turn.ours('pick_one')}"
        if turn.said and turn.said.kind in {"media", "sticker"} and not turn.text(step.error):
            sentence = f"{turn.ours('want_text_not_voice')} {turn.ours('pick_one')}"
        if (goal := turning.missed(turn, step, sentence)) is not None:
            return goal
        _put_choices(turn, step, f"{sentence}\n\n{turn.text(step.text)}")
        return None
    goal = turning.answered(turn, step, option.id, turn.words(option.title))
    return option.next or goal


# ── Book ──────────────────────────────────────────────────────────────────


def enter_book(turn: Turn, step: Book) -> Goal:
    return _put_days(turn, step, turn.text(step.text) or turn.ours("pick_day"))


def _put_days(turn: Turn, step: Book, text: str) -> Goal:
    slots = list(turn.world.free(step.offer, step.days))
    if not slots:
        turn.say(turn.text(step.none) or turn.ours("no_times"))
        return turn.dialog.goal(step, step.on_none)
    turn.walk.phase, turn.walk.data = "day", {"slots": [[each.begins_at.isoformat(), each.day, each.clock] for each in slots]}
    days = list(dict.fromkeys(each.day for each in slots))
    text, options = turning.with_person(turn, text, [[f"_day{number}", day, ""] for number, day in enumerate(days)])
    turning.ask(turn, text, options)
    return None


def _put_times(turn: Turn, day: str, before: str = "") -> None:
    walk = turn.walk
    walk.phase, walk.data["day"] = "time", day
    clocks = [clock for _moment, each, clock in walk.data["slots"] if each == day][:9]
    options = [[f"_time{number}", clock, ""] for number, clock in enumerate(clocks)]
    text = turn.ours("pick_time", day=day)
    turning.ask(turn, f"{before}\n\n{text}".strip(), [*options, ["_days", turn.ours("other_day"), ""]])


def reply_book(turn: Turn, step: Book, pick: str) -> Goal:
    walk = turn.walk
    slots = [Slot(datetime.fromisoformat(moment), day, clock) for moment, day, clock in walk.data["slots"]]
    days = list(dict.fromkeys(each.day for each in slots))
    if pick.startswith("_days"):
        return _put_days(turn, step, turn.ours("pick_day"))
    if walk.phase == "day":
        if (day := _day_of(turn, pick, days, slots)) is not None:
            _put_times(turn, day)
            return None
        return _not_booked(turn, step)
    wanted = [each for each in slots if each.day == walk.data["day"]]
    slot = _slot_of(turn, pick, wanted)
    if slot is None:
        return _not_booked(turn, step)
    booked = turn.world.book(step.offer, slot.begins_at, turning.summary(turn))
    if booked == "limit":  # whatever they picked instead, it would be one too many
        turn.say(turn.ours("limit"))
        return turn.dialog.goal(step, step.on_none)
    if isinstance(booked, str):
        if (goal := turning.missed(turn, step, turn.ours("taken"))) is not None:  # nobody is asked for ever
            return goal
        return _put_days(turn, step, turn.ours("taken"))
    walk.answers[f"{step.name}_number"] = booked.number
    walk.keep(step.name, {"code": booked.code, "when": booked.when, "where": booked.where}, turn.words(step.title), booked.when)
    walk.answers[f"{step.name}_code"], walk.answers[f"{step.name}_where"] = booked.code, booked.where
    turn.trace("answered")
    walk.trail.clear()  # no way back behind a booking: it is made
    return turn.dialog.goal(step, step.next)


def _day_of(turn: Turn, pick: str, days: Sequence[str], slots: Sequence[Slot]) -> str | None:
    if pick.startswith("_day"):
        number = int(pick.removeprefix("_day"))
        return days[number] if number < len(days) else None
    wanted = understanding.date_in(turn.said.text, turn.world.now.date()) if turn.said and turn.said.text else None
    return next((each.day for each in slots if each.begins_at.date() == wanted), None)


def _slot_of(turn: Turn, pick: str, wanted: Sequence[Slot]) -> Slot | None:
    if pick.startswith("_time"):
        number = int(pick.removeprefix("_time"))
        return wanted[number] if number < len(wanted) else None
    spoken = understanding.time_in(turn.said.text) if turn.said and turn.said.text else None
    return next((each for each in wanted if spoken and each.clock == spoken.strftime("%H:%M")), None)


def _not_booked(turn: Turn, step: Book) -> Goal:
    sentence = turn.text(step.error) or turn.ours("pick_one")
    if (goal := turning.missed(turn, step, sentence)) is not None:
        return goal
    if turn.walk.phase == "time":
        _put_times(turn, turn.walk.data["day"], sentence)
        return None
    return _put_days(turn, step, sentence)


# ── Meter ─────────────────────────────────────────────────────────────────


def enter_meter(turn: Turn, step: Meter) -> Goal:
    turn.walk.phase = "photo"
    turning.ask(turn, turn.text(step.text) or turn.ours("meter_ask"), files=step.files)
    return None


def reply_meter(turn: Turn, step: Meter, pick: str) -> Goal:
    walk = turn.walk
    if gather(turn, FILE_KINDS["photo"]):  # a better photo instead of yes or no is looked at, too
        return None
    if walk.phase in {"seen", "doubt"}:
        return _meter_confirmed(turn, step, pick)
    value = understanding.number_in(turn.said.text, walk.language) if turn.said else None
    if value is None or not 0 <= value < MOST_VALUE:
        sentence = turn.text(step.error) or turn.ours("not_a_number")
        if (goal := turning.missed(turn, step, sentence)) is not None:
            return goal
        text, options = turning.with_person(turn, f"{sentence}\n\n{turn.ours('meter_ask')}", [])
        turning.ask(turn, text, options)
        return None
    return _judge(turn, step, str(value))


def _see(turn: Turn, step: Meter) -> Goal:
    """Read the photo; where it has not come from the messenger yet, look again soon."""
    walk, world = turn.walk, turn.world
    photos: list[str] = walk.data["files"]
    since = datetime.fromisoformat(walk.data.setdefault("since", world.now.isoformat()))
    for photo in photos[:MOST_SEEN]:
        seen = world.see_meter(step.meter, photo, step.digits, step.decimals)
        if seen.pending and world.now - since < MEDIA_WITHIN:
            walk.waits, walk.until = FILES, turning.after(world.now, MOMENT)
            return None
        if seen.sure:
            break
    walk.data["photo"] = photo if seen.sure else photos[0]
    if not seen.sure:
        typed = understanding.number_in(walk.data.get("words", ""), walk.language)
        if typed is not None and 0 <= typed < MOST_VALUE:  # they wrote it below the photo
            return _judge(turn, step, str(typed))
        walk.phase = "type"
        turning.ask(turn, turn.ours("meter_unseen"))
        return None
    walk.phase, walk.data["value"] = "seen", seen.text
    _ask_yes(turn, turn.ours("meter_seen", shown=_shown(turn, step, seen.text)))
    return None


def _shown(turn: Turn, step: Meter, read: str) -> str:
    """A reading as the counter shows it: with the zeros before it, no marks between thousands."""
    shown = read if turn.walk.language == "en" else read.replace(".", ",")
    return f"{shown} {UNITS[step.meter]}"


def _judge(turn: Turn, step: Meter, read: str) -> Goal:
    walk, value = turn.walk, Decimal(read)
    doubts = list(turn.world.judge_meter(step.meter, turn.fill(step.number), str(value)))
    if "digits" in doubts or (step.digits and len(str(int(value))) > step.digits):
        if (goal := turning.missed(turn, step, turn.ours("meter_digits"))) is not None:
            return goal
        walk.phase = "type"
        turning.ask(turn, turn.ours("meter_digits"))
        return None
    walk.data["value"], walk.data["doubts"] = read, doubts
    if doubts:
        walk.phase = "doubt"
        _ask_yes(turn, turn.ours("meter_doubt", shown=_shown(turn, step, read)))
        return None
    return _keep_meter(turn, step, ())


def _meter_confirmed(turn: Turn, step: Meter, pick: str) -> Goal:
    walk = turn.walk
    answer = _yes(turn, pick)
    typed = understanding.number_in(turn.said.text, walk.language) if turn.said and answer is None else None
    if typed is not None and 0 <= typed < MOST_VALUE:  # "nein, 1235,5", or the right number at once
        return _judge(turn, step, str(typed))
    if answer is None:
        if (goal := turning.missed(turn, step, turn.ours("yes_or_no"))) is not None:
            return goal
        _ask_yes(turn, f"{turn.ours('yes_or_no')} **{_shown(turn, step, walk.data['value'])}**?")
        return None
    if not answer:
        walk.phase = "type"
        turning.ask(turn, turn.ours("meter_type"))
        return None
    return _judge(turn, step, walk.data["value"]) if walk.phase == "seen" else _keep_meter(turn, step, walk.data["doubts"])


def _keep_meter(turn: Turn, step: Meter, doubts: Sequence[str]) -> Goal:
    walk = turn.walk
    read = walk.data["value"]
    value = str(Decimal(read))
    turn.world.keep_meter(step.meter, turn.fill(step.number), value, walk.data.get("photo", ""), doubts)
    walk.keep(step.name, value, turning.heading(turn, step), _shown(turn, step, read))
    walk.trail.clear()  # no way back behind it: it is kept
    turn.trace("answered")
    return turn.dialog.goal(step, step.on_doubt or step.next) if doubts else turn.dialog.goal(step, step.next)
