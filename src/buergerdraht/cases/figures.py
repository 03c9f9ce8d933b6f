"""Cases in figures: those that came in within a span of days, counted in the database, each group beside what became of it.

Only what a member may see enters their figures (`sight.cases`), so that totals of two members may differ. Never by person: a team with one
member shows how many cases it has, and no times. Groups of fewer than five show nothing, and so many more that none can be reckoned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.hours import BERLIN
from buergerdraht.accounts.models import Membership, Team
from buergerdraht.cases import listing, sight, states
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.contacts.models import District

SMALLEST = 5
LONGEST = 5 * 366  # days
CHOICES: dict[str, Promise] = {
    "30": gettext_lazy("30 Tage"),
    "90": gettext_lazy("90 Tage"),
    "365": gettext_lazy("12 Monate"),
    "jahr": gettext_lazy("dieses Jahr"),
    "vorjahr": gettext_lazy("letztes Jahr"),
}
USUAL = "90"
HIDDEN, NOTHING = "–", "k. A."
CATEGORY, DISTRICT, TEAM, MONTH, STATE, ORIGIN = "category", "district", "team", "month", "state", "origin"


# ── The days ──────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Period:
    """Whole days of Berlin, both included; `problem` says why it is not what was asked for."""

    choice: str
    first: date
    last: date
    problem: str = ""

    @property
    def since(self) -> datetime:
        return listing.midnight(self.first)

    @property
    def until(self) -> datetime:
        return listing.midnight(self.last + timedelta(days=1))

    @property
    def query(self) -> str:
        return f"zeit={self.choice}" + (f"&von={self.first}&bis={self.last}" if self.choice == "frei" else "")

    @property
    def words(self) -> str:
        return _("%(first)s bis %(last)s") % {"first": date_format(self.first, "j.n.Y"), "last": date_format(self.last, "j.n.Y")}


def chosen(given: Mapping[str, str], today: date) -> Period:
    """Read the days of an address."""
    choice = given.get("zeit", USUAL)
    if choice == "frei":
        return _free(given, today)
    if choice == "jahr":
        return Period(choice, today.replace(month=1, day=1), today)
    if choice == "vorjahr":
        return Period(choice, date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    choice = choice if choice in CHOICES else USUAL
    return Period(choice, today - timedelta(days=int(choice) - 1), today)


def _free(given: Mapping[str, str], today: date) -> Period:
    usual = Period(USUAL, today - timedelta(days=int(USUAL) - 1), today)
    try:
        first, last = date.fromisoformat(given.get("von", "")), date.fromisoformat(given.get("bis", ""))
    except ValueError:
        return Period(usual.choice, usual.first, usual.last, _("Das waren keine zwei Tage. Gezeigt werden die letzten 90."))
    if first > last:
        first, last = last, first
    if first.year < 2000 or last.year > 2100 or (last - first).days > LONGEST:
        return Period(usual.choice, usual.first, usual.last, _("Mehr als fünf Jahre auf einmal gehen nicht. Gezeigt werden 90 Tage."))
    return Period("frei", first, last)


# ── Counting ──────────────────────────────────────────────────────────────


class Percentile(Aggregate):
    """A value that so large a share of all do not exceed, of a length of time in seconds."""

    template = "percentile_cont(%(share)s) within group (order by extract(epoch from %(expressions)s))"
    output_field = FloatField()

    def __init__(self, expression: Any, share: float) -> None:
        super().__init__(expression, share=float(share))


@dataclass(frozen=True)
class Group:
    """Figures of some cases; times are seconds, None where nothing was measured."""

    new: int = 0
    open: int = 0
    done: int = 0
    promised: int = 0  # with a deadline that is over, or done
    kept: int = 0
    answer: tuple[float | None, float | None] = (None, None)  # median, 90 %
    finish: tuple[float | None, float | None] = (None, None)
    reopened: int = 0


def seen(membership: Membership, period: Period) -> QuerySet[Case]:
    return sight.cases(membership).filter(received_at__gte=period.since, received_at__lt=period.until).order_by()


def groups(membership: Membership, period: Period, kind: str, now: datetime) -> dict[Hashable, Group]:
    """Figures by one of the six kinds; "" is all together, under None."""
    rows = seen(membership, period)
    again = _reopened(rows, kind)
    found = _keyed(rows, kind).values("key").annotate(**_measures(now))
    return {row["key"]: _group(row, again[row["key"]]) for row in found}


def _keyed(rows: QuerySet[Case], kind: str, prefix: str = "") -> QuerySet[Any]:
    """Name the column that tells groups apart `key`."""
    if kind == MONTH:
        return rows.annotate(key=TruncMonth(f"{prefix}received_at", tzinfo=BERLIN))
    return rows.annotate(key=F(f"{prefix}{kind}")) if kind else rows.annotate(key=F(f"{prefix}organisation"))


def _measures(now: datetime) -> dict[str, Any]:
    over = Q(due_at__isnull=False) & (Q(done_at__isnull=False) | Q(due_at__lte=now))
    answer, finish = F("answered_at") - F("received_at"), F("done_at") - F("received_at")
    return {
        "new": Count("pk"), "open": Count("pk", filter=Q(done_at=None)), "done": Count("pk", filter=Q(state=Case.State.DONE)),
        "promised": Count("pk", filter=over), "kept": Count("pk", filter=over & Q(done_at__lte=F("due_at"))),
        "answer50": Percentile(answer, 0.5), "answer90": Percentile(answer, 0.9),
        "finish50": Percentile(finish, 0.5), "finish90": Percentile(finish, 0.9),
    }  # fmt: skip


def _group(row: Mapping[str, Any], reopened: int) -> Group:
    counted = {name: int(row[name]) for name in ("new", "open", "done", "promised", "kept")}
    answer, finish = (row["answer50"], row["answer90"]), (row["finish50"], row["finish90"])
    return Group(**counted, answer=answer, finish=finish, reopened=reopened)


def _reopened(rows: QuerySet[Case], kind: str) -> Counter[Hashable]:
    """How many cases of each group were taken up again once they were done or rejected."""
    back = Entry.objects.filter(what="moved", data__to=Case.State.PROGRESS, data__from__in=[Case.State.DONE, Case.State.REJECTED])
    found = _keyed(rows.filter(pk__in=back.values("case")), kind).values("key").annotate(number=Count("pk"))
    return Counter({row["key"]: row["number"] for row in found})


def kept_back(sizes: Mapping[Hashable, int], smallest: int = SMALLEST) -> set[Hashable]:
    """Name the groups to show nothing of: the small ones, and so many more that one alone cannot be reckoned from the total."""
    filled = sorted((key for key in sizes if sizes[key]), key=lambda key: sizes[key])
    hidden = [key for key in filled if sizes[key] < smallest]
    rest = filled[len(hidden) :]
    while hidden and rest and (len(hidden) < 2 or sum(sizes[key] for key in hidden) < smallest):
        hidden.append(rest.pop(0))
    return set(hidden)


# ── Tables ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Line:
    """A row: its name, how long its bar is (per cent, None: no bar), cells as read and as exported."""

    name: str
    bar: float | None
    cells: Sequence[tuple[str, str]]
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    first: str
    said: str  # the picture in a sentence
    lines: Sequence[Line]

    @property
    def some_hidden(self) -> bool:
        return any(line.hidden for line in self.lines)


@dataclass(frozen=True)
class Figures:
    period: Period
    total: Group
    tables: Sequence[Table]

    @property
    def too_few(self) -> bool:
        return 0 < self.total.new < SMALLEST

    @property
    def tiles(self) -> list[tuple[str, str, str]]:
        """The figures at the top: title, figure, what it is of."""
        total = self.total
        kept = f"{round(100 * total.kept / total.promised)} %" if total.promised else HIDDEN
        most = _("90 %% in höchstens %(time)s")
        return [
            (_("Eingegangen"), _number(total.new), _("%(n)s noch offen") % {"n": _number(total.open)}),
            (_("Bis zur ersten Antwort"), span(total.answer[0]), most % {"time": span(total.answer[1])}),
            (_("Bis zum Abschluss"), span(total.finish[0]), most % {"time": span(total.finish[1])}),
            (_("In der Frist"), kept, _("%(kept)s von %(of)s") % {"kept": _number(total.kept), "of": _number(total.promised)}),
            (_("Wieder aufgenommen"), _number(total.reopened), _("nach „erledigt“ oder „abgelehnt“")),
        ]


def figures(membership: Membership, period: Period, now: datetime) -> Figures:
    """Gather what the page shows."""
    total = next(iter(groups(membership, period, "", now).values()), Group())
    if total.new < SMALLEST:
        return Figures(period, total, [])
    kinds = (MONTH, CATEGORY, DISTRICT, TEAM, STATE, ORIGIN)
    return Figures(period, total, [table(membership, period, kind, now) for kind in kinds])


def head(first: str) -> list[str]:
    return [
        first, _("neu"), _("offen"), _("erledigt"), _("Antwort: Median"), _("Antwort: 90 %"), _("Abschluss: Median"), _("Abschluss: 90 %"),
        _("in der Frist"), _("wieder aufgenommen"),
    ]  # fmt: skip


def table(membership: Membership, period: Period, kind: str, now: datetime) -> Table:
    """Lay out one of the tables: months in their order, all else with the largest first."""
    found = groups(membership, period, kind, now)
    names = _names(membership, kind)
    hidden = kept_back({key: group.new for key, group in found.items()}) if kind not in {STATE, ORIGIN} else set()
    alone = _alone(membership) if kind == TEAM else set()
    none = {DISTRICT: _("ohne Ortsteil"), TEAM: _("ohne Team")}.get(kind, NOTHING)
    size = {key: (key in hidden, -found[key].new, names.get(key, none)) for key in found}
    keys = sorted(found, key=str) if kind == MONTH else sorted(found, key=lambda key: size[key])
    top = max((found[key].new for key in keys if key not in hidden), default=0)
    lines = []
    for key in keys:
        name = date_format(key, "F Y") if isinstance(key, date) else names.get(key, none)
        lines.append(_line(name, found[key], top, hidden=key in hidden, timed=key not in alone))
    title, first = TITLES[kind]
    said = _("Balken: neue Anliegen, %(title)s, %(period)s.") % {"title": title, "period": period.words}
    return Table(kind, str(title), str(first), said, lines)


TITLES: dict[str, tuple[Promise, Promise]] = {
    MONTH: (gettext_lazy("Je Monat"), gettext_lazy("Monat")),
    CATEGORY: (gettext_lazy("Nach Kategorie"), gettext_lazy("Kategorie")),
    DISTRICT: (gettext_lazy("Nach Ortsteil"), gettext_lazy("Ortsteil")),
    TEAM: (gettext_lazy("Nach Team"), gettext_lazy("Team")),
    STATE: (gettext_lazy("Nach Stand"), gettext_lazy("Stand")),
    ORIGIN: (gettext_lazy("Nach Herkunft"), gettext_lazy("Herkunft")),
}


def _names(membership: Membership, kind: str) -> dict[Hashable, str]:
    organisation = membership.organisation_id
    if kind == CATEGORY:
        return {each.pk: each.title_in("de") for each in Category.objects.filter(organisation=organisation).only("title", "key")}
    if kind in {DISTRICT, TEAM}:
        model: Any = District if kind == DISTRICT else Team
        return dict(model.objects.filter(organisation=organisation).values_list("pk", "name"))
    return {key: str(words) for key, words in {STATE: states.TITLES, ORIGIN: listing.ORIGINS}.get(kind, {}).items()}


def _alone(membership: Membership) -> set[Hashable]:
    """Teams of one: their times would be those of a person."""
    rows = Team.objects.filter(organisation=membership.organisation_id).annotate(number=Count("memberships"))
    return set(rows.filter(number__lt=2).values_list("pk", flat=True))


def _line(name: str, group: Group, top: int, *, hidden: bool, timed: bool) -> Line:
    if hidden:
        return Line(name, None, [(HIDDEN, HIDDEN)] * 9, hidden=True)
    counts = [(_number(each), str(each)) for each in (group.new, group.open, group.done)]
    times = [(span(each), _hours(each)) for each in (*group.answer, *group.finish)]
    share = f"{round(100 * group.kept / group.promised)} %" if group.promised else NOTHING
    kept = (share, share if group.promised else "")
    again = (_number(group.reopened), str(group.reopened))
    measured = [*times, kept] if timed else [(HIDDEN, HIDDEN)] * 5
    return Line(name, 100 * group.new / top if top else None, [*counts, *measured, again], hidden=not timed)


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)


def span(seconds: float | None) -> str:
    """Say a length of time in one unit: hours below two days, then days with a tenth."""
    if seconds is None:
        return NOTHING
    if seconds < 3_600:
        return _("unter 1 Std.")
    if seconds < 172_800:
        return _("%(n)s Std.") % {"n": number_format(seconds / 3_600, decimal_pos=0)}
    return _("%(n)s Tage") % {"n": number_format(seconds / 86_400, decimal_pos=1)}


def _hours(seconds: float | None) -> str:
    """For the export: hours, with which one can reckon."""
    return "" if seconds is None else f"{seconds / 3_600:.1f}".replace(".", ",")
