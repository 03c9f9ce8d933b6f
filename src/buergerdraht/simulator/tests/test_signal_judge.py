"""signalbot, a stranger's library for signal-cli-rest-api, talks to the double and understands every answer and every frame."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, web
from signalbot import (
    Config,
    ConnectionMode,
    DataMessage,
    EditMessage,
    InMemoryConfig,
    Reaction,
    ReceiptType,
    RemoteDelete,
    SendError,
    SendMessage,
    SignalBot,
    TextMode,
    UnknownMessageFormatError,
    parse,
)
from signalbot._client import SignalAPI

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Person, Town

US, ID = "+493023125110", "493023125110"


@dataclass
class World:
    town: Town
    host: str
    zoe: Person
    api: SignalAPI
    bot: SignalBot
    frames: list[str] = field(default_factory=list)

    async def control(self, path: str, wish: dict[str, Any]) -> Any:
        async with ClientSession() as session, session.post(f"{self.host}/_control/{path}", json=wish) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def acts(self, verb: str, **wish: Any) -> Any:
        return await self.control(f"people/{self.zoe.id}/{verb}", {"account": ID, **wish})

    async def hears(self, kind: type, words: str) -> Any:
        """Wait for a frame with these words, and let the library read it."""
        for _ in range(100):
            if found := [frame for frame in self.frames if words in frame]:
                read = await parse(self.api, found[-1])
                assert isinstance(read, kind)
                return read
            await asyncio.sleep(0.05)
        raise AssertionError(f"no frame with {words}")

    def shown(self) -> list[Any]:
        return [self.town.messages[key] for key in self.town.chats[ID, self.zoe.id] if self.town.messages[key].ours]


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    town = Town()
    runner = web.AppRunner(application(town), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    service = f"127.0.0.1:{unused_tcp_port}/signal"
    config = Config(phone_number=US, signal_service=service, connection_mode=ConnectionMode.HTTP_ONLY, storage=InMemoryConfig())
    api = SignalAPI(service, US, connection_mode=ConnectionMode.HTTP_ONLY)
    found = World(town, f"http://127.0.0.1:{unused_tcp_port}", town.add_person("Zoë Beispiel"), api, SignalBot(config))
    await found.control("accounts", {"kind": "signal", "name": "Stadt", "number": US, "door": "rest"})

    async def listen() -> None:
        async for frame in api.messages.receive():
            found.frames.append(frame)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    yield found
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await api.close()
    await found.bot._signal.close()
    await runner.cleanup()


async def test_signalbot_accepts_the_service_its_version_and_its_mode(world: World) -> None:
    await world.bot._async_init()
    assert (await world.bot.general.about()).mode == "json-rpc"


async def test_signalbot_sends_edits_reacts_and_deletes(world: World) -> None:
    to = f"+{world.zoe.phone}"
    sent = await world.bot.messages.send(SendMessage(text="Hallo **Zoë** \\*", text_mode=TextMode.STYLED), to)
    (message,) = world.shown()
    assert (message.data["text"], message.data["timestamp"]) == ("Hallo Zoë *", sent.timestamp)
    assert message.data["entities"] == [{"type": "bold", "offset": 6, "length": 3}]
    await world.bot.messages.edit(SendMessage(text="Guten Tag"), sent)
    assert (message.data["text"], message.edited) == ("Guten Tag", True)
    sent.timestamp = message.data["timestamp"]
    await world.bot.reactions.react(sent, "👍")
    assert message.reactions == {"us": "👍"}
    await world.bot.messages.start_typing(to)
    assert world.town.typing[ID, world.zoe.id] > world.town.clock()
    await world.bot.messages.stop_typing(to)
    await world.bot.messages.remote_delete(sent)
    assert message.deleted


async def test_signalbot_sends_files_and_quotes(world: World) -> None:
    said = await world.acts("write", text="Foto?")
    asked = await world.hears(DataMessage, "Foto?")
    photo = base64.b64encode(picture("park")).decode()
    await world.bot.messages.send(
        SendMessage(text="Hier", base64_attachments=[f"data:image/jpeg;filename=park.jpg;base64,{photo}"], quote_author=asked.source_uuid,
                    quote_timestamp=asked.timestamp),
        asked.source_uuid,
    )  # fmt: skip
    (message,) = world.shown()
    file = world.town.files[message.data["files"][0]]
    assert (file.name, file.mime, file.data) == ("park.jpg", "image/jpeg", picture("park"))
    assert message.data["quote"] == said["id"]


async def test_signalbot_reads_what_citizens_do(world: World) -> None:
    await world.bot.messages.send(SendMessage(text="Was?"), f"+{world.zoe.phone}")
    ours = world.shown()[0]
    said = (await world.acts("write", text="Straße gesperrt?", quote=ours.id))["id"]
    message = await world.hears(DataMessage, "gesperrt")
    assert (message.text, message.source_number, message.source_name) == ("Straße gesperrt?", f"+{world.zoe.phone}", "Zoë Beispiel")
    assert message.quote.id == ours.data["timestamp"]
    await world.bot.receipts.send(message, ReceiptType.READ)
    assert world.town.messages[said].data["read_by_us"]
    await world.acts("edit", message=said, text="Straße noch gesperrt?")
    edited = await world.hears(EditMessage, "noch gesperrt")
    assert edited.target_sent_timestamp == message.timestamp
    await world.acts("react", message=ours.id, emoji="❤️")
    reaction = await world.hears(Reaction, "targetSentTimestamp")
    assert (reaction.emoji, reaction.is_remove, reaction.target_author_number) == ("❤️", False, US)
    await world.acts("photo", sample="park", caption="Hier")
    photo = await world.hears(DataMessage, "image/jpeg")
    assert base64.b64decode(photo.attachments[0].base64_content) == picture("park")
    await world.acts("sticker")
    assert (await world.hears(DataMessage, "stickerId")).sticker.sticker_id == 3
    await world.acts("delete", message=said)
    assert (await world.hears(RemoteDelete, "remoteDelete")).timestamp == edited.timestamp


async def test_signalbot_hears_receipts_as_frames_it_has_no_word_for(world: World) -> None:
    sent = await world.bot.messages.send(SendMessage(text="Hallo"), f"+{world.zoe.phone}")
    with pytest.raises(UnknownMessageFormatError):
        await world.hears(DataMessage, "isDelivery")
    await world.acts("read")
    for _ in range(50):
        if any('"isRead":true' in frame and str(sent.timestamp) in frame for frame in world.frames):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no read receipt")


async def test_signalbot_is_told_of_refusals(world: World) -> None:
    with pytest.raises(SendError, match="400"):
        await world.bot.messages.send(SendMessage(text="Niemand"), "+491713920099")
    with pytest.raises(SendError, match="400"):
        await world.bot.messages.send(SendMessage(text=""), f"+{world.zoe.phone}")
    await world.control(f"accounts/{ID}/captcha", {})
    with pytest.raises(SendError, match="429"):
        await world.bot.messages.send(SendMessage(text="Zu viel"), f"+{world.zoe.phone}")
