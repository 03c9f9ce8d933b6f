"""The seam to the network: what we know, and do not know, when a call ends badly."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate

import pytest

from buergerdraht.connectors.contract import Rejected, Temporary
from buergerdraht.connectors.http import Call, Http, redact, seconds

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def served(serve: Serve, http: Http, *, seconds: float = 5, largest: int = 1000) -> object:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await http.call(Call("POST", f"http://127.0.0.1:{port}/geheim", "messages", json={}, seconds=seconds, largest=largest))
    finally:
        server.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000)
    await writer.drain()


async def test_a_refused_connection_has_sent_nothing(http: Http, unused_tcp_port: int) -> None:
    with pytest.raises(Temporary) as caught:
        await http.call(Call("POST", f"http://127.0.0.1:{unused_tcp_port}/", "messages", json={}))
    assert (caught.value.reason, caught.value.maybe_sent) == ("unavailable", False)


async def test_an_unknown_name_has_sent_nothing(http: Http) -> None:
    with pytest.raises(Temporary) as caught:
        await http.call(Call("POST", "http://gibt-es-nicht.invalid/", "messages", json={}))
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize("serve", [reset, half])
async def test_a_connection_lost_after_asking_leaves_a_doubt(http: Http, serve: Serve) -> None:
    with pytest.raises(Temporary) as caught:
        await served(serve, http)
    assert caught.value.maybe_sent is True


async def test_no_answer_in_time_leaves_a_doubt(http: Http) -> None:
    with pytest.raises(Temporary) as caught:
        await served(silence, http, seconds=0.2)
    assert caught.value.maybe_sent is True


async def test_an_answer_too_large_is_not_kept(http: Http) -> None:
    with pytest.raises(Rejected):
        await served(endless, http)


async def test_the_traffic_log_hears_no_address() -> None:
    heard: list[tuple[str, int, int, str]] = []
    http = Http(lambda *call: heard.append(call))
    with pytest.raises(Temporary):
        await served(reset, http)
    await http.close()
    ((what, status, milliseconds, reason),) = heard
    assert (what, status, reason) == ("POST messages", 0, "unavailable")
    assert milliseconds >= 0


@pytest.mark.parametrize(("header", "expected"), [("", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("bald", None)])
def test_retry_after_is_read(header: str, expected: float | None) -> None:
    assert seconds(header) == expected


def test_retry_after_may_be_a_date() -> None:
    assert seconds(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=2)


def test_numbers_and_tokens_leave_the_providers_words() -> None:
    words = redact("131026 undeliverable: +49 171 3920011, token abc123", "abc123")
    assert words == "131026 undeliverable: …, token …"
