"""Turn content into events: Matrix has no buttons, so choices are numbered; files go one by one.

https://spec.matrix.org/v1.15/client-server-api/#mroommessage-msgtypes. The method of a part is the type of its event. Texts are m.text and
not m.notice, because phones do not ring for a notice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, plain, safe_html, split
from buergerdraht.connectors.matrix import limits, names

LIMITS = limits.LIMITS
MESSAGE, REACTION, STICKER = "m.room.message", "m.reaction", "m.sticker"
_TYPES = {
    MediaKind.IMAGE: "m.image",
    MediaKind.VIDEO: "m.video",
    MediaKind.AUDIO: "m.audio",
    MediaKind.VOICE: "m.audio",
    MediaKind.DOCUMENT: "m.file",
}


def size(runs: Sequence[Run]) -> int:
    """Count letters, or bytes as far as they bind sooner: signs of four bytes and much markup fill an event quickly."""
    written = len(json.dumps([plain(runs), safe_html(runs)], ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return max(len(plain(runs)), -(-written * limits.TEXT // limits.WRITTEN))


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(_reaction(content),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Matrix kennt keine Vorlagen: Es wird der Text gesendet."))
    media = [_checked(one, notes) for one in content.media]
    parts = _parts(content, media, notes)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    elif content.quote:
        answered = {"m.in_reply_to": {"event_id": names.event_of(content.quote)}}
        parts[0] = _with(parts[0], **{"m.relates_to": answered})
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _parts(content: Content, media: Sequence[Media], notes: list[Note]) -> list[Part]:
    """Order the pieces: files, text, place."""
    runs = words.stacked(words.body(content), _written(content.choices, content.choices_label, notes))
    place = [_place(content.location)] if content.location else []
    if len(media) == 1 and runs and media[0].kind is not MediaKind.STICKER and size(runs) <= LIMITS.caption:
        return [_single(media[0], runs), *place]
    pieces = split(runs, LIMITS.text, size)
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    return [*(_single(one) for one in media), *(_text(piece) for piece in pieces), *place]


def _written(choices: Sequence[Choice], label: str, notes: list[Note]) -> list[Run]:
    replies = [choice for choice in choices if not choice.url]
    links = [choice for choice in choices if choice.url]
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if replies:
        notes.append(words.info("numbered", words.NUMBERED))
    return words.stacked(words.as_numbers(replies, label) if replies else [], words.as_links(links))


# ── Single events ─────────────────────────────────────────────────────────


def _worded(runs: Sequence[Run]) -> dict[str, Any]:
    """Write a text twice: bare, and with its marks where there are any."""
    written: dict[str, Any] = {"body": plain(runs)}
    if any(any(run.style) for run in runs):
        written |= {"format": "org.matrix.custom.html", "formatted_body": safe_html(runs)}
    return written


def _text(runs: Sequence[Run]) -> Part:
    return Part(method=MESSAGE, body={"msgtype": "m.text", **_worded(runs)}, shows=Shown(html=safe_html(runs)))


def _single(media: Media, runs: Sequence[Run] = ()) -> Part:
    """One file, with its caption where there is one (since Matrix 1.10)."""
    name = media.file_name or _TYPES.get(media.kind, "m.file").removeprefix("m.")
    body: dict[str, Any] = {"body": name, "url": f"{{media:{media.id}}}", "info": {"mimetype": media.mime, "size": media.size}}
    shows = Shown(kind="media", html=safe_html(runs), media=(media,))
    if media.kind is MediaKind.STICKER:
        return Part(method=STICKER, body=body, media=(media,), shows=shows)
    body |= {"msgtype": _TYPES[media.kind], "filename": name}
    if media.kind is MediaKind.VOICE:
        body["org.matrix.msc3245.voice"] = {}
    if runs:
        body |= _worded(runs)
    return Part(method=MESSAGE, body=body, media=(media,), shows=shows)


def _place(place: Location) -> Part:
    point = f"{place.latitude},{place.longitude}"
    name = ", ".join(filter(None, (place.name, place.address))) or point
    body = {"msgtype": "m.location", "body": name, "geo_uri": f"geo:{point}"}
    return Part(method=MESSAGE, body=body, shows=Shown(kind="location", location=place))


def _reaction(content: Content) -> Part:
    relation = {"rel_type": "m.annotation", "event_id": names.event_of(content.quote), "key": content.reaction}
    shows = Shown(kind="reaction", html=safe_html([Run(content.reaction)]))
    return Part(method=REACTION, body={"m.relates_to": relation}, shows=shows)


def _checked(media: Media, notes: list[Note]) -> Media:
    """Send as a document what apps do not show as what it is; say what no homeserver takes."""
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    if media.size > limits.UPLOAD:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(limits.UPLOAD)))
    mime = media.mime.split(";")[0].strip()
    if media.kind is MediaKind.DOCUMENT or mime in LIMITS.mimes[media.kind.value]:
        return media
    kind = MediaKind.AUDIO if media.kind is MediaKind.VOICE and mime in LIMITS.mimes["audio"] else MediaKind.DOCUMENT
    notes.append(words.info("as_document", "„{name}“ wird als Datei gesendet, nicht als Bild oder Ton.", name=words.name_of(media)))
    return Media(id=media.id, kind=kind, mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt)


def _with(part: Part, **more: Any) -> Part:
    return Part(method=part.method, body={**part.body, **more}, media=part.media, shows=part.shows)
