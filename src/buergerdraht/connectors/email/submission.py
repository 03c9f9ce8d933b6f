"""Hand mails to the mail server by SMTP submission (RFC 6409), over a few connections that stay open for many mails.

Certainty: up to the last byte of a mail nothing was sent. After it, an answer that does not come leaves a doubt.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiosmtplib

from buergerdraht.connectors import public
from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.email import errors
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.errors import Stage

LINES = 4  # connections at one time; servers allow few of one customer
MAILS = 90  # on one connection: many servers end it at 100
IDLE_SECONDS = 15.0  # servers let go of idle ones after some minutes, and a stale one costs a try
CONNECT_SECONDS, TALK_SECONDS = 15.0, 40.0
POLICY_REFUSALS = 5  # so many in a row are about us

OnCall = Callable[[str, int, int, str], None]
LOST = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError, TimeoutError)


@dataclass(eq=False)
class Line:
    smtp: aiosmtplib.SMTP
    mails: int = 0
    used: bool = False  # a mail went over it since it was opened
    closing: asyncio.TimerHandle | None = None


@dataclass
class Office:
    """The connections to one mail server."""

    config: EmailConfig
    on_call: OnCall | None = None
    networks: public.Networks | None = None
    idle: list[Line] = field(default_factory=list)
    seats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LINES))
    refusals: int = 0  # for reasons of policy, one after the other
    ending: set[asyncio.Task[None]] = field(default_factory=set)

    async def deliver(self, sender: str, receiver: str, mail: bytes) -> str:
        """Send a mail; gives the server's words. Raises one of the four failures."""
        started, status, reason = time.monotonic(), 0, ""
        try:
            async with self.seats:
                status, words = await self._deliver(sender, receiver, mail)
            self.refusals = 0
            return words
        except SendError as problem:
            reason = problem.reason
            status = int(problem.details[:3]) if re.match(r"\d{3}\b", problem.details) else 0
            raise self._judged(problem) from None
        finally:
            if self.on_call is not None:
                self.on_call("SMTP mail", status, round((time.monotonic() - started) * 1000), reason)

    def _judged(self, problem: SendError) -> SendError:
        """One refusal for policy fails a mail; many in a row say that the server no longer wants ours."""
        if not errors.is_policy(problem):
            self.refusals = 0 if isinstance(problem, Rejected) else self.refusals
            return problem
        self.refusals += 1
        return ChannelBroken("account_blocked", problem.details) if self.refusals >= POLICY_REFUSALS else problem

    async def _deliver(self, sender: str, receiver: str, mail: bytes) -> tuple[int, str]:
        while True:
            async with self._line() as line:
                stale = line.used
                try:
                    return await _hand_over(line, sender, receiver, mail)
                except _Lost:
                    line.mails = MAILS  # it is not to be used again
                    if not stale:
                        raise Temporary("unavailable", "connection lost") from None
                # it was idle too long: a fresh one decides

    # ── Connections ───────────────────────────────────────────────────────

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        """Lend a connection; after a failure, or after many mails, it is let go."""
        line = self._taken() or await self._open()
        keep = False
        try:
            yield line
            keep = True
        except (Rejected, AddressGone):
            keep = True  # the server answered: the connection is sound
            raise
        except Temporary as problem:
            keep = not problem.maybe_sent and line.smtp.is_connected
            raise
        finally:
            if keep and line.smtp.is_connected and line.mails < MAILS:
                self._give_back(line)
            else:
                self._let_go(line)

    def _taken(self) -> Line | None:
        while self.idle:
            line = self.idle.pop()
            if line.closing is not None:
                line.closing.cancel()
                line.closing = None
            if line.smtp.is_connected:
                return line
        return None

    def _give_back(self, line: Line) -> None:
        line.closing = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._tired, line)
        self.idle.append(line)

    def _tired(self, line: Line) -> None:
        if line in self.idle:
            self.idle.remove(line)
        self._let_go(line)

    def _let_go(self, line: Line) -> None:
        task = asyncio.ensure_future(_farewell(line.smtp))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)

    async def close(self) -> None:
        """End all connections."""
        while line := self._taken():
            self._let_go(line)
        await asyncio.gather(*self.ending, return_exceptions=True)

    async def _open(self) -> Line:
        """Connect, with TLS as configured and never without where it was asked for, and sign in."""
        config = self.config
        try:
            line = await asyncio.to_thread(public.connected, config.smtp_host, config.smtp_port, self.networks, CONNECT_SECONDS)
            line.setblocking(False)
        except public.Inward:
            raise ChannelBroken("setup", "inner network") from None
        except (OSError, UnicodeError) as problem:
            raise _unopened(problem) from None
        smtp = aiosmtplib.SMTP(
            hostname=config.smtp_host, port=None, sock=line, timeout=CONNECT_SECONDS, local_hostname=config.domain,
            use_tls=config.smtp_security == "tls", start_tls=config.smtp_security == "starttls", tls_context=context(config.smtp_security),
        )  # fmt: skip
        try:
            await smtp.connect()
            if config.username:
                await smtp.login(config.username, config.password.get_secret_value())
            return Line(smtp)
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, TimeoutError) as problem:
            smtp.close()
            line.close()
            raise _unopened(problem) from None

    async def check(self) -> None:
        """Sign in and say goodbye. Raises ChannelBroken or Temporary."""
        line = await self._open()
        await _farewell(line.smtp)


