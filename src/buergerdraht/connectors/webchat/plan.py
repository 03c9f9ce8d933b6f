"""Content -> what the page shows: everything in one bubble, longer texts in several."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Choice, Content, Media, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, joined, safe_html, split
from buergerdraht.connectors.webchat import limits

LIMITS = limits.LIMITS
SCHEMES = ("https://", "http://", "mailto:", "tel:")


def size(runs: Sequence[Run]) -> int:
    return len(joined(runs))


def plan(content: Content) -> Plan:
    if content.reaction:
        shown = Shown(kind="reaction", html=safe_html([Run(content.reaction)]))
        return Plan(parts=(Part(method="show", body={"quote": content.quote}, shows=shown),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Der Webchat kennt keine Vorlagen: Es wird der Text gesendet."))
    for media in content.media:
        if media.size > LIMITS.media[media.kind.value]:
            largest = words.megabytes(LIMITS.media[media.kind.value])
            notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=largest))
    buttons, written = _arranged(content, notes)
    runs = words.stacked(words.body(content), written)
    if not runs and not content.media and not content.location and not buttons:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    pieces = split(runs, LIMITS.text, size) or [[]]
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    last = len(pieces) - 1
    parts = [
        _part(content, piece, content.media if not number else (), buttons if number == last else (), place=number == last)
        for number, piece in enumerate(pieces)
    ]
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _arranged(content: Content, notes: list[Note]) -> tuple[Sequence[Choice], list[Run]]:
    """Choices are buttons where they fit; else they are written out, links as links and answers by number."""
    replies = [choice for choice in content.choices if not choice.url]
    links = [choice for choice in content.choices if choice.url]
    fit = (
        len(content.choices) <= limits.BUTTONS
        and words.distinct(replies)
        and all(len(words.title(choice)) <= limits.BUTTON_TITLE and len(choice.id) <= 200 for choice in content.choices)
        and all(choice.url.startswith(SCHEMES) for choice in links)
    )
    if fit:
        return content.choices, words.as_descriptions(content.choices)
    if replies:
        notes.append(words.warning("numbered", words.NUMBERED))
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    numbered = words.as_numbers(replies, content.choices_label) if replies else []
    # An address that no page of ours may lead to is written out for people to see, not linked.
    linked = [run if not run.url or run.url.startswith(SCHEMES) else Run(f"{run.text}: {run.url}") for run in words.as_links(links)]
    return (), words.stacked(numbered, linked)


def _part(content: Content, runs: Sequence[Run], media: Sequence[Media], buttons: Sequence[Choice], *, place: bool) -> Part:
    location = content.location if place else None
    kind = "media" if media else "location" if location and not runs else "text"
    shown = Shown(
        kind=kind,  # type: ignore[arg-type] # one of the three words above
        html=safe_html(runs),
        media=tuple(media),
        buttons=tuple(buttons),
        location=location,
    )
    return Part(method="show", body={"quote": content.quote} if content.quote else {}, shows=shown)
