"""The door for the authority's own systems: POST /ereignis/<organisation>/ with a bearer token, JSON in, JSON out."""

from __future__ import annotations

import logging

import msgspec
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import events, triggers
from buergerdraht.dialogs.models import System

log = logging.getLogger("buergerdraht.dialogs")
LARGEST = 64 * 1024
STATUS = {"unknown_event": 404, "nobody": 404, "closed": 409, "busy": 409, "held": 409, "expired": 410}
SENTENCES = {
    "unknown_event": "Kein Dialog, der läuft, beginnt mit diesem Ereignis.",
    "nobody": "Diese Person ist nicht oder nicht eindeutig bekannt, oder sie hat sich abgemeldet.",
    "closed": "Dieser Person darf gerade nicht geschrieben werden: Sie muss zuerst selbst schreiben.",
    "busy": "Diese Person ist in einem anderen Dialog, und der zu diesem Ereignis wartet nicht. Versuchen Sie es später noch einmal.",
    "held": "Ein Mensch spricht gerade mit dieser Person. Versuchen Sie es später noch einmal.",
    "expired": "Dieses Ereignis wartete, bis seine Frist vorbei war. Soll es doch noch beginnen, braucht es einen neuen key.",
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
    """Begin a dialog because something happened elsewhere, or let it wait. A second POST with the same key begins nothing."""
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
        come = events.tell(system, told.key, told.event, told.to, told.values)
    except events.Untold as problem:
        log.info("dialogs.untold system=%s reason=%s", system.pk, problem.reason)
        return _problem(problem.reason, SENTENCES[problem.reason], STATUS[problem.reason])
    if come.expired:
        return _problem("expired", SENTENCES["expired"], STATUS["expired"])
    if come.until is not None:
        return JsonResponse({"waiting_until": come.until.isoformat(timespec="seconds")}, status=202)
    return JsonResponse({"session": come.session}, status=202)


def _problem(code: str, sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"problem": code, "sentence": sentence}, status=status, json_dumps_params={"ensure_ascii": False})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def word(request: DeskRequest, number: int) -> HttpResponse:
    """The page of a system's way in: how it tells us something, and the word it needs, shown once when it is made."""
    system = get_object_or_404(System.objects.select_related("organisation"), organisation=request.organisation, pk=number)
    token = ""
    if request.method == "POST":
        if request.POST.get("tun") == "entfernen":
            events.drop_token(system, operator=request.operator)
            messages.success(request, _("Entfernt. Das System kann nichts mehr melden."))
            return redirect("dialogs:system_word", request.organisation.slug, system.pk)
        token = events.new_token(system, operator=request.operator)
    address = f"{settings.PUBLIC_URL}{reverse('events:tell', args=[request.organisation.slug])}"
    names = sorted({each.word for each in triggers.known(request.organisation.pk) if each.on == "event"})
    answer = render(request, "dialogs/event_word.html", {
        "tab": "systems", "system": system, "token": token, "address": address, "names": names, "set": bool(system.token_hash),
    })  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer
