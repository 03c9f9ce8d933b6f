"""The console's pages about the public ones: what is shown there, how it looks, legal texts, short links, posters."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rights import Right
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.website import actions, beside, chat, colours, legal, posters, publishing, short
from buergerdraht.website.forms import DateForm, FactsForm, LinkForm, LookForm, PosterForm
from buergerdraht.website.models import Published, ShortLink
from buergerdraht.website.pages import look_of
from buergerdraht.website.prose import prose

ROWS = 30


def _to(request: DeskRequest, name: str) -> HttpResponse:
    return redirect(f"site:{name}", request.organisation.slug)


# ── What is shown ─────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponseBase:
    rows = Published.objects.kept().filter(organisation=request.organisation).prefetch_related("topics").order_by("-shown_from", "-id")
    page = Paginator(rows, ROWS).get_page(request.GET.get("seite"))
    return render(request, "website/desk/list.html", {
        "page": page, "tab": "list", "now": timezone.now(), "may_write": request.may(Right.WRITE),
        "public": reverse("website:start", args=[request.organisation.slug]),
    })  # fmt: skip


@require_POST
@desk(Right.WRITE)
def change(request: DeskRequest, number: int) -> HttpResponseBase:
    """Hide a message, show it again, say until when, or erase it."""
    row = get_object_or_404(Published.objects.kept().select_related("organisation"), organisation=request.organisation, pk=number)
    if "verbergen" in request.POST:
        publishing.hide(row, operator=request.operator)
        messages.success(request, _("Verborgen. Die Seite zeigt diese Nachricht nicht mehr."))
    elif "loeschen" in request.POST:
        publishing.erase(row, operator=request.operator)
        messages.success(request, _("Gelöscht. Unter der Adresse steht nur noch, dass es die Nachricht nicht mehr gibt."))
    elif "zeigen" in request.POST:
        publishing.show(row, operator=request.operator)
        messages.success(request, _("Die Seite zeigt diese Nachricht wieder."))
    else:
        try:
            publishing.expire(row, _end_of(request.POST.get("bis", "")), operator=request.operator)
            messages.success(request, _("Gespeichert."))
        except ValueError:
            messages.error(request, _("Das ist kein Tag."))
    return _to(request, "list")


def _end_of(day: str) -> datetime | None:
    """The end of a day as people count it; empty: for good."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), ZoneInfo(settings.TIME_ZONE)) if day else None


@require_POST
@desk(Right.WRITE)
def choose(request: DeskRequest, number: int) -> HttpResponseBase:
    """Note in the composer whether a broadcast is to stand there."""
    broadcast = get_object_or_404(Broadcast.objects.select_related("organisation"), organisation=request.organisation, pk=number)
    publishing.choose(broadcast, wanted=request.POST.get("zeigen") == "1", operator=request.operator)
    if request.headers.get("HX-Request"):
        return HttpResponse(beside.section(request, broadcast))
    return redirect("broadcasts:detail", request.organisation.slug, broadcast.pk)


@require_POST
@desk(Right.WRITE)
def date_of(request: DeskRequest, number: int) -> HttpResponseBase:
    """Note when and where what a broadcast is about happens."""
    broadcast = get_object_or_404(Broadcast.objects.select_related("organisation"), organisation=request.organisation, pk=number)
    form = DateForm(data={} if "ohne" in request.POST else request.POST)
    if form.is_valid():
        publishing.date(broadcast, form.when, operator=request.operator)
    if request.headers.get("HX-Request"):
        done = form.is_valid()
        return HttpResponse(beside.section(request, broadcast, None if done else form, _("Gespeichert.") if done else ""))
    for problems in form.errors.values():
        messages.error(request, str(problems[0]))
    return redirect("broadcasts:detail", request.organisation.slug, broadcast.pk)


# ── How it looks ──────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def look(request: DeskRequest) -> HttpResponseBase:
    known = look_of(request.organisation)
    form = LookForm(request.organisation, known, request.POST or None)
    if request.method == "POST" and (done := _logo(request)):
        return done
    offered = {}
    if request.method == "POST" and form.is_valid():
        try:
            accent, header = form.cleaned_data["accent"], form.cleaned_data["header"]
            actions.dress(request.organisation, accent=accent, header=header, lead=form.lead(), operator=request.operator)
            messages.success(request, _("Gespeichert. Die öffentlichen Seiten zeigen es in wenigen Sekunden."))
            return _to(request, "look")
        except ValidationError as problem:
            form.add_error(None, problem)
            offered = {each.code: each.nearest for each in colours.judge(accent, header)}
    shades = colours.shades(known.accent, known.header)
    context = {"form": form, "look": known, "tab": "look", "offered": offered, "shades": shades}
    return render(request, "website/desk/look.html", context, status=422 if form.is_bound and form.errors else 200)


