"""Prepare a post as WhatsApp's app takes it: one text in WhatsApp's marks, and the files beside it."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.by_hand.limits import FILES
from buergerdraht.connectors.contract import Content, Limits, Location, Media, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, safe_html, whatsapp, whatsapp_size


def plan(content: Content, limits: Limits) -> Plan:
    """Make the one thing a person copies; what does not fit forbids handing it over."""
    notes: list[Note] = []
    links = [choice for choice in content.choices if choice.url]
    if len(links) < len(content.choices):
        notes.append(words.warning("numbered", "Hier gibt es keine Antwortknöpfe: Die Auswahl steht als Liste im Text."))
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    runs = _runs(content)
    media = _media(content.media, limits, notes)
    length, most = room(content, limits)
    if length > most:
        text = "Der Text hat {length} Zeichen, erlaubt sind hier {limit}."
        notes.append(words.error("too_long", text, length=str(length), limit=str(most)))
    if not runs and not media:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    shows = Shown(kind="media" if media else "text", html=safe_html(runs), media=tuple(media))
    return Plan(parts=(Part(method="by_hand", body={"text": whatsapp(runs)}, media=tuple(media), shows=shows),), notes=tuple(notes))


def room(content: Content, limits: Limits) -> tuple[int, int]:
    """How many letters a post takes, and how many it may."""
    return whatsapp_size(_runs(content)), limits.caption if content.media else limits.text


def _runs(content: Content) -> list[Run]:
    replies = [choice for choice in content.choices if not choice.url]
    links = [choice for choice in content.choices if choice.url]
    place = [Run(_place(content.location))] if content.location else []
    return words.stacked(words.body(content), place, words.as_numbers(replies, content.choices_label), words.as_links(links))


def _place(place: Location) -> str:
    point = f"https://www.openstreetmap.org/?mlat={place.latitude:.5f}&mlon={place.longitude:.5f}"
    return "\n".join(part for part in (place.name, place.address, point) if part)


def _media(media: Sequence[Media], limits: Limits, notes: list[Note]) -> list[Media]:
    if len(media) > FILES:
        notes.append(words.error("too_many_files", "Ein Beitrag zeigt höchstens {n} Bilder.", n=str(FILES)))
    for one in media:
        mime = one.mime.split(";")[0].strip()
        if mime not in limits.mimes.get(one.kind.value, ()):
            notes.append(words.error("media_type", words.WRONG_TYPE, name=words.name_of(one)))
        elif one.size > limits.media[one.kind.value]:
            most = words.megabytes(limits.media[one.kind.value])
            notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(one), limit=most))
        if one.alt:
            notes.append(words.info("alt_not_sent", words.ALT))
    return list(media)
