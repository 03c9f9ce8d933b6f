"""Servers of strangers judge what goes out: aiosmtpd takes it with TLS and without; and what servers answer is understood."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Rejected, SendError, Temporary, Unsigned
from buergerdraht.connectors.email import errors, seals
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.connector import Email
from buergerdraht.connectors.email.submission import Office
from buergerdraht.connectors.http import Http

OWN, ZOE, SECRET = "buerger@stadt.example", "zoe@buerger.example", "ein Schlüssel nur für diese Tests"


class Post:
    """Takes mail; `answers` are given instead of yes, by what was asked."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: dict[str, str] = {}

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None))
        return self.answers.get("DATA", "250 OK")


def knock(port: int) -> None:
    """Let a server with TLS begin, whoever vouches for it."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 5) as plain, trusting.wrap_socket(plain) as line:
        line.recv(50)


def signs_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"buerger", b"wort")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.example")]), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paper, secret = tmp_path / "paper.pem", tmp_path / "key.pem"
    paper.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    no_word = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_word))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paper, secret)
    return paper, context


@pytest.fixture
def post() -> Iterator[Any]:
    """Give a function that starts a server."""
    started: list[Controller] = []

    def start(context: ssl.SSLContext | None = None, *, tls: bool = False, port: int, **more: Any) -> Post:
        handler = Post()

        class Own(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, tls_context=None if tls else context, enable_SMTPUTF8=False, **more)

        controller = Own(handler, hostname="127.0.0.1", port=port, ssl_context=context if tls else None)
        if tls:
            controller._trigger_server = lambda: knock(port)  # type: ignore[method-assign] # its own would ask who vouches for it
        controller.start()
        started.append(controller)
        return handler

    yield start
    for controller in started:
        controller.stop()


def config(port: int, security: str = "none", **more: Any) -> EmailConfig:
    return EmailConfig.model_validate(
        {"own": OWN, "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": security, "secret": SECRET, **more}
    )


async def send(connector: Email, files: Any, letter: str = "7.0") -> Any:
    try:
        part = connector.plan(Content(title="Grüße", text=".\n..\nEnde", footer="Abmelden: STOPP")).parts[0]
        return await connector.send(part, ZOE, token=letter, files=files)
    finally:
        await connector.office.close()


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_strangers_server_takes_our_mail(
    post: Any, certificate: Any, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch, files: Any, http: Http, security: str
) -> None:
    paper, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(paper))
    sign = {"authenticator": signs_in, "auth_required": True, "auth_require_tls": security == "starttls"}
    server = post(None if security == "none" else context, tls=security == "tls", port=unused_tcp_port, **sign)
    sent = await send(Email(config(unused_tcp_port, security, username="buerger", password="wort"), http), files)
    (sender, receivers, body, secure) = server.taken[0]
    assert (sender, receivers) == (OWN, [ZOE])
    assert secure == (security == "starttls")  # where TLS comes first, the server behind it does not see it
    assert sent.external_id.encode() in body
    assert b"\r\n.\r\n..\r\nEnde" in body  # dots were put in for the way and taken out again


@pytest.mark.parametrize(("security", "tls"), [("starttls", False), ("tls", True)])
async def test_a_certificate_nobody_vouches_for_stops_the_channel(
    post: Any, certificate: Any, unused_tcp_port: int, files: Any, http: Http, security: str, tls: bool
) -> None:
    server = post(certificate[1], tls=tls, port=unused_tcp_port)
    with pytest.raises(ChannelBroken) as problem:
        await send(Email(config(unused_tcp_port, security), http), files)
    assert (problem.value.reason, problem.value.details) == ("setup", "certificate")
    assert server.taken == []


async def test_encryption_that_is_not_offered_is_not_done_without(post: Any, unused_tcp_port: int, files: Any, http: Http) -> None:
    server = post(port=unused_tcp_port)
    with pytest.raises(ChannelBroken) as problem:
        await send(Email(config(unused_tcp_port, "starttls", username="buerger", password="wort"), http), files)
    assert problem.value.reason == "setup"
    assert server.taken == []


async def test_a_wrong_word_is_the_operators_business(post: Any, unused_tcp_port: int, files: Any, http: Http) -> None:
    post(port=unused_tcp_port, authenticator=signs_in, auth_required=True, auth_require_tls=False)
    with pytest.raises(ChannelBroken) as problem:
        await send(Email(config(unused_tcp_port, username="buerger", password="falsch"), http), files)
    assert problem.value.reason == "token_invalid"


@pytest.mark.parametrize(
    ("asked", "answer", "failure", "reason"),
    [
        ("RCPT", "550 5.1.1 <zoe@buerger.example>: User unknown", AddressGone, "not_reachable"),
        ("RCPT", "550 No such user here", AddressGone, "not_reachable"),
        ("RCPT", "450 4.7.1 Greylisted, try again in 5 minutes", Temporary, "unavailable"),
        ("RCPT", "552 5.2.2 Mailbox full", Rejected, "not_reachable"),
        ("RCPT", "550 5.7.1 Relaying denied", Rejected, "content_refused"),
        ("MAIL", "553 5.7.1 Sender address rejected: not owned by user", ChannelBroken, "setup"),
        ("MAIL", "530 5.7.0 Authentication required", ChannelBroken, "token_invalid"),
        ("MAIL", "451 4.7.1 rate limit exceeded", Temporary, "rate_limit"),
        ("MAIL", "452 4.3.1 Insufficient system storage", Temporary, "unavailable"),
        ("DATA", "554 5.7.1 Message refused", Rejected, "content_refused"),
        ("DATA", "552 5.3.4 Message too big", Rejected, "media_refused"),
        ("DATA", "451 4.3.0 Try again later", Temporary, "unavailable"),
        ("DATA", "421 4.3.2 Shutting down", Temporary, "unavailable"),
    ],
)
async def test_what_servers_answer(
    post: Any, unused_tcp_port: int, files: Any, http: Http, asked: str, answer: str, failure: type[SendError], reason: str
) -> None:
    server = post(port=unused_tcp_port)
    server.answers[asked] = answer
    with pytest.raises(failure) as problem:
        await send(Email(config(unused_tcp_port), http), files)
    assert problem.value.reason == reason
    assert "zoe" not in problem.value.details
    if isinstance(problem.value, Temporary):
        assert problem.value.maybe_sent is False
        assert problem.value.limit == (reason == "rate_limit")


async def test_many_refusals_for_policy_are_about_us(post: Any, unused_tcp_port: int, http: Http) -> None:
    server = post(port=unused_tcp_port)
    server.answers["DATA"] = "554 5.7.1 Our policy forbids"
    office = Office(config(unused_tcp_port))
    for _ in range(4):
        with pytest.raises(Rejected):
            await office.deliver(OWN, ZOE, b"Subject: x\r\n\r\nx\r\n")
    with pytest.raises(ChannelBroken) as problem:
        await office.deliver(OWN, ZOE, b"Subject: x\r\n\r\nx\r\n")
    assert problem.value.reason == "account_blocked"
    await office.close()


async def test_nobody_there_is_no_fault_of_a_letter(unused_tcp_port: int, files: Any, http: Http) -> None:
    with pytest.raises(Temporary) as problem:
        await send(Email(config(unused_tcp_port), http), files)
    assert (problem.value.maybe_sent, problem.value.scope) == (False, "channel")


async def test_a_server_that_falls_silent_after_the_mail_leaves_a_doubt(unused_tcp_port: int, files: Any, http: Http) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hier\r\n")
        while line := await reader.readline():
            if line == b".\r\n":
                break
            word = line[:4].upper()
            if word in {b"EHLO", b"MAIL", b"RCPT", b"DATA"}:
                writer.write(b"354 los\r\n" if word == b"DATA" else b"250 OK\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(talk, "127.0.0.1", unused_tcp_port):
        with pytest.raises(Temporary) as problem:
            await send(Email(config(unused_tcp_port), http), files)
    assert problem.value.maybe_sent


async def test_calls_are_noted_without_a_name(post: Any, unused_tcp_port: int, files: Any) -> None:
    post(port=unused_tcp_port)
    noted: list[tuple[str, int, int, str]] = []
    await send(Email(config(unused_tcp_port), Http(lambda *call: noted.append(call))), files)
    assert [(what, status, reason) for what, status, _milliseconds, reason in noted] == [("SMTP mail", 250, "")]


@pytest.mark.parametrize(
    ("code", "words", "stage", "failure"),
    [
        (550, "5.1.10 null MX", "receiver", AddressGone),
        (550, "no mailbox, but version 4.1.12.3", "receiver", Rejected),
        (554, "5.5.0 what", "greeting", ChannelBroken),
        (421, "4.7.0 too many connections", "greeting", Temporary),
        (535, "5.7.8 no", "sign_in", ChannelBroken),
        (454, "4.7.0 Temporary authentication failure", "sign_in", Temporary),
        (599, "", "data", Rejected),
    ],
)
def test_codes_decide_before_words(code: int, words: str, stage: Any, failure: type[SendError]) -> None:
    assert type(errors.failure(code, words, stage)) is failure


# ── The way out by link ───────────────────────────────────────────────────


def link(sealed: str, body: bytes = b"List-Unsubscribe=One-Click", method: str = "POST") -> Called:
    return Called(method=method, tail=f"abmelden/{sealed}", body=body)


MULTIPART = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


@pytest.mark.parametrize("body", [b"List-Unsubscribe=One-Click", MULTIPART])
def test_one_click_is_taken_and_carries_its_own_proof(body: bytes) -> None:
    connector = Email(config(1), Http())
    enclosed = connector.enclose(link(seals.seal(SECRET, ZOE), body))
    assert enclosed is not None
    assert b"zoe" not in enclosed
    connector.verify({}, enclosed)
    (item,) = connector.parse(enclosed)
    assert item.event is not None
    assert item.event.address == ZOE  # type: ignore[union-attr]


SEALED = seals.seal(SECRET, ZOE)


@pytest.mark.parametrize(
    "called",
    [
        link(SEALED, method="GET"),
        link(SEALED, b""),
        link(SEALED, b"List-Unsubscribe=No"),
        link(SEALED[:-2] + "AA"),
        link(seals.seal("anders", ZOE)),
        link("zoe@buerger.example"),
        Called(method="POST", tail="", body=b"List-Unsubscribe=One-Click"),
        Called(method="POST", tail=f"anders/{SEALED}", body=b"List-Unsubscribe=One-Click"),
    ],
)
def test_nothing_else_unsubscribes(called: Called) -> None:
    assert Email(config(1), Http()).enclose(called) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"unsubscribe": "x"}', b"\xff", b'{"unsubscribe": null}'])
def test_what_was_not_enclosed_is_unsigned(body: bytes) -> None:
    with pytest.raises(Unsigned):
        Email(config(1), Http()).verify({}, body)


def test_opening_the_link_shows_a_button_and_changes_nothing() -> None:
    connector = Email(config(1), Http())
    answer = connector.handshake(link(SEALED, method="GET"))
    assert answer is not None
    assert answer.mime.startswith("text/html")
    assert 'method="post"' in answer.body
    assert "zoe" not in answer.body
    assert connector.handshake(link("x" * 60, method="GET")) is None


def test_seals_are_the_same_for_one_and_tell_nothing() -> None:
    assert seals.seal(SECRET, ZOE) == SEALED
    assert seals.opened(SECRET, SEALED) == ZOE
    assert "zoe" not in SEALED
    name = seals.named(SECRET, "stadt.example", "12.0", ZOE)
    assert seals.meant(SECRET, [name], ["andere@ort.example", ZOE]) == ("12.0", ZOE)
    assert seals.meant("anders", [name], [ZOE]) is None
    assert len(seals.return_path(SECRET, OWN, "123456789012.12", ZOE).partition("@")[0]) <= 64
    assert seals.return_path(SECRET, "b" * 40 + "@stadt.example", "123456789012345678.123", ZOE).startswith("b" * 40 + "@")


@pytest.mark.parametrize(
    "wrong",
    [
        {"own": "kein-zeichen"},
        {"own": "zwei@a.example, drei@b.example"},
        {"smtp_host": "https://mail.example"},
        {"smtp_security": "ssl"},
        {"imap_host": "mail.example"},
        {"username": "x"},
        {"smtp_port": 0},
    ],
)
def test_a_set_up_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    values = {"own": OWN, "smtp_host": "mail.example", "password": "" if "username" in wrong else "w", **wrong}
    with pytest.raises(ValidationError):
        EmailConfig.model_validate(values)


def test_a_link_opens_a_mail_with_its_words() -> None:
    connector = Email(config(1), Http())
    assert connector.link("verkehr", "") == f"mailto:{OWN}?subject=START%20verkehr&body=START%20verkehr"
    assert connector.link("", "Melden") == f"mailto:{OWN}?subject=Melden&body=Melden"
    assert connector.link("", "") == f"mailto:{OWN}"
