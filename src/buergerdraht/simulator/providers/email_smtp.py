"""A submission server (RFC 6409 on RFC 5321): one connection spoken with, by its documentation and strictly."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

HOST = "post.example"
LARGEST = 25 << 20
LONGEST_LINE, LONGEST_COMMAND = 1000, 512  # RFC 5321 4.5.3.1, with the line's end
MOST_RECEIVERS = 100
PATIENCE = 300.0
_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,190}"
_MAIL = re.compile(rf"FROM:<({_ADDRESS})?>((?: [A-Z0-9-]+(?:=[!-~]+)?)*)", re.I)
_RCPT = re.compile(rf"TO:<({_ADDRESS})>", re.I)
ONCE = ("From", "To", "Subject", "Date", "Message-ID")


class Refused(Exception):
    """An answer that says no. `ends`: the connection is closed after it."""

    def __init__(self, code: int, words: str, *, ends: bool = False) -> None:
        super().__init__(words)
        self.code, self.words, self.ends = code, words, ends


@dataclass
class Desk:
    """What the server asks its owner: who signs in, what befalls a mail, whether somebody is there, and to take it."""

    own: str  # the address whose mails it takes
    signs_in: Callable[[str, str], bool]
    befalls: Callable[[], Awaitable[None]]  # raises Refused
    knows: Callable[[str], bool]
    take: Callable[[str, list[str], bytes], bool]  # False: the line is torn before the answer


@dataclass
class Talk:
    """One connection."""

    desk: Desk
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeted: bool = False
    inside: bool = False
    sender: str | None = None
    receivers: list[str] = field(default_factory=list)

    async def run(self) -> None:
        try:
            self.say(220, f"{HOST} ESMTP")
            while await self.turn():
                await self.writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            self.writer.close()

    def say(self, code: int, *lines: str) -> None:
        for line in lines[:-1]:
            self.writer.write(f"{code}-{line}\r\n".encode())
        self.writer.write(f"{code} {lines[-1]}\r\n".encode())

    async def hear(self) -> str:
        line = await asyncio.wait_for(self.reader.readuntil(b"\n"), PATIENCE)
        if not line.endswith(b"\r\n") or len(line) > LONGEST_COMMAND * 24:
            raise Refused(500, "5.5.2 Error: bad syntax")
        try:
            return line[:-2].decode("ascii")
        except UnicodeDecodeError:
            raise Refused(500, "5.5.2 Error: not ASCII") from None

    async def turn(self) -> bool:
        """Answer one command; False ends the talk."""
        try:
            line = await self.hear()
            verb, _space, rest = line.partition(" ")
            if verb.upper() != "AUTH" and len(line) > LONGEST_COMMAND - 2:
                raise Refused(500, "5.5.2 Error: line too long")
            work = getattr(self, f"do_{verb.lower()}", None)
            if work is None:
                raise Refused(502, "5.5.2 Error: command not recognized")
            return bool(await work(rest))
        except Refused as refusal:
            self.say(refusal.code, refusal.words)
            if refusal.ends:
                await self.writer.drain()
            return not refusal.ends

    async def do_ehlo(self, rest: str) -> bool:
        if not re.fullmatch(r"\[[0-9A-Fa-f.:]+\]|(IPv6:)?[A-Za-z0-9][A-Za-z0-9.-]*", rest.strip()):
            raise Refused(501, "5.5.4 Syntax: EHLO hostname")
        self.greeted, self.sender, self.receivers = True, None, []
        self.say(250, HOST, f"SIZE {LARGEST}", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")
        return True

    async def do_auth(self, rest: str) -> bool:
        if not self.greeted or self.inside:
            raise Refused(503, "5.5.1 Error: not now")
        way, _space, first = rest.partition(" ")
        if way.upper() == "PLAIN":
            pieces = _decoded(first or await self._asked("")).split("\0")
            name, word = (pieces[1], pieces[2]) if len(pieces) == 3 else ("", "")
        elif way.upper() == "LOGIN":
            name = _decoded(first or await self._asked("VXNlcm5hbWU6"))
            word = _decoded(await self._asked("UGFzc3dvcmQ6"))
        else:
            raise Refused(504, "5.5.4 Unrecognized authentication type")
        if not self.desk.signs_in(name, word):
            raise Refused(535, "5.7.8 Error: authentication failed")
        self.inside = True
        self.say(235, "2.7.0 Authentication successful")
        return True

    async def _asked(self, word: str) -> str:
        self.say(334, word)
        await self.writer.drain()
        return await self.hear()

    async def do_mail(self, rest: str) -> bool:
        if not self.inside:
            raise Refused(530, "5.7.0 Authentication required")
        if self.sender is not None:
            raise Refused(503, "5.5.1 Error: nested MAIL command")
        found = _MAIL.fullmatch(rest.strip())
        if found is None:
            raise Refused(501, "5.5.4 Syntax: MAIL FROM:<address>")
        options = dict(each.upper().partition("=")[::2] for each in (found[2] or "").split())
        if set(options) - {"SIZE", "BODY"} or options.get("BODY", "7BIT") not in {"7BIT", "8BITMIME"}:
            raise Refused(555, "5.5.4 Unsupported option")
        if options.get("SIZE", "0").isdigit() and int(options.get("SIZE", "0")) > LARGEST:
            raise Refused(552, "5.3.4 Error: message file too big")
        sender = (found[1] or "").lower()
        box, _at, domain = self.desk.own.rpartition("@")
        if not re.fullmatch(rf"{re.escape(box)}(\+[^@]+)?@{re.escape(domain)}", sender):
            raise Refused(553, "5.7.1 Sender address rejected: not owned by user")
        await self.desk.befalls()
        self.sender, self.receivers = sender, []
        self.say(250, "2.1.0 Ok")
        return True

    async def do_rcpt(self, rest: str) -> bool:
        if self.sender is None:
            raise Refused(503, "5.5.1 Error: need MAIL command")
        found = _RCPT.fullmatch(rest.strip())
        if found is None:
            raise Refused(501, "5.1.3 Bad recipient address syntax")
        if len(self.receivers) >= MOST_RECEIVERS:
            raise Refused(452, "4.5.3 Error: too many recipients")
        if not self.desk.knows(found[1].lower()):
            raise Refused(550, f"5.1.1 <{found[1]}>: Recipient address rejected: User unknown")
        self.receivers.append(found[1].lower())
        self.say(250, "2.1.5 Ok")
        return True

    async def do_data(self, rest: str) -> bool:
        if not self.receivers or self.sender is None:
            raise Refused(503, "5.5.1 Error: need RCPT command")
        self.say(354, "End data with <CR><LF>.<CR><LF>")
        await self.writer.drain()
        sender, receivers = self.sender, self.receivers
        self.sender, self.receivers = None, []
        body = await self._body()
        check(body, self.desk.own)
        if not self.desk.take(sender, receivers, body):
            self.writer.transport.abort()
            return False
        self.say(250, "2.0.0 Ok: queued")
        return True

    async def _body(self) -> bytes:
        """Read up to the lone dot, and take off the dots that were put before others (RFC 5321 4.5.2)."""
        lines, size, problem = [], 0, None
        while (line := await asyncio.wait_for(self.reader.readuntil(b"\n"), PATIENCE)) != b".\r\n":
            size += len(line)
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                problem = problem or Refused(550, "5.6.0 Error: bare <LF> or <CR> received")
            if len(line) > LONGEST_LINE:
                problem = problem or Refused(500, "5.6.0 Error: line too long")
            if size > LARGEST:
                problem = problem or Refused(552, "5.3.4 Error: message file too big")
                continue
            lines.append(line[1:] if line.startswith(b".") else line)
        if problem:
            raise problem
        return b"".join(lines)

    async def do_rset(self, rest: str) -> bool:
        self.sender, self.receivers = None, []
        self.say(250, "2.0.0 Ok")
        return True

    async def do_noop(self, rest: str) -> bool:
        self.say(250, "2.0.0 Ok")
        return True

    async def do_quit(self, rest: str) -> bool:
        self.say(221, "2.0.0 Bye")
        return False


def _decoded(word: str) -> str:
    try:
        return base64.b64decode(word, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(501, "5.5.4 Cannot decode") from None


def check(body: bytes, own: str) -> None:
    """Look at a mail as large providers do. Raises Refused."""
    head = body.partition(b"\r\n\r\n")[0]
    if not head.isascii():
        raise Refused(554, "5.6.7 Error: header is not ASCII, and SMTPUTF8 was not asked for")
    mail = message_from_bytes(body, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    for name in ONCE:
        if len(mail.get_all(name, [])) != 1:
            raise Refused(550, f"5.7.1 Error: {name} must stand once (RFC 5322 3.6)")
    senders = [each.addr_spec.lower() for each in mail["From"].addresses]
    if senders != [own]:
        raise Refused(550, "5.7.1 Error: From is not the sender's own address")
    if not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", str(mail["Message-ID"]).strip()):
        raise Refused(550, "5.6.0 Error: Message-ID")
    if any(part.defects for part in mail.walk()):
        raise Refused(554, "5.6.0 Error: broken MIME")
    ways = str(mail.get("List-Unsubscribe", ""))
    if str(mail.get("Precedence", "")).lower() == "bulk" and not ways:
        raise Refused(550, "5.7.1 Error: bulk mail needs List-Unsubscribe")
    if mail.get("List-Unsubscribe-Post") and (
        str(mail["List-Unsubscribe-Post"]).strip() != "List-Unsubscribe=One-Click" or not re.search(r"<https?://[^>\s]+>", ways)
    ):
        raise Refused(550, "5.7.1 Error: one-click needs a web address (RFC 8058 3.1)")
