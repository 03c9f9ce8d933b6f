"""Two streams of frames: a websocket, and server-sent events. Each ends or raises Temporary where the other side is away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import aiohttp

from buergerdraht.connectors import public
from buergerdraht.connectors.contract import ChannelBroken, SendError, Temporary

LARGEST_FRAME = 4_000_000
HEARTBEAT_SECONDS = 30.0  # our own pings; the rest-api's come every 54
SILENCE_SECONDS = 60.0  # signal-cli says that it lives every 15
_REFUSED = {401: "token_invalid", 403: "token_invalid"}


class Told(NamedTuple):
    """One server-sent event."""

    kind: str
    data: bytes
    id: str


def refused(status: int) -> SendError:
    """Judge an answer that begins no stream. 200: the rest-api is not in the mode that has a websocket; 421: not under this name."""
    if status in _REFUSED:
        return ChannelBroken(_REFUSED[status], f"HTTP {status}")
    if status in {200, 400, 404, 405, 421}:
        return ChannelBroken("setup", f"HTTP {status}")
    return Temporary("unavailable", f"HTTP {status}")


async def websocket(url: str, headers: Mapping[str, str], networks: public.Networks | None = None) -> AsyncIterator[bytes]:
    try:
        async with (
            _session(aiohttp.ClientTimeout(total=None, sock_connect=10), networks) as session,
            session.ws_connect(url, headers=headers, heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_FRAME) as socket,
        ):
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    yield frame.data.encode("utf-8", "surrogatepass")
                elif frame.type is aiohttp.WSMsgType.BINARY:
                    yield frame.data
    except aiohttp.WSServerHandshakeError as problem:
        raise refused(problem.status) from None
    except public.Inward:
        raise ChannelBroken("setup", "inner network") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        raise Temporary("unavailable", type(problem).__name__) from None


def _session(timeout: aiohttp.ClientTimeout, networks: public.Networks | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=timeout, connector=None if networks is None else public.connector(networks))


async def server_sent(url: str, headers: Mapping[str, str], after: str, networks: public.Networks | None = None) -> AsyncIterator[Told]:
    """Read events; `after` names the last one that is kept, so that those missed since are told first.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """
    named = {"Accept": "text/event-stream", **headers, **({"Last-Event-ID": after} if after else {})}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENCE_SECONDS)
    try:
        async with _session(timeout, networks) as session, session.get(url, headers=named) as answer:
            if answer.status != 200 or answer.content_type != "text/event-stream":
                raise refused(answer.status if answer.status != 200 else 404)
            async for told in _events(answer.content):
                yield told
    except public.Inward:
        raise ChannelBroken("setup", "inner network") from None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:  # ValueError: a line beyond all measure
        raise Temporary("unavailable", type(problem).__name__) from None


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Told]:
    lines: list[bytes] = []
    kind, name, size = "", "", 0
    async for line in _lines(content):
        if not line:
            if lines:
                yield Told(kind, b"\n".join(lines), name)
            kind, lines, size = "", [], 0
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            size += len(value)
            if size > LARGEST_FRAME:
                raise ValueError("event too large")
            lines.append(value)
        elif field == b"event":
            kind = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            name = value.decode("latin-1")[:200]


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Cut into lines by hand: the reader's own end at 64 KiB. A part of a line at the end of the stream is no line."""
    rest = b""
    async for piece in content.iter_any():
        rest += piece
        *whole, rest = rest.split(b"\n")
        if len(rest) > LARGEST_FRAME:
            raise ValueError("line too long")
        for line in whole:
            yield line.removesuffix(b"\r")
