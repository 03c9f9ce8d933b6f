"""Handle a channel's messages and other news in order: each item once, each on its own, several in one commit (laws 2, 3, 5).

The order is a person's own: several hands work on different people of a channel (`opening.shard_of`). What is of several people, or of
nobody, waits for all that came before it and holds up what came after.

A failing item is tried again, then kept with its problem; it never holds up others, only what the same person wrote after it.
What was handled before is known in `Seen`, so a retry or a replay repeats nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from buergerdraht.connectors.contract import Changed, Connector, Event, Gone, Item, Receipt, Received
from buergerdraht.gateway import channels, effects, errands, live, opening, receipts, wanting
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.opening import Log, Opened, Row, query

log = logging.getLogger("buergerdraht.ingest")
Handle = Callable[[Channel, Event], None]
Hurries = Callable[[Event], bool]

LOCKS = 0x62650000  # and the shard: first half of the advisory locks "a hand handles this channel's messages of this shard"
GROUP = 16  # in one commit: enough to share its cost, few enough that the first answer does not wait long for the last
LONGEST_SECONDS = 0.25  # a commit is not put off longer: answers wait for it, and so does whoever changes a table
MOST_TRIES = 5
BACKOFF = (2, 10, 60, 300)


def never(event: Event) -> bool:
    """Let nothing pass: where nobody says what hurries."""
    return False


@dataclass(slots=True)
class Desk:
    """Who handles items, what may pass an earlier one that failed (STOP, law 9), and the lane's log."""

    handle: Handle
    hurries: Hurries = never
    log: Log = field(default_factory=Log)


@dataclass(slots=True)
class Outcome:
    """How an event went."""

    problems: list[str] = field(default_factory=list)
    again: bool = False  # an item failed
    wait: datetime | None = None  # an item waits for an earlier one of the same person


@dataclass(slots=True)
class Turn:
    """A group of one channel's events on its way through one transaction."""

    channel: Channel
    desk: Desk
    shard: int = 0
    first: set[str] = field(default_factory=set)  # items nobody handled before
    undone: list[str] = field(default_factory=list)  # items still to be handled after this
    stuck: dict[str, datetime] = field(default_factory=dict)  # people with an item that is tried again, and when
    alone: bool = False  # one event in a transaction of its own, because its group failed as a whole
    bold: bool = False  # without savepoints, because items hardly ever fail: if one does, the group begins anew with them
    kept: int = 0


def take(channel_id: int, desk: Desk, shard: int) -> int:
    """Handle a channel's next events of a shard, where no other hand does. Returns how many were taken."""
    channel = opening.channel(channel_id)
    taken: list[Row] = []
    if channel is None:
        return 0
    try:
        return _take(Turn(channel, desk, shard, bold=True), taken, GROUP)
    except Exception as problem:
        if is_away(problem):
            raise
    taken.clear()
    try:
        return _take(Turn(channel, desk, shard), taken, GROUP)
    except (DatabaseError, InterfaceError) as problem:
        if is_away(problem):
            raise
        log.warning("ingest.apart channel=%s group=%s problem=%s", channel_id, len(taken), type(problem).__name__)
    return sum(_take_one(Turn(channel, desk, shard, alone=True)) for _ in taken)


def _take_one(turn: Turn) -> int:
    """A group failed as a whole, at its commit or by a deadlock: an event in a transaction of its own spoils no other."""
    taken: list[Row] = []
    try:
        return _take(turn, taken, 1)
    except (DatabaseError, InterfaceError) as problem:
        if is_away(problem) or not taken:
            raise
        log.error("ingest.failed event=%s problem=%s", taken[0].id, type(problem).__name__)
        leave(taken[0], Outcome([type(problem).__name__], again=True))
        return 1


def is_away(problem: Exception) -> bool:
    """Tell whether the database itself is away, full or read only: nobody's fault, everything is tried again as it is.

    https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    code = str(getattr(problem.__cause__, "sqlstate", "") or "")
    lost = isinstance(problem, OperationalError | InterfaceError) and not code
    return isinstance(problem, DatabaseError | InterfaceError) and (lost or code.startswith(("08", "53", "57P", "58")) or code == "25006")


def _take(turn: Turn, taken: list[Row], limit: int) -> int:
    began, channel = time.monotonic(), turn.channel
    with transaction.atomic(), live.together():
        if not query("own", locks=LOCKS + turn.shard, channel=channel.pk)[0][0]:
            return 0
        taken += _pick(turn, limit)
        if not taken:
            return 0
        reader = opening.connector(channel)
        opened = sorted((opening.unfold(reader, row) for row in taken), key=lambda one: one.order)
        if later := [one.row for one in opened if one.wanting]:
            wanting.put_off(later)
            opened = [one for one in opened if not one.wanting]
        turn.bold = turn.bold and not any(row.tries for row in taken)
        _look_back(turn, reader, opened)
        outcomes = _handle(turn, opened, began + LONGEST_SECONDS)
        _finish(turn, outcomes)
        handled = [one for one, _outcome in outcomes]
        _count_inbound(channel, handled)
    opening.heard(channel.pk, taken)
    turn.desk.log.add(channel.pk, handled, kept=turn.kept, seconds=time.monotonic() - began)
    if later and reader is not None:
        for row in wanting.ask(channel, reader, later):
            leave(row, Outcome(["wanting"], again=True))
    return len(handled) + len(later)


def _pick(turn: Turn, limit: int) -> list[Row]:
    if turn.shard:
        return opening.rows("pick", channel=turn.channel.pk, shard=turn.shard, limit=limit)
    return opening.rows("pick_mixed", channel=turn.channel.pk, shards=opening.SHARDS, limit=limit)


def _handle(turn: Turn, opened: Sequence[Opened], until: float) -> list[tuple[Opened, Outcome]]:
    """Handle events until the time is over, one at least; the rest is left as if it had not been picked."""
    outcomes: list[tuple[Opened, Outcome]] = []
    for one in opened:
        if outcomes and time.monotonic() > until:
            break
        outcomes.append((one, _handle_event(turn, one)))
    left = opened[len(outcomes) :]
    turn.undone += [external for one in left for external in opening.once(one.items) if external in turn.first]
    return outcomes


def _look_back(turn: Turn, reader: Connector | None, opened: Sequence[Opened]) -> None:
    """Learn what was handled before, and whose earlier items wait for their next try."""
    if not opened:
        return
    externals = [external for one in opened for external in opening.once(one.items)]
    if externals:
        turn.first = {row[0] for row in query("see", channel=turn.channel.pk, externals=externals)}
    shards = [turn.shard, 0] if turn.shard else list(range(opening.SHARDS + 1))
    earlier = query("waiting", channel=turn.channel.pk, shards=shards, last=max(one.row.id for one in opened))
    for number, source, body, tries, at, retry_at in earlier:
        items = opening.once(opening.unfold(reader, Row(number, source, bytes(body), tries, at)).items)
        done = {row[0] for row in query("seen", channel=turn.channel.pk, externals=list(items))}
        for external, event in items.items():
            if external not in done:
                turn.stuck |= dict.fromkeys(opening.keys_of(event), retry_at)


def _handle_event(turn: Turn, opened: Opened) -> Outcome:
    """Handle an event's items, each apart from the others, and say how it went."""
    outcome = Outcome([opened.problem] if opened.problem else [])
    if found := opened.receipts:
        problem = _apart(turn, "Receipt", lambda: receipts.apply(turn.channel.pk, found))
        outcome.problems += [problem] if problem else []
        outcome.again = bool(problem)
    for item in opened.passing:
        _handle_item(turn, opened.row, item, outcome)
    return outcome


