"""The list of cases: what is asked for, which cases those are, and what a row shows. Pure reading, through `sight.cases` alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Membership
from buergerdraht.cases import finding, states
from buergerdraht.cases.models import Case, Follower, Photo

STEP, MOST_ROWS = 50, 500  # rows at first, and with every "mehr"; at most
MOST_COUNTED = 1_000
BEGINNING = 200  # letters of a case's words that a row may need

OPEN, ALL, CLOSED = "offen", "alle", "abgeschlossen"
MINE, NOBODY, NOWHERE = "meine", "niemand", "ohne"
OVERDUE, SOON = "ueberfaellig", "bald"
NEWEST, OLDEST, DEADLINE, CHANGED = "neu", "alt", "frist", "geaendert"
USUAL = {"stand": OPEN, "sortierung": NEWEST}
PRIORITIES: dict[int, tuple[str, Promise]] = {
    Case.Priority.LOW: ("plain", gettext_lazy("niedrig")),
    Case.Priority.NORMAL: ("plain", gettext_lazy("normal")),
    Case.Priority.HIGH: ("warning", gettext_lazy("hoch")),
}
ORIGINS: dict[str, Promise] = {
    Case.Origin.CHAT: gettext_lazy("Messenger"),
    Case.Origin.DIALOG: gettext_lazy("Dialog"),
    Case.Origin.OPERATOR: gettext_lazy("von uns erfasst"),
    Case.Origin.WEB: gettext_lazy("Webseite"),
    Case.Origin.OPEN311: gettext_lazy("Open311"),
}
ORDERS: dict[str, tuple[OrderBy, ...]] = {
    NEWEST: (F("received_at").desc(), F("id").desc()),
    OLDEST: (F("received_at").asc(), F("id").asc()),
    DEADLINE: (F("due_at").asc(nulls_last=True), F("id").asc()),
    CHANGED: (F("changed_at").desc(), F("id").desc()),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see, by the names of the list's address; "" is: whatever. Days are of Berlin, both included."""

    worte: str = ""
    stand: str = OPEN  # a group, or a state
    kategorie: str = ""  # its key
    gruppe: str = ""
    team: str = ""  # a number, "meine" or "ohne"
    wer: str = ""  # a number, "meine" or "niemand"
    ortsteil: str = ""  # a number or "ohne"
    prio: str = ""
    frist: str = ""
    herkunft: str = ""
    oeffentlich: str = ""
    von: date | None = None
    bis: date | None = None
    sortierung: str = NEWEST

    @property
    def query(self) -> str:
        """Say it as the address does, without what is usual."""
        return urlencode([(name, value) for name, value in self.values.items() if value and USUAL.get(name) != value])

    @property
    def values(self) -> dict[str, str]:
        return {each.name: str(getattr(self, each.name) or "") for each in fields(self)}

    @property
    def filtered(self) -> bool:
        return any(value and USUAL.get(name) != value for name, value in self.values.items() if name != "sortierung")


def chosen(membership: Membership, asked: Asked, now: datetime) -> QuerySet[Case]:
    """The cases somebody asked for, in no order. A whole number finds its case whatever else is chosen."""
    found = finding.search(membership, asked.worte).order_by()
    if finding.number(asked.worte):
        return found
    return found.filter(_of_state(asked.stand), _of_people(membership, asked), _of_time(asked, now), **_plain(asked))


def _of_state(wanted: str) -> Q:
    if wanted == ALL:
        return Q()
    groups: Mapping[str, Sequence[str]] = {OPEN: Case.OPEN, CLOSED: Case.CLOSED}
    return Q(state__in=groups[wanted]) if wanted in groups else Q(state=wanted)


def _plain(asked: Asked) -> dict[str, Any]:
    conditions: dict[str, Any] = {
        "category__key": asked.kategorie, "category__group": asked.gruppe, "priority": asked.prio, "origin": asked.herkunft,
        "public": asked.oeffentlich,
    }  # fmt: skip
    return {name: value for name, value in conditions.items() if value}


