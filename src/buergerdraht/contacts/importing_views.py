"""Import in two steps: upload, then look at what it would do and confirm."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.contacts import importing
from buergerdraht.contacts.forms import UploadForm
from buergerdraht.contacts.models import ContactImport
from buergerdraht.contacts.reading import defused

TITLES = {
    "number": gettext_lazy("Nummer"),
    "name": gettext_lazy("Name"),
    "language": gettext_lazy("Sprache"),
    "district": gettext_lazy("Ortsteil"),
    "topics": gettext_lazy("Themen"),
}
SHOWN = 20


class ColumnsForm(forms.Form):
    """Which column is what."""

    def __init__(self, titles: list[str], columns: dict[str, int], *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        choices = [
            ("", _("nicht enthalten")),
            *((str(place), title or _("Spalte %(n)s") % {"n": place + 1}) for place, title in enumerate(titles)),
        ]
        for what in importing.COLUMNS:
            needed = what == "number"
            self.fields[what] = forms.ChoiceField(
                label=TITLES[what], required=needed, choices=choices[1:] if needed else choices, initial=str(columns.get(what, ""))
            )

    def columns(self) -> dict[str, int]:
        return {what: int(place) for what, place in self.cleaned_data.items() if place != ""}


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def upload(request: DeskRequest) -> HttpResponse:
    """Take the file and the source of the consents; nothing is imported yet."""
    form = UploadForm(request.organisation, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("contacts:import_review", request.organisation.slug, _keep(request, form).pk)
        except ValidationError as problem:
            form.add_error("file", problem)
    return render(request, "contacts/import.html", {"form": form}, status=422 if form.is_bound else 200)


def _keep(request: DeskRequest, form: UploadForm) -> ContactImport:
    data = form.cleaned_data
    text = importing.read_text(data["file"].read(importing.LARGEST + 1))
    columns = importing.guess(importing.headings(text))
    kept = ContactImport.objects.create(
        organisation=request.organisation, operator=request.operator, channel=data["channel"], file_name=data["file"].name[:200], text=text,
        columns=columns, source=data["source"], source_date=data["source_date"],
    )  # fmt: skip
    kept.topics.set(data["topics"])
    return kept


@desk(Right.CONTACTS)
@require_http_methods(["GET", "POST"])
def review(request: DeskRequest, upload: int) -> HttpResponse:
    """Show what the import would do; write it only when confirmed, and past bad rows only when that is confirmed too."""
    found = _upload(request, upload)
    if found.state == ContactImport.State.DONE:
        return render(request, "contacts/import_done.html", {"upload": found})
    form = ColumnsForm(importing.headings(found.text), found.columns, request.POST if "spalten" in request.POST else None)
    if form.is_bound and form.is_valid():
        found.columns = form.columns()
        found.save(update_fields=["columns"])
        return redirect("contacts:import_review", request.organisation.slug, found.pk)
    counts = importing.count(importing.check(found)) if "number" in found.columns else None
    unsure = False
    if counts and "importieren" in request.POST:
        unsure = bool(counts["bad"]) and "ohne_fehler" not in request.POST
        if not unsure:
            counts = importing.write(found, operator=request.operator)
            messages.success(request, _("%(n)s Menschen importiert.") % {"n": counts["new"] + counts["known"]})
            return redirect("contacts:import_review", request.organisation.slug, found.pk)
    bad = list(islice((row for row in importing.check(found) if row.problem), SHOWN)) if counts and counts["bad"] else []
    context = {
        "upload": found,
        "form": form,
        "counts": counts,
        "bad": bad,
        "unsure": unsure,
        "good": counts and counts["new"] + counts["known"],
    }
    return render(request, "contacts/import_review.html", context, status=422 if unsure or form.errors else 200)


@desk(Right.CONTACTS)
@require_GET
def problems(request: DeskRequest, upload: int) -> StreamingHttpResponse:
    """Hand out the rows with a problem and the reason, to mend and upload again."""
    found = _upload(request, upload)
    answer = StreamingHttpResponse(_problem_lines(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="fehler.csv"'
    return answer


def _problem_lines(found: ContactImport) -> Iterator[str]:
    class Echo:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(Echo(), delimiter=";")
    yield "\ufeff"
    if not found.text:
        return
    yield str(writer.writerow([*importing.headings(found.text), _("Zeile"), _("Problem")]))
    for row in importing.check(found):
        if row.problem:
            yield str(writer.writerow([*(defused(cell) for cell in row.cells), row.line, row.problem]))


def _upload(request: DeskRequest, number: int) -> ContactImport:
    return get_object_or_404(ContactImport.objects.select_related("channel", "organisation"), organisation=request.organisation, pk=number)
