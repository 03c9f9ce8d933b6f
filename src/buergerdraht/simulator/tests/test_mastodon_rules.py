"""The double refuses what a Mastodon server refuses, counts as it counts, and knows a repeated key for an hour."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, FormData, web

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Person, Town

TOKEN, NUMBER = "ein-token", "109000000000000001"


@dataclass
class Clock:
    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Server:
    town: Town
    host: str
    clock: Clock
    session: ClientSession
    zoe: Person
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, Any, Any]:
        headers = {**self.headers, **more.pop("headers", {})}
        async with self.session.request(method, f"{self.host}{path}", headers=headers, **more) as answer:
            return answer.status, await answer.json(), answer.headers

    async def post(self, **values: Any) -> tuple[int, Any]:
        headers = {"Idempotency-Key": values.pop("key")} if "key" in values else {}
        status, body, _ = await self.call("POST", "/api/v1/statuses", json=values, headers=headers)
        return status, body

    async def upload(self, data: bytes, mime: str = "image/jpeg", words: str = "") -> tuple[int, Any]:
        form = FormData()
        form.add_field("file", data, filename="bild", content_type=mime)
        form.add_field("description", words)
        status, body, _ = await self.call("POST", "/api/v2/media", data=form)
        return status, body


@pytest.fixture
async def server(unused_tcp_port: int) -> AsyncIterator[Server]:
    clock = Clock()
    town = Town(clock)
    town.add_account(
        Account("mastodon", NUMBER, "Stadt", TOKEN, username="musterstadt", data={"domain": "social.example", "slow_media": False})
    )
    runner = web.AppRunner(application(town), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    async with ClientSession() as session:
        yield Server(town, f"http://127.0.0.1:{unused_tcp_port}", clock, session, town.add_person("Zoë"))
    await runner.cleanup()


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"status": ""}, 422, "blank"),
        ({"status": "x" * 501}, 422, "500"),
        ({"status": "x", "visibility": "geheim"}, 422, "Visibility"),
        ({"status": "x", "media_ids": ["1"]}, 422, "not found"),
        ({"status": "x", "media_ids": ["1", "2", "3", "4", "5"]}, 422, "more than 4"),
        ({"status": "x", "in_reply_to_id": "9"}, 404, "does not appear"),
    ],
)
async def test_a_post_that_breaks_a_rule_is_refused_and_counted(server: Server, values: Any, status: int, words: str) -> None:
    answered = await server.post(**values)
    assert answered[0] == status
    assert words in answered[1]["error"]
    assert server.town.counts[NUMBER].refused == 1
    assert not server.town.counts[NUMBER].accepted


async def test_an_address_counts_as_twenty_three_letters(server: Server) -> None:
    assert (await server.post(status="x" * 476 + " https://stadt.example/" + "y" * 300))[0] == 200
    assert (await server.post(status="x" * 477 + " https://stadt.example/" + "y" * 300))[0] == 422


async def test_a_wrong_token_is_refused(server: Server) -> None:
    server.headers["Authorization"] = "Bearer falsch"
    assert (await server.post(status="Hallo"))[0] == 401


async def test_a_repeated_key_gives_the_first_post_for_an_hour(server: Server) -> None:
    first = (await server.post(status="Hallo", key="k"))[1]["id"]
    assert (await server.post(status="Hallo", key="k"))[1]["id"] == first
    server.clock.now += 3601
    assert (await server.post(status="Hallo", key="k"))[1]["id"] != first


async def test_a_torn_call_was_accepted_and_its_key_finds_it(server: Server) -> None:
    server.town.accounts[NUMBER].faults.reset = 1.0
    with pytest.raises(ClientError):
        await server.post(status="Hallo", key="k")
    server.town.accounts[NUMBER].faults.reset = 0.0
    assert (await server.post(status="Hallo", key="k"))[0] == 200
    assert server.town.counts[NUMBER].accepted == 1


async def test_three_hundred_calls_in_five_minutes_and_no_more(server: Server) -> None:
    for _ in range(300):
        status, _, headers = await server.call("GET", "/api/v1/notifications")
        assert status == 200
    assert headers["X-RateLimit-Remaining"] == "0"
    status, body, headers = await server.call("GET", "/api/v1/notifications")
    assert (status, body) == (429, {"error": "Too many requests"})
    assert headers["X-RateLimit-Reset"].endswith("Z")


async def test_a_file_belongs_to_one_post(server: Server) -> None:
    status, media = await server.upload(picture("park"), words="Der Park")
    assert (status, media["description"]) == (200, "Der Park")
    assert (await server.post(status="Eins", media_ids=[media["id"]]))[0] == 200
    assert (await server.post(status="Zwei", media_ids=[media["id"]]))[0] == 422


async def test_a_file_is_worked_on_before_it_can_be_attached(server: Server) -> None:
    server.town.accounts[NUMBER].data["slow_media"] = True
    status, media = await server.upload(picture("park"))
    assert (status, media["url"]) == (202, None)
    assert (await server.call("GET", f"/api/v1/media/{media['id']}"))[0] == 206
    assert "finished processing" in (await server.post(status="Zu früh", media_ids=[media["id"]]))[1]["error"]
    server.clock.now += 2
    assert (await server.call("GET", f"/api/v1/media/{media['id']}"))[0] == 200
    assert (await server.post(status="Jetzt", media_ids=[media["id"]]))[0] == 200


@pytest.mark.parametrize(
    ("mime", "data", "words"), [("application/pdf", b"%PDF", ""), ("image/png", b"", ""), ("image/png", b"x", "y" * 1501)]
)
async def test_files_that_break_a_rule_are_refused(server: Server, mime: str, data: bytes, words: str) -> None:
    assert (await server.upload(data, mime, words))[0] == 422


async def test_mentions_are_told_newest_first_and_min_id_goes_on(server: Server) -> None:
    root = f"{server.host}/_control/people/{server.zoe.id}"
    for text in ("Eins", "Zwei", "Drei"):
        await server.session.post(f"{root}/write", json={"account": NUMBER, "text": text})
    page = (await server.call("GET", "/api/v1/notifications?types[]=mention"))[1]
    assert [each["id"] for each in page] == sorted((each["id"] for each in page), key=int, reverse=True)
    oldest = page[-1]["id"]
    after = (await server.call("GET", f"/api/v1/notifications?types[]=mention&min_id={oldest}&limit=1"))[1]
    assert [each["id"] for each in after] == [page[1]["id"]]
    assert (await server.call("GET", "/api/v1/notifications?types[]=follow"))[1] == []


async def test_an_answer_hangs_on_the_post_and_reaches_who_asked(server: Server) -> None:
    await server.session.post(f"{server.host}/_control/people/{server.zoe.id}/link", json={"link": f"{server.host}/@musterstadt"})
    posted = (await server.post(status="Das Bad öffnet"))[1]
    seen = (await server.call("GET", f"/_control/people/{server.zoe.id}/phone"))[1]["chats"][0]["messages"]
    assert [each["text"] for each in seen] == ["Das Bad öffnet"]
    await server.session.post(
        f"{server.host}/_control/people/{server.zoe.id}/write", json={"account": NUMBER, "text": "Wann?", "quote": seen[0]["id"]}
    )
    told = (await server.call("GET", "/api/v1/notifications"))[1][0]["status"]
    assert (told["in_reply_to_id"], told["in_reply_to_account_id"]) == (posted["id"], NUMBER)
    assert (await server.post(status=f"@{told['account']['acct']} Um acht", in_reply_to_id=told["id"]))[0] == 200
    seen = (await server.call("GET", f"/_control/people/{server.zoe.id}/phone"))[1]["chats"][0]["messages"]
    assert seen[-1]["text"].endswith("Um acht")


async def test_a_post_can_be_changed_and_deleted(server: Server) -> None:
    number = (await server.post(status="Heute"))[1]["id"]
    status, body, _ = await server.call("PUT", f"/api/v1/statuses/{number}", json={"status": "Morgen"})
    assert (status, body["content"]) == (200, "<p>Morgen</p>")
    assert body["edited_at"]
    assert (await server.call("DELETE", f"/api/v1/statuses/{number}"))[1]["text"] == "Morgen"
    assert (await server.call("GET", f"/api/v1/statuses/{number}"))[0] == 404
