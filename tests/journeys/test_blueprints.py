"""Every blueprint with dialogs is switched on in the browser; then citizens on WhatsApp and on Telegram go through all that it brings.

What they say and what must come of it are the blueprints' own examples, played here through provider, webhook, database and back. An
hour of silence is made by setting the walk's alarm clock forward in the database.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Page
from tests.conftest import Program, running_town
from tests.journeys.phones import PATIENCE, Phone, new_phone, titles

from buergerdraht.blueprints import reading
from buergerdraht.blueprints.dialogs_step import played
from buergerdraht.blueprints.pieces import Blueprint
from buergerdraht.dialogs.examples import play
from buergerdraht.house import postgres

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TALKING = {key: each for key, each in reading.all_blueprints().items() if each.dialogs}
KINDS = ("whatsapp", "telegram")
PLAYED_ELSEWHERE = {"call", "document", "note"}  # moves that need a system of the authority, or look into the house
EMERGENCIES = {"Gasgeruch"}  # the house itself answers these, before any dialog
MOMENT = 4.0  # seconds: photos that come within three are one answer
PRETENDED = re.compile(r"K7M4|\b20\d\d-\d+\b")  # numbers of bookings and matters in a play: here they are real ones
NAME = "Paula Beispiel"  # as in the examples
OF = (
    "dialogs_dialog d, contacts_address a, gateway_channel c where d.id = dialogs_session.dialog_id and d.key = %(key)s"
    " and a.id = dialogs_session.address_id and c.id = a.channel_id and c.kind = %(kind)s"
)
ALARM = "wakes_at - make_interval(mins => %(minutes)s)"
LATER = f"update dialogs_session set wakes_at = {ALARM} from {OF} and dialogs_session.state = 'running' and {ALARM} <= now()"  # noqa: S608
STATE = "select dialogs_session.state from dialogs_session, " + OF + " order by dialogs_session.id desc limit 1"  # noqa: S608


@dataclass
class Walk:
    """One citizen who plays an example."""

    phone: Phone
    database: str
    kind: str
    key: str
    seen: int = 0
    silent: int = 0  # minutes
    last: str = ""  # what they did last

    def move(self, move: Mapping[str, Any]) -> None:
        kind = next(iter(set(move) - {"text", "with", "answers"}))
        if kind == "expect":
            self._expect(str(move["expect"]))
        elif kind == "choices":
            self._until(lambda: self._offers(move["choices"]), f"choices {move['choices']}")
        elif kind == "state":
            self._until(lambda: self._state() == move["state"], f"state {move['state']}")
        else:
            self.silent = self.silent if kind == "wait" else 0
            if self.last in {"say", "tap"}:
                self._until(self._said, "an answer")  # nobody taps and types within one second, which is as fine as some clocks are
            self._listen()
            self.last = kind
            if kind not in {"tap", "wait", "moment"}:  # that looks for its button first
                self.seen = len(self.phone.received())
            self._do(kind, move)

    def _do(self, kind: str, move: Mapping[str, Any]) -> None:
        match kind:
            case "say":
                self.phone.write(str(move["say"]))
            case "tap":
                self._tap(str(move["tap"]))
            case "photo":
                for _ in range(int(move["photo"])):
                    self.phone.photo(str(move.get("text", "")))
            case "voice":
                self.phone.voice()
            case "place":
                latitude, longitude, *_name = move["place"]
                self.phone.place(latitude, longitude)
            case "wait":
                self._until(self._said, "an answer to their last words")
                self.silent += int(move["wait"])  # since they last said something: the walk counts from there
                self.seen = len(self.phone.received())
                for _alarm in range(2):  # a reminder, and the end
                    with psycopg.connect(self.database, autocommit=True) as connection:
                        connection.execute(LATER, {"minutes": self.silent, "key": self.key, "kind": self.kind})
                    time.sleep(1.2)
            case "moment":
                time.sleep(MOMENT)
                self._until(self._said, "what comes after the moment")
            case _:
                raise AssertionError(f"nobody can do {kind}")

    def _listen(self) -> None:
        """Let them speak out, as polite people do."""
        before = -1
        while before != (now := len(self.phone.received())):
            before = now
            time.sleep(0.4)

    def _tap(self, title: str) -> None:
        """Tap a button; where the messenger shows a numbered list instead, write the title."""
        offered = self._until(lambda: self._offers([title]), f"“{title}” to choose")
        self.seen = len(self.phone.received())
        if offered == "button":
            self.phone.tap(title)
        else:
            self.phone.write(title)

    def _offers(self, wanted: list[str]) -> str:
        for bubble in reversed(self.phone.received()[self.seen :]):  # an older question's buttons answer nothing
            if set(wanted) <= set(titles(bubble)):
                return "button"
            if all(plain(title) in plain(bubble.get("text", "")) for title in wanted):
                return "text"
        return ""

    def _expect(self, words: str) -> None:
        for part in PRETENDED.split(words):
            self._until(lambda: plain(part) in plain(self._said()), f"“{part}”")  # noqa: B023 - asked at once

    def _said(self) -> str:
        return " ".join(f"{bubble.get('header', '')} {bubble.get('text', '')}" for bubble in self.phone.received()[self.seen :])

    def _state(self) -> str:
        with psycopg.connect(self.database) as connection:
            row = connection.execute(STATE, {"key": self.key, "kind": self.kind})
            return str((row.fetchone() or [""])[0])

    def _until(self, true: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := true()):
            assert time.monotonic() < deadline, f"{self.key} on {self.phone.account}: waited for {what}; heard: {self._said()!r}"
            time.sleep(0.1)
        return found


def plain(text: str) -> str:
    """The bare words: messengers set bold and links in their own way."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def examples(blueprint: Blueprint, key: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The German examples of a dialog that need nothing but a messenger, and that hold today: some say "in a week" and mean a Monday."""
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    read = blueprint.dialog(key, "sie")
    reads_meters = any(step.kind == "meter" for step in read.steps)
    for piece in blueprint.examples.get(key, []):
        moves = piece.spoken("de", "sie", now.date())
        if piece.language in {"", "de"} and not any(set(move) & (PLAYED_ELSEWHERE - {"note"}) for move in moves):
            world = played(blueprint, "sie", "de", now.date())
            world.now, world.channel = now, piece.channel
            photographed = reads_meters and any("photo" in move for move in moves)  # a phone here takes pictures of holes in the road
            if photographed or piece.name in EMERGENCIES or not play(read, moves, world).good:
                continue
            yield piece.name, [move for move in moves if "note" not in move]


