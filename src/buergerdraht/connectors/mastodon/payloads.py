"""Read the notifications of a Mastodon account: of all their kinds, only mentions say something to us.

https://docs.joinmastodon.org/entities/Notification/ and https://docs.joinmastodon.org/entities/Status/
A message's external id is the status's. Who wrote in public and who wrote to us alone are two addresses, because an answer to the
one is public and to the other is not: "@zoe@server.example" and "direct:@zoe@server.example". Direct messages are not encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from typing import Any

from buergerdraht.connectors.contract import Event, Item, MediaKind, Received, Ref, Sender
from buergerdraht.connectors.wire import item, listed, text, worth

Data = Mapping[str, Any]
DIRECT = "direct:"
_CLOSED = {"direct", "private"}  # to us alone, to followers: no answer may be more public than that
_KINDS = {"image": MediaKind.IMAGE, "gifv": MediaKind.VIDEO, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}


def read(notifications: Sequence[Any], own: str = "") -> list[Item]:
    """Read a page of notifications, oldest first; `own` is our account's name, left out where a text begins with it."""
    found = [one for one in notifications if not isinstance(one, Mapping) or one.get("type") == "mention"]
    return worth([item(partial(_mention, one, own), one) for one in reversed(found)])


def _mention(notification: Data, own: str) -> Event | None:
    status = notification["status"]
    writer = status["account"]
    account = text(writer["acct"])
    if not account:
        raise TypeError("acct expected")
    closed = status["visibility"] in _CLOSED
    prefix = DIRECT if closed else ""
    media = tuple(ref for ref in map(_ref, listed(status.get("media_attachments"))) if ref)
    words = _unaddressed(plain(text(status["content"])), own)
    if warning := text(status.get("spoiler_text")):
        words = f"{warning}\n\n{words}"
    return Received(
        external_id=text(status["id"]),
        sender=Sender(
            address=f"{prefix}@{account}",
            aliases=(f"{prefix}#{text(writer['id'])}",),
            name=text(writer.get("display_name")) or text(writer.get("username")),
            handle=f"@{account}",
            language=text(status.get("language")),
        ),
        at=moment(status["created_at"]),
        kind="media" if media else "text",
        text=words,
        media=media,
        quote=text(status.get("in_reply_to_id")),
        raw_kind="direct" if closed else "public",
    )


def moment(value: Any) -> datetime:
    """Read an ISO 8601 moment (law 14: the provider's time counts)."""
    found = datetime.fromisoformat(text(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _ref(attachment: Any) -> Ref | None:
    kind = _KINDS.get(text(attachment.get("type")))
    url = text(attachment.get("url"))
    if kind is None or not url.startswith(("https://", "http://")):
        return None
    return Ref(kind=kind, external_id=text(attachment["id"]), url=url)


def _unaddressed(words: str, own: str) -> str:
    """Leave out the "@us" that every mention begins with."""
    first, _, rest = words.partition(" ")
    called = first.removeprefix("@").split("@")[0].lower()
    return rest.strip() if own and first.startswith("@") and called == own.lower() and rest.strip() else words


class _Text(HTMLParser):
    """Keeps the letters of a post: paragraphs and breaks as lines, addresses whole, everything else left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self.hidden += 1
        elif tag == "br":
            self.pieces.append("\n")
        elif tag in {"p", "ul", "ol", "blockquote", "pre"}:
            self.pieces.append("\n\n")
        elif tag == "li":
            self.pieces.append("\n• ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"} and self.hidden:
            self.hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.pieces.append(data)


def plain(html: str) -> str:
    """Give a post's text without its HTML."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = [line.strip() for line in "".join(parser.pieces).split("\n")]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
