"""Freeze the audience, queue it in pieces, see when it is done. A kill at any point loses nothing and doubles nothing:

the freeze is one transaction; each piece becomes recipients and letters in one; what is still a piece is taken up by the next
round. Pieces are short, because a citizen's STOP waits for the one being queued.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from buergerdraht.broadcasts import content, gate, ledger, posts, publishing, reminding
from buergerdraht.broadcasts.actions import _note
from buergerdraht.broadcasts.models import Broadcast, Piece
from buergerdraht.contacts import audience, outreach
from buergerdraht.gateway import channels, database
from buergerdraht.gateway.arrivals import is_away
from buergerdraht.gateway.models import Batch, Outbound
from buergerdraht.gateway.queries import queries

log = logging.getLogger("buergerdraht.broadcasts")
Found = TypeVar("Found")
SQL = queries(Path(__file__).with_name("queries.sql"))
State = Broadcast.State
PIECE = 2000  # people
MOST_PIECES, MOST_PEOPLE = 200, 20_000  # in one transaction
SHORT, LONG = 0.15, 0.3  # seconds a transaction may take
TIDY_SECONDS = 2.0
MOST_HANDS = 3  # in a process: a round that takes long is joined by the next; processes share the work alike
HANDS = threading.BoundedSemaphore(MOST_HANDS)
TIDYING = threading.Lock()  # one hand is enough
BUSY = [Outbound.State.QUEUED, Outbound.State.SENDING, Outbound.State.DOUBT]


@dataclass
class Pace:
    """How many people a transaction may queue, so that nobody waits long for it."""

    people: int = PIECE

    def felt(self, seconds: float) -> None:
        """Take fewer next time where it took long, more where it was quick."""
        if seconds > LONG:
            self.people = max(self.people // 2, PIECE)
        elif seconds < SHORT:
            self.people = min(self.people * 3 // 2, MOST_PEOPLE)


def round_of_all() -> int:
    """Do what is due: start, queue, finish. Returns how many letters were queued; 0 where this process is at it with all hands."""
    if not HANDS.acquire(blocking=False):
        return 0
    try:
        return _round()
    finally:
        HANDS.release()


def _round() -> int:
    pace, queued, known, tidied = Pace(), 0, 0, time.monotonic()
    stuck: set[int] = set()
    while (number := _turn(pace, stuck)) is not None:
        queued += number
        if time.monotonic() - tidied > TIDY_SECONDS:
            first = queued > ledger.LIVE > known
            if _tidy(grown=first) and first:
                known = queued
            tidied = time.monotonic()
    _tidy(grown=queued - known > ledger.LIVE)
    return queued


def _turn(pace: Pace, stuck: set[int]) -> int | None:
    """Start what is due and queue a piece of each that is being sent, so that a small one need not wait for a large one; urgent ones first.

    Returns how many letters were queued, None when nothing is left that another worker has not taken. What breaks goes into `stuck`:
    it must not hold up the others, and the next round tries it again.
    """
    before = len(stuck)
    for broadcast in _due().exclude(pk__in=stuck):
        _try(stuck, start, broadcast)
    waiting = list(_sending().filter(Exists(Piece.objects.filter(broadcast=OuterRef("pk")))).exclude(pk__in=stuck))
    turns = [each for each in waiting if each.urgent] or waiting
    pieces = [_try(stuck, queue_piece, broadcast, pace) for broadcast in turns]
    queued = [piece for piece in pieces if piece is not None]
    return sum(queued) if queued or len(stuck) > before else None


def _try(stuck: set[int], verb: Callable[..., Found], broadcast: Broadcast, *more: object) -> Found | None:
    try:
        return verb(broadcast, *more)
    except (OperationalError, InterfaceError):  # the database, not this broadcast
        raise
    except Exception as problem:
        log.error("broadcast.stuck broadcast=%s problem=%s", broadcast.pk, type(problem).__name__)
        stuck.add(broadcast.pk)
        return None


def _tidy(*, grown: bool) -> bool:
    """End what is through, put to rest what should; and what takes longer, unless another hand is at it: then False."""
    failed: set[int] = set()
    for broadcast in _sending():
        _try(failed, _end_or_rest, broadcast)
    for broadcast in posts.outlasting():
        _try(failed, _rest, broadcast)
    if not TIDYING.acquire(blocking=False):
        return False
    try:
        if grown:
            with connection.cursor() as cursor:  # until then the planner believes the tables are as they were
                cursor.execute("analyze broadcasts_recipient, gateway_outbound")
        for job in (_record_cancelled, outreach.tidy, _close, ledger.refresh_due, publishing.follow, _remind):
            _also(job)
    finally:
        TIDYING.release()
    return True


def _also(job: Callable[[], object]) -> None:
    """Do what the others do not wait for: one that breaks holds up none of them, and the next round tries it again."""
    try:
        job()
    except Exception as problem:
        if is_away(problem):  # the database, for all of them
            raise
        log.error("broadcast.undone job=%s problem=%s", job.__name__, type(problem).__name__)


def _close() -> None:
    ended = Broadcast.objects.filter(state__in=[State.DONE, State.STOPPED])
    open_ = Batch.objects.exclude(state=Batch.State.DONE).values("id")
    outreach.close(list(ended.filter(pk__in=open_).values_list("pk", flat=True)))


def _remind() -> None:
    reminding.remind(database.clock())


def _end_or_rest(broadcast: Broadcast) -> None:
    """Say it is done, or let what is queued wait through the quiet hours: a large one runs for hours, and some begin in the evening."""
    if not finish(broadcast):
        _rest(broadcast)


def _rest(broadcast: Broadcast) -> None:
    if not broadcast.urgent:
        outreach.keep_quiet(broadcast.organisation, broadcast.pk)


def _due() -> QuerySet[Broadcast]:
    """What is to begin by the database's clock: several workers' own clocks may differ."""
    due = Q(scheduled_at=None) | Q(scheduled_at__lte=Now())
    return Broadcast.objects.filter(due, state=State.APPROVED).order_by("-urgent", "id")


def _sending() -> QuerySet[Broadcast]:
    return Broadcast.objects.filter(state=State.SENDING).select_related("organisation").order_by("-urgent", "id")


@transaction.atomic
def start(broadcast: Broadcast) -> bool:
    """Freeze the audience and begin. Returns False where another worker was faster."""
    row = _claimed(broadcast, State.APPROVED)
    if row is None:
        return False
    row.words, row.size = _words(row), _freeze(row)
    row.state, row.started_at = State.SENDING, Now()
    row.save(update_fields=["state", "started_at", "words", "size", "updated_at"])
    outreach.begin(row.organisation, row.pk)
    posts.begin(row)
    _note(row, "start", None)
    return True


def _claimed(broadcast: Broadcast, state: str) -> Broadcast | None:
    """Lock the row in this state; None where it left the state, or somebody is at it."""
    if not gate.try_shut(broadcast.pk):
        return None
    rows = Broadcast.objects.select_for_update(skip_locked=True, of=("self",)).select_related("organisation")
    return rows.filter(pk=broadcast.pk, state=state).first()


def _freeze(broadcast: Broadcast) -> int:
    """Keep who is meant, in one statement: the audience as it stands at this moment. Returns how many."""
    choose = audience.warned if broadcast.urgent else audience.chosen
    sql, values = choose(broadcast.organisation, broadcast.audience).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("set local work_mem = '64MB'")  # sorts a million without the disk
        cursor.execute(SQL["freeze"].replace("/*chosen*/", sql), [broadcast.pk, PIECE, *values])
        (size,) = cursor.fetchone()
        cursor.execute("set local work_mem to default")
    return int(size)


def _words(broadcast: Broadcast) -> list[outreach.Words]:
    """Store once what each channel and language gets, the language for everybody else first."""
    found = []
    for language in content.languages(broadcast) or [broadcast.organisation.language]:
        inside = outreach.store(broadcast.organisation, content.version(broadcast, language))
        for channel in channels.people(broadcast.organisation):
            template = content.template(broadcast, channel, language)
            outside = outreach.store(broadcast.organisation, template).pk if template else None
            found.append(outreach.Words(channel.pk, language, inside.pk, outside))
    return found


@transaction.atomic
def queue_piece(broadcast: Broadcast, pace: Pace | None = None) -> int | None:
    """Queue the next pieces of the frozen audience. None when nothing is left, or it is no longer being sent.

    What is urgent is a newsletter among the letters, too, no alert: it asks for the same consent, a pause holds it (citizens are told that
    only warnings of danger come through one), and what is in doubt goes on by another way (see relaying) instead of twice by the same.
    """
    pace = pace or Pace()
    gate.enter(broadcast.pk)
    row = Broadcast.objects.select_related("organisation").filter(pk=broadcast.pk, state=State.SENDING).first()
    if row is None or not (pieces := _next(row, pace.people)):
        return None
    began = time.monotonic()
    selection = outreach.Selection(
        organisation=row.organisation,
        batch=row.pk,
        chosen=SQL["chosen"],
        values=[row.pk, pieces],
        words=[outreach.Words(*words) for words in row.words],
        elsewhere=SQL["elsewhere"].replace("/*broadcast*/", str(int(row.pk))),
        urgent=row.urgent,
    )
    queued = outreach.send_selected(selection, SQL["record"].replace("/*broadcast*/", str(int(row.pk))))
    Piece.objects.filter(pk__in=pieces).delete()
    pace.felt(time.monotonic() - began)
    return queued.queued


def _next(broadcast: Broadcast, people: int) -> list[int]:
    """Lock the next pieces that together have about so many people; at least one. Other hands may be at pieces of their own."""
    free = Piece.objects.filter(broadcast=broadcast).order_by("id").select_for_update(skip_locked=True).values_list("id", "size")
    pieces: list[int] = []
    guess = 1  # how many to lock at a time: the pieces of a small channel are small
    while len(pieces) < MOST_PIECES and people > 0:
        found = list(free.exclude(id__in=pieces)[:guess])
        for number, size in found:
            if pieces and size > people:
                return pieces
            pieces.append(number)
            people -= size
        if len(found) < guess:
            break
        guess = max(people // max(size for _, size in found), 1)
    return pieces


def _record_cancelled() -> None:
    """Turn what is left of stopped broadcasts into recipients who get nothing, a piece at a time."""
    for piece in (
        Piece.objects.filter(broadcast__state=State.STOPPED)
        .select_related("broadcast__organisation")
        .order_by("id")
        .defer("addresses", "contacts")
    ):
        language = content.fallback(piece.broadcast, "")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SQL["cancel_piece"], {"piece": piece.pk, "broadcast": piece.broadcast_id, "language": language})


@transaction.atomic
def finish(broadcast: Broadcast) -> bool:
    """Say it is done when every person has theirs, or will have nothing. Unclear ones stay to be decided, and posts may come later."""
    row = _claimed(broadcast, State.SENDING)
    if row is None or Piece.objects.filter(broadcast=row).exists():
        return False
    if posts.to_people(Outbound.objects.filter(batch=row.pk, state__in=BUSY), row).exists():
        return False
    if not row.urgent and Outbound.objects.filter(batch=row.pk, state__in=BUSY).exists():
        outreach.keep_quiet(row.organisation, row.pk)  # a public post is still to come, and not in the quiet hours
    else:
        outreach.rouse(row.pk)  # what is tried again later would find it at rest, and nobody to rouse it
    row.state, row.finished_at = State.DONE, Now()
    row.save(update_fields=["state", "finished_at", "updated_at"])
    _note(row, "finish", None)
    return True
