"""One mailbox: newsletters and answers out, letters in.

SMTP submission (RFC 6409), IMAP (RFC 3501), one-click unsubscribing (RFC 8058).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from pydantic import BaseModel

from buergerdraht.connectors.called import Answer, Called
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    Files,
    Health,
    Item,
    Limits,
    Note,
    Part,
    Plan,
    Received,
    Ref,
    Rejected,
    SendError,
    Sent,
    Unsigned,
)
from buergerdraht.connectors.email import clearing, limits, mailbox, page, payloads, seals
from buergerdraht.connectors.email.config import ADDRESS, EmailConfig
from buergerdraht.connectors.email.mailbox import Box, Letter
from buergerdraht.connectors.email.plan import plan
from buergerdraht.connectors.email.reading import Reader, TooHard
from buergerdraht.connectors.email.submission import Office
from buergerdraht.connectors.email.writing import Envelope, File, Thread, write
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.connectors.usual import Usual

THREADS_KEPT = 2000  # whom we answer knows their thread; after a restart the mailbox is asked
MANY, MANY_SECONDS = 20, 600.0  # letters of one address in so short a time come from a machine that does not say so
LACKING = {
    clearing.NO_MARKS: "Gelesene Post bleibt liegen: Der Server merkt sich nicht, welche Mails wir übernommen haben.",
    clearing.NO_FOLDER: "Gelesene Post bleibt liegen: Den Ordner dafür gibt es im Postfach nicht.",
    clearing.NO_DELETING: "Gelesene Post bleibt liegen: Der Server kann einzelne Mails weder verschieben noch löschen.",
}
ONE_CLICK = re.compile(rb"List-Unsubscribe(=|\"\r?\n\r?\n)One-Click", re.I)


class Email(Usual):
    kind: ClassVar[str] = "email"
    title: ClassVar[str] = "E-Mail"
    mark: ClassVar[str] = "EM"
    hue: ClassVar[str] = "turquois"
    streams: ClassVar[bool] = True
    taken: str = page.DONE
    about: ClassVar[str] = (
        "Erreicht fast alle. Rundnachrichten mit Abmeldung durch einen Klick, Antworten im selben Faden; ob jemand liest, erfährt niemand."
    )
    hooked: ClassVar[bool] = False
    guide: ClassVar[Sequence[str]] = (
        "Legen Sie ein eigenes Postfach an, das nur Bürgerdraht liest. Ungelesene Post darin holen wir ab.",
        "Lassen Sie für die Domain SPF, DKIM und DMARC einrichten. Ohne sie landen Rundnachrichten im Spam.",
        "Tragen Sie Ausgang und Eingang ein, wählen Sie „Jetzt prüfen“ und dann „Kanal starten“.",
    )
    Config: ClassVar[type[BaseModel]] = EmailConfig
    limits: Limits = limits.LIMITS

    def __init__(self, config: EmailConfig, http: Http) -> None:
        self.config = config
        self.http = http
        self.office = Office(config, http.on_call, http.networks)
        self.threads: OrderedDict[str, Thread] = OrderedDict()  # by Message-ID and by address
        self.lately: OrderedDict[str, deque[float]] = OrderedDict()  # when somebody's letters came

    # ── The way out by link ───────────────────────────────────────────────

    def enclose(self, called: Called) -> bytes | None:
        """Take a POST on `abmelden/<sealed>` that says what RFC 8058 demands."""
        sealed = self._sealed(called)
        if called.method != "POST" or not sealed or not ONE_CLICK.search(called.body[:5000]):
            return None
        return json.dumps({"unsubscribe": sealed, "at": int(time.time())}).encode()

    def handshake(self, called: Called) -> Answer | None:
        return Answer(body=page.PAGE, mime="text/html; charset=utf-8") if self._sealed(called) else None

    def _sealed(self, called: Called) -> str:
        word, _slash, sealed = called.tail.partition("/")
        return sealed if word == "abmelden" and seals.opened(self._secret, sealed) else ""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """The seal is the signature: nobody else can make one."""
        try:
            sealed = str(json.loads(body)["unsubscribe"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise Unsigned from None
        if seals.opened(self._secret, sealed) is None:
            raise Unsigned

    def parse(self, body: bytes) -> list[Item]:
        return payloads.parse(body, self._secret)

    # ── Pure ──────────────────────────────────────────────────────────────

    @property
    def _access(self) -> mailbox.Access:
        return mailbox.Access(self.config, self.http.networks)

    @property
    def _secret(self) -> str:
        return self.config.secret.get_secret_value()

    def plan(self, content: Content) -> Plan:
        return plan(content)

    def link(self, start: str, text: str) -> str:
        """A link that opens a mail to us with the words in subject and text."""
        if not getattr(self.config, "own", ""):
            return ""
        words = quote(text or (f"START {start}" if start else ""))
        return f"mailto:{self.config.own}" + (f"?subject={words}&body={words}" if words else "")

    # ── Sending ───────────────────────────────────────────────────────────

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent:
        if not ADDRESS.fullmatch(address) or len(address) > limits.ADDRESS:
            raise AddressGone("not_reachable", "no address")
        attached = [File(media, await files.read(media)) for media in part.media]
        if sum(len(file.data) for file in attached) > limits.ATTACHED:
            raise Rejected("media_refused", "larger than 10 MB")
        name = seals.named(self._secret, self.config.domain, token, address)
        envelope = Envelope(
            own=self.config.own, name=self.config.sender_name, to=address, message_id=name, home=self.http.home,
            sealed=seals.seal(self._secret, address), thread=await self._thread(part.body, address),
        )  # fmt: skip
        mail = write(part.body, envelope, attached)
        sender = seals.return_path(self._secret, self.config.own, token, address) if self.config.plus else self.config.own
        await self.office.deliver(sender, address, mail)
        return Sent(external_id=name)

    async def _thread(self, body: Mapping[str, Any], address: str) -> Thread:
        """Find what a mail answers: the letter that is quoted, else the newest of the same person. Newsletters answer nothing."""
        quoted = str(body.get("quote") or "")
        if body.get("footer") or (body.get("title") and not quoted):
            return Thread()
        if not quoted or quoted in self.threads:
            return self.threads.get(quoted or address, Thread())
        if self.config.imap_host and quoted.startswith("<"):
            try:
                head = await asyncio.to_thread(mailbox.head, self._access, quoted)
                async with Reader() as reader:
                    found = await reader.head(head, self.config) if head else None
            except (SendError, TooHard):
                found = None  # an answer without its thread is better than none
            if found:
                return _thread_of(found)
        return Thread(quoted if quoted.startswith("<") else "")

    # ── Receiving ─────────────────────────────────────────────────────────

    async def receive(self) -> AsyncIterator[list[Item]]:
        """Give the mails nobody read, one by one; each is marked as read when it is stored."""
        if not self.config.imap_host:
            await asyncio.Event().wait()  # nothing will ever come
        box, reader = await asyncio.to_thread(mailbox.enter, self._access), Reader()
        tidied = -clearing.EVERY
        try:
            while True:
                letters = await asyncio.to_thread(mailbox.unread, box)
                for letter in letters:
                    async for items in self._taken(box, letter, reader):
                        yield items
                if time.monotonic() - tidied > clearing.EVERY and await asyncio.to_thread(clearing.tidy, box, self.config) < clearing.MOST:
                    tidied = time.monotonic()
                if not letters:
                    await self._news(box)
        finally:
            mailbox.cut(box)
            await reader.end()
            asyncio.get_running_loop().run_in_executor(None, mailbox.leave, box)

    async def _news(self, box: Box) -> None:
        """Wait until something is new: until the server says so, where it can, but never for long. No thread is held meanwhile."""
        if not box.idles:
            await asyncio.sleep(self.config.every)
            return
        await asyncio.to_thread(mailbox.watch, box)
        told, loop, place = asyncio.Event(), asyncio.get_running_loop(), box.imap.socket().fileno()
        loop.add_reader(place, told.set)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), limits.WATCHED_SECONDS)
        finally:
            loop.remove_reader(place)
        await asyncio.sleep(limits.CALM_SECONDS)
        await asyncio.to_thread(mailbox.look_up, box)

    async def _taken(self, box: Box, letter: Letter, reader: Reader) -> AsyncIterator[list[Item]]:
        read = await reader.read(letter, self.config)
        items = [self._judged(each) for each in read.items]
        for each in items:
            self._remember(each, read.head)
        yield items  # stored when we come back
        await asyncio.to_thread(mailbox.done, box, letter.uid, flagged=not any(each.event for each in items))

    def _judged(self, item: Item) -> Item:
        """Mark what comes from somebody who writes more than a person does: it is kept, and nothing of ours answers by itself."""
        if not isinstance(item.event, Received):
            return item
        address, now = item.event.sender.address, time.monotonic()
        times = self.lately.setdefault(address, deque(maxlen=MANY))
        self.lately.move_to_end(address)
        while len(self.lately) > THREADS_KEPT:
            self.lately.popitem(last=False)
        if len(times) == MANY and now - times[0] < MANY_SECONDS:
            return msgspec.structs.replace(item, event=msgspec.structs.replace(item.event, flooding=True))
        times.append(now)
        return item

    def _remember(self, item: Item, found: payloads.Head | None) -> None:
        """Keep what a thread is kept by, for the answers to come."""
        if found is None or not isinstance(item.event, Received) or not found.message_id.startswith("<"):
            return
        for key in (found.message_id, item.event.sender.address):
            self.threads[key] = _thread_of(found)
            self.threads.move_to_end(key)
        while len(self.threads) > 2 * THREADS_KEPT:
            self.threads.popitem(last=False)

    async def leave(self, addresses: Sequence[str]) -> None:
        """Delete what they wrote from the mailbox, where read mails are to be deleted."""
        if self.config.imap_host:
            await asyncio.to_thread(clearing.forget, self._access, addresses)

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        """Take a file out of its mail, which stays in the mailbox."""
        validity, uid, index, message_id = [*ref.external_id.split(":", 3), "", "", ""][:4]
        if not uid.isdigit() or not index.isdigit():
            raise Rejected("media_refused", "no place")
        name = message_id if message_id.startswith("<") else ""
        data = await asyncio.to_thread(mailbox.again, self._access, validity, uid, name)
        try:
            async with Reader() as reader:
                file = await reader.file(data, int(index[:6])) if data else None
        except TooHard:
            raise Rejected("media_refused", "the mail cannot be read") from None
        if file is None:
            raise Rejected("media_refused", "the mail is gone")
        return file.data, ref.mime or file.mime

    # ── Setting up ────────────────────────────────────────────────────────

    async def check(self) -> Health:
        findings = [note for note in (await self._checked("out"), await self._checked("in")) if note]
        if not self.config.imap_host:
            text = "Es ist kein Posteingang eingetragen: Antworten und Meldungen über unzustellbare Post kommen nicht an."
            findings.append(Note(level="warning", code="no_inbox", text=text, about="receiving"))
        elif not self.config.authserv:
            text = (
                "Der Name des prüfenden Servers fehlt. Alles geht, aber Gefälschtes erkennen wir nicht: "
                "Wer per E-Mail etwas ändern will, wird erst gefragt und antwortet darauf."
            )
            findings.append(Note(level="warning", code="senders_unproven", text=text, about="proof"))
        if not self.http.home.startswith("https://"):
            text = "Ohne öffentliche https-Adresse fehlt die Abmeldung durch einen Klick, die große Anbieter verlangen."
            findings.append(Note(level="warning", code="no_one_click", text=text))
        ok = not any(note.level == "error" for note in findings)
        return Health(ok=ok, findings=tuple(findings), facts={"name": self.config.sender_name, "number": self.config.own})

    async def _checked(self, way: str) -> Note | None:
        try:
            if way == "out":
                await self.office.check()
            elif self.config.imap_host:
                return await asyncio.to_thread(self._inside)
        except SendError as problem:
            return _finding(way, problem)
        return None

    def _inside(self) -> Note | None:
        box = mailbox.enter(self._access)
        try:
            lacks = clearing.lacking(box, self.config)
            return Note(level="warning", code=lacks, text=LACKING[lacks], about="kept") if lacks else None
        finally:
            mailbox.leave(box)


def _thread_of(found: payloads.Head) -> Thread:
    return Thread(found.message_id, found.references, found.subject, found.proven)


def _finding(way: str, problem: SendError) -> Note:
    if problem.reason == "token_invalid":
        text = "Der Postausgang nimmt Anmeldename und Kennwort nicht an." if way == "out" else (
            "Der Posteingang nimmt Anmeldename und Kennwort nicht an."
        )  # fmt: skip
    elif problem.details == "certificate":
        text = "Das Zertifikat des Mailservers ist nicht gültig. Prüfen Sie Servername und Verschlüsselung."
    elif problem.details == "inner network":
        text = "Der Mailserver steht in einem inneren Netz, das die Installation nicht freigibt (BUERGERDRAHT_CHANNEL_NETWORKS)."
    elif isinstance(problem, ChannelBroken):
        text = "Der Mailserver antwortet nicht wie erwartet: Prüfen Sie Port, Verschlüsselung und Ordner."
    else:
        text = REASONS.get(problem.reason, REASONS["unknown"]).title
    values, about = {"what": text, "details": problem.details}, "sending" if way == "out" else "receiving"
    return Note(level="error", code=problem.reason, text="{what} ({details})", values=values, about=about)
