"""Every text of a dialog in every language: as a table, as CSV for a spreadsheet, as XLIFF 2.0 for a translation office."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs import document
from buergerdraht.dialogs.document import Piece, Texts, Words
from buergerdraht.dialogs.labels import Labels

NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
SLOT = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would reckon with it
MOST = 20_000  # cells of a file

Key = tuple[str, str]  # path, language


@dataclass(frozen=True)
class Line:
    """A text: its path in the document, where it stands in words, and what it says in each language. `words`: listed with commas."""

    path: str
    where: str
    texts: Mapping[str, str]
    words: bool = False


@dataclass
class Found:
    """What a file says: texts by path and language, and what could not be used."""

    texts: dict[Key, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Unreadable(Exception):
    """A file is no translation; the sentence says why."""


# ── The table ─────────────────────────────────────────────────────────────


def lines(draft: Mapping[str, Any]) -> list[Line]:
    """Every text of a draft, in the order of its steps; those that say nothing in any language are left out."""
    labels = Labels(draft, draft.get("languages", ["de"])[0])
    found = []
    for path, texts, words in _walk(document.load(dict(draft)), ""):
        spoken = {language: ", ".join(text) if words else text for language, text in texts.items()}
        if any(text.strip() for text in spoken.values()):
            found.append(Line(path, _where(path, labels), spoken, words))
    return found


def missing(found: Iterable[Line], languages: Sequence[str]) -> int:
    """How many cells are empty."""
    return sum(not line.texts.get(language, "").strip() for line in found for language in languages)


def write(draft: Mapping[str, Any], texts: Mapping[Key, str]) -> dict[str, Any]:
    """Put texts in their places. Those whose place is gone are left out; an empty one takes the text away."""
    after = deepcopy(dict(draft))
    kinds = {line.path: line.words for line in lines(draft)}
    for (path, language), text in texts.items():
        if path not in kinds:
            continue
        holder, name = _place(after, path)
        if holder is None:
            continue
        kept = {**holder.get(name, {})}
        value = [word.strip() for word in text.split(",") if word.strip()] if kinds[path] else text.strip("\n")
        if value and text.strip():
            kept[language] = value
        else:
            kept.pop(language, None)
        holder[name] = kept
    return after


def _walk(piece: Piece, where: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for name, info in type(piece).model_fields.items():
        value, path = getattr(piece, name), f"{where}.{name}" if where else name
        if isinstance(value, Piece):
            yield from _walk(value, path)
        elif isinstance(value, list) and value and isinstance(value[0], Piece):
            for number, each in enumerate(value):
                yield from _walk(each, f"{path}.{getattr(each, 'id', None) or number}")
        elif info.annotation in (Texts, Words) and value:
            yield path, value, info.annotation == Words


def _place(draft: dict[str, Any], path: str) -> tuple[dict[str, Any] | None, str]:
    *way, name = path.split(".")
    here: Any = draft
    for part in way:
        if isinstance(here, list):
            here = next(
                (each for number, each in enumerate(here) if each.get("id") == part or ("id" not in each and str(number) == part)), None
            )
        elif isinstance(here, dict):
            here = here.get(part)
        if here is None:
            return None, name
    return (here, name) if isinstance(here, dict) else (None, name)


WHERE = {
    "title": gettext_lazy("Titel"), "text": gettext_lazy("Text"), "error": gettext_lazy("Hinweis"),
    "description": gettext_lazy("Beschreibung"), "label": gettext_lazy("Aufschrift der Liste"), "alt": gettext_lazy("Bildbeschreibung"),
    "words": gettext_lazy("andere Wörter"), "link_title": gettext_lazy("Aufschrift des Knopfs"), "consent": gettext_lazy("Einwilligung"),
    "summary": gettext_lazy("Zusammenfassung"), "away": gettext_lazy("wenn niemand da ist"), "none": gettext_lazy("wenn nichts frei ist"),
    "wait": gettext_lazy("während es dauert"), "caption": gettext_lazy("Begleittext"), "unit": gettext_lazy("Einheit"),
    "remind": gettext_lazy("Erinnerung"), "expired": gettext_lazy("Abschied nach Schweigen"),
}  # fmt: skip


def _where(path: str, labels: Labels) -> str:
    parts = path.split(".")
    name = WHERE.get(parts[-1], parts[-1])
    if parts[0] == "triggers":
        what = _("Wörter") if parts[-1] == "words" else name
        return _("Auslöser %(n)s: %(what)s") % {"n": int(parts[1]) + 1, "what": what}
    if parts[0] != "steps":
        return _("Dialog: %(what)s") % {"what": name}
    if "options" in parts:
        name = _("Möglichkeit, %(what)s") % {"what": name}
    return f"{labels.numbered(parts[1])}: {name}"


# ── CSV ───────────────────────────────────────────────────────────────────


def to_csv(draft: Mapping[str, Any]) -> str:
    """Write the table for a spreadsheet: path, where, then a column for each language."""
    languages: list[str] = draft.get("languages", ["de"])
    out = io.StringIO()
    table = csv.writer(out, delimiter=";", lineterminator="\r\n")
    table.writerow([_("Schlüssel"), _("Stelle"), *languages])
    for line in lines(draft):
        table.writerow([line.path, _safe(line.where), *(_safe(line.texts.get(language, "")) for language in languages)])
    return "\ufeff" + out.getvalue()


def from_csv(text: str, draft: Mapping[str, Any]) -> Found:
    """Read a table back. Empty cells say nothing; unknown rows and columns are told."""
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") >= first.count(",") else ","))
    if not rows or len(rows[0]) < 2:
        raise Unreadable(_("Das ist keine Tabelle mit Übersetzungen: Die erste Zeile nennt Schlüssel und Sprachen."))
    head, found = [each.strip() for each in rows[0]], Found()
    if sum(map(len, rows)) > MOST:
        raise Unreadable(_("Die Tabelle ist zu groß."))
    languages = {number: name for number, name in enumerate(head) if name in draft.get("languages", ["de"])}
    if not languages:
        raise Unreadable(_("Keine Spalte der Tabelle ist eine Sprache dieses Dialogs."))
    known = {line.path for line in lines(draft)}
    for row in rows[1:]:
        if not row or not row[0].strip():
            continue
        if row[0].strip() not in known:
            found.problems.append(_unknown(row[0].strip()))
            continue
        for number, language in languages.items():
            if number < len(row) and row[number].strip():
                found.texts[row[0].strip(), language] = _unsafe(row[number])
    return found


def _unknown(path: str) -> str:
    return _("„%(name)s“ gibt es in diesem Dialog nicht.") % {"name": path[:60]}


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _unsafe(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(DANGEROUS) else text


# ── XLIFF 2.0 ─────────────────────────────────────────────────────────────


def to_xliff(draft: Mapping[str, Any], target: str) -> str:
    """Write the texts for a translation office, from the dialog's first language into another. Placeholders stand as they are, locked."""
    source = draft.get("languages", ["de"])[0]
    root = Element("xliff", {"xmlns": NAMESPACE, "version": "2.0", "srcLang": source, "trgLang": target})
    file = SubElement(root, "file", {"id": str(draft.get("key", "dialog"))})
    for line in lines(draft):
        said = line.texts.get(source, "")
        if not said.strip():
            continue
        unit = SubElement(file, "unit", {"id": line.path})
        SubElement(SubElement(unit, "notes"), "note").text = line.where
        slots = list(dict.fromkeys(SLOT.findall(said) + SLOT.findall(line.texts.get(target, ""))))
        if slots:
            data = SubElement(unit, "originalData")
            for number, slot in enumerate(slots, 1):
                SubElement(data, "data", {"id": f"d{number}"}).text = slot
        segment = SubElement(unit, "segment")
        _marked(SubElement(segment, "source", {"xml:space": "preserve"}), said, slots)
        if line.texts.get(target, "").strip():
            _marked(SubElement(segment, "target", {"xml:space": "preserve"}), line.texts[target], slots)
    for unit in file:
        for each in unit:
            if each.tag != "segment":
                indent(each, level=3)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _marked(element: Element, text: str, slots: Sequence[str]) -> None:
    """Write a text with its placeholders as elements nobody can translate by accident."""
    last: Element | None = None
    for number, part in enumerate(SLOT.split(text)):
        if number % 2:
            at = slots.index(part) + 1
            last = SubElement(element, "ph", {"id": str(len(element) + 1), "dataRef": f"d{at}", "disp": part})
        elif last is None:
            element.text = part
        else:
            last.tail = part


