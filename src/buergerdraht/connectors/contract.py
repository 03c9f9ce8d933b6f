"""What the house and a messenger's connector say to each other: the first file to read.

The house speaks in `Content`, independent of provider. A connector turns it into `Part`s (one call each), sends them one by one, answers
with `Sent` or one of four failures; back come four events. `verify`, `parse`, `plan` are pure. All are frozen Structs, stored as JSON.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from pydantic import BaseModel

from buergerdraht.connectors.applicants import Applicant
from buergerdraht.connectors.called import Answer, Called


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value of the contract: immutable, comparable, JSON both ways."""


# ── What is to be said ────────────────────────────────────────────────────


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"


class Media(Value, frozen=True):
    """A file of ours. `id` is the gateway's media id; the bytes come through `Files.read`."""

    id: str
    kind: MediaKind
    mime: str
    size: int
    file_name: str = ""
    alt: str = ""


class Choice(Value, frozen=True):
    """Something a citizen can tap: it answers with `id`; with `url` it opens a page instead."""

    id: str
    title: str
    description: str = ""
    url: str = ""


class Location(Value, frozen=True):
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


class TemplateUse(Value, frozen=True):
    """An approved template with its variables, named or by position ("1", "2" ...)."""

    name: str
    language: str
    body: Mapping[str, str] = {}
    header: Mapping[str, str] = {}
    header_media: Media | None = None
    buttons: Mapping[str, str] = {}  # "0": a quick reply's payload; "url:0": the ending of an address


class Content(Value, frozen=True):
    """What is to be said, in one language. Text carries the Markdown subset `**bold** _italic_ ~~struck~~ `code` [title](url) - list`."""

    title: str = ""
    text: str = ""
    media: Sequence[Media] = ()
    choices: Sequence[Choice] = ()
    choices_label: str = ""  # word on the button that opens a list, e.g. "Auswahl"
    location: Location | None = None
    template: TemplateUse | None = None
    footer: str = ""  # e.g. "Abmelden: STOPP"
    quote: str = ""  # external id of the message this one answers
    reaction: str = ""  # emoji set on `quote`
    preview_link: bool = True
    language: str = ""  # of the text; public places tell it to readers' devices
    by_person: bool = False  # an operator typed it as an answer: some providers give people more time than programs
    urgent: bool = False  # a warning: messengers that can wake a sleeping device do


class Part(Value, frozen=True):
    """One provider call: `method` and `body` as the provider wants them, without the recipient; `media` still to be uploaded.

    `body` may hold the text "{media:<id>}" wherever the provider's own media id belongs: the connector fills it in `send`.
    `shows` is what the phone will show, for previews: the lines of text, media, buttons.
    """

    method: str
    body: Mapping[str, Any]
    shows: Shown
    media: Sequence[Media] = ()


class Shown(Value, frozen=True):
    """A bubble as the messenger will draw it. `html` is safe, made by the connector from the Markdown subset."""

    kind: Literal["text", "media", "location", "template", "reaction"] = "text"
    header: str = ""
    html: str = ""
    footer: str = ""
    media: Sequence[Media] = ()
    buttons: Sequence[Choice] = ()
    list_label: str = ""
    location: Location | None = None


class Note(Value, frozen=True):
    """What had to change on this messenger, said to the editor in plain words (law 16). `level` error forbids sending."""

    level: Literal["info", "warning", "error"]
    code: str
    text: str  # German, a gettext message id with {values} in str.format's braces
    values: Mapping[str, str] = {}
    about: str = ""  # of a check: the group of the set-up form it speaks of; empty: the account as a whole


class Plan(Value, frozen=True):
    parts: Sequence[Part]
    notes: Sequence[Note] = ()


class Template(Value, frozen=True):
    """A provider's template as synced. `body` etc. are its texts with {{placeholders}}; `variables` in order of appearance."""

    external_id: str
    name: str
    language: str
    category: str
    status: str
    header: str = ""
    header_kind: str = ""
    body: str = ""
    footer: str = ""
    buttons: Sequence[Choice] = ()
    variables: Sequence[str] = ()
    quality: str = ""


# ── What a channel can do ─────────────────────────────────────────────────


