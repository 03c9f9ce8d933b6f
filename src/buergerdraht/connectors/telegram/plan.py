"""Turn content into Telegram's calls: what fits stays together, what does not is split or written out (law 16).

https://core.telegram.org/bots/api#available-methods
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.botapi import stretches
from buergerdraht.connectors.choices import title
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, safe_html, split, telegram, units
from buergerdraht.connectors.telegram import limits

LIMITS = limits.LIMITS
# media kind -> method, field, type inside an album ("" is never part of one)
_CALLS = {
    MediaKind.IMAGE: ("sendPhoto", "photo", "photo"),
    MediaKind.VIDEO: ("sendVideo", "video", "video"),
    MediaKind.AUDIO: ("sendAudio", "audio", "audio"),
    MediaKind.VOICE: ("sendVoice", "voice", ""),
    MediaKind.DOCUMENT: ("sendDocument", "document", "document"),
    MediaKind.STICKER: ("sendSticker", "sticker", ""),
}


def size(runs: Sequence[Run]) -> int:
    """Count a text; one with more marks than Telegram heeds counts as too long."""
    text, entities = telegram(runs)
    return units(text) if len(entities) <= limits.ENTITIES else LIMITS.text + len(entities)


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(_reaction(content),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Telegram kennt keine Vorlagen: Es wird der Text gesendet."))
    media = [_checked(one, notes) for one in content.media]
    parts = _parts(content, media, notes)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    elif content.quote:
        parts[0] = _with(parts[0], reply_parameters={"message_id": _number(content.quote), "allow_sending_without_reply": True})
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _parts(content: Content, media: list[Media], notes: list[Note]) -> list[Part]:
    """Order the pieces: media, place, text; what can be tapped stands last."""
    choices, written = _arranged(content.choices, content.choices_label, notes)
    runs = words.stacked(words.body(content), written)
    if choices and not runs:
        runs = [Run(content.choices_label.strip() or "Auswahl")]
    place = [_place(content.location)] if content.location else []
    captioned = size(runs) <= LIMITS.caption and MediaKind.STICKER not in [one.kind for one in media]
    if len(media) == 1 and captioned and not (choices and place):
        return [_single(media[0], runs, choices), *place]
    albums = _albums(media)
    if len(albums) == 1 and captioned and runs and not choices and len(media) > 1:
        return [_album(albums[0], runs), *place]
    pieces = split(runs, LIMITS.text, size)
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    pictures = [_album(album) if len(album) > 1 else _single(album[0]) for album in albums]
    texts = [_text(piece, content.preview_link) for piece in pieces]
    if choices:
        texts[-1] = _tapped(texts[-1], choices)
        return [*pictures, *place, *texts]
    return [*pictures, *texts, *place]


# ── Choices ───────────────────────────────────────────────────────────────


def _arranged(choices: Sequence[Choice], label: str, notes: list[Note]) -> tuple[list[Choice], list[Run]]:
    """Choose the best form: what stands on buttons, and what must be written out."""
    replies = [choice for choice in choices if not choice.url]
    links = [choice for choice in choices if choice.url]
    if _fit(choices, replies):
        return list(choices), words.as_descriptions(choices)
    written = words.as_links(links)
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if replies:
        notes.append(words.warning("numbered", words.NUMBERED))
    return [], words.stacked(words.as_numbers(replies, label), written) if replies else written


def _fit(choices: Sequence[Choice], replies: Sequence[Choice]) -> bool:
    return (
        len(choices) <= limits.BUTTONS
        and words.distinct(replies)
        and all(0 < units(title(choice)) <= limits.BUTTON_TITLE for choice in choices)
        and all(0 < len(choice.id.encode()) <= limits.CALLBACK_BYTES for choice in replies)
        and all(choice.url.startswith(("https://", "http://", "tg://")) for choice in choices if choice.url)
    )


def keyboard(choices: Sequence[Choice]) -> dict[str, Any]:
    """Set one button below another: readable on every phone and with large type."""
    return {
        "inline_keyboard": [
            [{"text": title(choice), "url": choice.url} if choice.url else {"text": title(choice), "callback_data": choice.id}]
            for choice in choices
        ]
    }


def _tapped(part: Part, choices: Sequence[Choice]) -> Part:
    shows = part.shows
    shown = Shown(kind=shows.kind, html=shows.html, media=shows.media, buttons=tuple(choices), location=shows.location)
    return Part(method=part.method, body={**part.body, "reply_markup": keyboard(choices)}, media=part.media, shows=shown)


# ── Single calls ──────────────────────────────────────────────────────────


def _text(runs: Sequence[Run], preview: bool) -> Part:
    body: dict[str, Any] = {"text": telegram(runs)[0]}
    if entities := stretches(runs):
        body["entities"] = entities
    if not preview:
        body["link_preview_options"] = {"is_disabled": True}
    return Part(method="sendMessage", body=body, shows=Shown(html=safe_html(runs)))


def _captioned(runs: Sequence[Run]) -> dict[str, Any]:
    if not runs:
        return {}
    entities = stretches(runs)
    return {"caption": telegram(runs)[0], **({"caption_entities": entities} if entities else {})}


def _single(media: Media, runs: Sequence[Run] = (), choices: Sequence[Choice] = ()) -> Part:
    method, field, _ = _CALLS[media.kind]
    body = {field: f"{{media:{media.id}}}", **_captioned(runs)}
    part = Part(method=method, body=body, media=(media,), shows=Shown(kind="media", html=safe_html(runs), media=(media,)))
    return _tapped(part, choices) if choices else part


def _albums(media: Sequence[Media]) -> list[list[Media]]:
    """Group neighbours Telegram shows together: pictures with videos, sounds, documents; ten at the most."""

    def together(one: Media) -> str:
        kind = _CALLS[one.kind][2]
        return {"photo": "seen", "video": "seen", "": f"alone {one.id}"}.get(kind, kind)

    found: list[list[Media]] = []
    for key, group in groupby(media, together):
        members = list(group)
        step = 1 if key.startswith("alone") else limits.ALBUM
        found += [members[start : start + step] for start in range(0, len(members), step)]
    return found


def _album(media: Sequence[Media], runs: Sequence[Run] = ()) -> Part:
    entries: list[dict[str, Any]] = [{"type": _CALLS[one.kind][2], "media": f"{{media:{one.id}}}"} for one in media]
    entries[0] |= _captioned(runs)
    shows = Shown(kind="media", html=safe_html(runs), media=tuple(media))
    return Part(method="sendMediaGroup", body={"media": entries}, media=tuple(media), shows=shows)


def _place(place: Location) -> Part:
    body: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    named = place.name or place.address
    if named:
        body |= {"title": named, "address": place.address or named}
    return Part(method="sendVenue" if named else "sendLocation", body=body, shows=Shown(kind="location", location=place))


def _reaction(content: Content) -> Part:
    body = {"message_id": _number(content.quote), "reaction": [{"type": "emoji", "emoji": content.reaction}]}
    return Part(method="setMessageReaction", body=body, shows=Shown(kind="reaction", html=safe_html([Run(content.reaction)])))


def _checked(media: Media, notes: list[Note]) -> Media:
    """Send as a document what Telegram does not show as what it is; say what it refuses."""
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    mime = media.mime.split(";")[0].strip()
    largest = LIMITS.media["document"]
    if media.size > largest:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(largest)))
    fits = mime in LIMITS.mimes[media.kind.value] and media.size <= LIMITS.media[media.kind.value]
    if media.kind is MediaKind.DOCUMENT or fits:
        return media
    kind = MediaKind.AUDIO if media.kind is MediaKind.VOICE and mime in LIMITS.mimes["audio"] else MediaKind.DOCUMENT
    notes.append(words.info("as_document", "„{name}“ wird als Datei gesendet, nicht als Bild oder Ton.", name=words.name_of(media)))
    return Media(id=media.id, kind=kind, mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt)


def _number(external_id: str) -> int:
    """Find the message's number in its external id "<chat>:<message>"."""
    number = external_id.split(":")[1] if ":" in external_id else external_id
    return int(number) if number.isdigit() else 0


def _with(part: Part, **more: Any) -> Part:
    return Part(method=part.method, body={**part.body, **more}, media=part.media, shows=part.shows)
