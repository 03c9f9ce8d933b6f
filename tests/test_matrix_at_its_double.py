"""What only the double of a Matrix homeserver can show: faults, calls with a foreign word; and matrix-nio judges it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from nio import AsyncClient, WhoamiError
from tests import matrix_world
from tests.homeserver import SERVER
from tests.matrix_world import World, said
from tests.test_connectors_at_the_providers import PNG

from buergerdraht.connectors.contract import (
    Content,
    Temporary,
)


@pytest.fixture
async def played() -> AsyncIterator[World]:
    async for found in matrix_world.played():
        yield found


@pytest.mark.parametrize(("fault", "maybe_sent"), [("broken", False), ("down", False)])
async def test_a_homeserver_in_trouble_is_asked_again_later(played: World, fault: str, maybe_sent: bool) -> None:
    assert played.double is not None
    address = await played.settled(await played.citizen("uwe"))
    setattr(played.double.town.accounts[played.matrix.config.service].faults, fault, 1.0)
    with pytest.raises(Temporary) as caught:
        await played.send(address, Content(text="x"))
    assert caught.value.maybe_sent is maybe_sent


async def test_a_torn_call_leads_to_one_message(played: World) -> None:
    assert played.double is not None
    vera = await played.citizen("vera")
    address = await played.settled(vera)
    account = played.double.town.accounts[played.matrix.config.service]
    account.faults.reset = 1.0
    await played.send(address, Content(text="Trotzdem genau einmal"))
    assert played.double.town.counts[account.id].torn == 1
    assert played.double.town.counts[account.id].accepted == 1


async def test_a_transaction_that_comes_twice_tells_the_same_events(played: World) -> None:
    assert played.double is not None
    willi = await played.citizen("willi")
    await played.settled(willi)
    played.double.town.accounts[played.matrix.config.service].faults.duplicates = 1.0
    await willi.write("Zweimal erzählt")
    await asyncio.sleep(0.5)
    told = [one.event for one in played.ear.heard if said(willi, text="Zweimal erzählt")(one.event)]
    assert len(told) == 2
    assert len({event.external_id for event in told if event is not None}) == 1


async def test_a_call_with_a_foreign_word_is_not_heard(played: World) -> None:
    assert played.double is not None
    xenia = await played.citizen("xenia")
    await played.settled(xenia)
    played.double.town.accounts[played.matrix.config.service].secret = "fremd"
    await xenia.write("Von einem fremden Server")
    await asyncio.sleep(0.3)
    assert played.ear.refused
    assert not [one for one in played.ear.heard if said(xenia, text="Von einem fremden Server")(one.event)]


async def test_the_check_says_that_the_homeserver_is_not_heard(played: World) -> None:
    """The word in the registration file is an old one."""
    assert played.double is not None
    account = played.double.town.accounts[played.matrix.config.service]
    account.secret = "veraltet"
    health = await played.matrix.check()
    assert (health.ok, [(note.code, note.values) for note in health.findings]) == (False, [("webhook_error", {"details": "HTTP 401"})])
    account.callback = ""
    health = await played.matrix.check()
    assert (health.ok, [note.code for note in health.findings]) == (False, ["no_webhook"])


# ── matrix-nio judges the double ──────────────────────────────────────────


async def test_an_independent_library_reads_what_the_double_answers(played: World) -> None:
    config = played.matrix.config
    bot = AsyncClient(config.host, config.account)
    bot.access_token, bot.user_id = config.as_token, config.account
    try:
        who = await bot.whoami()
        assert who.user_id == config.account
        made = await bot.room_create(is_direct=True, invite=[f"@niemand:{SERVER}"])
        assert made.room_id.startswith("!")
        sent = await bot.room_send(made.room_id, "m.room.message", {"msgtype": "m.text", "body": "Hallo"}, tx_id="eins")
        again = await bot.room_send(made.room_id, "m.room.message", {"msgtype": "m.text", "body": "Hallo"}, tx_id="eins")
        assert sent.event_id == again.event_id
        wrong = await bot.room_send(made.room_id, "m.room.message", {"msgtype": "m.text"}, tx_id="zwei")
        assert (wrong.status_code, wrong.transport_response.status) == ("M_BAD_JSON", 400)
        uploaded, _ = await bot.upload(lambda *_: PNG, content_type="image/png", filename="a.png", filesize=len(PNG))
        assert uploaded.content_uri.startswith(f"mxc://{SERVER}/")
        got = await bot.download(uploaded.content_uri)
        assert got.body == PNG
        assert (await bot.join("!nirgends:stadt.example")).status_code == "M_NOT_FOUND"
        assert (await bot.room_typing(made.room_id, True)).room_id == made.room_id
        bot.access_token = "falsch"
        assert isinstance(refused := await bot.whoami(), WhoamiError)
        assert refused.status_code == "M_UNKNOWN_TOKEN"
    finally:
        await bot.close()
