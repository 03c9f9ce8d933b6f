"""The tables of the inbox's figures, each with its picture. What the screen shows and what the export holds comes from here alone."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from django.utils import formats
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.insights.charts import Plot, bars, hours, plot
from buergerdraht.insights.desk import CHANNEL, DAY, HOUR, OPERATOR, TEAM, TOPIC, Figures, Group

HIDDEN, NOTHING = "–", "k. A."
MINUTE, HOUR_LONG = 60, 3600
STEPS = (15 * MINUTE, HOUR_LONG, 4 * HOUR_LONG, 8 * HOUR_LONG)


@dataclass(frozen=True)
class Cell:
    """What the screen says and what the export holds."""

    text: str
    value: str


HIDDEN_CELL = Cell(HIDDEN, HIDDEN)


@dataclass(frozen=True)
class Row:
    name: str
    cells: Sequence[Cell]
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    said: str  # the picture in a sentence
    head: Sequence[str]
    rows: Sequence[Row]
    shape: str  # columns, bars, hours
    picture: Plot
    foot: Row | None = None

    @property
    def some_hidden(self) -> bool:
        return any(row.hidden for row in self.rows)


def tables(organisation: Organisation, figures: Figures) -> list[Table]:
    """Lay out every table the member may see, in the order of the page."""
    if figures.too_few or not figures.total.new:
        return []
    found = [days(figures), hours_of_week(figures), answer_times(figures), marks(figures)]  # the narrow ones in pairs
    found += [_named(organisation, figures, kind) for kind in (TOPIC, CHANNEL, TEAM)]
    return [*found, _named(organisation, figures, OPERATOR)] if figures.by_person else found


# ── The tables ────────────────────────────────────────────────────────────


def days(figures: Figures) -> Table:
    """Each day: closed, answered and still open, waiting for the first answer."""
    found, hidden = figures.groups[DAY], figures.hidden[DAY]
    rows, columns = [], []
    for day in figures.period.days:
        group = found.get(day, Group())
        kept = day in hidden
        rows.append(_row(formats.date_format(day, "D, j.n.Y"), group, figures, hidden=kept))
        rest = max(group.new - max(group.answered, group.closed), 0)
        columns.append((0, 0, 0) if kept else (group.closed, max(group.answered - group.closed, 0), rest))
    peak = max((day for day in found if day not in hidden), key=lambda day: found[day].new, default=None)
    said = _("Säulendiagramm: neue Unterhaltungen je Tag, %(period)s.") % {"period": figures.period.words}
    if isinstance(peak, date):
        words = {"n": _count(found[peak].new), "day": formats.date_format(peak, "j. F")}
        said += " " + _("Höchster Wert %(n)s am %(day)s.") % words
    picture = plot([f"{day.day}.{day.month}." for day in figures.period.days], columns)
    return Table("tage", _("Je Tag"), said, _head(_("Tag")), rows, "columns", picture, _row(_("gesamt"), figures.total, figures))


def answer_times(figures: Figures) -> Table:
    """How long citizens waited for the first answer, in office time."""
    times = figures.total.times
    bounds = [0, *STEPS, float("inf")]
    names = [_("unter 15 Minuten"), _("15 bis unter 60 Minuten"), _("1 bis unter 4 Stunden"), _("4 bis unter 8 Stunden")]
    names.append(_("ab 8 Stunden"))
    numbers = [sum(n for step, n in times.items() if low <= step < high) for low, high in pairwise(bounds)]
    total = sum(numbers)
    rows = [Row(name, [_number(n), _share(n / total if total else None)]) for name, n in zip(names, numbers, strict=True)]
    said = _("Balkendiagramm: Zeit bis zur ersten Antwort, gerechnet in Dienstzeit.")
    picture = bars(names, numbers, [row.cells[0].text for row in rows])
    head = [_("Dienstzeit bis zur ersten Antwort"), _("Unterhaltungen"), _("Anteil")]
    return Table("antwortzeit", _("Zeit bis zur ersten Antwort"), said, head, rows, "bars", picture)


def hours_of_week(figures: Figures) -> Table:
    """When citizens write: weekday by hour. Hours in which nobody ever wrote are left out of the table."""
    found, hidden = figures.groups[HOUR], figures.hidden[HOUR]
    cells = {key: group.new for key, group in found.items() if isinstance(key, tuple)}
    busy = sorted({hour for _weekday, hour in cells})
    rows = []
    for weekday in range(1, 8):
        row = [HIDDEN_CELL if (weekday, hour) in hidden else _number(cells.get((weekday, hour), 0)) for hour in busy]
        rows.append(Row(str(WEEKDAYS[weekday - 1]), row, any((weekday, hour) in hidden for hour in busy)))
    said = _("Felder nach Wochentag und Stunde: je dunkler, desto mehr neue Unterhaltungen.")
    shown = {key: number for key, number in cells.items() if key not in hidden}
    if shown:
        weekday, hour = max(shown, key=lambda key: shown[key])
        words = {"day": WEEKDAYS[weekday - 1], "hour": hour, "n": _count(shown[weekday, hour])}
        said += " " + _("Am meisten: %(day)s ab %(hour)s Uhr mit %(n)s.") % words
    picture = hours(cells, hidden, [str(WEEKDAYS_ABBR[day]) for day in range(7)])
    head = [_("Wochentag"), *(_("%(hour)s Uhr") % {"hour": hour} for hour in busy)]
    return Table("stunden", _("Nach Wochentag und Stunde"), said, head, rows, "hours", picture)


def marks(figures: Figures) -> Table:
    """How citizens found it: the spread of the marks, five being best."""
    total = figures.total
    few = 0 < total.marked < figures.smallest
    numbers = list(reversed(total.marks))
    names = [_("5 – sehr gut"), "4", "3", "2", _("1 – sehr schlecht")]
    shares = [number / total.marked if total.marked else None for number in numbers]
    cells = [[HIDDEN_CELL] * 2 if few else [_number(n), _share(share)] for n, share in zip(numbers, shares, strict=True)]
    rows = [Row(name, row, few) for name, row in zip(names, cells, strict=True)]
    said = _("Balkendiagramm: Bewertungen von 5, sehr gut, bis 1, sehr schlecht.")
    picture = bars(names, [None] * 5 if few else numbers, [row.cells[0].text for row in rows])
    return Table("bewertungen", _("Bewertungen"), said, [_("Bewertung"), _("Anzahl"), _("Anteil")], rows, "bars", picture)


def _named(organisation: Organisation, figures: Figures, kind: int) -> Table:
    """One row for each topic, channel, team or person, the largest first."""
    key, title, first, none, read = {
        TOPIC: ("themen", _("Nach Thema"), _("Thema"), _("ohne Thema"), _topics),
        CHANNEL: ("kanaele", _("Nach Kanal"), _("Kanal"), _("ohne Kanal"), _channels),
        TEAM: ("teams", _("Nach Team"), _("Team"), _("ohne Team"), _teams),
        OPERATOR: ("personen", _("Nach Person"), _("Person"), _("noch niemand"), _people),
    }[kind]
    found, hidden = figures.groups[kind], figures.hidden[kind]
    names = {**read(organisation), None: none}
    order = sorted(found, key=lambda each: (each in hidden, 0 if each in hidden else -found[each].new, names.get(each, "")))
    rows = [_row(names.get(each, none), found[each], figures, hidden=each in hidden) for each in order]
    values = [None if each in hidden else found[each].new for each in order]
    said = _("Balkendiagramm: neue Unterhaltungen, %(title)s.") % {"title": title[:1].lower() + title[1:]}
    picture = bars([row.name for row in rows], values, [row.cells[0].text for row in rows])
    return Table(key, title, said, _head(first), rows, "bars", picture, _row(_("gesamt"), figures.total, figures))


def _topics(organisation: Organisation) -> Mapping[Hashable, str]:
    rows = Topic.objects.filter(organisation=organisation).values_list("pk", "title", "key")
    return {number: title.get(organisation.language) or next(iter(title.values()), key) for number, title, key in rows}


def _channels(organisation: Organisation) -> Mapping[Hashable, str]:
    rows = Channel.objects.filter(organisation=organisation).values_list("pk", "name", "kind")
    return {number: name or channels.title(kind) for number, name, kind in rows}


def _teams(organisation: Organisation) -> Mapping[Hashable, str]:
    return dict(Team.objects.filter(organisation=organisation).values_list("pk", "name"))


def _people(organisation: Organisation) -> Mapping[Hashable, str]:
    return dict(Operator.objects.filter(memberships__organisation=organisation).values_list("pk", "name"))


# ── Cells ─────────────────────────────────────────────────────────────────


def _head(first: str) -> list[str]:
    return [first, _("neu"), _("beantwortet"), _("erledigt"), _("Antwort: Median"), _("Antwort: 90 %"), _("Frist gehalten"), _("Bewertung")]


def _row(name: str, group: Group, figures: Figures, *, hidden: bool = False) -> Row:
    if hidden:
        return Row(name, [HIDDEN_CELL] * 7, hidden=True)
    least = figures.smallest
    cells = [_number(group.new), _number(group.answered), _number(group.closed)]
    cells += [_span(group.time(share, least)) for share in (0.5, 0.9)]
    return Row(name, [*cells, _share(group.share_kept(least)), _mark(group.mark(least))])


def _count(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def _number(value: int) -> Cell:
    return Cell(_count(value), str(value))


def _share(value: float | None) -> Cell:
    if value is None:
        return Cell(NOTHING, "")
    return Cell(f"{round(100 * value)} %", f"{round(100 * value)} %")


def _mark(value: float | None) -> Cell:
    if value is None:
        return Cell(NOTHING, "")
    text = formats.number_format(value, decimal_pos=1)
    return Cell(text, text)


def _span(seconds: int | None) -> Cell:
    """Say a time as people do; the export holds minutes, with which one can reckon."""
    if seconds is None:
        return Cell(NOTHING, "")
    return Cell(span(seconds), str(round(seconds / 60)))


def span(seconds: int) -> str:
    """Under two hours in minutes, else in hours with a tenth."""
    if seconds < MINUTE:
        return _("unter 1 Min.")
    if seconds < 2 * HOUR_LONG:
        return _("%(n)s Min.") % {"n": seconds // MINUTE}
    return _("%(n)s Std.") % {"n": formats.number_format(seconds / HOUR_LONG, decimal_pos=1)}
