"""E-mail: a submission server, a mailbox by IMAP, and people with programs to read and write mail.

Both servers stand on ports of their own, named in `account.data` (`smtp_port`, `imap_port`), without TLS: they are for this machine alone.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.provider import CannotDo, Provider, Thing
from buergerdraht.simulator.providers import email_imap, email_smtp
from buergerdraht.simulator.providers.email_box import Box, Draft, Slip, bounce, complaint, quoted, written
from buergerdraht.simulator.providers.email_smtp import Refused
from buergerdraht.simulator.town import Account, File, Message, Person, Town
from buergerdraht.simulator.weather import Weather

RATE = 30.0  # mails a second and account
HOME = "buerger.example"
BOUNCE_SECONDS = 0.2
LIMIT = 1 << 20  # bytes of a line that are waited for
UNFOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "ë": "e", "ı": "i", "ş": "s", "ç": "c", "ğ": "g"})
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Letter:
    """What somebody puts into a mail; with `answered` it stands above what that said."""

    subject: str
    text: str
    answered: Message | None = None
    thing: Thing | None = None
    more: dict[str, str] = field(default_factory=dict)  # further lines of the head


class Email(Provider):
    kind: ClassVar[str] = "email"
    title: ClassVar[str] = "E-Mail"
    colour: ClassVar[str] = "#1f6f78"
    look: ClassVar[str] = "mail"
    callback: ClassVar[bool] = False  # nothing is told: the mailbox is looked into

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.buckets: dict[str, Bucket] = {}
        self.servers: list[asyncio.Server] = []
        self.talks: set[asyncio.Task[Any]] = set()

    # ── Servers ───────────────────────────────────────────────────────────

    async def start(self) -> None:
        for account in list(self.town.accounts.values()):
            if account.kind == self.kind:
                await self._serve(account, *self._bound(account))

    async def stop(self) -> None:
        for server in self.servers:
            server.close()
        for task in list(self.talks):
            task.cancel()
        await asyncio.gather(*self.talks, return_exceptions=True)

    def account(self, wish: dict[str, Any], number: int) -> Account:
        address = wish.get("username", f"amt{number}@stadt.example").lower()
        token = wish.get("token", secrets.token_urlsafe(16))
        data = {name: int(wish.get(name, 0)) for name in ("smtp_port", "imap_port")}
        account = Account("email", wish.get("id", f"email{number}"), wish["name"], token, username=address, data=data)
        self.delivery.spawn(self._serve(account, *self._bound(account)))
        return account

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """`password`: let the mailbox have another, and end who is signed in; says which it had."""
        if what != "password":
            raise CannotDo(f"no {what}")
        was, account.token = account.token, str(wish["password"])
        for task in list(self.talks):
            task.cancel()
        return {"was": was}

    def _bound(self, account: Account) -> tuple[socket.socket, socket.socket]:
        """Take the account's ports, or free ones where it has none yet."""
        made = []
        for name in ("smtp_port", "imap_port"):
            found = socket.socket()
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(("127.0.0.1", int(account.data.get(name, 0))))
            account.data[name] = found.getsockname()[1]
            found.listen()
            made.append(found)
        return made[0], made[1]

    async def _serve(self, account: Account, smtp: socket.socket, imap: socket.socket) -> None:
        box = Box(self.town, account)

        def signs_in(name: str, word: str) -> bool:
            return name.lower() == account.username and secrets.compare_digest(word.encode(), account.token.encode())

        async def befalls() -> None:
            await self._befalls(account)

        def take(sender: str, receivers: list[str], mail: bytes) -> bool:
            return self._take(account, sender, receivers, mail)

        desk = email_smtp.Desk(account.username, signs_in, befalls, self._knows, take)
        for found, talk in (
            (smtp, lambda reader, writer: email_smtp.Talk(desk, reader, writer).run()),
            (imap, lambda reader, writer: email_imap.Talk(box, signs_in, reader, writer).run()),
        ):
            self.servers.append(await asyncio.start_server(self._kept(talk), sock=found, limit=LIMIT))

    def _kept(self, talk: Answer) -> Answer:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.talks.add(task)
            try:
                await talk(reader, writer)
            finally:
                self.talks.discard(task)

        return run

    # ── Taking a mail ─────────────────────────────────────────────────────

    async def _befalls(self, account: Account) -> None:
        match await self.weather.meet(account):
            case "limit", _:
                raise Refused(451, "4.7.1 Error: too much mail, try again later")
            case "broken", _:
                raise Refused(451, "4.3.0 Error: queue file write error")
            case "down", _:
                raise Refused(421, "4.3.2 Service shutting down", ends=True)
        rate = account.throughput or RATE
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, rate)
        if bucket.take(self.town.clock()):
            self.town.counts[account.id].limited += 1
            raise Refused(450, "4.7.1 Error: too much mail, rate limit exceeded")

    def _knows(self, address: str) -> bool:
        return self._person(address) is not None

    def _person(self, address: str) -> Person | None:
        found = self.town.person_by_name(self.kind, address)
        if found is None:  # whoever has not written yet has an address all the same
            found = next((each for each in self.town.people.values() if self._named(each) == address), None)
        return found

    def _take(self, account: Account, sender: str, receivers: list[str], raw: bytes) -> bool:
        torn = self.weather.tear(account)
        for receiver in receivers:
            person = self._person(receiver)
            if person is None:
                continue
            message = self._read(account, person, raw)
            self.town.accept(message, receiver, str(message.data["text"]))
            if not person.reachable:
                self.delivery.spawn(self._bounced(account, sender, receiver, raw))
            elif account.id not in person.blocked:  # theirs goes where spam goes, and nobody is told
                self.town.say(message)
                if person.data.get(self.kind, {}).get("away"):
                    self._away(account, person, message)
        return not torn

    def _read(self, account: Account, person: Person, raw: bytes) -> Message:
        """Open a mail as a program does that shows HTML."""
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
        reader = _Links()
        reader.feed(page.get_content() if page else "")
        files = [part for part in mail.walk() if not part.is_multipart() and part.get_filename()]
        kept = [self._kept_file(account, part) for part in files]
        data = {
            "subject": str(mail["Subject"]), "text": plain.get_content().replace("\r\n", "\n") if plain else "", "links": reader.links,
            "files": [each.id for each in kept], "alts": reader.alts, "message_id": str(mail["Message-ID"]).strip(),
            "references": str(mail.get("References", "")).split(), "answers": str(mail.get("In-Reply-To", "")).strip(),
            "ways": re.findall(r"<([^>]+)>", str(mail.get("List-Unsubscribe", ""))), "one_click": bool(mail.get("List-Unsubscribe-Post")),
            "raw": self.town.add_file(account.id, raw, "message/rfc822").id,
        }  # fmt: skip
        name = f"{data['message_id']}:{next(self.town.counter)}"
        return Message(name, account.id, person.id, True, "mail", data, self.town.clock(), "delivered")

    def _kept_file(self, account: Account, part: Any) -> File:
        return self.town.add_file(account.id, part.get_payload(decode=True), part.get_content_type(), part.get_filename())

    async def _bounced(self, account: Account, sender: str, receiver: str, raw: bytes) -> None:
        """Tell, a moment later, that nobody lives there (to the return path, RFC 5321 3.6.3)."""
        await asyncio.sleep(BOUNCE_SECONDS)
        words = f"550 5.1.1 <{receiver}>: Recipient address rejected: User unknown"
        report = bounce(raw, self._slip(sender), receiver=receiver, status="5.1.1", words=words)
        Box(self.town, account).put(report)

    def _slip(self, to: str) -> Slip:
        return Slip(to, self.town.clock(), self._new_id())

    def _new_id(self, domain: str = "post.example") -> str:
        return f"<{next(self.town.counter)}.{secrets.token_hex(8)}@{domain}>"

    # ── People ────────────────────────────────────────────────────────────

    def _named(self, person: Person) -> str:
        known = person.ids.get(self.kind)
        if known:
            return known
        name = re.sub(r"[^a-z0-9]+", ".", person.name.lower().translate(UNFOLD)).strip(".") or "person"
        return f"{name}.{re.sub(r'[^a-z0-9]', '', person.id.lower())}@{HOME}"

    def address(self, account: Account, person: Person) -> str:
        return self.town.identify(person, self.kind, self._named(person))

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        """Write a new mail, or answer one with what it said below."""
        answered = self.town.messages.get(quote) if quote else None
        if answered is None:
            return self._send(account, person, Letter(text.split("\n", 1)[0][:60], text))
        before = str(answered.data.get("subject", ""))
        subject = before if before.lower().startswith(("re:", "aw:")) else f"AW: {before}"
        return self._send(account, person, Letter(subject, text, answered))

    def _send(self, account: Account, person: Person, letter: Letter) -> Message:
        address, message_id, now = self.address(account, person), self._new_id(HOME), self.town.clock()
        text, answered, thing = letter.text, letter.answered, letter.thing
        tail = quoted(str(answered.data.get("text", "")), account.name, answered.at) if answered else ""
        draft = Draft(
            address, person.name, account.username, letter.subject, text + tail, files=_files(thing), more=letter.more,
            answers=str(answered.data["message_id"]) if answered else "",
            references=answered.data.get("references", ()) if answered else (),
        )  # fmt: skip
        mail = written(draft, message_id, now)
        box = Box(self.town, account)
        for _ in range(2 if self.delivery.dice.random() < account.faults.duplicates else 1):
            box.put(mail)
        data: dict[str, Any] = {"subject": letter.subject, "text": text, "message_id": message_id, "references": [], "links": []}
        if thing:
            data["files"] = [self.town.add_file(account.id, thing.data, thing.mime, thing.name).id]
        if answered:
            data["quote"] = answered.id
        return self.town.say(Message(message_id, account.id, person.id, False, "mail", data, now, "sent"))

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        return self._send(account, person, Letter(thing.caption.split("\n", 1)[0][:60] or "Bild", thing.caption, thing=thing))

    def choices(self, message: Message) -> list[str]:
        return [each["title"] for each in message.data.get("links", []) if each["href"].startswith("mailto:")]

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        """Follow a link that opens a mail, and send it as it stands."""
        link = next((each for each in message.data.get("links", []) if choice == each["title"]), None)
        if link is None or not link["href"].startswith("mailto:"):
            raise CannotDo("no such link")
        self._mail_to(account, person, link["href"])

    def _mail_to(self, account: Account, person: Person, link: str) -> Message:
        parts = urlsplit(link)
        if unquote(parts.path).lower() != account.username:
            raise CannotDo("a link to somebody else")
        fields = parse_qs(parts.query)
        return self._send(account, person, Letter(fields.get("subject", [""])[0], fields.get("body", [""])[0]))

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        account = self.find("username", unquote(link.path).lower()) if link.scheme == "mailto" else None
        if account is None:
            return None
        fields = parse_qs(link.query)
        return account, (fields.get("body") or fields.get("subject") or [""])[0]

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Call it spam: the provider reports the newest mail, and puts what comes later aside."""
        super().block(account, person, blocked=blocked)
        last = self._newest(account, person, lambda message: True) if blocked else None
        if last is None or last.data["raw"] not in self.town.files:
            return
        original = self.town.files[last.data["raw"]].data
        report = complaint(original, self._slip(account.username), receiver=self.address(account, person))
        Box(self.town, account).put(report)

    def _newest(self, account: Account, person: Person, wanted: Callable[[Message], bool]) -> Message | None:
        keys = self.town.chats.get((account.id, person.id), [])
        return next((found for key in reversed(keys) if (found := self.town.messages[key]).ours and wanted(found)), None)

    def prefer(self, account: Account, person: Person, value: str) -> None:
        """`stop`: the program's own button to unsubscribe (RFC 8058). `stop-mail`: its way by mail. `away`, `here`: a careless robot."""
        if value in {"away", "here"}:
            person.data.setdefault(self.kind, {})["away"] = value == "away"
            return
        last = self._newest(account, person, lambda message: bool(message.data.get("ways")))
        if last is None or value not in {"stop", "stop-mail"}:
            raise CannotDo("nothing to unsubscribe from")
        web = [each for each in last.data["ways"] if each.startswith(("https://", "http://"))]
        mails = [each for each in last.data["ways"] if each.startswith("mailto:")]
        if value == "stop" and last.data["one_click"] and web:
            self.delivery.spawn(self._one_click(account, person, web[0]))
        elif mails:
            self._mail_to(account, person, mails[0])
        else:
            raise CannotDo("nothing to unsubscribe with")

    async def _one_click(self, account: Account, person: Person, url: str) -> None:
        """POST what RFC 8058 says, without cookies; a redirect is no answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status = await self.delivery.post(url, b"List-Unsubscribe=One-Click", headers)
        account.data["one_click"] = status
        self.town.tell("people", person=person.id)

    def _away(self, account: Account, person: Person, message: Message) -> None:
        more = {"Auto-Submitted": "auto-replied", "Precedence": "auto_reply", "X-Auto-Response-Suppress": "All"}
        self._send(account, person, Letter("Abwesend: " + str(message.data["subject"]), "Ich bin im Urlaub.", message, more=more))

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        data = message.data
        text = str(data.get("text", "")).split("\n-- \n")[0].strip()
        subject = str(data.get("subject", ""))
        shown: dict[str, Any] = {"text": f"*{subject}*\n{text}" if subject and not text.startswith(subject) else text}
        shown |= {"subject": subject, "body": text}
        if data.get("quote"):
            shown["quote"] = data["quote"]
        for file_id in data.get("files", [])[:1]:
            file = self.town.files.get(file_id)
            main = file.mime.split("/")[0] if file else ""
            shown |= self.media(file_id, main if main in {"image", "audio", "video"} else "document")
        if data.get("links"):
            shown["keyboard"] = [[{"id": each["title"], "title": each["title"], "url": _web(each)}] for each in data["links"]]
        if data.get("ways"):
            shown["footer"] = "Abmelden"
        return shown


def _web(link: dict[str, str]) -> str:
    return "" if link["href"].startswith("mailto:") else link["href"]


def _files(thing: Thing | None) -> list[tuple[bytes, str, str]]:
    if thing is None:
        return []
    names = {"photo": "foto.jpg", "voice": "memo.wav"}
    return [(thing.data, thing.mime, thing.name or names.get(thing.kind, "datei"))]


class _Links(HTMLParser):
    """Find what can be tapped in a mail: the links of its lists; and what its pictures show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[dict[str, str]] = []
        self.alts: list[str] = []
        self.deep, self.open = 0, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.deep += tag == "li"
        if tag == "a" and self.deep:
            self.links.append({"href": values.get("href") or "", "title": ""})
            self.open = True
        if tag == "img":
            self.alts.append(values.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        self.deep -= tag == "li"
        self.open = self.open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.links[-1]["title"] += data


PROVIDER = Email
