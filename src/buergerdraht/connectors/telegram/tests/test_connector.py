"""Sending, fetching, presses and the check, against a provider that plays back answers."""

import json
import time
from typing import Any

import pytest

from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Content,
    Media,
    MediaKind,
    Ref,
    Rejected,
    SendError,
    Temporary,
    Unsigned,
)
from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.connectors.telegram.connector import UPDATES, Telegram

TOKEN = "123456789:AAEgeheim_token"
SENT = {"ok": True, "result": {"message_id": 77, "date": 1, "chat": {"id": 7001, "type": "private"}}}
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png")
OTHER = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="markt.png")


def telegram(host: str, http: Any, **more: Any) -> Telegram:
    return Telegram(TelegramConfig(bot_token=TOKEN, host=host, username="musterstadt_bot", **more), http)


def refusal(code: int, words: str = "Bad Request", **parameters: Any) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": words, **({"parameters": parameters} if parameters else {})}


async def send(connector: Telegram, files: Any, content: Content, address: str = "7001") -> Any:
    return await connector.send(connector.plan(content).parts[0], address, token="outbox-42", files=files)


async def test_a_text_goes_out_with_its_stretches(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, SENT)) as bots:
        sent = await send(telegram(bots.url, http), files, Content(text="**Hallo**"))
    assert sent.external_id == "7001:77"
    assert bots.asked[0] == (
        "POST",
        f"/bot{TOKEN}/sendMessage",
        {"chat_id": 7001, "text": "Hallo", "entities": [{"type": "bold", "offset": 0, "length": 5}]},
    )


async def test_a_picture_is_uploaded_once(provider: Any, http: Any, files: Any) -> None:
    answer = {"ok": True, "result": {**SENT["result"], "photo": [{"file_id": "klein"}, {"file_id": "gross"}]}}
    async with provider((200, answer), (200, answer)) as bots:
        connector = telegram(bots.url, http)
        await send(connector, files, Content(text="Der Platz", media=(PICTURE,)))
        await send(connector, files, Content(text="Der Platz", media=(PICTURE,)))
    assert bots.asked[0][2] == {"chat_id": "7001", "photo": "attach://m1", "caption": "Der Platz", "m1": "platz.png"}
    assert bots.asked[1][2] == {"chat_id": 7001, "photo": "gross", "caption": "Der Platz"}


async def test_an_album_remembers_every_file(provider: Any, http: Any, files: Any) -> None:
    result = [{**SENT["result"], "message_id": 80 + n, "photo": [{"file_id": f"f{n}"}]} for n in range(2)]
    async with provider((200, {"ok": True, "result": result})) as bots:
        sent = await send(telegram(bots.url, http), files, Content(text="Zwei", media=(PICTURE, OTHER)))
    assert sent.external_id == "7001:80"
    assert files.known == {"m1": "f0", "m2": "f1"}
    media = json.loads(bots.asked[0][2]["media"])
    assert [(one["media"], one.get("caption")) for one in media] == [("attach://m1", "Zwei"), ("attach://m2", None)]


@pytest.mark.parametrize(
    ("status", "answer", "failure", "reason", "more"),
    [
        (
            429,
            refusal(429, "Too Many Requests: retry after 3", retry_after=3),
            Temporary,
            "rate_limit",
            {"retry_after": 3, "limit": True, "scope": "channel"},
        ),
        (401, refusal(401, "Unauthorized"), ChannelBroken, "token_invalid", {}),
        (404, refusal(404, "Not Found"), ChannelBroken, "token_invalid", {}),
        (403, refusal(403, "Forbidden: bot was blocked by the user"), AddressGone, "blocked", {}),
        (403, refusal(403, "Forbidden: user is deactivated"), AddressGone, "blocked", {}),
        (400, refusal(400, "Bad Request: chat not found"), AddressGone, "not_reachable", {}),
        (400, refusal(400, "Bad Request: can't parse entities"), Rejected, "content_refused", {}),
        (400, refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), Rejected, "media_refused", {}),
        (413, refusal(413, "Request Entity Too Large"), Rejected, "media_refused", {}),
        (409, refusal(409, "Conflict"), Temporary, "unavailable", {}),
        (500, refusal(500, "Internal Server Error"), Temporary, "unavailable", {"maybe_sent": False}),
        (502, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (200, b"<html>", Temporary, "unavailable", {"maybe_sent": True}),
        (418, refusal(418), Rejected, "unknown", {}),
        (0, {}, Temporary, "unavailable", {"maybe_sent": True}),
    ],
)
async def test_every_answer_leads_to_one_of_four_failures(
    provider: Any, http: Any, files: Any, status: int, answer: Any, failure: type[SendError], reason: str, more: dict[str, Any]
) -> None:
    async with provider((status, answer)) as bots:
        with pytest.raises(failure) as caught:
            await send(telegram(bots.url, http), files, Content(text="Hallo"))
    assert caught.value.reason == reason
    assert {name: getattr(caught.value, name) for name in more} == more
    assert TOKEN not in caught.value.details


