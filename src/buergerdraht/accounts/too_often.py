"""The page for whoever asked too often: signing in, or what else allauth counts. It says so in words, and when to come back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

LONGEST = 60  # seconds: what allauth answers so is counted by the minute


def too_often(request: HttpRequest) -> HttpResponse:
    """Answer 429; `urls.handler429` names this."""
    answer = render(request, "429.html", status=429)
    answer.headers["Retry-After"] = str(LONGEST)
    answer.headers["Cache-Control"] = "no-store"
    return answer
