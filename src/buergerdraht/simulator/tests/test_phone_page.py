"""What the page of phones is told: how each messenger looks, what can be done on it, whose phone there is something on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.town import Account, Town

BOT, CHAT, PUSH, PLACE = "123456789", "300000001", "stadt-push", "109000000000000001"


@pytest.fixture
async def town(unused_tcp_port: int) -> AsyncIterator[tuple[Town, Any]]:
    town = Town()
    channels = {"stadt_aktuell": {"id": -1001730000001, "title": "Stadt aktuell", "posts": True}}
    town.add_account(Account("telegram", BOT, "Stadt", f"{BOT}:AAEgeheim", username="stadt_bot", data={"channels": channels}))
    town.add_account(Account("messenger", CHAT, "Stadt", "m-token", username="stadt", data={"app_id": "999"}))
    town.add_account(Account("webpush", PUSH, "Stadt", "schluessel", data={"shows": {"title": "title", "text": "text"}}))
    town.add_account(Account("mastodon", PLACE, "Stadt", "ein-token", username="stadt", data={"domain": "social.example"}))
    runner = web.AppRunner(application(town, [("Webchat", "https://stadt.example/chat")]), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    async with ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session:
        yield town, session
    await runner.cleanup()


async def told(session: Any, path: str) -> Any:
    async with session.get(path) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_each_messenger_says_how_it_looks_and_what_can_be_done_there(town: tuple[Town, Any]) -> None:
    _town, session = town
    found = {each["id"]: each for each in await told(session, "/_control/accounts")}
    assert {name: each["look"] for name, each in found.items()} == {BOT: "chat", CHAT: "chat", PUSH: "push", PLACE: "posts"}
    assert found[PUSH]["does"] == []
    assert {"write", "send_file", "react", "edit"} <= set(found[CHAT]["does"])
    assert "send_location" in found[BOT]["does"]
    assert "send_location" not in found[CHAT]["does"]
    assert all("token" not in each for each in found.values())


async def test_the_page_finds_somebody_with_something_on_the_phone(town: tuple[Town, Any]) -> None:
    world, session = town
    world.add_person("Adam")
    zoe = world.add_person("Zoë")
    assert [each["used_by"] for each in await told(session, "/_control/accounts")] == ["", "", "", ""]
    for account, verb in ((CHAT, "write"), (PLACE, "follow")):
        async with session.post(f"/_control/people/{zoe.id}/{verb}", json={"account": account, "text": "Guten Tag"}) as answer:
            assert answer.status == 200
    found = {each["id"]: each["used_by"] for each in await told(session, "/_control/accounts")}
    assert found == {BOT: "", CHAT: zoe.id, PUSH: "", PLACE: zoe.id}


async def test_everybody_reads_the_channel_and_nobody_answers_there(town: tuple[Town, Any]) -> None:
    world, session = town
    zoe = world.add_person("Zoë")
    async with session.post(f"/bot{BOT}:AAEgeheim/sendMessage", json={"chat_id": "@stadt_aktuell", "text": "Markt heute"}) as answer:
        assert answer.status == 200
    chats = {each["account"]: each for each in (await told(session, f"/_control/people/{zoe.id}/phone"))["chats"]}
    channel = chats[f"{BOT}@stadt_aktuell"]
    assert (channel["kind"], channel["name"], channel["does"]) == ("telegram_channel", "Stadt aktuell", [])
    assert [each["text"] for each in channel["messages"]] == ["Markt heute"]
    assert chats[BOT]["messages"] == []


async def test_the_page_points_at_what_needs_no_phone(town: tuple[Town, Any]) -> None:
    assert await told(town[1], "/_control/beside") == [{"title": "Webchat", "url": "https://stadt.example/chat"}]
