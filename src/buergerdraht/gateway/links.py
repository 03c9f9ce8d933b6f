"""Links that lead into a conversation, with their QR codes: what the screens of topics and dialogs show and hand out."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import segno
from django.http import Http404, HttpResponse

from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Link:
    """A channel's link. `write` is what one has to write oneself where it carries nothing; `alt`, `svg` and `png` are the screen's."""

    channel: Channel
    address: str
    write: str
    alt: str = ""
    svg: str = ""
    png: str = ""

    @property
    def title(self) -> str:
        return channels.title(self.channel.kind)


def address(channel: Channel, start: str, text: str) -> str:
    """Give the deep link, or "" where the channel is not set up far enough."""
    try:
        return channels.deep_link(channel, start, text)
    except (ValueError, NotImplementedError):
        return ""


def listed(rows: Iterable[Channel], start: str, text: str) -> Iterator[Link]:
    """The links of those channels that have one."""
    for channel in rows:
        if found := address(channel, start, text):
            yield Link(channel, found, channels.to_write(channel, start, text))


def code(found: str, ending: str, *, saved_as: str = "") -> HttpResponse:
    """Hand out a link as a QR code, as SVG for print or PNG; `saved_as` makes it a file. 404 where there is no link or no such kind."""
    if not found or ending not in TYPES:
        raise Http404
    out = io.BytesIO()
    segno.make(found, error="m", micro=False).save(out, kind=ending, scale=10, border=4)
    answer = HttpResponse(out.getvalue(), content_type=TYPES[ending])
    if saved_as:
        answer["Content-Disposition"] = f'attachment; filename="{saved_as}.{ending}"'
    return answer
