"""What every call must be free of, and what every answer carries: the content policy, and the operator's language."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.utils import translation

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

NUL_IN_JSON = re.compile(rb"\0|(?<!\\)(?:\\\\)*\\u0000")
OWN_WORDS = ("/api/", "/open311/", "/melden/", "/o/")  # these check each field, and name the one that is wrong
NOTED_EVERY = 60.0  # seconds between notes that a session is in use
MOST_NOTED = 10_000

Answer = Callable[[HttpRequest], HttpResponseBase]


def no_nul(answer: Answer) -> Answer:
    """Refuse what holds a NUL, in whatever way it is written: the database takes none, and no person types one."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(OWN_WORDS) or not _has_nul(request):
            return answer(request)
        return HttpResponseBadRequest(content_type="text/plain")

    return middleware


def _has_nul(request: HttpRequest) -> bool:
    asked = (text for name, values in request.GET.lists() for text in (name, *values))  # as the views read it, in whatever letters it came
    if "\0" in request.path_info or any("\0" in text for text in asked):
        return True
    if request.method not in {"POST", "PUT", "PATCH", "DELETE"}:
        return False
    if request.content_type == "multipart/form-data":
        return any("\0" in text for name, values in request.POST.lists() for text in (name, *values))
    kind = request.content_type or ""
    if int(request.META.get("CONTENT_LENGTH") or 0) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
        return False  # Django reads no form or JSON so long
    if kind == "application/x-www-form-urlencoded":
        return b"%00" in request.body or b"\0" in request.body
    return kind.endswith("json") and NUL_IN_JSON.search(request.body) is not None


def content_policy(answer: Answer) -> Answer:
    """Set the strict content policy where a view set none of its own (files do)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(self)")
        return response

    return middleware


def operator_language(answer: Answer) -> Answer:
    """Speak the language the operator chose."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        language = getattr(request.user, "language", "")
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language() or language
        return answer(request)

    return middleware


def session_in_use(answer: Answer) -> Answer:
    """Note that a session is in use, once a minute: a page that fetches its pieces must not write for each of them."""
    noted: dict[str, float] = {}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key, now = request.session.session_key, time.monotonic()
        if key and request.user.is_authenticated and now - noted.get(key, -NOTED_EVERY) >= NOTED_EVERY:
            if len(noted) >= MOST_NOTED:
                noted.clear()
            noted[key] = now
            UserSession.objects.create_from_request(request)
        return answer(request)

    return middleware
