"""Turn content into a post. There are no marks and no buttons: links are written out, and one post holds it all (law 16).

https://docs.joinmastodon.org/methods/statuses/#create
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, plain, safe_html
from buergerdraht.connectors.mastodon import limits

LIMITS = limits.LIMITS
_URL = re.compile(r"https?://[^\s<>\"]+")
_MENTION = re.compile(r"(?<![\w/])(@\w+)@[\w.-]+\w")
_MOVING = {MediaKind.VIDEO, MediaKind.AUDIO, MediaKind.VOICE}


def length(text: str) -> int:
    """Count as Mastodon counts: an address is 23 letters, and of a mention only the name."""
    return len(_MENTION.sub(r"\1", _URL.sub("x" * limits.URL_CHARACTERS, text)))


def room(content: Content, most: int) -> tuple[int, int]:
    """How many letters a post takes, and how many it may."""
    return length(plain(_runs(content, []))), most - (limits.MENTION_ROOM if content.quote else 0)


def plan(content: Content, most: int = LIMITS.text) -> Plan:
    """Make one post of at most so many characters; what does not fit forbids sending."""
    notes: list[Note] = []
    if content.reaction:
        notes.append(words.error("no_reactions", "Auf Mastodon gibt es keine Reaktionen mit Zeichen."))
        return Plan(parts=(), notes=tuple(notes))
    if content.template is not None:
        notes.append(words.info("no_templates", "Mastodon kennt keine Vorlagen: Es wird der Text gesendet."))
    runs = _runs(content, notes)
    text = plain(runs)
    media = _media(content.media, notes)
    if not text.strip() and not media:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    room = most - (limits.MENTION_ROOM if content.quote else 0)
    if length(text) > room:
        values = {"length": str(length(text)), "limit": str(room)}
        notes.append(words.error("too_long", "Der Beitrag hat {length} Zeichen, erlaubt sind hier {limit}.", **values))
    body: dict[str, Any] = {"status": text, "media_ids": [f"{{media:{one.id}}}" for one in media]}
    if content.language:
        body["language"] = content.language.split("-")[0]
    if content.quote:
        body["in_reply_to_id"] = content.quote
    shows = Shown(kind="media" if media else "text", html=safe_html([Run(text)]), media=tuple(media))
    return Plan(parts=(Part(method="statuses", body=body, media=tuple(media), shows=shows),), notes=tuple(notes))


def _runs(content: Content, notes: list[Note]) -> list[Run]:
    links = [choice for choice in content.choices if choice.url]
    replies = [choice for choice in content.choices if not choice.url]
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if replies:
        notes.append(words.warning("numbered", words.NUMBERED))
    place = [Run(_place(content.location))] if content.location else []
    return words.stacked(words.body(content), place, words.as_numbers(replies, content.choices_label), words.as_links(links))


def _place(place: Location) -> str:
    point = f"https://www.openstreetmap.org/?mlat={place.latitude:.5f}&mlon={place.longitude:.5f}"
    return "\n".join(part for part in (place.name, place.address, point) if part)


def _media(media: Sequence[Media], notes: list[Note]) -> list[Media]:
    """Take what one post can hold: four pictures, or one film or sound; say what is refused."""
    if len(media) > limits.PICTURES:
        notes.append(words.error("too_many_files", "Ein Beitrag zeigt höchstens {n} Bilder.", n=str(limits.PICTURES)))
    if any(one.kind in _MOVING for one in media) and len(media) > 1:
        notes.append(words.error("mixed_files", "Ein Film oder Ton steht auf Mastodon allein in seinem Beitrag."))
    for one in media:
        mime = one.mime.split(";")[0].strip()
        if mime not in LIMITS.mimes.get(one.kind.value, ()):
            notes.append(words.error("media_type", words.WRONG_TYPE, name=words.name_of(one)))
        elif one.size > LIMITS.media[one.kind.value]:
            most = words.megabytes(LIMITS.media[one.kind.value])
            notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(one), limit=most))
        if one.kind is MediaKind.IMAGE and not one.alt.strip():
            notes.append(words.warning("alt_missing", "„{name}“ hat keine Bildbeschreibung. Auf Mastodon wird sie erwartet.",
                                       name=words.name_of(one)))  # fmt: skip
        if len(one.alt) > limits.ALT:
            notes.append(words.error("alt_too_long", "Die Beschreibung von „{name}“ ist länger als {limit} Zeichen.",
                                     name=words.name_of(one), limit=str(limits.ALT)))  # fmt: skip
    return list(media)
