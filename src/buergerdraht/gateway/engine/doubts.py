"""What nobody knows the end of: calls without an answer, and letters of engines that are gone (law 7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from buergerdraht.connectors.contract import Temporary
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.engine.claim import SQL, Orphan, Pool
from buergerdraht.gateway.engine.decide import Decision, Situation, decide, settle
from buergerdraht.gateway.engine.records import RECEIPTS, Ledger

log = logging.getLogger("buergerdraht.engine")


@dataclass(frozen=True, slots=True)
class Doubts:
    """Settles them for one engine; `flying` are the letters whose calls are watched here."""

    pool: Pool
    ledger: Ledger
    flying: Collection[int]

    async def settle_due(self, channels: Collection[int]) -> set[int]:
        """Decide about doubts whose time for a receipt is over. Returns the channels that have something to send again."""
        async with self.pool.connection() as connection, connection.cursor(row_factory=class_row(Orphan)) as cursor:
            await cursor.execute(SQL["doubts"], {"channels": list(channels)})
            found = await cursor.fetchall()
        if found:
            await self._settle(found, lambda letter: settle(Situation(letter.purpose, letter.tries)))
        return {letter.channel_id for letter in found}

    async def adopt(self, channel: int, *, echoes_token: bool) -> None:
        """What a dead engine had in flight on a channel of ours is in doubt."""
        while found := await ownership.orphans(self.pool, channel, self.ledger.engine, self.flying):
            await self._settle(
                found, lambda letter: decide(Temporary(maybe_sent=True), Situation(letter.purpose, letter.tries, echoes_token))
            )
            log.warning("orphans.adopted channel=%s count=%s", channel, len(found))

    async def _settle(self, letters: Sequence[Orphan], rule: Callable[[Orphan], Decision]) -> None:
        decisions = [rule(letter) for letter in letters]
        parameters = {
            "ids": [letter.id for letter in letters],
            "states": [decision.state for decision in decisions],
            "reasons": [decision.reason for decision in decisions],
            "burned": [int(decision.burns) for decision in decisions],
            "delays": [float(decision.delay) for decision in decisions],
            "mine": list(self.flying),
        }
        async with self.pool.connection() as connection:
            await connection.execute(SQL["lock"], {"ids": parameters["ids"]})
            cursor = await connection.execute(SQL["settle"], parameters)
            for _, _, batch, organisation in await cursor.fetchall():
                if batch is not None:
                    self.ledger.batches.add((organisation, batch))
            # Receipts that came while nobody watched the call have left their parts behind.
            await connection.execute(RECEIPTS["recompute"], {"ids": parameters["ids"]})
