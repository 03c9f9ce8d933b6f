"""The public page of reports: list, map, one report, its pictures. Anybody reads them, without sign-in, cookies or a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import segno
from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import basemap, mapping, public_words, publishing, states
from buergerdraht.cases.models import Case
from buergerdraht.cases.publishing import Wish
from buergerdraht.gateway import channels, file_views, files
from buergerdraht.gateway.models import Channel
from buergerdraht.wording.voice import carried, listening, spoken

ROWS, MOST_COUNTED = 20, 2_000  # reports of a page; how far they are counted and turned over
FRESH = 60  # seconds a page may be kept: what is withdrawn goes soon
PICTURE_KEPT = 600


@dataclass(frozen=True)
class Way:
    """A messenger by which one can follow: its kind and title, the link, and the same as a code to photograph."""

    kind: str
    title: str
    link: str
    code: str


class Counted(Paginator):  # type: ignore[type-arg]
    """Turns pages without counting a hundred thousand rows to their end: who looks for more chooses by words, district or category."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Case]", self.object_list)
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


def found(slug: str) -> Organisation:
    """The authority whose reports are public; none: 404."""
    organisation = publishing.organisation(slug)
    if organisation is None:
        raise Http404
    return organisation


def keep(response: HttpResponseBase, seconds: int = FRESH) -> None:
    """Let everybody between us and the reader keep it for a moment."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"


@require_safe
@listening
def listing(request: HttpRequest, organisation: str) -> HttpResponse:
    house = found(organisation)
    wish = Wish.read(request.GET.dict())
    pages = Counted(publishing.with_photos(publishing.chosen(house, wish)), ROWS)
    page = pages.get_page(_number(request.GET.get("seite")))
    context = {
        "organisation": house, "wish": wish, "page": page, "total": pages.count, "more": pages.count >= MOST_COUNTED,
        "categories": publishing.categories(house),
        "districts": publishing.districts(house), "map": _map(house, wish), "feeds": _feeds(house, wish),
        "canonical": f"{settings.PUBLIC_URL}{reverse('reports:list', args=[house.slug])}",
    }  # fmt: skip
    response = render(request, "cases/public_list.html", context)
    keep(response)
    return basemap.open_for(response, house.ground, locate=True)


@require_safe
@listening
def detail(request: HttpRequest, organisation: str, number: str) -> HttpResponse:
    """One report: what a person released of it, and what became of it. 410 where it was public once."""
    house = found(organisation)
    case = publishing.one(house, number)
    if case is None:
        if publishing.was(house, number):
            return render(request, "cases/public_gone.html", {"organisation": house}, status=410)
        raise Http404
    title = f"{case.category.title_in(spoken())}, {case.place}" if case.place else case.category.title_in(spoken())
    here = f"{settings.PUBLIC_URL}{reverse('reports:case', args=[house.slug, case.number])}"
    context = {
        "organisation": house, "case": case, "title": title, "steps": publishing.steps(case), "original": publishing.original(case),
        "ways": follow(case) if case.state in Case.OPEN else [], "canonical": here, "map": _one(house, case),
        "image": settings.PUBLIC_URL + picture_url(house, case) if case.shown_photos else "",  # type: ignore[attr-defined]
    }  # fmt: skip
    response = render(request, "cases/public_case.html", context)
    keep(response)
    return basemap.open_for(response, house.ground)


@require_safe
@listening
def points(request: HttpRequest, organisation: str) -> HttpResponse:
    """The map's points in a box: `bbox` west,south,east,north, `zoom`, and the filter of the list."""
    house = found(organisation)
    try:
        box = mapping.read(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
    except mapping.Unreadable:
        return JsonResponse({"error": "bbox"}, status=400)
    language = spoken()
    rows = publishing.chosen(house, Wish.read(request.GET.dict()))
    response = JsonResponse(mapping.clusters(rows, box, lambda case: shown(house, case, language)), content_type="application/geo+json")
    keep(response)
    return response


@require_safe
def picture(request: HttpRequest, organisation: str, number: int) -> HttpResponseBase:
    """A released picture, covered; `?klein` is its small one. The original has no address."""
    photo = publishing.photo(found(organisation), number)
    if photo is None or photo.shown is None:
        raise Http404
    small = "klein" in request.GET
    path = files.small_path(photo.shown) if small else files.path(photo.shown)
    mime = "image/webp" if small else photo.shown.mime
    if not path.is_file():
        raise Http404
    response = file_views.guarded(FileResponse(path.open("rb"), content_type=mime), photo.shown, mime)
    response.headers["Content-Disposition"] = "inline"  # what a citizen called their file is nobody's business
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # feed readers show it
    keep(response, PICTURE_KEPT)
    return response


# ── What several share ────────────────────────────────────────────────────


def shown(house: Organisation, case: Case, language: str) -> dict[str, Any]:
    """What maps and feeds for machines tell of a case."""
    return {
        "number": case.number, "title": case.category.title_in(language), "category": case.category.key, "state": case.state,
        "state_title": public_words.state(house, language, case.state), "tone": states.TONES[case.state], "place": case.place,
        "reported": f"{case.received_at:%Y-%m-%d}", "url": carried(reverse("reports:case", args=[house.slug, case.number])),
    }  # fmt: skip


def picture_url(house: Organisation, case: Case) -> str:
    return reverse("reports:picture", args=[house.slug, case.shown_photos[0].pk])  # type: ignore[attr-defined]


def follow(case: Case) -> list[Way]:
    """List the messengers by which one can follow a case."""
    word = public_words.say(case.organisation, spoken(), "follow_word")
    rows = Channel.objects.filter(organisation=case.organisation, state=Channel.State.RUNNING).order_by("kind", "name")
    return [_way(row.kind, link) for row in rows if (link := _link(row, f"folgen-{case.number}", f"{word} {case.number}"))]


def _way(kind: str, link: str) -> Way:
    code = segno.make(link, error="m").svg_inline(omitsize=True, border=2, light="#ffffff")
    return Way(kind, channels.title(kind), link, mark_safe(code))  # noqa: S308 - segno draws, we chose the link


def _link(channel: Channel, start: str, words: str) -> str:
    try:
        return channels.deep_link(channel, start, words)
    except ValueError:  # not set up far enough
        return ""


def _map(house: Organisation, wish: Wish) -> dict[str, Any]:
    said = {key: public_words.say(house, spoken(), f"map_{key}") for key in ("about", "open", "failed")}
    points = carried(f"{reverse('reports:points', args=[house.slug])}?{wish.query}")
    return basemap.drawn(
        house.ground,
        said["about"],
        points=points,
        later=said["open"],
        failed=said["failed"],
        gentle="",
        find="",
        said=public_words.on_map(house, spoken()),
    )


def _one(house: Organisation, case: Case) -> dict[str, Any]:
    said = {key: public_words.say(house, spoken(), f"map_{key}") for key in ("one", "open", "none")}
    mark = f"{case.latitude},{case.longitude}" if case.latitude is not None else ""
    return basemap.drawn(
        house.ground, said["one"], mark=mark, later=said["open"], failed=said["none"], gentle="", said=public_words.on_map(house, spoken())
    )


def _feeds(house: Organisation, wish: Wish) -> list[tuple[str, str, str]]:
    """Title, type and address of each feed, for what was chosen of categories."""
    query = f"?{Wish(category=wish.category).query}" if wish.category else ""
    named = (
        ("Atom", "application/atom+xml", "reports:atom"), ("RSS", "application/rss+xml", "reports:rss"),
        ("JSON Feed", "application/feed+json", "reports:json"), ("GeoJSON", "application/geo+json", "reports:geojson"),
    )  # fmt: skip
    return [(title, kind, reverse(name, args=[house.slug]) + query) for title, kind, name in named]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1
