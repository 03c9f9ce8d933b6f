"""The list of dialogs and the editor: a draft that reads like a conversation, changed piece by piece."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import actions, carrying, document, editing, kinds, reading, screens, sections, shelf
from buergerdraht.dialogs.editing import Edit
from buergerdraht.dialogs.forms import TRIGGERS, HeadForm, NewForm, StepForm
from buergerdraht.dialogs.labels import Labels
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.rapidpro.report import TITLES
from buergerdraht.meters.models import MeterReading

BIG_EXPORT = 20_000_000  # bytes of an export of flows
HEAD = "kopf"
STATES: dict[str, tuple[Callable[..., Dialog], Promise]] = {
    "ausschalten": (actions.switch_off, gettext_lazy("Ausgeschaltet. Wer gerade im Dialog ist, kommt noch zu seinem Ende.")),
    "einschalten": (actions.switch_on, gettext_lazy("Wieder eingeschaltet.")),
    "archivieren": (actions.archive, gettext_lazy("Der Dialog liegt jetzt im Archiv.")),
    "zurueckholen": (actions.bring_back, gettext_lazy("Aus dem Archiv geholt. Er ist noch ausgeschaltet.")),
}


# ── The list ──────────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponse:
    archived = "archiv" in request.GET
    rows = reading.listing(request.organisation, archived=archived)
    there = Dialog.objects.filter(organisation=request.organisation, archived_at__isnull=archived).exists()
    return render(request, "dialogs/list.html", {
        "rows": rows, "archived": archived, "others": there, "may_edit": screens.may_edit(request), "days": reading.DAYS,
        "may_manage": request.may(Right.MANAGE), "meters": MeterReading.objects.filter(organisation=request.organisation).exists(),
    })  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def new(request: DeskRequest) -> HttpResponse:
    """Begin an empty one, or bring one from a file."""
    screens.to_edit(request)
    form = NewForm(request.POST if "title" in request.POST else None)
    if form.is_valid():
        row = actions.create(request.organisation, form.cleaned_data["title"], operator=request.operator)
        return redirect("dialogs:edit", request.organisation.slug, row.pk)
    if export := request.FILES.get("fluesse"):
        return _flows(request, export)
    if upload := request.FILES.get("file"):
        return _brought(request, upload)
    return render(request, "dialogs/new.html", {"form": form, "problems": []}, status=422 if form.is_bound else 200)


def _brought(request: DeskRequest, upload: UploadedFile[Any]) -> HttpResponse:
    """Make a draft of a file, and say what became of those it brought along."""
    try:
        if (upload.size or 0) > carrying.LARGEST:
            raise ValidationError(_("Die Datei ist zu groß: höchstens 20 MB."))
        brought = carrying.bring(request.organisation, upload.read(), operator=request.operator)
    except ValidationError as problem:
        return render(request, "dialogs/new.html", {"form": NewForm(), "problems": problem.messages}, status=422)
    if brought.laid:
        messages.success(request, _("Mitgekommen und abgelegt: %(names)s.") % {"names": ", ".join(brought.laid)})
    if brought.other:
        words = _("Unter diesen Namen liegt hier schon etwas anderes, das der Dialog nun sendet: %(names)s. Sehen Sie nach.")
        messages.warning(request, words % {"names": ", ".join(brought.other)})
    return redirect("dialogs:edit", request.organisation.slug, brought.dialog.pk)


def _flows(request: DeskRequest, upload: UploadedFile[Any]) -> HttpResponse:
    """Bring over what another system exported, and tell what became of every piece."""
    if (upload.size or 0) > BIG_EXPORT:
        return render(
            request, "dialogs/new.html", {"form": NewForm(), "problems": [_("Die Datei ist zu groß: höchstens 20 MB.")]}, status=422
        )
    brought = actions.bring_flows(request.organisation, upload.read(), operator=request.operator)
    made = sum(each.dialog is not None for each in brought)
    return render(request, "dialogs/brought.html", {"brought": brought, "made": made, "titles": TITLES}, status=200 if made else 422)


@require_POST
@desk(Right.READ)
def state(request: DeskRequest, number: int, verb: str) -> HttpResponse:
    """Switch off and on, put away, copy."""
    screens.to_edit(request)
    row = screens.found(request, number)
    if verb == "kopieren":
        copied = actions.copy(row, operator=request.operator)
        messages.success(request, _("Kopiert. Auslöser hat die Kopie noch keine: Zwei Dialoge sollten nicht mit einem Wort beginnen."))
        return redirect("dialogs:edit", request.organisation.slug, copied.pk)
    if verb not in STATES:
        raise Http404
    act, words = STATES[verb]
    try:
        act(row, operator=request.operator)
        messages.success(request, str(words))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    if verb == "archivieren":
        return redirect("dialogs:list", request.organisation.slug)
    return redirect("dialogs:edit", request.organisation.slug, row.pk)


@require_safe
@desk(Right.READ)
def export(request: DeskRequest, number: int) -> HttpResponse:
    """The draft as a file, to keep and to bring elsewhere."""
    row = screens.found(request, number)
    packed = carrying.pack(row)
    kind = "application/zip" if packed.ending == "zip" else "application/yaml; charset=utf-8"
    answer = HttpResponse(packed.data, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{row.key}.{packed.ending}"'
    return answer


# ── The editor ────────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def edit(request: DeskRequest, number: int) -> HttpResponse:
    row = screens.found(request, number)
    return render(request, "dialogs/editor.html", {**screens.frame(request, row, "edit"), **_sheet(request, row)})


@require_safe
@desk(Right.READ)
def palette(request: DeskRequest, number: int) -> HttpResponse:
    """What can be put in behind a step."""
    screens.to_edit(request)
    row = screens.found(request, number)
    groups = kinds.groups(screens.setup(request, row).house)
    return render(request, "dialogs/_palette.html", {
        "dialog": row, "groups": groups, "after": request.GET.get("nach", ""), "sections": sections.sections().values(),
    })  # fmt: skip


@require_POST
@desk(Right.READ)
def add(request: DeskRequest, number: int) -> HttpResponse:
    """Put a new step in and open its form."""
    screens.to_edit(request)
    row = screens.found(request, number)
    setup = screens.setup(request, row)
    entry = kinds.entry_of(request.POST.get("art", ""), setup.house)
    if entry is None:
        raise Http404
    values = kinds.make(entry, row.draft["languages"][0] if "languages" in row.draft else setup.language, setup.house)
    return _changed(request, row, editing.add(values, request.POST.get("nach", "")), After(opened=True))


@require_POST
@desk(Right.READ)
def add_section(request: DeskRequest, number: int) -> HttpResponse:
    """Put a ready-made section in and go to its first step."""
    screens.to_edit(request)
    row = screens.found(request, number)
    section = sections.sections().get(request.POST.get("abschnitt", ""))
    if section is None:
        raise Http404
    made = sections.steps(section, row.draft.get("languages", ["de"]), screens.setup(request, row).house)
    toast = ngettext(
        "Eingefügt: %(title)s, ein Schritt. Bitte lesen Sie ihn durch.",
        "Eingefügt: %(title)s, %(n)s Schritte. Bitte lesen Sie sie durch.",
        len(made),
    )
    edit = editing.add_section(section.key, made, request.POST.get("nach", ""))
    return _changed(request, row, edit, After(toast=toast % {"title": section.title, "n": len(made)}))


@require_POST
@desk(Right.READ)
def act(request: DeskRequest, number: int, key: str, verb: str) -> HttpResponse:
    """Move, copy, delete or rename a step."""
    screens.to_edit(request)
    row = screens.found(request, number)
    if verb in {"hoch", "runter"}:
        return _changed(request, row, editing.shift(key, -1 if verb == "hoch" else 1), After(focus=key))
    if verb == "verschieben":
        return _changed(request, row, editing.move(key, request.POST.get("nach", "")), After(focus=key))
    if verb == "kopieren":
        return _changed(request, row, editing.copy(key), After(opened=True))
    if verb == "umbenennen":
        name = request.POST.get("kurzname", "").strip()
        return _changed(request, row, editing.rename(key, name), After(focus=name))
    if verb != "loeschen":
        raise Http404
    ids = [step["id"] for step in row.draft["steps"]]
    following = ids[min(ids.index(key) + 1, len(ids) - 1)] if key in ids else ""
    words = Labels(row.draft, screens.language(request, row)).step(key)
    toast = _("Gelöscht: %(step)s") % {"step": words}
    return _changed(request, row, editing.remove(key), After(focus=following, toast=toast))


@require_POST
@desk(Right.READ)
def turn(request: DeskRequest, number: int, verb: str) -> HttpResponse:
    """Take the last change back, or make it again."""
    screens.to_edit(request)
    row = screens.found(request, number)
    act, none = {
        "zurueck": (actions.undo, _("Es gibt nichts zurückzunehmen.")), "vor": (actions.redo, _("Es gibt nichts wiederherzustellen.")),
    }[verb]  # fmt: skip
    try:
        change = act(row, screens.stamp(request), operator=request.operator)
    except actions.Stale as problem:
        return _stale(request, row, str(problem))
    said = _("Zurückgenommen: %(what)s") if verb == "zurueck" else _("Wiederhergestellt: %(what)s")
    row = screens.found(request, number)
    toast = said % {"what": reading.what(change.what, change.before, row.draft)} if change else none
    return _drawn(request, row, After(toast=toast, undo=False))


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def step(request: DeskRequest, number: int, key: str) -> HttpResponse:
    """A step's form; what is typed in it is kept at once."""
    screens.to_edit(request)
    row = screens.found(request, number)
    setup = screens.setup(request, row)
    values = editing.step_of(row.draft, key)
    if values is None:
        return _problem(request, _("Diesen Schritt gibt es nicht mehr."), 404)
    if request.method != "POST":
        return render(request, "dialogs/_form.html", _form(request, row, key))
    form = StepForm(values, setup, request.POST)
    if not form.is_valid():
        return _problem(request, " ".join(f"{form[name].label}: {errors[0]}" for name, errors in form.errors.items()), 422)
    written = form.written()
    reform = any(values.get(name) != written.get(name) for name in ("want", "table"))
    return _saved(request, row, editing.change(key, written, request.POST.get("seen", "")), key, reform=reform)


