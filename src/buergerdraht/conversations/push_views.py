"""The part of an operator's profile that says which devices are woken, and of what. Only ever one's own."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from buergerdraht.accounts.models import Operator
from buergerdraht.conversations import push
from buergerdraht.conversations.models import PushKey, PushWish
from buergerdraht.gateway.outward import Undelivered

# What a browser calls itself, from the rarer to the more common: many name the others too.
BROWSERS = (("Edg", "Edge"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))


def section(request: HttpRequest) -> str:
    """Draw the devices and choices of whoever is signed in."""
    operator = _me(request)
    wish = push.wish_of(operator)
    return render_to_string(
        "conversations/bell/_push.html",
        {
            "devices": operator.push_keys.order_by("created_at"),
            "kinds": [(kind, _choice(kind), kind in wish.kinds) for kind in PushWish.KINDS],
            "wish": wish,
            "public_key": push.public_key(),
        },
        request,
    )


def _choice(kind: str) -> str:
    return {
        "mention": _("ich in einer Notiz erwähnt werde"),
        "assigned": _("mir eine Unterhaltung zugewiesen wird"),
        "message": _("jemand in einer meiner Unterhaltungen schreibt"),
        "due": _("eine Antwort bald fällig wird"),
        "urgent": _("eine Nachricht nach einem Notfall klingt"),
    }[kind]


@login_required
@require_POST
def wish(request: HttpRequest) -> HttpResponse:
    push.wish(_me(request), request.POST.getlist("wovon"), always=bool(request.POST.get("immer")))
    messages.success(request, _("Gespeichert."))
    return redirect("profile")


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    said = request.POST
    name = device_name(request.headers.get("User-Agent", ""))
    try:
        push.add(_me(request), push.Device(said.get("endpoint", ""), said.get("p256dh", ""), said.get("auth", ""), name))
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    else:
        messages.success(request, _("Dieses Gerät wird jetzt benachrichtigt. Mit einer Probe sehen Sie, ob es ankommt."))
    return redirect("profile")


@login_required
@require_POST
def test(request: HttpRequest, device: int) -> HttpResponse:
    try:
        push.test(_own(request, device))
    except Undelivered as problem:
        if problem.problem == "gone":
            messages.error(request, _("Das Gerät nimmt nichts mehr an und ist aus der Liste entfernt. Schalten Sie es dort neu ein."))
        else:
            messages.error(request, _("Der Push-Dienst des Geräts hat die Probe nicht angenommen. Versuchen Sie es später noch einmal."))
    else:
        messages.success(request, _("Die Probe ist unterwegs."))
    return redirect("profile")


@login_required
@require_POST
def remove(request: HttpRequest, device: int) -> HttpResponse:
    _own(request, device).delete()
    messages.success(request, _("Das Gerät wird nicht mehr benachrichtigt."))
    return redirect("profile")


def device_name(agent: str) -> str:
    """Name a device so that its owner knows it again: "Chrome, Android"."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part) or _("Unbekanntes Gerät")


def _own(request: HttpRequest, device: int) -> PushKey:
    return get_object_or_404(PushKey.objects.select_related("operator"), operator=_me(request), pk=device)


def _me(request: HttpRequest) -> Operator:
    return cast(Operator, request.user)
