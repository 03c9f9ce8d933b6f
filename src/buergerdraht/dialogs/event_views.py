"""The door for the authority's own systems: POST /ereignis/<organisation>/ with a bearer token, JSON in, JSON out."""

from __future__ import annotations

import logging

import msgspec
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from buergerdraht.dialogs import events

log = logging.getLogger("buergerdraht.dialogs")
LARGEST = 64 * 1024
STATUS = {"unknown_event": 404, "nobody": 404, "closed": 409, "busy": 409, "held": 409}
SENTENCES = {
    "unknown_event": "Kein Dialog, der läuft, beginnt mit diesem Ereignis.",
    "nobody": "Diese Person ist nicht oder nicht eindeutig bekannt, oder sie hat sich abgemeldet.",
    "closed": "Dieser Person darf gerade nicht geschrieben werden: Sie muss zuerst selbst schreiben.",
    "busy": "Diese Person ist in einem anderen Dialog. Versuchen Sie es später noch einmal.",
    "held": "Ein Mensch spricht gerade mit dieser Person. Versuchen Sie es später noch einmal.",
}


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a system tells. `key` names the event once and for all."""

    key: str
    event: str
    to: dict[str, str]
    values: dict[str, str] = {}


_read = msgspec.json.Decoder(Told).decode


@csrf_exempt
@require_POST
def tell(request: HttpRequest, organisation: str) -> JsonResponse:
    """Begin a dialog because something happened elsewhere. A second POST with the same key begins nothing and answers the same."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    system = events.system_of(organisation, token.strip()) if kind.lower() == "bearer" else None
    if system is None:
        return JsonResponse({"problem": "unauthorised"}, status=401)
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return _problem("too_large", "Höchstens 64 kB.", 413)
    try:
        told = _read(request.body)
    except msgspec.DecodeError:  # what was wrong is not repeated: it may hold a name
        return _problem("unreadable", "Erwartet wird JSON mit key, event, to und values, alles Text.", 422)
    long = any(len(text) > events.LONGEST_VALUE for text in (*told.values, *told.values.values(), told.event))
    if not told.key.strip() or len(told.key) > 100 or len(told.values) > events.MOST_VALUES or long:
        return _problem("unreadable", "key fehlt, oder es ist zu viel oder zu lang.", 422)
    try:
        number = events.tell(system, told.key, told.event, told.to, told.values)
    except events.Untold as problem:
        log.info("dialogs.untold system=%s reason=%s", system.pk, problem.reason)
        return _problem(problem.reason, SENTENCES[problem.reason], STATUS[problem.reason])
    return JsonResponse({"session": number}, status=202)


def _problem(code: str, sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"problem": code, "sentence": sentence}, status=status, json_dumps_params={"ensure_ascii": False})