def _logo(request: DeskRequest) -> HttpResponseBase | None:
    """Take or remove a logo, where that was asked."""
    if "ohne_logo" in request.POST:
        actions.remove_logo(request.organisation, operator=request.operator)
        messages.success(request, _("Das Logo ist entfernt."))
    elif "mit_logo" in request.POST:
        upload = request.FILES.get("logo")
        try:
            if upload is None:
                raise ValidationError(_("Wählen Sie eine Datei."))
            actions.put_logo(request.organisation, upload.read(), upload.name or "logo", operator=request.operator)
            messages.success(request, _("Das Logo ist gespeichert."))
        except ValidationError as problem:
            messages.error(request, problem.messages[0])
    else:
        return None
    return _to(request, "look")


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.MANAGE)
def texts(request: DeskRequest) -> HttpResponseBase:
    """Facts and own words of the legal texts, with what they make of them."""
    known = look_of(request.organisation)
    form = FactsForm(request.organisation, known, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.state_facts(request.organisation, form.told(), form.texts(), operator=request.operator)
        messages.success(request, _("Gespeichert."))
        return _to(request, "texts")
    shown = [(str(title), prose(legal.text(known, kind, "de")), legal.ready(known, kind)) for kind, title in form.TITLES.items()]
    own = [(title, [form[name] for name in form.fields if name.startswith(f"{kind}__")]) for kind, title in form.TITLES.items()]
    context = {
        "form": form,
        "tab": "texts",
        "previews": shown,
        "own": own,
        "ways": legal.ways(request.organisation, get_language() or "de"),
    }
    return render(request, "website/desk/texts.html", context, status=422 if form.is_bound else 200)


# ── Short links and paper ─────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.WRITE)
def links(request: DeskRequest) -> HttpResponseBase:
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        until = _end_of(given["until"].isoformat()) if given["until"] else None
        try:
            made = short.make(
                request.organisation, given["target"].strip(), operator=request.operator, code=given["code"], note=given["note"],
                expires_at=until,
            )  # fmt: skip
            messages.success(request, _("Der Link ist da: %(link)s") % {"link": short.address(made)})
            return _to(request, "links")
        except ValidationError as problem:
            form.add_error(None, problem)
    rows = ShortLink.objects.filter(organisation=request.organisation).annotate(followed=Sum("days__number")).order_by("-id")
    page = Paginator(rows, ROWS).get_page(request.GET.get("seite"))
    for row in page:
        row.address = short.address(row)  # type: ignore[attr-defined]
    context = {"form": form, "page": page, "tab": "links", "now": timezone.now()}
    return render(request, "website/desk/links.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk(Right.WRITE)
def shorten(request: DeskRequest) -> HttpResponseBase:
    """Make a short link in the middle of writing; one that leads there already serves again."""
    target = request.POST.get("target", "").strip()[:1000]
    for link in short.working(request.organisation):
        if target in {link.target, short.address(link)}:
            return JsonResponse({"link": short.address(link)})
    try:
        made = short.make(request.organisation, target, operator=request.operator)
    except ValidationError as problem:
        return JsonResponse({"problem": problem.messages[0]}, status=422)
    return JsonResponse({"link": short.address(made)})


@require_POST
@desk(Right.WRITE)
def change_link(request: DeskRequest, number: int) -> HttpResponseBase:
    link = get_object_or_404(ShortLink.objects.select_related("organisation"), organisation=request.organisation, pk=number)
    wanted = {"aus": {"active": False}, "an": {"active": True}, "zaehlen": {"counted": True}, "nicht_zaehlen": {"counted": False}}
    for name, values in wanted.items():
        if name in request.POST:
            short.change(link, operator=request.operator, **values)
            messages.success(request, _("Gespeichert."))
    return _to(request, "links")


@require_safe
@desk(Right.WRITE)
def link_code(request: DeskRequest, number: int) -> HttpResponseBase:
    """The link as a QR code to download."""
    link = get_object_or_404(ShortLink, organisation=request.organisation, pk=number)
    drawn = io.BytesIO()
    segno.make(short.address(link), error="m").save(drawn, kind="svg", xmldecl=False, scale=8, border=2, light="#ffffff")
    response = HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'attachment; filename="qr-{link.code}.svg"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_safe
@desk(Right.READ)
def paper(request: DeskRequest) -> HttpResponseBase:
    """Choose what is printed; with a choice made, the PDF of it."""
    asked = bool(request.GET)
    form = PosterForm(request.organisation, request.GET if asked else None)
    if not asked or not form.is_valid():
        context = {"form": form, "tab": "paper", "line": _widget_line(request.organisation)}
        return render(request, "website/desk/paper.html", context, status=422 if asked else 200)
    given = form.cleaned_data
    data = posters.pdf(request.organisation, look_of(request.organisation), given["size"], given["language"], list(given["topics"]))
    response = HttpResponse(data, content_type="application/pdf")
    name = "aushang-a4" if given["size"] == "a4" else "karte-a6"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _widget_line(here: Organisation) -> str:
    """Write the line that brings the chat's button to another site; "" where no chat is open."""
    if chat.channel_of(here) is None:
        return ""
    return f'<script src="{settings.PUBLIC_URL}{reverse("website:chat_widget", args=[here.slug])}" async></script>'
