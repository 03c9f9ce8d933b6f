"""What the public posts of a Facebook Page and of Threads have in common: one text without marks, pictures, answers below them."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Content, Limits, Location, Media, MediaKind, Note
from buergerdraht.connectors.markdown import Run

NO_REACTIONS = "Auf einen öffentlichen Beitrag können wir hier nicht mit einem Zeichen reagieren."
NO_TEMPLATES = "Öffentliche Beiträge kennen keine Vorlagen: Es wird der Text gesendet."
ALT_MISSING = "„{name}“ hat keine Bildbeschreibung. Wer das Bild nicht sieht, erfährt nicht, was darauf ist."
TOO_LONG = "Der Beitrag hat {length} Zeichen, erlaubt sind hier {limit}."
TOO_MANY = "Ein Beitrag zeigt hier höchstens {n} Bilder."


def runs(content: Content, notes: list[Note]) -> list[Run]:
    """Write everything into one text: there are no buttons, links stand in it, choices are numbered to be answered by their number."""
    links = [choice for choice in content.choices if choice.url]
    replies = [choice for choice in content.choices if not choice.url]
    if content.template is not None:
        notes.append(words.info("no_templates", NO_TEMPLATES))
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if replies:
        notes.append(words.warning("numbered", words.NUMBERED))
    place = [Run(_place(content.location))] if content.location else []
    return words.stacked(words.body(content), place, words.as_numbers(replies, content.choices_label), words.as_links(links))


def _place(place: Location) -> str:
    at = f"{place.latitude:.6f}", f"{place.longitude:.6f}"
    link = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=17/{at[0]}/{at[1]}"
    return "\n".join(part for part in (place.name.strip(), place.address.strip(), link) if part)


def too_long(text: str, limit: int, notes: list[Note]) -> None:
    """A post is one: what does not fit forbids sending, so that nobody's text is torn."""
    if len(text) > limit:
        notes.append(words.error("too_long", TOO_LONG, length=str(len(text)), limit=str(limit)))


def pictures(media: Sequence[Media], limits: Limits, most: int, notes: list[Note]) -> list[Media]:
    """Say which files a post cannot show, and which pictures nobody described."""
    if len(media) > most:
        notes.append(words.error("too_many_files", TOO_MANY, n=str(most)))
    for one in media:
        mime, name = one.mime.split(";")[0].strip(), words.name_of(one)
        if mime not in limits.mimes.get(one.kind.value, ()):
            notes.append(words.error("media_type", words.WRONG_TYPE, name=name))
        elif one.size > limits.media[one.kind.value]:
            notes.append(words.error("media_size", words.TOO_LARGE, name=name, limit=words.megabytes(limits.media[one.kind.value])))
        if one.kind is MediaKind.IMAGE and not one.alt.strip():
            notes.append(words.warning("alt_missing", ALT_MISSING, name=name))
    return list(media)
