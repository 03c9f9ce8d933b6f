"""The short way of a POST: connections are kept, answers are never mixed up, and what is odd ends the connection."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from buergerdraht.connectors import line
from buergerdraht.connectors.line import Broken, Lines, NoConnection, TooLarge

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[int], bytes | None]


class Server:
    """Answers the n-th request of all with what `answer` says; None hangs up."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        self.first_waits = False
        self.released = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                if (answer := self.answer(len(self.requests))) is None:
                    return
                if self.first_waits and len(self.requests) == 1:
                    await self.released.wait()
                writer.write(answer)
                await writer.drain()
                if b"until-closed" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    answer: Answer, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Server, Callable[..., Awaitable[line.Reply]], Lines]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    address = f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/messages?a=b"
    lines = Lines()

    async def post(body: bytes = b"{}", seconds: float = 5.0, largest: int = 1000, **headers: str) -> line.Reply:
        return await lines.post(address, body, headers, seconds=seconds, largest=largest)

    try:
        yield server, post, lines
    finally:
        lines.close()
        listening.close()


async def test_a_connection_is_used_again() -> None:
    async with serving(lambda number: OK) as (server, post, _):
        for _round in range(5):
            assert (await post(b'{"a":1}', Authorization="Bearer x")).body == b"{}"
    assert server.connections == 1
    assert server.requests[0].startswith(b"POST /v1/messages?a=b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[0].endswith(b'Authorization: Bearer x\r\n\r\n{"a":1}')


async def test_calls_at_the_same_time_have_a_connection_each() -> None:
    async with serving(lambda number: OK) as (server, post, _):
        await asyncio.gather(*(post() for _ in range(8)))
        assert server.connections == 8
        await asyncio.gather(*(post() for _ in range(8)))
        assert server.connections == 8


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 429, b""),
        (b"HTTP/1.1 200 OK\r\nX: until-closed\r\n\r\nto the end", 200, b"to the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
    ],
)
async def test_answers_of_every_shape_are_read(answer: bytes, status: int, body: bytes) -> None:
    async with serving(lambda number: answer) as (_, post, _lines):
        for _round in range(2):
            reply = await post()
            assert (reply.status, reply.body) == (status, body)
            assert reply.headers.get("retry-after", "7") == "7"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nuntil-closed"[:-9], b"nonsense\r\n\r\n", None])
async def test_half_an_answer_is_none(answer: bytes | None) -> None:
    async with serving(lambda number: answer) as (_, post, _lines):
        with pytest.raises((Broken, TimeoutError)):
            await post(seconds=0.5)


async def test_an_answer_too_large_ends_the_connection() -> None:
    async with serving(lambda number: b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000) as (_, post, lines):
        with pytest.raises(TooLarge):
            await post()
        assert not any(lines.idle.values())


async def test_a_second_answer_is_never_taken_for_the_next_ones() -> None:
    def answer(number: int) -> bytes:
        return OK + OK.replace(b"{}", b"[]") if number == 1 else OK

    async with serving(answer) as (server, post, _):
        assert (await post()).body == b"{}"
        assert (await post()).body == b"{}"
        assert server.connections == 2


async def test_an_answer_that_comes_too_late_is_not_the_next_ones() -> None:
    def answer(number: int) -> bytes:
        return OK.replace(b"{}", b"%02d" % number)

    async with serving(answer) as (server, post, _):
        server.first_waits = True
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(post(), 0.05)
        server.released.set()
        assert (await post()).body == b"02"
        assert server.connections == 2


async def test_a_closed_connection_is_not_asked() -> None:
    async with serving(
        lambda number: OK + b"" if number != 1 else b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    ) as (
        server,
        post,
        _,
    ):
        await post()
        await post()
        assert server.connections == 2


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1:99999/"]
)
async def test_a_wrong_address_sends_nothing(url: str) -> None:
    with pytest.raises((NoConnection, OverflowError)):
        await Lines().post(url, b"{}", {}, seconds=1, largest=10)


async def test_a_line_break_in_a_secret_is_no_header() -> None:
    async with serving(lambda number: OK) as (server, post, _):
        with pytest.raises(NoConnection):
            await post(Authorization="Bearer x\r\nX-Other: y")
        assert not server.requests


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate of its own, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_a_certificate_nobody_vouches_for_gets_nothing(certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with serving(lambda number: OK, certificate[0]) as (server, post, _):
        with pytest.raises(NoConnection):
            await post()
        assert not server.requests


async def test_over_tls_it_is_the_same(certificate: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "_trust", lambda: certificate[1])
    async with serving(lambda number: OK, certificate[0]) as (server, post, _):
        assert [(await post()).body for _round in range(3)] == [b"{}"] * 3
        assert server.connections == 1
