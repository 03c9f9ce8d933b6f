"""What was sent lately, for feed readers: Atom (RFC 4287), RSS 2.0, JSON Feed 1.1; by topic (`?thema=`) and language (`?sprache=`)."""

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
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed
from django.utils.http import http_date, parse_etags
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.website import archive
from buergerdraht.website.archive import Card, Wish
from buergerdraht.website.pages import Voice, house, keep, voice_of
from buergerdraht.website.prose import prose
from buergerdraht.website.words import pick, say

MOST, KEPT = 50, 300
Write = Callable[[HttpRequest, Organisation, Voice, list[Card]], tuple[str | bytes, str]]


def _feed(write: Write) -> Callable[..., HttpResponse]:
    """Answer with the newest; whoever has them already is told so by the ETag. What was hidden since is not there any more."""

    @wraps(write)
    def view(request: HttpRequest, organisation: str) -> HttpResponse:
        here = house(organisation)
        voice = voice_of(request, here)
        wish = Wish(topic=Wish.read(request.GET.dict()).topic)
        rows = list(archive.listed(here, wish)[:MOST])
        body, kind = write(request, here, voice, archive.cards(rows, voice.language))
        data = body.encode() if isinstance(body, str) else body
        tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        known = parse_etags(request.headers.get("If-None-Match", ""))
        same = "*" in known or any(each.removeprefix("W/") == tag for each in known)
        response = HttpResponse(status=304) if same else HttpResponse(data, content_type=f"{kind}; charset=utf-8")
        response.headers["ETag"] = tag
        if rows:
            response.headers["Last-Modified"] = http_date(max(row.changed_at for row in rows).timestamp())
        response.headers["Access-Control-Allow-Origin"] = "*"  # nothing in it is anybody's secret
        patch_vary_headers(response, ["Accept-Language"])
        keep(response, KEPT)
        return response

    return require_safe(view)


@_feed
def atom(request: HttpRequest, here: Organisation, voice: Voice, cards: list[Card]) -> tuple[str, str]:
    return _written(Atom1Feed, request, here, voice, cards), "application/atom+xml"


@_feed
def rss(request: HttpRequest, here: Organisation, voice: Voice, cards: list[Card]) -> tuple[str, str]:
    return _written(Rss201rev2Feed, request, here, voice, cards), "application/rss+xml"


@_feed
def json_feed(request: HttpRequest, here: Organisation, voice: Voice, cards: list[Card]) -> tuple[bytes, str]:
    feed = {
        "version": "https://jsonfeed.org/version/1.1", "title": _title(here, voice), "language": voice.screen,
        "home_page_url": _home(here), "feed_url": _here(request), "items": [_item(here, voice, card) for card in cards],
    }  # fmt: skip
    return msgspec.json.encode(feed), "application/feed+json"


def _item(here: Organisation, voice: Voice, card: Card) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": address(here, card), "url": address(here, card), "title": _legible(card.title), "content_html": _html(here, card),
        "summary": _legible(card.summary), "language": "de" if card.language == "de-simple" else card.language,
        "date_published": card.row.shown_from.isoformat(), "date_modified": card.row.changed_at.isoformat(),
        "tags": [pick(topic.title, voice.language) for topic in card.topics],
    }  # fmt: skip
    if card.picture:
        item["image"] = picture_address(here, card)
    return item


def _written(kind: type[Atom1Feed | Rss201rev2Feed], request: HttpRequest, here: Organisation, voice: Voice, cards: list[Card]) -> str:
    feed = kind(
        title=_title(here, voice), link=_home(here), description=say(here, voice.language, "arch_lead"),
        language=voice.screen, feed_url=_here(request), author_name=here.name,
    )  # fmt: skip
    for card in cards:
        enclosures = [Enclosure(picture_address(here, card), "0", card.picture["mime"])] if card.picture else []
        feed.add_item(
            title=_legible(card.title), link=address(here, card), description=_html(here, card), unique_id=address(here, card),
            pubdate=card.row.shown_from, updateddate=card.row.changed_at, enclosures=enclosures,
            categories=[pick(topic.title, voice.language) for topic in card.topics],
        )  # fmt: skip
    return feed.writeString("utf-8")


def _html(here: Organisation, card: Card) -> str:
    links = "\n\n".join(f"[{each['title']}]({each['url']})" for each in card.row.versions[card.language]["choices"])
    return prose(_legible(card.text) + ("\n\n" + links if links else ""))[:]  # plain text for the encoder


def _legible(text: str) -> str:
    """Without the control letters that XML does not know."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


def _title(here: Organisation, voice: Voice) -> str:
    return say(here, voice.language, "feed_title")


def _home(here: Organisation) -> str:
    return f"{settings.PUBLIC_URL}{reverse('website:archive', args=[here.slug])}"


def address(here: Organisation, card: Card) -> str:
    return f"{settings.PUBLIC_URL}{reverse('website:message', args=[here.slug, card.row.slug])}"


def picture_address(here: Organisation, card: Card) -> str:
    return f"{settings.PUBLIC_URL}{reverse('website:picture', args=[here.slug, card.picture['id'] if card.picture else ''])}"


def _here(request: HttpRequest) -> str:
    return f"{settings.PUBLIC_URL}{request.get_full_path()}"
