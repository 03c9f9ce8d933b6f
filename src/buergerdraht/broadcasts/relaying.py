"""Reach people on their next way where the one before surely did not: never on two at once, unless they wished what is urgent on all.

A newsletter goes on where the provider said that it did not arrive. What is urgent goes on as well where a provider that reports delivery
is silent for the organisation's patience, where it is unclear whether it left, where somebody blocked us, and where a channel stands still.
Nothing is given up before another way is found that may be written to. A recipient stays one row of the ledger: it stands where the last
letter stands, or the one that arrived; `contacts.Relay` keeps what was before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.broadcasts import gate, ledger
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts import outreach
from buergerdraht.contacts.actions import enter_gate
from buergerdraht.contacts.models import Contact, Relay, Way
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("relaying.sql"))
STANDSTILL = timedelta(minutes=2)  # with a channel that does not run
LOOKED_AFTER = timedelta(hours=24)
LARGE_PAUSE = timedelta(minutes=15)  # between two looks at a large newsletter
SHARE = 40  # a look reads every recipient: it never takes more than this part of the time,
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)  # but once a minute an urgent one is looked at, in its first hour
LOOKED_AT = [Broadcast.State.SENDING, Broadcast.State.DONE]
PIECE = 500
FAILED = (  # what another way may mend; who said no, or what was stopped, is not among them
    "not_reachable", "window_closed", "no_template", "person_limit", "tries_used_up", "content_refused", "media_refused",
    "template_refused", "country_refused", "push_refused", "identity_changed", "key_changed", "unknown",
)  # fmt: skip
URGENT = (*FAILED, "blocked")
CHOSEN = "chosen"  # they wished it on all their ways
GIVEN_UP = {
    "undelivered": gettext_lazy("keine Zustellung gemeldet"), "unavailable": gettext_lazy("der Kanal stand still"),
    "unclear": gettext_lazy("ungeklärt, ob sie ankam"), CHOSEN: gettext_lazy("auf allen Wegen gewünscht"),
    "second": gettext_lazy("kam auf dem ersten Weg doch an"),
}  # fmt: skip


class Case(NamedTuple):
    """Somebody who was not reached, and their other ways in turn: addresses and the channels of each."""

    recipient: int
    contact: int
    channel: int
    outbound: int | None
    reason: str
    state: str  # of the letter: queued, where it waits in a channel that stands still or is tried in vain; unclear; or it is over
    addresses: list[int]
    ways: list[int]


class Route(NamedTuple):
    """Where somebody is tried next."""

    case: Case
    address: int
    way: int


def look(now: datetime | None = None) -> int:
    """Send on what did not arrive. Returns how many letters."""
    now = now or timezone.now()
    begun = Broadcast.objects.filter(state__in=LOOKED_AT, started_at__gt=now - LOOKED_AFTER)
    rows = begun.select_related("organisation").order_by("-urgent", "pk")
    return sum(_all_of(broadcast, now) for broadcast in rows if _its_turn(broadcast, now))


def _its_turn(broadcast: Broadcast, now: datetime) -> bool:
    if broadcast.looked_at is None:
        return True
    pause = timedelta(seconds=SHARE * broadcast.looked_for)
    if broadcast.urgent and broadcast.started_at is not None and now - broadcast.started_at < HOUR:
        pause = min(pause, MINUTE)  # whom a warning has not reached by then cannot wait for our convenience
    elif not broadcast.urgent and (broadcast.size or 0) > ledger.LIVE:
        pause = max(pause, LARGE_PAUSE)
    return now - broadcast.looked_at >= pause


def _all_of(broadcast: Broadcast, now: datetime) -> int:
    """Look at one broadcast, in pieces of transactions of their own, and note how long the reading took."""
    began, sent, after = time.monotonic(), 0, 0
    _stand_again(broadcast)
    reading = time.monotonic() - began
    while True:
        piece = _piece(broadcast.pk, now, after)
        sent, reading = sent + piece.sent, reading + piece.reading
        if piece.last is None:
            break
        after = piece.last
    Broadcast.objects.filter(pk=broadcast.pk).update(looked_at=now, looked_for=reading)
    return sent


class Piece(NamedTuple):
    """How many were sent on, the last recipient looked at (None: there are no more), and the seconds of looking."""

    sent: int
    last: int | None
    reading: float = 0.0


@transaction.atomic
def _piece(number: int, now: datetime, after: int) -> Piece:
    gate.enter(number)  # whoever stops it waits for this piece, and after that nothing goes
    broadcast = Broadcast.objects.select_related("organisation").filter(pk=number, state__in=LOOKED_AT).first()
    if broadcast is None:
        return Piece(0, None)
    enter_gate(broadcast.organisation_id)  # before any row is locked: a citizen's stop holds it, and may want those rows
    began = time.monotonic()
    found = _cases(broadcast, now, after)
    reading = time.monotonic() - began
    if not found:
        return Piece(0, None, reading)
    sent = _send(broadcast, _given_up(_routes(broadcast, found)))
    return Piece(sent, found[-1].recipient, reading)


def _routes(broadcast: Broadcast, cases: Sequence[Case]) -> list[Route]:
    """Choose for each the first of their ways that may be written to; who has none stays where they stand."""
    every = [Route(case, address, way) for case in cases for address, way in zip(case.addresses, case.ways, strict=True)]
    found: dict[int, Route] = {}
    for route, refusal in zip(every, outreach.refusals(_selection(broadcast, every)), strict=True):
        if not refusal:
            found.setdefault(route.case.recipient, route)
    return list(found.values())


def _selection(broadcast: Broadcast, routes: Sequence[Route]) -> outreach.Selection:
    return outreach.Selection(
        organisation=broadcast.organisation,
        batch=broadcast.pk,
        chosen=SQL["chosen"],
        values=[[route.address for route in routes], [route.case.contact for route in routes], [route.way for route in routes]],
        words=[outreach.Words(*words) for words in broadcast.words],
        urgent=broadcast.urgent,
    )


def _send(broadcast: Broadcast, routes: Sequence[Route]) -> int:
    if not routes:
        return 0
    rows = [
        Relay(
            organisation=broadcast.organisation, contact_id=route.case.contact, message=route.case.recipient,
            channel_id=route.case.channel, outbound_id=route.case.outbound, reason=route.case.reason,
        )
        for route in routes
    ]  # fmt: skip
    Relay.objects.bulk_create(rows, ignore_conflicts=True)  # who stands again where they were has left that way before
    numbers = ",".join(str(int(route.case.recipient)) for route in routes)
    queued = outreach.send_selected(_selection(broadcast, routes), SQL["record"].replace("/*recipients*/", numbers)).queued
    if queued != len(routes):  # a window closed between the two questions: what was given up stays, and the next look asks again
        transaction.set_rollback(True)
        return 0
    return queued


def _cases(broadcast: Broadcast, now: datetime, after: int) -> list[Case]:
    """Find people who were not reached and have another way, locked."""
    mine = list(channels.people(broadcast.organisation))
    values = {
        "broadcast": broadcast.pk,
        "after": after,
        "kind": Way.Kind.ALERT if broadcast.urgent else Way.Kind.NEWSLETTER,
        "reasons": list(URGENT if broadcast.urgent else FAILED),
        "urgent": broadcast.urgent,
        "telling": [each.pk for each in mine if channels.limits_of(each.kind).delivered],
        "running": [each.pk for each in mine if each.state == Channel.State.RUNNING],
        "standing": [each.pk for each in mine if each.state in {Channel.State.BROKEN, Channel.State.PAUSED}],
        "everywhere": _everywhere(broadcast),
        "silent": now - timedelta(minutes=broadcast.organisation.patience),
        "still": now - STANDSTILL,
        "limit": PIECE,
    }
    return [Case(*row) for row in _ask("cases", values)]


def _everywhere(broadcast: Broadcast) -> list[int]:
    """Who wished to get what is urgent on all their ways: they go on whatever became of the letter before."""
    if not broadcast.urgent:
        return []
    return list(Contact.objects.filter(organisation=broadcast.organisation, everywhere=True).values_list("pk", flat=True))


def _ask(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@transaction.atomic
def _stand_again(broadcast: Broadcast) -> None:
    """Count those as reached whose first letter came late, and take back the second where it still waits."""
    enter_gate(broadcast.organisation_id)
    rows = _ask("arrived", {"broadcast": broadcast.pk, "everywhere": _everywhere(broadcast)})
    back = _back({waiting for *_, waiting in rows if waiting is not None})
    rows = [row for row in rows if row[3] is None or row[3] in back]
    if rows:
        recipients, ways, outbounds, _waiting = (list(column) for column in zip(*rows, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(SQL["leave"], {"organisation": broadcast.organisation_id, "recipients": recipients})
            cursor.execute(SQL["stand_again"], {"recipients": recipients, "channels": ways, "outbounds": outbounds})


def _given_up(routes: Sequence[Route]) -> list[Route]:
    """Take back what waits: what left in this moment is not sent a second time. What is unclear need not be decided by anybody now."""
    chosen = [route for route in routes if route.case.reason == CHOSEN]
    others = [route for route in routes if route.case.reason != CHOSEN]
    back = _back(route.case.outbound for route in others if route.case.state == Outbound.State.QUEUED and route.case.outbound is not None)
    unclear = [each for route in others if route.case.state == Outbound.State.UNCLEAR and (each := route.case.outbound) is not None]
    if unclear:
        outreach.settle_many(Outbound.objects.filter(pk__in=unclear), again=False)
    return chosen + [route for route in others if route.case.state != Outbound.State.QUEUED or route.case.outbound in back]


def _back(waiting: Iterable[int]) -> set[int]:
    return {each.pk for each in Outbound.objects.filter(pk__in=set(waiting)).order_by("pk") if outreach.take_back(each)}


class Before(NamedTuple):
    """A way on which somebody was not reached."""

    channel: Channel
    reason: str

    @property
    def title(self) -> str:
        return str(GIVEN_UP[self.reason]) if self.reason in GIVEN_UP else _(REASONS.get(self.reason, REASONS["unknown"]).title)


def before(broadcast: Broadcast, recipients: Iterable[int]) -> dict[int, list[Before]]:
    """Say for some people of a broadcast which ways were tried before the one where they stand."""
    rows = (
        Relay.objects.filter(organisation=broadcast.organisation_id, message__in=list(recipients)).select_related("channel").order_by("pk")
    )
    found: dict[int, list[Before]] = {}
    for row in rows:
        found.setdefault(row.message, []).append(Before(row.channel, row.reason))
    return found
