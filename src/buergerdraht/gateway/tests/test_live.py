from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.gateway import live

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cookie(organisation: Organisation) -> str:
    operator = Operator.objects.create_user("anna@musterstadt.example", "geheim", name="Anna Beispiel")
    Membership.objects.create(organisation=organisation, operator=operator, roles=["agent"])
    browser = Client()
    browser.force_login(operator)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


class Page:
    """A browser that listens."""

    def __init__(self, cookie: str, path: str = "/o/musterstadt/live") -> None:
        headers = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
        self.scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
        self.got = b""
        self.status = 0
        self.left = asyncio.Event()

    async def open(self) -> None:
        async def receive() -> Any:
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(told: Any) -> None:
            self.status = told.get("status", self.status)
            self.got += told.get("body", b"")

        await live.app(self.scope, receive, send)

    async def sees(self, text: bytes, seconds: float = 3) -> bool:
        for _ in range(int(seconds / 0.02)):
            if text in self.got:
                return True
            await asyncio.sleep(0.02)
        return False


def in_thread(work: Any) -> None:
    def whole() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=whole)
    thread.start()
    thread.join()


def test_members_hear_of_their_own_organisation_only(organisation: Organisation, cookie: str) -> None:
    async def story() -> bytes:
        page = Page(cookie)
        opened = asyncio.create_task(page.open())
        assert await page.sees(b"event: hello")
        await asyncio.sleep(0.2)
        await asyncio.to_thread(in_thread, lambda: live.tell(organisation.id + 1, "message", message=1))
        await asyncio.to_thread(in_thread, lambda: live.tell(organisation.id, "message", message=2))
        assert await page.sees(b'event: message\ndata: {"message":2}\n\n')
        page.left.set()
        await asyncio.wait_for(opened, 3)
        assert not live.hub().listeners
        await live.close()
        return page.got

    got = asyncio.run(story())
    assert b'"message":1' not in got


def test_after_a_break_pages_are_told_to_fetch_anew(organisation: Organisation, cookie: str) -> None:
    async def story() -> None:
        page = Page(cookie)
        opened = asyncio.create_task(page.open())
        await page.sees(b"event: hello")
        await asyncio.sleep(0.3)
        page.got = b""

        def cut() -> None:
            with connection.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'buergerdraht live'")

        await asyncio.to_thread(in_thread, cut)
        assert await page.sees(b"event: hello", 5)
        page.left.set()
        await opened
        await live.close()

    asyncio.run(story())


@pytest.mark.parametrize(("before", "hellos"), [(20.0, 2), (-20.0, 1)], ids=["older", "younger"])
def test_a_page_made_before_something_was_told_fetches_anew(organisation: Organisation, cookie: str, before: float, hellos: int) -> None:
    async def story() -> int:
        first = Page(cookie)
        opened = [asyncio.create_task(first.open())]
        assert await first.sees(b"event: hello")
        await asyncio.sleep(0.2)
        live.hub().listens_since = time.time() - 60
        await asyncio.to_thread(in_thread, lambda: live.tell(organisation.id, "alarm", alarm=1))
        assert await first.sees(b"event: alarm")
        late = Page(cookie)
        late.scope["query_string"] = f"seit={int((time.time() - before) * 1000)}".encode()
        opened.append(asyncio.create_task(late.open()))
        assert await late.sees(b"event: hello")
        await asyncio.sleep(0.2)
        first.left.set()
        late.left.set()
        await asyncio.gather(*opened)
        await live.close()
        return late.got.count(b"event: hello")

    assert asyncio.run(story()) == hellos


def test_strangers_get_nothing(organisation: Organisation, cookie: str) -> None:
    Organisation.objects.create(slug="nachbarort", name="Nachbarort")

    async def story() -> list[int]:
        pages = [Page("wrong"), Page(cookie, "/o/nachbarort/live"), Page(cookie, "/o/nirgends/live"), Page("")]
        for page in pages:
            await asyncio.wait_for(page.open(), 3)
        return [page.status for page in pages]

    assert asyncio.run(story()) == [404, 404, 404, 404]


def test_a_slow_page_is_told_to_fetch_anew_instead_of_growing() -> None:
    async def story() -> None:
        listener = live.Listener(1, 1)
        for number in range(live.MOST_WAITING + 1):
            listener.put(live.sse("message", {"message": number}))
        assert listener.waiting.qsize() == 1
        assert listener.waiting.get_nowait() == live.HELLO

    asyncio.run(story())
