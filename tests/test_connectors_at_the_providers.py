"""The connectors speak to the strict doubles of their providers: every kind of content is accepted, every webhook understood."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from buergerdraht.connectors.contract import (
    AddressGone,
    Choice,
    Connector,
    Content,
    Gone,
    Item,
    Location,
    Media,
    MediaKind,
    Receipt,
    Received,
    TemplateUse,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.telegram.connector import Telegram
from buergerdraht.connectors.whatsapp.config import WhatsAppConfig
from buergerdraht.connectors.whatsapp.connector import WhatsApp
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.providers.telegram import Telegram as TelegramDouble
from buergerdraht.simulator.providers.whatsapp import WhatsApp as WhatsAppDouble
from buergerdraht.simulator.town import Account, Person, Town

BOT = "123456789:AAEgeheim"
TEMPLATE = {
    "id": "1",
    "name": "termin",
    "language": "de",
    "category": "UTILITY",
    "status": "APPROVED",
    "parameter_format": "NAMED",
    "components": [{"type": "BODY", "text": "Hallo {{name}}"}],
}


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "PNG")
    return out.getvalue()


PNG = picture()
FIRST = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="platz.png", alt="Der Platz")
SECOND = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=len(PNG), file_name="markt.png")
PAPER = Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=9, file_name="plan.pdf")
VOICE = Media(id="m4", kind=MediaKind.VOICE, mime="audio/ogg", size=54)


def some(count: int, **more: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"Wahl {number}", **more) for number in range(count))


CONTENTS = {
    "text": Content(title="Titel", text="**fett** _schräg_ [Stadt](https://stadt.example)", footer="Abmelden: STOPP"),
    "long": Content(text="Wort " * 1500),
    "buttons": Content(text="Was?", choices=some(3), footer="Abmelden: STOPP"),
    "list": Content(text="Was?", choices=some(8), choices_label="Wählen"),
    "numbers": Content(text="Was?", choices=some(12)),
    "link": Content(text="Mehr", choices=some(1, url="https://stadt.example")),
    "picture": Content(text="Der Platz", media=(FIRST,)),
    "picture with buttons": Content(text="Der Platz", media=(FIRST,), choices=some(2)),
    "pictures": Content(text="Zwei", media=(FIRST, SECOND)),
    "document": Content(text="Der Plan", media=(PAPER,)),
    "voice": Content(media=(VOICE,)),
    "place": Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")),
}


class Files:
    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def read(self, media: Media) -> bytes:
        return {"image/png": PNG, "application/pdf": b"%PDF-1.4 ", "audio/ogg": b"OggS" + bytes(50)}[media.mime]

    async def uploaded(self, media: Media) -> str | None:
        return self.known.get(media.id)

    async def remember(self, media: Media, external_id: str, *, hours: int) -> None:
        self.known[media.id] = external_id


@dataclass
class World:
    town: Town
    whatsapp_double: WhatsAppDouble
    telegram_double: TelegramDouble
    connectors: dict[str, Any]
    heard: list[Item]
    zoe: Person
    hidden: Person

    @property
    def number(self) -> Account:
        return self.town.accounts["111222333"]

    @property
    def bot(self) -> Account:
        return self.town.accounts["123456789"]

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        """Wait for an event to come in by webhook, signed as the provider signs."""
        for _ in range(100):
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError("nothing of the kind came in")


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    host, town = f"http://127.0.0.1:{unused_tcp_port}", Town()
    delivery, http = Delivery(town), Http()
    whatsapp = WhatsApp(
        WhatsAppConfig(phone_number_id="111222333", waba_id="444555666", access_token="ein-token", app_secret="wort", host=host), http
    )
    telegram = Telegram(TelegramConfig(bot_token=BOT, host=host), http)
    secret = telegram.config.secret_token.get_secret_value()
    town.add_account(
        Account("whatsapp", "111222333", "Stadt", "ein-token", secret="wort", number="493023125100", waba_id="444555666",
                callback=f"{host}/hook/whatsapp", verify_token=whatsapp.config.verify_token, templates=[TEMPLATE])
    )  # fmt: skip
    town.add_account(
        Account("telegram", "123456789", "Stadt", BOT, secret=secret, username="stadt_bot", callback=f"{host}/hook/telegram",
                allowed_updates=["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"])
    )  # fmt: skip
    found = World(
        town, WhatsAppDouble(town, delivery), TelegramDouble(town, delivery), {"whatsapp": whatsapp, "telegram": telegram}, [],
        town.add_person("Zoë Beispiel", started=["123456789"]), town.add_person("Verborgen", hidden=True, username="verborgen"),
    )  # fmt: skip

    async def hook(request: web.Request) -> web.Response:
        connector: Connector = found.connectors[request.match_info["kind"]]
        body = await request.read()
        connector.verify({name.lower(): value for name, value in request.headers.items()}, body)
        found.heard.extend(connector.parse(body))
        return web.Response()

    app = web.Application()
    app.add_routes([*found.whatsapp_double.routes(), *found.telegram_double.routes(), web.post("/hook/{kind}", hook)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    await delivery.start()
    yield found
    await http.close()
    await delivery.stop()
    await runner.cleanup()


@pytest.mark.parametrize("name", CONTENTS)
async def test_whatsapp_accepts_everything_we_plan(world: World, name: str) -> None:
    connector = world.connectors["whatsapp"]
    for person in (world.zoe, world.hidden):
        world.whatsapp_double.receive(world.number, person, "text", {"body": "Hallo"})
    for address in (f"+{world.zoe.phone}", world.hidden.user_id):
        files = Files()
        for part in connector.plan(CONTENTS[name]).parts:
            sent = await connector.send(part, address, token="brief-7", files=files)
            assert sent.external_id.startswith("wamid.")
    receipt = await world.hears(lambda event: isinstance(event, Receipt))
    assert receipt.token == "brief-7"


@pytest.mark.parametrize("name", CONTENTS)
async def test_telegram_accepts_everything_we_plan(world: World, name: str) -> None:
    connector = world.connectors["telegram"]
    files = Files()
    for part in connector.plan(CONTENTS[name]).parts:
        sent = await connector.send(part, str(world.zoe.telegram_id), token="brief-7", files=files)
        assert sent.external_id.startswith(f"{world.zoe.telegram_id}:")


async def test_a_template_opens_a_conversation_nobody_began(world: World) -> None:
    connector = world.connectors["whatsapp"]
    assert [one.name for one in await connector.templates()] == ["termin"]
    content = Content(template=TemplateUse(name="termin", language="de", body={"name": "Ada"}))
    await connector.send(connector.plan(content).parts[0], f"+{world.zoe.phone}", token="brief-7", files=Files())


async def test_what_citizens_do_comes_in_as_what_it_is(world: World) -> None:
    world.whatsapp_double.receive(world.number, world.hidden, "text", {"body": "Hallo"})
    received = await world.hears(lambda event: isinstance(event, Received) and event.text == "Hallo")
    assert (received.sender.address, received.sender.handle) == (world.hidden.user_id, "@verborgen")
    world.telegram_double.receive(world.bot, world.zoe, "text", {"text": "/start thema_1"})
    started = await world.hears(lambda event: isinstance(event, Received) and event.kind == "start")
    assert (started.sender.address, started.start) == (str(world.zoe.telegram_id), "thema_1")
    file = world.town.add_file(world.number.id, PNG, "image/png")
    world.whatsapp_double.receive(world.number, world.zoe, "image", {"id": file.id, "mime_type": "image/png", "sha256": "x"})
    photo = await world.hears(lambda event: isinstance(event, Received) and event.kind == "media")
    assert await world.connectors["whatsapp"].fetch(photo.media[0]) == (PNG, "image/png")


async def test_who_does_not_want_us_is_heard(world: World) -> None:
    world.whatsapp_double.prefer(world.number, world.hidden, "stop")
    stopped = await world.hears(lambda event: isinstance(event, Gone) and event.scope == "newsletter")
    assert stopped.address == world.hidden.user_id
    world.telegram_double.block(world.bot, world.zoe, blocked=True)
    await world.hears(lambda event: isinstance(event, Gone) and event.scope == "all")
    connector = world.connectors["telegram"]
    with pytest.raises(AddressGone):
        await connector.send(connector.plan(Content(text="x")).parts[0], str(world.zoe.telegram_id), token="t", files=Files())


@pytest.mark.parametrize("kind", ["whatsapp", "telegram"])
async def test_the_check_of_a_sound_account_finds_it_so(world: World, kind: str) -> None:
    health = await world.connectors[kind].check()
    assert health.ok
    assert health.facts["name"] == "Stadt"