class Limits(Value, frozen=True):
    """What the provider allows. Characters are counted as the provider counts them; sizes in bytes; rates per second."""

    text: int
    caption: int
    buttons: int
    button_title: int
    list_rows: int = 0
    list_title: int = 0
    media: Mapping[str, int] = {}  # media kind -> largest size in bytes
    mimes: Mapping[str, Sequence[str]] = {}  # media kind -> accepted types
    rate: float = 1.0  # messages per second and channel
    most_rate: float = 0.0  # what some accounts are granted instead; 0: nobody more than the others
    rate_counts_inbound: bool = False
    pair_interval: float = 0.0  # seconds per message to one address in the long run
    pair_burst: int = 1
    window_hours: int = 0  # 0: free text at any time
    human_hours: int = 0  # the longer window for what a person typed (`Content.by_person`); 0: there is none
    delivered: bool = False  # the provider reports delivery
    read: bool = False  # the provider reports reading
    templates: bool = False
    may_start: bool = False  # may we write first?
    echoes_token: bool = False  # receipts carry our token, so a doubt settles itself

    def allowed(self, wanted: float | None) -> float:
        """The rate of a channel for which `wanted` was entered: lower as one likes, higher as far as the provider grants it."""
        return min(wanted, max(self.rate, self.most_rate)) if wanted else self.rate


# ── What comes in ─────────────────────────────────────────────────────────


class Ref(Value, frozen=True):
    """A file at the provider, still to be fetched."""

    kind: MediaKind
    external_id: str
    mime: str = ""
    size: int = 0
    file_name: str = ""
    url: str = ""
    sha256: str = ""


class Card(Value, frozen=True):
    """A contact card a citizen shared."""

    name: str
    phones: Sequence[str] = ()
    emails: Sequence[str] = ()


class Sender(Value, frozen=True):
    """Who wrote. `address` is opaque and the best key the provider gives; `aliases` are the others known to be the same person."""

    address: str
    aliases: Sequence[str] = ()
    steady: str = ""  # the one of these that stands in every message of theirs, where the address does not: keeps them in order
    name: str = ""
    handle: str = ""  # what a person would recognise: phone number, @name
    language: str = ""


class Received(Value, frozen=True, tag="received"):
    """A citizen's message. `kind` "unsupported" is kept and shown as a placeholder (law 1)."""

    external_id: str
    sender: Sender
    at: datetime
    kind: str = "text"  # text media location contacts choice reaction unsupported edit deletion start
    text: str = ""
    media: Sequence[Ref] = ()
    location: Location | None = None
    cards: Sequence[Card] = ()
    choice: str = ""  # id of the tapped choice; `text` holds its title
    quote: str = ""  # external id answered, edited, deleted or reacted to
    album: str = ""  # messages with one album id are one message with several pictures
    start: str = ""  # parameter of a deep link
    referral: Mapping[str, str] = {}
    forwarded: Literal["", "forwarded", "often"] = ""
    raw_kind: str = ""  # the provider's own word, for placeholders
    callback: str = ""  # a press that must be answered
    flooding: bool = False  # so much so quickly that a machine writes, perhaps: people see it, no automatic answers
    proven: bool = True  # nobody else can have sent it; False: as easily forged as a mail's sender


