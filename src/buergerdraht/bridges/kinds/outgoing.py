"""A bridge's own mail server: as Django's, but only at addresses we may call, with TLS unless it stands in a network of our own."""

from __future__ import annotations

import smtplib
import socket
from typing import Any, Protocol

from django.core.mail.backends.smtp import EmailBackend

from buergerdraht.bridges.kinds import mailbox

SECONDS = 20
AT_ONCE = 465  # RFC 8314: TLS from the first byte on


class Way(Protocol):
    """What a bridge says of its mail server."""

    smtp_host: str
    smtp_port: int
    smtp_tls: bool
    smtp_name: str
    smtp_password: str


class Server(EmailBackend):
    def __init__(self, way: Way) -> None:
        at_once = way.smtp_tls and way.smtp_port == AT_ONCE
        super().__init__(
            host=way.smtp_host, port=way.smtp_port, username=way.smtp_name, password=way.smtp_password, timeout=SECONDS,
            use_tls=way.smtp_tls and not at_once, use_ssl=at_once,
        )  # fmt: skip
        self.plain = not way.smtp_tls

    @property
    def connection_class(self) -> Any:
        return _Secure if self.use_ssl else _Own if self.plain else _Plain


class _Plain(smtplib.SMTP):
    own = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return mailbox.socket_to(host, port, own=self.own)


class _Own(_Plain):
    own = True


class _Secure(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(mailbox.socket_to(host, port, own=False), server_hostname=host)
