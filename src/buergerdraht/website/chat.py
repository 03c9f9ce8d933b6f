"""The chat page's side of a conversation: who holds a visit's secret sees what was said to it, and hands in what they say.

Nothing is written here but through the gateway's door; what is shown is read from the letters and messages of that one address.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Choice, Item, Location, Received, content_from_json
from buergerdraht.connectors.markdown import Run, safe_html
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import channels, doorstep, files
from buergerdraht.gateway.models import Channel, Media, Outbound, Part
from buergerdraht.website.floods import Dam, Quota

KIND = "webchat"
SHOWN = 100  # entries on the page, each side at the most
LARGEST = 10_000_000
LONGEST = 4000
TAKEN = {"image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"}
DRAWN = {"image": "image", "sticker": "image", "audio": "audio", "voice": "audio", "video": "video"}
by_visit = Dam(rate=0.5, burst=12.0)  # messages
by_place = Dam(rate=2.0, burst=60.0)  # messages of all visits from one connection: a school has many
by_weight = Quota("chat_place", 100e6, 86_400)  # bytes of files from one connection, in a day
by_town = Quota("chat_town", 2e9, 86_400)  # and from all of an authority's visitors
by_glance = Dam(rate=3.0, burst=60.0)  # looks of one visit


class NotTaken(Exception):
    """What was sent is not taken; the sentence (a key of words.yaml) is for whoever sent it, the status for the browser."""

    def __init__(self, sentence: str, status: int = 400, **values: str) -> None:
        super().__init__(sentence)
        self.sentence, self.status, self.values = sentence, status, values


@dataclass(frozen=True)
class Picture:
    url: str
    name: str
    alt: str
    kind: str  # image, audio, video, document
    pending: bool = False


@dataclass(frozen=True)
class Entry:
    """A bubble. `key` is its place in the page, `part` what a receipt is about, "" where none is wanted any more."""

    key: str
    ours: bool
    at: datetime.datetime
    html: SafeString
    header: str = ""
    automatic: bool = False
    pictures: Sequence[Picture] = ()
    buttons: Sequence[Choice] = ()
    location: Location | None = None
    part: str = ""
    receipt: str = ""
    pending: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Said:
    """What somebody hands in: words, a file, or a press on one of our buttons ("<part> <choice>")."""

    visit: str
    once: str
    language: str
    text: str = ""
    file: UploadedFile[bytes] | None = None
    press: str = ""


# ── Whose chat, and who visits ────────────────────────────────────────────


def channel_of(organisation: Organisation) -> Channel | None:
    """The channel whose page this is: the first one that runs."""
    rows = Channel.objects.filter(organisation=organisation, kind=KIND, state__in=[Channel.State.RUNNING, Channel.State.DRAINING])
    return rows.select_related("organisation").order_by("pk").first()


def chat_url(organisation: Organisation) -> str:
    """Where one chats with an authority; "" where it offers no chat."""
    return reverse("website:chat", args=[organisation.slug]) if channel_of(organisation) else ""


def new_visit() -> str:
    return secrets.token_urlsafe(32)


def is_visit(text: str) -> bool:
    return len(text) == 43 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def address_of(channel: Channel, visit: str) -> Address | None:
    key = vault.lookup(channel.organisation_id, visit)
    return Address.objects.filter(channel=channel, address_hash=key).select_related("contact").first()


def frames(channel: Channel) -> list[str]:
    """The sites that may show the page in a frame."""
    return str(getattr(channels.config(channel), "sites", "")).split()


# ── What is handed in ─────────────────────────────────────────────────────


def hand_in(channel: Channel, said: Said, place: str) -> str:
    """Take what somebody said. Returns the key of its bubble; raises NotTaken, or DatabaseError where it could not be stored."""
    if not by_visit.passes(said.visit) or not by_place.passes(place):
        raise NotTaken("chat_too_many", 429)
    raw: dict[str, Any] = {"kind": "text", "id": said.once, "at": timezone.now().timestamp(), "text": said.text.strip()}
    if said.press:
        raw |= _pressed(channel, said)
    elif said.file is not None:
        raw |= _laid_down(channel, said.file, place)
    elif not raw["text"]:
        raise NotTaken("chat_empty")
    if len(raw["text"]) > LONGEST:
        raise NotTaken("chat_too_long", most=str(LONGEST))
    items = _read(channel, said, raw)
    doorstep.put(channel, items)
    return cast(Received, items[0].event).external_id


def _read(channel: Channel, said: Said, raw: dict[str, Any]) -> list[Item]:
    """Let the connector read it, as it reads everything that comes from outside."""
    body = msgspec.json.encode({"visit": said.visit, "language": said.language, "items": [raw]})
    items = channels.connector(channel).parse(body)
    if any(item.event is None for item in items):
        raise NotTaken("chat_unreadable")
    return items


def _laid_down(channel: Channel, file: UploadedFile[bytes], place: str) -> dict[str, Any]:
    if not getattr(channels.config(channel), "files", False):
        raise NotTaken("chat_no_files")
    if (file.size or 0) > LARGEST:
        raise NotTaken("chat_too_large", 413)
    data, name = file.read(), files.clean_name(file.name or "")
    try:
        kind, mime = files.glance(data, name)
    except files.Refused as problem:
        raise NotTaken("chat_refused", reason=str(problem)) from None
    if mime not in TAKEN:
        raise NotTaken("chat_wrong_kind")
    if not by_weight.passes(channel.organisation_id, place, len(data)):
        raise NotTaken("chat_much_from_here", 429)
    if not by_town.passes(channel.organisation_id, "", len(data)):
        raise NotTaken("chat_much_today", 429)
    if not doorstep.has_room():
        raise NotTaken("chat_no_files", 507)
    number = doorstep.lay_down(channel, data)
    return {
        "kind": "media",
        "files": [{"id": number, "kind": kind.value, "mime": mime, "size": len(data), "name": name}],
    }


def _pressed(channel: Channel, said: Said) -> dict[str, Any]:
    """Find the button that was pressed, among those that were shown to this visit."""
    part, _space, choice = said.press.partition(" ")
    row = _parts(channel, said.visit, [part]).first()
    found = [one for one in _shown(channel, row.outbound)[row.position].buttons if one.id == choice] if row is not None else []
    if row is None or not found:
        raise NotTaken("chat_no_button")
    return {"kind": "choice", "choice": found[0].id, "text": found[0].title, "quote": part}


def hand_in_receipts(channel: Channel, visit: str, delivered: Sequence[str], read: Sequence[str]) -> int:
    """Tell which parts were shown and which were seen; only of this visit, and only what is new. Returns how many."""
    known = {str(row.external_id): row.state for row in _parts(channel, visit, [*delivered, *read])}
    at = timezone.now().timestamp()
    raws = [
        {"kind": "receipt", "part": part, "state": "read" if part in read else "delivered", "at": at}
        for part, state in known.items()
        if state not in ({"read"} if part in read else {"read", "delivered"})
    ]
    body = msgspec.json.encode({"visit": visit, "items": raws})
    items = [item for item in channels.connector(channel).parse(body) if item.event is not None]
    doorstep.put(channel, items)
    return len(items)


def _parts(channel: Channel, visit: str, numbers: Iterable[str]) -> Any:
    key = vault.lookup(channel.organisation_id, visit)
    rows = Part.objects.filter(channel=channel, external_id__in=list(numbers)[: 2 * SHOWN], outbound__address_hash=key)
    return rows.select_related("outbound__content")


# ── What is shown ─────────────────────────────────────────────────────────


def _shown(channel: Channel, outbound: Outbound) -> list[Any]:
    plan = channels.plan_of(channel.kind, content_from_json(outbound.content.content))
    return [part.shows for part in plan.parts]


def entries(channel: Channel, visit: str) -> list[Entry]:
    """All that was said in a visit, both ways, oldest first."""
    address = address_of(channel, visit)
    said = [*_answers(channel, visit), *(_written(channel.organisation.slug, address) if address is not None else ())]
    return sorted(said, key=lambda entry: (entry.at, entry.key))


def _answers(channel: Channel, visit: str) -> Iterable[Entry]:
    """Our letters to this address, part by part as the sender has let them out."""
    key = vault.lookup(channel.organisation_id, visit)
    rows = Outbound.objects.filter(channel=channel, address_hash=key, parts_done__gt=0).select_related("content").order_by("-id")[:SHOWN]
    letters = {row.pk: row for row in rows}
    authors = dict(Message.objects.filter(outbound__in=list(letters)).values_list("outbound_id", "author"))
    slug = channel.organisation.slug
    parts = Part.objects.filter(outbound__in=list(letters)).exclude(state="failed").order_by("outbound_id", "position")
    for part in parts:
        letter = letters[part.outbound_id]
        shown = _shown(channel, letter)
        if part.position >= len(shown) or part.external_id is None:
            continue
        bubble = shown[part.position]
        yield Entry(
            key=part.external_id, ours=True, at=letter.accepted_at or letter.created_at,
            html=mark_safe(bubble.html),  # noqa: S308 - made by the connector from escaped text
            header=bubble.header, automatic=authors.get(letter.pk) != Message.Author.OPERATOR,
            pictures=[_picture(slug, media.id, media.kind, media.file_name, media.alt) for media in bubble.media],
            buttons=bubble.buttons, location=bubble.location, part=part.external_id,
            receipt=part.state if part.state in {"delivered", "read"} else "",
        )  # fmt: skip


def _written(slug: str, address: Address) -> Iterable[Entry]:
    """What was written on this page."""
    rows = Message.objects.filter(address_id=address.pk, author=Message.Author.CITIZEN).prefetch_related("media").order_by("-at", "-id")
    for message in rows[:SHOWN]:
        yield Entry(
            key=message.external_id or f"nachricht:{message.pk}", ours=False, at=message.at,
            html=mark_safe(safe_html([Run(message.text)])),  # noqa: S308 - escaped there
            pictures=[_own_picture(slug, media) for media in message.media.all()], gone=message.deleted_at is not None,
        )  # fmt: skip


def _own_picture(slug: str, media: Media) -> Picture:
    found = _picture(slug, str(media.pk), media.kind, media.file_name, media.alt)
    return found if media.state == Media.State.READY else Picture("", found.name, "", found.kind, media.state == Media.State.PENDING)


def _picture(slug: str, media: str, kind: str, name: str, alt: str) -> Picture:
    url = reverse("website:chat_file", args=[slug, sign(media, timezone.localdate())])
    return Picture(url, name, alt, DRAWN.get(kind, "document"))


def stamp(shown: Sequence[Entry]) -> str:
    """Say in a word what is shown, so that a page that shows it already need not be told again."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]


# ── Files behind a signed address ─────────────────────────────────────────


def _signer() -> signing.Signer:
    return signing.Signer(salt="website.chat.file")


def sign(media: str, day: datetime.date) -> str:
    """Write an address for one file, good today and tomorrow: the same all day, so that a page can tell that nothing changed."""
    return _signer().sign(f"{uuid.UUID(media).hex}.{day:%Y%m%d}").replace(":", "~")


def signed(organisation: Organisation, text: str) -> Media | None:
    try:
        media, day = _signer().unsign(text.replace("~", ":")).split(".")
        made = datetime.datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day
    except (signing.BadSignature, ValueError):
        return None
    if not 0 <= (timezone.localdate() - made).days <= 1:
        return None
    return Media.objects.filter(pk=uuid.UUID(media), organisation=organisation, state=Media.State.READY).first()
