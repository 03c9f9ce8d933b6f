"""What a blueprint is made of: topics, texts in two forms of address, teams, rules, tables, times, categories, dialogs with examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from buergerdraht.dialogs import document
from buergerdraht.dialogs.sections import in_form

FORMS = ("sie", "du")
DAY = re.compile(r"\{([+-]\d{1,4})(?::([^{}]+))?\}")  # {+14} or {+14:%d.%m.}: so many days after switching on


class Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spoken(Piece):
    """A text for citizens in the two forms of address."""

    sie: str
    du: str


Texts = Annotated[dict[str, str], Field(min_length=1)]  # {language: text}
Addressed = dict[str, str | Spoken]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Clock = Annotated[str, Field(pattern=r"^\d\d:\d\d$")]


class TablePiece(Piece):
    """A table with invented rows, each a list in the order of the columns. A cell may be {sie, du} or hold a day: {+14}."""

    key: Key
    title: Annotated[str, Field(max_length=120)]
    columns: Annotated[list[str], Field(min_length=1)]
    rows: list[list[str | Spoken]]

    @model_validator(mode="after")
    def _is_square(self) -> TablePiece:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(f"{self.key}: Zeile {number} hat {len(row)} Zellen, die Tabelle {len(self.columns)} Spalten.")
        return self

    def filled(self, form: str, today: date) -> list[dict[str, str]]:
        """Give the rows as an organisation keeps them."""
        texts = [[getattr(cell, form) if isinstance(cell, Spoken) else cell for cell in row] for row in self.rows]
        return [{column: dated(text, today).strip() for column, text in zip(self.columns, row, strict=True)} for row in texts]


class OfferRule(Piece):
    weekday: Annotated[int, Field(ge=0, le=6)]  # 0 is Monday
    begin: Clock
    end: Clock


class OfferPiece(Piece):
    """Something to book, with times that the organisation looks over."""

    key: Key
    title: Texts
    description: Texts
    kind: Literal["place", "call", "video"] = "place"
    place: str = ""
    link: str = ""
    team: str = ""
    minutes: Annotated[int, Field(ge=5, le=480)] = 20
    capacity: Annotated[int, Field(ge=1, le=99)] = 1
    earliest_hours: int = 24
    latest_days: int = 30
    rules: Annotated[list[OfferRule], Field(min_length=1)]
    reminders: list[int] = [24]


class ExamplePiece(Piece):
    """A walk as in dialogs.examples. Its words may be {language: words}, each with {sie, du}: then it is played in every language."""

    name: Annotated[str, Field(max_length=120)]
    channel: str = "whatsapp"
    language: str = ""  # "": every language of the dialog
    moves: Annotated[list[dict[str, Any]], Field(min_length=1)]

    def spoken(self, language: str, form: str, today: date) -> list[dict[str, Any]]:
        """Give the moves as they are played in a language and form of address."""
        chosen = in_language(in_form(self.moves, form), language)
        moves: list[dict[str, Any]] = _changed(chosen, today)
        return moves


class TopicPiece(Piece):
    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")]
    title: Texts
    description: Texts


class Words(Piece):
    """What an organisation says by itself: greeting and away text, and the privacy text of its public page."""

    greeting: Addressed = {}
    away: Addressed = {}
    privacy_text: Addressed = {}


class Draft(Piece):
    title: str
    topics: list[str]
    versions: Addressed


class LabelPiece(Piece):
    name: Annotated[str, Field(max_length=40)]
    tone: Literal["plain", "info", "ok", "warn", "bad"] = "plain"


class AnswerPiece(Piece):
    """A saved answer; without a team it is everybody's."""

    shortcut: Annotated[str, Field(pattern=r"^[a-zäöüß0-9-]{1,30}$")]
    title: Annotated[str, Field(max_length=80)]
    team: str = ""
    texts: Addressed


class RulePiece(Piece):
    """Where a new matter goes that holds one of these words."""

    words: Annotated[list[str], Field(min_length=1)]
    team: str
    label: str = ""


class DeskPiece(Piece):
    """Settings of the inbox; only where the organisation has set none of its own."""

    ask_mark: bool = False
    mark_text: Addressed = {}


