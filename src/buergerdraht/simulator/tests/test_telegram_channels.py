"""The double lets a bot post in its own channel and in no other; aiogram, a stranger's library, understands what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BufferedInputFile, ChatMemberAdministrator, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from aiohttp import web

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Town

BOT, OTHER, NAME = "123456789:AAEgeheim", "987654321:AAEgeheim", "@stadt_aktuell"


@pytest.fixture
async def town(unused_tcp_port: int) -> AsyncIterator[Town]:
    town = Town()
    channels = {"stadt_aktuell": {"id": -1001730000001, "title": "Stadt aktuell", "posts": True}}
    town.add_account(Account("telegram", "123456789", "Stadt", BOT, username="stadt_bot", data={"channels": channels}))
    town.add_account(Account("telegram", "987654321", "Fremd", OTHER, username="fremd_bot"))
    runner = web.AppRunner(application(town), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    town.host = f"http://127.0.0.1:{unused_tcp_port}"  # type: ignore[attr-defined]
    yield town
    await runner.cleanup()


def judge(town: Town, token: str = BOT) -> Bot:
    return Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(town.host)))  # type: ignore[attr-defined]


async def test_a_post_is_the_channels_own_word(town: Town) -> None:
    async with judge(town) as bot:
        markup = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Plan", url="https://stadt.example/plan")]])
        sent = await bot.send_message(NAME, "Der Markt zieht um", reply_markup=markup)
        shown = await bot.send_photo(NAME, BufferedInputFile(picture("park"), "park.jpg"), caption="Der Park")
        album = await bot.send_media_group(
            NAME, [InputMediaPhoto(media=shown.photo[-1].file_id), InputMediaPhoto(media=shown.photo[-1].file_id)]
        )
    assert (sent.chat.type, sent.chat.username, sent.from_user) == ("channel", "stadt_aktuell", None)
    assert sent.sender_chat is not None
    assert sent.sender_chat.title == "Stadt aktuell"
    assert len({sent.message_id, shown.message_id, *(each.message_id for each in album)}) == 4
    assert {line["to"] for line in town.journal.lines()} == {"-1001730000001"}


async def test_a_bot_knows_its_channel_and_its_right(town: Town) -> None:
    async with judge(town) as bot:
        chat, me = await bot.get_chat(NAME), await bot.get_chat_member(NAME, 123456789)
        assert (chat.type, chat.title) == ("channel", "Stadt aktuell")
        assert isinstance(me, ChatMemberAdministrator)
        assert me.can_post_messages
        town.accounts["123456789"].data["channels"]["stadt_aktuell"]["posts"] = False
        with pytest.raises(TelegramBadRequest, match="administrator rights"):
            await bot.send_message(NAME, "Hallo")
        taken = await bot.get_chat_member(NAME, 123456789)
        assert isinstance(taken, ChatMemberAdministrator)
        assert not taken.can_post_messages


async def test_a_stranger_is_kept_out_and_an_unknown_channel_is_not_found(town: Town) -> None:
    async with judge(town, OTHER) as bot:
        with pytest.raises(TelegramForbiddenError, match="not a member"):
            await bot.send_message(NAME, "Hallo")
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await bot.send_message("@niemand_hier", "Hallo")
