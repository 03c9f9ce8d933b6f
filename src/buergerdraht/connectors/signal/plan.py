"""Turn content into messages for Signal: text and files go together, choices become numbers, a place becomes a link to a map (law 16).

A part's body is what both of signal-cli's doors are given: `message`, `styles`, `files` (media ids), `quote`; see connector.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, safe_html, split
from buergerdraht.connectors.signal import limits
from buergerdraht.connectors.signal.styles import addressed, size, written

SEND, REACT = "send", "sendReaction"
SLOW = "Signal nimmt nur etwa {rate} Nachrichten je Minute an und sperrt eifrige Absender. Für viele Empfänger taugt ein anderer Kanal."
VOICE = "„{name}“ erscheint als Tondatei."


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(_reaction(content),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Signal kennt keine Vorlagen: Es wird der Text gesendet."))
    if content.footer.strip():  # how to unsubscribe stands below what goes to many
        notes.append(words.info("slow", SLOW, rate=str(round(limits.LIMITS.rate * 60))))
    for media in content.media:
        _checked(media, notes)
    parts = _parts(content, notes)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    elif content.quote:
        first = parts[0]
        parts[0] = Part(method=first.method, body={**first.body, "quote": content.quote}, media=first.media, shows=first.shows)
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _parts(content: Content, notes: list[Note]) -> list[Part]:
    """Files come first, with the text where it fits."""
    runs = words.stacked(words.body(content), _choices(content, notes), _place(content.location))
    pieces = split(addressed(runs), limits.TEXT_BYTES, size)
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    groups = [content.media[start : start + limits.FILES] for start in range(0, len(content.media), limits.FILES)]
    if len(groups) == 1 and len(pieces) <= 1:
        return [_part(pieces[0] if pieces else [], groups[0])]
    return [*(_part([], group) for group in groups), *(_part(piece) for piece in pieces)]


def _choices(content: Content, notes: list[Note]) -> list[Run]:
    replies = [choice for choice in content.choices if not choice.url]
    links = [choice for choice in content.choices if choice.url]
    if replies:
        notes.append(words.info("numbered", words.NUMBERED))
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    return words.stacked(words.as_numbers(replies, content.choices_label) if replies else [], words.as_links(links))


def _place(place: Location | None) -> list[Run]:
    if place is None:
        return []
    at = f"{place.latitude:.6f}", f"{place.longitude:.6f}"
    named = [each for each in (place.name.strip(), place.address.strip()) if each]
    link = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=17/{at[0]}/{at[1]}"
    return [Run("\n".join([*named, link]))]


def _part(runs: Sequence[Run], media: Sequence[Media] = ()) -> Part:
    text, styles = written(runs)
    body: dict[str, Any] = {"message": text}
    if styles:
        body["styles"] = styles
    if media:
        body["files"] = [f"{{media:{one.id}}}" for one in media]
    shows = Shown(kind="media" if media else "text", html=safe_html(runs), media=tuple(media))
    return Part(method=SEND, body=body, media=tuple(media), shows=shows)


def _reaction(content: Content) -> Part:
    shows = Shown(kind="reaction", html=safe_html([Run(content.reaction)]))
    return Part(method=REACT, body={"emoji": content.reaction, "quote": content.quote}, shows=shows)


def _checked(media: Media, notes: list[Note]) -> None:
    """Say what Signal shows otherwise, and refuse what is too large."""
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    if media.kind is MediaKind.VOICE:
        notes.append(words.info("as_audio", VOICE, name=words.name_of(media)))
    if media.size > limits.FILE:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(limits.FILE)))
