"""A poster (A4) and a card (A6) to print: what one gets, codes to photograph, the short address for whoever types.

Words first, codes second: whoever cannot photograph reads the address, and whoever has the PDF read aloud hears everything. The code
of the page is the large one, because it leads to all ways alike. Messengers get codes of their own where there is room for every
one of them; else they are named, and none is left out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import cast

import segno
from django.conf import settings
from django.urls import reverse
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.contacts.texts import name_topics
from buergerdraht.gateway import files
from buergerdraht.website import colours, ways
from buergerdraht.website.models import Look
from buergerdraht.website.pages import Voice
from buergerdraht.website.words import say

FONTS = (Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/truetype/dejavu"))
FACES = {"": ("NotoSans-Regular.ttf", "DejaVuSans.ttf"), "B": ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf")}
INK, TINT, LEAST = (27, 31, 51), (241, 243, 248), 0.4  # LEAST: millimetres a dot of a code must have to be photographed
LEADING = 0.44  # millimetres of a line for each point of type


@dataclass(frozen=True)
class Size:
    """Measures of a sheet: millimetres, and points of type. `columns` and `rows`: codes of messengers that find room."""

    wide: float
    high: float
    margin: float
    title: float
    text: float
    most: float  # the large code
    columns: int
    rows: int

    @property
    def inner(self) -> float:
        return self.wide - 2 * self.margin

    @property
    def gap(self) -> float:
        return self.margin / 2


SIZES = {"a4": Size(210, 297, 18, 40, 17, 92, 5, 2), "a6": Size(105, 148, 8, 19, 9.5, 46, 3, 1)}


def pdf(organisation: Organisation, look: Look, size: str, language: str, topics: Sequence[Topic]) -> bytes:
    """Set the sheet."""
    measure, voice = SIZES[size], Voice(language, "en" if language == "en" else "de", False)
    sheet = FPDF(format=(measure.wide, measure.high))
    sheet.set_creator("Bürgerdraht")
    sheet.set_lang("en" if language == "en" else "de")
    sheet.set_title(say(organisation, language, "start_title", you=say(organisation, language, "you")))
    sheet.set_author(organisation.name)
    sheet.set_margins(measure.margin, measure.margin, measure.margin)
    sheet.set_auto_page_break(False)
    page = Paper(sheet, _face(sheet), organisation, look, voice, measure)
    sheet.add_page()
    page.head()
    page.words(topics)
    page.codes(topics)
    return bytes(sheet.output())


def page_address(organisation: Organisation, topics: Sequence[Topic]) -> str:
    address = f"{settings.PUBLIC_URL}{reverse('website:subscribe', args=[organisation.slug])}"
    return address + (f"?themen={','.join(topic.key for topic in topics)}" if topics else "")


@dataclass(frozen=True)
class Paper:
    """One sheet while it is set, from the top down."""

    sheet: FPDF
    face: str
    organisation: Organisation
    look: Look
    voice: Voice
    size: Size

    def say(self, key: str, **values: str) -> str:
        return say(self.organisation, self.voice.language, key, **values)

    def head(self) -> None:
        """A band in the authority's colour with its name, in the ink that reads on it."""
        sheet, size = self.sheet, self.size
        band, left = size.margin * 1.6, size.margin
        sheet.set_fill_color(*_rgb(self.look.accent))
        sheet.rect(0, 0, size.wide, band, style="F")
        logo = self.look.logo
        if logo is not None and (path := files.path(logo)).is_file() and logo.width and logo.height:
            high = band * 0.6
            wide = min(high * logo.width / logo.height, size.wide / 3)
            sheet.set_fill_color(255, 255, 255)  # logos are drawn for white paper
            sheet.rect(left, band * 0.14, wide + band * 0.12, band * 0.72, style="F")
            x, about = left + band * 0.06, self.organisation.name
            sheet.image(str(path), x=x, y=band * 0.2, w=wide, h=high, keep_aspect_ratio=True, alt_text=about)
            left += wide + band * 0.12 + size.margin / 3
        sheet.set_text_color(*_rgb(colours.ink_on(self.look.accent)))
        self.fit("B", size.text * 1.2, self.organisation.name, size.wide - left - size.margin)
        sheet.set_xy(left, 0)
        sheet.cell(size.wide - left - size.margin, band, _plain(self.face, self.organisation.name))
        sheet.set_text_color(*INK)
        sheet.set_y(band + size.margin * 0.7)

    def words(self, topics: Sequence[Topic]) -> None:
        title = self.say("start_title", you=self.say("you"))
        points = self.fit("B", self.size.title, title, self.size.inner, least=0.75)
        for line in self.balanced(_plain(self.face, title)):
            self.sheet.cell(self.size.inner, points * LEADING, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.sheet.ln(self.size.gap / 2)
        self.lines("", self.size.text, self.say("start_lead"))
        if topics:
            self.sheet.ln(self.size.gap / 2)
            self.lines("B", self.size.text, name_topics(topics, self.organisation, self.voice.screen))

    def codes(self, topics: Sequence[Topic]) -> None:
        """The code of the page as large as there is room, the address in letters below it, and the messengers."""
        found = [way for way in ways.offer(self.organisation, self.voice, topics).ways if way.code]
        address, foot = page_address(self.organisation, topics), self.foot()
        top, each, line = self.sheet.get_y() + self.size.gap, self.cell_side(found), self.size.text * LEADING * 2.2
        side, high = self.room(foot - top - line - self.height_of(found, each))
        if side < high:  # too little is left: then the messengers are named
            each = 0.0
            side, high = self.room(foot - top - line - self.height_of(found, each))
        below = self.height_of(found, each)
        top += max(0.0, (foot - below - self.size.gap - top - line - max(side, high)) / 2)
        self.code(address, self.size.margin, top, side, self.organisation.name)
        self.beside(side, top + max(0.0, (side - high) / 2))
        self.address(address.partition("?")[0].partition("://")[2], top + max(side, high), line)
        self.ways(found, each, foot - below)

    def room(self, left: float) -> tuple[float, float]:
        """How large the code may be, and how high what stands beside it is then; smaller than that it is where there is no room."""
        side = max(self.size.most / 3, min(self.size.most, left - self.size.gap))
        return side, self.beside(side, None)

    def beside(self, side: float, top: float | None) -> float:
        """What to do with the code; without a place only measured. Returns its height."""
        left, text, here = self.size.margin + side + self.size.gap, self.size.text, self.sheet.get_y()
        said = [
            ("B", text * 1.15, self.say("start_subscribe")), ("", text * 0.9, self.say("poster_how")),
            ("", text * 0.9, self.say("know_leave_text")),
        ]  # fmt: skip
        self.sheet.set_left_margin(left)
        self.sheet.set_xy(left, here if top is None else top)
        high = self.paragraphs(said, dry=top is None)
        self.sheet.set_left_margin(self.size.margin)
        self.sheet.set_xy(self.size.margin, here)
        return high

    def address(self, letters: str, top: float, high: float) -> None:
        """For whoever types: never broken."""
        self.fit("B", self.size.text * 1.2, letters, self.size.inner)
        self.sheet.set_xy(self.size.margin, top)
        self.sheet.cell(self.size.inner, high, _plain(self.face, letters))

    def paragraphs(self, said: Sequence[tuple[str, float, str]], *, dry: bool = False) -> float:
        """Set them below each other, or only measure: returns their height."""
        high = 0.0
        for style, points, text in said:
            high += self.lines(style, points, text, dry=dry) + self.size.gap / 3
            if not dry:
                self.sheet.ln(self.size.gap / 3)
        return high - self.size.gap / 3

    def cell_side(self, found: Sequence[ways.Way]) -> float:
        """How large the code of one messenger is; 0 where not all of them can be photographed, or find room."""
        size = self.size
        side = (size.inner - (size.columns - 1) * size.gap / 2) / size.columns
        dots = max((segno.make(way.link, error="m").symbol_size(border=2)[0] for way in found), default=1)
        return side if found and len(found) <= size.columns * size.rows and side / dots >= LEAST else 0.0

    def height_of(self, found: Sequence[ways.Way], each: float) -> float:
        text = self.size.text * LEADING
        if not found:
            return 0.0
        return text * 1.6 + ceil(len(found) / self.size.columns) * (each + text * 1.8) if each else text * 3.2

    def ways(self, found: Sequence[ways.Way], each: float, top: float) -> None:
        """Every messenger with its code, or all of them by name."""
        sheet, size, text = self.sheet, self.size, self.size.text
        sheet.set_xy(size.margin, top)
        if not each:
            if found:
                self.lines("", text * 0.9, self.say("poster_also", ways=", ".join(dict.fromkeys(way.title for way in found))))
            return
        self.lines("B", text * 0.9, self.say("poster_ways"))
        for number, way in enumerate(found):
            left = size.margin + number % size.columns * (each + size.gap / 2)
            row = top + text * LEADING * 1.6 + number // size.columns * (each + text * LEADING * 1.8)
            self.code(way.link, left, row, each, way.title)
            sheet.set_font(self.face, "", text * 0.7)
            sheet.set_xy(left - 1, row + each)
            sheet.multi_cell(each + 2, text * 0.7 * LEADING, _plain(self.face, way.title), align=Align.C)

    def foot(self) -> float:
        """Who it is from, at the lower edge. Returns where the sheet ends for everything else."""
        facts, size = self.look.facts, self.size
        told = " · ".join(filter(None, (self.organisation.name, facts.get("street"), facts.get("city"), facts.get("phone"))))
        here, high = self.sheet.get_y(), size.margin * 0.9
        top = size.high - high
        self.sheet.set_fill_color(*TINT)
        self.sheet.rect(0, top, size.wide, high, style="F")
        self.fit("", size.text * 0.7, told, size.inner)
        self.sheet.set_xy(size.margin, top)
        self.sheet.cell(size.inner, high, _plain(self.face, told))
        self.sheet.set_xy(size.margin, here)
        return top - size.gap

    # ── Pieces ──

    def code(self, link: str, left: float, top: float, side: float, title: str) -> None:
        paper = io.BytesIO()
        segno.make(link, error="m").save(paper, kind="png", scale=10, border=2)
        paper.seek(0)
        self.sheet.image(paper, x=left, y=top, w=side, h=side, alt_text=self.say("sub_code_about", title=title))

    def lines(self, style: str, points: float, text: str, *, dry: bool = False) -> float:
        self.sheet.set_font(self.face, style, points)
        words = _plain(self.face, text)
        told = self.sheet.multi_cell(
            0, points * LEADING, words, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L, dry_run=dry, output=MethodReturnValue.HEIGHT
        )
        return float(cast(float, told))

    def fit(self, style: str, points: float, text: str, room: float, *, least: float = 0.5) -> float:
        """Set type so small that a text fits on one line, but not below a share of its size. Returns the points."""
        self.sheet.set_font(self.face, style, points)
        wide = self.sheet.get_string_width(_plain(self.face, text))
        fitting = points * min(1.0, room / wide) * 0.98 if wide else points
        chosen = fitting if fitting >= points * least else points if least > 0.5 else points * least
        self.sheet.set_font(self.face, style, chosen)
        return chosen

    def balanced(self, text: str) -> list[str]:
        """Break a heading into as few lines as it needs, of about the same length."""
        rows, room = self.broken(text, self.size.inner), self.size.inner
        while len(tried := self.broken(text, room - 2)) == len(rows) and room > 20:
            rows, room = tried, room - 2
        return rows

    def broken(self, text: str, room: float) -> list[str]:
        rows = [""]
        for word in text.split():
            longer = f"{rows[-1]} {word}".strip()
            if rows[-1] and self.sheet.get_string_width(longer) > room:
                rows.append(word)
            else:
                rows[-1] = longer
        return rows


def _plain(face: str, text: str) -> str:
    return text if face == "paper" else text.encode("latin-1", "replace").decode("latin-1")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _face(sheet: FPDF) -> str:
    """The machine's own Noto or DejaVu; where there is neither, the format's built-in one."""
    for style, names in FACES.items():
        found = next((folder / name for folder in FONTS for name in names if (folder / name).exists()), None)
        if found is None:
            return "Helvetica"
        sheet.add_font("paper", style, str(found))
    return "paper"
