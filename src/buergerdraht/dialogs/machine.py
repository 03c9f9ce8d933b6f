"""Move one citizen's walk: begin it, take what they say, wake it when its time has come, tell it what a call brought.

Pure but for the World it is given: the same walk, the same words and the same world lead to the same end. Every turn ends with a word to
the citizen or a reason to wait, never with neither (law 11): whatever goes wrong in a document, a person takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from buergerdraht.contacts import words
from buergerdraht.dialogs import acts, matching, questions, turning
from buergerdraht.dialogs.document import END, MENU, PERSON, AskStep, Call, Choose, Dialog, HandOver, Question, Wait
from buergerdraht.dialogs.turning import MOST_MOVES, PERSON_OPTION, Goal, Missing, Turn
from buergerdraht.dialogs.walk import ANSWER, CALL, EXPIRED, FILES, KNOCK, LEFT, RUNNING, SILENCE, TIME, Frame, Opening, Said, Walk, World

BEGIN = "begin"  # what a walk that knocked before its first step waited for
KNOCKS_FOR = timedelta(days=7)  # whoever answers a template later begins a new matter
BACK, TO_MENU, TO_PERSON, SKIP = words.BACK, words.MENU, words.PERSON, words.SKIP

ENTER: Mapping[str, Callable[[Turn, Any], Goal]] = {
    "say": acts.enter_say, "ask": questions.enter_ask, "choose": questions.enter_choose, "branch": acts.enter_branch,
    "set": acts.enter_set, "subscribe": acts.enter_subscribe, "case": acts.enter_case, "book": questions.enter_book,
    "call": acts.enter_call, "look_up": acts.enter_look_up, "meter": questions.enter_meter, "hand_over": acts.enter_hand_over,
    "start": acts.enter_start, "wait": acts.enter_wait, "send": acts.enter_send, "end": acts.enter_end,
}  # fmt: skip
REPLY: Mapping[str, Callable[[Turn, Any, str], Goal]] = {
    "ask": questions.reply_ask, "choose": questions.reply_choose, "book": questions.reply_book, "meter": questions.reply_meter,
}  # fmt: skip


# ── What happens to a walk ────────────────────────────────────────────────


def begin(dialog: Dialog, version: int, world: World, opening: Opening) -> Walk:
    """Begin a dialog and go to its first question."""
    walk = before(dialog, version, opening)
    turn = Turn(walk, world, documents={(dialog.key, version): dialog})
    turn.trace("started")
    _go(turn, dialog.steps[0].id)
    return walk


def before(dialog: Dialog, version: int, opening: Opening) -> Walk:
    """Give a walk that stands before the first step of a dialog."""
    base = opening.language.split("-")[0]
    spoken = next((each for each in (opening.language, base) if each in dialog.languages), dialog.languages[0])
    return Walk(frames=[Frame(dialog.key, version, dialog.steps[0].id)], mark=opening.mark, language=spoken, answers=dict(opening.known))


def knock(walk: Walk, world: World) -> None:
    """Stand where it stands until they answer the template that was sent: nothing else may be said before."""
    walk.knocked, walk.waits = walk.waits or BEGIN, KNOCK
    walk.until = turning.after(world.now, KNOCKS_FOR)
    Turn(walk, world).trace("knocked")


def speaks(walk: Walk, world: World) -> bool:
    """Say whether something of weight comes when it is woken of itself: more than a farewell to whoever was silent."""
    if walk.waits != ANSWER:
        return walk.waits in {TIME, SILENCE}
    try:
        return turning.reminds(Turn(walk, world))
    except Missing:
        return False


def unsaid(walk: Walk, world: World) -> None:
    """Note for the figures that something could not be said."""
    Turn(walk, world).trace("unsaid")


def answer(walk: Walk, said: Said, world: World) -> None:
    """Take what the citizen said; a walk that is at its end hears nothing any more."""
    if walk.state != RUNNING:
        return
    turn = Turn(walk, world, said)
    _guarded(turn, _answer)


def wake(walk: Walk, world: World) -> None:
    """Its time has come: reminders, ends of silence, moments that are over, calls that never came back."""
    _guarded(Turn(walk, world), _wake)


def called(walk: Walk, serial: int, outcome: str, answers: Mapping[str, str], world: World) -> bool:
    """Tell a walk what a call brought. False where it no longer waits for this one."""
    if walk.state != RUNNING or walk.waits != CALL or walk.serial != serial:
        return False
    turn = Turn(walk, world)

    def go_on(turn: Turn) -> Goal:
        step = turn.step
        assert isinstance(step, Call)
        return acts.called(turn, step, outcome, answers)

    _guarded(turn, go_on)
    return True


def resume(walk: Walk, world: World) -> None:
    """Go on where it stood: the question is put again, as if it were new; a time that is over is over."""
    turn = Turn(walk, world)
    walk.state = RUNNING
    turn.say(turn.ours("picked_up"))
    _guarded(turn, _pick_up)


def _pick_up(turn: Turn) -> Goal:
    walk, step = turn.walk, turn.step
    over = walk.waits == KNOCK or bool(walk.until and walk.until <= turn.world.now)
    if walk.waits == KNOCK:
        walk.waits, walk.knocked = walk.knocked, ""
    if isinstance(step, Wait) and walk.until:
        return turn.dialog.goal(step, step.next) if over else None
    return MENU if isinstance(step, HandOver) else turn.walk.here.step


def give_up(walk: Walk, world: World) -> None:
    """Something failed that should not: a person takes over."""
    _lost(Turn(walk, world))


def leave(walk: Walk, world: World) -> None:
    """They went away by themselves."""
    Turn(walk, world).trace("left")
    walk.state, walk.waits, walk.until, walk.options = LEFT, "", None, []


# ── How ───────────────────────────────────────────────────────────────────


def _guarded(turn: Turn, move: Callable[[Turn], Goal]) -> None:
    try:
        goal = move(turn)
        if goal is not None:
            _go(turn, goal)
    except Missing:
        _lost(turn)


def _go(turn: Turn, goal: Goal) -> None:
    """Walk from step to step until somebody is waited for."""
    try:
        while goal is not None:
            turn.moves += 1
            goal = _enter(turn, goal) if turn.moves <= MOST_MOVES else _lost(turn)
    except Missing:
        _lost(turn)


def _enter(turn: Turn, goal: str) -> Goal:
    if goal == END:
        return acts.finish(turn)
    if goal == PERSON:
        acts.hand_over(turn, "", turn.ours("handed" if turn.world.office_open() else "handed_away"))
        return None
    step = turn.dialog.step(turn.dialog.menu if goal == MENU else goal)
    if step is None:
        return _lost(turn)
    turning.stand(turn, step)
    turn.reach()
    return ENTER[step.kind](turn, step)  # type: ignore[attr-defined]


def _lost(turn: Turn) -> Goal:
    """A loop, a missing step, a document that is gone: a person takes over, and the figures show where."""
    acts.hand_over(turn, "", turn.ours("lost"))
    return None


def _answer(turn: Turn) -> Goal:
    walk, said = turn.walk, turn.said
    assert said is not None
    if walk.waits == CALL:
        turn.say(turn.ours("calling_wait"))  # the sessions keep it for later; in the phone it is said
        return None
    if walk.waits == KNOCK:
        return _let_in(turn)
    if walk.waits in {SILENCE, TIME}:
        step = turn.step
        assert isinstance(step, Wait)
        return turn.dialog.goal(step, step.on_message or step.next) if walk.waits == SILENCE else None
    if said.files and _command(said) != TO_PERSON and questions.wanted(turn):  # words below a photo are no command
        return questions.more_files(turn) if walk.waits == FILES else REPLY[turn.step.kind](turn, turn.step, "")  # type: ignore[attr-defined]
    if said.files and walk.waits == ANSWER and questions.join_late(turn):
        return None
    pick = _picked(turn)
    if said.choice.startswith("d:") and not pick and walk.waits == ANSWER:
        turn.say(turn.ours("old_choice"))
        return walk.here.step
    if pick == PERSON_OPTION:
        return PERSON
    if not pick and (name := _command(said)):
        return _obey(turn, name)
    if walk.waits == FILES:
        return questions.more_files(turn)
    step = turn.step
    return REPLY[step.kind](turn, step, pick)  # type: ignore[attr-defined]


def _let_in(turn: Turn) -> Goal:
    """They answered the template: go on as if the time had come just now. Words at a question that stands are an answer to it."""
    walk, said = turn.walk, turn.said
    assert said is not None
    walk.waits, walk.knocked = walk.knocked, ""
    if _command(said) == TO_PERSON:
        return PERSON
    if walk.waits == BEGIN:
        turn.trace("started")
        return walk.here.step
    return _answer(turn) if walk.waits == ANSWER and not said.choice else _wake(turn)


def _picked(turn: Turn) -> str:
    """The option that was tapped or typed, or "". At a question that wants words, a number is an answer and not an option's."""
    walk, said = turn.walk, turn.said
    assert said is not None
    ids = {option[0] for option in walk.options}
    if said.choice:
        head, _colon, name = said.choice.rpartition(":")
        return name if head == f"d:{walk.mark}:{walk.serial}" and name in ids else ""
    if not said.text or not walk.options:
        return ""
    step = turn.step
    if (
        isinstance(step, AskStep)
        and step.want != "yes_no"
        and not any(name.startswith("_near") for name in ids)
        and walk.phase != "confirm"
    ):
        bare = words.plain(said.text)
        return next((option[0] for option in walk.options if bare in {words.plain(each) for each in option[1:]}), "")
    if walk.phase in {"seen", "doubt", "time"} and matching.number_of(said.text) and not isinstance(step, Choose):
        return _numbered(walk, said.text) if walk.phase == "time" else ""
    return matching.choose(said.text, walk.options)


