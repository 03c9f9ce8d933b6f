"""A mail server is a host like any other that an organisation enters: it stands in no inner network but those that are open."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import pytest

from buergerdraht.connectors.contract import ChannelBroken, Temporary
from buergerdraht.connectors.email import mailbox
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.connector import Email
from buergerdraht.connectors.email.submission import Office
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.signal import streams

HERE = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.fixture
def port() -> Iterator[tuple[int, socket.socket]]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(0.2)
        yield listening.getsockname()[1], listening


def config(port: int, security: str) -> EmailConfig:
    return EmailConfig.model_validate(
        {
            "own": "buerger@stadt.example", "username": "buerger", "password": "wort",
            "smtp_host": "localhost", "smtp_port": port, "smtp_security": security,
            "imap_host": "localhost", "imap_port": port, "imap_security": security,
        }
    )  # fmt: skip


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
async def test_no_line_is_opened_inside(port: tuple[int, socket.socket], security: str) -> None:
    number, listening = port
    made = config(number, security)
    with pytest.raises(ChannelBroken, match="setup"):
        await Office(made, networks=()).check()
    with pytest.raises(ChannelBroken, match="setup"):
        mailbox.enter(mailbox.Access(made, ()))
    with pytest.raises(TimeoutError):
        listening.accept()


async def test_what_is_open_is_called(unused_tcp_port: int) -> None:
    made = config(unused_tcp_port, "none")  # nobody listens there
    with pytest.raises(Temporary):
        await Office(made, networks=HERE).check()
    with pytest.raises(Temporary):
        mailbox.enter(mailbox.Access(made, HERE))


async def test_the_channel_says_so(port: tuple[int, socket.socket]) -> None:
    http = Http(networks=())
    health = await Email(config(port[0], "none"), http).check()
    assert not health.ok
    assert all("inneren Netz" in note.values["what"] for note in health.findings if note.level == "error")
    await http.close()


async def test_streams_are_not_opened_inside_either(port: tuple[int, socket.socket]) -> None:
    for told in (streams.websocket(f"ws://127.0.0.1:{port[0]}/", {}, ()), streams.server_sent(f"http://127.0.0.1:{port[0]}/", {}, "", ())):
        with pytest.raises(ChannelBroken):
            await anext(told)  # type: ignore[arg-type]
