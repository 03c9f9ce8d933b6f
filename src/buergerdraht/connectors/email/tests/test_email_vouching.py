"""Whom the authority's own mail server vouches for: what a stranger can put into its words, or into the sender's line, proves nobody."""

from __future__ import annotations

import pytest

from buergerdraht.connectors.contract import Received
from buergerdraht.connectors.email import payloads, seals
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.mailbox import Letter

OWN = {"own": "buerger@stadt.example", "smtp_host": "mail.stadt.example"}
PASS = b"Authentication-Results: mx.stadt.example; spf=pass; dmarc=pass header.from=buerger.example\r\n"
LETTER = b"From: Zoe <zoe@buerger.example>\r\nMessage-ID: <m1@buerger.example>\r\n\r\nJA\r\n"


@pytest.mark.parametrize(
    ("mail", "authserv", "expected"),
    [
        (PASS + LETTER, "mx.stadt.example", True),
        (PASS + LETTER, "", False),  # nobody told us whom to believe
        (LETTER, "mx.stadt.example", False),
        (PASS.replace(b"mx.stadt", b"mx.evil") + LETTER, "mx.stadt.example", False),
        (PASS.replace(b"dmarc=pass", b"dmarc=none") + LETTER, "mx.stadt.example", False),
        (PASS.replace(b"from=buerger", b"from=evil") + LETTER, "mx.stadt.example", False),
        (PASS.replace(b"dmarc=pass", b"(dmarc=pass) x=y") + LETTER, "mx.stadt.example", False),
        (PASS + b"From: kim@other.example\r\n" + LETTER, "mx.stadt.example", False),
        (PASS.replace(b"dmarc=pass", b"dmarc=none") + PASS + LETTER, "mx.stadt.example", False),  # the lower one came with the mail
    ],
)
def test_a_sender_is_proven_by_our_own_server_alone(mail: bytes, authserv: str, expected: bool) -> None:
    (item,) = payloads.read(Letter("7", "21", mail), EmailConfig.model_validate({**OWN, "authserv": authserv}))
    assert isinstance(item.event, Received)
    assert item.event.proven is expected


NAMED = seals.named("s" * 20, "stadt.example", "12.0", "zoe@buerger.example")
ELSEWHERE = seals.named("s" * 20, "stadt.example", "12.0", "kim@buerger.example")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (b"", False),
        (PASS, True),
        (f"In-Reply-To: {NAMED}\r\n".encode(), True),
        (f"References: {NAMED} <m0@buerger.example>\r\n".encode(), True),
        (f"Subject: Ja [{NAMED.partition('@')[0][1:]}]\r\n".encode(), True),  # our own link prepared it
        (f"In-Reply-To: {ELSEWHERE}\r\n".encode(), False),  # a letter to somebody else opens nobody's thread
        (b"In-Reply-To: <12.0.0123456789abcdef01234567@stadt.example>\r\n", False),
    ],
)
def test_a_thread_is_proven_by_our_server_or_by_a_letter_of_ours_to_this_mailbox(lines: bytes, expected: bool) -> None:
    config = EmailConfig.model_validate({**OWN, "authserv": "mx.stadt.example", "secret": "s" * 20})
    mail = payloads.opened(lines + LETTER)
    assert mail is not None
    assert payloads.head(mail, config).proven is expected


