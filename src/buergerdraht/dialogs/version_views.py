"""What went live and when, what differs, publishing and the way back; recorded examples; citizens' walks."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.dialogs import actions, diffing, entrances, figures, knowing, phone_views, reading, screens, walk_table
from buergerdraht.dialogs import proofs as examples_at_hand
from buergerdraht.dialogs.forms import LANGUAGES
from buergerdraht.dialogs.models import Example, Version
from buergerdraht.gateway import channels, links

# ── Versions ──────────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def versions(request: DeskRequest, number: int) -> HttpResponse:
    """What is not yet published, with what stands against it; below it every version."""
    row = screens.found(request, number)
    last = row.live or row.versions.first()
    results = actions.run_examples(row)
    changes = row.changes.filter(undone=False).select_related("operator")
    return render(request, "dialogs/versions.html", {
        **screens.frame(request, row, "versions"), "versions": row.versions.select_related("operator"), "last": last,
        "differences": diffing.differences(last.document, row.draft) if last else [], "changed": last is None or last.document != row.draft,
        "errors": [each for each in knowing.findings(row) if each.level == "error"],
        "red": [each for each in results if not each.verdict.good], "green": sum(each.verdict.good for each in results),
        "changes": [(each, reading.what(each.what, each.before, row.draft)) for each in changes[:30]],
        "begun_by": entrances.names(row), "links": entrances.links_of(row), "codes": entrances.codes(row),
    })  # fmt: skip


@require_safe
@desk(Right.READ)
def version(request: DeskRequest, number: int, key: str) -> HttpResponse:
    """What a version changed against the one before, or against another that is named."""
    row = screens.found(request, number)
    shown = _version(request, number, key)
    before = row.versions.filter(number__lt=shown.number).first()
    return render(request, "dialogs/version.html", {
        **screens.frame(request, row, "versions"), "version": shown, "before": before,
        "differences": diffing.differences(before.document, shown.document) if before else [],
        "to_draft": diffing.differences(row.draft, shown.document),
    })  # fmt: skip


@require_POST
@desk(Right.READ)
def publish(request: DeskRequest, number: int) -> HttpResponse:
    screens.to_edit(request)
    row = screens.found(request, number)
    try:
        made = actions.publish(row, request.POST.get("note", ""), operator=request.operator, stamp=screens.stamp(request))
        messages.success(
            request, _("Version %(n)s ist live. Wer schon mitten im Dialog ist, führt ihn in der alten zu Ende.") % {"n": made.number}
        )
    except actions.Stale as problem:
        messages.error(request, str(problem))
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    return redirect("dialogs:versions", request.organisation.slug, row.pk)


@require_POST
@desk(Right.READ)
def revert(request: DeskRequest, number: int, key: str) -> HttpResponse:
    screens.to_edit(request)
    row = screens.found(request, number)
    try:
        actions.revert(row, _version(request, number, key), operator=request.operator, stamp=screens.stamp(request))
        messages.success(request, _("Version %(n)s ist wieder der Entwurf. Live ist sie erst, wenn Sie veröffentlichen.") % {"n": key})
    except actions.Stale as problem:
        messages.error(request, str(problem))
    return redirect("dialogs:edit", request.organisation.slug, row.pk)


@require_safe
@desk(Right.READ)
def qr(request: DeskRequest, number: int, channel: int, key: str, ending: str) -> HttpResponse:
    """Hand out the QR code of a link that begins the dialog, as SVG for print or PNG."""
    row = screens.found(request, number)
    found = get_object_or_404(entrances.channels_of(row, key), pk=channel)
    return links.code(entrances.address(row, key, found), ending, saved_as=f"{row.key}-{found.kind}" if "laden" in request.GET else "")


def _version(request: DeskRequest, number: int, key: str) -> Version:
    rows = Version.objects.select_related("operator").filter(dialog=number, dialog__organisation=request.organisation)
    if not key.isdigit():
        raise Http404
    return get_object_or_404(rows, number=int(key))


# ── Examples ──────────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def examples(request: DeskRequest, number: int) -> HttpResponse:
    """Every example, played just now, with the move that went wrong."""
    row = screens.found(request, number)
    results = [
        {
            "example": each.example, "verdict": each.verdict, "kind": channels.title(each.example.channel),
            "spoken": LANGUAGES.get(each.example.language, each.example.language),
            "moves": [(n == each.verdict.move, side, words) for n, (side, words) in enumerate(map(figures.move_words, each.example.moves))],
        }
        for each in actions.run_examples(row)
    ]  # fmt: skip
    return render(request, "dialogs/examples.html", {**screens.frame(request, row, "examples"), "results": results})


@require_safe
@desk(Right.READ)
def proofs(request: DeskRequest, number: int) -> HttpResponse:
    """How the examples stand with the draft as it is now, in a few lines beside the editor, which asks after each change."""
    row = screens.found(request, number)
    found = examples_at_hand.of(row, screens.language(request, row))
    answer = render(request, "dialogs/_proofs.html", {"dialog": row, "proofs": found, "shown": found.red[: examples_at_hand.MOST_SHOWN]})
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@desk(Right.READ)
def record(request: DeskRequest, number: int) -> HttpResponse:
    """Keep what was played in the phone."""
    screens.to_edit(request)
    row = screens.found(request, number)
    setting, moves = phone_views.read(request, row)
    try:
        actions.record_example(row, request.POST.get("name", ""), moves, setting, operator=request.operator)
        sentence, level = _("Gemerkt. Sie finden es unter „Beispiele“."), "is-ok"
    except ValidationError as problem:
        sentence, level = " ".join(problem.messages), "is-bad"
    answer = render(request, "dialogs/_recorded.html", {"sentence": sentence, "level": level})
    answer["HX-Trigger"] = "recorded"
    return answer


@require_POST
@desk(Right.READ)
def example(request: DeskRequest, number: int, example: int, verb: str) -> HttpResponse:
    """Take an example's answers as they are now, or throw it away."""
    screens.to_edit(request)
    row = screens.found(request, number)
    kept = get_object_or_404(Example.objects.select_related("dialog__organisation"), pk=example, dialog=row)
    if verb == "uebernehmen":
        actions.accept_example(kept, operator=request.operator)
        messages.success(request, _("Übernommen: So wie jetzt ist es richtig."))
    elif verb == "loeschen":
        actions.remove_example(kept, operator=request.operator)
        messages.success(request, _("Das Beispiel ist gelöscht."))
    else:
        raise Http404
    return redirect("dialogs:examples", request.organisation.slug, row.pk)


