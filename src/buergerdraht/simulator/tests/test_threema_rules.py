"""Threema's rules as tables: what is refused and with which status, what costs a credit, what an app drops."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, FormData, web

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.providers import threema_boxes as boxes
from buergerdraht.simulator.providers.threema import Threema
from buergerdraht.simulator.town import Account, Person, Town

OURS, BASIC, SECRET, KEY = "*MUSTER1", "*MUSTER2", "ein-geheimes-wort", "11" * 32


@dataclass
class World:
    town: Town
    double: Threema
    account: Account
    basic: Account
    zoe: Person
    host: str
    session: ClientSession

    @property
    def address(self) -> str:
        return self.double.address(self.account, self.zoe)

    @property
    def counts(self) -> Any:
        return self.town.counts[OURS]

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        async with self.session.post(f"{self.host}/{path}", data=form) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str, **query: str) -> tuple[int, str]:
        query = {"from": OURS, "secret": SECRET, **query}
        async with self.session.get(f"{self.host}/{path}", params=query) as answer:
            return answer.status, await answer.text()

    async def simple(self, **form: str) -> int:
        return (await self.post("send_simple", **{"from": BASIC, "secret": SECRET, "to": self.address, "text": "Hallo", **form}))[0]

    async def e2e(self, kind: int = 1, payload: bytes = b"Hallo", **form: str) -> int:
        nonce, box = boxes.enclose(kind, payload, KEY, boxes.public(self.double.private(self.zoe)))
        return (await self.post("send_e2e", **{"from": OURS, "secret": SECRET, "to": self.address, "nonce": nonce, "box": box, **form}))[0]

    async def upload(self, data: bytes, **query: str) -> tuple[int, str]:
        form = FormData()
        form.add_field("blob", data, filename="blob", content_type="application/octet-stream")
        async with self.session.post(f"{self.host}/upload_blob", params={"from": OURS, "secret": SECRET, **query}, data=form) as answer:
            return answer.status, await answer.text()

    def shown(self, account: str = OURS) -> list[str]:
        keys = self.town.chats.get((account, self.zoe.id), [])
        return [self.town.messages[key].kind for key in keys if self.town.messages[key].ours]


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    town = Town()
    delivery = Delivery(town)
    double = Threema(town, delivery)
    account = town.add_account(double.account({"id": OURS, "name": "Stadt", "secret": SECRET, "public_key": boxes.public(KEY)}, 1))
    basic = town.add_account(double.account({"id": BASIC, "name": "Stadt", "secret": SECRET, "mode": "basic"}, 2))
    app = web.Application(client_max_size=30_000_000)
    app.add_routes(double.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    async with ClientSession() as session:
        yield World(town, double, account, basic, town.add_person("Zoë"), f"http://127.0.0.1:{unused_tcp_port}", session)
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 200),
        ({"text": "ä" * 1750}, 200),
        ({"text": "ä" * 1751}, 413),
        ({"text": ""}, 400),
        ({"to": "NOBODY01"}, 400),
        ({"phone": "4917139200001"}, 400),  # two names at once
        ({"to": "", "phone": "4915228817386"}, 404),
        ({"to": "", "email": "niemand@stadt.example"}, 404),
        ({"to": ""}, 400),
        ({"secret": "falsch"}, 401),
        ({"secret": "fälsch"}, 401),
        ({"from": "*NIEMAND"}, 401),
        ({"from": OURS}, 400),  # an account of the other mode
    ],
    ids=str,
)
async def test_a_simple_message_is_taken_or_refused_with_its_status(world: World, form: dict[str, str], status: int) -> None:
    before = world.basic.data["credits"]
    assert await world.simple(**form) == status
    assert before - world.basic.data["credits"] == int(status == 200)
    assert len(world.shown(BASIC)) == int(status == 200)


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 200),
        ({"to": "NOBODY01"}, 400),
        ({"nonce": "00" * 23}, 400),
        ({"nonce": "zz" * 24}, 400),
        ({"box": ""}, 400),
        ({"box": "abc"}, 400),
        ({"box": "00" * 7812}, 200),  # the server cannot see that nobody will be able to open it
        ({"box": "00" * 7813}, 413),
        ({"secret": "falsch"}, 401),
        ({"from": BASIC}, 400),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_sealed_message_is_taken_or_refused_with_its_status(world: World, form: dict[str, str], status: int) -> None:
    before = world.account.data["credits"]
    assert await world.e2e(**form) == status
    assert before - world.account.data["credits"] == int(status == 200)
    assert world.counts.accepted == int(status == 200)


@pytest.mark.parametrize(
    ("kind", "payload", "shown"),
    [
        (0x01, b"Hallo", ["text"]),
        (0x01, b"", []),
        (0x01, b"x" * 3501, []),
        (0x01, b"\xff", []),
        (0x10, b"51.5,7.4", ["location"]),
        (0x10, b"Rathaus", []),
        (0x17, b"{}", []),
        (0x17, json.dumps({"b": "00" * 16, "k": "ab" * 32, "m": "image/png", "n": "", "s": 1, "j": 1}).encode(), []),  # no such blob
        (0x77, b"?", []),
    ],
)
async def test_an_app_drops_without_a_word_what_it_cannot_read(world: World, kind: int, payload: bytes, shown: list[str]) -> None:
    assert await world.e2e(kind, payload) == 200
    assert world.shown() == shown
    assert world.account.data.get("unreadable", 0) == int(not shown)


async def test_a_box_for_somebody_else_is_dropped(world: World) -> None:
    nonce, box = boxes.enclose(1, b"Hallo", KEY, boxes.public("33" * 32))
    assert await world.e2e(nonce=nonce, box=box) == 200
    assert world.shown() == []


async def test_without_credits_nothing_is_taken(world: World) -> None:
    await world.double.change(world.account, "credits", {"credits": 1})
    assert [await world.e2e(), await world.e2e()] == [200, 402]
    assert (await world.upload(b"x"))[0] == 402
    assert await world.get("credits") == (200, "0")
    assert world.shown() == ["text"]


@pytest.mark.parametrize(("size", "status"), [(0, 400), (20_000_000, 200), (20_000_001, 413)])
async def test_blobs_have_a_largest_size(world: World, size: int, status: int) -> None:
    assert (await world.upload(bytes(size)))[0] == status


@pytest.mark.parametrize(("persist", "second"), [("1", ["file", "file"]), ("0", ["file"])])
async def test_a_blob_that_is_not_kept_is_gone_after_the_first_who_fetches_it(world: World, persist: str, second: list[str]) -> None:
    """Whoever sends one file to many must ask for it to be kept."""
    key = bytes.fromhex("ab" * 32)
    _, blob = await world.upload(boxes.lock(b"film", key), persist=persist)
    told = json.dumps({"b": blob, "k": key.hex(), "m": "video/mp4", "n": "f.mp4", "s": 4, "j": 1}).encode()
    assert [await world.e2e(0x17, told), await world.e2e(0x17, told)] == [200, 200]
    assert world.shown() == second


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("pubkeys/NOBODY01", 404),
        ("capabilities/NOBODY01", 404),
        ("lookup/phone/4915228817386", 404),
        ("lookup/email/niemand@stadt.example", 404),
        (f"blobs/{'00' * 16}", 404),
        ("credits", 200),
    ],
)
async def test_the_directory_answers_by_status(world: World, path: str, status: int) -> None:
    assert (await world.get(path))[0] == status
    assert (await world.get(path, secret="falsch"))[0] == 401


async def test_a_throughput_that_was_set_is_kept(world: World) -> None:
    world.account.throughput = 2.0
    assert [await world.e2e() for _ in range(3)] == [200, 200, 429]
    assert world.counts.limited == 1


async def test_nobody_hears_of_an_account_in_the_basic_mode(world: World) -> None:
    world.basic.callback = "http://127.0.0.1:9/hook"
    world.double.write(world.basic, world.zoe, "Hallo?")
    assert world.town.counts[BASIC].calls == 0
    assert world.double.delivery.carried[BASIC] == 0
    assert not world.double.delivery.tasks


async def test_who_wants_no_receipts_gets_none(world: World) -> None:
    await world.e2e(noDeliveryReceipts="1")
    assert not world.double.delivery.tasks
    await world.e2e()
    assert world.double.delivery.tasks


@pytest.mark.parametrize("emoji", ["❤️", ""])
async def test_other_reactions_than_thumbs_cannot_be_sent(world: World, emoji: str) -> None:
    await world.e2e()
    message = world.town.messages[world.town.chats[OURS, world.zoe.id][0]]
    with pytest.raises(CannotDo):
        world.double.react(world.account, world.zoe, message, emoji)


async def test_people_keep_id_and_key_over_a_restart(world: World, tmp_path: Any) -> None:
    before = (world.address, world.double.private(world.zoe))
    world.town.save(tmp_path / "town.json")
    town = Town()
    town.load(tmp_path / "town.json")
    double = Threema(town, Delivery(town))
    person = town.people[world.zoe.id]
    assert (double.address(town.accounts[OURS], person), double.private(person)) == before
    assert town.accounts[OURS].data["credits"] == 10_000
