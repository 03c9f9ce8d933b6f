"""Send what one channel has to send: wait for the limits, claim, call, record, decide."""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, Content, Gone, Part, Plan, Rejected, SendError, Sent, Temporary
from buergerdraht.connectors.http import Sending, sending
from buergerdraht.gateway.engine import claim
from buergerdraht.gateway.engine.claim import SQL, Letter, Pool, Wanted
from buergerdraht.gateway.engine.decide import Decision, Situation, decide
from buergerdraht.gateway.engine.doubts import Doubts
from buergerdraht.gateway.engine.feed import Feed
from buergerdraht.gateway.engine.limits import Breaker, Gate, Pairs
from buergerdraht.gateway.engine.records import Ledger
from buergerdraht.gateway.engine.uploads import Uploads

log = logging.getLogger("buergerdraht.engine")
AHEAD_SECONDS = 0.6  # how much is picked ahead: little, so that answers overtake and stops are quick
LOOK_SECONDS = 1.0
SHORTEST_WAIT = 0.002
CALL_SECONDS = 300.0  # with all that prepares it: files are brought and worked on; the call that sends has a shorter patience of its own
MOST_FLYING = 400
MOST_AHEAD = 192  # newsletters begun and not called yet, over all channels; few, so that a kill leaves few in doubt
BULK = 5  # from this priority on
PLANS_KEPT = 200
MOST_FELT = 1000
LONGEST_WAIT_IN_FLIGHT = 3.0
LEASE_PAUSE = 0.1
SLACK_SECONDS = 0.1


class NotNow(Exception):
    """The channel is given up or perhaps not ours any more, the provider told us to wait, or seems down: the call is not made."""


@dataclass(slots=True)
class Desk:
    """What all runners of an engine share."""

    pool: Pool
    ledger: Ledger
    feed: Feed = field(init=False)
    doubts: Doubts = field(init=False)
    flying: dict[int, Letter] = field(default_factory=dict)
    doing: set[asyncio.Task[None]] = field(default_factory=set)
    lease_until: float = 0.0  # until when (monotonic) our locks on channels are surely held
    ahead: int = 0  # letters begun whose call is not made yet
    waiting: dict[int, Runner] = field(default_factory=dict)  # channels whose newsletters wait until fewer are ahead

    def __post_init__(self) -> None:
        self.feed = Feed(self.pool, self.ledger)
        self.doubts = Doubts(self.pool, self.ledger, self.flying)

    def full(self, letter: Letter) -> bool:
        """Tell whether one to many has to wait, because more is begun than can be called: answers must not stand behind it."""
        return (letter.priority >= BULK or letter.batch is not None) and self.ahead >= MOST_AHEAD

    def passed(self, letter: Letter) -> None:
        """A letter's call begins, or it ends without one."""
        if not letter.ahead:
            return
        letter.ahead = False
        self.ahead -= 1
        if self.waiting and self.ahead <= MOST_AHEAD // 2:
            waiting, self.waiting = self.waiting, {}
            for runner in waiting.values():
                runner.pump()


