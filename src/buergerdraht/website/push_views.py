"""The page where a browser signs up for push messages, its app manifest, its service worker, and what the page asks in the background.

No cookie and no account: each call carries the browser's own subscription in its body, and whoever has it is that device.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from PIL import Image, ImageDraw, ImageFont

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway.models import Channel
from buergerdraht.website import chat, push
from buergerdraht.website.floods import ours, whence
from buergerdraht.website.models import ACCENT, Look
from buergerdraht.website.pages import listen, show

WORKER = Path(__file__).parent / "static/website/sw.js"
SIZES = (180, 192, 512)
LARGEST = 20_000
ASSETS = ("website/public.css", "website/chat.css", "website/push.js", "website/push_store.js", "ui/img/icon.svg")
WORDS = ("topics", "working", "denied", "on", "off", "failed", "many", "lost", "offline", "removed")  # what the page says while it works
Ask = Callable[[HttpRequest, Channel, dict[str, Any]], HttpResponseBase]


def house(slug: str) -> tuple[Organisation, Channel]:
    organisation = get_object_or_404(Organisation, slug=slug)
    channel = push.channel_of(organisation)
    if channel is None:
        raise Http404
    return organisation, channel


@require_safe
def page(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """Choose topics, allow messages, see the last ones. The same for everybody, so a device may keep it for when there is no network."""
    found, channel = house(organisation)
    chosen = request.GET.get("themen", "").split(",")
    topics = [(topic, topic.key in chosen) for topic in Topic.objects.filter(organisation=found, active=True)]
    response = show(request, found, "website/push.html", {
        "topics": topics, "key": push.public_key(channel), "words": WORDS, "chat": chat.chat_url(found), "ready": push.push_ready(found),
    })  # fmt: skip
    response.headers["Cache-Control"] = "no-cache"
    return response


# ── As an app ─────────────────────────────────────────────────────────────


@require_safe
def manifest(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """What makes the page an app of the authority's name and colour."""
    found, _channel = house(organisation)
    here = reverse("website:push", args=[found.slug])
    icons = [
        {"src": reverse("website:push_icon", args=[found.slug, size]), "sizes": f"{size}x{size}", "type": "image/png"} for size in SIZES
    ]
    data = {
        "name": found.name,
        "short_name": found.name[:24],
        "id": here,
        "start_url": here,
        "scope": here,
        "display": "standalone",
        "lang": found.language,
        "theme_color": _accent(found),
        "background_color": "#ffffff",
        "icons": [*icons, {**icons[-1], "purpose": "maskable"}],
    }
    response = JsonResponse(data, content_type="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def icon(request: HttpRequest, organisation: str, size: int) -> HttpResponseBase:
    """The app's icon: the authority's first letter on its colour."""
    if size not in SIZES:
        raise Http404
    found, _channel = house(organisation)
    letter = next((sign for sign in found.name.upper() if sign.isalnum()), "B")
    response = HttpResponse(_drawn(letter, _accent(found), size), content_type="image/png")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@lru_cache(maxsize=64)
def _drawn(letter: str, colour: str, size: int) -> bytes:
    picture = Image.new("RGB", (size, size), colour)
    ink = "#ffffff" if sum(picture.getpixel((0, 0))) < 420 else "#000000"  # type: ignore[arg-type] # three numbers
    drawing = ImageDraw.Draw(picture)
    drawing.text((size / 2, size / 2), letter, fill=ink, font=ImageFont.load_default(size * 0.5), anchor="mm")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _accent(organisation: Organisation) -> str:
    look = Look.objects.filter(organisation=organisation).only("accent").first()
    return look.accent if look is not None else ACCENT


@require_safe
def worker(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """The service worker: shows what arrives, keeps the last messages on the device, and serves the page without a network."""
    found, channel = house(organisation)
    here = reverse("website:push", args=[found.slug])
    dressed = [reverse(f"website:{name}", args=[found.slug]) for name in ("colours", "logo")]  # by path: their addresses change
    names = {
        "page": here,
        "icon": reverse("website:push_icon", args=[found.slug, 192]),
        "renew": reverse("website:push_renew", args=[found.slug]),
        "key": push.public_key(channel),
        "name": found.name,
        "slug": found.slug,
        "assets": [*(static(each) for each in ASSETS), *dressed],
        "store": static("website/push_store.js"),
    }
    body = f"const HOUSE = {json.dumps(names)};\n{WORKER.read_text('utf-8')}"
    response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = here
    response.headers["Cache-Control"] = "no-cache"
    return response


# ── What the page asks ────────────────────────────────────────────────────


def asked(ask: Ask) -> Callable[..., HttpResponseBase]:
    """Read a call of our page: JSON, from our own origin, bounded."""

    @csrf_exempt
    @require_POST
    @wraps(ask)
    def answer(request: HttpRequest, organisation: str) -> HttpResponseBase:
        if not ours(request) or request.content_type != "application/json":
            return JsonResponse({"problem": "origin"}, status=403)
        _found, channel = house(organisation)
        try:
            data = json.loads(request.body if len(request.body) <= LARGEST else b"")
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            return JsonResponse({"problem": "unreadable"}, status=400)
        try:
            response = ask(request, channel, data)
        except push.NotASubscription:
            return JsonResponse({"problem": "subscription"}, status=400)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


@asked
def sign_up(request: HttpRequest, channel: Channel, data: dict[str, Any]) -> HttpResponseBase:
    """Take a device in, or change its topics."""
    keys = data.get("topics")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        return JsonResponse({"problem": "topics"}, status=400)
    if not push.by_place.passes(whence(request)):
        return JsonResponse({"problem": "too_many"}, status=429, headers={"Retry-After": "60"})
    language = listen(request, channel.organisation, str(data.get("language", ""))).language
    push.sign_up(channel, data.get("subscription"), keys, request.headers.get("User-Agent", ""), language)
    return JsonResponse(dict(push.state_of(channel, data.get("subscription"))))


@asked
def state(request: HttpRequest, channel: Channel, data: dict[str, Any]) -> HttpResponseBase:
    return JsonResponse(dict(push.state_of(channel, data.get("subscription"))))


@asked
def leave(request: HttpRequest, channel: Channel, data: dict[str, Any]) -> HttpResponseBase:
    """End this device, or another one of the same person."""
    number = data.get("number")
    done = push.leave(channel, data.get("subscription"), number if isinstance(number, int) else None)
    return JsonResponse({"done": done}, status=200 if done else 404)


@asked
def renew(request: HttpRequest, channel: Channel, data: dict[str, Any]) -> HttpResponseBase:
    if not push.by_place.passes(whence(request)):
        return JsonResponse({"problem": "too_many"}, status=429, headers={"Retry-After": "60"})
    done = push.renew(channel, data.get("old"), data.get("new"))
    return JsonResponse({"done": done}, status=200 if done else 404)
