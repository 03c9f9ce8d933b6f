"""A case on paper, for the file: everything that is known inside the house, with its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import casework, history, states
from buergerdraht.cases.models import Case
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

FONTS = (Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/truetype/dejavu"))
FACES = {"": ("NotoSans-Regular.ttf", "DejaVuSans.ttf"), "B": ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf")}
MARGIN, WIDE, HIGH = 20, 170, 110  # mm: the margin, the widest line, the highest picture
MOST_PICTURES = 10


@dataclass(frozen=True)
class Part:
    """A heading with facts (title, words) and paragraphs under it."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Paper:
    """A case as it goes to the file. `pictures` are covered ones, each with its title."""

    organisation: str
    title: str
    made: str
    parts: Sequence[Part]
    pictures: Sequence[tuple[str, Media]]


def paper(case: Case, request: DeskRequest) -> Paper:
    """Gather what a member may see of a case."""
    parts = [
        Part(_("Angaben"), facts=_facts(case, request)),
        Part(_("Worum es geht"), texts=[case.text or "–"]),
        Part(_("Antworten auf Fragen"), facts=casework.answers(case)),
        Part(_("Öffentlicher Text"), texts=[case.public_text] if case.public_text else []),
        Part(_("Aufgaben"), facts=[(task.text, _("erledigt") if task.done_at else _("offen")) for task in case.tasks.all()]),
        Part(_("Verlauf"), texts=_steps(case, request)),
    ]
    kinds = {"before": _("Foto"), "after": _("Foto nach der Arbeit")}
    rows = case.photos.filter(shown__state=Media.State.READY).select_related("shown")[:MOST_PICTURES]
    pictures = [(kinds[row.kind], row.shown) for row in rows if row.shown]
    made = _("Gedruckt am %(day)s von %(name)s. Nur für den Dienstgebrauch.") % {
        "day": _when(timezone.now()),
        "name": request.operator.name,
    }
    title = f"{_('Anliegen')} {case.number}: {case.category}"
    return Paper(case.organisation.name, title, made, [part for part in parts if part.facts or part.texts], pictures)


def _facts(case: Case, request: DeskRequest) -> list[tuple[str, str]]:
    place = case.place or "–"
    if case.latitude is not None:
        place += f" ({case.latitude:.5f}, {case.longitude:.5f})"
    follows = [each for each in casework.follows(request, case) if not each.left]
    told = casework.reporter(case) if request.may(Right.ANSWER) else {}
    rows = [
        (_("Stand"), str(states.TITLES[case.state])), (_("Priorität"), str(history.PRIORITIES[case.priority])),
        (_("Eingegangen"), f"{_when(case.received_at)}, {history.ORIGINS[case.origin]}"),
        (_("Frist"), _when(case.due_at) if case.due_at else ""), (_("Abgeschlossen"), _when(case.done_at) if case.done_at else ""),
        (_("Ort"), place), (_("Ortsteil"), case.district.name if case.district else ""),
        (_("Team"), case.team.name if case.team else ""), (_("Bearbeitung"), case.operator.name if case.operator else ""),
        (_("Vertraulich"), _("ja") if case.confidential else ""),
        (_("Gemeldet von"), ", ".join(told.values())),
        (_("Wer folgt"), "; ".join(f"{each.name} ({each.kind}, {each.language})" for each in follows)),
    ]  # fmt: skip
    return [(title, words) for title, words in rows if words]


def _steps(case: Case, request: DeskRequest) -> list[str]:
    found = []
    for line in reversed(history.lines(case, request.membership, casework.seer(request.membership))):
        words = f"{_when(line.entry.at)}, {line.who}: {line.title}"
        words += f"\n{line.entry.text}" if line.entry.text else ""
        words += f"\n{_('An Bürger:')} {line.told}" if line.told else ""
        found.append(words)
    return found


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%d.%m.%Y, %H:%M}"


# ── As a PDF ──────────────────────────────────────────────────────────────


def pdf(given: Paper) -> bytes:
    """Set the paper as A4 pages."""
    sheet = FPDF(format="A4")
    sheet.set_creator("Bürgerdraht")
    sheet.set_title(given.title)
    sheet.set_author(given.organisation)
    sheet.set_margins(MARGIN, MARGIN, MARGIN)
    sheet.set_auto_page_break(True, MARGIN)
    face = _face(sheet)
    sheet.add_page()
    _line(sheet, face, "", 10, given.organisation)
    _line(sheet, face, "B", 16, given.title)
    _line(sheet, face, "", 9, given.made)
    for part in given.parts:
        sheet.ln(4)
        _line(sheet, face, "B", 12, part.title)
        for title, words in part.facts:
            _line(sheet, face, "", 10, f"{title}: {words}")
        for text in part.texts:
            _line(sheet, face, "", 10, text)
            sheet.ln(1.5)
    for title, media in given.pictures:
        _picture(sheet, face, title, media)
    return bytes(sheet.output())


def _picture(sheet: FPDF, face: str, title: str, media: Media) -> None:
    """Set a picture under its title, as large as the page has room for."""
    path = files.path(media)
    if not path.is_file() or not media.width or not media.height:
        return
    scale = min(WIDE / media.width, HIGH / media.height)
    if sheet.will_page_break(media.height * scale + 10):
        sheet.add_page()
    sheet.ln(4)
    _line(sheet, face, "B", 10, title)
    sheet.image(path, w=media.width * scale, h=media.height * scale)


def _line(sheet: FPDF, face: str, style: str, size: int, text: str) -> None:
    sheet.set_font(face, style, size)
    plain = text if face == "paper" else text.encode("latin-1", "replace").decode("latin-1")
    sheet.multi_cell(0, size * 0.5, plain, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _face(sheet: FPDF) -> str:
    """The machine's own Noto or DejaVu, with letters of many languages; where there is neither, the format's built-in one."""
    for style, names in FACES.items():
        found = next((folder / name for folder in FONTS for name in names if (folder / name).exists()), None)
        if found is None:
            return "Helvetica"
        sheet.add_font("paper", style, str(found))
    return "paper"
