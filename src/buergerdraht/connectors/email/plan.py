"""Turn content into one mail. What a mail lacks (buttons, reactions) is written out or refused (law 16).

A part's body holds what is to be said, not yet written: address, unsubscribe link and thread are known only when it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Choice, Content, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.email import limits
from buergerdraht.connectors.markdown import joined, read, safe_html

NO_REACTION = "Ein Zeichen allein kann man per E-Mail nicht setzen."
NO_TEMPLATE = "E-Mail kennt keine Vorlagen: Es wird der Text gesendet."
ALL_TOO_LARGE = "Die Dateien sind zusammen zu groß für eine E-Mail: höchstens {limit} MB."
WORDS_FOR_CHOICES = "Die Auswahl steht in der E-Mail als Liste. Ein Klick öffnet eine fertige Antwort; auch die Nummer genügt."
LONG_SUBJECT = "Der Titel ist lang für eine Betreffzeile. Im Betreff steht sein Anfang, in der E-Mail der ganze."
SUBJECT = "Betreff"  # as mail programs write above a mail; in the mail itself it is a line of the head
INLINE = frozenset({"image/jpeg", "image/png", "image/gif"})  # what every mail program draws


def plan(content: Content) -> Plan:
    notes = list(_notes(content))
    if content.reaction:
        return Plan(parts=(), notes=(words.error("no_reactions", NO_REACTION),))
    if _empty(content):
        return Plan(parts=(), notes=(*notes, words.error("empty", words.EMPTY)))
    line = subject(content)
    shows = Shown(
        kind="media" if content.media else "text", header=line and f"{SUBJECT}: {line}", html=_preview(content), footer=content.footer,
        media=tuple(content.media), buttons=tuple(content.choices), location=content.location,
    )  # fmt: skip
    return Plan(parts=(Part(method="mail", body=_body(content), media=tuple(content.media), shows=shows),), notes=tuple(notes))


def _notes(content: Content) -> Sequence[Note]:
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", NO_TEMPLATE))
    if sum(media.size for media in content.media) > limits.ATTACHED:
        notes.append(words.error("media_size", ALL_TOO_LARGE, limit=words.megabytes(limits.ATTACHED)))
    if any(not choice.url for choice in content.choices):
        notes.append(words.info("choices_as_links", WORDS_FOR_CHOICES))
    if len(" ".join(content.title.split())) > limits.SUBJECT:
        notes.append(words.info("long_subject", LONG_SUBJECT))
    return notes


def _empty(content: Content) -> bool:
    said = f"{content.title}{content.text}".strip() or content.media or content.choices or content.location
    return not said


def _preview(content: Content) -> str:
    return safe_html(words.body(content, footer=False))


def _body(content: Content) -> dict[str, Any]:
    found: dict[str, Any] = {"subject": subject(content), "title": content.title.strip(), "text": content.text.strip()}
    if content.choices:
        found |= {"choices": [_choice(each) for each in content.choices], "label": content.choices_label.strip()}
    if content.location is not None:
        place = content.location
        found["place"] = {"latitude": place.latitude, "longitude": place.longitude, "name": place.name, "address": place.address}
    if content.media:
        found["inline"] = [media.id for media in content.media if is_inline(media)]
    if content.footer.strip():
        found["footer"] = content.footer.strip()
    if content.quote:
        found["quote"] = content.quote
    if content.language:
        found["language"] = content.language
    return found | {name: True for name, on in (("by_person", content.by_person), ("urgent", content.urgent)) if on}


def _choice(choice: Choice) -> dict[str, str]:
    return {"title": words.title(choice), "description": choice.description.strip(), "url": choice.url}


def subject(content: Content) -> str:
    """The title as one line, else the first line of the text; "" where only a picture is sent."""
    said = content.title.split() or next((line.split() for line in joined(read(content.text)).splitlines() if line.strip()), [])
    line = " ".join(said)
    most = limits.SUBJECT if content.title.strip() else 70
    if len(line) <= most:
        return line
    cut = line[:most].rpartition(" ")[0] or line[:most]
    return f"{cut} …"


def is_inline(media: Media) -> bool:
    return media.kind is MediaKind.IMAGE and media.mime.split(";")[0].strip() in INLINE
