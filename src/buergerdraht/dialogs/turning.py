"""One turn of a walk: what every kind of step needs to speak, to ask and to wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from buergerdraht.connectors import markdown
from buergerdraht.connectors.contract import Choice, Content, Media
from buergerdraht.dialogs import filling
from buergerdraht.dialogs.document import FILE_NAME, Dialog, File, Question, Step, Texts
from buergerdraht.dialogs.walk import ANSWER, Said, Walk, World

MOST_MOVES = 100  # steps in one turn: more is a loop
PERSON_OPTION = "_person"
SENTENCE_ENDS = ("?", ".", "!", "…")
ROOM_FOR_PERSON = 2  # options beside which the button to a person still fits on every messenger
Goal = str | None  # where to go on; None: wait for what comes


class Missing(Exception):
    """The document of a walk is gone, or the step it stands at."""


@dataclass(slots=True)
class Turn:
    walk: Walk
    world: World
    said: Said | None = None
    moves: int = 0
    spoken: bool = False  # something was said in this turn
    documents: dict[tuple[str, int], Dialog] = field(default_factory=dict)

    @property
    def dialog(self) -> Dialog:
        here = self.walk.here
        found = self.documents.get((here.dialog, here.version))
        if found is None:
            found = self.world.dialog(here.dialog, here.version)
            if found is None:
                raise Missing
            self.documents[here.dialog, here.version] = found
        return found

    @property
    def step(self) -> Step:
        found = self.dialog.step(self.walk.here.step)
        if found is None:
            raise Missing
        return found

    def facts(self) -> dict[str, Any]:
        """What texts speak of. `answers` are as people read them, `raw` as they were kept."""
        shown = {name: words for name, _title, words in self.walk.shown}
        raw = {name: filling.owned(value) for name, value in self.walk.answers.items()}
        return {**self.world.facts(), "answers": {**raw, **shown}, "raw": raw, "outcome": self.walk.outcome}

    def fill(self, text: str) -> str:
        return filling.fill(text, self.facts()) if "{" in text else text

    def text(self, texts: Texts) -> str:
        """A text to be said, in the citizen's language, else in the dialog's first, filled."""
        text = self.pick(texts)
        return (filling.say(text, self.facts()) if "{" in text else text).strip()

    def words(self, texts: Texts) -> str:
        """Words without marks, filled: titles, and what people of ours read."""
        return self.fill(self.pick(texts)).strip()

    def pick(self, texts: Texts) -> str:
        return texts.get(self.walk.language) or texts.get(self.dialog.languages[0]) or next(iter(texts.values()), "")

    def ours(self, key: str, **values: str) -> str:
        """A sentence of the house; what is filled in is taken literally."""
        return self.world.sentence(key, self.walk.language, {name: filling.escaped(each) for name, each in values.items()})

    def say(self, text: str, files: Sequence[File] = (), choices: Sequence[Choice] = ()) -> None:
        media = self.media(files)
        if text or media:
            self.speak(Content(text=text, media=media, choices=choices, preview_link=False))

    def media(self, files: Sequence[File]) -> list[Media]:
        """The files that are there. What is filled in names files of the shelf alone: no answer leads to somebody's photo by its id."""
        found = []
        for each in files:
            name = self.fill(each.file).strip()
            if (name == each.file or FILE_NAME.fullmatch(name)) and (media := self.world.media(name, self.words(each.alt))):
                found.append(media)
        return found

    def speak(self, content: Content) -> None:
        self.spoken = True
        self.world.say(content)

    def trace(self, what: str, text: str = "") -> None:
        here = self.walk.here
        self.world.trace(here.dialog, here.step, what, text)

    def reach(self) -> None:
        """Note that this walk came to a step, once however often it comes back."""
        here = self.walk.here
        if (place := f"{here.dialog}.{here.step}") not in self.walk.been:
            self.walk.been.append(place)
            self.trace("reached")


def stand(turn: Turn, step: Step) -> None:
    """Come to a step: nothing of the one before counts any more."""
    walk = turn.walk
    walk.here.step = step.id
    walk.waits, walk.until, walk.asked_at, walk.reminded = "", None, None, False
    walk.options, walk.misses, walk.phase, walk.data = [], 0, "", {}


