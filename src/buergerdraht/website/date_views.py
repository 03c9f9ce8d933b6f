"""The calendar of what was sent: to read, to subscribe to, and one date at a time."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.website import archive, dates
from buergerdraht.website.archive import Wish
from buergerdraht.website.archive_views import feeds
from buergerdraht.website.models import Published
from buergerdraht.website.pages import house, keep, show, voice_of

KEPT = 300


@require_safe
def coming(request: HttpRequest, organisation: str) -> HttpResponse:
    """What comes, day after day, for everybody."""
    here = house(organisation)
    voice, wish = voice_of(request, here), Wish.read(request.GET.dict())
    rows = dates.coming(here, wish.topic)[: dates.MOST]
    return show(request, here, "website/calendar.html", {
        "cards": archive.cards(rows, voice.language), "wish": wish, "topics": archive.topics(here), "feeds": feeds(here, voice, wish.topic),
    })  # fmt: skip


@require_safe
def feed(request: HttpRequest, organisation: str) -> HttpResponse:
    """All dates, or those of one topic (`?thema=`), for calendars that ask again and again."""
    here = house(organisation)
    return _calendar(request, here, dates.lately(here, Wish.read(request.GET.dict()).topic), f"termine-{here.slug}")


@require_safe
def one(request: HttpRequest, organisation: str, slug: str) -> HttpResponseBase:
    """One date, to put into one's own calendar."""
    here = house(organisation)
    row = archive.one(here, slug)
    if row is None or row.begins_at is None:
        raise Http404
    return _calendar(request, here, [row], slug)


def _calendar(request: HttpRequest, here: Organisation, rows: list[Published], name: str) -> HttpResponse:
    voice = voice_of(request, here)
    text = dates.calendar(here, archive.cards(rows, voice.language), voice)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.ics"'
    response.headers["Access-Control-Allow-Origin"] = "*"
    keep(response, KEPT)
    return response
