"""The chat page and its window on other sites. No cookie, no account: a visit's secret travels in the body of a call, never in an address.

Nothing here relies on cookies, so no other site can act in a visitor's name; what comes from another site's page is refused anyway.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import moving
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import channels, file_views, files
from buergerdraht.gateway.models import Channel
from buergerdraht.website import chat
from buergerdraht.website.chat import NotTaken, Said
from buergerdraht.website.floods import ours, whence
from buergerdraht.website.pages import LANGUAGE, house, listen, show, voice_of
from buergerdraht.website.words import say

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
WIDGET = Path(__file__).parent / "static/website/chat_widget.js"
ERASE = {"de": "LÖSCHEN", "en": "DELETE"}  # commands every citizen has
View = Callable[..., HttpResponseBase]


def page_of(view: View) -> View:
    """Find whose chat it is, speak the visitor's language, and let only the sites named frame it. Nothing is kept on the way."""

    @csrf_exempt
    @xframe_options_exempt
    @wraps(view)
    def answer(request: HttpRequest, organisation: str, **more: Any) -> HttpResponseBase:
        here = house(organisation)
        channel = chat.channel_of(here)
        asked = request.POST.get("neue_sprache") or request.POST.get(LANGUAGE) or request.GET.get(LANGUAGE, "")
        request.voice = voice = listen(request, here, asked)  # type: ignore[attr-defined]
        if request.method == "POST" and not ours(request):
            sentence = say(here, voice.language, "chat_foreign")
            return HttpResponse(sentence, status=403, content_type="text/plain; charset=utf-8")
        if channel is None and request.method == "POST":
            raise Http404
        with translation.override(voice.screen):
            response = view(request, here, channel, **more)
        sites = chat.frames(channel) if channel is not None else []
        response.headers["Content-Security-Policy"] = " ".join([POLICY, *sites])
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@page_of
def page(request: HttpRequest, organisation: Organisation, channel: Channel | None) -> HttpResponseBase:
    """Show the conversation and take what is said. Works without scripts: then every answer is the page anew."""
    if channel is None:
        return show(request, organisation, "website/chat.html", {"channel": None}, status=404)
    if request.method != "POST":
        context = _context(request, organisation, channel, chat.new_visit())
        return _page(request, organisation, context | {"text": _opening(organisation, request.GET.get("themen", ""))})
    visit = request.POST.get("besuch", "")
    visit = visit if chat.is_visit(visit) else chat.new_visit()
    key, problem, status = "", "", 200
    if "aktion" not in request.POST and "neue_sprache" not in request.POST:
        try:
            key = chat.hand_in(channel, _said(request, visit), whence(request))
        except NotTaken as refusal:
            problem = say(organisation, voice_of(request, organisation).language, refusal.sentence, **refusal.values)
            status = refusal.status
        except DatabaseError:
            problem, status = say(organisation, voice_of(request, organisation).language, "chat_not_stored"), 503
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"key": key, "problem": problem}, status=status)
    context = _context(request, organisation, channel, visit) | {"problem": problem, "fresh": key}
    if request.POST.get("aktion") == "code":
        context |= _code(channel, visit)
    if problem:
        context["text"] = request.POST.get("text", "")
    return _page(request, organisation, context, status=status)


def _page(request: HttpRequest, organisation: Organisation, context: dict[str, Any], status: int = 200) -> HttpResponseBase:
    """The page; nobody keeps it, because each has a visit of its own in it."""
    response = show(request, organisation, "website/chat.html", context, status=status)
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _opening(organisation: Organisation, keys: str) -> str:
    """The words that stand ready for whoever comes from the subscribing page: nothing is sent before they send it."""
    known = Topic.objects.filter(organisation=organisation, active=True, key__in=keys.split(",")[:50]) if keys else []
    return " ".join(["ABO", *(topic.key for topic in known)][:2]) if known else ""


def _said(request: HttpRequest, visit: str) -> Said:
    once = request.POST.get("einmal", "")
    voice = voice_of(request, None)  # page_of has heard it
    erase = "loeschen" in request.POST  # said as anybody says it: the house asks back, and the answer counts
    return Said(
        visit=visit,
        once=once if 8 <= len(once) <= 64 else str(uuid.uuid4()),
        language=voice.language,
        text=ERASE[voice.screen] if erase else request.POST.get("text", ""),
        file=None if erase else request.FILES.get("datei"),
        press=request.POST.get("wahl", ""),
    )


