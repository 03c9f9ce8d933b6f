"""What anybody may read is answered from memory; nothing else ever is."""

from __future__ import annotations

import asyncio
import gzip
import time
from typing import Any

import pytest
from django.db import OperationalError

from buergerdraht.website import kept

PATH = "/p/musterstadt/nachrichten/"


class Beyond:
    """Plays Django: counts what it was asked, and answers as it was told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.body = 200, b"<p>" + b"Seite " * 100
        self.headers: list[tuple[bytes, bytes]] = [
            (b"Content-Type", b"text/html; charset=utf-8"),
            (b"Cache-Control", b"public, max-age=30"),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope)
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers, (b"Vary", b"Cookie")]})
        await send({"type": "http.response.body", "body": self.body})


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])


@pytest.fixture
def editions(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    known = {"musterstadt": 1}
    monkeypatch.setattr(kept, "shelf", kept.Shelf())
    monkeypatch.setattr(kept, "_editions", lambda slugs: {slug: known.get(slug, 0) for slug in slugs})
    return known


@pytest.fixture
def beyond(editions: dict[str, int]) -> Beyond:
    return Beyond()


async def ask(beyond: Beyond, path: str = PATH, query: str = "", method: str = "GET", **headers: str) -> Answer:
    sent: list[dict[str, Any]] = []
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": [(b"host", b"localhost"), *told]}

    async def send(message: Any) -> None:
        sent.append(message)

    await kept.app(scope, None, send, beyond)  # type: ignore[arg-type]
    return Answer(sent)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(kept.time, "monotonic", lambda: now() + seconds)


async def test_a_page_is_made_once(beyond: Beyond) -> None:
    answers = [await ask(beyond) for _ in range(5)]
    assert len(beyond.asked) == 1
    assert {answer.body for answer in answers} == {beyond.body}
    assert answers[0].headers["content-length"] == str(len(beyond.body))
    assert answers[0].headers["vary"] == "Accept-Language, Accept-Encoding"


async def test_who_likes_the_same_languages_gets_the_same_copy_however_their_browser_says_it(beyond: Beyond) -> None:
    for header in ("de", "de-AT,de;q=0.9", "xx", "", "*;q=x,,;", "en-GB", "ar-EG,ar;q=0.9,en-GB;q=0.8,fr;q=0.1", "ar,xx,en,de;q=0.1"):
        await ask(beyond, accept_language=header)
    told = [dict(scope["headers"])[b"accept-language"] for scope in beyond.asked]
    assert told == [b"de", b"en", b"ar,en"]


async def test_many_at_once_wait_for_the_same_making(beyond: Beyond) -> None:
    answers = await asyncio.gather(*(ask(beyond) for _ in range(50)))
    assert len(beyond.asked) == 1
    assert {answer.status for answer in answers} == {200}


async def test_it_is_sent_shrunk_to_whoever_takes_that(beyond: Beyond) -> None:
    answer = await ask(beyond, accept_encoding="gzip, br")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == beyond.body
    assert len(answer.body) < len(beyond.body) / 3


async def test_whoever_has_it_is_told_so(beyond: Beyond) -> None:
    tag = (await ask(beyond)).headers["etag"]
    again = await ask(beyond, if_none_match=f'"anders", {tag}')
    assert (again.status, again.body) == (304, b"")
    assert (await ask(beyond, if_none_match='"anders"')).status == 200


async def test_a_head_has_no_body(beyond: Beyond) -> None:
    answer = await ask(beyond, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) == len(beyond.body)


async def test_what_others_hang_on_is_left_out(beyond: Beyond) -> None:
    for query in ("fbclid=1", "utm_source=x&fbclid=2", "", "nonsense"):
        await ask(beyond, query=query)
    assert [scope["query_string"] for scope in beyond.asked] == [b""]
    await ask(beyond, query="thema=verkehr&sprache=en")
    await ask(beyond, query="sprache=en&thema=verkehr&gclid=3")
    assert len(beyond.asked) == 2


@pytest.mark.parametrize("cookie", ["sessionid=abc", "a=b; sessionid=abc", "django_language=en"])
async def test_who_is_signed_in_or_chose_a_language_is_answered_by_django(beyond: Beyond, cookie: str) -> None:
    for _ in range(2):
        await ask(beyond, cookie=cookie)
    assert len(beyond.asked) == 2
    assert not kept.shelf.pages


async def test_other_sites_cookies_neither_hinder_nor_come_through(beyond: Beyond) -> None:
    await ask(beyond, cookie="analytics=1")
    await ask(beyond, cookie="analytics=2")
    assert len(beyond.asked) == 1
    assert b"cookie" not in dict(beyond.asked[0]["headers"])


@pytest.mark.parametrize(
    "path",
    [
        "/p/musterstadt/abo/bestaetigen/abc:1:2/", "/p/musterstadt/einstellungen/abc:1:2/", "/p/musterstadt/einstellungen/",
        "/p/musterstadt/nachrichten/bild/6f0e0f0e-0000-4000-8000-000000000000/", "/p/musterstadt/push", "/p/musterstadt/chat", "/p/",
        "/p/musterstadt/" + "a" * 400,
    ],
)  # fmt: skip
async def test_signed_links_and_what_we_do_not_know_are_never_kept(beyond: Beyond, path: str) -> None:
    for _ in range(2):
        await ask(beyond, path)
    assert len(beyond.asked) == 2
    assert not kept.shelf.pages


@pytest.mark.parametrize("change", ["post", "search", "authorised", "cookie", "private", "missing", "broken", "large"])
async def test_what_must_not_be_kept_is_not(beyond: Beyond, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wish: dict[str, str] = {}
    if change == "post":
        wish["method"] = "POST"
    elif change == "search":
        wish["query"] = "worte=markt"
    elif change == "authorised":
        wish["authorization"] = "Bearer x"
    elif change == "cookie":
        beyond.headers.append((b"Set-Cookie", b"a=b"))
    elif change == "private":
        beyond.headers[1] = (b"Cache-Control", b"no-store, private")
    elif change == "large":
        beyond.body = b"x" * (kept.LARGEST + 1)
    else:
        beyond.status = 404 if change == "missing" else 500
    answer = await ask(beyond, **wish)  # type: ignore[arg-type]
    assert (answer.status, answer.body) == (beyond.status, beyond.body)
    assert not kept.shelf.pages


async def test_a_new_edition_is_seen_within_a_second(beyond: Beyond, editions: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(beyond)
    editions["musterstadt"] = 2
    beyond.body = b"neu"
    later(monkeypatch, kept.CHECKED * 2 + 0.1)
    assert (await ask(beyond)).body == b"neu"


async def test_another_authoritys_change_costs_nothing(beyond: Beyond, editions: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(beyond)
    await ask(beyond, "/p/nachbarstadt/")
    editions["nachbarstadt"] = 7
    later(monkeypatch, kept.CHECKED * 2 + 0.1)
    await ask(beyond)
    assert len(beyond.asked) == 2


async def test_what_is_old_is_made_anew(beyond: Beyond, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(beyond)
    beyond.body = b"neu"
    later(monkeypatch, kept.STALE + 1)
    assert (await ask(beyond)).body == b"neu"


async def test_while_nobody_can_answer_what_was_kept_is_served_on(beyond: Beyond, monkeypatch: pytest.MonkeyPatch) -> None:
    await ask(beyond)
    shown, beyond.status, beyond.body = beyond.body, 500, b"kaputt"

    def away(slugs: list[str]) -> dict[str, int]:
        raise OperationalError("away")

    monkeypatch.setattr(kept, "_editions", away)
    later(monkeypatch, kept.STALE + 1)
    assert (await ask(beyond)).body == shown
    later(monkeypatch, kept.LAST + 1)
    assert (await ask(beyond)).status == 500


async def test_memory_is_bounded_and_the_oldest_go(beyond: Beyond, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    for number in range(30):
        await ask(beyond, query=f"seite={number}")
    assert kept.shelf.weight <= 20_000
    assert kept.shelf.weight == sum(page.weight for page in kept.shelf.pages.values())
    assert 0 < len(kept.shelf.pages) < 30
