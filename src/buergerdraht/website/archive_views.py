"""Everything that was sent, to read without a messenger: list, search, one message, its pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.gateway import file_views, files
from buergerdraht.gateway.models import Media
from buergerdraht.website import archive
from buergerdraht.website.archive import Wish
from buergerdraht.website.models import Published
from buergerdraht.website.pages import Voice, house, keep, private, show, to, voice_of
from buergerdraht.website.words import say

ROWS, PICTURE_KEPT = 20, 600
FEEDS = (
    ("Atom", "application/atom+xml", "website:atom"), ("RSS", "application/rss+xml", "website:rss"),
    ("JSON Feed", "application/feed+json", "website:json_feed"),
)  # fmt: skip


@require_safe
def listing(request: HttpRequest, organisation: str) -> HttpResponse:
    here = house(organisation)
    voice, wish = voice_of(request, here), Wish.read(request.GET.dict())
    pages = Paginator(archive.listed(here, wish), ROWS)
    page = pages.get_page(request.GET.get("seite"))
    turned = wish.query + (("&" if wish.query else "") + f"sprache={voice.language}" if voice.asked else "")
    return show(request, here, "website/archive.html", {
        "wish": wish, "page": page, "cards": archive.cards(page.object_list, voice.language), "total": pages.count, "turned": turned,
        "topics": archive.topics(here), "months": [(f"{month:%Y-%m}", month, number) for month, number in archive.months(here)],
        "feeds": feeds(here, voice, wish.topic), "canonical": f"{settings.PUBLIC_URL}{reverse('website:archive', args=[here.slug])}",
    })  # fmt: skip


@require_safe
def message(request: HttpRequest, organisation: str, slug: str) -> HttpResponseBase:
    """One message; `?nebeneinander` shows all its languages beside each other. 410 where it was there once."""
    here = house(organisation)
    row = archive.one(here, slug)
    if row is None:
        if archive.was(here, slug):
            return private(show(request, here, "website/gone.html", status=410))
        raise Http404
    voice = voice_of(request, here)
    chosen = request.GET.get("sprache", "")
    language = chosen if chosen in row.versions else archive.spoken(row, voice.language)
    side = "nebeneinander" in request.GET and len(row.versions) > 1
    canonical = f"{settings.PUBLIC_URL}{reverse('website:message', args=[here.slug, row.slug])}"
    card = archive.card(row, language)
    image = f"{settings.PUBLIC_URL}{reverse('website:picture', args=[here.slug, card.picture['id']])}" if card.picture else ""
    return show(request, here, "website/message.html", {
        "row": row, "card": card, "shown": [_said(row, each) for each in (row.versions if side else [language])], "side": side,
        "others": [(each, to("website:message", here.slug, row.slug, sprache=each)) for each in row.versions if each != language],
        "canonical": canonical, "image": image, "newest": archive.cards(archive.listed(here).exclude(pk=row.pk)[:4], voice.language),
        "feeds": feeds(here, voice, ""),
    })  # fmt: skip


def _said(row: Published, language: str) -> dict[str, Any]:
    """One language of a message: pictures with their words apart from other files."""
    version = row.versions[language]
    pictures = [each for each in version["media"] if each["kind"] == "image"]
    return {**version, "language": language, "pictures": pictures, "files": [each for each in version["media"] if each not in pictures]}


@require_safe
def picture(request: HttpRequest, organisation: str, media: UUID) -> HttpResponseBase:
    """A file of something that is shown at this moment; `?klein` is a picture's small one. All others have no address here."""
    here = house(organisation)
    found = Media.objects.filter(pk=media, organisation=here, state=Media.State.READY).first()
    if found is None or not archive.may_have(here, media):
        raise Http404
    return served(found, small="klein" in request.GET and found.mime.startswith("image/"))


def served(found: Media, *, small: bool = False) -> HttpResponseBase:
    path, mime = (files.small_path(found), "image/webp") if small else (files.path(found), found.mime)
    if small and not path.is_file():
        path, mime = files.path(found), found.mime
    if not path.is_file():
        raise Http404
    response = file_views.guarded(FileResponse(path.open("rb"), content_type=mime), found, mime)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # feed readers and previews of links show it
    return keep(response, PICTURE_KEPT)


def feeds(here: Organisation, voice: Voice, topic: str) -> list[tuple[str, str, str]]:
    """Title, type and address of each feed, the calendar among them."""
    known = [*FEEDS, (say(here, voice.language, "date_title"), "text/calendar", "website:calendar_feed")]
    return [(title, kind, to(name, here.slug, voice=voice, thema=topic)) for title, kind, name in known]
