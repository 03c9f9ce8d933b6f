"""Say what went wrong as application/problem+json (RFC 9457), in the language of the call, and never as HTML.

What was sent is not repeated: it may hold a name (law 12).
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from ninja.errors import ValidationError

KIND = "application/problem+json"
CODES = {
    400: "unreadable", 401: "unauthorised", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large",
    422: "invalid", 429: "too_many", 500: "internal",
}  # fmt: skip
TITLES = {
    400: gettext_lazy("Nicht lesbar"),
    401: gettext_lazy("Nicht angemeldet"),
    403: gettext_lazy("Nicht erlaubt"),
    404: gettext_lazy("Nicht gefunden"),
    405: gettext_lazy("Diese Methode gibt es hier nicht"),
    409: gettext_lazy("Geht gerade nicht"),
    413: gettext_lazy("Zu groß"),
    422: gettext_lazy("Ungültig"),
    429: gettext_lazy("Zu viele Anfragen"),
    500: gettext_lazy("Fehler bei uns"),
}
SENTENCES = {
    400: gettext_lazy("Die Anfrage ist kein lesbares JSON."),
    401: gettext_lazy("Senden Sie ein gültiges Token in der Kopfzeile „Authorization: Bearer …“."),
    403: gettext_lazy("Das ist hier nicht erlaubt."),
    404: gettext_lazy("Das gibt es nicht, oder nicht in dieser Organisation."),
    405: gettext_lazy("Welche Methoden es hier gibt, steht in der Kopfzeile „Allow“."),
    413: gettext_lazy("Die Anfrage ist zu groß."),
    422: gettext_lazy("Einige Angaben stimmen nicht. Was, steht unter „errors“."),
    500: gettext_lazy("Es ist ein Fehler aufgetreten. Versuchen Sie es später noch einmal, mit demselben Idempotency-Key."),
}


class Problem(Exception):
    """Ends a call. `detail` is a sentence for people, `code` for programs, `more` goes along."""

    def __init__(self, status: int, code: str = "", detail: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.more = status, code or CODES[status], detail or str(SENTENCES.get(status, "")), more


def wrong(field: str, sentence: str) -> Problem:
    """Name a field of the body that cannot be what it is."""
    return Problem(422, errors=[{"field": field, "detail": sentence}])


def answer(problem: Problem) -> HttpResponse:
    """Write a problem."""
    body = {
        "type": f"urn:buergerdraht:problem:{problem.code}",
        "title": str(TITLES.get(problem.status, TITLES[422 if problem.status < 500 else 500])),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.more,
    }
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=problem.status, content_type=KIND)
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def of_status(response: HttpResponse) -> HttpResponse:
    """Say a refusal of the frame (unknown address, method, size) in our form; its headers stay."""
    said = answer(Problem(response.status_code, CODES.get(response.status_code, "invalid" if response.status_code < 500 else "internal")))
    if "Allow" in response:
        said["Allow"] = response["Allow"]
    return said


def invalid(problem: ValidationError) -> Problem:
    """Name the fields that are wrong, by where they are, and why, without what stood there."""
    places = [[str(part) for part in error["loc"] if part not in {"query", "body", "header", "path"}] for error in problem.errors]
    found = [
        {"field": ".".join(place[1:] if place[:1] in (["wish"], ["wanted"]) else place), "detail": _why(error)}
        for place, error in zip(places, problem.errors, strict=True)
    ]
    return Problem(422, errors=found)


def _why(error: dict[str, Any]) -> str:
    kind = str(error.get("type", ""))
    if kind == "missing":
        return gettext("fehlt")
    if kind == "extra_forbidden":
        return gettext("gibt es hier nicht")
    context = error.get("ctx", {})
    for name, words in (
        ("max_length", gettext("höchstens %(n)s lang")),
        ("min_length", gettext("mindestens %(n)s lang")),
        ("ge", gettext("mindestens %(n)s")),
        ("le", gettext("höchstens %(n)s")),
        ("expected", gettext("möglich sind: %(n)s")),
    ):
        if name in context:
            return words % {"n": context[name]}
    if kind == "value_error" and (reason := context.get("error")):
        return str(reason)
    return gettext("hat nicht die erwartete Form")


def answers(get: Any) -> Any:
    """Middleware: whatever refuses a call of the API does so in our form; limits stand in the headers, nothing is kept on the way."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get(request)
        if not request.path_info.startswith("/api/"):
            return response
        if response.status_code >= 400 and response.headers.get("Content-Type") != KIND:
            response = of_status(response)
        for name, value in getattr(request, "limits", {}).items():
            response[name] = value
        response["Cache-Control"], response["X-Content-Type-Options"] = "no-store", "nosniff"
        return response

    return middleware
