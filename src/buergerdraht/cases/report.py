"""What a citizen is about to report, and what is still missing of it. Data and pure rules: no table, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from buergerdraht.contacts.words import plain

MOST_PHOTOS = 10
LONGEST = 4_000  # letters of a description, as Open311 has it
# What can be asked, in this order; a category's own questions stand between words and photo.
BEGIN, CATEGORY, PLACE, BEYOND, ALIKE, WORDS, QUESTION, PHOTO, SEND, CHANGE = (
    "begin", "category", "place", "beyond", "alike", "words", "question", "photo", "send", "change",
)  # fmt: skip


class Report(msgspec.Struct):
    """The draft as it is kept. `photos` are ids of media; `skipped` what they passed over; `apart` cases they said are others."""

    words: str = ""
    photos: list[str] = msgspec.field(default_factory=list)
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    beyond: str = ""  # who is responsible for the place, where we are not
    answers: dict[str, str] = msgspec.field(default_factory=dict)
    skipped: list[str] = msgspec.field(default_factory=list)
    apart: list[int] = msgspec.field(default_factory=list)
    options: list[list[str]] = msgspec.field(default_factory=list)  # what the last question's numbers and titles mean
    misses: int = 0
    question: str = ""  # the key of the category's question that was asked


def load(text: str) -> Report:
    return msgspec.json.decode(text, type=Report)


def dump(report: Report) -> str:
    return msgspec.json.encode(report).decode()


def open_question(report: Report, questions: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The category's next question without an answer."""
    return next((each for each in questions if each["key"] not in report.answers and each["key"] not in report.skipped), None)


def add_words(report: Report, text: str) -> None:
    """Keep what they wrote, beside what they wrote before."""
    text = text.strip()
    if text and text not in report.words:
        report.words = f"{report.words}\n{text}".strip()[:LONGEST]


def set_place(report: Report, place: str, latitude: float | None, longitude: float | None) -> None:
    """Another place: what hung on the one before is asked anew."""
    report.place, report.latitude, report.longitude = place[:200], latitude, longitude
    report.beyond, report.apart = "", []
    report.skipped = [each for each in report.skipped if each not in {PLACE, BEYOND, ALIKE}]


def coordinates(text: str) -> tuple[float, float] | None:
    """Read "51.123, 7.456" or a map link that holds them."""
    found = re.search(r"(-?\d{1,2}[.]\d{3,})\s*[,;/ ]\s*(-?\d{1,3}[.]\d{3,})", text)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def speaks_of(text: str, words: Sequence[str]) -> bool:
    """Say whether one of a category's words stands in a text: as a word of its own, or as the beginning of a longer one."""
    said = f" {plain(text)} "
    return any(f" {word}" in said if len(word) > 5 else f" {word} " in said for word in map(plain, words) if word)
