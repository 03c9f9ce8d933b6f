"""What other systems read: what can be reported, and what was released of it.

Everything comes through `publishing`, the one way of the public to cases. Whoever reported by Open311 also finds, by its number, that
their report is there, before anybody released it: number, kind and state, nothing else. Else they would send it again.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import nearby, publishing
from buergerdraht.cases.models import Case, Category, Entry, Photo
from buergerdraht.cases.open311 import asking, records
from buergerdraht.cases.open311.asking import DETAILED, Wish
from buergerdraht.cases.open311.calls import Call, Refused
from buergerdraht.gateway.models import Media

NUMBER = re.compile(r"\d{4}-\d{5,9}", re.ASCII)
MOST_WORDS = 100
GAP = timedelta(minutes=1)  # between a change and the line of the history that tells it


# ── What can be reported ──────────────────────────────────────────────────


def offered(house: Organisation) -> QuerySet[Category]:
    """What anybody may report by Open311, and see."""
    return Category.objects.filter(organisation=house, active=True, visibility=Category.Visibility.PUBLIC)


def services(call: Call) -> list[dict[str, Any]]:
    """GET Service List."""
    return [records.service(category) for category in offered(call.house()).filter(refusal={})]


def definition(call: Call) -> dict[str, Any]:
    """GET Service Definition."""
    house = call.house()
    category = offered(house).filter(refusal={}, key=call.names["code"]).first()
    if category is None:
        raise Refused(404, _("Diesen service_code gibt es nicht."))
    return records.definition(house, category)


# ── What was reported ─────────────────────────────────────────────────────


def requests(call: Call) -> list[dict[str, Any]]:
    """GET Service Requests. Numbers override everything else."""
    house, extended = call.house(), bool(asking.truth(call, "extensions"))
    if numbers := call.many("service_request_id"):
        if len(numbers) > asking.MOST:
            raise Refused(400, _("Höchstens %(most)s service_request_id auf einmal.") % {"most": asking.MOST})
        return shown(house, numbers, extended=extended)
    wish = asking.wish(call)
    rows = _order(_filtered(call, house, wish), wish.order)[wish.page.start : wish.page.end]
    return _records(house, list(publishing.with_photos(rows)), extended=extended)


def request(call: Call) -> list[dict[str, Any]]:
    """GET Service Request: a list of one."""
    house, extended = call.house(), bool(asking.truth(call, "extensions"))
    found = shown(house, [call.names["number"]], extended=extended)
    if not found:
        raise Refused(404, _("Diese service_request_id gibt es nicht."))
    return found


def token(call: Call) -> list[dict[str, Any]]:
    """GET service_request_id from a token. We give numbers at once, never tokens; who takes a number for one finds it."""
    said = call.names["token"]
    if not shown(call.house(), [said], extended=False):
        raise Refused(404, _("Diesen Token gibt es nicht."))
    return [{"service_request_id": said, "token": said}]


def shown(house: Organisation, numbers: list[str], *, extended: bool) -> list[dict[str, Any]]:
    """Show what is known by these numbers, in their order."""
    wanted = [each for each in numbers if NUMBER.fullmatch(each)]
    rows = publishing.with_photos(dated(publishing.released(house)).filter(number__in=wanted))
    whole = _records(house, list(rows), extended=extended)
    found = {each["service_request_id"]: each for each in whole}
    waiting = reported(house).filter(number__in=[each for each in wanted if each not in found])
    found |= {case.number: records.minimal(case) for case in dated(waiting)}
    return [found[each] for each in wanted if each in found]


def reported(house: Organisation) -> QuerySet[Case]:
    """What came by Open311, of categories anybody sees, released or not."""
    rows = Case.objects.filter(
        organisation=house, origin=Case.Origin.OPEN311, confidential=False, category__visibility=Category.Visibility.PUBLIC
    )
    return rows.select_related("category").defer("text", "public_text", "answers", "reporter", "place", "latitude", "longitude")


def dated(rows: QuerySet[Case]) -> QuerySet[Case]:
    """Bring along when a case was last changed as the public sees it: of a closed one, when it was closed."""
    moved = Entry.objects.filter(case=OuterRef("pk"), what="moved").order_by("-at", "-id").values("at")[:1]
    return rows.annotate(updated=Coalesce("done_at", Greatest("received_at", Subquery(moved))))


def _order(rows: QuerySet[Case], order: str) -> QuerySet[Case]:
    return rows.order_by(order, "-pk" if order.startswith("-") else "pk")


def _filtered(call: Call, house: Organisation, wish: Wish) -> QuerySet[Case]:
    rows = _timed(dated(publishing.released(house)), wish)
    if wish.states:
        closed = Q(state__in=Case.CLOSED)
        rows = rows.filter(Q(*[closed if each == "closed" else ~closed for each in wish.states], _connector=Q.OR))
    if wish.detailed:
        rows = rows.filter(state__in=[state for state, said in DETAILED.items() if said in wish.detailed])
    if codes := call.many("service_code"):
        rows = rows.filter(category__key__in=codes)
    if keywords := call.many("keyword"):
        rows = rows.filter(category__in=_meant(house, keywords))
    if wish.around:
        rows = nearby.within(rows, wish.around.latitude, wish.around.longitude, wish.around.radius)
    if wish.box:
        west, south, east, north = wish.box
        rows = rows.filter(latitude__range=(south, north), longitude__range=(west, east))
    if address := call.one("address")[:MOST_WORDS]:
        rows = rows.filter(place__icontains=address)
    if words := call.one("q")[:MOST_WORDS]:
        rows = publishing.with_words(rows, words)
    if wish.picture is not None:
        has = Exists(Photo.objects.filter(case=OuterRef("pk"), released=True, shown__state=Media.State.READY))
        rows = rows.filter(has if wish.picture else ~has)
    return rows


def _timed(rows: QuerySet[Case], wish: Wish) -> QuerySet[Case]:
    """Keep what was reported in the period, and what changed in the other: to be released is a change too, it was not here before."""
    for name, at in (("received_at__gte", wish.period.start), ("received_at__lte", wish.period.end)):
        rows = rows.filter(**{name: at}) if at else rows
    if wish.changed.start:  # few rows, before each is looked at
        rows = rows.filter(changed_at__gte=wish.changed.start - GAP)
    if wish.changed.start or wish.changed.end:
        rows = rows.annotate(fresh=Greatest("updated", "released_at"))
    for name, at in (("fresh__gte", wish.changed.start), ("fresh__lte", wish.changed.end)):
        rows = rows.filter(**{name: at}) if at else rows
    return rows


def _meant(house: Organisation, keywords: list[str]) -> list[int]:
    """Find the categories one of whose keywords, as the service list says them, is among these."""
    wanted = {each.casefold() for each in keywords}
    rows = Category.objects.filter(organisation=house, visibility=Category.Visibility.PUBLIC)
    return [row.pk for row in rows if wanted & {each.casefold() for each in records.keywords(row)}]


def _records(house: Organisation, cases: list[Case], *, extended: bool) -> list[dict[str, Any]]:
    doubles = [case.same_as_id for case in cases if case.same_as_id]
    originals = dict(publishing.released(house).filter(pk__in=doubles).values_list("pk", "number")) if doubles else {}
    steps = _steps(cases) if extended else {}
    told = [records.Told(case, originals.get(case.same_as_id or 0, "")) for case in cases]
    return [
        records.request(house, each) | (records.extended(house, each, steps.get(each.case.pk, [])) if extended else {}) for each in told
    ]


def _steps(cases: list[Case]) -> dict[int, list[tuple[str, datetime]]]:
    """Which states cases came into, and when: no words and no names."""
    found: dict[int, list[tuple[str, datetime]]] = {case.pk: [(Case.State.RECEIVED, case.received_at)] for case in cases}
    rows = Entry.objects.filter(case__in=[case.pk for case in cases], what="moved").order_by("at", "id")
    for case, state, at in rows.values_list("case", "data__to", "at"):
        if state in Case.State.values:
            found[case].append((state, at))
    return found
