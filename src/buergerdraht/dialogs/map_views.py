"""The map of a dialog: its steps and ways as a picture, what happened at each, and what was not understood there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import drawing, editing, figures, reading, screens
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.reading import Card

LETTERS = 24  # in a line of a box
LONG = 22  # of the words at a way


@dataclass(frozen=True)
class Spot:
    """A step in the picture and in the table."""

    card: Card
    words: str  # what it says, or what it does; empty where its kind says it all
    x: float
    y: float
    lines: list[str]
    exits: str  # where it leads out of the dialog
    counts: list[tuple[str, str, int]]
    reached: int
    misunderstood: int


@require_safe
@desk(Right.READ)
def overview(request: DeskRequest, number: int) -> HttpResponse:
    row = screens.found(request, number)
    days = next((each for each in figures.DAYS if str(each) == request.GET.get("tage")), 30)
    picture, spots = _spots(request, row, days)
    return render(request, "dialogs/map.html", {
        **screens.frame(request, row, "map"), "picture": picture, "spots": spots, "days": days, "spans": figures.DAYS,
        "columns": figures.COLUMNS, "lines": [(line, _short(line.way.words)) for line in picture.lines],
    })  # fmt: skip


@require_safe
@desk(Right.READ)
def misunderstood(request: DeskRequest, number: int, key: str) -> HttpResponse:
    """What citizens wrote at a step and was not understood."""
    row = screens.found(request, number)
    if editing.step_of(row.draft, key) is None:
        raise Http404
    days = next((each for each in figures.DAYS if str(each) == request.GET.get("tage")), 30)
    texts = figures.misunderstood(row, request.membership, key, days)
    return render(request, "dialogs/_misunderstood.html", {"texts": texts})


def _spots(request: DeskRequest, row: Dialog, days: int) -> tuple[drawing.Picture, list[Spot]]:
    sheet = reading.sheet(row, screens.setup(request, row))
    ways = [drawing.Way(card.id, goal, words) for card in sheet.cards for goal, words in _goals(card)]
    picture = drawing.draw([card.id for card in sheet.cards], ways)
    boxes = {box.name: box for box in picture.boxes}
    traced = figures.traced(row, days)
    spots = []
    for card in sheet.cards:
        counted = traced.get(card.id, Counter())
        counts = [(key, str(words), counted[key]) for key, words in figures.COLUMNS]
        box = boxes[card.id]
        words = card.words if card.words != card.title else next(iter([*card.facts, *(lead.why for lead in card.leads[:1])]), "")
        spots.append(Spot(card, words, box.x, box.y, _wrapped(words), _exits(card), counts, counted["reached"], counted["misunderstood"]))
    return picture, spots


def _goals(card: Card) -> list[tuple[str, str]]:
    """The steps a step leads to; ways to one goal share a line."""
    found: dict[str, list[str]] = {}
    for lead in [*card.chips, *card.leads]:
        if lead.step:
            found.setdefault(lead.goal, []).extend([lead.why] if lead.why != _("danach") else [])  # an arrow says that by itself
    if card.follower:
        found.setdefault(card.follower, [])
    return [(goal, " / ".join(dict.fromkeys(words))) for goal, words in found.items()]


def _exits(card: Card) -> str:
    places = dict.fromkeys(lead.words for lead in [*card.chips, *card.leads] if lead.goal and not lead.step)
    return ", ".join(places) or (_("Ende") if card.kind == "end" else "")


def _wrapped(words: str) -> list[str]:
    lines: list[str] = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()[:LETTERS]
    return [*lines[:1], f"{lines[1]} …" if len(lines) > 2 else lines[1]] if len(lines) > 1 else lines


def _short(words: str) -> str:
    """Words that fit at a way: of several the first, of a condition its beginning and its end, where the value is."""
    if len(words) <= LONG:
        return words
    return f"{words[: LONG - 1].rstrip()}…" if " / " in words else f"{words[:7].rstrip()}…{words[8 - LONG :].lstrip()}"