def _handle_item(turn: Turn, row: Row, item: Item, outcome: Outcome) -> None:
    event = item.event
    if event is None or isinstance(event, Receipt):
        outcome.problems.append(item.problem or "unknown")
        return
    external = event.external_id[:200]
    if external not in turn.first:
        return  # handled before
    turn.first.discard(external)
    keys = opening.keys_of(event)
    until = max((turn.stuck[key] for key in keys & turn.stuck.keys()), default=None)
    if until is not None and not turn.desk.hurries(event):
        turn.undone.append(external)
        outcome.wait = max(until, outcome.wait or until)
        return
    problem = _apart(turn, type(event).__name__, lambda: _pass_on(turn, event))
    if problem:
        turn.undone.append(external)
        outcome.problems.append(problem)
        outcome.again = True
        if row.tries + 1 < MOST_TRIES:
            turn.stuck |= dict.fromkeys(keys, _next_try(row))


def _apart(turn: Turn, kind: str, work: Callable[[], None]) -> str:
    """Do something in a savepoint of its own, or boldly without. Returns the problem, empty when all is well."""
    if turn.bold:
        work()
        return ""
    try:
        with transaction.atomic(), live.together():
            work()
        return ""
    except Exception as problem:
        if is_away(problem) or (isinstance(problem, OperationalError) and not turn.alone):
            raise  # nobody's fault, or a deadlock ended at our cost: all of it is tried again as it is
        place = _place(problem)
        log.error("ingest.failed channel=%s kind=%s problem=%s at=%s", turn.channel.pk, kind, type(problem).__name__, place)
        return f"{kind}: {type(problem).__name__} {place}"


def _place(problem: Exception) -> str:
    """Where our code failed: a file and a line, nothing of what it held."""
    where = problem.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    return f"{where.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{where.tb_lineno}" if where else ""


def _pass_on(turn: Turn, event: Received | Gone | Changed) -> None:
    if isinstance(event, Changed):
        effects.apply(turn.channel, event)
    turn.desk.handle(turn.channel, event)
    if isinstance(event, Received) and event.callback:
        errands.acknowledge(turn.channel, event.callback)


def _count_inbound(channel: Channel, opened: Iterable[Opened]) -> None:
    """Where a provider counts what comes in against the rate, the engine is told."""
    count = sum(isinstance(item.event, Received) for one in opened for item in one.items)
    if count and channels.limits_of(channel.kind).rate_counts_inbound:
        live.notify("traffic", f"{channel.pk}:{count}")


# ── how it went ───────────────────────────────────────────────────────────


def _finish(turn: Turn, outcomes: Sequence[tuple[Opened, Outcome]]) -> None:
    if turn.undone:
        query("unsee", channel=turn.channel.pk, externals=turn.undone)
    well = [one.row.id for one, outcome in outcomes if not outcome.problems and outcome.wait is None]
    if well:
        query("done", ids=well)
    for one, outcome in outcomes:
        if outcome.problems or outcome.wait:
            turn.kept += leave(one.row, outcome)


def leave(row: Row, outcome: Outcome) -> bool:
    """Note that an event is to be tried again, or kept for people. Returns whether it is kept."""
    again = outcome.again and row.tries + 1 < MOST_TRIES
    retry_at = max((at for at in (outcome.wait, _next_try(row) if again else None) if at), default=None)
    query(
        "leave",
        id=row.id,
        state="new" if retry_at else "kept",
        problem="; ".join(dict.fromkeys(outcome.problems))[:500],
        tries=row.tries + again,
        retry_at=retry_at,
    )
    return retry_at is None


def _next_try(row: Row) -> datetime:
    return timezone.now() + timedelta(seconds=BACKOFF[min(row.tries, len(BACKOFF) - 1)])