@require_http_methods(["GET", "HEAD", "POST"])
@desk(Right.READ)
def head(request: DeskRequest, number: int) -> HttpResponse:
    """Title, languages, silence, and what begins the dialog."""
    screens.to_edit(request)
    row = screens.found(request, number)
    if request.method != "POST":
        return render(request, "dialogs/_head.html", _head(request, row))
    form = HeadForm(screens.setup(request, row), request.POST)
    if not form.is_valid():
        return _problem(request, " ".join(f"{form[name].label}: {errors[0]}" for name, errors in form.errors.items()), 422)
    written = form.written()
    reform = [each["on"] for each in row.draft.get("triggers", [])] != [each["on"] for each in written["triggers"]]
    return _saved(request, row, editing.head(written, request.POST.get("seen", "")), HEAD, reform=reform)


@require_POST
@desk(Right.READ)
def attach(request: DeskRequest, number: int, key: str) -> HttpResponse:
    """Hang a file on a step."""
    screens.to_edit(request)
    row = screens.found(request, number)
    values, upload = editing.step_of(row.draft, key), request.FILES.get("file")
    if values is None or upload is None:
        raise Http404
    try:
        if "files" not in next(each for each in document.KINDS if each.model_fields["kind"].default == values["kind"]).model_fields:
            raise Http404
        stored = shelf.add(request.organisation, upload.name or "", upload.read())
    except ValidationError as problem:
        return _problem(request, " ".join(problem.messages), 422)
    after = {**values, "files": [*values.get("files", []), {"file": stored.name}]}
    return _changed(request, row, editing.change(key, after, editing.digest(values)), After(opened=key))


