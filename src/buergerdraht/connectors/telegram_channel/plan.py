"""Turn content into posts of a channel: pictures with their words where those fit, links on buttons, nothing that asks for a press.

https://core.telegram.org/bots/api#available-methods
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.botapi import stretches
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, safe_html, split, telegram, units
from buergerdraht.connectors.telegram_channel import limits

LIMITS = limits.LIMITS
# media kind -> method, field, type inside an album
_CALLS = {
    MediaKind.IMAGE: ("sendPhoto", "photo", "photo"),
    MediaKind.VIDEO: ("sendVideo", "video", "video"),
    MediaKind.AUDIO: ("sendAudio", "audio", "audio"),
    MediaKind.VOICE: ("sendVoice", "voice", ""),
    MediaKind.DOCUMENT: ("sendDocument", "document", "document"),
}
_SEEN = {"photo", "video"}  # may stand in one album


def size(runs: Sequence[Run]) -> int:
    """Count a text; one with more marks than Telegram heeds counts as too long."""
    text, entities = telegram(runs)
    return units(text) if len(entities) <= limits.ENTITIES else LIMITS.text + len(entities)


def plan(content: Content) -> Plan:
    notes: list[Note] = []
    if content.reaction:
        notes.append(words.error("no_reactions", "In einem Telegram-Kanal reagieren nur die Leserinnen und Leser."))
        return Plan(parts=(), notes=tuple(notes))
    if content.template is not None:
        notes.append(words.info("no_templates", "Telegram kennt keine Vorlagen: Es wird der Text gesendet."))
    media = [_checked(one, notes) for one in content.media]
    parts = _parts(content, media, notes)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _parts(content: Content, media: Sequence[Media], notes: list[Note]) -> list[Part]:
    albums = _albums(media)
    links, written = _arranged(content.choices, content.choices_label, notes, alone=len(media) <= 1)
    runs = words.stacked(words.body(content), written)
    place = [_place(content.location)] if content.location else []
    if len(albums) == 1 and runs and size(runs) <= LIMITS.caption and (len(albums[0]) == 1 or not links):
        return [_shown(albums[0], runs, links), *place]
    if links and not runs:
        runs = [Run("Links")]
    pieces = split(runs, LIMITS.text, size)
    pictures = [_shown(album) for album in albums]
    if len(pieces) + len(pictures) > 1:
        notes.append(words.info("split", "Daraus werden {parts} Beiträge.", parts=str(len(pieces) + len(pictures) + len(place))))
    texts = [_text(piece, content.preview_link) for piece in pieces]
    if links and texts:
        texts[-1] = _with_links(texts[-1], links)
    return [*pictures, *texts, *place]


def _arranged(choices: Sequence[Choice], label: str, notes: list[Note], *, alone: bool) -> tuple[list[Choice], list[Run]]:
    """Put links on buttons where they fit; nobody can answer in a channel, so choices are words."""
    links = [choice for choice in choices if choice.url]
    replies = [choice for choice in choices if not choice.url]
    if replies:
        notes.append(words.warning("numbered", "In einem Kanal kann niemand antworten: Die Auswahl steht nur als Liste im Text."))
    fits = alone and len(links) <= limits.LIMITS.buttons and all(
        0 < units(words.title(link)) <= limits.BUTTON_TITLE and link.url.startswith(("https://", "http://")) for link in links
    )  # fmt: skip
    listed = words.as_numbers(replies, label)
    if fits:
        return links, listed
    notes.append(words.info("links_as_text", words.LINKS))
    return [], words.stacked(listed, words.as_links(links))


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


def _shown(media: Sequence[Media], runs: Sequence[Run] = (), links: Sequence[Choice] = ()) -> Part:
    """Show one file, or several as an album; the words stand below."""
    shows = Shown(kind="media", html=safe_html(runs), media=tuple(media))
    if len(media) == 1:
        method, field, _ = _CALLS[media[0].kind]
        part = Part(method=method, body={field: f"{{media:{media[0].id}}}", **_captioned(runs)}, media=tuple(media), shows=shows)
        return _with_links(part, links) if links else part
    entries: list[dict[str, Any]] = [{"type": _CALLS[one.kind][2], "media": f"{{media:{one.id}}}"} for one in media]
    entries[0] |= _captioned(runs)
    return Part(method="sendMediaGroup", body={"media": entries}, media=tuple(media), shows=shows)


def _with_links(part: Part, links: Sequence[Choice]) -> Part:
    keyboard = {"inline_keyboard": [[{"text": words.title(link), "url": link.url}] for link in links]}
    shown = Shown(kind=part.shows.kind, html=part.shows.html, media=part.shows.media, buttons=tuple(links))
    return Part(method=part.method, body={**part.body, "reply_markup": keyboard}, media=part.media, shows=shown)


def _albums(media: Sequence[Media]) -> list[list[Media]]:
    """Group neighbours that Telegram shows together."""
    found: list[list[Media]] = []
    for one in media:
        kind = _CALLS[one.kind][2]
        last = _CALLS[found[-1][0].kind][2] if found else ""
        together = kind and (kind == last or {kind, last} <= _SEEN)
        if together and len(found[-1]) < limits.ALBUM:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _place(place: Location) -> Part:
    body: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    named = place.name or place.address
    if named:
        body |= {"title": named, "address": place.address or named}
    return Part(method="sendVenue" if named else "sendLocation", body=body, shows=Shown(kind="location", location=place))


def _checked(media: Media, notes: list[Note]) -> Media:
    """Send as a document what Telegram does not show as what it is; say what it refuses."""
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    largest = LIMITS.media["document"]
    if media.size > largest:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(largest)))
    mime = media.mime.split(";")[0].strip()
    kinds = LIMITS.mimes.get(media.kind.value, ())
    if media.kind is MediaKind.DOCUMENT or (mime in kinds and media.size <= LIMITS.media[media.kind.value]):
        return media
    notes.append(words.info("as_document", "„{name}“ wird als Datei gesendet, nicht als Bild oder Ton.", name=words.name_of(media)))
    return Media(id=media.id, kind=MediaKind.DOCUMENT, mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt)
