"""The week in figures: what came in, who answered and how soon, who subscribes. Only what the tables say; None where they say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.contacts.models import Consent, Subscription
from buergerdraht.conversations import sight
from buergerdraht.gateway.queries import queries
from buergerdraht.insights.charts import Plot, Spark, plot, spark

SQL = queries(Path(__file__).parent / "queries.sql")
ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Day:
    date: date
    team: int = 0
    automatic: int = 0
    open: int = 0

    @property
    def total(self) -> int:
        return self.team + self.automatic + self.open


@dataclass(frozen=True)
class Tile:
    """A figure with its unit, its picture and how it compares with the week before."""

    title: str
    figure: str
    unit: str = ""
    delta: str = ""
    spark: Spark | None = None


@dataclass(frozen=True)
class Week:
    tiles: Sequence[Tile]
    days: Sequence[Day]
    plot: Plot
    peak: Day | None


def week(membership: Membership, today: date) -> Week:
    """Gather the last seven days, today included, beside the seven before; of threads this member may see."""
    asking = Asking(membership.organisation_id, sight.hidden(membership))
    days = _days(asking, today)
    tiles = [_incoming(days), _first_answer(asking, today), _automatic(days), _subscriptions(membership.organisation, today)]
    drawing = plot([f"{day.date.day}." for day in days], [(day.team, day.automatic, day.open) for day in days])
    peak = max(days, key=lambda day: day.total)
    return Week(tiles, days, drawing, peak if peak.total else None)


def _days(asking: Asking, today: date) -> list[Day]:
    dates = _dates(today, 14)
    found = {row[0]: Day(*row) for row in _rows("days", asking, since=_midnight(dates[0]))}
    return [found.get(day, Day(day)) for day in dates]


def _incoming(days: Sequence[Day]) -> Tile:
    before, now = sum(day.total for day in days[:7]), sum(day.total for day in days[7:])
    return Tile(_("Eingegangene Nachrichten"), _number(now), delta=_more(now - before), spark=spark([day.total for day in days[7:]]))


def _first_answer(asking: Asking, today: date) -> Tile:
    start, middle, end = _midnight(today - timedelta(days=13)), _midnight(today - timedelta(days=6)), _midnight(today + timedelta(days=1))
    now, before = (_median(asking, since, until) for since, until in ((middle, end), (start, middle)))
    title = _("Zeit bis zur ersten Antwort")
    if now is None:
        return Tile(title, "–", delta=_("Diese Woche noch keine Antwort"))
    by_day = {row[0]: float(row[1]) for row in _rows("first_answers", asking, since=middle)}
    figure, unit = _span(now)
    delta = ""
    if before is not None:
        difference, of = _span(abs(now - before))
        words = {"difference": difference, "unit": of}
        delta = (_("%(difference)s %(unit)s schneller") if now < before else _("%(difference)s %(unit)s langsamer")) % words
        delta = _("wie in der Vorwoche") if difference == "0" else delta
    return Tile(title, figure, unit, delta, spark([by_day[day] for day in _dates(today, 7) if day in by_day]))


def _automatic(days: Sequence[Day]) -> Tile:
    now, before = (_share(part) for part in (days[7:], days[:7]))
    title = _("Automatisch beantwortet")
    if now is None:
        return Tile(title, "–", delta=_("Diese Woche kam noch nichts an"))
    delta = "" if before is None else _points(now - before)
    return Tile(title, str(now), "%", delta, spark([_share([day]) or 0 for day in days[7:]]))


def _subscriptions(organisation: Organisation, today: date) -> Tile:
    since = _midnight(today - timedelta(days=6))
    confirmed = Subscription.objects.filter(organisation=organisation, confirmed_at__isnull=False)
    total = confirmed.count()
    joined = _by_day(confirmed.filter(confirmed_at__gte=since), "confirmed_at")
    withdrawn = Consent.objects.filter(organisation=organisation, act="withdraw", purpose__startswith="topic:", at__gte=since)
    left = _by_day(withdrawn, "at")
    heights, height = [], total
    for day in reversed(_dates(today, 7)):
        heights.append(height)
        height += left.get(day, 0) - joined.get(day, 0)
    words = {"joined": _number(sum(joined.values())), "left": _number(sum(left.values()))}
    return Tile(_("Abonnements"), _number(total), delta=_("%(joined)s neu, %(left)s abgemeldet") % words, spark=spark(heights[::-1]))


# ── Reading ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Asking:
    """Whose figures they are."""

    organisation: int
    hidden: list[int]  # threads that do not enter them


def _rows(name: str, asking: Asking, **values: datetime) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], {"organisation": asking.organisation, "hidden": asking.hidden, "zone": ZONE, **values})
        return list(cursor.fetchall())


def _median(asking: Asking, since: datetime, until: datetime) -> float | None:
    return _rows("median_answer", asking, since=since, until=until)[0][0]  # type: ignore[no-any-return]


def _by_day(rows: Any, field: str) -> dict[date, int]:
    counted = rows.annotate(day=TruncDate(field)).values_list("day").annotate(number=Count("id")).order_by()
    return dict(counted)


def _dates(today: date, number: int) -> list[date]:
    return [today - timedelta(days=ago) for ago in range(number - 1, -1, -1)]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# ── Saying ────────────────────────────────────────────────────────────────


def _number(value: int) -> str:
    return formats.number_format(value, force_grouping=True)


def _more(difference: int) -> str:
    if not difference:
        return _("wie in der Vorwoche")
    return (_("%(n)s mehr") if difference > 0 else _("%(n)s weniger")) % {"n": _number(abs(difference))}


def _points(difference: int) -> str:
    if not difference:
        return _("wie in der Vorwoche")
    points = ngettext("%(n)d Prozentpunkt", "%(n)d Prozentpunkte", abs(difference)) % {"n": abs(difference)}
    return (_("%(points)s mehr") if difference > 0 else _("%(points)s weniger")) % {"points": points}


def _share(days: Sequence[Day]) -> int | None:
    total = sum(day.total for day in days)
    return round(100 * sum(day.automatic for day in days) / total) if total else None


def _span(seconds: float) -> tuple[str, str]:
    """Say a length of time in one unit: under two hours in minutes, under two days in hours."""
    if seconds < 7200:
        return str(round(seconds / 60)), _("Min.")
    return (str(round(seconds / 3600)), _("Std.")) if seconds < 172800 else (str(round(seconds / 86400)), _("Tage"))
