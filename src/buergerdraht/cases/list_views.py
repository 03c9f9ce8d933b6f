"""The list of cases: filters, kept views, a change of many, and the list as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST, require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import bulk as many
from buergerdraht.cases import export, sight, undoing, views_kept
from buergerdraht.cases import listing as reading
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.list_forms import VERBS, FilterForm, KeepForm, ManyForm
from buergerdraht.cases.models import Case

DROPPED = "case_view_dropped"  # in the session: a view that can be brought back
CHANGED = "cases_changed"  # in the session: the last change of many, which can be taken back
CHANGED_FOR = timedelta(hours=1)
QUICK = (
    ("", gettext_noop("Offene")), ("wer=meine", gettext_noop("Meine")), ("team=meine", gettext_noop("Meine Teams")),
    ("stand=received", gettext_noop("Neue")), ("frist=ueberfaellig", gettext_noop("Überfällige")),
)  # fmt: skip


@require_safe
@desk(Right.READ)
def listing(request: DeskRequest) -> HttpResponse:
    """Show the cases that fit the filters of the address; htmx gets the rows alone."""
    form = FilterForm(request.membership, request.GET)
    context = _rows(request, form)
    if request.headers.get("HX-Target") == "anliegen":
        answer = render(request, "cases/_rows.html", context)
        answer["HX-Replace-Url"] = context["here"]
    else:
        answer = render(request, "cases/list.html", context | _around(request, form), status=200 if form.is_valid() else 422)
    patch_vary_headers(answer, ["HX-Target"])
    return answer


def _rows(request: DeskRequest, form: FilterForm) -> dict[str, Any]:
    now, asked = timezone.now(), form.asked
    found = reading.chosen(request.membership, asked, now) if form.is_valid() else Case.objects.none()
    most = _shown(request)
    rows, more = reading.rows(found, asked.sortierung, most, now)
    number = reading.count(found) if more else len(rows)
    plain, here = asked.query, reverse("cases:list", args=[request.organisation.slug])
    further = min(most + reading.STEP, reading.MOST_ROWS)
    at = f"&zeigen={most}" if most != reading.STEP else ""
    return {
        "form": form, "rows": rows, "more": more, "counted": reading.counted(number), "number": number, "query": plain, "asked": asked,
        "here": f"{here}?{plain}{at}" if plain or at else here, "further": further if more and most < further else 0,
        "further_url": f"{here}?{plain}&zeigen={further}", "most": reading.MOST_ROWS, "may_work": request.may(Right.ANSWER),
    }  # fmt: skip


def _shown(request: DeskRequest) -> int:
    """How many rows are wanted: a live list fetches itself as long as it is."""
    text = request.GET.get("zeigen", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return min(max(wanted, reading.STEP), reading.MOST_ROWS)


def _around(request: DeskRequest, form: FilterForm, keep: KeepForm | None = None) -> dict[str, Any]:
    """What stands around the rows: views, the verbs for many, files."""
    droppable = set(views_kept.droppable(request.membership).values_list("pk", flat=True))
    kept = [(view, view.pk in droppable) for view in views_kept.seen(request.membership)]
    return {
        "quick": [(query, _(words)) for query, words in QUICK], "kept": kept, "keep": keep or KeepForm(), "verbs": VERBS,
        "dropped": request.session.pop(DROPPED, None), "changed": _changed(request), "may_manage": request.may(Right.MANAGE),
        "most_many": many.MOST,
    }  # fmt: skip


def _changed(request: DeskRequest) -> int:
    """How many cases the last change of many changed, where the list has not said so yet."""
    kept = request.session.get(CHANGED)
    if not kept or kept["said"]:
        return 0
    request.session[CHANGED] = kept | {"said": True}
    return len(kept["changes"])


def back_to(request: DeskRequest, query: str) -> HttpResponse:
    """Go to the list as it was asked for; what cannot be read of the address is left out."""
    plain = FilterForm(request.membership, _query(query)).asked.query
    address = reverse("cases:list", args=[request.organisation.slug])
    return redirect(f"{address}?{plain}" if plain else address)


def _query(text: str) -> dict[str, Any]:
    return QueryDict(text[:1_000]).dict()


# ── Views that are kept ───────────────────────────────────────────────────


@require_POST
@desk(Right.READ)
def view_keep(request: DeskRequest) -> HttpResponse:
    """Keep the present filters under a name."""
    query, keep = request.POST.get("query", ""), KeepForm(request.POST)
    if keep.is_valid():
        try:
            views_kept.keep(request.membership, keep.cleaned_data["name"], query[:1_000], everybody=keep.cleaned_data["alle"])
        except NotNow as reason:
            keep.add_error(None, str(reason))
        else:
            messages.success(request, _("Die Ansicht „%(name)s“ ist gespeichert.") % {"name": keep.cleaned_data["name"]})
            return back_to(request, query)
    form = FilterForm(request.membership, _query(query))
    context = _rows(request, form) | _around(request, form, keep)
    return render(request, "cases/list.html", context, status=422)


@require_POST
@desk(Right.READ)
def view_drop(request: DeskRequest, view: int) -> HttpResponse:
    """Delete a view; the page after it offers to bring it back."""
    row = get_object_or_404(views_kept.droppable(request.membership), pk=view)
    request.session[DROPPED] = {"name": row.name, "query": row.query, "alle": row.operator_id is None}
    views_kept.drop(request.membership, row)
    return back_to(request, request.POST.get("query", ""))


# ── Many at once ──────────────────────────────────────────────────────────


@require_POST
@desk(Right.ANSWER)
def bulk(request: DeskRequest) -> HttpResponse:
    """Ask what is to become of the chosen cases, then do it and say of which it could not be done."""
    verb, query = request.POST.get("tun", ""), request.POST.get("query", "")
    numbers = reading.numbers(request.POST.getlist("nummer"), many.MOST + 1)
    if verb not in dict(VERBS):
        messages.error(request, _("Bitte wählen Sie, was mit den Anliegen geschehen soll."))
        return back_to(request, query)
    if not numbers or len(numbers) > many.MOST:
        words = _("Mehr als %(most)s Anliegen auf einmal gehen nicht.") if numbers else _("Bitte wählen Sie Anliegen aus.")
        messages.error(request, words % {"most": many.MOST} if numbers else words)
        return back_to(request, query)
    form = ManyForm(verb, request.organisation, request.POST if "ja" in request.POST else None)
    rows = sight.cases(request.membership).filter(pk__in=numbers).select_related("category").order_by("-received_at")
    context: dict[str, Any] = {"form": form, "verb": verb, "title": dict(VERBS)[verb], "rows": rows, "query": query}
    if form.is_bound and form.is_valid():
        outcome = many.change(request.membership, numbers, verb, form.cleaned_data)
        whole = not outcome.refused and not outcome.gone
        if outcome.done:
            at = timezone.now().isoformat()
            request.session[CHANGED] = {"verb": verb, "changes": outcome.changes, "at": at, "said": not whole}
        return back_to(request, query) if whole else render(request, "cases/bulk.html", context | {"outcome": outcome})
    return render(request, "cases/bulk.html", context, status=422 if form.is_bound else 200)


@require_POST
@desk(Right.ANSWER)
def bulk_undo(request: DeskRequest) -> HttpResponse:
    """Let what the last change of many changed stand as before."""
    kept = request.session.pop(CHANGED, None)
    if not kept or timezone.now() - datetime.fromisoformat(kept["at"]) > CHANGED_FOR:
        messages.error(request, _("Diese Änderung lässt sich nicht mehr zurücknehmen."))
        return back_to(request, request.POST.get("query", ""))
    done, left = undoing.undo(request.membership, kept["verb"], [undoing.Change(*each) for each in kept["changes"]])
    if done:
        words = ngettext("%(n)s Anliegen steht wieder wie vorher.", "%(n)s Anliegen stehen wieder wie vorher.", done)
        messages.success(request, words % {"n": done})
    if left:
        words = ngettext(
            "%(n)s Anliegen wurde inzwischen weiter bearbeitet und bleibt, wie es ist.",
            "%(n)s Anliegen wurden inzwischen weiter bearbeitet und bleiben, wie sie sind.", left,
        )  # fmt: skip
        messages.warning(request, words % {"n": left})
    return back_to(request, request.POST.get("query", ""))


# ── Files ─────────────────────────────────────────────────────────────────


@require_safe
@desk(Right.ANSWER)
def export_csv(request: DeskRequest) -> HttpResponseBase:
    """Hand out the filtered list as a table."""
    return _file(request, export.table, "csv", "text/csv")


@require_safe
@desk(Right.ANSWER)
def export_geojson(request: DeskRequest) -> HttpResponseBase:
    """Hand out those of the filtered list that have a place, for maps (RFC 7946)."""
    return _file(request, export.geojson, "geojson", "application/geo+json")


def _file(request: DeskRequest, write: Callable[[QuerySet[Case]], Iterator[str]], ending: str, kind: str) -> HttpResponseBase:
    form = FilterForm(request.membership, request.GET)
    if not form.is_valid():
        raise Http404
    asked = form.asked
    rows = reading.chosen(request.membership, asked, timezone.now()).order_by(*reading.ORDERS[asked.sortierung])
    audit.record(request.organisation, "cases.export", operator=request.operator, kind=ending, count=rows.count())
    answer = StreamingHttpResponse(write(rows), content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="anliegen-{timezone.localdate():%Y-%m-%d}.{ending}"'
    answer["Cache-Control"] = "no-store"
    return answer
