"""The span of days a page of figures is about, as chosen in its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST = 366  # days: what a page answers quickly
USUAL = "30"
CHOICES: dict[str, Promise] = {
    "7": gettext_lazy("7 Tage"),
    "30": gettext_lazy("30 Tage"),
    "90": gettext_lazy("90 Tage"),
    "monat": gettext_lazy("dieser Monat"),
    "vormonat": gettext_lazy("letzter Monat"),
}


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included; `problem` says why it is not what was asked for."""

    choice: str
    first: date
    last: date
    problem: str = ""

    @property
    def since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def until(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time.min))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=step) for step in range((self.last - self.first).days + 1)]

    @property
    def words(self) -> str:
        return f"{date_format(self.first, 'j. F Y')} – {date_format(self.last, 'j. F Y')}"

    @property
    def query(self) -> str:
        """As it stands in an address."""
        return f"zeit={self.choice}" if self.choice in CHOICES else f"zeit=frei&von={self.first}&bis={self.last}"


def chosen(asked: Mapping[str, str], today: date) -> Period:
    """Read the period from an address; what cannot be read becomes the usual one, and the page says so."""
    choice = asked.get("zeit", USUAL)
    if choice == "frei":
        return _free(asked.get("von", ""), asked.get("bis", ""), today)
    if choice not in CHOICES:
        choice = USUAL
    if choice == "monat":
        return Period(choice, today.replace(day=1), today)
    if choice == "vormonat":
        last = today.replace(day=1) - timedelta(days=1)
        return Period(choice, last.replace(day=1), last)
    return Period(choice, today - timedelta(days=int(choice) - 1), today)


def _free(first: str, last: str, today: date) -> Period:
    usual = today - timedelta(days=int(USUAL) - 1)
    try:
        since, until = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return Period(USUAL, usual, today, _("Bitte geben Sie beide Tage an. Gezeigt werden die letzten 30 Tage."))
    if since > until:
        return Period(USUAL, usual, today, _("Der erste Tag liegt nach dem letzten. Gezeigt werden die letzten 30 Tage."))
    if (until - since).days >= LONGEST:
        since = until - timedelta(days=LONGEST - 1)
        return Period("frei", since, until, _("Länger als ein Jahr geht nicht. Gezeigt wird das letzte Jahr davon."))
    return Period("frei", since, until)
