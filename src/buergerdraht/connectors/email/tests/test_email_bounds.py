"""No mail holds up anything else: what nobody would write is not taken apart, and what takes too long is let go."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from buergerdraht.connectors.contract import Received
from buergerdraht.connectors.email import bounds, mailbox, payloads
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.connector import Email
from buergerdraht.connectors.email.mailbox import Letter
from buergerdraht.connectors.email.reading import Reader
from buergerdraht.connectors.http import Http

CONFIG = EmailConfig.model_validate({"own": "buerger@stadt.example", "smtp_host": "mail.stadt.example", "secret": "s" * 20})
HEAD = b"From: Zoe <zoe@buerger.example>\r\nMessage-ID: <m1@buerger.example>\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
PLAIN = Letter("7", "1", HEAD + b"\r\nGuten Tag\r\n")
# Each part's type is just short enough, and takes the library a third of a second.
SLOW = Letter("7", "2", MIXED + (b"--x\r\nContent-Type: text/plain; " + b"a=b; " * 380 + b"\r\n\r\n\r\n") * 190 + b"--x--\r\n")


@pytest.mark.parametrize(
    ("mail", "problem"),
    [
        (b"From: " + b"a " * 20_000 + b"\r\n\r\nx", "a header is too long"),
        (b"From: " + b"\r\n\tzoe@buerger.example," * 10_000 + b"\r\n\r\nx", "a header is too long"),
        (HEAD.replace(b"\r\n", b"\r") + b"Subject: " + b"x" * 9000 + b"\r\rx", "a header is too long"),
        (HEAD + b"Content-Type: text/plain; " + b"a=b; " * 1000 + b"\r\n\r\nx", "a header is too long"),
        (MIXED + b"--x\r\n\r\n\r\n" * 70_000 + b"--x--", "too many parts"),
        (MIXED.replace(b"=x", b'="x y"') + b"--x y \n\n\n" * 300 + b"--x y--", "too many parts"),
    ],
)
def test_what_nobody_would_write_is_named_at_once(mail: bytes, problem: str) -> None:
    began = time.process_time()
    (item,) = payloads.read(Letter("7", "1", mail), CONFIG)
    assert time.process_time() - began < 1
    assert (item.event, item.problem) == (None, f"unreadable mail: {problem}")
    assert payloads.opened(mail) is None


def test_many_receivers_and_many_dashes_are_ordinary() -> None:
    many = HEAD + b"To: " + b"kim@buerger.example,\r\n " * 800 + b"buerger@stadt.example\r\n\r\n" + b"--\r\n-- \r\n--x\r\n" * 500 + b"Hallo"
    assert bounds.excess(many) == ""
    (item,) = payloads.read(Letter("7", "1", many), CONFIG)
    assert isinstance(item.event, Received)


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (b"Content-Type: text/html\r\n\r\n" + b"<div>" * 150_000 + b"Guten<br>Tag", "Guten Tag"),
        (b"Content-Type: text/html\r\n\r\n" + b"<div></x>" * 80_000 + b"Guten<br>Tag", "Guten Tag"),
        (b"Content-Type: text/html\r\n\r\n" + b"<p>a<br>" * 300 + b"<p>Guten Tag", "Guten Tag"),
        (b"Content-Type: text/plain; charset=punycode\r\n\r\nGuten Tag-" + b"9" * 900_000, "Guten Tag"),
        (b"Received: by mx;" + b"a b " * 60_000 + b"\r\n" + b"Received: by x; y\r\n" * 20_000 + b"\r\nGuten Tag", "Guten Tag"),
    ],
    ids=["deep", "deep by ends of nothing", "open", "punycode", "received"],
)
def test_what_would_take_minutes_is_read_otherwise(mail: bytes, said: str) -> None:
    began = time.process_time()
    (item,) = payloads.read(Letter("7", "1", HEAD + mail), CONFIG)
    assert time.process_time() - began < 3
    assert isinstance(item.event, Received)
    assert said in item.event.text


def test_a_mail_that_is_not_given_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place may be empty because somebody took it away; or the server was too busy, and then it is still to be read."""

    class Folder:
        def noop(self) -> None: ...

        def search(self, _criteria: Any) -> list[int]:
            return [*range(1, 40), 77]

        def fetch(self, uids: list[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
            return {77: {b"RFC822.SIZE": 99, b"BODY[]": PLAIN.data}} if uids == [77] else {}

    found = mailbox.unread(mailbox.Box(Folder(), "7", idles=False))
    assert [letter.uid for letter in found] == ["77"]


async def test_a_mail_that_takes_too_long_is_let_go_while_others_are_served() -> None:
    async with Reader(seconds=2.0) as reader:
        ticks = asyncio.create_task(_ticks())
        (item,) = (await reader.read(SLOW, CONFIG)).items
        assert (item.event, item.problem) == (None, "unreadable mail: it takes too long to read")
        ticks.cancel()
        assert max(await ticks) < 0.5  # the loop was never held up
        reader.seconds = 20.0
        read = await reader.read(PLAIN, CONFIG)
        assert isinstance(read.items[0].event, Received)
        assert read.items[0].event.text == "Guten Tag"
        assert read.head == payloads.Head("<m1@buerger.example>", (), "")


async def _ticks() -> list[float]:
    gaps, last = [0.0], time.monotonic()
    try:
        while True:
            await asyncio.sleep(0.02)
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
    except asyncio.CancelledError:
        return gaps


async def test_a_file_is_taken_out_by_its_place() -> None:
    part = b"--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n%%PDF-%d\r\n"
    mail = MIXED + part % 1 + part % 2 + b"--x--\r\n"
    async with Reader() as reader:
        assert await reader.file(mail, 1) == (b"%PDF-2", "application/pdf")
        assert await reader.file(mail, 2) is None
        assert await reader.head(mail, CONFIG) == payloads.Head("<m1@buerger.example>", (), "")


async def test_an_unreadable_mail_is_flagged_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[tuple[str, bool]] = []
    monkeypatch.setattr(mailbox, "done", lambda _box, uid, *, flagged: marked.append((uid, flagged)))
    connector, box = Email(CONFIG, Http()), None
    long = Letter("7", "3", b"From: " + b"a " * 5000 + b"\r\n\r\nx")
    async with Reader() as reader:
        found = [items async for letter in _each(long, PLAIN) async for items in connector._taken(box, letter, reader)]  # type: ignore[arg-type]
    assert [item.problem for items in found for item in items] == ["unreadable mail: a header is too long", ""]
    assert marked == [("3", True), ("1", False)]
    assert "zoe@buerger.example" in connector.threads


async def _each(*letters: Letter) -> Any:
    for letter in letters:
        yield letter
