"""The settings pages of the shelf: what dialogs and tables may name, a new file, another one in its place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.connectors.contract import MediaKind
from buergerdraht.dialogs import files_uses, shelf
from buergerdraht.dialogs.files_forms import FileForm, NewForm
from buergerdraht.dialogs.models import NamedFile
from buergerdraht.dialogs.systems_views import told
from buergerdraht.dialogs.tables_views import keepers
from buergerdraht.gateway.models import Media

PER_PAGE = 30
KINDS = {  # its icon, and what people call it
    MediaKind.IMAGE: ("image", gettext_lazy("Bild")),
    MediaKind.VIDEO: ("play", gettext_lazy("Film")),
    MediaKind.AUDIO: ("mic", gettext_lazy("Ton")),
    MediaKind.VOICE: ("mic", gettext_lazy("Ton")),
    MediaKind.DOCUMENT: ("doc", gettext_lazy("Dokument")),
}


@require_safe
@keepers
def listing(request: DeskRequest) -> HttpResponseBase:
    asked = request.GET.get("q", "").strip()[:66]
    rows = NamedFile.objects.filter(organisation=request.organisation).select_related("media")
    page = Paginator(rows.filter(name__icontains=asked) if asked else rows, PER_PAGE).get_page(request.GET.get("seite"))
    uses = files_uses.uses(request.organisation, [row.name for row in page])
    shown = [{**_drawn(row), "uses": uses[row.name]} for row in page]
    context = {"files": shown, "page": page, "q": asked, "asked": urlencode({"q": asked}) if asked else ""}
    return _page(request, "files", {**context, "number": page.paginator.count, "any": bool(shown) or rows.exists()})


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def add(request: DeskRequest) -> HttpResponseBase:
    form = NewForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = shelf.lay(request.organisation, form.cleaned_data["upload"], form.cleaned_data["name"], operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            messages.success(request, _("Hochgeladen. Dialoge und Tabellen finden die Datei als „%(name)s“.") % {"name": row.name})
            return redirect("dialogs:file", request.organisation.slug, row.pk)
    return _page(request, "files_add", {"form": form}, form)


@require_http_methods(["GET", "HEAD", "POST"])
@keepers
def file(request: DeskRequest, number: int) -> HttpResponseBase:
    """Show one with where it is used, and take another in its place."""
    row = _found(request, number)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = shelf.replace(row, form.cleaned_data["upload"], operator=request.operator)
        except ValidationError as problem:
            told(form, problem)
        else:
            if changed:
                messages.success(request, _("Ersetzt. Dialoge senden ab jetzt die neue Datei."))
            else:
                messages.info(request, _("Das ist dieselbe Datei; es hat sich nichts geändert."))
            return redirect("dialogs:file", request.organisation.slug, row.pk)
    uses = files_uses.uses(request.organisation, [row.name])[row.name]
    return _page(request, "files_one", {**_drawn(row), "form": form, "uses": uses}, form)


@require_POST
@keepers
def remove(request: DeskRequest, number: int) -> HttpResponseBase:
    """Remove one that nothing names any more."""
    row = _found(request, number)
    if uses := files_uses.uses(request.organisation, [row.name])[row.name]:
        sentence = _("Nicht gelöscht: „%(name)s“ steht noch in %(places)s. Nehmen Sie die Datei zuerst dort heraus.")
        messages.error(request, sentence % {"name": row.name, "places": files_uses.told(uses)})
        return redirect("dialogs:file", request.organisation.slug, row.pk)
    shelf.remove(row, operator=request.operator)
    messages.success(request, _("„%(name)s“ ist gelöscht.") % {"name": row.name})
    return redirect("dialogs:files", request.organisation.slug)


# ── What several share ────────────────────────────────────────────────────


def _found(request: DeskRequest, number: int) -> NamedFile:
    return get_object_or_404(NamedFile.objects.select_related("media"), organisation=request.organisation, pk=number)


def _drawn(row: NamedFile) -> dict[str, Any]:
    """A file with its picture, or the sign of what it is."""
    icon, kind = KINDS.get(MediaKind(row.media.kind), KINDS[MediaKind.DOCUMENT])
    return {"file": row, "media": row.media, "icon": icon, "kind": kind, "there": row.media.state == Media.State.READY}


def _page(request: DeskRequest, name: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    wrong = any(form.is_bound and form.errors for form in forms)
    return render(request, f"dialogs/{name}.html", context | {"tab": "files"}, status=422 if wrong else 200)
