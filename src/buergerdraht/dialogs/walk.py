"""One citizen's way through a dialog, as it is kept between two messages; what they said; what the machine asks of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from buergerdraht.connectors.contract import Content, Media
from buergerdraht.dialogs.document import Call, Dialog

ANSWER, FILES, CALL, TIME, SILENCE = "answer", "files", "call", "time", "silence"  # what a walk waits for ...
KNOCK = "knock"  # ... or that they answer the template that was sent because the window is closed
RUNNING, DONE, LEFT, HANDED, EXPIRED = "running", "done", "left", "handed", "expired"  # how it stands


class Frame(msgspec.Struct):
    """Where a walk stands in one document; a dialog walked through as a part lies above the one that began it."""

    dialog: str
    version: int  # 0: the draft
    step: str


class Walk(msgspec.Struct):
    """A walk. `answers` are plain values by name; `shown` is what people read of them: name, title, words."""

    frames: list[Frame]
    mark: str = ""  # tells the buttons of this walk from those of others
    language: str = "de"
    state: str = RUNNING
    answers: dict[str, Any] = {}
    shown: list[list[str]] = []
    waits: str = ""
    asked_at: datetime | None = None
    until: datetime | None = None  # when to wake it, whatever it waits for
    reminded: bool = False
    serial: int = 0  # of the question that stands
    options: list[list[str]] = []  # of the question that stands: id, title, other words
    misses: int = 0  # at the question that stands
    phase: str = ""  # within a step of several moves
    data: dict[str, Any] = {}  # what such a step keeps
    trail: list[list[str]] = []  # questions answered, for the way back: dialog, step
    outcome: str = ""  # how the last call or part ended
    cases: int = 0  # opened so far
    been: list[str] = []  # the steps it came to, each once: dialog.step
    tipped: bool = False  # that there is a way back, a menu and a person was said
    knocked: str = ""  # what it waited for before it knocked; "begin": it stands before its first step
    unsaid: str = ""  # why it could not speak when it would have, a code of connectors.reasons

    @property
    def here(self) -> Frame:
        return self.frames[-1]

    def keep(self, name: str, value: Any, title: str, shown: str) -> None:
        """Keep an answer, and what the summary says of it; a second answer to the same question takes the first one's place."""
        self.answers[name] = value
        self.shown = [each for each in self.shown if each[0] != name]
        if shown:
            self.shown.append([name, title, shown])


class Opening(msgspec.Struct, frozen=True):
    """How a walk begins: whom it speaks to, what tells its buttons from others', and answers that are there already."""

    language: str = "de"
    mark: str = ""
    known: Mapping[str, str] = {}


class Said(msgspec.Struct, frozen=True):
    """What a citizen said, in one message. `files` are the gateway's media ids with their kinds."""

    text: str = ""
    choice: str = ""
    kind: str = "text"
    files: Sequence[tuple[str, str]] = ()
    place: tuple[float, float, str] | None = None  # latitude, longitude, words
    evidence: str = ""  # the message's id, for consent


class Matter(msgspec.Struct, frozen=True):
    """What a walk opens, the nth of it. `answers` hold its place and the media ids of its photos."""

    team: str
    label: str
    summary: str
    nth: int
    category: str = ""
    answers: Mapping[str, Any] = {}


class Slot(msgspec.Struct, frozen=True):
    begins_at: datetime
    day: str  # "Mittwoch, 2. Dezember"
    clock: str  # "09:30"


class Booked(msgspec.Struct, frozen=True):
    code: str
    when: str
    where: str
    number: int = 0  # the booking's, for its file


class MeterSeen(msgspec.Struct, frozen=True):
    """What our own eyes made of a photo: nothing, or a number with how sure they are."""

    text: str = ""
    sure: bool = False
    pending: bool = False  # the photo has not come yet


class World(Protocol):
    """What a walk needs of the house. The machine calls these and nothing else.

    One World is made for one citizen and one turn; what it does happens in the turn's transaction, or not at all.
    """

    now: datetime

    @property
    def channel(self) -> str: ...  # kind
    def sentence(self, key: str, language: str, values: Mapping[str, str]) -> str:
        """A sentence of every dialog (texts.yaml), as the authority says it."""

    def say(self, content: Content) -> None: ...
    def dialog(self, key: str, version: int) -> Dialog | None:
        """Give a document: in that version, or the live one (-1)."""

    def live(self, key: str) -> int:
        """The number of a dialog's live version; -1 where there is none."""

    def facts(self) -> Mapping[str, Any]:
        """What texts may speak of: contact (name, language, fields), organisation (name, phone …), now."""

    def field(self, name: str) -> str: ...
    def topics(self) -> frozenset[str]: ...
    def labels(self) -> frozenset[str]: ...
    def office_open(self) -> bool: ...
    def table(self, key: str) -> Sequence[Mapping[str, str]]: ...
    def keep(self, what: str, name: str, value: str) -> None:
        """Keep a field, a name, a label or a language of the citizen."""

    def subscribe(self, topics: Sequence[str], notice: str, evidence: str) -> None: ...
    def unsubscribe(self, topics: Sequence[str], evidence: str) -> None: ...
    def open_case(self, matter: Matter) -> str:
        """Open a case, or bring a matter before a team. Returns its number."""

    def hand_over(self, team: str, summary: str) -> None: ...
    def free(self, offer: str, most: int) -> Sequence[Slot]:
        """The free times of the next `most` days that have any."""

    def book(self, offer: str, begins_at: datetime, note: str) -> Booked | str:
        """Book, or say why not: "taken" where somebody was quicker, "limit" where they have as many as one person may."""

    def see_meter(self, kind: str, file: str, digits: int, decimals: int) -> MeterSeen: ...
    def judge_meter(self, kind: str, number: str, value: str) -> Sequence[str]:
        """Reasons (codes of the room meters) why a reading is doubtful."""

    def keep_meter(self, kind: str, number: str, value: str, file: str, doubts: Sequence[str]) -> None: ...
    def call(self, step: Call, serial: int, facts: Mapping[str, Any]) -> bool:
        """Begin a call; what comes of it is told to `machine.called` with this serial. False where it cannot even be begun."""

    def locked(self, system: str) -> bool: ...
    def failed_proof(self, system: str, tries: int, minutes: int) -> bool:
        """Count a wrong try. True where the lock fell."""

    def make_file(self, what: str, name: str, title: str, text: str, booking: int) -> Content | None:
        """Make a file for this citizen, as content to be sent."""

    def media(self, file: str, alt: str) -> Media | None:
        """A file of the dialog, or None where it is gone."""

    def lot(self, ways: int) -> int: ...
    def show_menu(self) -> bool:
        """Show the menu of the house. False where there is none."""

    def trace(self, dialog: str, step: str, what: str, text: str = "") -> None:
        """Note for the figures: started, reached (a step), answered, left, handed, misunderstood (with the text), done, expired."""
