"""Settings › Webhooks: the list, one with its log, and what can be done with it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts import vault
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.webhooks import actions, words
from buergerdraht.webhooks.forms import AgainForm, HookForm
from buergerdraht.webhooks.kinds import kind
from buergerdraht.webhooks.models import Delivery, Hook

SECRET = "new_webhook_secret"  # noqa: S105 - the name in the session; sealed, until it was shown
SHOWN = 50  # of the log, at once


@require_safe
@desk(Right.MANAGE)
def listing(request: DeskRequest) -> HttpResponseBase:
    rows = list(Hook.objects.filter(organisation=request.organisation))
    for row in rows:
        row.why = words.REASONS.get(row.reason, "")  # type: ignore[attr-defined]
        row.hears = [kind(what).title for what in row.events]  # type: ignore[attr-defined]
    return render(request, "webhooks/list.html", {"rows": rows, "tab": "webhooks"})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def new(request: DeskRequest) -> HttpResponseBase:
    return _form(request, Hook(organisation=request.organisation))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def change(request: DeskRequest, number: int) -> HttpResponseBase:
    return _form(request, _hook(request, number))


def _form(request: DeskRequest, hook: Hook) -> HttpResponseBase:
    made = hook.pk is None
    initial = {"name": hook.name, "url": hook.url, "events": hook.events} if not made else {}
    form = HookForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        hook.name, hook.url, hook.events = form.cleaned_data["name"], form.cleaned_data["url"].strip(), form.cleaned_data["events"]
        try:
            actions.save(hook, operator=request.operator)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            if made:
                _show_once(request, hook)
            else:
                messages.success(request, _("Gespeichert."))
            return redirect("webhooks:one", request.organisation.slug, hook.pk)
    wrong = form.is_bound and bool(form.errors)
    context = {"form": form, "hook": None if made else hook, "tab": "webhooks"}
    return render(request, "webhooks/form.html", context, status=422 if wrong else 200)


@require_safe
@desk(Right.MANAGE)
def one(request: DeskRequest, number: int) -> HttpResponseBase:
    """A webhook and what became of its calls, the newest first; `?vor=` goes on from there."""
    hook = _hook(request, number)
    before = request.GET.get("vor", "")
    rows = hook.deliveries.select_related("event").order_by("-pk")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: SHOWN + 1])
    for row in found:
        row.tone, row.word = words.state(row)  # type: ignore[attr-defined]
        row.why, row.title = words.problem(row), kind(row.event.what).title  # type: ignore[attr-defined]
    sealed = "" if request.htmx else request.session.pop(f"{SECRET}_{hook.pk}", "")  # type: ignore[attr-defined]  # never into a piece
    return render(request, "webhooks/one.html", {
        "hook": hook, "rows": found[:SHOWN], "older": found[SHOWN - 1].pk if len(found) > SHOWN else None, "again": AgainForm(),
        "why": words.REASONS.get(hook.reason, ""), "hears": [kind(what).title for what in hook.events],
        "secret": vault.decrypt(bytes.fromhex(sealed)) if sealed else "", "tab": "webhooks",
        "both": hook.old_until if hook.old_secret and hook.old_until and hook.old_until > timezone.now() else None,
        "waiting": hook.deliveries.filter(next_at__isnull=False).count(),
    })  # fmt: skip


@require_POST
@desk(Right.MANAGE)
def probe(request: DeskRequest, number: int) -> HttpResponseBase:
    hook = _hook(request, number)
    if hook.active:
        actions.probe(hook, operator=request.operator)
        messages.success(request, _("Die Probe ist unterwegs. Ob sie ankam, erscheint gleich unten von selbst."))
    else:
        messages.warning(request, _("Der Webhook ist ausgeschaltet. Schalten Sie ihn zuerst ein."))
    return redirect("webhooks:one", request.organisation.slug, hook.pk)


@require_POST
@desk(Right.MANAGE)
def switch(request: DeskRequest, number: int) -> HttpResponseBase:
    hook = _hook(request, number)
    on = request.POST.get("an") == "1"
    actions.switch(hook, on, operator=request.operator)
    messages.success(request, _("Eingeschaltet. Was gewartet hat, geht jetzt hinaus.") if on else _("Ausgeschaltet."))
    return redirect("webhooks:one", request.organisation.slug, hook.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def rotate(request: DeskRequest, number: int) -> HttpResponseBase:
    """Ask, and make a new secret."""
    hook = _hook(request, number)
    if request.method == "POST":
        _show_once(request, actions.rotate(hook, operator=request.operator))
        return redirect("webhooks:one", request.organisation.slug, hook.pk)
    return render(request, "webhooks/rotate.html", {"hook": hook, "tab": "webhooks"})


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def remove(request: DeskRequest, number: int) -> HttpResponseBase:
    """Ask, and delete."""
    hook = _hook(request, number)
    if request.method == "POST":
        actions.delete(hook, operator=request.operator)
        messages.success(request, _("„%(name)s“ erfährt nichts mehr.") % {"name": hook.name})
        return redirect("webhooks:list", request.organisation.slug)
    return render(request, "webhooks/remove.html", {"hook": hook, "tab": "webhooks"})


@require_POST
@desk(Right.MANAGE)
def again(request: DeskRequest, number: int) -> HttpResponseBase:
    """Send all that happened since a while once more."""
    hook = _hook(request, number)
    form = AgainForm(request.POST)
    if form.is_valid():
        sent = actions.again(hook, since=timezone.now() - form.span(), operator=request.operator)
        said = ngettext("%(n)s Ereignis wird nachgesendet.", "%(n)s Ereignisse werden nachgesendet.", sent) % {"n": sent}
        messages.success(request, said if sent else _("In dieser Zeit ist nichts geschehen, was dieser Webhook erfährt."))
    else:
        messages.error(request, _("Wählen Sie, seit wann."))
    return redirect("webhooks:one", request.organisation.slug, hook.pk)


@require_POST
@desk(Right.MANAGE)
def again_one(request: DeskRequest, number: int, delivery: int) -> HttpResponseBase:
    hook = _hook(request, number)
    found = get_object_or_404(Delivery, hook=hook, pk=delivery)
    actions.again(hook, delivery=found.pk, operator=request.operator)
    messages.success(request, _("Wird noch einmal gesendet."))
    return redirect("webhooks:one", request.organisation.slug, hook.pk)


def _hook(request: DeskRequest, number: int) -> Hook:
    return get_object_or_404(Hook.objects.select_related("organisation"), organisation=request.organisation, pk=number)


def _show_once(request: DeskRequest, hook: Hook) -> None:
    request.session[f"{SECRET}_{hook.pk}"] = vault.encrypt(hook.secret).hex()
