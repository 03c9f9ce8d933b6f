"""Pictures of a case: covered by hand, the original on a deliberate click, and added by one of us."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import casework, delegating, photos
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.case_forms import MOST_PHOTOS
from buergerdraht.cases.case_views import back
from buergerdraht.cases.covering import MOST_COVERS
from buergerdraht.cases.models import Case, Photo
from buergerdraht.gateway import file_views, files
from buergerdraht.gateway.models import Media

SPARE = 3  # empty lines for those who type
PERCENT = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?", re.ASCII)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.ANSWER)
def cover(request: DeskRequest, number: str, photo: int) -> HttpResponse:
    """Draw what is to be covered, by mouse or as numbers in percent of the picture."""
    case = casework.found(request, number)
    row = _photo(case, photo)
    if request.method == "POST":
        lines = _lines(request)
        try:
            photos.cover_by_hand(row, _covers(lines), operator=request.operator)
        except NotNow as refused:
            return _page(request, case, row, lines, str(refused))
        messages.success(request, _("Das Foto ist abgedeckt, wie Sie es gezeichnet haben."))
        return back(request, case, "fotos")
    return _page(request, case, row, [_percents(each) for each in row.covers])


def _page(request: DeskRequest, case: Case, row: Photo, lines: list[list[str]], problem: str = "") -> HttpResponse:
    whole = row.media is not None and row.media.state == Media.State.READY
    shows_original = whole and (row.shown is None or "original" in request.GET)
    blank = [["", "", "", ""]] * SPARE
    context: dict[str, Any] = {
        "case": case, "photo": row, "lines": [*lines, *blank], "problem": problem, "whole": whole, "shows_original": shows_original,
        "picture": row.media if shows_original else row.shown, "asked": "original" in request.GET,
    }  # fmt: skip
    return render(request, "cases/case_cover.html", context, status=422 if problem else 200)


@require_safe
@desk(Right.ANSWER)
def original(request: DeskRequest, number: str, photo: int) -> HttpResponseBase:
    """Show the uncovered picture to somebody who works on the case. Each look is written down."""
    case = casework.found(request, number)
    row = _photo(case, photo)
    if row.media is None or row.media.state != Media.State.READY or not files.path(row.media).is_file():
        raise Http404
    audit.record(request.organisation, "cases.original", operator=request.operator, subject=f"case:{case.pk}", photo=row.pk)
    response = file_views.guarded(file_views.answer(request, files.path(row.media), row.media.mime), row.media, row.media.mime)
    if "Content-Disposition" in response.headers:
        response.headers["Content-Disposition"] = "inline"  # what a citizen called their file is nobody's business
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@desk(Right.ANSWER)
def add(request: DeskRequest, number: str) -> HttpResponse:
    """Add pictures of our own, of before or after the work."""
    case = casework.found(request, number)
    given = request.FILES.getlist("photos")
    kind = Photo.Kind.BEFORE if request.POST.get("kind") == Photo.Kind.BEFORE else Photo.Kind.AFTER
    try:
        if not given:
            raise NotNow(_("Bitte wählen Sie ein Foto."))
        if len(given) > MOST_PHOTOS or any((file.size or 0) > delegating.LARGEST_PHOTO for file in given):
            raise NotNow(_("Höchstens zehn Fotos auf einmal, jedes bis 20 MB."))
        for media in delegating.stored(case.organisation, [(file.name or "foto", file.read()) for file in given]):
            photos.attach(case, media, kind=kind, operator=request.operator)
    except NotNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Hinzugefügt. Gesichter und Kennzeichen werden gleich abgedeckt."))
    return back(request, case, "fotos")


def _photo(case: Case, number: int) -> Photo:
    return get_object_or_404(case.photos.select_related("media", "shown"), pk=number)


def _lines(request: DeskRequest) -> list[list[str]]:
    """The lines somebody filled in: left, top, width, height in percent."""
    columns = [request.POST.getlist(name)[: MOST_COVERS + SPARE] for name in ("links", "oben", "breite", "hoehe")]
    return [[value.strip() for value in line] for line in zip(*columns, strict=False) if any(value.strip() for value in line)]


def _covers(lines: list[list[str]]) -> list[list[float]]:
    """Read percents into shares. Raises NotNow where a line is no place in the picture."""
    found = []
    for place, line in enumerate(lines, 1):
        if not all(PERCENT.fullmatch(value) for value in line):
            raise NotNow(_("Zeile %(place)s: Bitte füllen Sie alle vier Felder mit Zahlen von 0 bis 100.") % {"place": place})
        left, top, width, height = (float(value.replace(",", ".")) / 100 for value in line)
        if width <= 0 or height <= 0 or left + width > 1.001 or top + height > 1.001:
            raise NotNow(_("Zeile %(place)s: Diese Stelle liegt nicht im Bild.") % {"place": place})
        found.append([left, top, width, height])
    return found


def _percents(cover: list[float]) -> list[str]:
    """A cover as somebody types it: what the machine found may reach a little beyond the picture."""
    left, top, width, height = cover
    right, low = min(left + width, 1.0), min(top + height, 1.0)
    left, top = max(left, 0.0), max(top, 0.0)
    return [f"{value * 100:.2f}".rstrip("0").rstrip(".") for value in (left, top, right - left, low - top)]
