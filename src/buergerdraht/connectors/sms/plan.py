"""Turn content into SMS: words alone. What cannot be said in words is named to the editor, and nothing is changed silently (law 16)."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.connectors import choices as words
from buergerdraht.connectors.contract import Choice, Content, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, joined, plain, safe_html, split
from buergerdraht.connectors.sms.counting import count
from buergerdraht.connectors.sms.limits import MOST_PARTS, NAMED_SIGNS

NO_REACTION = "Ein Zeichen allein kann man per SMS nicht setzen."
NO_TEMPLATE = "SMS kennt keine Vorlagen: Es wird der Text gesendet."
NO_FILES = "SMS zeigt weder Bilder noch Dateien. Sie werden weggelassen; ein Link auf die Seite im Archiv hilft."
ONLY_FILES = "Eine SMS besteht aus Worten. Schreiben Sie einen Text oder einen Link dazu."
PARTS = "Das sind {parts} SMS je Person."
STRANGE = "Wegen {signs} passen nur 70 statt 160 Zeichen in eine SMS. Ohne sie wird es billiger."
MAP = "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(), notes=(words.error("no_reactions", NO_REACTION),))
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", NO_TEMPLATE))
    runs = _runs(content, notes)
    if content.media:
        notes.append(words.warning("files_left_out", NO_FILES) if joined(runs).strip() else words.error("only_files", ONLY_FILES))
    if not joined(runs).strip():
        return Plan(parts=(), notes=tuple(notes) if content.media else (*notes, words.error("empty", words.EMPTY)))
    pieces = split(runs, MOST_PARTS, lambda piece: count(plain(piece)).parts)
    parts = [_part(piece) for piece in pieces]
    return Plan(parts=tuple(parts), notes=(*notes, *_costs([plain(piece) for piece in pieces])))


def _runs(content: Content, notes: list[Note]) -> list[Run]:
    """Title, text, place, choices by number, footer: below one another, plain."""
    bare = Content(title=content.title, text=content.text)
    replies = [choice for choice in content.choices if not choice.url]
    links = [choice for choice in content.choices if choice.url]
    if replies:
        notes.append(words.info("numbered", words.NUMBERED))
    place = content.location
    blocks: list[Sequence[Run]] = [words.body(bare)]
    if place is not None:
        named = ", ".join(part for part in (place.name, place.address) if part)
        address = MAP.format(latitude=place.latitude, longitude=place.longitude)
        blocks.append([Run(f"{named}\n{address}" if named else address)])
    blocks += [_numbered(replies, content.choices_label), words.as_links(links)]
    blocks.append([Run(content.footer.strip())] if content.footer.strip() else [])
    return words.stacked(*blocks)


def _numbered(choices: Sequence[Choice], label: str) -> list[Run]:
    """Short: "1 Ja" on a line of its own."""
    lines = [f"{label.strip()}:"] if label.strip() and choices else []
    for number, choice in enumerate(choices, 1):
        about = f" - {choice.description.strip()}" if choice.description.strip() else ""
        lines.append(f"{number} {words.title(choice)}{about}")
    return [Run("\n".join(lines))] if lines else []


def _part(runs: Sequence[Run]) -> Part:
    text = plain(runs)
    return Part(method="sms", body={"text": text}, shows=Shown(html=safe_html([Run(text)])))


def _costs(texts: Sequence[str]) -> list[Note]:
    """Say how many SMS it is, and which signs make it more."""
    counted = [count(text) for text in texts]
    total = sum(each.parts for each in counted)
    strange = list(dict.fromkeys(sign for each in counted for sign in each.strange))
    notes = [words.info("sms_parts", PARTS, parts=str(total))] if total > 1 else []
    if strange:
        shown = " ".join(f"„{sign}“" for sign in strange[:NAMED_SIGNS]) + (" …" if len(strange) > NAMED_SIGNS else "")
        notes.append(words.info("strange_signs", STRANGE, signs=shown))
    return notes
