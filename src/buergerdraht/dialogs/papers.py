"""Files made for one citizen, and the meter's photo: where dialogs meet the rooms that know how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments import ics
from buergerdraht.appointments.models import Booking
from buergerdraht.connectors import markdown
from buergerdraht.dialogs.models import Session
from buergerdraht.dialogs.walk import MeterSeen
from buergerdraht.gateway.models import Media
from buergerdraht.meters import actions as meters

FONTS = (Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/truetype/dejavu"))
FACES = {"": ("NotoSans-Regular.ttf", "DejaVuSans.ttf"), "B": ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf")}
MARGIN = 22  # mm


def calendar(booking: Booking | None, now: datetime, language: str) -> bytes | None:
    return ics.calendar([booking], now, language).encode() if booking else None


def pdf(title: str, text: str, organisation: Organisation) -> bytes:
    """Set a paper of one or more pages: the authority's name, a title, paragraphs; `**bold**` stays bold."""
    paper = FPDF(format="A4")
    paper.set_creator("Bürgerdraht")
    paper.set_title(title)
    paper.set_author(organisation.name)
    paper.set_margins(MARGIN, MARGIN, MARGIN)
    paper.set_auto_page_break(True, MARGIN)
    face = _face(paper)
    paper.add_page()
    _line(paper, face, "", 10, organisation.name)
    paper.ln(8)
    if title:
        _line(paper, face, "B", 16, title)
        paper.ln(4)
    for block in text.split("\n"):
        _paragraph(paper, face, block)
    return bytes(paper.output())


def _paragraph(paper: FPDF, face: str, text: str) -> None:
    """Write a paragraph of our Markdown, as it is read everywhere: what a citizen wrote is neither bold nor a link."""
    for run in markdown.read(text or " "):
        paper.set_font(face, "B" if run.bold else "", 11)
        paper.write(6, _letters(face, run.text))
    paper.ln(6)


def _letters(face: str, text: str) -> str:
    return text if face == "paper" else text.encode("latin-1", "replace").decode("latin-1")


def _line(paper: FPDF, face: str, style: str, size: int, text: str) -> None:
    paper.set_font(face, style, size)
    plain = markdown.plain(markdown.read(text))
    paper.multi_cell(0, size * 0.55, _letters(face, plain), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _face(paper: FPDF) -> str:
    """The machine's own Noto or DejaVu, with letters of many languages; where there is neither, the format's built-in one."""
    for style, names in FACES.items():
        found = next((folder / name for folder in FONTS for name in names if (folder / name).exists()), None)
        if found is None:
            return "Helvetica"
        paper.add_font("paper", style, str(found))
    return "paper"


@dataclass(frozen=True)
class Read:
    """A meter's reading as a citizen confirmed it."""

    kind: str
    number: str
    value: str
    file: str
    doubts: Sequence[str]


def see_meter(session: Session, file: str, digits: int, decimals: int) -> MeterSeen:
    """Read a photo on this machine. A number with a doubt in it is shown to nobody: then it is typed."""
    try:
        found = meters.see(session.organisation, file, digits=digits, decimals=decimals)
    except meters.Pending:
        return MeterSeen(pending=True)
    sure = found is not None and not found.doubts
    return MeterSeen(text=found.text.replace(",", ".") if found and sure else "", sure=sure)


def judge_meter(session: Session, kind: str, number: str, value: str) -> Sequence[str]:
    return meters.judge(session.organisation, kind, number, Decimal(value))


def keep_meter(session: Session, read: Read) -> None:
    photo = Media.objects.filter(organisation=session.organisation_id, pk=read.file).first() if read.file else None
    confirmed = meters.Confirmed(
        kind=read.kind, number=read.number, value=Decimal(read.value).quantize(Decimal("0.001")), photo=photo, reasons=read.doubts,
        contact=session.contact, address=session.address,
    )  # fmt: skip
    meters.keep(session.organisation, confirmed)
