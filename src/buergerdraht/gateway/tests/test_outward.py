"""No address that somebody entered leads us into our own house."""

from __future__ import annotations

import ipaddress
import socket

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