async def test_an_address_that_is_no_chat_is_gone(http: Any, files: Any) -> None:
    with pytest.raises(AddressGone):
        await send(telegram("http://127.0.0.1:9", http), files, Content(text="Hallo"), "+491713920011")


async def test_a_press_is_answered_and_an_old_one_is_no_fault(provider: Any, http: Any) -> None:
    async with provider((200, {"ok": True, "result": True}), (400, refusal(400, "Bad Request: query is too old"))) as bots:
        connector = telegram(bots.url, http)
        await connector.acknowledge("4382")
        await connector.acknowledge("4383")
    assert bots.asked[0][2] == {"callback_query_id": "4382"}


async def test_a_file_is_fetched_in_two_steps(provider: Any, http: Any) -> None:
    async with provider((200, {"ok": True, "result": {"file_id": "gross", "file_path": "photos/1.jpg"}}), (200, b"abc")) as bots:
        data, mime = await telegram(bots.url, http).fetch(Ref(kind=MediaKind.IMAGE, external_id="gross", mime="image/jpeg"))
    assert (data, mime) == (b"abc", "image/jpeg")
    assert bots.asked[1][1] == f"/file/bot{TOKEN}/photos/1.jpg"


async def test_a_file_too_large_to_fetch_is_said_at_once(http: Any) -> None:
    with pytest.raises(Rejected):
        await telegram("http://127.0.0.1:9", http).fetch(Ref(kind=MediaKind.VIDEO, external_id="x", size=21_000_000))


async def test_starting_sets_the_webhook_with_our_word(provider: Any, http: Any) -> None:
    async with provider((200, {"ok": True, "result": True})) as bots:
        connector = telegram(bots.url, http, secret_token="unser-wort")
        await connector.activate("https://desk.example/webhook/telegram/x")
    assert bots.asked[0][2] == {
        "url": "https://desk.example/webhook/telegram/x",
        "secret_token": "unser-wort",
        "allowed_updates": UPDATES,
    }
    connector.verify({"x-telegram-bot-api-secret-token": "unser-wort"}, b"{}")
    for headers in ({}, {"x-telegram-bot-api-secret-token": "falsch"}):
        with pytest.raises(Unsigned):
            connector.verify(headers, b"{}")


BOT = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Musterstadt", "username": "musterstadt_bot"}}


def hook(**more: Any) -> dict[str, Any]:
    return {"ok": True, "result": {"url": "https://desk.example/x", "pending_update_count": 0, **more}}


@pytest.mark.parametrize(
    ("answers", "ok", "codes"),
    [
        ([(200, BOT), (200, hook())], True, []),
        ([(200, BOT), (200, hook(url=""))], True, ["no_webhook"]),
        (
            [(200, BOT), (200, hook(last_error_date=int(time.time()) - 60, last_error_message="Connection refused"))],
            True,
            ["webhook_error"],
        ),
        ([(200, BOT), (200, hook(pending_update_count=500))], True, ["pending"]),
        ([(200, {"ok": True, "result": {**BOT["result"], "username": "andere_bot"}}), (200, hook())], False, ["wrong_bot"]),
        ([(401, refusal(401))], False, ["token_invalid"]),
    ],
)
async def test_the_check_tells_what_is_wrong(provider: Any, http: Any, answers: Any, ok: bool, codes: list[str]) -> None:
    async with provider(*answers) as bots:
        health = await telegram(bots.url, http).check()
    assert (health.ok, [note.code for note in health.findings]) == (ok, codes)


def test_the_link_carries_a_parameter() -> None:
    assert telegram("https://a.example", None).link("thema 12/ä", "") == "https://t.me/musterstadt_bot?start=thema_12__"


@pytest.mark.parametrize("token", ["abc", "123:ab", "123456:mit leerzeichen", "x123:AAEgeheim_token"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="Bot-Token"):
        TelegramConfig(bot_token=token)