# ── How it is drawn ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class After:
    """How the draft is drawn after an edit. `opened`: whose form stands open, True for the step it made; `focus`: where the eye goes."""

    opened: bool | str = False
    focus: str = ""
    toast: str = ""
    undo: bool = True


def _changed(request: DeskRequest, row: Dialog, edit: Edit, after: After) -> HttpResponse:
    """Make an edit and draw the draft anew."""
    before = {step["id"] for step in row.draft["steps"]}
    try:
        row = actions.change(row, edit, screens.stamp(request), operator=request.operator)
    except actions.Stale as problem:
        return _stale(request, row, str(problem))
    except ValidationError as problem:
        return _problem(request, " ".join(problem.messages), 422)
    made = next((step["id"] for step in row.draft["steps"] if step["id"] not in before), "")
    opened = made if after.opened is True else after.opened
    return _drawn(request, screens.found(request, row.pk), replace(after, opened=opened, focus=after.focus or made))


def _saved(request: DeskRequest, row: Dialog, edit: Edit, key: str, *, reform: bool) -> HttpResponse:
    """Keep what was typed and draw only what it changed, so that nothing moves under the writer's hands. `reform`: its form, too."""
    before = reading.cards_before(row, screens.setup(request, row))
    try:
        actions.change(row, edit, screens.stamp(request), operator=request.operator)
    except actions.Stale as problem:
        return _stale(request, row, str(problem), redraw=False)
    except ValidationError as problem:
        return _problem(request, " ".join(problem.messages), 422)
    row = screens.found(request, row.pk)
    context = _sheet(request, row)
    values = editing.step_of(row.draft, key) if key != HEAD else editing.head_of(row.draft)
    context |= {
        **screens.frame(request, row, "edit"), "saved_at": timezone.localtime(), "key": key, "seen": editing.digest(values),
        "changed": [card for card in context["sheet"].cards if before.get(card.id) != card],
    }  # fmt: skip
    if reform:
        context |= _form(request, row, key) if key != HEAD else _head(request, row)
        context["reform"] = True
    answer = render(request, "dialogs/_saved.html", context)
    if reform:
        answer["HX-Retarget"], answer["HX-Reswap"] = f"#form-{key}", "innerHTML"
    answer["HX-Trigger"] = "draft"
    return answer


