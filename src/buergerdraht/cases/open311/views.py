"""What is found nowhere, said in the form that was asked for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from buergerdraht.cases.open311.calls import Refused, refused
from buergerdraht.cases.open311.shapes import TYPES


@csrf_exempt
def lost(request: HttpRequest, rest: str) -> HttpResponse:
    """Refuse an address there is nothing at. Without a format it is invalid, with one it is unknown."""
    _name, dot, form = rest.rstrip("/").rpartition("/")[2].rpartition(".")
    known = bool(dot) and form.lower() in TYPES
    kind = form.lower() if known else "xml"
    problem = (
        Refused(404, _("Das gibt es hier nicht.")) if known else Refused(400, _("Am Ende der Adresse fehlt das Format: .xml oder .json."))
    )
    response = refused(problem, kind)
    response["Access-Control-Allow-Origin"], response["Cache-Control"] = "*", "no-store"
    return response
