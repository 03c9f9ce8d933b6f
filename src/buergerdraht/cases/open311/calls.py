"""How every call is taken and answered: form, method, the authority it is for, and errors, never as HTML (GeoReport v2, Errors)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.open311.shapes import TYPES, clean, written

log = logging.getLogger(__name__)
LARGEST = 64 * 1024 * 1024  # bytes of a body
FRESH = 60  # seconds an answer may be kept: what is withdrawn goes soon
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class Refused(Exception):
    """Ends a call. Each sentence is one error, for whoever reads it."""

    def __init__(self, status: int, *sentences: str) -> None:
        super().__init__(status)
        self.status, self.sentences = status, sentences


@dataclass(frozen=True)
class Call:
    """What was asked. `asked` are the parameters of the address, of a POST those of its body; `names` stand in the path."""

    request: HttpRequest
    jurisdiction: str
    names: dict[str, str]
    asked: QueryDict

    def one(self, name: str) -> str:
        """A parameter; empty is the same as absent (Optional Arguments)."""
        return clean(self.asked.get(name) or "").strip()

    def many(self, name: str) -> list[str]:
        """A parameter that may be said several times, and with commas."""
        said = ",".join(clean(each) for each in self.asked.getlist(name))
        return list(dict.fromkeys(part.strip() for part in said.split(",") if part.strip()))

    def house(self) -> Organisation:
        """The authority it is for: by the path, by jurisdiction_id, or the only one there is."""
        named = clean(self.request.GET.get("jurisdiction_id") or "").strip()
        return _house(self.jurisdiction, self.one("jurisdiction_id") or named)


def _house(path: str, named: str) -> Organisation:
    rows = Organisation.objects.select_related("ground").filter(ground__public=True)
    wanted = path or named
    if wanted and (found := rows.filter(slug=wanted).first()):
        return found
    if not path and not (named and Organisation.objects.filter(slug=named).exists()):
        here = list(rows.order_by("pk")[:2])
        if len(here) == 1:  # where there is one authority, the parameter may be anything
            return here[0]
        if not named and here:
            raise Refused(400, _("jurisdiction_id fehlt: Hier gibt es mehrere Behörden."))
    raise Refused(404, _("Diese jurisdiction_id gibt es nicht."))


Verb = Callable[[Call], Any]


def endpoint(root: str, **verbs: Verb) -> Callable[..., HttpResponse]:
    """Make a view of what is done for GET and POST; `root` is the name of its answer in XML."""
    allowed = [*verbs, *(["HEAD"] if "GET" in verbs else []), "OPTIONS"]

    @csrf_exempt
    def view(request: HttpRequest, form: str = "", jurisdiction: str = "", **names: str) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else str(request.method)
        kind = form.lower() if form.lower() in TYPES else "xml"
        if method == "OPTIONS":
            response = HttpResponse(status=204)
        else:
            response = _answer(request, kind, root, lambda: _do(request, verbs.get(method), form, jurisdiction, names))
        if response.status_code == 405 or method == "OPTIONS":
            response["Allow"] = ", ".join(allowed)
        if method in {"GET", "OPTIONS"} and "GET" in verbs:
            response["Access-Control-Allow-Origin"], response["Access-Control-Allow-Methods"] = "*", "GET, HEAD"
        kept = method == "GET" and response.status_code == 200
        response["Cache-Control"] = f"public, max-age={FRESH}" if kept else "no-store"
        for name, value in getattr(request, "limits", {}).items():
            response[name] = value
        return response

    return view


def _do(request: HttpRequest, verb: Verb | None, form: str, jurisdiction: str, names: dict[str, str]) -> Any:
    if form.lower() not in TYPES:
        raise Refused(400, _("Dieses Format gibt es nicht. Möglich sind .xml und .json am Ende der Adresse."))
    if verb is None:
        raise Refused(405, _("Diese Methode gibt es hier nicht."))
    request.encoding = "utf-8"  # all text is UTF-8 (Encoding), whatever was claimed
    if request.method == "POST":
        _readable(request)
    return verb(
        Call(
            request,
            jurisdiction,
            {name: clean(said) for name, said in names.items()},
            request.POST if request.method == "POST" else request.GET,
        )
    )


def _readable(request: HttpRequest) -> None:
    if (request.content_type or "").lower() not in FORMS:
        raise Refused(400, _("Senden Sie application/x-www-form-urlencoded oder multipart/form-data."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > LARGEST:
        raise Refused(400, _too_large())


def _too_large() -> str:
    return _("Die Anfrage ist zu groß. Möglich sind %(most)s MB.") % {"most": LARGEST // 1024 // 1024}


def _answer(request: HttpRequest, kind: str, root: str, do: Callable[[], Any]) -> HttpResponse:
    """Do it, and write what came of it, whatever that is."""
    try:
        return HttpResponse(written(root, do(), kind), content_type=TYPES[kind])
    except Refused as problem:
        return refused(problem, kind)
    except RequestDataTooBig:
        return refused(Refused(400, _too_large()), kind)
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return refused(Refused(400, _("Die Anfrage ist nicht lesbar.")), kind)
    except Exception as problem:  # a client of this interface reads no HTML
        log.error("open311: %s", type(problem).__name__, extra={"status_code": 500})  # its text may hold a citizen's words
        return refused(Refused(500, _("Es ist ein Fehler aufgetreten. Bitte versuchen Sie es später noch einmal.")), kind)


def refused(problem: Refused, kind: str) -> HttpResponse:
    errors = [{"code": problem.status, "description": sentence} for sentence in problem.sentences]
    return HttpResponse(written("errors", errors, kind), status=problem.status, content_type=TYPES[kind])
