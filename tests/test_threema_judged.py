"""Threema's own library, in the place of a citizen's app, opens what our connector sends."""

from __future__ import annotations

import ctypes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from aiohttp import web
from nacl import _sodium
from nacl.public import PrivateKey

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import Content, Media, MediaKind
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.connectors.threema.connector import Threema
from buergerdraht.simulator.samples import picture


class Sodium:
    """PyNaCl's own libsodium, so that the judge needs none of the system's. What it leaves out, the judge only asks the size of."""

    library = ctypes.CDLL(_sodium.__file__)

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self.library, name)
        except AttributeError:
            return mock.Mock(return_value=0)


with mock.patch("ctypes.cdll.LoadLibrary", return_value=Sodium()):
    from threema.gateway import Connection, e2e
    from threema.gateway.key import Key

THEIRS = "22" * 32
PLATZ = picture("park")
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/jpeg", size=len(PLATZ), file_name="Straße.jpg")


@dataclass
class World:
    connector: Threema
    judge: Any
    sent: list[Any] = field(default_factory=list)

    async def opens(self, content: Content) -> list[Any]:
        """Send, and give what the judge read of it."""
        for part in self.connector.plan(content).parts:
            await self.connector.send(part, "ABCD1234", token="1.0", files=_Files())
        ours = {"from_id": "*MUSTER1", "message_id": bytes(8), "date": None}
        return [await e2e.Message.receive(self.judge, ours, bytes.fromhex(form["nonce"]), bytes.fromhex(form["box"])) for form in self.sent]


class _Files:
    async def read(self, media: Media) -> bytes:
        return PLATZ

    async def uploaded(self, media: Media) -> str | None:
        return None

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        return None


@pytest.fixture
async def world(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(learned, "FOLDER", None)
    host, http, blobs = f"http://127.0.0.1:{unused_tcp_port}", Http(), {}
    connector = Threema(ThreemaConfig(identity="*MUSTER1", secret="ein-geheimes-wort", host=host), http)
    judge = Connection("ABCD1234", "egal", key=Key.decode(f"private:{THEIRS}", Key.Type.private))
    judge.urls = {name: url.replace("https://msgapi.threema.ch", host) for name, url in judge.urls.items()}
    found = World(connector, judge)

    async def pubkey(request: web.Request) -> web.Response:
        theirs = bytes(PrivateKey(bytes.fromhex(THEIRS)).public_key).hex()
        return web.Response(text=theirs if request.match_info["id"] == "ABCD1234" else connector.config.public_key)

    async def send(request: web.Request) -> web.Response:
        found.sent.append(dict(await request.post()))
        return web.Response(text="0011223344556677")

    async def upload(request: web.Request) -> web.Response:
        blob: Any = (await request.post())["blob"]
        name = f"{len(blobs):032x}"
        blobs[name] = blob.file.read()
        return web.Response(text=name)

    async def download(request: web.Request) -> web.Response:
        return web.Response(body=blobs[request.match_info["id"]])

    app = web.Application(client_max_size=5_000_000)
    app.add_routes(
        [web.get("/pubkeys/{id}", pubkey), web.post("/send_e2e", send), web.post("/upload_blob", upload), web.get("/blobs/{id}", download)]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield found
    await judge.close()
    await http.close()
    await runner.cleanup()


async def test_the_judge_reads_our_text(world: World) -> None:
    [text] = await world.opens(Content(title="Straßen", text="**Gesperrt** bis 18 Uhr 😀", footer="Abmelden: STOPP"))
    assert text.text == "*Straßen*\n\n*Gesperrt* bis 18 Uhr 😀\n\n_Abmelden: STOPP_"


async def test_the_judge_unlocks_our_picture_with_caption_and_small_copy(world: World) -> None:
    [file] = await world.opens(Content(text="Der Platz: größer", media=(PICTURE,)))
    assert (file.file_content, file.mime_type, file._caption) == (PLATZ, "image/jpeg", "Der Platz: größer")
    assert file.thumbnail_content.startswith(b"\xff\xd8")
    assert len(file.thumbnail_content) < len(PLATZ)


async def test_the_judge_reads_our_thumb(world: World) -> None:
    [thumb] = await world.opens(Content(reaction="👍", quote="ABCD1234:8899aabbccddeeff"))
    assert (thumb.receipt_type.name, thumb.message_ids) == ("user_acknowledge", [bytes.fromhex("8899aabbccddeeff")])
