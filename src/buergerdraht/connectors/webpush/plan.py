"""Content -> notifications. A push message is one encrypted record: what does not fit into it goes with another one.

What a device cannot show in a notification (pictures, files, answers) is said in words or by a note, never dropped (law 16).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Choice, Content, Location, Media, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, joined, plain, read, safe_html, split, strip
from buergerdraht.connectors.webpush import limits

ANSWERS = "Auf eine Push-Nachricht kann niemand antworten: Die Auswahl steht als Text darin."
PICTURES = "Push-Nachrichten zeigen keine Bilder und Dateien: Genannt werden Name und Bildbeschreibung."
REACTION = "Reaktionen gibt es bei Push-Nachrichten nicht."
QUOTE = "Der Bezug auf eine frühere Nachricht ist hier nicht zu sehen."
RESERVE = 200  # for the tag and for what the device is told beside the words


def size(runs: Sequence[Run]) -> int:
    return len(_json({"text": plain(runs)}))


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(), notes=(words.error("no_reactions", REACTION),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Push-Nachrichten kennen keine Vorlagen: Es wird der Text gesendet."))
    if content.quote:
        notes.append(words.info("no_quotes", QUOTE))
    links, written = _arranged(content, notes)
    title, body = _titled(content)
    runs = words.stacked(body, *(_named(media) for media in content.media), _place(content.location), written, _footer(content))
    if content.media:
        notes.append(words.warning("no_media", PICTURES))
    if not title and not runs:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    beside = _json(_payload(title, "", links, urgent=content.urgent))
    pieces = split(runs, limits.PAYLOAD - RESERVE - len(beside), size) or [[]]
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    last = len(pieces) - 1
    parts = []
    for number, piece in enumerate(pieces):
        parts.append(_part("" if number else title, piece, links if number == last else (), urgent=content.urgent))
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _titled(content: Content) -> tuple[str, list[Run]]:
    """Take the title; one that no system would show whole stands in the text."""
    title, body = joined(strip(read(content.title))), strip(read(content.text))
    if len(title) <= limits.TITLE and "\n" not in title:
        return title, body
    return "", words.stacked([Run(title, bold=True)], body)


def _arranged(content: Content, notes: list[Note]) -> tuple[Sequence[Choice], list[Run]]:
    """Say what becomes a button (it opens a page) and what must be written out."""
    links = [choice for choice in content.choices if choice.url]
    replies = [choice for choice in content.choices if not choice.url]
    if replies:
        notes.append(words.warning("no_answers", ANSWERS))
    fit = len(links) <= limits.ACTIONS and all(
        len(words.title(choice)) <= limits.LIMITS.button_title and choice.url.startswith(("https://", "http://")) and len(choice.url) <= 500
        for choice in links
    )
    if links and not fit:
        notes.append(words.info("links_as_text", words.LINKS))
    written = words.stacked(words.as_numbers(replies, content.choices_label) if replies else [], [] if fit else words.as_links(links))
    return (links if fit else ()), written


def _named(media: Media) -> list[Run]:
    return [Run(f"[{words.name_of(media)}]" if not media.alt else f"[{media.alt}]", italic=True)]


def _place(place: Location | None) -> list[Run]:
    if place is None:
        return []
    named = ", ".join(filter(None, (place.name, place.address)))
    return [Run(f"{named} ({place.latitude:.5f}, {place.longitude:.5f})" if named else f"{place.latitude:.5f}, {place.longitude:.5f}")]


def _footer(content: Content) -> list[Run]:
    return [Run(content.footer.strip(), italic=True)] if content.footer.strip() else []


def _payload(title: str, text: str, links: Sequence[Choice], *, urgent: bool) -> dict[str, Any]:
    actions = [{"action": f"open{number}", "title": words.title(choice), "url": choice.url} for number, choice in enumerate(links)]
    return {
        "title": title,
        "text": text,
        **({"actions": actions, "url": links[0].url} if actions else {}),
        **({"urgent": True} if urgent else {}),
    }


def _part(title: str, runs: Sequence[Run], links: Sequence[Choice], *, urgent: bool) -> Part:
    shows = Shown(header=title, html=safe_html(runs), buttons=tuple(links))
    return Part(method="push", body=_payload(title, plain(runs), links, urgent=urgent), shows=shows)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def sealed_text(body: Mapping[str, Any], tag: str) -> bytes:
    """What is encrypted for the device."""
    return _json({**body, "tag": tag})