def _drawn(request: DeskRequest, row: Dialog, after: After) -> HttpResponse:
    context = {**screens.frame(request, row, "edit"), **_sheet(request, row), "toast": after.toast, "undo": after.undo}
    opened = after.opened if isinstance(after.opened, str) else ""
    if opened:
        context |= {"opened": opened, **_form(request, row, opened)}
    answer = render(request, "dialogs/_sheet.html", {**context, "swapped": True})
    answer["HX-Trigger-After-Settle"] = json.dumps({"draft": "", "shown": {"step": opened or after.focus, "form": bool(opened)}})
    return answer


def _stale(request: DeskRequest, row: Dialog, sentence: str, *, redraw: bool = True) -> HttpResponse:
    """Somebody was faster: say so. Where nothing was typed the new state is drawn at once."""
    if redraw:
        after = After(toast=f"{sentence} {_('Das ist der neue Stand.')}", undo=False)
        return _drawn(request, screens.found(request, row.pk), after)
    more = _("Ihre Eingabe steht noch da; sehen Sie sich zuerst den neuen Stand an.")
    answer = render(request, "dialogs/_stale.html", {"sentence": f"{sentence} {more}", "dialog": row}, status=409)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#meldung", "innerHTML"
    return answer


def _problem(request: DeskRequest, sentence: str, status: int) -> HttpResponse:
    answer = render(request, "dialogs/_problem.html", {"sentence": sentence}, status=status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#meldung", "innerHTML"
    return answer


def _sheet(request: DeskRequest, row: Dialog) -> dict[str, Any]:
    setup = screens.setup(request, row)
    return {
        "sheet": reading.sheet(row, setup), "language": setup.language, "languages": reading.languages(row.draft),
        "undoable": row.changes.filter(undone=False).exists(), "redoable": row.changes.filter(undone=True).exists(),
        "kinds": [(kind, title) for kind, title in _messengers(setup.house.kinds)],
        "title": setup.labels.said(row.draft.get("title")), "purpose": row.draft.get("purpose", ""),
    }  # fmt: skip


def _messengers(listed: list[str]) -> list[tuple[str, str]]:
    from buergerdraht.gateway import channels

    return [(kind, channels.title(kind)) for kind in listed]


def _form(request: DeskRequest, row: Dialog, key: str) -> dict[str, Any]:
    setup = screens.setup(request, row)
    values = editing.step_of(row.draft, key)
    assert values is not None
    form = StepForm(values, setup)
    return {
        "form": form, "dialog": row, "key": key, "language": setup.language, "seen": editing.digest(values), "values": values,
        **reading.rows(values, setup), "has": dict.fromkeys(form.rows, True),
        "first": setup.labels.first, "original": setup.labels.said(values.get("text")) if setup.language != setup.labels.first else "",
    }  # fmt: skip


def _head(request: DeskRequest, row: Dialog) -> dict[str, Any]:
    setup = screens.setup(request, row)
    return {
        "head": HeadForm(setup), "dialog": row, "language": setup.language, "seen": editing.digest(editing.head_of(row.draft)),
        "triggers": reading.trigger_rows(row.draft, setup.language), "ons": TRIGGERS, "topics": setup.house.topics.items(),
        "messengers": _messengers(setup.house.kinds), "weekdays": [(number, str(day)[:2]) for number, day in WEEKDAYS.items()],
    }  # fmt: skip