# ── Walks ─────────────────────────────────────────────────────────────────


@require_safe
@desk(Right.READ)
def walks(request: DeskRequest, number: int) -> HttpResponse:
    """Who is in the dialog, and who was."""
    row = screens.found(request, number)
    state = request.GET.get("stand", "")
    page = Paginator(figures.walks(row, request.membership, state), 30).get_page(request.GET.get("seite"))
    lines = [figures.walk(each, row) for each in page.object_list]
    return render(request, "dialogs/walks.html", {
        "may_export": request.may(Right.CONTACTS),
        **screens.frame(request, row, "walks"), "page": page, "lines": lines, "state": state, "states": figures.STATES,
        "asked": f"stand={state}" if state else "", "missed": row.missed.filter(people__gt=0).order_by("-at")[:5],
    })  # fmt: skip


@require_safe
@desk(Right.CONTACTS)
def walks_csv(request: DeskRequest, number: int) -> HttpResponseBase:
    """Hand out the list as a table, with names, addresses and answers: for those who may take contacts out of the house."""
    row = screens.found(request, number)
    rows = figures.walks(row, request.membership, request.GET.get("stand", ""))
    audit.record(request.organisation, "dialogs.export_walks", operator=request.operator, subject=f"dialog:{row.pk}", count=rows.count())
    answer = StreamingHttpResponse(walk_table.table(row, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.key}-{timezone.localdate():%Y-%m-%d}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer
