"""Mastodon.py, a stranger's library, talks to the double and understands every answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from mastodon import Mastodon
from mastodon.errors import MastodonAPIError, MastodonNotFoundError, MastodonRatelimitError, MastodonUnauthorizedError

from buergerdraht.simulator.__main__ import application
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Town

TOKEN, NUMBER = "ein-token", "109000000000000001"


@pytest.fixture
async def town(unused_tcp_port: int) -> AsyncIterator[tuple[Town, str]]:
    town = Town()
    town.add_account(Account("mastodon", NUMBER, "Stadt", TOKEN, username="musterstadt", data={"domain": "social.example"}))
    runner = web.AppRunner(application(town), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield town, f"http://127.0.0.1:{unused_tcp_port}"
    await runner.cleanup()


def judge(host: str, token: str = TOKEN) -> Mastodon:
    return Mastodon(access_token=token, api_base_url=host, ratelimit_method="throw")


async def test_it_posts_with_a_picture_and_a_key(town: tuple[Town, str]) -> None:
    world, host = town

    def post() -> Any:
        found = judge(host)
        media = found.media_post(picture("park"), mime_type="image/jpeg", description="Der Park", synchronous=True)
        first = found.status_post("Der Park ist offen", media_ids=[media], visibility="public", language="de", idempotency_key="k")
        return found, media, first, found.status_post("Der Park ist offen", idempotency_key="k")

    found, media, first, second = await asyncio.to_thread(post)
    assert (media.type, media.description) == ("image", "Der Park")
    assert (first.content, first.visibility, first.language) == ("<p>Der Park ist offen</p>", "public", "de")
    assert [each.id for each in first.media_attachments] == [media.id]
    assert first.account.username == "musterstadt"
    assert second.id == first.id
    assert world.counts[NUMBER].accepted == 1
    assert found.ratelimit_limit == 300


async def test_it_knows_account_and_server(town: tuple[Town, str]) -> None:
    me, server = await asyncio.to_thread(lambda: (judge(town[1]).me(), judge(town[1]).instance_v2()))
    assert (me.acct, me.display_name) == ("musterstadt", "Stadt")
    assert server.configuration.statuses.max_characters == 500


async def test_it_reads_mentions_and_answers_them(town: tuple[Town, str]) -> None:
    world, host = town
    zoe = world.add_person("Zoë")
    async with ClientSession() as session:
        await session.post(f"{host}/_control/people/{zoe.id}/prefer", json={"account": NUMBER, "value": "direct"})
        await session.post(f"{host}/_control/people/{zoe.id}/write", json={"account": NUMBER, "text": "Wann öffnet das Bad?"})

    def answer() -> Any:
        (told,) = judge(host).notifications(types=["mention"])
        return told, judge(host).status_reply(told.status, "Um acht", visibility="direct")

    told, reply = await asyncio.to_thread(answer)
    assert (told.type, told.account.display_name, told.status.visibility) == ("mention", "Zoë", "direct")
    assert "Wann öffnet das Bad?" in told.status.content
    assert reply.in_reply_to_id == told.status.id
    assert [each.acct for each in reply.mentions] == [told.account.acct]


async def test_it_changes_and_deletes(town: tuple[Town, str]) -> None:
    def change() -> Any:
        found = judge(town[1])
        post = found.status_post("Heute")
        changed = found.status_update(post, "Morgen")
        found.status_delete(post)
        with pytest.raises(MastodonNotFoundError):
            found.status(post)
        return changed

    assert (await asyncio.to_thread(change)).content == "<p>Morgen</p>"


async def test_it_understands_refusals(town: tuple[Town, str]) -> None:
    world, host = town

    def refused() -> None:
        with pytest.raises(MastodonUnauthorizedError):
            judge(host, "falsch").status_post("Hallo")
        with pytest.raises(MastodonAPIError, match="500"):
            judge(host).status_post("x" * 501)

    await asyncio.to_thread(refused)
    world.accounts[NUMBER].faults.too_many = 1.0

    def limited() -> None:
        with pytest.raises(MastodonRatelimitError):
            judge(host).status_post("Hallo")

    await asyncio.to_thread(limited)