class ConsultationPiece(Piece):
    """The first hour, as a draft: on the next such weekday, to be looked over before anybody hears of it."""

    title: Annotated[str, Field(max_length=80)]
    host: Annotated[str, Field(max_length=80)]
    team: str
    topic: str = ""
    weekday: Annotated[int, Field(ge=0, le=6)]  # 0 is Monday
    begins: Annotated[str, Field(pattern=r"^\d\d:\d\d$")]
    ends: Annotated[str, Field(pattern=r"^\d\d:\d\d$")]
    places: int | None = None


class CategoryPiece(Piece):
    """What can be reported: like one of the house's own set, with other columns of Category over it, or all its own."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    like: str = ""
    team: str = ""
    kind: Literal["problem", "idea", "praise", "complaint"] = "problem"
    group: Annotated[str, Field(max_length=60)] = ""
    icon: str = "pin"
    title: Texts = {"de": "-"}
    description: Addressed = {}
    synonyms: dict[str, list[str]] = {}
    questions: list[dict[str, Any]] = []  # as cases.questions reads them; a text may also be {sie, du}
    needs_place: bool = True
    needs_photo: bool = False
    visibility: Literal["public", "internal", "confidential"] = "public"
    days: Annotated[int, Field(ge=0, le=400)] = 5
    radius: Annotated[int, Field(ge=0, le=5_000)] = 50
    keep_days: Annotated[int, Field(ge=0, le=3_660)] = 365

    @model_validator(mode="after")
    def _is_something(self) -> CategoryPiece:
        if not self.like and "title" not in self.model_fields_set:
            raise ValueError(f"{self.key}: Titel oder Vorbild fehlt.")
        return self


class Blueprint(Piece):
    key: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    edition: int = 1
    icon: str
    title: str
    summary: str
    suits: str
    advice: list[str] = []
    teams: list[str] = []
    topics: list[TopicPiece] = []
    words: Words = Words()
    drafts: list[Draft] = []
    labels: list[LabelPiece] = []
    answers: list[AnswerPiece] = []
    rules: list[RulePiece] = []
    desk: DeskPiece | None = None
    consultation: ConsultationPiece | None = None
    tables: list[TablePiece] = []
    offers: list[OfferPiece] = []
    categories: list[CategoryPiece] = []
    dialogs: list[dict[str, Any]] = []  # documents of dialogs.document, where a text may also be {sie, du}
    examples: dict[str, list[ExamplePiece]] = {}  # a dialog's key -> walks
    files: dict[str, Path] = {}  # pictures, sounds and films that its dialogs and tables name

    def dialog(self, key: str, form: str) -> document.Dialog:
        """Give a dialog as one that addresses citizens in this form."""
        return document.load(in_form(next(each for each in self.dialogs if each["key"] == key), form))


def said(texts: Addressed, language: str, form: str) -> str:
    """Choose a text in a language and form of address; empty where there is none."""
    text = texts.get(language, "")
    return (text.du if form == "du" else text.sie) if isinstance(text, Spoken) else text


def in_language(found: Any, language: str) -> Any:
    """Put one language in the place of every {language: words} of an example."""
    if isinstance(found, Mapping):
        if "de" in found and set(found) <= {"de", "en"}:
            return found.get(language, found["de"])
        return {key: in_language(value, language) for key, value in found.items()}
    return [in_language(each, language) for each in found] if isinstance(found, list) else found


def dated(text: str, today: date) -> str:
    """Fill in days counted from today, so that invented dates are never over before anybody looks."""

    def day(match: re.Match[str]) -> str:
        found = today + timedelta(days=int(match[1]))
        return found.strftime(match[2]) if match[2] else found.isoformat()

    return DAY.sub(day, text) if "{" in text else text


def _changed(found: Any, today: date) -> Any:
    if isinstance(found, str):
        return dated(found, today)
    if isinstance(found, Mapping):
        return {key: _changed(value, today) for key, value in found.items()}
    return [_changed(each, today) for each in found] if isinstance(found, list) else found
