"""Send what one channel has to send: pick, wait for the limits, claim, call, record, decide."""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, Content, Gone, Plan, SendError, Temporary
from buergerdraht.gateway.engine import claim, ownership
from buergerdraht.gateway.engine.claim import SQL, Letter, Orphan, Pool, Wanted
from buergerdraht.gateway.engine.decide import Decision, Situation, decide, settle
from buergerdraht.gateway.engine.limits import Breaker, Gate, Pairs
from buergerdraht.gateway.engine.records import RECEIPTS, Ledger
from buergerdraht.gateway.engine.uploads import Uploads

log = logging.getLogger("buergerdraht.engine")
AHEAD_SECONDS = 0.6  # how much is picked ahead: little, so that answers overtake and stops are quick
POLL_SECONDS = 1.0
CALL_SECONDS = 60.0
SLOW_PICK_SECONDS = 0.3
ANALYSE_SECONDS = 30.0
MOST_FLYING = 400
PLANS_KEPT = 200
LONGEST_WAIT_IN_FLIGHT = 3.0
LEASE_PAUSE = 0.1


class NotOurs(Exception):
    """The channel is given up, or we cannot be sure any more that it is ours: no further call is started."""


@dataclass(slots=True)
class Desk:
    """What all runners of an engine share."""

    pool: Pool
    ledger: Ledger
    flying: dict[int, Letter] = field(default_factory=dict)
    doing: set[asyncio.Task[None]] = field(default_factory=set)
    analysed_at: float = -1000.0
    lease_until: float = 0.0  # until when (monotonic) our locks on channels are surely held


@dataclass(slots=True, eq=False)
class Runner:
    """One channel, owned by this engine."""

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
    flights: int = 0
    busy: dict[bytes, float] = field(default_factory=dict)  # address -> until when (0: a call is in flight)
    dues: list[float] = field(default_factory=list)  # when something that waits is due
    plans: OrderedDict[int, Plan | None] = field(default_factory=OrderedDict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stale: bool = True
    drained: bool = False
    stopped: bool = False
    broken: bool = False
    orphaned: bool = False
    picked_at: float = 0.0
    looked_at: float = 0.0

    def nudge(self) -> None:
        """Something is new in the outbox."""
        self.stale = True
        self.wake.set()

    def adopt(self) -> None:
        """Look for letters in flight whose engine is gone."""
        self.orphaned = True
        self.wake.set()

    def stop(self) -> None:
        self.stopped = True
        self.wake.set()

    def may_call(self) -> bool:
        """Tell whether the channel is surely ours; asked right before every call."""
        return not self.stopped and time.monotonic() < self.desk.lease_until

    @property
    def rate(self) -> float:
        return 1.0 / self.gate.interval if self.gate.interval else 1000.0

    async def run(self) -> None:
        """Send until stopped; what is in flight then is finished by its own task."""
        while not self.stopped:
            if self.orphaned:
                self.orphaned = False
                await self._adopt_orphans()
            await self._look_after()
            await self._refill()
            now = time.monotonic()
            wait = max(self.gate.wait(now), self.breaker.wait(now), 0.0 if self.may_call() else LEASE_PAUSE)
            most = 1 if self.breaker.open else MOST_FLYING
            if wait or not self.ready or self.flights >= most:
                await self._rest(wait if wait and self.ready else self._until_due(now))
                continue
            _, letter = heapq.heappop(self.ready)
            self._start(letter, now)

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
        self.flights += 1
        task = asyncio.create_task(self._deliver(letter))
        self.desk.doing.add(task)
        task.add_done_callback(self.desk.doing.discard)

    async def _rest(self, seconds: float) -> None:
        self.wake.clear()
        if seconds < 0.002:
            await asyncio.sleep(seconds)
            return
        try:
            await asyncio.wait_for(self.wake.wait(), min(seconds, POLL_SECONDS))
        except TimeoutError:
            if seconds >= POLL_SECONDS:
                self.stale = True

    def _until_due(self, now: float) -> float:
        while self.dues and self.dues[0] <= now:
            heapq.heappop(self.dues)
            self.stale = True
        return 0.0 if self.stale else (self.dues[0] - now if self.dues else POLL_SECONDS)

    # ── picking ───────────────────────────────────────────────────────────

    async def _refill(self) -> None:
        """Pick anew when something changed, or before we run dry."""
        target = int(min(max(self.rate * AHEAD_SECONDS, 4), 600))
        low = len(self.ready) < target // 3 and not self.drained
        now = time.monotonic()
        if not (self.stale or low) or now - self.picked_at < 0.02:
            return
        self.picked_at = now
        self.stale = False
        self._free(now)
        letters = await claim.pick(self.desk.pool, Wanted(self.channel, self.organisation, self.known, self.busy, target, self.last))
        if time.monotonic() - now > SLOW_PICK_SECONDS or self.desk.ledger.slow:
            await self._refresh_statistics()
        self.drained = len(letters) < target
        await self._plan({letter.content_id for letter in letters} - self.plans.keys())
        for letter in letters:
            if letter.id not in self.known and letter.id not in self.desk.flying:
                self.known.add(letter.id)
                heapq.heappush(self.ready, (letter.order, letter))
        while len(self.ready) > 3 * target:  # newer ones of higher priority pushed in; the last go back unharmed
            last = max(self.ready)
            self.ready.remove(last)
            heapq.heapify(self.ready)
            self.known.discard(last[1].id)
            self.drained = False

    async def _refresh_statistics(self) -> None:
        """A table that grew from empty to large within minutes is misjudged by PostgreSQL until it has looked at it again."""
        now = time.monotonic()
        if now - self.desk.analysed_at > ANALYSE_SECONDS:
            self.desk.analysed_at = now
            async with self.desk.pool.connection() as connection:
                await connection.execute(SQL["refresh_statistics"])

    def _free(self, now: float) -> None:
        """Forget addresses whose time to wait is over."""
        for address in [address for address, until in self.busy.items() if until and until <= now]:
            del self.busy[address]
        self.pairs.forget_idle(now)

    async def _plan(self, missing: set[int]) -> None:
        if not missing:
            return
        for number, content in (await claim.contents(self.desk.pool, missing)).items():
            self.plans[number] = self._planned(number, content)
        while len(self.plans) > PLANS_KEPT + len(missing):
            self.plans.popitem(last=False)

    def _planned(self, number: int, content: Content) -> Plan | None:
        try:
            return self.connector.plan(content)
        except Exception as problem:  # a content that breaks the renderer fails alone
            log.error("plan.failed channel=%s content=%s problem=%s", self.channel, number, type(problem).__name__)
            return None

    # ── sending ───────────────────────────────────────────────────────────

    async def _deliver(self, letter: Letter) -> None:
        """Bring one letter to an end: accepted, or decided about."""
        try:
            await self._attempt(letter)
        except psycopg.Error as problem:
            log.error("deliver.unrecorded outbound=%s problem=%s", letter.id, type(problem).__name__)
        finally:
            self.desk.flying.pop(letter.id, None)
            self.flights -= 1
            if self.busy.get(letter.address_hash) == 0.0:
                del self.busy[letter.address_hash]
            if self.drained:
                self.stale = True
            self.wake.set()

    async def _attempt(self, letter: Letter) -> None:
        if letter.expired:
            await self.desk.ledger.decided(letter, Decision("failed", "expired"), delay=0, details="")
            return
        plan = self.plans.get(letter.content_id)
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
        except NotOurs:
            await self._return(letter)
        except SendError as problem:
            await self._failed(letter, problem)
        else:
            self.breaker.worked()
            self.pairs.worked(letter.address_hash)

    async def _return(self, letter: Letter) -> None:
        """Give a letter back to the queue as it is; no try is counted."""
        await self.desk.ledger.decided(letter, Decision("queued", ""), delay=0, details="")

    async def _send_parts(self, letter: Letter, plan: Plan) -> None:
        """Send the parts that are still to go, one after the other; a part accepted is never sent again (law 5)."""
        address = vault.decrypt(letter.address)
        files = Uploads(self.desk.pool, self.channel, self.organisation)
        first = True
        for position, part in enumerate(plan.parts):
            if position in letter.done:
                continue
            if not first:
                await self._pass_limits(letter)
            first = False
            if not self.may_call():
                raise NotOurs
            token = f"{letter.id}.{position}"
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    sent = await self.connector.send(part, address, token=token, files=files)
            except TimeoutError:
                raise Temporary("unavailable", "timeout", maybe_sent=True) from None
            except (SendError, asyncio.CancelledError, psycopg.Error):
                raise
            except Exception as problem:
                log.error("send.failed channel=%s outbound=%s problem=%s", self.channel, letter.id, type(problem).__name__)
                raise Temporary("unknown", type(problem).__name__, maybe_sent=True) from None
            letter.done.append(position)
            await self.desk.ledger.accepted(letter, self.channel, position, sent.external_id)
        if first:  # nothing was left to send: receipts had told of every part
            await self.desk.ledger.decided(letter, Decision("queued", ""), delay=0, details="")

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
        if isinstance(problem, Temporary) and not problem.limit:
            decision = self._feel(decision, now)
        else:
            self.breaker.worked()
        delay = decision.delay * (1.0 if isinstance(problem, Temporary) and problem.limit else random.uniform(1.0, 1.3))  # noqa: S311
        if decision.state == "queued" and decision.waits == "channel":
            self.gate.pause(now, delay)
        if decision.state == "queued" and decision.waits == "pair":
            self.pairs.pause(letter.address_hash, now, delay)
        if delay and decision.state in {"queued", "doubt"}:
            heapq.heappush(self.dues, now + delay + 0.01)
        await self.desk.ledger.decided(letter, decision, delay=delay, details=problem.details)
        await self._stop_others(letter, decision, problem)

    def _feel(self, decision: Decision, now: float) -> Decision:
        """While the provider seems down, the calls that feel for it burn no tries."""
        self.breaker.failed(now)
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
                await self._break(problem)

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

    async def _break(self, problem: SendError) -> None:
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

    # ── doubts ────────────────────────────────────────────────────────────

    async def _adopt_orphans(self) -> None:
        """What a dead engine had in flight is in doubt (law 7)."""
        echoes = self.connector.limits.echoes_token
        engine = self.desk.ledger.engine
        while found := await ownership.orphans(self.desk.pool, self.channel, engine, self.desk.flying):
            await self._settle(found, lambda letter: decide(Temporary(maybe_sent=True), Situation(letter.purpose, letter.tries, echoes)))
            log.warning("orphans.adopted channel=%s count=%s", self.channel, len(found))

    async def _look_after(self) -> None:
        """Once a second: settle doubts, and pause where the channel was to run dry and is."""
        now = time.monotonic()
        if now - self.looked_at < POLL_SECONDS:
            return
        self.looked_at = now
        if self.last != claim.LAST:
            await self._pause_when_dry()
        if found := await claim.doubts(self.desk.pool, self.channel):
            await self._settle(found, lambda letter: settle(Situation(letter.purpose, letter.tries)))
            self.stale = True

    async def _settle(self, letters: list[Orphan], rule: Callable[[Orphan], Decision]) -> None:
        decisions = [(letter.id, rule(letter)) for letter in letters]
        parameters = {
            "ids": [number for number, _ in decisions],
            "states": [decision.state for _, decision in decisions],
            "reasons": [decision.reason for _, decision in decisions],
            "burned": [int(decision.burns) for _, decision in decisions],
            "delays": [decision.delay for _, decision in decisions],
            "mine": list(self.desk.flying),
        }
        async with self.desk.pool.connection() as connection:
            await connection.execute(SQL["lock"], {"ids": parameters["ids"]})
            cursor = await connection.execute(SQL["settle"], parameters)
            for _, _, batch, organisation in await cursor.fetchall():
                if batch is not None:
                    self.desk.ledger.batches.add((organisation, batch))
            # Receipts that came while nobody watched the call have left their parts behind.
            await connection.execute(RECEIPTS["recompute"], {"ids": parameters["ids"]})
        for _, decision in decisions:
            if decision.delay:
                heapq.heappush(self.dues, time.monotonic() + decision.delay + 0.01)
