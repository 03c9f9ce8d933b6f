"""What becomes a post of a channel, against Telegram's limits written down a second time; what fails stops the channel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import (
    PUBLIC,
    ChannelBroken,
    Choice,
    Content,
    Location,
    Media,
    MediaKind,
    Rejected,
    SendError,
    Temporary,
)  # fmt: skip
from buergerdraht.connectors.telegram_channel.config import TelegramChannelConfig
from buergerdraht.connectors.telegram_channel.connector import TelegramChannel
from buergerdraht.connectors.telegram_channel.plan import plan

TEXT, CAPTION, ALBUM, BUTTONS = 4096, 1024, 10, 10
TOKEN = "123456789:AAEgeheim_token"
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png")
OTHER = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="markt.png")
LINK = Choice("a", "Plan", url="https://stadt.example/plan")


def channel(host: str, http: Any) -> TelegramChannel:
    return TelegramChannel(TelegramChannelConfig(channel="@stadt_aktuell", bot_token=TOKEN, host=host), http)


async def send(connector: TelegramChannel, files: Any, content: Content) -> Any:
    return await connector.send(connector.plan(content).parts[0], PUBLIC, token="42.0", files=files)


async def test_a_post_goes_to_the_channel_and_has_an_address(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, {"ok": True, "result": {"message_id": 77}})) as bots:
        connector = channel(bots.url, http)
        sent = await send(connector, files, Content(title="Markt", text="Neu", choices=[LINK]))
    assert bots.asked[0][:2] == ("POST", f"/bot{TOKEN}/sendMessage")
    assert bots.asked[0][2]["chat_id"] == "@stadt_aktuell"
    assert bots.asked[0][2]["reply_markup"] == {"inline_keyboard": [[{"text": "Plan", "url": "https://stadt.example/plan"}]]}
    assert (sent.external_id, await connector.permalink(sent.external_id)) == ("stadt_aktuell:77", "https://t.me/stadt_aktuell/77")


@pytest.mark.parametrize(
    ("status", "words", "kind", "reason"),
    [
        (400, "Bad Request: chat not found", ChannelBroken, "setup"),
        (400, "Bad Request: need administrator rights in the channel chat", ChannelBroken, "setup"),
        (403, "Forbidden: bot is not a member of the channel chat", ChannelBroken, "setup"),
        (401, "Unauthorized", ChannelBroken, "token_invalid"),
        (400, "Bad Request: message is too long", Rejected, "content_refused"),
        (429, "Too Many Requests", Temporary, "rate_limit"),
        (502, "Bad Gateway", Temporary, "unavailable"),
    ],
)
async def test_each_answer_is_one_of_four_failures(
    provider: Any, http: Any, files: Any, status: int, words: str, kind: type[SendError], reason: str
) -> None:
    async with provider((status, {"ok": False, "error_code": status, "description": words})) as bots:
        with pytest.raises(SendError) as problem:
            await send(channel(bots.url, http), files, Content(text="Hallo"))
    assert (type(problem.value), problem.value.reason) == (kind, reason)


async def test_a_torn_call_is_in_doubt(provider: Any, http: Any, files: Any) -> None:
    async with provider((0, {})) as bots:
        with pytest.raises(Temporary) as torn:
            await send(channel(bots.url, http), files, Content(text="Hallo"))
    assert torn.value.maybe_sent


@pytest.mark.parametrize(
    ("answers", "ok", "code"),
    [
        ([{"id": 1}, {"title": "Stadt"}, {"status": "administrator", "can_post_messages": True}], True, ""),
        ([{"id": 1}, {"title": "Stadt"}, {"status": "administrator", "can_post_messages": False}], False, "may_not_post"),
        ([{"id": 1}, {"title": "Stadt"}, {"status": "left"}], False, "may_not_post"),
    ],
)
async def test_the_check_says_whether_the_bot_may_post(provider: Any, http: Any, answers: Any, ok: bool, code: str) -> None:
    async with provider(*[(200, {"ok": True, "result": each}) for each in answers]) as bots:
        health = await channel(bots.url, http).check()
    assert (health.ok, "".join(note.code for note in health.findings)) == (ok, code)
    assert health.facts == {"name": "Stadt", "number": "@stadt_aktuell"}


async def test_a_channel_does_not_start_where_the_bot_may_not_post(provider: Any, http: Any) -> None:
    async with provider((200, {"ok": True, "result": {"id": 1}}), (200, {"ok": True, "result": {"status": "left"}})) as bots:
        with pytest.raises(ChannelBroken):
            await channel(bots.url, http).activate("")


@pytest.mark.parametrize("name", ["stadt_aktuell", "@stadt_aktuell", "https://t.me/stadt_aktuell", "t.me/stadt_aktuell/"])
def test_a_name_is_understood_as_people_write_it(name: str) -> None:
    assert TelegramChannelConfig(channel=name, bot_token=TOKEN).channel == "stadt_aktuell"


@pytest.mark.parametrize("name", ["", "ab", "https://t.me/+geheim", "stadt aktuell", "https://fremd.example/stadt"])
def test_what_is_no_public_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Kanalname"):
        TelegramChannelConfig(channel=name, bot_token=TOKEN)


def test_a_picture_carries_its_words_and_a_long_text_follows_it() -> None:
    assert [part.method for part in plan(Content(text="Der Platz", media=[PICTURE])).parts] == ["sendPhoto"]
    assert [part.method for part in plan(Content(text="x" * 1025, media=[PICTURE])).parts] == ["sendPhoto", "sendMessage"]
    assert [part.method for part in plan(Content(text="Zwei", media=[PICTURE, OTHER])).parts] == ["sendMediaGroup"]


def test_links_below_several_pictures_are_written() -> None:
    (part,) = plan(Content(text="Zwei", media=[PICTURE, OTHER], choices=[LINK])).parts
    assert part.body["media"][0]["caption"].endswith("Plan")
    assert "reply_markup" not in part.body


def test_choices_are_only_words_and_this_is_said() -> None:
    made = plan(Content(text="Kommen Sie?", choices=[Choice("ja", "Ja"), Choice("nein", "Nein")]))
    assert made.parts[0].body["text"].endswith("1. Ja\n2. Nein")
    assert "numbered" in {note.code for note in made.notes if note.level == "warning"}


choices = st.builds(Choice, id=st.text(max_size=5), title=st.text(max_size=90), url=st.sampled_from(["", "https://stadt.example/x"]))
media = st.builds(
    Media, id=st.text("abc", min_size=1, max_size=3), mime=st.sampled_from(["image/png", "video/mp4", "application/pdf", "audio/mpeg"]),
    kind=st.sampled_from([MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT, MediaKind.AUDIO, MediaKind.STICKER, MediaKind.VOICE]),
    size=st.integers(1, 60_000_000),
)  # fmt: skip
contents = st.builds(
    Content, title=st.text(max_size=80), text=st.text(max_size=5000), choices=st.lists(choices, max_size=12),
    media=st.lists(media, max_size=12), location=st.sampled_from([None, Location(latitude=51.5, longitude=7.4)]),
)  # fmt: skip


@given(contents)
def test_every_post_fits(content: Content) -> None:
    for part in plan(content).parts:
        assert len(str(part.body.get("text", "")).encode("utf-16-le")) // 2 <= TEXT
        entries = part.body.get("media", [part.body])
        assert len(entries) <= ALBUM
        assert all(len(str(each.get("caption", "")).encode("utf-16-le")) // 2 <= CAPTION for each in entries)
        assert len(part.body.get("reply_markup", {}).get("inline_keyboard", [])) <= BUTTONS
        assert part.method != "sendMediaGroup" or len(entries) >= 2
        assert part.method != "sendMessage" or part.body["text"]