def _of_people(membership: Membership, asked: Asked) -> Q:
    """Whose it is, and where."""
    found = Q()
    if asked.team == MINE:
        found &= Q(team__in=list(membership.teams.values_list("pk", flat=True)))
    elif asked.team:
        found &= Q(team=None if asked.team == NOWHERE else int(asked.team))
    if asked.wer:
        found &= Q(operator={MINE: membership.operator_id, NOBODY: None}.get(asked.wer) if asked.wer in {MINE, NOBODY} else int(asked.wer))
    if asked.ortsteil:
        found &= Q(district=None if asked.ortsteil == NOWHERE else int(asked.ortsteil))
    return found


def _of_time(asked: Asked, now: datetime) -> Q:
    found = Q()
    if asked.frist == OVERDUE:
        found &= Q(due_at__lte=now, state__in=Case.OPEN)
    if asked.frist == SOON:
        found &= Q(due_at__gt=now, warn_at__lte=now, state__in=Case.OPEN)
    if asked.von:
        found &= Q(received_at__gte=midnight(asked.von))
    if asked.bis:
        found &= Q(received_at__lt=midnight(asked.bis + timedelta(days=1)))
    return found


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def count(rows: QuerySet[Case], most: int = MOST_COUNTED) -> int:
    """Count, but no further than one more than `most`: a list of 200,000 is not counted to its end."""
    return rows.order_by().values("pk")[: most + 1].count()


def counted(number: int, most: int = MOST_COUNTED) -> str:
    """Say such a count: "1.000+" where there are more."""
    return f"{most:,}+".replace(",", ".") if number > most else f"{number:,}".replace(",", ".")


# ── Rows ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """A case as lists and cards show it. `picture` is the id of a covered picture, never of an original."""

    case: Case
    picture: object | None
    followers: int
    deadline: tuple[str, str]  # tone and words, or ("", "")

    @property
    def badge(self) -> tuple[str, str]:
        return states.TONES[self.case.state], str(states.TITLES[self.case.state])

    @property
    def priority(self) -> tuple[str, str] | None:
        """What is not as usual."""
        tone, words = PRIORITIES[self.case.priority]
        return None if self.case.priority == Case.Priority.NORMAL else (tone, _("Priorität %(words)s") % {"words": words})

    @property
    def beginning(self) -> str:
        return str(getattr(self.case, "beginning", ""))

    @property
    def public(self) -> bool:
        return self.case.public == Case.Public.RELEASED


def rows(found: QuerySet[Case], order: str, most: int, now: datetime) -> tuple[list[Row], bool]:
    """The first rows in an order, and whether there are more."""
    cases = list(_drawn(found).order_by(*ORDERS[order])[: most + 1])
    return drawn(cases[:most], now), len(cases) > most


def _drawn(found: QuerySet[Case]) -> QuerySet[Case]:
    found = found.select_related("category", "district", "team", "operator").annotate(beginning=Left("text", BEGINNING))
    return found.defer("text", "answers", "public_text", "reporter", "category__description", "category__questions", "category__synonyms")


def drawn(cases: Sequence[Case], now: datetime) -> list[Row]:
    """Add to cases what their rows show: two more queries, however many they are."""
    numbers = [case.pk for case in cases]
    pictures = dict(
        Photo.objects.filter(case__in=numbers, shown__isnull=False).order_by("case", "id").distinct("case").values_list("case", "shown")
    )
    alive = Follower.objects.filter(case__in=numbers, left_at=None).order_by()
    followers = dict(alive.values("case").annotate(number=Count("pk")).values_list("case", "number"))
    return [Row(case, pictures.get(case.pk), followers.get(case.pk, 0), deadline(case, now)) for case in cases]


def deadline(case: Case, now: datetime) -> tuple[str, str]:
    """Say until when it ought to be done: the nearer, the louder. What is closed has no deadline any more."""
    if case.due_at is None or case.state not in Case.OPEN:
        return "", ""
    local, year = timezone.localtime(case.due_at), timezone.localtime(now).year
    day = date_format(local, "j.n." if local.year == year else "j.n.Y")
    if case.due_at <= now:
        return "bad", _("überfällig seit %(day)s") % {"day": day}
    if case.warn_at is not None and case.warn_at <= now:
        return "warn", _("bald fällig: %(day)s") % {"day": date_format(local, "j.n., H:i")}
    return "plain", _("bis %(day)s") % {"day": day}


def numbers(given: Iterable[str], most: int) -> list[int]:
    """Read the numbers of chosen rows, each once; what is none is left out."""
    read = dict.fromkeys(int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 16)
    return list(read)[:most]
