"""The table of translations: every text in every language, written in place or brought back as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import actions, editing, reading, screens, translations
from buergerdraht.dialogs.editing import Edit
from buergerdraht.dialogs.models import Dialog

BIG = 3_000_000


@require_safe
@desk(Right.READ)
def texts(request: DeskRequest, number: int) -> HttpResponse:
    row = screens.found(request, number)
    only = "fehlende" in request.GET
    languages = reading.languages(row.draft)
    codes = [code for code, _name in languages]
    found = translations.lines(row.draft)
    lines = [
        {"line": line, "cells": [(code, name, line.texts.get(code, "")) for code, name in languages]}
        for line in found
        if not only or any(not line.texts.get(code, "").strip() for code in codes)
    ]
    return render(request, "dialogs/texts.html", {
        **screens.frame(request, row, "texts"), "lines": lines, "languages": languages, "only": only,
        "missing": translations.missing(found, codes),
    })  # fmt: skip


@require_POST
@desk(Right.READ)
def save(request: DeskRequest, number: int) -> HttpResponse:
    """Keep one text in one language, unless somebody wrote another there meanwhile."""
    screens.to_edit(request)
    row = screens.found(request, number)
    path, code = request.POST.get("stelle", ""), request.POST.get("in", "")
    if code not in row.draft.get("languages", ["de"]):
        raise Http404
    edit = _edit(path, code, request.POST.get("text", "")[:10_000], request.POST.get("vorher", ""))
    sentence, level = _("gespeichert"), "is-ok"
    try:
        row = actions.change(row, edit, row.stamp, operator=request.operator)
    except (actions.Stale, ValidationError) as problem:
        sentence, level = " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem), "is-bad"
    kept = next((line.texts.get(code, "") for line in translations.lines(row.draft) if line.path == path), "")
    context = {"sentence": sentence, "level": level, "kept": kept, "path": path, "code": code, "number": request.POST.get("nr", "0")}
    return render(request, "dialogs/_text_saved.html", context, status=200 if level == "is-ok" else 422)


@require_safe
@desk(Right.READ)
def export(request: DeskRequest, number: int, ending: str) -> HttpResponse:
    """The texts as a file: csv for all languages, xlf for the one asked for."""
    row = screens.found(request, number)
    if ending == "csv":
        answer = HttpResponse(translations.to_csv(row.draft), content_type="text/csv; charset=utf-8")
        name = f"{row.key}.csv"
    elif ending == "xlf" and request.GET.get("in") in row.draft.get("languages", ["de"])[1:]:
        answer = HttpResponse(translations.to_xliff(row.draft, request.GET["in"]), content_type="application/xliff+xml; charset=utf-8")
        name = f"{row.key}_{request.GET['in']}.xlf"
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
@desk(Right.READ)
def bring(request: DeskRequest, number: int) -> HttpResponse:
    """Read a file of translations back."""
    screens.to_edit(request)
    row = screens.found(request, number)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise ValidationError(_("Wählen Sie eine Datei."))
        if (upload.size or 0) > BIG:
            raise ValidationError(_("Die Datei ist zu groß: höchstens 3 MB."))
        _brought(request, row, upload.read().decode("utf-8-sig", "replace"), (upload.name or "").lower())
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    except translations.Unreadable as problem:
        messages.error(request, str(problem))
    except actions.Stale as problem:
        messages.error(request, str(problem))
    return redirect("dialogs:texts", request.organisation.slug, row.pk)


def _brought(request: DeskRequest, row: Dialog, text: str, name: str) -> None:
    read = translations.from_csv if name.endswith(".csv") else translations.from_xliff
    found = read(text, row.draft)
    before = {(line.path, code): words for line in translations.lines(row.draft) for code, words in line.texts.items()}
    fresh = {key: words for key, words in found.texts.items() if before.get(key) != words}
    if fresh:
        actions.change(row, Edit("texts", lambda draft: translations.write(draft, fresh)), row.stamp, operator=request.operator)
    messages.success(
        request, _("%(n)s Texte übernommen, %(same)s waren schon so.") % {"n": len(fresh), "same": len(found.texts) - len(fresh)}
    )
    for sentence in [*found.problems[:10], *translations.slots_lost(row.draft, fresh)[:10]]:
        messages.warning(request, sentence)


def _edit(path: str, code: str, text: str, before: str) -> Edit:
    def apply(draft: dict[str, Any]) -> dict[str, Any]:
        line = next((each for each in translations.lines(draft) if each.path == path), None)
        if line is None:
            raise editing.Refused(_("Diesen Text gibt es nicht mehr."))
        if _same(line.texts.get(code, "")) != _same(before):
            raise editing.Refused(
                _("Hier hat inzwischen jemand etwas anderes geschrieben: „%(text)s“") % {"text": line.texts.get(code, "")[:200]}
            )
        return translations.write(draft, {(path, code): text})

    return Edit(f"texts:{path}"[:120], apply)


def _same(text: str) -> str:
    """What a browser makes of line ends does not count."""
    return text.replace("\r\n", "\n").strip()
