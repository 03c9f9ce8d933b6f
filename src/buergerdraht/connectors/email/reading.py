"""Read mails in a process of their own, with a time limit: no mail, whatever is in it, holds up what else the engine does.

Questions and answers go over its standard input and output, each with its length before it. It knows no secret but the mailbox's own.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, NamedTuple

import msgspec

from buergerdraht.connectors.contract import Item
from buergerdraht.connectors.email import payloads
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.mailbox import Letter

SECONDS = 20.0  # the largest mail takes two


class TooHard(Exception):
    """A mail could not be read in time, or broke the reader."""


class Read(NamedTuple):
    """What a mail says, and what its thread is kept by."""

    items: Sequence[Item]
    head: payloads.Head | None


class File(NamedTuple):
    data: bytes
    mime: str


class Reader:
    """The process; it begins with the first question, and anew after one that it did not survive. One question at a time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        await self.end()

    async def read(self, letter: Letter, config: EmailConfig) -> Read:
        """Read a letter. What cannot be read is an item with its problem."""
        try:
            return msgspec.msgpack.decode(await self._ask("read", _known(config), letter), type=Read)
        except TooHard:
            return Read([Item(raw={"uid": letter.uid}, problem="unreadable mail: it takes too long to read")], None)

    async def head(self, data: bytes, config: EmailConfig) -> payloads.Head | None:
        """Read what a thread is kept by. Raises TooHard."""
        return msgspec.msgpack.decode(await self._ask("head", _known(config), data), type=payloads.Head | None)

    async def file(self, data: bytes, index: int) -> File | None:
        """Take a file out of a mail. Raises TooHard."""
        return msgspec.msgpack.decode(await self._ask("file", {}, data, index), type=File | None)

    async def _ask(self, *question: Any) -> bytes:
        try:
            async with asyncio.timeout(self.seconds):
                if self._process is None or self._process.returncode is not None:
                    self._process = await _begun()
                process = self._process
                assert process.stdin
                assert process.stdout
                process.stdin.write(framed(msgspec.msgpack.encode(question)))
                await process.stdin.drain()
                size = int.from_bytes(await process.stdout.readexactly(4), "big")
                return await process.stdout.readexactly(size)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            await self.end()
            raise TooHard from None
        except BaseException:  # cut off: an answer may still come, and would be taken for the next one's
            await self.end()
            raise

    async def end(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _known(config: EmailConfig) -> dict[str, str]:
    return {"own": config.own, "authserv": config.authserv, "secret": config.secret.get_secret_value()}


async def _begun() -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    quiet = asyncio.subprocess.DEVNULL  # what went wrong may quote the mail
    known = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.environ.get("PATH", "")}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, stdin=pipe, stdout=pipe, stderr=quiet, env=known)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


# ── In the process ────────────────────────────────────────────────────────


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer until nobody asks any more."""
    while len(size := source.read(4)) == 4:
        question = msgspec.msgpack.decode(source.read(int.from_bytes(size, "big")))
        sink.write(framed(msgspec.msgpack.encode(_answer(*question))))
        sink.flush()


def _answer(verb: str, values: dict[str, str], *about: Any) -> Any:
    if verb == "file":
        return _file(*about)
    # What else a Config must have is of no weight here: nothing is called.
    config = EmailConfig.model_validate({"smtp_host": "nobody.example", **values})
    if verb == "head":
        mail = payloads.opened(about[0])
        return payloads.head(mail, config) if mail else None
    letter = Letter(*about[0])
    items = payloads.read(letter, config)
    mail = payloads.opened(letter.data) if any(item.event for item in items) else None
    return Read(items, payloads.head(mail, config, letter) if mail else None)


def _file(data: bytes, index: int) -> File | None:
    mail = payloads.opened(data)
    parts = payloads.attachments(mail) if mail else []
    payload = parts[index].get_payload(decode=True) if index < len(parts) else None
    return File(payload, parts[index].get_content_type()) if isinstance(payload, bytes) else None


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
