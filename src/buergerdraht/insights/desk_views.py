"""The inbox in figures: the page and the export of each of its tables."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from buergerdraht.accounts import audit
from buergerdraht.accounts.desk import desk
from buergerdraht.accounts.rights import Right
from buergerdraht.conversations.models import Desk
from buergerdraht.conversations.words import span as length
from buergerdraht.insights import desk as inbox
from buergerdraht.insights.desk_tables import HIDDEN, NOTHING, Table, span, tables
from buergerdraht.insights.figures import Tile
from buergerdraht.insights.period import CHOICES, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buergerdraht.accounts.desk import DeskRequest

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@require_safe
@desk(Right.READ)
def page(request: DeskRequest) -> HttpResponse:
    period = chosen(request.GET.dict(), timezone.localdate())
    figures = inbox.figures(request.membership, period)
    settings = Desk.of(request.organisation)
    context = {
        "period": period,
        "choices": CHOICES,
        "figures": figures,
        "tiles": tiles(figures),
        "tables": tables(request.organisation, figures),
        "texts": inbox.texts(request.membership, period),
        "most_texts": inbox.TEXTS,
        "works_council": settings.works_council,
        "smallest": settings.smallest_group,
        "bounded": settings.teams_apart,
    }
    return render(request, "insights/desk.html", context)


@require_safe
@desk(Right.READ)
def export(request: DeskRequest) -> HttpResponse:
    """Give one table as the page shows it: what is kept back there is kept back here."""
    period = chosen(request.GET.dict(), timezone.localdate())
    found = tables(request.organisation, inbox.figures(request.membership, period))
    wanted = request.GET.get("tabelle", "")
    table = next((table for table in found if table.key == wanted), None)
    if table is None:
        raise Http404
    audit.record(request.organisation, "insights.export", operator=request.operator, table=table.key)
    response = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="posteingang-{table.key}-{period.first}-{period.last}.csv"'
    return response


def as_csv(table: Table) -> str:
    """Write a table for German spreadsheet programs; times are in minutes."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    head = [f"{name} ({_('Min.')})" if name.startswith(_("Antwort: ")) else name for name in table.head]
    writer.writerow(map(harmless, head))
    for row in [*table.rows, *([table.foot] if table.foot else [])]:
        writer.writerow(map(harmless, [row.name, *(cell.value for cell in row.cells)]))
    return "\ufeff" + text.getvalue()


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def tiles(figures: inbox.Figures) -> Sequence[Tile]:
    """The figures at the top: of the period, and what waits now."""
    total, least, few = figures.total, figures.smallest, figures.too_few
    title = _("Wartet jetzt"), _("Neue Unterhaltungen"), _("Zeit bis zur ersten Antwort"), _("Frist gehalten"), _("Bewertung")
    waiting = Tile(title[0], _number(figures.now.waiting), delta=_late(figures.now))
    if few:
        return [waiting, *(Tile(each, HIDDEN, delta=_("zu wenige, um sie zu zeigen")) for each in title[1:])]
    words = {"answered": _number(total.answered), "closed": _number(total.closed)}
    new = Tile(title[1], _number(total.new), delta=_("%(answered)s davon beantwortet, %(closed)s erledigt") % words)
    return [waiting, new, _first_answer(title[2], total, least), _kept(title[3], total, least), _mark(title[4], total, least)]


def _late(now: inbox.Now) -> str:
    if not now.waiting or now.oldest is None:
        return _("Niemand wartet auf eine Antwort")
    longest = _("am längsten seit %(time)s") % {"time": length(timezone.now() - now.oldest)}
    if not now.overdue:
        return longest
    late = ngettext("eine über der Frist", "%(n)s über der Frist", now.overdue) % {"n": _number(now.overdue)}
    return f"{longest}, {late}"


def _first_answer(title: str, total: inbox.Group, least: int) -> Tile:
    middle, most = total.time(0.5, least), total.time(0.9, least)
    if middle is None or most is None:
        return Tile(title, NOTHING, delta=_("noch keine Antwort gemessen"))
    return Tile(title, span(middle), delta=_("Median in Dienstzeit; 90 %% in höchstens %(time)s") % {"time": span(most)})


def _kept(title: str, total: inbox.Group, least: int) -> Tile:
    share = total.share_kept(least)
    if share is None:
        return Tile(title, NOTHING, delta=_("Kein Team hat eine Frist für die erste Antwort gesetzt, oder noch nichts wurde beantwortet"))
    words = {"kept": _number(total.kept), "of": _number(total.promised)}
    return Tile(title, str(round(100 * share)), "%", delta=_("%(kept)s von %(of)s mit Frist rechtzeitig beantwortet") % words)


def _mark(title: str, total: inbox.Group, least: int) -> Tile:
    mark = total.mark(least)
    if mark is None:
        return Tile(title, NOTHING, delta=_("noch keine oder zu wenige Bewertungen"))
    given = ngettext("eine Bewertung", "%(n)s Bewertungen", total.marked) % {"n": _number(total.marked)}
    return Tile(title, formats.number_format(mark, decimal_pos=1), _("von 5"), delta=given)


def _number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)
