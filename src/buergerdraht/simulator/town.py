"""The simulated world: accounts at the providers, people with phones, and the chats between them. All in memory, savable as JSON."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from buergerdraht.simulator.journal import Counts, Journal

MESSAGES_KEPT = 50_000  # on all phones together; the journal keeps what was accepted


@dataclass
class Faults:
    """What goes wrong, as shares of calls (0 to 1) and seconds. Everything off by default."""

    latency: float = 0.0
    too_many: float = 0.0  # 429
    retry_after: float = 0.0  # the longest Retry-After such a 429 tells, in whole seconds; 0: the provider's usual answer
    broken: float = 0.0  # 5xx
    down: float = 0.0  # 503: the provider is not there
    hang: float = 0.0  # no answer for `hang_seconds`, and nothing accepted
    hang_seconds: float = 60.0
    reset: float = 0.0  # accepted, then the connection is torn
    fumbled: float = 0.0  # accepted, then answered with 500; where posts are public
    duplicates: float = 0.0  # webhooks sent twice
    disorder: float = 0.0  # webhooks held back a moment, so that later ones overtake
    status_delay: float = 0.0
    skip_delivered: float = 0.0


@dataclass
class Account:
    """A number, a bot, a page: an account as its owner got it from the provider."""

    kind: str
    id: str  # phone number id, bot id
    name: str
    token: str
    secret: str = ""  # app secret, or the webhook's secret token
    number: str = ""  # digits, WhatsApp
    username: str = ""  # Telegram
    waba_id: str = ""
    callback: str = ""
    verify_token: str = ""
    allowed_updates: list[str] = field(default_factory=list)
    templates: list[dict[str, Any]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    throughput: float = 0.0  # messages per second; 0: the provider's own
    quality: str = "GREEN"
    webhook_error: str = ""
    commands: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)  # what only its kind has, as JSON


@dataclass(slots=True)
class Person:
    """A citizen with a phone. `hidden`: WhatsApp shows businesses only the user id, not the number."""

    id: str
    name: str
    phone: str
    user_id: str
    telegram_id: int
    language: str = "de"
    username: str = ""
    hidden: bool = False
    reads: bool = True  # opens what arrives and has read receipts on
    reachable: bool = True
    blocked: list[str] = field(default_factory=list)  # account ids
    started: list[str] = field(default_factory=list)  # bots they started
    stopped_marketing: list[str] = field(default_factory=list)
    last_written: dict[str, float] = field(default_factory=dict)  # account id -> seconds, opens the window
    ids: dict[str, str] = field(default_factory=dict)  # kind -> what this messenger calls them, see Town.identify
    data: dict[str, Any] = field(default_factory=dict)  # what only some messenger keeps of them, as JSON: keys, devices


@dataclass(slots=True)
class Message:
    """A bubble on a phone. `data` is what the provider's API said, or what the person wrote."""

    id: str
    account: str
    person: str
    ours: bool  # from the business
    kind: str
    data: dict[str, Any]
    at: float
    status: str = ""  # sent, delivered, read, failed
    token: str = ""  # biz_opaque_callback_data
    reactions: dict[str, str] = field(default_factory=dict)  # "us", "them" -> emoji
    edited: bool = False
    deleted: bool = False
    number: int = 0  # Telegram's message id


@dataclass
class File:
    id: str
    account: str
    mime: str
    name: str
    data: bytes
    at: float
    expires: float