def opening(blueprint: Blueprint, key: str) -> str:
    """The word that begins a dialog; "" where it is only a part of others."""
    read = blueprint.dialog(key, "sie")
    return next((word for each in read.triggers if each.on == "words" for word in each.words.get("de", [])), "")


def asks_a_system(blueprint: Blueprint, key: str) -> bool:
    return any(getattr(step, "system", "") for step in blueprint.dialog(key, "sie").steps)


def until_midnight() -> int:
    """The hours after which a new day has begun in Musterstadt."""
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    return 24 - now.hour


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    """A Musterstadt of its own: words that begin dialogs would surprise the other journeys."""
    with running_town() as town:
        yield town


def test_citizens_go_through_every_blueprint_on_every_messenger(program: Program, sign_in: Callable[[str], Page]) -> None:
    andrea = sign_in("andrea")
    for key in TALKING:
        andrea.goto(f"/o/musterstadt/einstellungen/bausteine/{key}/")
        if (switch := andrea.get_by_role("button", name="Baustein einschalten")).count():  # the town comes with some
            switch.click()
            andrea.wait_for_load_state()
    database = postgres.place(program.folder).url()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from appointments_booking")  # two messengers book the first free time at once: both find a desk
        connection.execute("update appointments_offer set capacity = 2 where capacity < 2")
        connection.execute("update appointments_offer set earliest_hours = %s", [until_midnight()])  # the first day offered is a whole one
        connection.execute("update accounts_organisation set quiet_from = null, office_hours = '{}'")  # it must go well at night, too
    with ThreadPoolExecutor(8) as hands:
        walks = [hands.submit(walk_through, program, database, kind, *dialog) for dialog in dialogs() for kind in KINDS]
    problems = [str(each.exception()) for each in walks if each.exception()]
    assert not problems, "\n".join(problems)


def dialogs() -> Iterator[tuple[Blueprint, str]]:
    for blueprint in TALKING.values():
        for found in blueprint.dialogs:
            # One that asks a system of the authority waits as a draft until that is entered; its examples are played in `blueprints`.
            if opening(blueprint, found["key"]) and not asks_a_system(blueprint, found["key"]):
                yield blueprint, found["key"]


def walk_through(program: Program, database: str, kind: str, blueprint: Blueprint, key: str) -> None:
    """Play all examples of one dialog, one citizen after the other; then somebody says STOP in the middle."""
    assert list(examples(blueprint, key)), f"{key} has no example that holds today"
    for name, moves in examples(blueprint, key):
        walk = Walk(new_phone(program.phones, kind, NAME), database, kind, key)
        walk.phone.write(opening(blueprint, key))
        for number, move in enumerate(moves):
            try:
                walk.move(move)
            except AssertionError as problem:
                raise AssertionError(f"{name}, move {number} {move}: {problem}") from None
    leaves = Walk(new_phone(program.phones, kind, NAME), database, kind, key)
    leaves.phone.write(opening(blueprint, key))
    leaves._until(lambda: leaves._said(), "a first word")
    leaves.move({"say": "STOPP"})
    leaves.move({"expect": "Sie sind abgemeldet"})
    leaves.move({"state": "left"})
