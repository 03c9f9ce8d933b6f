"""What signal-cli does, whichever door it was asked through: checks, limits, keys, and who hears what comes in."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.limits import Bucket
from buergerdraht.simulator.providers import signal_rules as rules
from buergerdraht.simulator.providers.signal_phone import SignalPhone
from buergerdraht.simulator.providers.signal_rules import Refusal
from buergerdraht.simulator.town import Account, Message, Person, Town
from buergerdraht.simulator.weather import Weather

RATE, BURST, PAUSE = 1.0, 10.0, 3600
KEPT_EVENTS = 1000
REJECTED = "Captcha rejected, it may be outdated, already used or solved from a different IP address."
Told = tuple[str, bytes]  # an event's id, and its frame


class Said(NamedTuple):
    text: str
    entities: list[dict[str, Any]]
    quote: str
    files: list[rules.Attached]
    edited: int | None


class SignalCli(SignalPhone):
    """The state beside the town's: listeners, what waits for them, and limits."""

    def __init__(self, town: Town, delivery: Delivery) -> None:
        super().__init__(town, delivery)
        self.weather = Weather(town, delivery.dice, strict=False)
        self.storms: dict[str, int] = {}  # account -> seconds that a fault makes it wait
        self.buckets: dict[str, Bucket] = {}
        self.listeners: dict[str, set[asyncio.Queue[Told]]] = defaultdict(set)
        self.waiting: dict[str, list[Told]] = defaultdict(list)  # at Signal, until somebody listens
        self.told: dict[str, deque[Told]] = defaultdict(lambda: deque(maxlen=KEPT_EVENTS))
        self.began = int(town.clock() * 1000)
        self.event = 0

    # ── Telling the owner ─────────────────────────────────────────────────

    def tell_owner(self, account: Account, envelope: dict[str, Any]) -> None:
        frame = msgspec.json.encode({"envelope": envelope, "account": account.number})
        dice, faults = self.delivery.dice, account.faults
        for _ in range(2 if dice.random() < faults.duplicates else 1):
            if dice.random() < faults.disorder:
                self.delivery.spawn(self._later(account, frame, dice.uniform(0.05, 0.8)))
            else:
                self._frame(account, frame)

    async def _later(self, account: Account, frame: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._frame(account, frame)

    def _frame(self, account: Account, frame: bytes) -> None:
        self.event += 1
        told = (f"{self.began}-{self.event}", frame)
        if self.listeners[account.id]:
            self.told[account.id].append(told)
            for queue in self.listeners[account.id]:
                queue.put_nowait(told)
        elif account.data["door"] == "daemon":
            self.waiting[account.id].append(told)

    @asynccontextmanager
    async def listening(self, account: Account, after: str = "") -> AsyncIterator[asyncio.Queue[Told]]:
        """Let somebody hear what comes; first what was missed since `after` (all there is, where that is unknown), then what waits."""
        queue: asyncio.Queue[Told] = asyncio.Queue()
        if after:
            start, _, number = after.rpartition("-")
            last = int(number) if start == str(self.began) and number.isdigit() else 0
            for told in self.told[account.id]:
                if int(told[0].rpartition("-")[2]) > last:
                    queue.put_nowait(told)
        for told in self.waiting.pop(account.id, []):
            self.told[account.id].append(told)
            queue.put_nowait(told)
        self.listeners[account.id].add(queue)
        try:
            yield queue
        finally:
            self.listeners[account.id].discard(queue)

    # ── What signal-cli does ──────────────────────────────────────────────

    def person(self, account: Account, given: Any) -> Person | None:
        named = str(given).removeprefix("PNI:")
        return self.town.person_by_name("signal", named.lower()) or self.town.person_by_phone(named.removeprefix("+"))

    async def do_send(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        """Check everything, then the limits, then let it arrive."""
        recipients = rules.listed(params.get("recipient"))
        if not recipients:
            raise Refusal(rules.USER, "No recipients given")
        text = params.get("message") or ""
        if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > rules.LONGEST_BODY:
            raise Refusal(rules.USER, "Invalid message")
        files = [rules.attachment(each) for each in rules.listed(params.get("attachment") or params.get("attachments"))]
        if params.get("sticker") and not rules.STICKER.fullmatch(str(params["sticker"])):
            raise Refusal(rules.USER, "Invalid sticker syntax expected 'stickerPackId:stickerId'")
        if not text and not files and not params.get("sticker"):
            raise Refusal(rules.USER, rules.EMPTY)
        entities = rules.entities(text, params.get("textStyle"))
        quote = self._quoted(account, params)
        edited = params.get("editTimestamp")
        if edited is not None:
            rules.whole(edited, "edit timestamp")
        self._within_limits(account, len(recipients))
        sent = self.stamp()
        results = [self._arrive(account, to, sent, Said(text, entities, quote, files, edited)) for to in recipients]
        if not any(each["type"] == "SUCCESS" for each in results):
            untrusted = all(each["type"] == "IDENTITY_FAILURE" for each in results)
            words = "Failed to send message due to untrusted identities" if untrusted else "Failed to send message"
            raise Refusal(rules.UNTRUSTED if untrusted else rules.USER, words, results)
        return {"timestamp": sent, "results": results}

    def _quoted(self, account: Account, params: dict[str, Any]) -> str:
        if params.get("quoteTimestamp") is None:
            return ""
        if not params.get("quoteAuthor"):
            raise Refusal(rules.USER, "Invalid quote author")
        return f"{account.id}:{rules.whole(params['quoteTimestamp'], 'quote timestamp')}"

    def _arrive(self, account: Account, to: Any, sent: int, said: Said) -> dict[str, Any]:
        """Bring one message to one phone, and say how it went."""
        person = self.person(account, to)
        if person is None or not person.reachable:
            return {"recipientAddress": {"uuid": None, "number": str(to)}, "type": "UNREGISTERED_FAILURE"}
        key = self.address(account, person)
        address = {"uuid": key, "number": None if person.hidden else f"+{person.phone}"}
        if self.keys(account).setdefault(key, "TRUSTED_UNVERIFIED") == "UNTRUSTED":
            return {"recipientAddress": address, "type": "IDENTITY_FAILURE"}
        kept = [self.town.add_file(account.id, file.data, file.mime, file.name).id for file in said.files]
        data = {"text": said.text, "entities": said.entities, "quote": said.quote, "files": kept, "timestamp": sent}
        kind = "media" if kept else "text"
        message = Message(f"{account.id}:{sent}", account.id, person.id, True, kind, data, self.town.clock(), "sent")
        before = self._of(account, person, said.edited) if said.edited is not None else None
        if before is not None:
            before.data.update(data)
            before.edited = True
            self.town.tell("message", account=account.id, person=person.id, message=before.id)
        elif account.id not in person.blocked:
            self.town.say(message)
            self.delivery.spawn(self._delivered(account, person, message))
        self.town.accept(message, key, said.text)
        return {"recipientAddress": address, "type": "SUCCESS"}

    def _of(self, account: Account, person: Person, moment: int) -> Message | None:
        chat = [self.town.messages[key] for key in self.town.chats.get((account.id, person.id), [])]
        return next((message for message in chat if message.data.get("timestamp") == moment), None)

    async def _delivered(self, account: Account, person: Person, message: Message) -> None:
        await asyncio.sleep(account.faults.status_delay)
        if self.delivery.dice.random() < account.faults.skip_delivered:
            return
        if message.status == "sent":
            message.status = "delivered"
        self.town.tell("message", account=account.id, person=person.id, message=message.id)
        self.receipt(account, person, "isDelivery", [message.data["timestamp"]])

    def _within_limits(self, account: Account, amount: int) -> None:
        if challenge := account.data.get("challenge"):
            self._limit(PAUSE * 24, challenge)
        if storm := self.storms.get(account.id):
            self._limit(storm)
        rate = account.throughput or RATE
        bucket = self.buckets.get(account.id)
        if bucket is None or bucket.rate != rate:
            bucket = self.buckets[account.id] = Bucket(rate, max(BURST, rate))
        if missing := bucket.take(self.town.clock(), amount):
            self.town.counts[account.id].limited += 1
            self._limit(round(missing) + 1)

    def _limit(self, seconds: int, token: str | None = None) -> None:
        result: dict[str, Any] = {"recipientAddress": {}, "type": "RATE_LIMIT_FAILURE", "token": token, "retryAfterSeconds": seconds}
        raise Refusal(rules.RATE, "Failed to send message due to rate limiting", [result])

    async def do_sendreaction(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        message = self._target(account, params, "targetTimestamp")
        if not params.get("targetAuthor") or not isinstance(params.get("emoji"), str) or not params["emoji"]:
            raise Refusal(rules.USER, "Missing required argument")
        message.reactions["us"] = "" if params.get("remove") else params["emoji"]
        self.town.tell("message", account=account.id, person=message.person, message=message.id)
        return {"timestamp": self.stamp(), "results": [{"type": "SUCCESS"}]}

    async def do_remotedelete(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        message = self._target(account, params, "targetTimestamp")
        message.deleted = True
        self.town.tell("message", account=account.id, person=message.person, message=message.id)
        return {"timestamp": self.stamp(), "results": [{"type": "SUCCESS"}]}

    def _target(self, account: Account, params: dict[str, Any], name: str) -> Message:
        """Find a message of a chat by its moment."""
        people = [self.person(account, each) for each in rules.listed(params.get("recipient"))]
        moment = rules.whole(params.get(name), name)
        if not people or people[0] is None:
            raise Refusal(rules.USER, "Failed to send message", [{"type": "UNREGISTERED_FAILURE"}])
        # Signal knows no contents: it takes a reaction to any moment there may have been.
        return self._of(account, people[0], moment) or Message("", account.id, people[0].id, False, "text", {}, 0.0)

    async def do_sendreceipt(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("type", "read") not in {"read", "viewed"}:
            raise Refusal(rules.USER, f"Unknown receipt type: {params.get('type')}")
        for moment in rules.listed(params.get("targetTimestamp")):
            message = self._target(account, {**params, "targetTimestamp": moment}, "targetTimestamp")
            message.data["read_by_us"] = True
        return {"timestamp": self.stamp(), "results": [{"type": "SUCCESS"}]}

    async def do_sendtyping(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        people = [self.person(account, each) for each in rules.listed(params.get("recipient"))]
        for person in people:
            if person is None:
                raise Refusal(rules.USER, "Failed to send message", [{"type": "UNREGISTERED_FAILURE"}])
            self.town.typing[account.id, person.id] = 0 if params.get("stop") else self.town.clock() + 15
            self.town.tell("chat", account=account.id, person=person.id)
        return {}

    async def do_getattachment(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        return {"data": base64.b64encode(self.file(account, str(params.get("id", "")))).decode()}

    def file(self, account: Account | None, name: str) -> bytes:
        file = self.town.files.get(name.partition(".")[0])
        if file is None or (account is not None and file.account != account.id):
            raise Refusal(rules.USER, "Could not find attachment with ID: " + name)
        return file.data

    async def do_submitratelimitchallenge(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        solved = str(params.get("captcha", "")).startswith("signalcaptcha://") and "falsch" not in str(params.get("captcha"))
        if not params.get("challenge") or params["challenge"] != account.data.get("challenge") or not solved:
            raise Refusal(rules.CAPTCHA, REJECTED)
        account.data["challenge"] = ""
        return {}

    async def do_trust(self, account: Account, params: dict[str, Any]) -> dict[str, Any]:
        person = self.person(account, next(iter(rules.listed(params.get("recipient"))), ""))
        if person is None:
            raise Refusal(rules.USER, "Failed to set the trust for this number, make sure the number is correct.")
        if not params.get("trustAllKnownKeys") and not params.get("verifiedSafetyNumber"):
            raise Refusal(rules.USER, "You need to specify the fingerprint/safety number you have verified")
        level = "TRUSTED_UNVERIFIED" if params.get("trustAllKnownKeys") else "TRUSTED_VERIFIED"
        self.keys(account)[self.address(account, person)] = level
        return {}

    async def do_listidentities(self, account: Account, params: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"number": None, "uuid": key, "fingerprint": "05" * 33, "safetyNumber": "12345 " * 12, "trustLevel": level, "addedTimestamp": 0}
            for key, level in self.keys(account).items()
        ]

    # ── Keys and other devices ─────────────────────────────────────────────

    def keys(self, account: Account) -> dict[str, str]:
        found: dict[str, str] = account.data.setdefault("keys", {})
        return found

    def echo(self, account: Account, person: Person, text: str) -> None:
        sent, key = self.stamp(), self.address(account, person)
        copy = {"destination": key, "destinationNumber": None, "destinationUuid": key, "timestamp": sent, "message": text}
        ours = {"source": account.number, "sourceNumber": account.number, "sourceUuid": account.data["uuid"], "sourceName": account.name}
        self.tell_owner(account, {**ours, "sourceDevice": 2, "timestamp": sent, "syncMessage": {"sentMessage": copy}})
