"""All sentences of a language as a file for a translator, and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from buergerdraht.wording import checking
from buergerdraht.wording.reading import Line
from buergerdraht.wording.shelves import SHELVES

LARGEST = 3_000_000
NAME, ROOM, GERMAN, OURS, SLOTS, OWN = "Satz", "Bereich", "Deutsch", "Unser Text", "Platzhalter", "Ihr Text"
FORMULA = tuple("=+-@\t\r")


def write(lines: Iterable[Line]) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # spreadsheets know by it how to read umlauts
    rows = csv.writer(out, delimiter=";")
    rows.writerow([NAME, ROOM, GERMAN, OURS, SLOTS, OWN])
    for line in lines:
        cells = [line.name, str(line.shelf.title), line.german, line.ours, " ".join(line.slots), line.own]
        rows.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])  # no spreadsheet shall compute it
    return out.getvalue()


@dataclass
class Sheet:
    """What a file brings: texts by shelf and key, and a sentence for each row that cannot be kept."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def read(data: bytes) -> Sheet:
    """Read a file back. An empty cell changes nothing. Raises ValidationError where it is no such file."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationError(_("Die Datei ist nicht in UTF-8 gespeichert. Wählen Sie beim Speichern „CSV UTF-8“.")) from None
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    sheet = Sheet()
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        if not {NAME, OWN} <= set(rows.fieldnames or ()):
            raise ValidationError(
                _("In der ersten Zeile müssen die Spalten „%(a)s“ und „%(b)s“ stehen, wie in der ausgegebenen Datei.")
                % {"a": NAME, "b": OWN}
            )
        for row in rows:
            _take(sheet, rows.line_num, str(row.get(NAME) or "").strip(), str(row.get(OWN) or ""))
    except csv.Error:
        raise ValidationError(_("Die Datei lässt sich nicht als CSV lesen.")) from None
    return sheet


def _take(sheet: Sheet, number: int, name: str, text: str) -> None:
    text = text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
    if not text.strip():
        return
    room, _slash, key = name.partition("/")
    shelf = SHELVES.get(room)
    try:
        if shelf is None:
            raise ValidationError(_("Diesen Satz gibt es bei uns nicht, oder er lässt sich nicht ändern."))
        sheet.texts[room, key] = checking.check(shelf, key, text)
    except ValidationError as problem:
        sheet.wrong.append(_("Zeile %(n)s (%(name)s): %(why)s") % {"n": number, "name": name[:100], "why": " ".join(problem.messages)})
