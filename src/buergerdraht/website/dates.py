"""Dates of what was sent: when and where it happens, in words and as a calendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments.ics import escaped, folded
from buergerdraht.website.archive import Card, listed
from buergerdraht.website.models import Dated, Published
from buergerdraht.website.pages import Voice
from buergerdraht.website.words import pick, say

MOST = 200
PAST = timedelta(days=60)  # what is over stays so long in calendars that were subscribed


@dataclass(frozen=True)
class When:
    """When and where something happens; without a beginning it has no date."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    all_day: bool = False
    place: str = ""

    @classmethod
    def of(cls, row: Dated | None) -> When:
        return cls(row.begins_at, row.ends_at, row.all_day, row.place) if row is not None else cls()

    def fields(self) -> dict[str, Any]:
        return {"begins_at": self.begins_at, "ends_at": self.ends_at, "all_day": self.all_day, "place": self.place}

    @property
    def last(self) -> datetime | None:
        return self.ends_at or self.begins_at


def coming(organisation: Organisation, topic: str = "") -> QuerySet[Published]:
    """What is shown and not over yet, the next first."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    late = Q(all_day=True, last__gte=today) | Q(all_day=False, last__gte=timezone.now())
    return _dated(organisation, topic, late)


def lately(organisation: Organisation, topic: str = "") -> list[Published]:
    """What a calendar shows: what comes, and what was lately."""
    return list(_dated(organisation, topic, Q(last__gte=timezone.now() - PAST))[:MOST])


def _dated(organisation: Organisation, topic: str, wanted: Q) -> QuerySet[Published]:
    """Choose by `last`: when it ends, or begins where no end is known."""
    rows = listed(organisation).filter(begins_at__isnull=False, **({"topics__key": topic} if topic else {}))
    return rows.annotate(last=Coalesce("ends_at", "begins_at")).filter(wanted).order_by("begins_at", "id")


def in_words(row: Dated, organisation: Organisation, language: str) -> str:
    """Say when: the day, and the hours where they mean something. Django speaks the language already."""
    if row.begins_at is None:
        return ""
    begins, ends = timezone.localtime(row.begins_at), timezone.localtime(row.ends_at) if row.ends_at else None
    day = date_format(begins, "l, j. F Y")
    same = ends is not None and ends.date() == begins.date()
    if row.all_day:
        return day if ends is None or same else say(organisation, language, "date_days", day=day, until=date_format(ends, "l, j. F Y"))
    clock = f"{begins:%H:%M}"
    if ends is None:
        return say(organisation, language, "date_from", day=day, clock=clock)
    if same:
        return say(organisation, language, "date_hours", day=day, clock=clock, until=f"{ends:%H:%M}")
    until = say(organisation, language, "date_from", day=date_format(ends, "l, j. F Y"), clock=f"{ends:%H:%M}")
    return say(organisation, language, "date_days", day=say(organisation, language, "date_from", day=day, clock=clock), until=until)


# ── As a calendar ─────────────────────────────────────────────────────────


def calendar(organisation: Organisation, cards: Iterable[Card], voice: Voice) -> str:
    """Write dates as a calendar one may subscribe to. The same message has the same UID for ever; a change counts SEQUENCE up."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Buergerdraht//Internetseite//DE", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(say(organisation, voice.language, 'date_calendar'))}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H",
    ]  # fmt: skip
    for card in cards:
        lines += _event(organisation, card, voice)
    lines.append("END:VCALENDAR")
    return "".join(piece + "\r\n" for line in lines for piece in folded(line))


def _event(organisation: Organisation, card: Card, voice: Voice) -> Iterator[str]:
    row = card.row
    assert row.begins_at is not None  # only what has a date is asked for
    address = f"{settings.PUBLIC_URL}{reverse('website:message', args=[organisation.slug, row.slug])}"
    yield "BEGIN:VEVENT"
    yield f"UID:nachricht-{row.pk}@{escaped(settings.PUBLIC_URL.partition('://')[2].partition(':')[0] or 'buergerdraht')}"
    yield f"SEQUENCE:{max(0, int((row.changed_at - row.shown_from).total_seconds()))}"
    yield f"DTSTAMP:{_utc(row.changed_at)}"
    if row.all_day:
        yield f"DTSTART;VALUE=DATE:{timezone.localtime(row.begins_at):%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{timezone.localtime(row.ends_at or row.begins_at) + timedelta(days=1):%Y%m%d}"  # the first day after it
    else:
        yield f"DTSTART:{_utc(row.begins_at)}"
        if row.ends_at is not None:
            yield f"DTEND:{_utc(row.ends_at)}"
    yield f"SUMMARY:{escaped(card.title)}"
    if row.place:
        yield f"LOCATION:{escaped(row.place)}"
    yield f"DESCRIPTION:{escaped(card.summary)}"
    yield f"URL:{address}"
    if card.topics:
        yield f"CATEGORIES:{','.join(escaped(pick(topic.title, voice.language)) for topic in card.topics)}"
    yield "END:VEVENT"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