class Town:
    """Everything there is; changes are told to whoever listens (the phone page)."""

    def __init__(self, clock: Callable[[], float] = time.time, journal: Path | None = None) -> None:
        self.clock = clock
        self.accounts: dict[str, Account] = {}
        self.by_token: dict[tuple[str, str], Account] = {}
        self.people: dict[str, Person] = {}
        self.phones: dict[str, Person] = {}
        self.user_ids: dict[str, Person] = {}
        self.telegram_ids: dict[int, Person] = {}
        self.names: dict[tuple[str, str], Person] = {}
        self.messages: dict[str, Message] = {}
        self.oldest: deque[str] = deque()
        self.chats: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.files: dict[str, File] = {}
        self.journal = Journal(journal)
        self.counts: dict[str, Counts] = defaultdict(Counts)
        self.typing: dict[tuple[str, str], float] = {}
        self.counter = itertools.count(1000)
        self.listeners: set[asyncio.Queue[dict[str, Any]]] = set()

    def add_account(self, account: Account) -> Account:
        self.accounts[account.id] = account
        self.by_token[account.kind, account.token] = account
        return account

    def add_person(self, name: str, **fields: Any) -> Person:
        """Make a citizen; numbers are from the range reserved for films and fiction."""
        number = next(self.counter)
        person = Person(
            id=fields.pop("id", f"p{number}"), name=name, phone=fields.pop("phone", f"4917139{200000 + number}"),
            user_id=fields.pop("user_id", f"DE.{10**15 + number}"), telegram_id=fields.pop("telegram_id", 700000000 + number), **fields,
        )  # fmt: skip
        self._move_in(person)
        self.tell("people", person=person.id)
        return person

    def _move_in(self, person: Person) -> None:
        self.people[person.id] = person
        self.phones[person.phone] = self.user_ids[person.user_id] = self.telegram_ids[person.telegram_id] = person
        for kind, name in person.ids.items():
            self.names[kind, name] = person

    def identify(self, person: Person, kind: str, name: str) -> str:
        """Let a messenger call somebody by a name of its own, once. Gives the one they have."""
        if kind not in person.ids:
            person.ids[kind] = name
            self.names[kind, name] = person
        return person.ids[kind]

    def person_by_name(self, kind: str, name: str) -> Person | None:
        return self.names.get((kind, name))

    def account_by_token(self, token: str, kind: str) -> Account | None:
        return self.by_token.get((kind, token))

    def person_by_phone(self, phone: str) -> Person | None:
        return self.phones.get(phone)

    def person_by_user_id(self, user_id: str) -> Person | None:
        return self.user_ids.get(user_id)

    def person_by_telegram(self, number: int) -> Person | None:
        return self.telegram_ids.get(number)

    def say(self, message: Message) -> Message:
        message.number = message.number or next(self.counter)
        self.remember(message)
        self.chats[message.account, message.person].append(message.id)
        self.typing.pop((message.account, message.person), None)
        self.tell("message", account=message.account, person=message.person, message=message.id)
        return message

    def remember(self, message: Message) -> None:
        """Keep a message for its phone; beyond MESSAGES_KEPT the oldest are forgotten."""
        self.messages[message.id] = message
        self.oldest.append(message.id)
        if len(self.oldest) > MESSAGES_KEPT:
            forgotten = self.messages.pop(self.oldest.popleft())
            chat = self.chats.get((forgotten.account, forgotten.person), [])
            if forgotten.id in chat:
                chat.remove(forgotten.id)
            if not chat:
                self.chats.pop((forgotten.account, forgotten.person), None)

    def accept(self, message: Message, to: str, words: str) -> None:
        """Write down that the provider took a message: what a sender's ledger is held against."""
        self.counts[message.account].accepted += 1
        self.journal.add(
            at=round(self.clock(), 4), account=message.account, person=message.person, to=to, id=message.id, token=message.token,
            words=words[:60],
        )  # fmt: skip

    def by_number(self, account: str, person: str, number: int) -> Message | None:
        return next((self.messages[each] for each in reversed(self.chats[account, person]) if self.messages[each].number == number), None)

    def add_file(self, account: str, data: bytes, mime: str, name: str = "", days: float = 30) -> File:
        now = self.clock()
        file = File(str(next(self.counter)) + secrets.token_hex(6), account, mime, name, data, now, now + days * 86400)
        self.files[file.id] = file
        return file

    def tell(self, what: str, **values: Any) -> None:
        for listener in self.listeners:
            if listener.qsize() < 1000:
                listener.put_nowait({"what": what, **values})

    # ── Keeping it over a restart ─────────────────────────────────────────

    def save(self, path: Path) -> None:
        write(path, self.snapshot())

    def snapshot(self) -> str:
        """Give everything as JSON. To be called where nothing changes it meanwhile: on the loop."""
        self.journal.flush()
        data = {
            "accounts": list(self.accounts.values()),
            "people": list(self.people.values()),
            "messages": list(self.messages.values()),
            "files": [{**asdict(each), "data": each.data.hex()} for each in self.files.values() if len(each.data) < 2_000_000],
            "counter": next(self.counter),
        }
        return msgspec.json.encode(data).decode()

    def load(self, path: Path) -> None:
        data = msgspec.json.decode(path.read_bytes())
        for each in data["accounts"]:
            self.add_account(Account(**{**each, "faults": Faults(**each["faults"])}))
        for each in data["people"]:
            self._move_in(Person(**each))
        for each in data["messages"]:
            message = Message(**each)
            self.remember(message)
            self.chats[message.account, message.person].append(message.id)
        self.files = {each["id"]: File(**{**each, "data": bytes.fromhex(each["data"])}) for each in data["files"]}
        self.counter = itertools.count(data["counter"] + 1)


def write(path: Path, text: str) -> None:
    """Write a file so that it is whole at any moment."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)