def _context(request: HttpRequest, organisation: Organisation, channel: Channel | None, visit: str) -> dict[str, Any]:
    shown = chat.entries(channel, visit) if channel is not None and request.method == "POST" else []
    config = channels.config(channel) if channel is not None else None
    return {
        "channel": channel,
        "visit": visit,
        "once": str(uuid.uuid4()),
        "entries": shown,
        "stamp": chat.stamp(shown),
        "welcome": getattr(config, "welcome", ""),
        "files": getattr(config, "files", False),
        "window": "fenster" in request.GET or "fenster" in request.POST,
        "most": chat.LONGEST,
    }


def _code(channel: Channel, visit: str) -> dict[str, Any]:
    """A code to go on with at a messenger: only where there is somebody to go on with."""
    address = chat.address_of(channel, visit)
    if address is None or not moving.links(address.contact, "AAAAA-AAAAA"):
        return {"code_asked": True}
    code = moving.code_for(address.contact)
    return {"code_asked": True, "code": code, "ways": moving.links(address.contact, code)}


@require_POST
@page_of
def state(request: HttpRequest, organisation: Organisation, channel: Channel) -> HttpResponseBase:
    """Give the conversation as it stands, or 204 where the page shows it already."""
    visit = _visit(request)
    if not chat.by_glance.passes(visit):
        return HttpResponse(status=429, headers={"Retry-After": "5"})
    shown = chat.entries(channel, visit)
    known = chat.stamp(shown)
    if request.POST.get("stempel") == known:
        return HttpResponse(status=204)
    response = render(request, "website/_chat_messages.html", {"organisation": organisation, "entries": shown})
    response.headers["X-Stempel"] = known
    response.headers["X-Bekannt"] = "ja" if chat.address_of(channel, visit) is not None else "nein"
    return response


@require_POST
@page_of
def seen(request: HttpRequest, organisation: Organisation, channel: Channel) -> HttpResponseBase:
    """Take the page's word for what it showed, and what somebody looked at."""
    visit = _visit(request)
    if not chat.by_glance.passes(f"gesehen {visit}"):
        return HttpResponse(status=429, headers={"Retry-After": "5"})
    try:
        chat.hand_in_receipts(channel, visit, request.POST.getlist("zugestellt"), request.POST.getlist("gelesen"))
    except DatabaseError:
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return HttpResponse(status=204)


@require_POST
@page_of
def code(request: HttpRequest, organisation: Organisation, channel: Channel) -> HttpResponseBase:
    """Give the code to go on with on a phone, as a piece of the page."""
    visit = _visit(request)
    if not chat.by_visit.passes(visit):
        return HttpResponse(status=429, headers={"Retry-After": "5"})
    return render(request, "website/_chat_code.html", {"organisation": organisation, **_code(channel, visit)})


def _visit(request: HttpRequest) -> str:
    visit = request.POST.get("besuch", "")
    if not chat.is_visit(visit):
        raise Http404
    return visit


@require_safe
def file(request: HttpRequest, organisation: str, signed: str) -> HttpResponseBase:
    """A file of a conversation, by an address that only its page was given."""
    media = chat.signed(get_object_or_404(Organisation, slug=organisation), signed)
    if media is None or not files.path(media).is_file():
        raise Http404
    response = file_views.answer(request, files.path(media), media.mime)
    file_views.guarded(response, media, media.mime)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def widget(request: HttpRequest, organisation: str) -> HttpResponseBase:
    """The script that other sites of the authority load: it makes a button, and on a press a frame with our page."""
    here = house(organisation)
    language = voice_of(request, here).language
    words = {name: say(here, language, f"chat_{name}") for name in ("open", "close", "title")}
    body = f"const buergerdrahtWords = {json.dumps(words)};\n{WIDGET.read_text('utf-8')}"
    response = HttpResponse("(() => {\n" + body + "})();\n", content_type="text/javascript; charset=utf-8")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
