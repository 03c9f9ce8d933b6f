"""The seam to the network: what we know, and do not know, when a call ends badly."""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from buergerdraht.connectors.contract import ChannelBroken, MediaKind, Ref, Rejected, Temporary
from buergerdraht.connectors.graph_files import fetched
from buergerdraht.connectors.http import Answered, Call, Http, redact, seconds, sending

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


@pytest.mark.parametrize(
    ("header", "expected"),
    [("", None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("bald", None), ("inf", 86_400.0), ("nan", 86_400.0), ("1e15", 86_400.0)],
)
def test_retry_after_is_read(header: str, expected: float | None) -> None:
    assert seconds(header) == expected


def test_retry_after_may_be_a_date() -> None:
    assert seconds(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("told", [float("inf"), float("nan"), 1e18])
def test_no_provider_makes_us_wait_longer_than_a_day(told: float) -> None:
    assert Temporary("rate_limit", retry_after=told).retry_after == 86_400.0
    assert seconds("Fri, 31 Dec 9999 23:59:59 GMT") == 86_400.0


def test_numbers_and_tokens_leave_the_providers_words() -> None:
    words = redact("131026 undeliverable: +49 171 3920011, token abc123", "abc123")
    assert words == "131026 undeliverable: …, token …"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.7", "169.254.169.254", "[::ffff:127.0.0.1]"])
async def test_an_address_named_outside_leads_into_no_inner_network(http: Http, host: str) -> None:
    with pytest.raises(Rejected) as caught:
        await http.call(Call("POST", f"http://{host}:9/", "push", data=b"x", outside=True))
    assert caught.value.reason == "not_reachable"


@pytest.mark.parametrize("call", [{"json": {}}, {"data": b"x"}, {"form": {"a": "b"}}])
async def test_however_it_is_asked_nothing_outside_leads_inside(http: Http, call: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        await http.call(Call("POST", "http://127.0.0.1:9/", "push", outside=True, **call))


async def test_a_file_of_metas_leads_nowhere_else(http: Http, unused_tcp_port: int) -> None:
    """The body that names it is signed; where its host sends us on is not."""
    asked: list[bool] = []

    async def call(made: Call) -> Answered:
        asked.append(made.outside)
        return Answered(200, {"content-type": "image/png"}, b"x")

    http.call = call  # type: ignore[method-assign]
    for url in ("https://scontent.fbcdn.net/x", "https://graph.example/x"):
        await fetched(http, Ref(kind=MediaKind.IMAGE, external_id="1", url=url), "https://graph.example", 100)
    assert asked == [True, False]


async def test_an_inner_network_that_was_named_is_called(http: Http, unused_tcp_port: int) -> None:
    networks = (ipaddress.ip_network("127.0.0.0/8"),)
    with pytest.raises(Temporary):  # nobody listens there
        await http.call(Call("POST", f"http://127.0.0.1:{unused_tcp_port}/", "push", data=b"x", outside=True, networks=networks))


async def test_a_body_of_bytes_arrives_as_it_stands(http: Http) -> None:
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.append(await reader.readexactly(3))
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answered = await http.call(Call("POST", f"http://127.0.0.1:{port}/", "push", data=b"\0\1\xff"))
    server.close()
    assert (answered.status, heard) == (201, [b"\0\1\xff"])


async def test_what_only_prepares_leaves_no_doubt_when_it_is_torn(provider: Any) -> None:
    async with provider((0, {}), (0, {})) as server:
        http = Http()
        with sending() as watch:
            with pytest.raises(Temporary) as torn:
                await http.call(Call("POST", server.url, "upload", json={}, prepares=True))
            assert (torn.value.maybe_sent, watch.doubtful) == (False, False)
            with pytest.raises(Temporary) as torn:
                await http.call(Call("POST", server.url, "send", json={}))
            assert (torn.value.maybe_sent, watch.doubtful) == (True, True)
        await http.close()
    with sending() as watch:
        assert watch.doubtful, "who goes another way than ours is doubted"


@pytest.mark.parametrize("call", [Call("POST", "{}", "messages", json={}), Call("GET", "{}", "check"), Call("POST", "{}", "x", form={})])
async def test_a_channels_own_server_stands_in_no_inner_network_but_those_that_are_open(call: Call, unused_tcp_port: int) -> None:
    """An organisation enters its hosts itself, and must not look into the networks of whoever runs the installation."""
    here = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    for host in ("127.0.0.1", "localhost"):
        made = call._replace(url=f"http://{host}:{unused_tcp_port}/")
        for networks, failure in (((), ChannelBroken), (here, Temporary)):
            http = Http(networks=networks)
            with pytest.raises(failure) as caught:
                await http.call(made)
            await http.close()
            assert (caught.value.reason, caught.value.details) == ("setup", "inner network") or failure is Temporary


async def test_metadata_of_a_cloud_is_out_of_reach() -> None:
    http = Http(networks=())
    with pytest.raises(ChannelBroken):
        await http.call(Call("GET", "http://169.254.169.254/latest/meta-data/", "check", seconds=2))
    await http.close()


LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


async def test_many_slow_hosts_outside_keep_nobody_waiting_for_a_place(http: Http) -> None:
    """aiohttp by itself has a hundred places, and whoever waits for one fails."""
    there, enough = 0, asyncio.Event()

    async def slowly(_request: web.Request) -> web.Response:
        nonlocal there
        there += 1
        if there == 120:
            enough.set()
        await enough.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", slowly)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    call = Call("POST", f"http://127.0.0.1:{runner.addresses[0][1]}/", "push", data=b"x", outside=True, networks=LOOPBACK, seconds=20)
    answers = await asyncio.gather(*(http.call(call) for _ in range(120)))
    await runner.cleanup()
    assert {each.status for each in answers} == {200}
