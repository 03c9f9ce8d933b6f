"""Call the addresses: a thread of the worker beats, a pool of threads calls, so that a slow address keeps no other waiting.

The beat alone touches the database. What it takes is lent for a while: after a crash another worker sends it again, under the same id.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from buergerdraht.gateway import live, outward, signing
from buergerdraht.gateway.outward import Undelivered
from buergerdraht.webhooks import actions, envelope
from buergerdraht.webhooks.models import Delivery, Hook

log = logging.getLogger("buergerdraht.webhooks")
DELAYS = tuple(timedelta(seconds=each) for each in (5, 60, 300, 1_800, 3_600, 7_200, 14_400, 21_600, 36_000))  # about a day
REST = timedelta(minutes=5)  # the longest that an address rests after failures, so that it is found when it is back
DAY = timedelta(days=1)
HANDS = 16  # addresses at the same time
PIECE = 20  # events of an address in one go
SECONDS = 30.0  # for them
LENT = timedelta(minutes=2)


@dataclass(frozen=True)
class Letter:
    number: int  # of the delivery
    name: str
    body: bytes


@dataclass(frozen=True)
class Errand:
    """What one address is to be told now: plain values, because another thread takes it along."""

    hook: int
    url: str
    keys: Sequence[str]
    letters: Sequence[Letter]


@dataclass
class Outcome:
    """What came of it: the deliveries that arrived with their status, the one that failed; the others were not tried."""

    arrived: list[int] = field(default_factory=list)
    failed: int | None = None
    problem: str = ""
    status: int | None = None


class Post:
    """Errands that are under way."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(HANDS, thread_name_prefix="webhook")
        self.running: dict[int, tuple[Errand, Future[Outcome]]] = {}

    def beat(self) -> int:
        """Write down what came back and send out what is due. Returns how many errands came back."""
        back = [errand for errand, future in self.running.values() if future.done()]
        for errand in back:
            settle(errand, self.running.pop(errand.hook)[1].result(), timezone.now())
        for number in _due(timezone.now(), list(self.running), HANDS - len(self.running)):
            taken = take(number, timezone.now())
            if taken is not None:
                self.running[number] = (taken, self.pool.submit(call, taken))
        return len(back)


post = Post()
beat = post.beat


def _due(now: datetime, busy: list[int], most: int) -> list[int]:
    """The addresses that something waits for, the one that waits longest first."""
    if most <= 0:
        return []
    rows = Delivery.objects.filter(next_at__lte=now, hook__active=True).exclude(hook__rests_until__gt=now).exclude(hook__in=busy)
    return list(dict.fromkeys(rows.order_by("next_at", "id").values_list("hook", flat=True)[:1000]))[:most]


@transaction.atomic
def take(number: int, now: datetime) -> Errand | None:
    """Lend what an address is to be told to this worker."""
    hook = Hook.objects.filter(pk=number, active=True).first()
    if hook is None:
        return None
    rows = Delivery.objects.filter(hook=hook, next_at__lte=now).select_related("event__organisation")
    found = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("next_at", "id")[:PIECE])
    if not found:
        return None
    Delivery.objects.filter(pk__in=[row.pk for row in found]).update(next_at=now + LENT)
    keys = [hook.secret] + ([hook.old_secret] if hook.old_secret and hook.old_until and hook.old_until > now else [])
    return Errand(number, hook.url, keys, [Letter(row.pk, envelope.name(row.event), envelope.body(row.event)) for row in found])


def call(errand: Errand) -> Outcome:
    """Post one after the other, until one fails or the time is over. Touches no table."""
    outcome, end = Outcome(), time.monotonic() + SECONDS
    for letter in errand.letters:
        if time.monotonic() > end:
            break
        head = signing.headers(errand.keys, letter.name, int(time.time()), letter.body, kind=envelope.TYPE)
        try:
            outward.post(errand.url, letter.body, head, settings.CALL_NETWORKS)
        except Undelivered as problem:
            outcome.failed, outcome.problem, outcome.status = letter.number, problem.problem, problem.status
            break
        except Exception as problem:  # a fault of ours must not stay unseen, nor hold the address for ever
            log.error("webhooks.call hook=%s problem=%s", errand.hook, type(problem).__name__)
            outcome.failed, outcome.problem = letter.number, "broken"
            break
        outcome.arrived.append(letter.number)
    return outcome


@transaction.atomic
def settle(errand: Errand, outcome: Outcome, now: datetime) -> None:
    """Write down what came of an errand."""
    hook = Hook.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=errand.hook).first()
    if hook is None:
        return
    arrived = Delivery.objects.filter(pk__in=outcome.arrived)
    for row in arrived:
        row.tries, row.next_at, row.tried_at, row.done_at, row.status, row.problem = row.tries + 1, None, now, now, 200, ""
    Delivery.objects.bulk_update(arrived, ["tries", "next_at", "tried_at", "done_at", "status", "problem"])
    if outcome.arrived:
        hook.failures, hook.failing_since, hook.rests_until, hook.told_at = 0, None, None, now
    untried = [letter.number for letter in errand.letters if letter.number not in {*outcome.arrived, outcome.failed}]
    Delivery.objects.filter(pk__in=untried).update(next_at=now)
    if outcome.failed is not None:
        _failed(hook, outcome.failed, outcome, now)
    hook.save(update_fields=["failures", "failing_since", "rests_until", "told_at"])
    live.tell(hook.organisation_id, "hook", hook=hook.pk)
    if outcome.problem == "gone":
        actions.give_up(hook, Hook.Reason.GONE)
    elif hook.failing_since and now - hook.failing_since >= DAY:
        actions.give_up(hook, Hook.Reason.FAILING)


def _failed(hook: Hook, number: int, outcome: Outcome, now: datetime) -> None:
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    hook.rests_until = now + min(_later(hook.failures), REST)
    row = Delivery.objects.get(pk=number)
    row.tries, row.tried_at, row.status, row.problem = row.tries + 1, now, outcome.status, outcome.problem
    row.next_at = now + _later(row.tries) if row.tries <= len(DELAYS) else None
    row.save(update_fields=["tries", "tried_at", "status", "problem", "next_at"])
    log.info("webhooks.failed hook=%s delivery=%s problem=%s tries=%s", hook.pk, row.pk, outcome.problem, row.tries)


def _later(tries: int) -> timedelta:
    """How long to wait after so many tries: not to the second, so that many do not come back at once."""
    return DELAYS[min(tries, len(DELAYS)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311 - nothing secret
