"""Updates of requests, as mySociety extended the specification: which states cases came into, and words that come later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rest.once import KEPT
from buergerdraht.cases import actions, publishing
from buergerdraht.cases.models import Case, Entry
from buergerdraht.cases.open311 import asking, keys, pictures, records
from buergerdraht.cases.open311.calls import Call, Refused
from buergerdraht.cases.open311.reading import NUMBER, reported
from buergerdraht.cases.open311.shapes import clean, moment
from buergerdraht.cases.open311.writing import SAME, fingerprint
from buergerdraht.cases.report import LONGEST
from buergerdraht.gateway.models import Media

REOPENS = "open"


def listing(call: Call) -> list[dict[str, Any]]:
    """List which states cases came into, oldest first: of released ones; by number also of one that came by Open311."""
    house, numbers = call.house(), call.many("service_request_id")
    if len(numbers) > asking.MOST:
        raise Refused(400, _("Höchstens %(most)s service_request_id auf einmal.") % {"most": asking.MOST})
    period, page = asking.period(call, always=not numbers), asking.page(call)
    rows = Entry.objects.filter(what="moved", data__to__in=Case.State.values, case__organisation=house).select_related("case")
    seen = Q(case__in=publishing.released(house).order_by().values("pk"))
    if numbers:
        known = [each for each in numbers if NUMBER.fullmatch(each)]
        rows = rows.filter(seen | Q(case__in=reported(house).values("pk")), case__number__in=known)
    else:
        rows = rows.filter(seen)
    # What is released is new to whoever asks, however old its steps are.
    rows = rows.annotate(fresh=Greatest("at", "case__released_at"))
    for name, at in (("fresh__gte", period.start), ("fresh__lte", period.end)):
        rows = rows.filter(**{name: at}) if at else rows
    return [_shown(house, entry) for entry in rows.order_by("at", "id")[page.start : page.end]]


def _shown(house: Organisation, entry: Entry) -> dict[str, Any]:
    state = entry.data["to"]
    return {
        "update_id": str(entry.pk), "service_request_id": entry.case.number, "status": records.status(state),
        "updated_datetime": moment(entry.at), "description": records.said(house, state), "media_url": None,
    }  # fmt: skip


def add(call: Call) -> list[dict[str, Any]]:
    """Keep words and pictures that come later. `open` takes a closed case up again; to close one is ours."""
    house = call.house()
    token = keys.token(call.request, house)
    case = _case(call, house)
    text, status = clean(call.asked.get("description") or "").strip(), call.one("status").lower()
    if len(text) > LONGEST:
        raise Refused(400, _("description hat mehr als %(most)s Zeichen.") % {"most": LONGEST})
    asking.moment(call, "updated_datetime")
    files, links = pictures.uploaded(call), pictures.links(call)
    reopens = status == REOPENS and case.state in {Case.State.DONE, Case.State.REJECTED}
    if not text and not files and not links and not reopens:
        raise Refused(400, _("description fehlt: Es gibt nichts zu ergänzen."))
    content, within = _content(call, house, pictures.prints(files))
    number = keys.answered(token, content, within)
    if not number:
        files += pictures.fetched(links)
        number = keys.once(token, content, within, lambda: str(_keep(case, text, pictures.keep(house, files), reopens=reopens).pk))
    return [{"update_id": number}]


def _case(call: Call, house: Organisation) -> Case:
    """The case it is for: a released one, or one that came by Open311."""
    number = call.one("service_request_id")
    if not number:
        raise Refused(400, _("service_request_id fehlt."))
    rows = Case.objects.filter(Q(pk__in=publishing.released(house).order_by().values("pk")) | Q(pk__in=reported(house).values("pk")))
    case = rows.filter(number=number, emptied=False).first() if NUMBER.fullmatch(number) else None
    if case is None:
        raise Refused(404, _("Diese service_request_id gibt es nicht."))
    return case


def _content(call: Call, house: Organisation, prints: list[str]) -> tuple[str, timedelta]:
    """What tells this update from another, and for how long: by its update_id for a day, else by all that was sent."""
    if name := call.one("update_id"):
        return f"update {house.pk} {call.one('service_request_id')} {name}", KEPT
    return fingerprint(call, house, prints), SAME


def _keep(case: Case, text: str, photos: list[Media], *, reopens: bool) -> Entry:
    if not reopens:
        return actions.add(case, None, text=text, photos=photos)
    try:
        entry = actions.reopen(case, None, text=text)
    except actions.NotNow:  # somebody did meanwhile
        return actions.add(case, None, text=text, photos=photos)
    if photos:
        actions.add(case, None, photos=photos)
    return entry
