"""Tell open pages that something changed: ids over PostgreSQL's NOTIFY, to browsers as server-sent events.

A page gets `hello` first and after every gap, also the one between its making and its stream: then it fetches anew what it shows,
so nothing needs to be caught up. One listening connection per process serves all pages: see `hub`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections, connection
from django.utils.crypto import constant_time_compare

from buergerdraht.accounts.models import Membership, Team
from buergerdraht.accounts.rights import Right, may
from buergerdraht.gateway.hub import CHANNEL, HELLO, MEMBER, MOST_WAITING, PREPARERS, SUMS, Hub, Listener, Ready, Said, sse

__all__ = ["HELLO", "MOST_WAITING", "PREPARERS", "SUMS", "Hub", "Listener", "Ready", "Said", "sse"]

log = logging.getLogger("buergerdraht.live")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_SECONDS = 20.0
RECHECK_SECONDS = 300.0  # a sign-out or a lost membership ends the stream at the latest then
MOST_PER_OPERATOR = 12
_gathered: ContextVar[dict[tuple[str, str], None] | None] = ContextVar("gathered", default=None)


def tell(organisation_id: int, topic: str, *, only: Iterable[int] | None = None, **values: int | str | None) -> None:
    """Tell the pages of an organisation, or those of some operators, once the transaction is committed. Ids only, never text or names."""
    said: dict[str, Any] = {"o": organisation_id, "t": topic, "v": values}
    if only is not None:
        said["w"] = sorted(set(only))
    notify(CHANNEL, json.dumps(said, separators=(",", ":")))


def notify(channel: str, payload: str = "") -> None:
    """Wake whoever listens, at commit; equal ones of one transaction arrive once."""
    gathered = _gathered.get()
    if gathered is None:
        _say([(channel, payload)])
    else:
        gathered[channel, payload] = None


@contextmanager
def together() -> Iterator[None]:
    """Tell in one call, at the end of the block, what is told inside. A block that fails tells nothing; blocks may be nested."""
    outer, mine = _gathered.get(), dict[tuple[str, str], None]()
    token = _gathered.set(mine)
    try:
        yield
    finally:
        _gathered.reset(token)
    if outer is not None:
        outer.update(mine)
    elif mine:
        _say(mine)


def _say(told: Iterable[tuple[str, str]]) -> None:
    channels, payloads = zip(*told, strict=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(c, p) from unnest(%s::text[], %s::text[]) as told(c, p)", [list(channels), list(payloads)])


# ── the stream ────────────────────────────────────────────────────────────


_hub: Hub | None = None


def hub() -> Hub:
    global _hub
    if _hub is None:
        _hub = Hub()
    return _hub


async def close() -> None:
    global _hub
    if _hub is not None:
        await _hub.close()
        _hub = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stream `/o/<organisation>/live` to a signed-in member."""
    pieces = str(scope["path"]).strip("/").split("/")
    session = _session_key(scope)
    member = await _member(session, pieces[1]) if session and len(pieces) == 3 else None
    if member is None:
        await _refuse(send, 404)
        return
    if hub().operators[member.operator] >= MOST_PER_OPERATOR:
        await _refuse(send, 429)
        return
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    listener = Listener(member.organisation, member.operator, member.teams, member.language)
    async with hub().join(listener):
        if hub().missed(member.organisation, _made_at(scope)):
            listener.put(HELLO)  # after the first
        if await _until_left(listener, receive, send, (session, pieces[1])):
            await send({"type": "http.response.body", "body": b""})


async def _until_left(listener: Listener, receive: Receive, send: Send, who: tuple[str, str]) -> bool:
    """Stream until the page is left. True: the stream ended on our side, so the answer must be ended, too."""
    streaming = asyncio.create_task(_stream(listener, send, *who))
    leaving = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        return True  # the server stops; pages come back by themselves
    finally:
        streaming.cancel()
        leaving.cancel()
    if not streaming.done() or streaming.cancelled():
        return False
    if problem := streaming.exception():
        log.info("live.ended problem=%s", type(problem).__name__)
        return False
    return True


async def _stream(listener: Listener, send: Send, session: str, slug: str) -> None:
    await send({"type": "http.response.body", "body": b"retry: 2000\n\n" + HELLO, "more_body": True})
    loop = asyncio.get_running_loop()
    checked_at = loop.time()
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):  # wait_for would make a task for each event of each page
                event = await listener.waiting.get()
        except TimeoutError:
            event = b": still here\n\n"
        while not listener.waiting.empty():
            event += listener.waiting.get_nowait()
        if listener.doubts or loop.time() - checked_at > RECHECK_SECONDS:
            checked_at = loop.time()
            anew = await _look_again(listener, session, slug)
            if anew is None:
                return
            event = event + HELLO if anew else event
        await send({"type": "http.response.body", "body": event, "more_body": True})


async def _look_again(listener: Listener, session: str, slug: str) -> bool | None:
    """Say whether the page must fetch anew; None where they no longer work here. Meanwhile they hear nothing."""
    doubts = listener.doubts  # more of them may come while we look
    member = await _member(session, slug)
    if member is None:
        listener.doubts += 1
        return None
    anew = doubts > 0 or listener.teams != member.teams
    listener.teams, listener.language = member.teams, member.language
    listener.doubts -= doubts
    return anew


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": b""})


def _made_at(scope: Scope) -> float:
    """When the page was made that asks (`seit`, ms since 1970), in seconds; where it does not say, nothing was missed."""
    sent = dict(parse_qsl(bytes(scope.get("query_string", b"")).decode("latin-1"))).get("seit", "")
    return int(sent) / 1000 if sent.isascii() and sent.isdigit() and len(sent) < 20 else float("inf")


def _session_key(scope: Scope) -> str:
    raw = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    cookies: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        cookies.load(raw)
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else ""


@dataclass(frozen=True, slots=True)
class Member:
    """Who listens."""

    organisation: int
    operator: int
    teams: frozenset[int]
    language: str


@sync_to_async(thread_sensitive=False)
def _member(session_key: str, slug: str) -> Member | None:
    """Who is signed in with this session, works for this organisation and may read here."""
    close_old_connections()
    try:
        session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        operator_id = session.get(SESSION_KEY)
        if operator_id is None:
            return None
        found = Membership.objects.filter(operator_id=operator_id, organisation__slug=slug, operator__is_active=True)
        membership = found.select_related("operator").first()
        if membership is None or not may(membership, Right.READ):
            return None
        operator = membership.operator
        if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), operator.get_session_auth_hash()):
            return None
        teams = frozenset(membership.teams.values_list("id", flat=True))
        return Member(membership.organisation_id, operator.pk, teams, operator.language or settings.LANGUAGE_CODE)
    finally:
        close_old_connections()


# ── who works here ────────────────────────────────────────────────────────


def on_member(sender: object, *, instance: Membership, **more: Any) -> None:
    """A membership was made, changed or ended: their streams look again."""
    tell(instance.organisation_id, MEMBER, operator=instance.operator_id)


def on_teams(sender: object, *, instance: Membership | Team, action: str, pk_set: set[int] | None, **more: Any) -> None:
    """Somebody joined or left a team, told from either side."""
    if not action.startswith(("post_", "pre_clear")):
        return
    if isinstance(instance, Membership):
        on_member(sender, instance=instance)
        return
    rows = instance.memberships.all() if pk_set is None else Membership.objects.filter(pk__in=pk_set)
    for membership in rows:
        on_member(sender, instance=membership)
