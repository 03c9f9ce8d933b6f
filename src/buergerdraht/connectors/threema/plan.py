"""Turn content into Threema's messages: text with marks, files one by one with a caption, places; choices are written out (law 16).

https://gateway.threema.ch/en/developer/e2e. Texts are counted in bytes of UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Content, Location, Media, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, joined, merge, safe_html, split, whatsapp, whatsapp_size
from buergerdraht.connectors.threema import kinds, limits

LIMITS = limits.LIMITS
THUMBS = {"👍": kinds.ACKNOWLEDGED, "👎": kinds.DECLINED}
ONLY_TEXT = "Ohne Ende-zu-Ende-Modus sendet Threema nur Text: Bilder, Dateien und Orte gehen hier nicht hinaus."


def size(runs: Sequence[Run]) -> int:
    """Count the bytes of what is written at the most. It never shrinks when a letter is added, so that a cut may move."""
    more = len(joined(runs).encode(errors="replace")) - len(joined(runs))
    return whatsapp_size(runs) + more + sum(len(run.url.encode(errors="replace")) - len(run.url) for run in runs)


def written(runs: Sequence[Run]) -> str:
    """Write Threema's marks *bold* _italic_ ~struck~: they follow the same rules as WhatsApp's, but code has none."""
    return whatsapp(runs)


def plan(content: Content, *, end_to_end: bool) -> Plan:
    if content.reaction:
        return _reaction(content, end_to_end=end_to_end)
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", "Threema kennt keine Vorlagen: Es wird der Text gesendet."))
    if not end_to_end and (content.media or content.location):
        notes.append(words.error("only_text", ONLY_TEXT))
    parts = _parts(content, notes, end_to_end=end_to_end)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    return Plan(parts=tuple(parts), notes=tuple(notes))


def _parts(content: Content, notes: list[Note], *, end_to_end: bool) -> list[Part]:
    """Order the pieces: files, place, text. One file takes the whole text as its caption where that fits."""
    runs = merge([run._replace(code=False) for run in words.stacked(words.body(content), _choices(content, notes))])
    media = [_checked(one, notes) for one in content.media] if end_to_end else []
    place = [_place(content.location)] if content.location and end_to_end else []
    if len(media) == 1 and media[0].kind is not MediaKind.STICKER and size(runs) <= LIMITS.caption:
        return [_file(media[0], runs), *place]
    pieces = split(runs, LIMITS.text, size)
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    return [*(_file(one) for one in media), *place, *(_text(piece) for piece in pieces)]


def _choices(content: Content, notes: list[Note]) -> list[Run]:
    """Write out what cannot be tapped: Threema has no buttons."""
    replies = [choice for choice in content.choices if not choice.url]
    links = [choice for choice in content.choices if choice.url]
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if replies:
        notes.append(words.info("numbered", words.NUMBERED))
    return words.stacked(words.as_numbers(replies, content.choices_label) if replies else [], words.as_links(links))


def _checked(media: Media, notes: list[Note]) -> Media:
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    largest = LIMITS.media[media.kind.value]
    if media.size > largest:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(largest)))
    return media


# ── Single messages ───────────────────────────────────────────────────────


def _text(runs: Sequence[Run]) -> Part:
    return Part(method="text", body={"text": written(runs)}, shows=Shown(html=safe_html(runs)))


def _file(media: Media, runs: Sequence[Run] = ()) -> Part:
    shown = {MediaKind.DOCUMENT: kinds.DATA, MediaKind.STICKER: kinds.STICKER}.get(media.kind, kinds.MEDIA)
    body: dict[str, Any] = {"file": f"{{media:{media.id}}}", "shown": shown}
    if runs:
        body["caption"] = written(runs)
    return Part(method="file", body=body, media=(media,), shows=Shown(kind="media", html=safe_html(runs), media=(media,)))


def _place(place: Location) -> Part:
    """Latitude and longitude, then a name where there is an address, too; lines within an address are written as such."""
    lines = [" ".join(place.name.split()), place.address.strip().replace("\n", "\\n")]
    text = "\n".join([f"{place.latitude:.6f},{place.longitude:.6f}", *(line for line in lines if line)])
    return Part(method="location", body={"text": text}, shows=Shown(kind="location", location=place))


def _reaction(content: Content, *, end_to_end: bool) -> Plan:
    """Threema's thumbs are receipts: up and down, and no other."""
    state = THUMBS.get(content.reaction)
    if state is None or not end_to_end:
        text = "Auf Threema gibt es als Reaktion nur 👍 und 👎, und nur im Ende-zu-Ende-Modus."
        return Plan(parts=(), notes=(words.error("no_reaction", text),))
    number = content.quote.rpartition(":")[2]
    shows = Shown(kind="reaction", html=safe_html([Run(content.reaction)]))
    return Plan(parts=(Part(method="receipt", body={"state": state, "message": number}, shows=shows),))
