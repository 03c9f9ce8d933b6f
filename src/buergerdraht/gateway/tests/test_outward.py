"""No address that somebody entered leads us into our own house."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiohttp
import pytest

from buergerdraht.gateway import outward

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]


def test_nobody_there_and_no_such_name_are_told_apart() -> None:
    with pytest.raises(outward.Undelivered, match="unreachable"):
        outward.post("http://127.0.0.1:9/", b"{}", {}, LOOPBACK)
    with pytest.raises(outward.Undelivered, match="not_found"):
        outward.post("https://gibt-es-nicht.invalid/", b"{}", {}, [])


def test_who_answers_too_slowly_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(outward.Undelivered, match="timeout"):
            outward.post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {}, LOOPBACK)


# ── Where nothing goes ────────────────────────────────────────────────────

INWARD = [
    "http://stadt.example/alarm", "ftp://stadt.example/", "https:///alarm", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/",
    "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/",
    "https://100.64.0.1/", "https://224.0.0.1/", "https://name:wort@stadt.example/", "https://stadt.example:99999/", "https://[::]/",
    "nichts",
]  # fmt: skip


@pytest.mark.parametrize("url", INWARD)
def test_inner_addresses_are_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(outward.Final, match="address_refused"):
        outward.post(url, b"{}", {}, [])


DISGUISED = [
    "localhost",
    "2130706433",
    "0x7f.1",
    "127.1",
    "017700000001",
    "127.0.0.1.",
    "１２７.０.０.１",
    "①②⑦.0.0.1",
    "%31%32%37.0.0.1",
    "127。0。0。1",
]


@pytest.mark.parametrize("host", DISGUISED)
def test_a_name_that_leads_inward_is_refused_where_the_connection_is_made(host: str) -> None:
    with pytest.raises(outward.Undelivered) as failure:
        outward.post(f"https://{host}/", b"{}", {}, [])
    assert failure.value.problem in {"address_refused", "not_found"}


def test_a_name_that_changes_its_mind_finds_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is a public one when it is entered; when it is called it leads inward."""

    async def inward(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [{"hostname": host, "host": "10.0.0.5", "port": port, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", inward)
    with pytest.raises(outward.Final, match="address_refused"):
        outward.post("https://rebind.example/", b"{}", {}, [])


def test_a_network_of_ones_own_can_be_allowed_but_not_without_tls() -> None:
    own = [ipaddress.ip_network("10.20.0.0/16")]
    outward.refuse("https://10.20.3.4/alarm", own)
    for url in ("http://10.20.3.4/alarm", "https://10.21.0.1/", "https://127.0.0.1/"):
        with pytest.raises(outward.Final):
            outward.refuse(url, own)


# ── Asked, and the answer read ────────────────────────────────────────────


class Speaker(BaseHTTPRequestHandler):
    """Says what its path asks for, and remembers what was asked."""

    heard: list[tuple[str, str, bytes, dict[str, str]]] = []  # noqa: RUF012 - emptied by the fixture

    def _say(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.heard.append((self.command, self.path, body, {name.lower(): value for name, value in self.headers.items()}))
        place = self.path.strip("/")
        answer = {"large": b"x" * 5_000, "packed": gzip.compress(b"{}")}.get(place, b'{"a": 1}')
        self.send_response(302 if place == "elsewhere" else 404 if place == "gone" else 200)
        self.send_header("Location", "/other")
        if place == "packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(answer) * (100 if place == "drips" else 1)))
        self.end_headers()
        try:
            for _sign in range(30 if place == "drips" else 0):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
            self.wfile.write(answer)
        except OSError:
            pass

    do_GET = do_POST = do_PUT = _say

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def speaker() -> Iterator[str]:
    Speaker.heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Speaker) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(url: str, method: str = "GET", body: bytes = b"", most: int = 1_000) -> outward.Heard:
    return outward.ask(outward.Ask(method, url, {"X-Key": "geheim"}, body, 1.0, most), LOOPBACK)


def test_what_is_asked_arrives_and_the_answer_is_read(speaker: str) -> None:
    assert ask(f"{speaker}/a%2Fb?x=%20", "PUT", b"{}") == (200, b'{"a": 1}')
    method, path, body, headers = Speaker.heard[0]
    assert (method, path, body, headers["x-key"], headers["accept-encoding"]) == ("PUT", "/a%2Fb?x=%20", b"{}", "geheim", "identity")


def test_a_no_is_an_answer_and_a_redirect_is_not_followed(speaker: str) -> None:
    assert ask(f"{speaker}/gone").status == 404
    assert ask(f"{speaker}/elsewhere").status == 302
    assert [path for _method, path, _body, _headers in Speaker.heard] == ["/gone", "/elsewhere"]


def test_more_than_was_asked_for_is_not_read(speaker: str) -> None:
    assert len(ask(f"{speaker}/large", most=5_000).body) == 5_000
    with pytest.raises(outward.Final, match="too_large"):
        ask(f"{speaker}/large", most=4_999)


def test_nothing_packed_is_unfolded(speaker: str) -> None:
    with pytest.raises(outward.Final, match="unreadable"):
        ask(f"{speaker}/packed")


def test_an_answer_that_drips_is_left_when_the_time_is_over(speaker: str) -> None:
    begun = time.monotonic()
    with pytest.raises(outward.Undelivered, match="timeout"):
        ask(f"{speaker}/drips")
    assert time.monotonic() - begun < 2.5


def test_without_tls_only_a_named_network_is_asked_and_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [ipaddress.ip_network("10.20.0.0/16")]
    outward.refuse("http://10.20.3.4/", own, plain=True)
    outward.refuse("http://fachverfahren.example/", own, plain=True)  # looked at again with its socket
    for url in ("http://10.21.0.1/", "http://93.184.216.34/", "ftp://10.20.3.4/"):
        with pytest.raises(outward.Final):
            outward.refuse(url, own, plain=True)

    async def public(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        return [{"hostname": host, "host": "93.184.216.34", "port": port, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", public)
    with pytest.raises(outward.Final, match="address_refused"):
        outward.ask(outward.Ask("GET", "http://fachverfahren.example/", {}, b"", 2.0, 100), own, plain=True)
