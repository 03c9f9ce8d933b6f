"""Channels are spread over engines so that few of them move, and only letters nobody watches are orphans."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.database import conninfo
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.engine.ownership import Name, View, shares
from buergerdraht.gateway.models import Channel, Outbound


@pytest.mark.parametrize(
    ("counts", "channels", "expected"),
    [
        ({}, 3, {}),
        ({1: 0}, 5, {1: 5}),
        ({1: 6, 2: 0}, 6, {1: 3, 2: 3}),
        ({1: 3, 2: 4}, 7, {1: 3, 2: 4}),
        ({1: 0, 2: 4, 3: 3}, 7, {1: 2, 2: 3, 3: 2}),
        ({1: 1, 2: 1, 3: 0}, 2, {1: 1, 2: 1, 3: 0}),
    ],
)
def test_who_owns_more_keeps_the_odd_ones(counts: dict[int, int], channels: int, expected: dict[int, int]) -> None:
    assert shares(counts, channels) == expected


@given(st.dictionaries(st.integers(1, 50), st.integers(0, 40), min_size=1, max_size=12), st.integers(0, 200))
def test_all_channels_find_an_engine_and_none_has_two_more_than_another(counts: dict[int, int], channels: int) -> None:
    found = shares(counts, channels)
    assert sum(found.values()) == channels
    assert max(found.values()) - min(found.values()) <= 1
    assert shares(found, channels) == found, "once spread, nothing moves"


def test_engines_that_end_get_no_share() -> None:
    view = View(living=frozenset({1, 2}), taking=frozenset({2}), owned={10: 1, 11: 2})
    assert view.share(2, [10, 11, 12]) == 3
    assert view.share(1, [10, 11, 12]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_channel_has_one_owner_and_the_table_of_locks_tells_who(channel: Channel) -> None:
    first, second = Name(), Name()

    async def story() -> None:
        async with await ownership.connect(first) as one, await ownership.connect(second) as two:
            assert await ownership.take(one, channel.pk)
            assert not await ownership.take(two, channel.pk)
            view = await ownership.look(two)
            assert view.living >= {first.number, second.number}
            assert view.owned[channel.pk] == first.number
            await ownership.retire(one, first)
            view = await ownership.look(two)
            assert first.number in view.living
            assert first.number not in view.taking
            await ownership.give(one, channel.pk)
            assert await ownership.take(two, channel.pk)
            rows = await (await one.execute(ownership.SQL["owners"], ownership.LOCKS)).fetchall()
            assert (channel.pk, f"buergerdraht engine {second.place}") in [row[:2] for row in rows]

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_letters_of_an_engine_that_lives_are_no_orphans(organisation: Organisation, channel: Channel) -> None:
    letters = [outbox.put(channel, f"citizen{number}", Content(text="news"), purpose="reply") for number in range(3)]
    heir, living = Name(), Name()
    for letter, engine in zip(letters, [living, "gone:1:00c0ffee", heir], strict=True):
        Outbound.objects.filter(id=letter.id).update(state="sending", claimed_by=str(engine))

    async def found(mine: list[int]) -> list[int]:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(conninfo("buergerdraht test"), min_size=1, open=False)
        async with pool, await ownership.connect(living):
            return [orphan.id for orphan in await ownership.orphans(pool, channel.pk, str(heir), mine)]

    assert asyncio.run(found([letters[2].id])) == [letters[1].id]
    assert asyncio.run(found([])) == [letters[1].id, letters[2].id], "ours that we do not know"


def test_an_engines_name_ends_with_its_number_and_fits_its_column() -> None:
    name = Name()
    assert int(str(name)[-8:], 16) == name.number
    assert len(str(name)) <= 60
