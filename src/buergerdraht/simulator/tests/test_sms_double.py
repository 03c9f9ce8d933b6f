"""The SMS double's rules as a table, and how many SMS a text is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.sms import Sms, parts
from buergerdraht.simulator.town import Account, Town

TO = "+4917139200122"
GOOD = {"to": TO, "from": "+493023125110", "text": "Hallo", "reference": "7.0"}


@pytest.fixture
async def gateway(unused_tcp_port: int) -> AsyncIterator[tuple[str, Town]]:
    town = Town()
    delivery = Delivery(town)
    town.add_account(Account("sms", "sms1", "Stadt", "ein-token", number="+493023125110", data={"credit": 20}))
    town.add_person("Zoë", phone=TO.removeprefix("+"))
    await delivery.start()
    app = web.Application()
    app.add_routes(Sms(town, delivery).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield f"http://127.0.0.1:{unused_tcp_port}/sms-gateway/v1", town
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("wish", "access", "status", "error"),
    [
        (GOOD, "ein-token", 202, None),
        (GOOD, "anders", 401, "unauthorized"),
        ({**GOOD, "to": "0171"}, "ein-token", 400, "invalid_number"),
        ({**GOOD, "to": "+4917139299999"}, "ein-token", 400, "unknown_number"),
        ({**GOOD, "from": "+493023125111"}, "ein-token", 400, "invalid_sender"),
        ({**GOOD, "from": "Stadt Musterstadt"}, "ein-token", 400, "invalid_sender"),
        ({**GOOD, "from": "Musterstadt"}, "ein-token", 202, None),
        ({**GOOD, "text": " "}, "ein-token", 400, "empty_text"),
        ({**GOOD, "text": "a" * 1531}, "ein-token", 400, "text_too_long"),
        ({**GOOD, "text": "a" * 400}, "ein-token", 402, "no_credit"),
        ({**GOOD, "reference": "x" * 65}, "ein-token", 400, "reference_too_long"),
        ({**GOOD, "flash": True}, "ein-token", 400, "invalid_body"),
        ({**GOOD, "text": 7}, "ein-token", 400, "invalid_body"),
        ([], "ein-token", 400, "invalid_body"),
    ],
)
async def test_rules_of_a_message(gateway: tuple[str, Town], wish: Any, access: str, status: int, error: str | None) -> None:
    address, town = gateway
    headers = {"Authorization": f"Bearer {access}"}
    async with ClientSession(headers=headers) as session, session.post(f"{address}/messages", json=wish) as answer:
        assert (answer.status, (await answer.json()).get("error")) == (status, error)
    assert town.counts["sms1"].accepted == (status == 202)


async def test_too_many_in_a_second_are_told_to_wait(gateway: tuple[str, Town]) -> None:
    address, town = gateway
    town.accounts["sms1"].throughput, town.accounts["sms1"].data["credit"] = 2.0, -1
    async with ClientSession(headers={"Authorization": "Bearer ein-token"}) as session:
        seen = []
        for _ in range(5):
            async with session.post(f"{address}/messages", json=GOOD) as answer:
                seen.append((answer.status, answer.headers.get("Retry-After")))
    assert (202, None) in seen
    assert (429, "1") in seen
    assert town.counts["sms1"].limited >= 1


@pytest.mark.parametrize(
    ("text", "number"), [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("я" * 70, 1), ("я" * 71, 2), ("ä" * 306, 2)]
)
def test_how_many_sms_a_text_is(text: str, number: int) -> None:
    assert parts(text) == number
