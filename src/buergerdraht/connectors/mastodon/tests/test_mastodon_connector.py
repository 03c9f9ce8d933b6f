"""Posting, doubt, hearing and the check, against a server that plays back answers."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

import pytest

from buergerdraht.connectors.contract import (
    PUBLIC,
    ChannelBroken,
    Content,
    Media,
    MediaKind,
    Received,
    Ref,
    Rejected,
    SendError,
    Temporary,
)  # fmt: skip
from buergerdraht.connectors.http import Answered
from buergerdraht.connectors.mastodon import limits
from buergerdraht.connectors.mastodon.config import MastodonConfig
from buergerdraht.connectors.mastodon.connector import Mastodon
from buergerdraht.connectors.mastodon.errors import failure

TOKEN = "geheimes-token"
FIRST = "42.0"  # a letter's part
PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=18, file_name="platz.png", alt="Der Platz")
POSTED = {"id": "1100", "url": "https://social.example/@musterstadt/1100"}


def mastodon(host: str, http: Any, **more: Any) -> Mastodon:
    return Mastodon(MastodonConfig(host=host, access_token=TOKEN, account="musterstadt", **more), http)


async def send(connector: Mastodon, files: Any, content: Content, address: str = PUBLIC, token: str = FIRST) -> Any:
    return await connector.send(connector.plan(content).parts[0], address, token=token, files=files)


async def test_a_post_is_public_and_carries_a_key(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, POSTED)) as server:
        connector = mastodon(server.url, http)
        sent = await send(connector, files, Content(text="Guten Tag", language="de"))
    assert sent.external_id == "1100"
    assert await connector.permalink(sent.external_id) == f"{server.url}/@musterstadt/1100"
    assert server.asked[0][1:] == (
        "/api/v1/statuses", {"status": "Guten Tag", "media_ids": [], "language": "de", "visibility": "public"},
    )  # fmt: skip
    assert server.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert len(server.headers[0]["Idempotency-Key"]) == 64


async def test_a_picture_is_brought_with_its_words_and_waited_for(provider: Any, http: Any, files: Any) -> None:
    answers = [(202, {"id": "7"}), (206, {"id": "7"}), (200, {"id": "7", "url": "x"}), (200, POSTED)]
    async with provider(*answers) as server:
        await send(mastodon(server.url, http), files, Content(text="Der Platz", media=[PICTURE]))
    assert [each[:2] for each in server.asked] == [
        ("POST", "/api/v2/media"), ("GET", "/api/v1/media/7"), ("GET", "/api/v1/media/7"), ("POST", "/api/v1/statuses"),
    ]  # fmt: skip
    assert server.asked[0][2]["description"] == "Der Platz"
    assert server.asked[3][2]["media_ids"] == ["7"]


@pytest.mark.parametrize(("address", "visibility"), [("@zoe@leute.example", "public"), ("direct:@zoe@leute.example", "direct")])
async def test_an_answer_names_whom_it_is_for_and_is_no_more_public_than_the_question(
    provider: Any, http: Any, files: Any, address: str, visibility: str
) -> None:
    async with provider((200, POSTED)) as server:
        await send(mastodon(server.url, http), files, Content(text="Um acht.", quote="2001"), address)
    body = server.asked[0][2]
    assert (body["status"], body["visibility"], body["in_reply_to_id"]) == ("@zoe@leute.example Um acht.", visibility, "2001")


async def test_a_torn_call_is_safely_repeated_under_the_same_key(provider: Any, http: Any, files: Any) -> None:
    async with provider((0, {}), (200, POSTED)) as server:
        connector = mastodon(server.url, http)
        with pytest.raises(Temporary) as torn:
            await send(connector, files, Content(text="Guten Tag"))
        assert not torn.value.maybe_sent
        assert (await send(connector, files, Content(text="Guten Tag"))).external_id == "1100"
    assert server.headers[0]["Idempotency-Key"] == server.headers[1]["Idempotency-Key"]


async def test_after_an_hour_a_torn_call_is_left_to_people(provider: Any, http: Any, files: Any, monkeypatch: Any) -> None:
    async with provider((0, {}), (200, POSTED)) as server:
        connector = mastodon(server.url, http)
        with pytest.raises(Temporary):
            await send(connector, files, Content(text="Guten Tag"))
        later = time.monotonic() + limits.KEY_SECONDS + 1
        monkeypatch.setattr("buergerdraht.connectors.mastodon.connector.time.monotonic", lambda: later)
        with pytest.raises(Temporary) as doubt:
            await send(connector, files, Content(text="Guten Tag"))
    assert doubt.value.maybe_sent
    assert len(server.asked) == 1


async def test_two_posts_have_two_keys(provider: Any, http: Any, files: Any) -> None:
    async with provider((200, POSTED), (200, POSTED), (200, POSTED)) as server:
        connector = mastodon(server.url, http)
        for token, text in (("42.0", "Eins"), ("43.0", "Eins"), ("42.0", "Zwei")):
            await send(connector, files, Content(text=text), token=token)
    assert len({each["Idempotency-Key"] for each in server.headers}) == 3


@pytest.mark.parametrize(
    ("status", "media", "kind", "reason"),
    [
        (401, False, ChannelBroken, "token_invalid"),
        (403, False, ChannelBroken, "setup"),
        (404, False, Rejected, "content_refused"),
        (422, False, Rejected, "content_refused"),
        (422, True, Rejected, "media_refused"),
        (413, True, Rejected, "media_refused"),
        (429, False, Temporary, "rate_limit"),
        (500, False, Temporary, "unavailable"),
        (503, False, Temporary, "unavailable"),
        (200, False, Temporary, "unavailable"),
        (418, False, Rejected, "unknown"),
    ],
)
def test_each_answer_is_one_of_four_failures(status: int, media: bool, kind: type[SendError], reason: str) -> None:
    found = failure(Answered(status, {}, b'{"error": "geheimes-token"}'), TOKEN, media=media)
    assert (type(found), found.reason) == (kind, reason)
    assert TOKEN not in found.details


def test_a_limit_waits_until_the_server_counts_anew() -> None:
    found = failure(Answered(429, {"x-ratelimit-reset": "2000-01-01T00:00:00.000Z"}, b""))
    assert isinstance(found, Temporary)
    assert (found.limit, found.scope, found.retry_after) == (True, "channel", 1.0)
    odd = failure(Answered(429, {"x-ratelimit-reset": "bald"}, b""))
    assert isinstance(odd, Temporary)
    assert odd.retry_after == 60.0


def mention(number: int) -> dict[str, Any]:
    account = {"id": "9", "acct": "zoe@leute.example", "username": "zoe", "display_name": "Zoë"}
    status: dict[str, Any] = {"id": str(2000 + number), "created_at": "2999-11-10T09:15:30Z", "visibility": "public"}
    status |= {"content": "<p>Hallo</p>", "account": account}
    return {"id": str(number), "type": "mention", "created_at": "2999-11-10T09:15:30Z", "account": account, "status": status}


async def test_what_was_missed_is_told_and_then_only_what_is_new(provider: Any, http: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "POLL_SECONDS", 0.0)
    pages = [[mention(2), mention(1)], [], [mention(3)]]
    heard: list[str] = []
    async with provider(*[(200, page) for page in pages]) as server, aclosing(mastodon(server.url, http).receive()) as told:
        async for items in told:
            heard += [item.event.external_id for item in items if isinstance(item.event, Received)]
            if len(heard) == 3:
                break
    assert heard == ["2001", "2002", "2003"]
    assert [("min_id=2" in each[1]) for each in server.asked] == [False, True, True]


async def test_a_token_that_is_gone_stops_the_hearing(provider: Any, http: Any) -> None:
    async with provider((401, {"error": "The access token is invalid"})) as server, aclosing(mastodon(server.url, http).receive()) as told:
        with pytest.raises(ChannelBroken):
            await anext(told)


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1}'])
async def test_a_page_that_is_no_list_is_asked_again(provider: Any, http: Any, body: bytes) -> None:
    async with provider((200, body)) as server, aclosing(mastodon(server.url, http).receive()) as told:
        with pytest.raises(Temporary):
            await anext(told)


async def test_a_picture_of_our_own_server_is_fetched_and_one_of_the_inner_network_elsewhere_is_not(provider: Any, http: Any) -> None:
    async with provider((200, b"png", {"Content-Type": "image/png"})) as server:
        connector = mastodon(server.url, http)
        assert await connector.fetch(Ref(MediaKind.IMAGE, "7", url=f"{server.url}/7.png")) == (b"png", "image/png")
        with pytest.raises(Rejected):
            await connector.fetch(Ref(MediaKind.IMAGE, "7", url=server.url.replace("127.0.0.1", "localhost") + "/7.png"))


async def test_the_check_learns_name_and_length(provider: Any, http: Any) -> None:
    me = {"username": "musterstadt", "display_name": "Stadt"}
    server_says = {"domain": "social.example", "configuration": {"statuses": {"max_characters": 5000}}}
    async with provider((200, me), (200, server_says)) as server:
        health = await mastodon(server.url, http).check()
    assert health.ok
    assert health.facts == {"name": "Stadt", "number": "@musterstadt@social.example"}
    assert health.learned == {"account": "musterstadt", "characters": "5000"}


async def test_the_check_says_what_changed(provider: Any, http: Any) -> None:
    me = {"username": "andere", "display_name": "Andere"}
    server_says = {"domain": "social.example", "configuration": {"statuses": {"max_characters": 500}}}
    async with provider((200, me), (200, server_says)) as server:
        health = await mastodon(server.url, http, characters="5000").check()
    assert not health.ok
    assert {note.code for note in health.findings} == {"characters", "wrong_account"}


async def test_the_check_says_when_the_token_is_gone(provider: Any, http: Any) -> None:
    async with provider((401, {"error": "The access token is invalid"})) as server:
        health = await mastodon(server.url, http).check()
    assert [note.code for note in health.findings] == ["token_invalid"]


@pytest.mark.parametrize("host", ["social.example", "ftp://social.example", "https://"])
def test_a_server_needs_an_address(host: str) -> None:
    with pytest.raises(ValueError, match="Webadresse"):
        MastodonConfig(host=host, access_token=TOKEN)
