"""What every answer carries: the content policy, and the operator's language."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

NOTED_EVERY = 60.0  # seconds between notes that a session is in use
MOST_NOTED = 10_000

Answer = Callable[[HttpRequest], HttpResponseBase]


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
