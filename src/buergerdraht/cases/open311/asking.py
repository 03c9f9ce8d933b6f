"""Read what a list of requests is asked with (GeoReport v2, GET Service Requests, and the field's extensions)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.cases.open311.calls import Call, Refused

SPAN = timedelta(days=90)
MOST = 1000  # requests in an answer (Response Volume)
FURTHEST = 100_000  # rows that can be paged through; from there dates narrow it
WIDEST = 50_000  # metres
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
SORTS = {"requested_datetime": "received_at", "updated_datetime": "updated", "service_request_id": "number"}
DETAILED = {
    "received": "RECEIVED", "confirmed": "RECEIVED", "progress": "IN_PROCESS", "waiting": "IN_PROCESS", "done": "PROCESSED",
    "rejected": "REJECTED", "duplicate": "REJECTED",
}  # fmt: skip


@dataclass(frozen=True)
class Around:
    latitude: float
    longitude: float
    radius: float  # metres


@dataclass(frozen=True)
class Period:
    """From, until; None: without an end."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Page:
    start: int
    end: int


@dataclass(frozen=True)
class Wish:
    """What a list is asked with. `order` is a column of the list, "-" before it: newest first; `box` west, south, east, north."""

    period: Period
    changed: Period
    page: Page
    order: str
    states: list[str]
    detailed: list[str]
    around: Around | None
    box: tuple[float, float, float, float] | None
    picture: bool | None


def wish(call: Call) -> Wish:
    """Read it whole. Raises Refused: 400 with a sentence for the first thing that cannot be meant."""
    changed = Period(moment(call, "updated_after"), moment(call, "updated_before"))
    return Wish(
        period=period(call, always=changed == Period(None, None)), changed=changed, page=page(call), order=_order(call),
        states=_chosen(call, "status", ("open", "closed")), detailed=_chosen(call, "detailed_status", set(DETAILED.values())),
        around=_around(call), box=_box(call), picture=truth(call, "with_picture"),
    )  # fmt: skip


def moment(call: Call, name: str) -> datetime | None:
    """Read a time with its offset. A plus that became a space on the way is a plus."""
    said = call.one(name)
    if not said:
        return None
    found = MOMENT.fullmatch(said.replace(" ", "+").replace("t", "T").replace("z", "Z"))
    try:
        read = datetime.fromisoformat(f"{found[1]}{found[2] or ':00'}{found[4]}") if found else None
    except ValueError:
        read = None
    if read is None or not 1900 <= read.year <= 2200:
        sentence = _("%(name)s ist kein Zeitpunkt mit Zeitzone, zum Beispiel 2026-11-29T08:00:00+01:00.")
        raise Refused(400, sentence % {"name": name})
    return read.astimezone(UTC)


def period(call: Call, *, always: bool) -> Period:
    """Read start_date and end_date: 90 days at most; the last 90 where nothing is said and `always`."""
    start, end = moment(call, "start_date"), moment(call, "end_date")
    if start and end and not timedelta(0) <= end - start <= SPAN:
        raise Refused(400, _("end_date liegt vor start_date oder mehr als 90 Tage danach."))
    if start and not end:
        return Period(start, start + SPAN)
    if end and not start:
        return Period(end - SPAN, end)
    return Period(start, end) if start or not always else Period(timezone.now() - SPAN, None)


def page(call: Call) -> Page:
    """Read page and page_size, or offset and limit; without them the first 1000."""
    if any(map(call.one, ("page", "page_size"))) and any(map(call.one, ("offset", "limit"))):
        raise Refused(400, _("page und page_size oder offset und limit, nicht beides."))
    size = _whole(call, "page_size" if call.one("page_size") else "limit", (1, MOST), MOST)
    start = (_whole(call, "page", (1, FURTHEST), 1) - 1) * size + _whole(call, "offset", (0, FURTHEST), 0)
    if start > FURTHEST:
        raise Refused(400, _("So weit reichen die Seiten nicht. Bitte mit start_date und end_date eingrenzen."))
    return Page(start, start + size)


def _whole(call: Call, name: str, between: tuple[int, int], otherwise: int) -> int:
    said = call.one(name)
    if not said:
        return otherwise
    read = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1
    if not between[0] <= read <= between[1]:
        sentence = _("%(name)s ist keine ganze Zahl von %(least)s bis %(most)s.")
        raise Refused(400, sentence % {"name": name, "least": between[0], "most": between[1]})
    return read


def truth(call: Call, name: str) -> bool | None:
    said = call.one(name).lower()
    if said not in {"", "true", "false", "1", "0"}:
        raise Refused(400, _("%(name)s ist true oder false.") % {"name": name})
    return said in {"true", "1"} if said else None


def _order(call: Call) -> str:
    said = call.one("sort") or "-requested_datetime"
    column = SORTS.get(said.removeprefix("-"))
    if column is None:
        raise Refused(400, _("sort ist eines von: %(names)s; mit - davor absteigend.") % {"names": ", ".join(SORTS)})
    return f"-{column}" if said.startswith("-") else column


def _chosen(call: Call, name: str, possible: tuple[str, ...] | set[str]) -> list[str]:
    found = call.many(name)
    if set(found) - set(possible):
        raise Refused(400, _("%(name)s ist eines von: %(names)s.") % {"name": name, "names": ", ".join(sorted(possible))})
    return found


def number(said: str) -> float | None:
    """Read a plain decimal number; None where it is none."""
    return float(said) if re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,20})?", said, re.ASCII) else None


def point(call: Call) -> tuple[float, float] | None:
    """Read lat and long (WGS 84), both or none."""
    lat, long = call.one("lat"), call.one("long") or call.one("lon")
    if not lat and not long:
        return None
    latitude, longitude = number(lat), number(long)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise Refused(400, _("lat und long gehören zusammen: Dezimalgrade, zum Beispiel 51.1 und 7.1."))
    return latitude, longitude


def _around(call: Call) -> Around | None:
    middle, said = point(call), call.one("radius")
    if middle is None and not said:
        return None
    radius = number(said)
    if middle is None or radius is None or not 0 < radius <= WIDEST:
        raise Refused(400, _("lat, long und radius gehören zusammen; radius in Metern, höchstens %(most)s.") % {"most": WIDEST})
    return Around(*middle, radius=radius)


def _box(call: Call) -> tuple[float, float, float, float] | None:
    said = call.one("bbox")
    if not said:
        return None
    read = [number(part.strip()) for part in said.split(",")]
    if len(read) != 4 or any(part is None for part in read):
        raise Refused(400, _("bbox sind vier Dezimalgrade: Westen, Süden, Osten, Norden."))
    west, south, east, north = (part if part is not None else math.nan for part in read)
    if west > east or south > north:
        raise Refused(400, _("bbox sind vier Dezimalgrade: Westen, Süden, Osten, Norden."))
    return west, south, east, north
