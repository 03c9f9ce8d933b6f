"""Pages of an authority itself: imprint, privacy, accessibility; its colours and its logo."""

from __future__ import annotations

import io
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_safe
from PIL import Image

from buergerdraht.accounts.languages import NAMES
from buergerdraht.gateway import files
from buergerdraht.website import archive_views, colours, legal, words
from buergerdraht.website.pages import LANGUAGE, Voice, house, keep, look_of, show
from buergerdraht.website.prose import prose
from buergerdraht.wording.voice import tongues

LOGO = (320, 160)  # pixels
LASTING = 86_400  # seconds: the address of what is kept so long changes with it


@require_safe
def privacy(request: HttpRequest, organisation: str) -> HttpResponse:
    """The privacy text in the language asked for, else the browser's, else the first there is."""
    here = house(organisation)
    if not legal.languages(look_of(here), "privacy") and here.privacy_url:
        return HttpResponseRedirect(here.privacy_url)
    return _legal(request, organisation, "privacy")


@require_safe
def imprint(request: HttpRequest, organisation: str) -> HttpResponse:
    return _legal(request, organisation, "imprint")


@require_safe
def accessibility(request: HttpRequest, organisation: str) -> HttpResponse:
    return _legal(request, organisation, "accessibility")


def _legal(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    here = house(slug)
    look = look_of(here)
    known = legal.languages(look, kind)
    wanted = [request.GET.get(LANGUAGE, ""), *(tongues(request.headers.get("Accept-Language", "")) or ["de"]), here.language, *known]
    language = next((code for code in wanted if code in known), here.language)
    screen = "de" if language.startswith("de") else "en"
    request.voice = Voice(language, screen, LANGUAGE in request.GET)  # type: ignore[attr-defined]
    return show(request, here, "website/legal.html", {
        "kind": kind, "language": language, "body": prose(legal.text(look, kind, language)) if known else "",
        "others": [(code, NAMES.get(code, code)) for code in known if code != language],
    })  # fmt: skip


@require_safe
def colours_sheet(request: HttpRequest, organisation: str) -> HttpResponse:
    """The authority's colours, light and dark, as a sheet: the content policy allows no style in the page."""
    look = look_of(house(organisation))
    sheet = render_to_string("website/colours.css", {"shades": colours.shades(look.accent, look.header)})
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    keep(response, LASTING if request.GET.get("v") == str(look.edition) else 60)
    return response


@require_safe
def logo(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """The logo as large as the head of a page shows it, on sharp screens too: it comes with every page."""
    look = look_of(house(organisation))
    if look.logo is None or not (path := files.path(look.logo)).is_file():
        raise Http404
    response = HttpResponse(_small(str(path)), content_type="image/webp")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return keep(response, archive_views.PICTURE_KEPT)


@lru_cache(maxsize=64)
def _small(path: str) -> bytes:
    """Draw a file small; a file never changes, another logo is another file."""
    out = io.BytesIO()
    with Image.open(path) as image:
        small = image.convert("RGBA")
    small.thumbnail(LOGO)
    small.save(out, "WEBP", quality=85)
    return out.getvalue()


@require_safe
def embed(request: HttpRequest, organisation: str) -> HttpResponse:
    """The piece of HTML that shows subscribing on another site: a frame, no script."""
    here = house(organisation)
    address = f"{settings.PUBLIC_URL}{reverse('website:embedded', args=[here.slug])}"
    title = words.say(here, "de", "embed_title")
    snippet = f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="720" loading="lazy"></iframe>'
    context = {"snippet": snippet, "address": reverse("website:embedded", args=[here.slug])}
    return show(request, here, "website/embed.html", context)