def _numbered(walk: Walk, text: str) -> str:
    """At times of day "9" is nine o'clock where that is offered, else the ninth."""
    number = matching.number_of(text)
    clock = next((option[0] for option in walk.options if option[1] == f"{number:02d}:00"), "")
    return clock or matching.choose(text, walk.options)


def _command(said: Said) -> str:
    return words.command(said.text, (BACK, TO_MENU, TO_PERSON, SKIP)) if said.text and not said.choice else ""


def _obey(turn: Turn, name: str) -> Goal:
    walk = turn.walk
    if name == TO_PERSON:
        return PERSON
    if name == SKIP and walk.waits == FILES:
        return questions.take_files(turn)  # what came is enough
    if name == SKIP:
        step = turn.step
        optional = isinstance(step, AskStep) and step.optional
        return questions.reply_ask(turn, step, "_skip") if optional else REPLY[step.kind](turn, step, "")  # type: ignore[arg-type,attr-defined]
    if name == TO_MENU:
        menu = turn.dialog.menu
        if isinstance(turn.dialog.step(menu), Choose) and menu != walk.here.step:
            return menu
        if not turn.world.show_menu():
            return walk.here.step
        turn.spoken = True
        leave(walk, turn.world)
        return None
    if walk.phase and walk.phase != "day" and isinstance(turn.step, Question):
        return walk.here.step  # within a step of several moves, back is its beginning
    while walk.trail:
        dialog, step_id = walk.trail.pop()
        if dialog == walk.here.dialog:
            return step_id
    turn.say(turn.ours("no_back"))
    return walk.here.step


def _wake(turn: Turn) -> Goal:
    walk = turn.walk
    if walk.waits == FILES:
        return questions.take_files(turn)
    if walk.waits == CALL:
        step = turn.step
        assert isinstance(step, Call)
        return acts.called(turn, step, "failure", {})
    if walk.waits in {SILENCE, TIME}:
        step = turn.step
        return turn.dialog.goal(step, getattr(step, "next", ""))
    if walk.waits == ANSWER and turning.silent(turn):
        turn.trace("expired")
        turn.say(turn.text(turn.dialog.expired) or turn.ours("expired"))
        walk.state, walk.waits, walk.until, walk.options = EXPIRED, "", None, []
    return None