def judged(results: bytes, author: bytes = b"Zoe <zoe@buerger.example>") -> str:
    """Say what becomes of a mail: proven, open, or "" where nobody is to answer it."""
    head = (
        b"Authentication-Results: mx.stadt.example; "
        + results
        + b"\r\nFrom: "
        + author
        + b"\r\nMessage-ID: <m1@buerger.example>\r\n\r\nJA\r\n"
    )
    found = payloads.read(Letter("7", "21", head), EmailConfig.model_validate({**OWN, "authserv": "mx.stadt.example"}))
    assert not any(item.problem for item in found)
    return next((("proven" if item.event.proven else "open") for item in found if isinstance(item.event, Received)), "")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (b"dmarc=pass (p=none) header.from=buerger.example", "proven"),
        (b"spf=fail; DMARC=PASS action=none header.from=BUERGER.example", "proven"),
        (b"dmarc=none header.from=buerger.example; dkim=pass header.d=buerger.example", "proven"),
        (b"dkim=fail header.d=buerger.example; dkim=pass header.i=@buerger.example header.d=buerger.example", "proven"),
        (b"dkim=pass header.d=evil.example", "open"),
        (b"dkim=pass header.d=r.example; dmarc=none", "open"),
        (b"dkim=pass header.d=buerger.example; dmarc=temperror header.from=buerger.example", "open"),
        (b"dkim=pass header.d=buerger.example; dmarc=fail header.from=buerger.example", ""),
        (b"dmarc=pass", "open"),  # of whom?
        (b"dmarc=pass header.from=evil.example; dmarc=pass header.from=buerger.example", "open"),
        (b"spf=pass smtp.mailfrom=zoe@buerger.example", "open"),  # whoever shares the sending machine can write so
        (b"none", "open"),
    ],
)
def test_what_our_server_found(results: bytes, expected: str) -> None:
    assert judged(results) == expected


FORGED = b"dmarc=pass header.from=buerger.example; dkim=pass header.d=buerger.example"


@pytest.mark.parametrize("end", [b"", b"; dmarc=none header.from=buerger.example"])
@pytest.mark.parametrize(
    "words",
    [
        b'spf=pass smtp.mailfrom="a; ' + FORGED + b'; b"@evil.example',
        b'spf=pass smtp.mailfrom="a\\"; ' + FORGED + b'; b"@evil.example',
        b"spf=pass (a (b) c; " + FORGED + b"; d)",
        b"spf=pass (a \\) ; " + FORGED + b"; d)",
        b'spf=pass (a " b; ' + FORGED + b'; ") smtp.helo=x',
        b'spf=pass smtp.helo=x"; ' + FORGED + b'; y="z',
        b"spf=pass (no end; " + FORGED,
        b'spf=pass smtp.helo=" ; ' + FORGED,
    ],
)
def test_words_of_a_stranger_in_our_servers_line_prove_nothing(words: bytes, end: bytes) -> None:
    assert judged(words + end) == "open"


def test_what_a_stranger_says_does_not_undo_what_failed() -> None:
    told = b'spf=pass smtp.mailfrom="a; ' + FORGED + b'; b"@evil.example; dmarc=fail header.from=buerger.example'
    assert judged(told) == ""
    assert judged(FORGED + b"; dmarc=fail header.from=buerger.example") == ""


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (b"zoe@buerger.example", "proven"),
        (b"Dr. Zoe Beispiel <zoe@buerger.example>", "proven"),
        ("Zoë Beispiel <zoe@buerger.example>".encode(), "proven"),
        (b'"Kim <kim@buerger.example>," <zoe@buerger.example>', "proven"),
        # Programs and servers do not agree on who these are from: somebody else of the same provider can write them.
        (b"zoe@buerger.example <kim@buerger.example>", "open"),
        (b"zoe@buerger.example (x) <kim@buerger.example>", "open"),
        (b"zoe@buerger.example, kim@buerger.example", "open"),
        (b"<zoe@buerger.example>, <kim@buerger.example>", "open"),
        (b"x: zoe@buerger.example;, kim@buerger.example", "open"),
        (b"=?utf-8?q?=22?= <zoe@buerger.example> =?utf-8?q?=22?= <kim@buerger.example>", "open"),
        (b"=?utf-8?q?zoe=40buerger.example?=", "open"),
    ],
)
def test_a_mail_names_one_writer_or_proves_none(author: bytes, expected: str) -> None:
    assert judged(b"dmarc=pass header.from=buerger.example", author) == expected


def test_an_encoded_line_of_results_is_none_of_our_servers() -> None:
    line = b"Authentication-Results: =?utf-8?q?mx.stadt.example=3B_dmarc=3Dpass_header.from=3Dbuerger.example?=\r\n"
    (item,) = payloads.read(Letter("7", "21", line + LETTER), EmailConfig.model_validate({**OWN, "authserv": "mx.stadt.example"}))
    assert isinstance(item.event, Received)
    assert not item.event.proven
