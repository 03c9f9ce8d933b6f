"""The console as an app: its manifest, its service worker, and the page shown without a connection. Nothing here is anybody's."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

# What the page without a connection needs to stand there as the others do. Never anything of a conversation.
SHELL = (
    "kern/fonts/fira-sans.css", "kern/kern.min.css", "ui/tokens.css", "ui/base.css", "ui/shell.css", "ui/blocks.css", "ui/lists.css",
    "ui/signin.css", "ui/preferences.css", "ui/icons.svg", "ui/img/icon.svg",
)  # fmt: skip


@require_GET
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> HttpResponse:
    """Say how the app is called and looks on a home screen."""
    icons = [
        {"src": static("ui/img/icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": static("ui/img/icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": static("ui/img/icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": static("ui/img/icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    return JsonResponse(
        {
            "id": "/", "name": "Bürgerdraht", "short_name": "Bürgerdraht", "lang": translation.get_language() or "de", "dir": "ltr",
            "description": _("Der Schreibtisch für Fragen, die Ihre Stadt per Messenger erreichen."),
            "start_url": "/", "scope": "/", "display": "standalone", "categories": ["productivity", "government"],
            "theme_color": "#2044aa", "background_color": "#ffffff", "icons": icons,
        },
        content_type="application/manifest+json",
    )  # fmt: skip


@require_GET
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker at the root, with what it keeps; a changed shell makes a changed worker, so browsers notice."""
    kept = [*(static(name) for name in SHELL), reverse("offline")]
    head = (
        f"const VERSION = {json.dumps(version())};\nconst SHELL = {json.dumps(kept)};\nconst OFFLINE = {json.dumps(reverse('offline'))};\n"
    )
    return HttpResponse(head + _read("ui/worker.js").decode(), content_type="text/javascript; charset=utf-8")


@require_GET
@cache_control(no_cache=True)
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/offline.html")


@cache
def version() -> str:
    """Name what is kept by what is in it."""
    return hashlib.sha256(b"".join(_read(name) for name in (*SHELL, "ui/worker.js"))).hexdigest()[:16]


def _read(name: str) -> bytes:
    found = finders.find(name)
    return Path(found).read_bytes() if isinstance(found, str) else b""
