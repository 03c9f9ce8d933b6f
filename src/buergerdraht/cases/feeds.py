"""What was released lately, for feed readers and for other maps: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1, GeoJSON (RFC 7946)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
from django.utils.http import http_date, parse_etags
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import mapping, public_views, public_words, publishing
from buergerdraht.cases.models import Case
from buergerdraht.cases.publishing import Wish
from buergerdraht.wording.voice import spoken

MOST, MOST_POINTS = 50, 2_000
GEORSS = "http://www.georss.org/georss"
Write = Callable[[HttpRequest, Organisation, list[Case]], tuple[str | bytes, str]]
View = Callable[..., HttpResponse]


def _feed(most: int) -> Callable[[Write], View]:
    """Answer with the newest so many of the category asked for; whoever has them already is told so by the ETag.

    If-Modified-Since alone is not answered by 304: what was withdrawn since would stay with the reader.
    """

    def decorate(write: Write) -> View:
        @wraps(write)
        def view(request: HttpRequest, organisation: str) -> HttpResponse:
            house = public_views.found(organisation)
            wish = Wish(category=Wish.read(request.GET.dict()).category)
            rows = list(publishing.with_photos(publishing.chosen(house, wish))[:most])
            body, kind = write(request, house, rows)
            return _answer(request, body, kind, rows)

        return require_safe(view)

    return decorate


def _answer(request: HttpRequest, body: str | bytes, kind: str, rows: list[Case]) -> HttpResponse:
    data = body.encode() if isinstance(body, str) else body
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    same = "*" in known or any(each.removeprefix("W/") == tag for each in known)
    response = HttpResponse(status=304) if same else HttpResponse(data, content_type=f"{kind}; charset=utf-8")
    response.headers["ETag"] = tag
    if rows:
        response.headers["Last-Modified"] = http_date(max(row.changed_at for row in rows).timestamp())
    response.headers["Access-Control-Allow-Origin"] = "*"  # other maps may show it: nothing in it is anybody's secret
    patch_vary_headers(response, ["Accept-Language"])
    public_views.keep(response, 300)
    return response


@_feed(MOST)
def atom(request: HttpRequest, house: Organisation, rows: list[Case]) -> tuple[str, str]:
    return _written(_Atom, request, house, rows), "application/atom+xml"


@_feed(MOST)
def rss(request: HttpRequest, house: Organisation, rows: list[Case]) -> tuple[str, str]:
    return _written(_Rss, request, house, rows), "application/rss+xml"


@_feed(MOST)
def json_feed(request: HttpRequest, house: Organisation, rows: list[Case]) -> tuple[bytes, str]:
    feed = {
        "version": "https://jsonfeed.org/version/1.1", "title": _title(house), "language": spoken(), "feed_url": _here(request),
        "home_page_url": _home(house), "items": [_item(house, case) for case in rows],
    }  # fmt: skip
    return msgspec.json.encode(feed), "application/feed+json"


@_feed(MOST_POINTS)
def geojson(request: HttpRequest, house: Organisation, rows: list[Case]) -> tuple[bytes, str]:
    """Those that have a place; the newest ones where there are more than an answer holds."""
    placed = ((case, case.longitude, case.latitude) for case in rows)
    points = [
        mapping.point(longitude, latitude, _told(house, case))
        for case, longitude, latitude in placed
        if longitude is not None and latitude is not None
    ]
    return msgspec.json.encode(mapping.collection(points)), "application/geo+json"


def _told(house: Organisation, case: Case) -> dict[str, Any]:
    told = public_views.shown(house, case, spoken())
    return told | {"url": _address(house, case), "text": case.public_text, "changed": f"{case.changed_at.isoformat()}"}


def _item(house: Organisation, case: Case) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": _address(house, case), "url": _address(house, case), "title": _headline(house, case), "content_text": _text(house, case),
        "date_published": (case.released_at or case.received_at).isoformat(), "date_modified": case.changed_at.isoformat(),
        "tags": [case.category.title_in(spoken())],
    }  # fmt: skip
    if case.shown_photos:  # type: ignore[attr-defined]
        item["image"] = settings.PUBLIC_URL + public_views.picture_url(house, case)
    return item


# ── XML ───────────────────────────────────────────────────────────────────


class _Atom(Atom1Feed):
    def root_attributes(self) -> dict[str, str]:
        return {**super().root_attributes(), "xmlns:georss": GEORSS}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        _point(handler, item)


class _Rss(Rss201rev2Feed):
    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:georss": GEORSS}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        _point(handler, item)


def _point(handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
    """Say where it is as GeoRSS Simple does: latitude first."""
    if item["latitude"] is not None:
        handler.addQuickElement("georss:point", f"{item['latitude']:.6f} {item['longitude']:.6f}")


def _written(kind: type[_Atom | _Rss], request: HttpRequest, house: Organisation, rows: list[Case]) -> str:
    feed = kind(
        title=_title(house), link=_home(house), description=public_words.say(house, spoken(), "feed_about"), language=spoken(),
        feed_url=_here(request), author_name=house.name,
    )  # fmt: skip
    for case in rows:
        feed.add_item(
            title=_headline(house, case), link=_address(house, case), description=_text(house, case), unique_id=_address(house, case),
            pubdate=case.released_at or case.received_at, updateddate=case.changed_at, categories=[case.category.title_in(spoken())],
            latitude=case.latitude, longitude=case.longitude,
        )  # fmt: skip
    return feed.writeString("utf-8")


def _headline(house: Organisation, case: Case) -> str:
    state = public_words.state(house, spoken(), case.state)
    return _legible(", ".join(part for part in (case.category.title_in(spoken()), case.place, state) if part))


def _text(house: Organisation, case: Case) -> str:
    return _legible(case.public_text) or _headline(house, case)


def _legible(text: str) -> str:
    """Without the control letters that XML does not know."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _title(house: Organisation) -> str:
    return public_words.say(house, spoken(), "feed_title")


def _home(house: Organisation) -> str:
    return f"{settings.PUBLIC_URL}{reverse('reports:list', args=[house.slug])}"


def _address(house: Organisation, case: Case) -> str:
    return f"{settings.PUBLIC_URL}{reverse('reports:case', args=[house.slug, case.number])}"


def _here(request: HttpRequest) -> str:
    return f"{settings.PUBLIC_URL}{request.get_full_path()}"
