"""Who a broadcast goes to: one address per contact, the one they subscribed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts import crowds
from buergerdraht.contacts.models import Address, Contact, Subscription, Way
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel


@dataclass(frozen=True)
class Count:
    """The size of an audience; `of` is everyone who subscribed to anything. `at`: as it stood then, else as it stands now.

    `further`: of what is urgent, how many of them have another way where the first fails; None where each has but the one chosen.
    """

    total: int
    by_channel: dict[int, int]
    by_language: dict[str, int]
    of: int
    at: datetime | None = None
    further: int | None = None


def select(organisation: Organisation, audience: Mapping[str, Any]) -> QuerySet[Address]:
    """Choose the addresses: topics, channels, languages, districts, joined_from, joined_until, contacts; `exclude` takes the same keys.

    Values within a key add up, keys narrow. No topics means every topic. Paused, stopped, gone and blocked are left out.
    """
    return Address.objects.filter(id__in=chosen(organisation, audience).values("id")).select_related("contact")


def chosen(
    organisation: Organisation, audience: Mapping[str, Any], among: Sequence[int] | None = None
) -> QuerySet[Address, tuple[int, int, int]]:
    """Give address, contact and channel of everybody whom `select` chooses, each person once, in the order of the contacts.

    `among`: only of these contacts.
    """
    wish = _wishes(organisation, audience).filter(address=OuterRef("id"))
    addresses = _reachable(organisation).filter(Exists(wish), _narrow(audience)).exclude(_spared(audience.get("exclude") or {}))
    if among is not None:
        addresses = addresses.filter(contact__in=among)
    rows = addresses.order_by("contact_id", "-last_inbound_at", "id").distinct("contact_id")
    return rows.values_list("id", "contact_id", "channel_id")


def warned(organisation: Organisation, audience: Mapping[str, Any]) -> QuerySet[Address, tuple[int, int, int]]:
    """Choose as `chosen` does, but for what is urgent: each person on the first of their ways for it, wherever they subscribed.

    A channel that stands still comes after those that run. Who is no longer to be reached where they subscribed is still warned
    elsewhere. An audience of certain channels is theirs alone.
    """
    if _of_channels(audience):
        return chosen(organisation, audience)
    wish = _wishes(organisation, audience)
    runs = [number for number, state in _open(organisation) if state == Channel.State.RUNNING]
    rows = _ways(organisation).filter(Exists(wish.filter(contact=OuterRef("contact_id"))), _narrow(audience))
    rows = rows.exclude(_spared(audience.get("exclude") or {})).annotate(
        stands=Case(When(channel_id__in=runs, then=0), default=1), wished=Exists(wish.filter(address=OuterRef("id")))
    )
    rows = rows.order_by("contact_id", "stands", F("place").asc(nulls_last=True), "-wished", "-last_inbound_at", "id")
    return rows.distinct("contact_id").values_list("id", "contact_id", "channel_id")


def _of_channels(audience: Mapping[str, Any]) -> bool:
    return bool(audience.get("channels") or (audience.get("exclude") or {}).get("channels"))


def _ways(organisation: Organisation) -> QuerySet[Address]:
    """Give all addresses where people may be reached with what is urgent, with their `place` where they chose an order."""
    chose = Way.objects.filter(contact=OuterRef("contact_id"), kind=Way.Kind.ALERT, address__state=Address.State.ACTIVE)
    placed = FilteredRelation("way", condition=Q(way__kind=Way.Kind.ALERT, way__contact=F("contact")))
    rows = _reachable(organisation).filter(channel_id__in=[number for number, _ in _open(organisation)])
    rows = rows.annotate(placed=placed, place=F("placed__position"))
    return rows.filter(Q(place__isnull=False) | ~Exists(chose))


def _open(organisation: Organisation) -> list[tuple[int, str]]:
    """List the channels to people, named and not joined: else each person is looked for on every channel."""
    return list(channels.people(organisation).exclude(state=Channel.State.SETUP).values_list("pk", "state"))


def _wishes(organisation: Organisation, audience: Mapping[str, Any]) -> QuerySet[Subscription]:
    wishes = Subscription.objects.filter(organisation=organisation, confirmed_at__isnull=False)
    return wishes.filter(topic_id__in=topics) if (topics := audience.get("topics")) else wishes


Row = tuple[int, str, int, int]  # channel, language, people, and how many of them have a further way


def count(organisation: Organisation, audience: Mapping[str, Any], *, urgent: bool = False) -> Count:
    """Count an audience by channel and language: from the crowds where they are kept and can tell, else person by person.

    `urgent` counts as `warned` chooses: each person on the first of their ways.
    """
    warns = urgent and not _of_channels(audience)
    census = crowds.fresh(organisation) if crowds.can_tell(audience) else None
    if census is None:
        of = Contact.objects.filter(organisation=organisation, state=Contact.State.ACTIVE).count()
        return _sum(_warned_one_by_one(organisation, audience) if warns else _one_by_one(organisation, audience), of, None, warns)
    found = crowds.ask(organisation, audience, urgent=warns)
    if not warns:
        found += _one_by_one(organisation, audience, census.several)
    return _sum(found, census.active, census.at, warns)


def _one_by_one(organisation: Organisation, audience: Mapping[str, Any], among: Sequence[int] | None = None) -> list[Row]:
    """Count by channel and language, each person looked at."""
    if among is not None and not among:
        return []
    return _counted(chosen(organisation, audience, among).annotate(further=Value(False), speaks=F("contact__language")))


def _warned_one_by_one(organisation: Organisation, audience: Mapping[str, Any]) -> list[Row]:
    others = _ways(organisation).filter(contact=OuterRef("contact_id")).exclude(channel=OuterRef("channel_id"))
    return _counted(warned(organisation, audience).annotate(further=Exists(others), speaks=F("contact__language")))


def _counted(people: QuerySet[Address, Any]) -> list[Row]:
    sql, values = people.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"select channel_id, speaks, count(*), count(*) filter (where further) from ({sql}) as chosen group by 1, 2",  # noqa: S608 - made by the ORM
            values,
        )
        rows: list[Row] = cursor.fetchall()
    return rows


def _sum(rows: Iterable[Row], of: int, at: datetime | None, warns: bool = False) -> Count:
    by_channel: dict[int, int] = {}
    by_language: dict[str, int] = {}
    further = 0
    for channel, language, number, others in rows:
        by_channel[channel] = by_channel.get(channel, 0) + number
        by_language[language] = by_language.get(language, 0) + number
        further += others
    return Count(sum(by_channel.values()), by_channel, by_language, of, at, further if warns else None)


def _reachable(organisation: Organisation) -> QuerySet[Address]:
    awake = Q(contact__paused_until=None) | Q(contact__paused_until__lte=timezone.now())
    return Address.objects.filter(
        awake, organisation=organisation, state=Address.State.ACTIVE, no_newsletter=False, contact__state=Contact.State.ACTIVE
    )


def _narrow(audience: Mapping[str, Any]) -> Q:
    q = Q()
    if channels := audience.get("channels"):
        q &= Q(channel_id__in=channels)
    if languages := audience.get("languages"):
        q &= Q(contact__language__in=languages)
    if districts := audience.get("districts"):
        q &= Q(contact__district_id__in=districts)
    if contacts := audience.get("contacts"):
        q &= Q(contact_id__in=contacts)
    if begin := audience.get("joined_from"):
        q &= Q(contact__created_at__gte=_midnight(begin))
    if end := audience.get("joined_until"):
        q &= Q(contact__created_at__lt=_midnight(end, days=1))
    return q


def _spared(exclude: Mapping[str, Any]) -> Q:
    """Any key of `exclude` spares; nothing given spares nobody."""
    q = Q(pk__in=[])
    for key in ("channels", "languages", "districts", "contacts"):
        if exclude.get(key):
            q |= _narrow({key: exclude[key]})
    if topics := exclude.get("topics"):
        wish = Subscription.objects.filter(contact=OuterRef("contact_id"), topic_id__in=topics, confirmed_at__isnull=False)
        q |= Q(Exists(wish))
    return q


def _midnight(day: str | date, days: int = 0) -> datetime:
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.combine(day + timedelta(days=days), time.min, ZoneInfo(settings.TIME_ZONE))
