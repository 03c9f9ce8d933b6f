"""Threema's own library talks to the double: it sends in both modes, reads the errors, and opens every webhook."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from nacl import _sodium
from nacl.public import PrivateKey

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers.threema import Threema
from buergerdraht.simulator.samples import picture, tone
from buergerdraht.simulator.town import Account, Message, Person, Town


class Sodium:
    """PyNaCl's own libsodium, so that the judge needs none of the system's. What it leaves out, the judge only asks the size of."""

    library = ctypes.CDLL(_sodium.__file__)

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self.library, name)
        except AttributeError:
            return mock.Mock(return_value=0)


with mock.patch("ctypes.cdll.LoadLibrary", return_value=Sodium()):
    from threema.gateway import Connection, e2e, simple
    from threema.gateway.exception import BlobServerError, CreditsServerError, IDServerError, KeyServerError, MessageServerError
    from threema.gateway.key import HMAC, Key

OURS, BASIC, SECRET = "*MUSTER1", "*MUSTER2", "ein-geheimes-wort"
PRIVATE = "11" * 32


@dataclass
class World:
    town: Town
    double: Threema
    account: Account
    basic: Account
    zoe: Person
    host: str
    judges: list[Any] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.double.address(self.account, self.zoe)

    def judge(self, identity: str = OURS, secret: str = SECRET) -> Any:
        connection = Connection(identity, secret, key=Key.decode(f"private:{PRIVATE}", Key.Type.private))
        connection.urls = {name: url.replace("https://msgapi.threema.ch", self.host) for name, url in connection.urls.items()}
        self.judges.append(connection)
        return connection

    def shown(self, account: Account) -> list[Message]:
        return [self.town.messages[key] for key in self.town.chats.get((account.id, self.zoe.id), []) if self.town.messages[key].ours]

    async def hears(self, kind: str) -> Any:
        """Wait for a message of a class of the judge's, by its name: the classes themselves are proxies."""
        for _ in range(100):
            if found := [message for message in self.heard if type(message).__name__ == kind]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"the judge opened no {kind}; it answered {self.answers}")


@pytest.fixture
async def world(unused_tcp_port_factory: Any) -> AsyncIterator[World]:
    port, ear = unused_tcp_port_factory(), unused_tcp_port_factory()
    town = Town()
    delivery = Delivery(town)
    double = Threema(town, delivery)
    app = web.Application(client_max_size=30_000_000)
    app.add_routes(double.routes())
    public = bytes(PrivateKey(bytes.fromhex(PRIVATE)).public_key).hex()
    account = town.add_account(double.account({"id": OURS, "name": "Stadt", "secret": SECRET, "public_key": public}, 1))
    basic = town.add_account(double.account({"id": BASIC, "name": "Stadt", "secret": SECRET, "mode": "basic"}, 2))
    account.callback = f"http://127.0.0.1:{ear}/gateway_callback"
    found = World(town, double, account, basic, town.add_person("Zoë"), f"http://127.0.0.1:{port}")

    async def hear(message: Any) -> None:
        found.heard.append(message)

    @web.middleware
    async def answers(request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        found.answers.append(response.status)
        return response

    listener = web.Application(middlewares=[answers], client_max_size=e2e.MAX_HTTP_REQUEST_SIZE)
    e2e.add_callback_route(found.judge(), listener, hear)
    runners = [web.AppRunner(listener, shutdown_timeout=0.1), web.AppRunner(app, shutdown_timeout=0.1)]
    for runner, at in zip(runners, (ear, port), strict=True):
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", at).start()
    await delivery.start()
    yield found
    for judge in found.judges:
        await judge.close()
    await delivery.stop()
    for runner in reversed(runners):
        await runner.cleanup()


async def test_the_judge_sends_in_the_basic_mode(world: World) -> None:
    judge = world.judge(BASIC)
    number = await simple.TextMessage(connection=judge, to_id=world.address, text="Grüße 😀").send()
    await simple.TextMessage(connection=judge, phone=world.zoe.phone, text="Nach Nummer").send()
    assert len(bytes.fromhex(number)) == 8
    assert [message.data["text"] for message in world.shown(world.basic)] == ["Grüße 😀", "Nach Nummer"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"to_id": "NOBODY01", "text": "x"}, 400),
        ({"phone": "4915228817386", "text": "x"}, 404),
        ({"email": "niemand@stadt.example", "text": "x"}, 404),
        ({"to_id": "ZOE", "text": "x" * 3501}, 413),
        ({"to_id": "ZOE", "text": "ä" * 1751}, 413),
    ],
)
async def test_the_judge_reads_refusals_of_the_basic_mode(world: World, wish: dict[str, str], status: int) -> None:
    wish = {name: world.address if value == "ZOE" else value for name, value in wish.items()}
    with pytest.raises(MessageServerError) as refused:
        await simple.TextMessage(connection=world.judge(BASIC), **wish).send()
    assert refused.value.status == status
    assert world.shown(world.basic) == []