def from_xliff(text: str, draft: Mapping[str, Any]) -> Found:
    """Read a translation back. Raises Unreadable where the file is none, or is not meant for this dialog."""
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise Unreadable(_("Das ist keine lesbare XLIFF-Datei.")) from None
    language = root.get("trgLang", "")
    if root.tag != f"{{{NAMESPACE}}}xliff" or language not in draft.get("languages", ["de"]):
        raise Unreadable(_("Erwartet wird XLIFF 2.0 in eine der Sprachen dieses Dialogs."))
    known, found = {line.path for line in lines(draft)}, Found()
    for unit in list(root.iter(f"{{{NAMESPACE}}}unit"))[:MOST]:
        path = unit.get("id", "")
        data = {each.get("id", ""): each.text or "" for each in unit.iter(f"{{{NAMESPACE}}}data")}
        said = "".join(_plain(each, data) for each in unit.iter(f"{{{NAMESPACE}}}target"))
        if path not in known:
            found.problems.append(_unknown(path))
        elif said.strip():
            found.texts[path, language] = said
    return found


def _plain(element: Any, data: Mapping[str, str]) -> str:
    said = element.text or ""
    for each in element:
        said += data.get(each.get("dataRef", ""), "") if each.tag == f"{{{NAMESPACE}}}ph" else _plain(each, data)
        said += each.tail or ""
    return said


def slots_lost(draft: Mapping[str, Any], texts: Mapping[Key, str]) -> list[str]:
    """Where a translation has other placeholders than the text it was made of."""
    first = draft.get("languages", ["de"])[0]
    by_path = {line.path: line for line in lines(draft)}
    lost = []
    for (path, language), text in texts.items():
        line = by_path.get(path)
        if line and language != first and set(SLOT.findall(text)) != set(SLOT.findall(line.texts.get(first, ""))):
            words = {"where": line.where, "language": language}
            lost.append(_("%(where)s (%(language)s): andere Platzhalter als im Ausgangstext.") % words)
    return lost
