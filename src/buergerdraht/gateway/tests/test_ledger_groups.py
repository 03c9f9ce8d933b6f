"""The engine's ledger writes in groups; one that fails is halved, and the groups grow again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from buergerdraht.connectors.contract import Content, Gone
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine import records
from buergerdraht.gateway.engine.claim import Letter
from buergerdraht.gateway.engine.decide import Decision
from buergerdraht.gateway.engine.records import Found, Ledger, Record
from buergerdraht.gateway.models import Channel, Outbound


def test_groups_grow_again_after_one_failed_in_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that does not come again leaves no record that stands alone: the groups must not stay small for it."""
    monkeypatch.setattr(records, "GATHER_SECONDS", 0.0)
    sizes: list[int] = []

    async def write(self: Ledger, group: Sequence[Record]) -> dict[int, bool]:
        sizes.append(len(group))
        if len(sizes) == 1:
            raise psycopg.errors.UniqueViolation
        return {}

    monkeypatch.setattr(Ledger, "_write", write)

    async def scene() -> None:
        ledger = Ledger("engine")
        future: Any = asyncio.get_running_loop().create_future
        ledger.queue = [Found(future(), 1, Gone(address="x", at=None, external_id=str(number))) for number in range(100)]  # type: ignore[arg-type]
        waiting = [record.done for record in ledger.queue]
        running = asyncio.create_task(ledger.run())
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        ledger.closing = True
        ledger.more.set()
        await asyncio.wait_for(running, 5)
        assert ledger.limit > 100

    asyncio.run(scene())
    assert sizes[:3] == [100, 50, 50]


@pytest.mark.django_db(transaction=True)
def test_decisions_with_and_without_a_delay_stand_in_one_group(channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
    """0 and 1.5 are an int and a float: the driver takes no array of both."""
    rows = [outbox.put(channel, f"citizen{number}", Content(text="x"), purpose="reply") for number in range(2)]

    async def scene() -> None:
        ledger = Ledger("engine")
        letters = [letter_of(row) for row in rows]
        decided = [
            ledger.decided(each, Decision("queued", ""), delay=delay, details="") for each, delay in zip(letters, (0, 1.5), strict=True)
        ]
        waiting = [asyncio.ensure_future(each) for each in decided]
        await asyncio.sleep(0)
        running = asyncio.create_task(ledger.run())
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        ledger.closing = True
        ledger.more.set()
        await asyncio.wait_for(running, 5)

    asyncio.run(scene())
    assert "ledger.apart" not in caplog.text
    assert [row.not_before is None for row in Outbound.objects.order_by("id")] == [True, False]


def letter_of(row: Outbound) -> Letter:
    return Letter(
        row.id, row.channel_id, b"", bytes(row.address_hash), row.purpose, row.priority, 0, 1, row.content_id, None, None,
        row.organisation_id, expired=False,
    )  # fmt: skip
