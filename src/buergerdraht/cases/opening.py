"""A new case: its number, its district, whose it is, until when."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from buergerdraht.accounts import audit, hours
from buergerdraht.accounts.hours import BERLIN
from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.cases import ground
from buergerdraht.cases.models import Case, Category, Draft, Entry, Follower, Ground, Photo, Route
from buergerdraht.cases.report import Report
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import confidential, outgoing
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Media
from buergerdraht.webhooks import events


@dataclass(frozen=True)
class Matter:
    """What a case is opened of.

    `reporter`: name, email, phone of somebody without a messenger; `beyond`: whose place it is, if not ours; `proven`: whoever sent it
    off surely is who they say.
    """

    category: Category
    at: datetime
    text: str = ""
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    photos: Sequence[Media] = ()
    contact: Contact | None = None
    address: Address | None = None
    reporter: Mapping[str, str] = field(default_factory=dict)
    origin: str = Case.Origin.CHAT
    beyond: str = ""
    operator: Operator | None = None
    proven: bool = True


@transaction.atomic
def open(matter: Matter) -> Case:
    """Open a case. Whoever brought it follows it; of a confidential one their thread is for its people alone."""
    category = matter.category
    organisation = category.organisation
    if category.visibility == Category.Visibility.CONFIDENTIAL and matter.contact:
        confide(category, matter.contact)
    case = Case(
        organisation=organisation, category=category, number=next_number(organisation, matter.at), text=matter.text.strip(),
        confidential=category.visibility == Category.Visibility.CONFIDENTIAL, place=matter.place[:200], latitude=matter.latitude,
        longitude=matter.longitude, answers=dict(matter.answers), origin=matter.origin, contact=matter.contact, received_at=matter.at,
        reporter=json.dumps(dict(matter.reporter)) if matter.reporter else "",
    )  # fmt: skip
    if matter.latitude is not None and matter.longitude is not None:
        case.district = ground.district_of(organisation, matter.latitude, matter.longitude)
    case.team = team_for(case, matter.at)
    case.due_at = due(category, matter.at)
    case.warn_at = matter.at + (case.due_at - matter.at) * 3 / 4 if case.due_at else None
    case.save()
    Photo.objects.bulk_create(Photo(case=case, media=media) for media in matter.photos)
    if matter.contact and matter.address:
        Follower.objects.create(case=case, contact=matter.contact, address=matter.address)
    data: dict[str, Any] = {"origin": matter.origin} | ({"beyond": matter.beyond} if matter.beyond else {})
    data |= {} if matter.proven else {"unproven": True}
    Entry.objects.create(case=case, what="opened", data=data, contact=matter.contact, operator=matter.operator, at=matter.at)
    audit.record(
        organisation, "cases.open", operator=matter.operator, subject=f"case:{case.pk}", category=category.pk, origin=matter.origin
    )
    live.tell(organisation.pk, "case", case=case.pk)
    if not case.confidential:
        events.tell(organisation.pk, "case.opened", case=case.pk)
    return case


def confide(category: Category, contact: Contact) -> None:
    """Keep a citizen's thread for the people of a category: what was said before, and what comes."""
    confidential.confide(outgoing.thread(contact), category.people.filter(is_active=True), by=None)


def of_draft(draft: Draft, report: Report, *, now: datetime) -> Matter:
    """What a citizen's finished draft says."""
    assert draft.category is not None
    photos = Media.objects.filter(organisation=draft.contact.organisation_id, pk__in=report.photos)
    place = {str(media.pk): media for media in photos}
    return Matter(
        category=draft.category, at=now, text=report.words, place=report.place, latitude=report.latitude, longitude=report.longitude,
        answers={key: value for key, value in report.answers.items() if key}, beyond=report.beyond,
        contact=draft.contact, address=draft.address,
        photos=[place[number] for number in report.photos if number in place],
    )  # fmt: skip


def next_number(organisation: Organisation, at: datetime) -> str:
    """Take the organisation's next number: year and serial, without gaps; the year changes at midnight in Berlin."""
    Ground.objects.get_or_create(organisation=organisation)
    row = Ground.objects.select_for_update().get(organisation=organisation)
    year = at.astimezone(BERLIN).year
    if year > row.last_year:
        row.last_year, row.last_number = year, 0
    row.last_number += 1
    row.save(update_fields=["last_year", "last_number"])
    return f"{row.last_year}-{row.last_number:05}"


def team_for(case: Case, at: datetime) -> Team | None:
    """Find whose it is: the first route of the category that fits, else the category's team."""
    routes = list(Route.objects.filter(category=case.category_id).select_related("team"))
    closed = bool(case.organisation.office_hours) and not hours.is_open(case.organisation, at) if routes else False
    for route in routes:
        if route.district_id not in {None, case.district_id}:
            continue
        if route.outside_hours and not closed:
            continue
        return route.team
    return case.category.team


def due(category: Category, at: datetime) -> datetime | None:
    """Reckon until when it ought to be done: so many days on which somebody works, at the hour it came; none: no end."""
    if not category.days:
        return None
    left, day = category.days, at
    for _round in range(category.days * 7 + 60):  # closed for weeks, at most
        day += timedelta(days=1)
        left -= bool(hours.spans(category.organisation, day.astimezone(BERLIN).date())) or not category.organisation.office_hours
        if left <= 0:
            return day
    return at + timedelta(days=category.days)
