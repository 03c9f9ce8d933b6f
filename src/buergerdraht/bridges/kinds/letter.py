"""What is handed to another system, and what comes back: values without tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings

from buergerdraht.gateway import outward
from buergerdraht.gateway.outward import Ask, Heard, Undelivered

SECONDS = 20.0
LARGEST = 2 * 1024 * 1024  # bytes of an answer


class Trouble(Exception):
    """It did not work. `problem` is a code of words.PROBLEMS; `final`: no other try helps; `doubt`: it may have arrived."""

    def __init__(self, problem: str, *, final: bool = False, doubt: bool = False, status: int | None = None) -> None:
        super().__init__(problem)
        self.problem, self.final, self.doubt, self.status = problem, final, doubt, status


@dataclass(frozen=True)
class Picture:
    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Letter:
    """A case, or what happened to it later, as another system is told. `mark` names this letter once and for all.

    Nobody's name, number or address is in it: what stands in `text` are the words the authority lets out.
    """

    mark: str
    number: str
    category: str
    service: str  # their code for the category
    text: str
    at: datetime
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    answers: Sequence[tuple[str, str, str]] = ()  # key, question, answer
    pictures: Sequence[Picture] = ()
    picture_link: str = ""  # of a released one
    link: str = ""  # to the case in our console
    language: str = "de"
    state: str = ""  # of the case, where a later letter says that it changed
    first_at: datetime | None = None  # of the first try
    inner: bool = False  # for the office there alone, not for whoever reported


@dataclass(frozen=True)
class There:
    """What is known of a case at theirs. Empty: they did not say."""

    external_id: str = ""
    token: str = ""
    link: str = ""


class Kind(Protocol):
    """What every file here offers."""

    def hand_over(self, config: Any, letter: Letter, *, doubt: bool) -> There: ...

    def add(self, config: Any, there: There, letter: Letter, *, doubt: bool) -> None: ...

    def check(self, config: Any) -> None: ...


def ask(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Heard:
    """Call another system. Raises Trouble where no answer came."""
    try:
        return outward.ask(Ask(method, url, headers, body, SECONDS, LARGEST), getattr(settings, "CALL_NETWORKS", []), plain=True)
    except Undelivered as problem:
        asking = method == "GET"
        raise Trouble(
            problem.problem, final=problem.problem == "address_refused", doubt=problem.maybe and not asking, status=problem.status
        ) from None


def judge(heard: Heard) -> Heard:
    """Let through what was done; else raise Trouble with what another try is worth."""
    status = heard.status
    if 200 <= status < 300:
        return heard
    if 300 <= status < 400:
        raise Trouble("redirected", status=status)
    if status in {401, 403}:
        raise Trouble("forbidden", status=status)
    if status == 404:
        raise Trouble("nothing_there", status=status)
    if status in {408, 425, 429}:
        raise Trouble("busy", status=status)
    if status >= 500:
        raise Trouble("broken", status=status, doubt=status in {502, 504})
    raise Trouble("refused", final=True, status=status)


@contextmanager
def taken() -> Iterator[None]:
    """Around the reading of what a POST was answered: it was taken, so what cannot be read leaves it in doubt."""
    try:
        yield
    except Trouble as trouble:
        raise Trouble(trouble.problem, doubt=True, status=trouble.status) from None