class ReceiptState(StrEnum):
    """What the provider reports of a part; receipts only climb (law 4)."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Receipt(Value, frozen=True, tag="receipt"):
    """What became of a part. `external_id` is the part's own, as in `Sent`; `seen_id` tells two reports of one part apart.

    Where the provider names a moment instead of parts, `external_id` is empty, and it is said of all that went to `address` up to `until`.
    """

    external_id: str
    state: ReceiptState
    at: datetime
    token: str = ""  # our own id, echoed
    reason: str = ""  # a Reason code, see reasons.py
    details: str = ""
    address: str = ""
    price_category: str = ""
    until: datetime | None = None


class Gone(Value, frozen=True, tag="gone"):
    """The citizen can no longer be written to (blocked us, left) or wants no newsletters (`scope`), or is back (`back`)."""

    address: str
    at: datetime
    external_id: str
    scope: Literal["all", "newsletter"] = "all"
    back: bool = False
    reason: str = ""


class Changed(Value, frozen=True, tag="changed"):
    """Something about the channel, a template or an address changed.

    what: "address" (old -> new), "key", "crowd" (of "address": another, not alone), "template", "quality", "limit", "account", "alert"
    effect: "" just show, "pause_channel", "resume_channel", "pause_template", "resume_template", "resync_templates"
    """

    external_id: str
    at: datetime
    what: str
    effect: str = ""
    text: str = ""  # plain German words for the operator
    values: Mapping[str, str] = {}


PUBLIC = "public"  # the address of a post
Event = Received | Receipt | Gone | Changed


def seen_id(event: Event) -> str:
    """Name an event so that the same one is handled once (law 2)."""
    return f"{event.external_id or event.until}:{event.state}" if isinstance(event, Receipt) else event.external_id


class Item(Value, frozen=True):
    """One item of a webhook body: parsed, or kept with the reason why not (law 3)."""

    event: Event | None = None
    raw: Mapping[str, Any] = {}
    problem: str = ""


# ── How a call ends ───────────────────────────────────────────────────────


class Sent(Value, frozen=True):
    external_id: str
    alias: str = ""  # an address the provider told us on the way


class SendError(Exception):
    """A call did not lead to an accepted message. `reason` is a code of reasons.py, `details` the provider's words, redacted."""

    def __init__(self, reason: str = "unknown", details: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


def bounded(seconds: float) -> float:
    """Keep what a provider says of waiting within a day: it may say "inf", or a thousand years."""
    return min(max(seconds, 0.0), 86_400.0) if math.isfinite(seconds) else 86_400.0


class Temporary(SendError):
    """Try again. `retry_after` in seconds where the provider says it, a day at the most. `scope` tells what waits.

    `maybe_sent`: it could have arrived. `limit`: the provider's limit was hit, so the try does not count (law 8).
    """

    def __init__(
        self, reason: str = "unavailable", details: str = "", *, retry_after: float | None = None, maybe_sent: bool = False,
        scope: Literal["message", "pair", "channel"] = "message", limit: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(reason, details)
        self.retry_after = None if retry_after is None else bounded(retry_after)
        self.maybe_sent = maybe_sent
        self.scope = scope
        self.limit = limit


class Rejected(SendError):
    """This message failed for good. `scope` newsletter/template: what else should not be tried."""

    def __init__(
        self, reason: str, details: str = "", *, scope: Literal["message", "template", "newsletter", "window"] = "message"
    ) -> None:
        super().__init__(reason, details)
        self.scope = scope


class AddressGone(SendError):
    """Nobody is there any more, or they blocked us."""


class ChannelBroken(SendError):
    """The whole channel stops and an operator is called."""


class Unsigned(Exception):
    """The webhook's signature is wrong or missing: answer 401."""


class Malformed(Exception):
    """The body cannot be from this provider: answer 400; kept for replay where the signature was right."""


class Wanting(Exception):
    """A body is this provider's, but cannot be read before the provider was asked for something: see `Connector.learn`."""


# ── The connector ─────────────────────────────────────────────────────────


class Files(Protocol):
    """The gateway's files, as a connector may use them while sending."""

    async def read(self, media: Media) -> bytes: ...

    async def uploaded(self, media: Media) -> str | None:
        """The provider's id of an earlier upload that is still valid."""

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None: ...


class Health(Value, frozen=True):
    """What `check` found: ok, and sentences for the operator; `facts` go to the channel's page (name, number, quality, tier)."""

    ok: bool
    findings: Sequence[Note] = ()
    facts: Mapping[str, str] = {}
    learned: Mapping[str, str] = {}  # values for empty fields of the Config, e.g. the bot's name
    renewed: Mapping[str, str] = {}  # values that take the place of what is there: a token the provider gave anew, and until when it holds


class Connector(Protocol):
    """One configured account with a provider. Built as `Connector(config, http)`; see registry.py."""

    kind: ClassVar[str]
    title: ClassVar[str]  # "WhatsApp"
    mark: ClassVar[str]  # two letters for the channel mark: "WA"
    hue: ClassVar[str]  # of the mark: green blue darkblue neutral violet orange turquois red
    reach: ClassVar[Literal["people", "public"]]  # public: what is sent is a post that anybody reads; the address is PUBLIC
    hears: ClassVar[bool]  # citizens can answer here: dialogs and questions make sense
    by_hand: ClassVar[bool]  # no API: a person posts what we prepared, and confirms it (public only)
    streams: ClassVar[bool]  # events come through `receive`, beside the webhook or in its place
    lasting: ClassVar[bool]  # somebody is still reached there when they went away; a visit to a page of ours is over then
    hooked: ClassVar[bool]  # the provider must be told our webhook's address
    taken: str  # the body a stored webhook is answered with
    about: ClassVar[str]  # a sentence for whoever chooses a messenger
    applicants: ClassVar[Sequence[Applicant]]  # empty: everybody may
    guide: ClassVar[Sequence[str]]  # what is still to be done by hand at the provider, step by step
    Config: ClassVar[type[BaseModel]]
    limits: Limits

    def __init__(self, config: Any, http: Any) -> None: ...  # http: connectors.http.Http, which knows our failures

    def enclose(self, called: Called) -> bytes | None:
        """Give what is to be verified, stored and parsed of a call; None: nothing is (a GET then asks `handshake`, others get 404)."""

    def handshake(self, called: Called) -> Answer | None:
        """Answer a GET on the webhook address, or None for 404. It must change nothing: scanners follow links."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise Unsigned unless the raw bytes carry this provider's signature. Header names are lower case."""

    def parse(self, body: bytes) -> list[Item]:
        """Turn a body into its items, each on its own; raise Malformed only when nothing can be read, Wanting where `learn` must ask first.

        What is known and none of our business makes no item; what is unknown makes one with a problem.
        """

    async def learn(self, bodies: Sequence[bytes]) -> None:
        """Ask for what reading these bodies needs, and keep it (learned.py); then they are parsed again. Raises like `fetch`."""

    def forget(self, addresses: Sequence[str]) -> None:
        """Let go of what was learned of people who are erased."""

    async def leave(self, addresses: Sequence[str]) -> None:
        """End what our account keeps at the provider with people who are erased, such as a room. Raises like `fetch`."""

    def plan(self, content: Content) -> Plan:
        """Render content in this messenger's best form; what it cannot show is split or turned into numbered choices."""

    def room(self, content: Content) -> tuple[int, int]:
        """How many letters a post takes as the provider counts them, and how many it may; for the counter beside the text."""

    def link(self, start: str, text: str) -> str:
        """The deep link that opens a chat with us, carrying `start` or the prefilled `text`; "" while our name is unknown."""

    async def permalink(self, external_id: str) -> str:
        """Where anybody can read a post, by `Sent.external_id` of its first part; "" where it cannot be told. Raises like `fetch`."""

    async def send(self, part: Part, address: str, *, token: str, files: Files) -> Sent: ...

    async def mark_read(self, external_id: str, address: str, *, typing: bool = False) -> None: ...

    async def acknowledge(self, callback: str) -> None:
        """Answer a press where the provider wants it (Telegram)."""

    async def fetch(self, ref: Ref) -> tuple[bytes, str]:
        """Fetch a citizen's file: bytes and the type the provider claims. Raises Temporary or Rejected."""

    async def templates(self) -> list[Template]: ...

    async def activate(self, webhook_url: str) -> None:
        """Tell the provider where to deliver, where it can be told."""

    async def check(self) -> Health: ...

    def handout(self, webhook_url: str) -> tuple[str, str]:
        """A file that the provider's operator needs from us: its name and its text; "" where there is none."""

    def receive(self) -> AsyncIterator[list[Item]]:
        """Stream events, where `streams`. What was yielded is committed when the generator is asked on: then it may be acknowledged.

        Ends or raises Temporary where the provider is away (it is begun anew after a pause), ChannelBroken where an operator is needed.
        """


def encode(value: Value) -> bytes:
    return msgspec.json.encode(value)


def to_json(value: Value) -> Any:
    """Plain dicts and lists for a JSON column."""
    return msgspec.to_builtins(value)


def content_from_json(data: Any) -> Content:
    return msgspec.convert(data, Content)