def ask(turn: Turn, text: str, options: Sequence[Sequence[str]] = (), *, files: Sequence[File] = (), label: str = "") -> None:
    """Put a question with what can be tapped, and wait. `options`: id, title, description, other words."""
    walk = turn.walk
    if not walk.tipped:
        walk.tipped = True
        footer = turn.ours("tip")
    else:
        footer = ""
    walk.serial += 1
    walk.options = [[each[0], each[1], *each[3:]] for each in options]
    choices = [Choice(id=f"d:{walk.mark}:{walk.serial}:{each[0]}", title=each[1], description=each[2]) for each in options]
    turn.speak(
        Content(
            text=text or "…",
            media=turn.media(files),
            choices=choices,
            choices_label=label or turn.ours("choose"),
            footer=footer,
            preview_link=False,
        )
    )
    wait_for_answer(turn)


def wait_for_answer(turn: Turn) -> None:
    """Wait, remind once after a while, and end it after a longer one."""
    walk, dialog = turn.walk, turn.dialog
    walk.waits, walk.asked_at, walk.reminded = ANSWER, turn.world.now, False
    remind = _remind_after(turn)
    first = min(remind or dialog.expire_after, dialog.expire_after)
    walk.until = after(turn.world.now, timedelta(minutes=first))


def after(moment: datetime, span: timedelta) -> datetime:
    """A moment later, by the stopwatch: where clocks go back an hour, a local sum would be wrong by it."""
    return moment.astimezone(UTC) + span


def _remind_after(turn: Turn) -> int:
    step = turn.dialog.step(turn.walk.here.step)
    own = step.remind_after if isinstance(step, Question) else 0
    return own or turn.dialog.remind_after


def silent(turn: Turn) -> bool:
    """Nothing came in time: remind, or say goodbye. True where it ends."""
    walk, dialog = turn.walk, turn.dialog
    remind = _remind_after(turn)
    if reminds(turn) and walk.asked_at:
        walk.reminded = True
        left = timedelta(minutes=dialog.expire_after - remind)  # also where the reminder waited for the morning
        walk.until = max(after(walk.asked_at, timedelta(minutes=dialog.expire_after)), after(turn.world.now, left))
        turn.say(turn.text(dialog.remind) or turn.ours("remind"), choices=shown_options(turn))
        return False
    return True


def reminds(turn: Turn) -> bool:
    """Say whether a reminder is still to come at the question that stands."""
    return not turn.walk.reminded and 0 < _remind_after(turn) < turn.dialog.expire_after and turn.walk.asked_at is not None


def shown_options(turn: Turn) -> list[Choice]:
    """What can be tapped at the question that stands, as it was."""
    walk = turn.walk
    return [Choice(id=f"d:{walk.mark}:{walk.serial}:{each[0]}", title=each[1]) for each in walk.options]


def missed(turn: Turn, step: Question, sentence: str) -> str | None:
    """Something was not understood: count it, and say where it goes when it was once too often, else the sentence to ask again with."""
    walk = turn.walk
    walk.misses += 1
    turn.trace("misunderstood", turn.said.text[:200] if turn.said else "")
    if walk.misses >= step.tries:
        turn.say(sentence)
        return turn.dialog.goal(step, step.otherwise)
    return None


def with_person(turn: Turn, text: str, options: list[list[str]]) -> tuple[str, list[list[str]]]:
    """After two misunderstandings a person is offered: as a button where it fits, else in words."""
    if turn.walk.misses < 2:
        return text, options
    if len(options) <= ROOM_FOR_PERSON:
        return text, [*options, [PERSON_OPTION, turn.ours("person"), ""]]
    return f"{text}\n\n{turn.ours('offer_person')}", options


def summary(turn: Turn) -> str:
    """All answers, as people of ours read them: without marks."""
    called = ((title or name, shown) for name, title, shown in turn.walk.shown)
    return "\n".join(f"{title} {shown}" if title.endswith(SENTENCE_ENDS) else f"{title}: {shown}" for title, shown in called)


def heading(turn: Turn, step: Question) -> str:
    """What an answer is called in the summary: its title, else how the question begins."""
    return turn.words(step.title) or markdown.plain(markdown.read(turn.text(step.text))).strip().split("\n")[0][:80]


def answered(turn: Turn, step: Question, value: Any, shown: str) -> str:
    """Keep an answer and go on."""
    walk = turn.walk
    walk.keep(step.name, value, heading(turn, step).rstrip(":"), shown)
    walk.trail.append([walk.here.dialog, step.id])
    turn.trace("answered")
    return turn.dialog.goal(step, getattr(step, "next", ""))
