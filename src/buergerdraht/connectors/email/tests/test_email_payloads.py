"""What a mailbox tells us, mail by mail. Each fixture is named after what it shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Gone, Item, Malformed, MediaKind, Receipt, Received, encode
from buergerdraht.connectors.email import payloads, seals
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.mailbox import Letter
from buergerdraht.connectors.email.writing import Envelope, Thread, write

FIXTURES = Path(__file__).parent.parent / "fixtures"
SECRET = "ein Schlüssel nur für diese Tests"
OURS = "<12.0.0123456789abcdef01234567@stadt.example>"
ZOE = "zoe@buerger.example"


def config(**more: Any) -> EmailConfig:
    return EmailConfig.model_validate({"own": "buerger@stadt.example", "smtp_host": "mail.stadt.example", "secret": SECRET, **more})


def read(name: str, *, whole: bool = True, **values: str) -> list[Item]:
    text = (FIXTURES / f"{name}.eml").read_bytes()
    for key, value in values.items():
        text = text.replace(b"{" + key.encode() + b"}", value.encode())
    authserv = "mx.stadt.example" if "dmarc" in name else ""
    return payloads.read(Letter("7", "21", text, whole), config(authserv=authserv))


def the(name: str, **more: Any) -> Received:
    (item,) = read(name, **more)
    assert not item.problem
    assert isinstance(item.event, Received)
    return item.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "plain",
            {"text": "Frage zum Bürgerbüro\n\nGuten Tag,\n\nwann haben Sie auf?\n\nZoë Beispiel", "external_id": "<m1@buerger.example>"},
        ),
        ("command_in_the_subject", {"text": "ABMELDEN"}),
        ("command_in_the_body", {"text": "Abmelden"}),
        ("reply_of_thunderbird", {"text": "Ja, gern.", "quote": OURS}),
        ("reply_of_outlook", {"text": "Ja, gern.", "quote": OURS}),
        ("reply_broken_over_two_lines", {"text": "Yes", "quote": OURS}),
        ("reply_in_html", {"text": "Ja,\ngern & bald.", "quote": OURS}),
        ("forward_is_no_answer", {"text": "Bitte ansehen.", "quote": ""}),
        ("latin1", {"text": "Muell\n\nDer Müll liegt noch."}),
        ("charset_nobody_knows", {"text": "Muell\n\nDer Müll liegt noch."}),
        ("photo", {"kind": "media", "text": "Schlagloch\n\nVor Haus 5."}),
        ("without_message_id", {"external_id": "imap:7:21"}),
        ("empty", {"kind": "unsupported", "text": "", "raw_kind": "mail"}),
    ],
)
def test_a_letter_says_what_was_written_in_it(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert {key: getattr(event, key) for key in expected} == expected
    assert (event.sender.address, event.sender.name, event.sender.handle) == (ZOE, "Zoë Beispiel", ZOE)
    assert event.at == datetime(2026, 11, 29, 8, 0, 5, tzinfo=UTC)  # of the server that took it, not of the sender


MARK = "12.0.0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("subject", "text", "quote"),
    [
        (f"Ja, absagen [{MARK}]", "Ja, absagen", f"<{MARK}@stadt.example>"),
        (f"Ja,\r\n absagen\r\n [{MARK}]", "Ja, absagen", f"<{MARK}@stadt.example>"),
        (f"[{MARK}]", "Ja, absagen", f"<{MARK}@stadt.example>"),
        (f"[{MARK}] Ja", f"[{MARK}] Ja\n\nJa, absagen", ""),
        ("Ja, absagen [12.0]", "Ja, absagen [12.0]\n\nJa, absagen", ""),
    ],
)
def test_an_answer_our_link_prepared_quotes_the_letter_it_stood_in(subject: str, text: str, quote: str) -> None:
    mail = f"From: {ZOE}\r\nMessage-ID: <m1@buerger.example>\r\nSubject: {subject}\r\n\r\nJa, absagen\r\n".encode()
    (item,) = payloads.read(Letter("7", "21", mail), config())
    assert isinstance(item.event, Received)
    assert (item.event.text, item.event.quote) == (text, quote)


def test_files_are_named_for_fetching_and_the_logo_is_left_out() -> None:
    photo, paper = the("photo").media
    assert (photo.kind, photo.mime, photo.file_name, photo.size) == (MediaKind.IMAGE, "image/png", "loch.png", 8)
    assert (paper.kind, paper.mime) == (MediaKind.DOCUMENT, "application/pdf")
    assert photo.external_id == "7:21:0:<m1@buerger.example>"


def test_a_name_that_is_too_long_is_shortened_and_stays_the_same() -> None:
    first, second = the("message_id_too_long").external_id, the("message_id_too_long").external_id
    assert first == second
    assert len(first) < 60


def test_a_mail_that_is_too_large_is_a_placeholder() -> None:
    event = the("photo", whole=False)
    assert (event.kind, event.text, event.raw_kind, event.media) == ("unsupported", "Schlagloch", "mail over 25 MB", ())


@pytest.mark.parametrize(
    "name",
    [
        "absence_note", "absence_note_of_exchange", "mailing_list", "from_ourselves", "from_no_reply", "from_nobody", "empty_return_path",
        "dmarc_failed", "dmarc_claimed_by_the_sender",
    ],
)  # fmt: skip
def test_what_no_person_wrote_makes_no_item(name: str) -> None:
    assert read(name) == []


SEALED_MAIL = (
    f"From: Mail <noreply@buerger.example>\r\nAuto-Submitted: auto-generated\r\nMessage-ID: <m1@buerger.example>\r\n"
    f"Authentication-Results: mx.stadt.example; dmarc=fail\r\nSubject: abmelden {seals.seal(SECRET, ZOE)}\r\n\r\n"
).encode()


def test_who_holds_our_seal_is_unsubscribed_whichever_program_says_so() -> None:
    (item,) = payloads.read(Letter("7", "21", SEALED_MAIL), config(authserv="mx.stadt.example"))
    assert isinstance(item.event, Gone)
    assert (item.event.address, item.event.scope) == (ZOE, "newsletter")


@pytest.mark.parametrize(
    "line",
    [
        "List-Unsubscribe: <https://laden.example/weg>", "List-Post: NO", "LIST-ID: <rat.stadt.example>", "X-Autoreply: yes",
        "X-Auto-Reply: 1", "X-Autorespond: Urlaub", "X-Auto-Response-Suppress: All", "X-MS-Exchange-Inbox-Rules-Loop: zoe@buerger.example",
    ],
)  # fmt: skip
def test_what_goes_to_many_or_by_itself_is_nobodys_letter(line: str) -> None:
    mail = f"From: {ZOE}\r\n{line}\r\nMessage-ID: <m1@buerger.example>\r\n\r\nSonderangebot\r\n".encode()
    assert payloads.read(Letter("7", "21", mail), config()) == []


def test_a_thread_keeps_only_what_our_own_mail_can_carry() -> None:
    head = "References: <ü@buerger.example> <a\x1bb@buerger.example> <m0@buerger.example>\r\nMessage-ID: <ß@buerger.example>\r\n"
    mail = payloads.opened(f"From: {ZOE}\r\n{head}\r\nHallo".encode())
    assert mail is not None
    found = payloads.head(mail, config())
    assert found.references == ("<m0@buerger.example>",)
    assert found.message_id.startswith("mail:")
    envelope = Envelope(
        own="buerger@stadt.example", name="", to=ZOE, message_id="<12.0.aa@stadt.example>", home="", sealed="",
        thread=Thread(found.message_id, found.references, found.subject),
    )  # fmt: skip
    assert b"References: <m0@buerger.example>" in write({"text": "Guten Tag"}, envelope, [])


# ── Bounces and complaints ────────────────────────────────────────────────


def ours(letter: str = "12.0", address: str = ZOE) -> str:
    return seals.named(SECRET, "stadt.example", letter, address)


@pytest.mark.parametrize(
    ("status", "reason", "gone"),
    [
        ("5.1.1", "not_reachable", True),
        ("5.1.10", "not_reachable", True),
        ("5.2.2", "not_reachable", False),
        ("5.3.4", "media_refused", False),
        ("5.7.1", "content_refused", False),
        ("4.4.7", "not_reachable", False),
    ],
)
def test_a_bounce_fails_its_letter(status: str, reason: str, gone: bool) -> None:
    items = read("bounce", to="buerger@stadt.example", receiver=ZOE, action="failed", status=status, message_id=ours())
    receipt = items[0].event
    assert isinstance(receipt, Receipt)
    assert (receipt.token, receipt.external_id, receipt.state, receipt.reason) == ("12.0", ours(), "failed", reason)
    assert [type(item.event) for item in items[1:]] == ([Gone] if gone else [])


def test_a_bounce_is_known_by_the_address_it_came_to() -> None:
    to = seals.return_path(SECRET, "buerger@stadt.example", "12.0", ZOE)
    items = read("bounce", to=to, receiver=ZOE, action="failed", status="5.1.1", message_id="<weg@post.example>")
    assert [type(item.event) for item in items] == [Receipt, Gone]


def test_a_bounce_of_a_forwarded_mail_ends_the_address_we_wrote_to() -> None:
    items = read("bounce", to="x@y.example", receiver="andere@ort.example", action="failed", status="5.1.1", message_id=ours())
    gone = items[1].event
    assert isinstance(gone, Gone)
    assert gone.address == ZOE


@pytest.mark.parametrize(
    ("action", "message_id"),
    [
        ("delayed", ours()),
        ("failed", "<12.0.0123456789abcdef01234567@stadt.example>"),  # forged: nobody else can make the mark
        ("failed", ours(address="andere@ort.example")),  # of a letter to somebody else
        ("failed", "<irgendwas@ort.example>"),
    ],
)
def test_what_is_no_bounce_of_ours_changes_nothing(action: str, message_id: str) -> None:
    assert read("bounce", to="buerger@stadt.example", receiver=ZOE, action=action, status="5.1.1", message_id=message_id) == []


def test_a_report_of_delivery_lets_the_letter_climb() -> None:
    (item,) = read("bounce", to="buerger@stadt.example", receiver=ZOE, action="delivered", status="2.0.0", message_id=ours())
    assert isinstance(item.event, Receipt)
    assert item.event.state == "delivered"


def test_a_complaint_ends_the_newsletters() -> None:
    (item,) = read("complaint", to="buerger@stadt.example", receiver=ZOE, action="abuse", status="", message_id=ours())
    assert isinstance(item.event, Gone)
    assert (item.event.address, item.event.scope, item.event.reason) == (ZOE, "newsletter", "unsubscribed")


@pytest.mark.parametrize(("action", "message_id"), [("not-spam", ours()), ("abuse", "<fremd@ort.example>")])
def test_what_is_no_complaint_about_us_changes_nothing(action: str, message_id: str) -> None:
    assert read("complaint", to="buerger@stadt.example", receiver=ZOE, action=action, status="", message_id=message_id) == []


# ── The web's way out ─────────────────────────────────────────────────────


def test_an_unsubscribe_call_names_its_address_and_its_minute() -> None:
    body = json.dumps({"unsubscribe": seals.seal(SECRET, ZOE), "at": 1_800_000_000}).encode()
    (item,) = payloads.parse(body, SECRET)
    assert isinstance(item.event, Gone)
    assert (item.event.address, item.event.scope) == (ZOE, "newsletter")
    assert item.event.external_id.endswith(":30000000")  # the same click a year later is another


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"unsubscribe": 1}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        payloads.parse(body, SECRET)


def test_a_link_of_somebody_else_is_kept_as_a_problem() -> None:
    (item,) = payloads.parse(json.dumps({"unsubscribe": seals.seal("anders", ZOE), "at": 1}).encode(), SECRET)
    assert item.problem
    assert "zoe" not in item.problem


# ── Hostile bytes ─────────────────────────────────────────────────────────

MAILS = [(FIXTURES / name).read_bytes() for name in sorted(path.name for path in FIXTURES.glob("*.eml"))]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MAILS), st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=12)), max_size=6), st.booleans()
)  # fmt: skip
def test_no_mail_breaks_the_reader(mail: bytes, changes: list[tuple[int, bytes]], whole: bool) -> None:
    for at, piece in changes:
        mail = mail[:at] + piece + mail[at + len(piece) :]
    for item in payloads.read(Letter("7", "21", mail, whole), config(authserv="mx.stadt.example")):
        encode(item)
        assert b"\\u0000" not in encode(item)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_break_the_reader(mail: bytes) -> None:
    for item in payloads.read(Letter("7", "21", mail), config()):
        encode(item)
