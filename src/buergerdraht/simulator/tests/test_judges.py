"""Client libraries of strangers talk to the doubles and understand every answer and every webhook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from aiohttp import ClientSession, web
from pywa.utils import webhook_updates_validator
from pywa_async import WhatsApp as Pywa
from pywa_async import errors, types

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Person, Town

NUMBER, TOKEN, SECRET, BOT = "111222333", "ein-token", "app-geheim", "123456789:AAEgeheim"
TEMPLATE = {
    "id": "1", "name": "termin", "language": "de", "category": "UTILITY", "status": "APPROVED", "parameter_format": "NAMED",
    "components": [{"type": "BODY", "text": "Hallo {{name}}"}],
}  # fmt: skip


@dataclass
class World:
    town: Town
    host: str
    zoe: Person
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def acts(self, verb: str, account: str, **wish: Any) -> Any:
        async with (
            ClientSession() as session,
            session.post(f"{self.host}/_control/people/{self.zoe.id}/{verb}", json={"account": account, **wish}) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def hears(self, words: str) -> tuple[dict[str, str], bytes]:
        for _ in range(100):
            if found := [each for each in self.heard if re.search(words, each[1].decode())]:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"no webhook with {words}")


@pytest.fixture
async def world(unused_tcp_port_factory: Any) -> AsyncIterator[World]:
    port, ear = unused_tcp_port_factory(), unused_tcp_port_factory()
    town = Town()
    callback = f"http://127.0.0.1:{ear}/hook"
    town.add_account(
        Account("whatsapp", NUMBER, "Stadt", TOKEN, secret=SECRET, number="493023125100", waba_id="444", callback=callback,
                templates=[TEMPLATE])
    )  # fmt: skip
    town.add_account(Account("telegram", "123456789", "Stadt", BOT, secret="wort", username="stadt_bot", callback=callback))
    world = World(town, f"http://127.0.0.1:{port}", town.add_person("Zoë", username="zoe"))

    async def hear(request: web.Request) -> web.Response:
        world.heard.append((dict(request.headers), await request.read()))
        return web.Response()

    listener = web.Application()
    listener.add_routes([web.post("/hook", hear)])
    runners = [web.AppRunner(listener, shutdown_timeout=0.1), web.AppRunner(application(town), shutdown_timeout=0.1)]
    for runner, at in zip(runners, (ear, port), strict=True):
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", at).start()
    yield world
    for runner in reversed(runners):
        await runner.cleanup()


@pytest.fixture
async def pywa(world: World) -> AsyncIterator[Pywa]:
    async with httpx.AsyncClient() as session:
        judge = Pywa(phone_id=NUMBER, token=TOKEN, session=session, validate_updates=False)
        session.base_url = f"{world.host}/v25.0"
        yield judge


@pytest.fixture
async def bot(world: World) -> AsyncIterator[Bot]:
    async with Bot(BOT, session=AiohttpSession(api=TelegramAPIServer.from_base(world.host))) as judge:
        yield judge


async def test_pywa_sends_and_reads_its_errors(world: World, pywa: Pywa) -> None:
    to = f"+{world.zoe.phone}"
    with pytest.raises(errors.WhatsAppError) as closed:
        await pywa.send_message(to=to, text="Hallo")
    assert closed.value.code == 131047
    await world.acts("write", NUMBER, text="Guten Tag")
    assert (await pywa.send_message(to=to, text="Hallo")).id.startswith("wamid.")
    buttons = [types.Button(title="Ja", callback_data="ja"), types.Button(title="Nein", callback_data="nein")]
    await pywa.send_message(to=to, text="Wollen Sie?", buttons=buttons)
    await pywa.send_image(to=to, image=picture("schlagloch"), mime_type="image/jpeg", caption="Hier")
    accepted = [line for line in world.town.journal.lines() if (line["account"], line["person"]) == (NUMBER, world.zoe.id)]
    assert [line["words"] for line in accepted] == ["Hallo", "Wollen Sie?", "Hier"]
    with pytest.raises(errors.WhatsAppError) as unknown:
        await pywa.send_message(to="+4915228817386", text="Niemand")
    assert unknown.value.code == 131026


async def test_pywa_accepts_signature_and_reads_the_webhook(world: World, pywa: Pywa) -> None:
    await world.acts("write", NUMBER, text="Straße gesperrt?")
    headers, body = await world.hears("messages")
    assert b"Stra\\u00dfe" in body, "signed as sent: non-ASCII escaped"
    signature = headers["X-Hub-Signature-256"]
    assert webhook_updates_validator(SECRET, body, signature)
    assert not webhook_updates_validator("falsch", body, signature)
    assert signature == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    message = types.Message.from_update(client=pywa, update=json.loads(body))
    assert message.text == "Straße gesperrt?"
    assert message.from_user.name == "Zoë"
    await pywa.send_message(to=f"+{world.zoe.phone}", text="Ja", tracker="o-1")
    _, body = await world.hears('"delivered"')
    assert json.loads(body)["entry"][0]["changes"][0]["value"]["statuses"][0]["biz_opaque_callback_data"] == "o-1"


async def test_aiogram_sends_and_reads_its_errors(world: World, bot: Bot) -> None:
    chat = world.zoe.telegram_id
    assert (await bot.get_me()).username == "stadt_bot"
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(chat, "Hallo")
    await world.acts("write", "123456789", text="/start abc")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Ja", callback_data="ja")]])
    sent = await bot.send_message(chat, "<b>Hallo</b> 👋 <i>Zoë</i>", parse_mode="HTML", reply_markup=keyboard)
    assert sent.text == "Hallo 👋 Zoë"
    assert [each.type for each in sent.entities or []] == ["bold", "italic"]
    with pytest.raises(TelegramBadRequest, match="can't parse entities"):
        await bot.send_message(chat, "<b>offen", parse_mode="HTML")
    photo = BufferedInputFile(picture("schlagloch"), "bild.jpg")
    shown = await bot.send_photo(chat, photo, caption="Hier")
    assert shown.photo
    file = await bot.get_file(shown.photo[-1].file_id)
    assert file.file_path
    album = [InputMediaPhoto(media=photo), InputMediaPhoto(media=shown.photo[-1].file_id)]
    assert len(await bot.send_media_group(chat, album)) == 2
    await bot.send_location(chat, 51.5, 7.4)
    await world.acts("block", "123456789")
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(chat, "Noch da?")


async def test_aiogram_is_told_how_long_to_wait(world: World, bot: Bot) -> None:
    await world.acts("write", "123456789", text="/start")

    async def hurry() -> None:
        for number in range(60):
            await bot.send_message(world.zoe.telegram_id, str(number))

    with pytest.raises(TelegramRetryAfter) as told:
        await hurry()
    assert told.value.retry_after >= 1


async def test_aiogram_reads_every_update(world: World, bot: Bot) -> None:
    await world.acts("write", "123456789", text="/start abc")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Ja", callback_data="ja")]])
    await bot.send_message(world.zoe.telegram_id, "Wollen Sie?", reply_markup=keyboard)
    asked = next(each for each in world.town.messages.values() if each.ours)
    written = await world.acts("write", "123456789", text="Straße")
    await world.acts("tap", "123456789", message=asked.id, choice="ja")
    await world.acts("photo", "123456789", sample="schlagloch")
    await world.acts("album", "123456789")
    await world.acts("voice", "123456789")
    await world.acts("location", "123456789")
    await world.acts("contact", "123456789", name="Ada", phone="+493023125111")
    await world.acts("edit", "123456789", message=written["id"], text="Straße!")
    await world.acts("block", "123456789")
    await world.hears("kicked")
    for headers, body in world.heard:
        assert headers["X-Telegram-Bot-Api-Secret-Token"] == "wort"
        Update.model_validate_json(body)
    kinds = {Update.model_validate_json(body).event_type for _, body in world.heard}
    assert {"message", "callback_query", "edited_message", "my_chat_member"} <= kinds