async def test_the_judge_reads_what_is_wrong_with_an_account(world: World) -> None:
    for connection, status in ((world.judge(secret="falsch"), 401), (world.judge(BASIC), 400)):
        with pytest.raises(MessageServerError) as refused:
            await e2e.TextMessage(connection, to_id=world.address, key=_key(world), text="x").send()
        assert refused.value.status == status
    with pytest.raises(MessageServerError) as refused:
        await simple.TextMessage(connection=world.judge(), to_id=world.address, text="x").send()
    assert refused.value.status == 400
    world.account.data["credits"] = 0
    with pytest.raises(MessageServerError) as refused:
        await e2e.TextMessage(world.judge(), to_id=world.address, text="x").send()
    assert refused.value.status == 402
    with pytest.raises(CreditsServerError) as denied:
        await world.judge(secret="falsch").get_credits()
    assert denied.value.status == 401


def _key(world: World) -> Any:
    """The recipient's key, so that the judge asks for none."""
    public = bytes(PrivateKey(bytes.fromhex(world.double.private(world.zoe))).public_key).hex()
    return Key.decode(f"public:{public}", Key.Type.public)


async def test_the_judge_finds_people_keys_and_credits(world: World) -> None:
    judge = world.judge()
    assert await judge.get_id(phone=world.zoe.phone) == world.address
    assert await judge.get_id(phone_hash=HMAC.hash(world.zoe.phone, "phone").hexdigest()) == world.address
    assert Key.encode(await judge.get_public_key(world.address)) == Key.encode(_key(world))
    assert {one.value for one in await judge.get_reception_capabilities(world.address)} >= {"text", "file", "image"}
    assert await judge.get_credits() == 10_000
    with pytest.raises(KeyServerError) as unknown:
        await judge.get_public_key("NOBODY01")
    assert unknown.value.status == 404
    with pytest.raises(IDServerError) as nobody:
        await judge.get_id(email="niemand@stadt.example")
    assert nobody.value.status == 404


async def test_the_judge_sends_end_to_end_and_the_phone_opens_it(world: World, tmp_path: Path) -> None:
    judge, film, image = world.judge(), tmp_path / "plan.pdf", tmp_path / "platz.jpg"
    film.write_bytes(b"%PDF-1.4 ")
    image.write_bytes(picture("park"))
    number = await e2e.TextMessage(judge, to_id=world.address, text="Grüße 😀").send()
    await e2e.FileMessage(judge, to_id=world.address, file_path=str(film), thumbnail_path=str(image), caption="Der Plan").send()
    text, file = world.shown(world.account)
    assert (text.data["number"], text.data["text"]) == (number, "Grüße 😀")
    assert (file.data["caption"], world.town.files[file.data["file"]].data) == ("Der Plan", b"%PDF-1.4 ")
    assert world.account.data["credits"] == 10_000 - 4  # two messages, a file, its small copy


async def test_the_judge_opens_what_a_citizen_writes_and_sends(world: World) -> None:
    world.double.write(world.account, world.zoe, "Straße gesperrt?")
    text = await world.hears("TextMessage")
    assert (text.text, text.from_id) == ("Straße gesperrt?", world.address)
    world.double.send_file(world.account, world.zoe, Thing("voice", tone(0.2), "audio/aac", name="ton.aac", caption="Hören Sie"))
    file = await world.hears("FileMessage")
    assert (file.file_content, file.mime_type, file._file_name, file._caption) == (tone(0.2), "audio/aac", "ton.aac", "Hören Sie")
    assert set(world.answers) == {200}


async def test_the_judge_reads_every_receipt(world: World) -> None:
    judge = world.judge()
    names = [bytes.fromhex(await e2e.TextMessage(judge, to_id=world.address, text=words).send()) for words in ("Eins", "Zwei")]
    received = await world.hears("DeliveryReceipt")
    assert received.receipt_type.name == "received"
    world.heard.clear()
    world.double.read(world.account, world.zoe)
    read = await world.hears("DeliveryReceipt")
    assert (read.receipt_type.name, read.message_ids) == ("read", names)
    world.heard.clear()
    world.double.react(world.account, world.zoe, world.shown(world.account)[1], "👍")
    thumb = await world.hears("DeliveryReceipt")
    assert (thumb.receipt_type.name, thumb.message_ids) == ("user_acknowledge", names[1:])


async def test_the_judge_turns_away_what_it_does_not_know_and_what_is_not_signed(world: World) -> None:
    """It answers 400 for a place, which Threema then repeats three times and drops: why we answer 200 for all that is signed."""
    world.double.send_location(world.account, world.zoe, 51.1, 10.4)
    for _ in range(100):
        if world.answers:
            break
        await asyncio.sleep(0.05)
    assert world.answers == [400]
    bodies: list[bytes] = []

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        bodies.append(body)
        return 200

    world.double.delivery.post = post  # type: ignore[method-assign]
    world.double.write(world.account, world.zoe, "Hallo")
    await asyncio.sleep(0.1)
    form = {name: values[0] for name, values in parse_qs(bodies[0].decode()).items()}
    e2e._validate_hmac(SECRET.encode(), form["mac"], form)
    with pytest.raises(Exception, match="MACs do not match"):
        e2e._validate_hmac(b"falsch", form["mac"], form)


async def test_the_judge_downloads_and_misses_blobs(world: World) -> None:
    judge = world.judge()
    blob = await judge.upload(b"verschlossen")
    assert await (await judge.download(blob)).read() == b"verschlossen"
    with pytest.raises(BlobServerError) as missing:
        await judge.download("00" * 16)
    assert missing.value.status == 404