@dataclass(slots=True, eq=False)
class Runner:
    """One channel, owned by this engine. It is pumped: by new letters, by the end of a call, and by the clock."""

    desk: Desk
    channel: int
    organisation: int
    connector: Connector
    gate: Gate
    pairs: Pairs
    last: int = claim.LAST  # a channel that runs dry sends nothing after it
    breaker: Breaker = field(default_factory=Breaker)
    ready: list[tuple[tuple[int, int], Letter]] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    felt: set[int] = field(default_factory=set)  # letters that felt for a provider in vain: others come first, for it may be their fault
    flights: int = 0
    busy: dict[bytes, float] = field(default_factory=dict)  # address -> until when (0: a call is in flight)
    dues: list[float] = field(default_factory=list)  # when something that waits is due
    plans: OrderedDict[int, Plan | None] = field(default_factory=OrderedDict)
    timer: asyncio.Handle | None = None
    pump_at: float = 0.0  # when the timer pumps (monotonic)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    stale: bool = True
    drained: bool = False
    stopped: bool = False
    broken: bool = False
    orphaned: bool = False

    @property
    def rate(self) -> float:
        return 1.0 / self.gate.interval if self.gate.interval else 1000.0

    @property
    def target(self) -> int:
        """How many letters lie ready at best."""
        return int(min(max(self.rate * AHEAD_SECONDS, 4), 600))

    def nudge(self) -> None:
        """Something is new in the outbox."""
        self.stale = True
        self.desk.feed.asked.set()

    def adopt(self) -> None:
        """Look for letters in flight whose engine is gone."""
        self.orphaned = True

    def stop(self) -> None:
        self.stopped = True
        self.ended.set()

    def may_call(self) -> bool:
        """Tell whether the channel is surely ours; asked right before every call."""
        return not self.stopped and time.monotonic() < self.desk.lease_until

    async def run(self) -> None:
        """Send until stopped; what is in flight then is finished by its own task."""
        self.desk.feed.runners[self.channel] = self
        try:
            while not self.stopped:
                await self._look_after()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.ended.wait(), LOOK_SECONDS)
        finally:
            if self.desk.feed.runners.get(self.channel) is self:
                del self.desk.feed.runners[self.channel]
            if self.timer is not None:
                self.timer.cancel()

    async def _look_after(self) -> None:
        """Adopt what a dead engine left, pause where the channel was to run dry and is, and look for letters whose time has come."""
        if self.orphaned:
            self.orphaned = False
            await self.desk.doubts.adopt(self.channel, echoes_token=self.connector.limits.echoes_token)
        if self.last != claim.LAST:
            await self._pause_when_dry()
        self._free(time.monotonic())
        self.nudge()

    # ── what goes next ────────────────────────────────────────────────────

    def wish(self, now: float) -> Wanted | None:
        """Say what the feed should bring: something when news came, or before we run dry."""
        if self.stopped or not (self.stale or (len(self.ready) < self.target // 3 and not self.drained)):
            return None
        self.stale = False
        self._free(now)
        return Wanted(self.channel, self.organisation, self.known | self.felt, self.busy, self.target, self.last)

    def unplanned(self, letters: Sequence[Letter]) -> set[int]:
        return {letter.content_id for letter in letters} - self.plans.keys()

    def take(self, letters: Sequence[Letter], contents: dict[int, Content | None], wanted: Wanted) -> None:
        """Put letters with the ready ones, and start what may go."""
        self.drained = len(letters) < wanted.limit
        if self.drained and self.felt and not letters and not self.ready:  # all have felt: from the first again
            self.felt.clear()
            self.drained, self.stale = False, True
        for number in self.unplanned(letters) & contents.keys():
            self.plans[number] = self._planned(number, contents[number])
        for letter in letters:
            if letter.id not in self.known and letter.id not in self.desk.flying:
                letter.plan = self.plans.get(letter.content_id)
                self.known.add(letter.id)
                heapq.heappush(self.ready, (letter.order, letter))
        while len(self.plans) > PLANS_KEPT:
            self.plans.popitem(last=False)
        self._return_last()
        self.pump()

    def _return_last(self) -> None:
        """When newer ones of higher priority pushed in, the last go back unharmed."""
        if len(self.ready) > 3 * self.target:
            self.ready.sort()
            self.known.difference_update(letter.id for _, letter in self.ready[2 * self.target :])
            del self.ready[2 * self.target :]
            self.drained = False

    def _planned(self, number: int, content: Content | None) -> Plan | None:
        try:
            return self.connector.plan(content) if content is not None else None
        except Exception as problem:  # a content that breaks the renderer fails alone
            log.error("plan.failed channel=%s content=%s problem=%s", self.channel, number, type(problem).__name__)
            return None

    def _free(self, now: float) -> None:
        """Forget addresses whose time to wait is over."""
        for address in [address for address, until in self.busy.items() if until and until <= now]:
            del self.busy[address]
        self.pairs.forget_idle(now)

    # ── the pump ──────────────────────────────────────────────────────────

    def pump(self) -> None:
        """Start what limits allow, and come back when the next may go."""
        now = time.monotonic()
        while self.ready and not self.stopped and self.flights < (1 if self.breaker.open else MOST_FLYING):
            if wait := max(self.gate.wait(now), self.breaker.wait(now), 0.0 if self.may_call() else LEASE_PAUSE):
                self._later(wait, now)
                break
            if self.desk.full(self.ready[0][1]):
                self.desk.waiting[self.channel] = self
                break
            self._start(heapq.heappop(self.ready)[1], now)
        while self.dues and self.dues[0] <= now:
            heapq.heappop(self.dues)
            self.stale = True
        if self.stale or (len(self.ready) < self.target // 3 and not self.drained):
            self.desk.feed.asked.set()
        elif self.dues and not self.ready:
            self._later(self.dues[0] - now, now)

    def _later(self, seconds: float, now: float) -> None:
        """Pump again in so many seconds, unless the clock does so sooner anyway."""
        at = now + max(seconds, SHORTEST_WAIT)
        if self.timer is not None:
            if self.pump_at <= at:
                return
            self.timer.cancel()
        self.pump_at = at
        self.timer = asyncio.get_running_loop().call_later(at - now, self._tick)

    def _tick(self) -> None:
        self.timer = None  # it may come a little early; the pump then sets another
        self.pump()

    def _start(self, letter: Letter, now: float) -> None:
        self.known.discard(letter.id)
        if letter.address_hash in self.busy:
            return  # picked again when its turn comes
        if wait := self.pairs.wait(letter.address_hash, now):
            self.busy[letter.address_hash] = now + wait
            heapq.heappush(self.dues, now + wait)
            return
        self.gate.take(now)
        self.pairs.take(letter.address_hash, now)
        self.busy[letter.address_hash] = 0.0
        self.desk.flying[letter.id] = letter
        self.desk.ahead += 1
        letter.ahead = True
        self.flights += 1
        task = asyncio.create_task(self._deliver(letter))
        self.desk.doing.add(task)
        task.add_done_callback(self.desk.doing.discard)

    # ── sending ───────────────────────────────────────────────────────────

    async def _deliver(self, letter: Letter) -> None:
        """Bring one letter to an end: accepted, or decided about."""
        try:
            await self._attempt(letter)
        except psycopg.Error as problem:
            log.error("deliver.unrecorded outbound=%s problem=%s", letter.id, type(problem).__name__)
        finally:
            self.desk.passed(letter)
            self.desk.flying.pop(letter.id, None)
            self.flights -= 1
            if self.busy.get(letter.address_hash) == 0.0:
                del self.busy[letter.address_hash]
            if self.drained:
                self.stale = True
            self.pump()

    async def _attempt(self, letter: Letter) -> None:
        if letter.expired:
            await self.desk.ledger.decided(letter, Decision("failed", "expired"), delay=0, details="")
            return
        plan = letter.plan
        if plan is None or not plan.parts:
            await self.desk.ledger.decided(letter, Decision("failed", "content_refused"), delay=0, details="")
            return
        letter.parts_total = len(plan.parts)
        if not await self.desk.ledger.claim(letter, letter.parts_total):
            if self.stopped:  # taken for an orphan while we were cut off, yet it never went out
                await self._return(letter)
            return
        try:
            await self._send_parts(letter, plan)
        except NotNow:
            await self._return(letter)
        except SendError as problem:
            await self._failed(letter, problem)
        else:
            self._works()
            self.pairs.worked(letter.address_hash)

    async def _return(self, letter: Letter) -> None:
        """Give a letter back to the queue as it is; no try is counted."""
        await self.desk.ledger.decided(letter, Decision("queued", ""), delay=0, details="")

    async def _send_parts(self, letter: Letter, plan: Plan) -> None:
        """Send the parts that are still to go, one after the other; a part accepted is never sent again (law 5)."""
        address = self._opened(letter)
        files = Uploads(self.desk.pool, self.channel, self.organisation)
        first = True
        for position, part in enumerate(plan.parts):
            if position in letter.done:
                continue
            if not first:
                await self._pass_limits(letter)
            first = False
            if not self.may_call() or self._waits():
                raise NotNow
            self.desk.passed(letter)
            with sending() as watch:
                sent = await self._send(part, address, f"{letter.id}.{position}", files, watch)
            letter.done.append(position)
            await self.desk.ledger.accepted(letter, self.channel, position, sent.external_id)
        if first:  # nothing was left to send: receipts had told of every part
            await self.desk.ledger.decided(letter, Decision("queued", ""), delay=0, details="")

    async def _send(self, part: Part, address: str, token: str, files: Uploads, watch: Sending) -> Sent:
        """Let the connector send a part; whatever it raises becomes a failure that can be decided about."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self.connector.send(part, address, token=token, files=files)
        except TimeoutError:
            raise Temporary("unavailable", "timeout", maybe_sent=watch.doubtful) from None
        except (SendError, asyncio.CancelledError):
            raise
        except psycopg.OperationalError as problem:  # our files' records; they are asked before the call is made
            raise Temporary("unavailable", type(problem).__name__) from None
        except psycopg.Error as problem:
            raise Rejected("media_refused", type(problem).__name__) from None
        except Exception as problem:
            log.error("send.failed channel=%s token=%s problem=%s", self.channel, token, type(problem).__name__)
            raise Temporary("unknown", type(problem).__name__, maybe_sent=watch.doubtful) from None

    def _opened(self, letter: Letter) -> str:
        try:
            return vault.decrypt(letter.address)
        except Exception as problem:  # sealed with a key that is gone: nobody can be reached by it
            log.error("address.unreadable outbound=%s problem=%s", letter.id, type(problem).__name__)
            raise Rejected("unknown", "address") from None

    def _waits(self) -> bool:
        """Tell whether the channel began to wait while a letter's claim was written."""
        now = time.monotonic()
        return max(self.gate.paused_until - now, self.breaker.wait(now)) > SLACK_SECONDS

    async def _pass_limits(self, letter: Letter) -> None:
        """A further part waits for channel and pair like a first one, or goes back to the queue."""
        while wait := max(self.gate.wait(now := time.monotonic()), self.pairs.wait(letter.address_hash, now)):
            if wait > LONGEST_WAIT_IN_FLIGHT:
                raise Temporary("pair_limit", retry_after=wait, limit=True)
            await asyncio.sleep(wait)
        self.gate.take(now)
        self.pairs.take(letter.address_hash, now)

    async def _failed(self, letter: Letter, problem: SendError) -> None:
        now = time.monotonic()
        situation = Situation(
            purpose=letter.purpose,
            tries=letter.tries,
            echoes_token=self.connector.limits.echoes_token,
            otherwise=letter.otherwise_id is not None,
            strikes=self.pairs.strikes.get(letter.address_hash, 0),
        )
        decision = decide(problem, situation)
        if isinstance(problem, Temporary) and problem.scope == "pair" and not problem.limit:
            pass  # it says nothing of the provider
        elif isinstance(problem, Temporary) and not problem.limit:
            decision = self._feel(letter, decision, now)
        else:
            self._works()
        delay = decision.delay * (1.0 if isinstance(problem, Temporary) and problem.limit else random.uniform(1.0, 1.3))  # noqa: S311
        if decision.state == "queued" and decision.waits == "channel":
            self.gate.pause(now, delay)
        if decision.state == "queued" and decision.waits == "pair":
            self.pairs.pause(letter.address_hash, now, delay)
        if delay and decision.state in {"queued", "doubt"}:
            heapq.heappush(self.dues, now + delay + 0.01)
        await self.desk.ledger.decided(letter, decision, delay=delay, details=problem.details)
        await self._stop_others(letter, decision, problem)

    def _works(self) -> None:
        self.breaker.worked()
        if self.felt:
            self.felt.clear()
            self.stale = True

    def _feel(self, letter: Letter, decision: Decision, now: float) -> Decision:
        """While the provider seems down, the calls that feel for it burn no tries, and each is another letter's."""
        self.breaker.failed(now)
        if self.breaker.open:
            self.felt = {*self.felt, letter.id} if len(self.felt) < MOST_FELT else {letter.id}
        if self.breaker.open and (decision.state == "queued" or decision.reason == "tries_used_up"):
            return Decision("queued", "unavailable", delay=min(decision.delay or 10.0, 10.0))
        return decision

    async def _stop_others(self, letter: Letter, decision: Decision, problem: SendError) -> None:
        match decision.stops:
            case "address" | "newsletter" as scope:
                event = Gone(
                    address=vault.decrypt(letter.address),
                    at=datetime.now(UTC),
                    external_id=f"outbound:{letter.id}:{letter.tries}",
                    scope="all" if scope == "address" else "newsletter",
                    reason=problem.reason,
                )
                await self.desk.ledger.found(self.channel, event)
            case "template":
                await self._pause_template(letter)
            case "channel":
                await self.stop_channel(problem)

    async def _pause_template(self, letter: Letter) -> None:
        content = (await claim.contents(self.desk.pool, [letter.content_id])).get(letter.content_id)
        if content is not None and content.template is not None:
            parameters = {"channel": self.channel, "name": content.template.name, "language": content.template.language}
            async with self.desk.pool.connection() as connection:
                await connection.execute(SQL["pause_template"], parameters)
                await connection.execute(SQL["refuse_content"], {"channel": self.channel, "content": letter.content_id})

    async def _pause_when_dry(self) -> None:
        async with self.desk.pool.connection() as connection:
            if await (await connection.execute(SQL["drained"], {"channel": self.channel})).fetchone():
                await self._tell_channel(connection)
                self.stop()

    async def _tell_channel(self, connection: AsyncConnection[Any]) -> None:
        payload = json.dumps({"o": self.organisation, "t": "channel", "v": {"channel": self.channel}}, separators=(",", ":"))
        await connection.execute("select pg_notify('live', %s), pg_notify('channel', '')", [payload])

    async def stop_channel(self, problem: SendError) -> None:
        """Stop the whole channel and call an operator."""
        if self.broken:
            return
        self.broken = True
        self.stop()
        parameters = {"channel": self.channel, "reason": problem.reason, "details": problem.details[:500]}
        async with self.desk.pool.connection() as connection:
            await connection.execute(SQL["break_channel"], parameters)
            await self._tell_channel(connection)
        log.warning("channel.broken channel=%s reason=%s", self.channel, problem.reason)