class _Lost(Exception):
    """The connection was gone before the mail was on its way."""


async def _hand_over(line: Line, sender: str, receiver: str, mail: bytes) -> tuple[int, str]:
    """Speak the three lines of a mail."""
    smtp = line.smtp
    if smtp.supports_extension("size") and (most := smtp.esmtp_extensions.get("size", "").strip()).isdigit() and 0 < int(most) < len(mail):
        raise Rejected("media_refused", "larger than the server allows")
    size = [f"SIZE={len(mail)}"] if smtp.supports_extension("size") else []
    await _step(smtp.mail(sender, options=size, timeout=TALK_SECONDS), "sender", smtp)
    await _step(smtp.rcpt(receiver, timeout=TALK_SECONDS), "receiver", smtp)
    line.mails += 1
    line.used = True
    try:
        answer = await smtp.data(mail, timeout=TALK_SECONDS)
    except aiosmtplib.SMTPResponseException as problem:
        raise errors.failure(problem.code, problem.message, "data") from None
    except LOST as problem:
        raise Temporary("unavailable", type(problem).__name__, maybe_sent=True) from None
    return int(answer.code), str(answer.message)


async def _step(asked: Any, stage: Stage, smtp: aiosmtplib.SMTP) -> None:
    try:
        await asked
    except aiosmtplib.SMTPResponseException as problem:
        with suppress(aiosmtplib.SMTPException, *LOST):
            await smtp.rset(timeout=5)
        raise errors.failure(problem.code, problem.message, stage) from None
    except LOST:
        raise _Lost from None


async def _farewell(smtp: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, *LOST):
        await smtp.quit(timeout=3)
    smtp.close()


def context(security: str) -> ssl.SSLContext | None:
    """Trust what the system trusts, nothing less."""
    return None if security == "none" else ssl.create_default_context()


def _unopened(problem: BaseException) -> SendError:
    """Nothing was sent: say whether waiting helps."""
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return ChannelBroken("setup", "certificate")
        seen = seen.__cause__ or seen.__context__
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        return errors.failure(problem.code, problem.message, "sign_in")
    if isinstance(problem, aiosmtplib.SMTPNotSupported) or (type(problem) is aiosmtplib.SMTPException):
        return ChannelBroken("setup", "TLS or sign-in is not offered")
    return Temporary("unavailable", type(problem).__name__, scope="channel")
