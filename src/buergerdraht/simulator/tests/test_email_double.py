"""The mail double by its documentation: the library's own SMTP and IMAP programs speak with it, and its rules hold as a table."""

from __future__ import annotations

import asyncio
import imaplib
import re
import smtplib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import CannotDo, Thing
from buergerdraht.simulator.providers.email import Email
from buergerdraht.simulator.samples import picture
from buergerdraht.simulator.town import Account, Person, Town

OWN, WORD = "amt@stadt.example", "ein-kennwort"


@dataclass
class World:
    town: Town
    double: Email
    account: Account
    zoe: Person

    @property
    def zoes(self) -> str:
        return self.double.address(self.account, self.zoe)

    async def ask(self, question: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(question)

    def smtp(self, *, signed: bool = True) -> smtplib.SMTP:
        post = smtplib.SMTP("127.0.0.1", self.account.data["smtp_port"], timeout=10)
        if signed:
            post.login(OWN, WORD)
        return post

    def imap(self) -> imaplib.IMAP4:
        box = imaplib.IMAP4("127.0.0.1", self.account.data["imap_port"], timeout=10)
        box.login(OWN, WORD)
        return box


@pytest.fixture
async def world() -> AsyncIterator[World]:
    town = Town()
    delivery = Delivery(town)
    double = Email(town, delivery)
    account = town.add_account(Account("email", "email1", "Amt", WORD, username=OWN))
    await delivery.start()
    await double.start()
    yield World(town, double, account, town.add_person("Zoë Beispiel"))
    await double.stop()
    await delivery.stop()


def mail(to: str, **more: str) -> EmailMessage:
    made = EmailMessage(policy=policy.SMTP)
    headers = {"From": OWN, "To": to, "Subject": "Grüße", "Date": "Sun, 29 Nov 2026 08:00:00 +0000", "Message-ID": "<a1@stadt.example>"}
    for name, value in {**headers, **{name.replace("_", "-"): value for name, value in more.items()}}.items():
        if value:
            made[name] = value
    made.set_content("Hallo\n.\n..Ende\n")
    return made


async def test_the_librarys_program_hands_in_a_mail(world: World) -> None:
    to = world.zoes

    def send() -> None:
        with world.smtp() as post:
            assert post.has_extn("size")
            assert post.send_message(mail(to)) == {}

    await world.ask(send)
    (bubble,) = world.town.chats[world.account.id, world.zoe.id]
    data = world.town.messages[bubble].data
    assert (data["subject"], data["text"].replace("\r\n", "\n")) == ("Grüße", "Hallo\n.\n..Ende\n")
    assert world.town.counts[world.account.id].accepted == 1


@pytest.mark.parametrize(
    ("speak", "code", "status"),
    [
        (lambda post, to: post.docmd("MAIL", f"FROM:<{OWN}>"), 530, "5.7.0"),
        (lambda post, to: post.docmd("AUTH", "PLAIN AGEAYg=="), 535, "5.7.8"),
        (lambda post, to: post.docmd("AUTH", "PLAIN ???"), 501, "5.5.4"),
        (lambda post, to: post.docmd("AUTH", "CRAM-MD5"), 504, "5.5.4"),
        (lambda post, to: post.docmd("HELO", "x"), 502, "5.5.2"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("MAIL", "FROM:<anders@stadt.example>"))[1], 553, "5.7.1"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("MAIL", f"FROM:{OWN}"))[1], 501, "5.5.4"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("MAIL", f"FROM:<{OWN}> SMTPUTF8"))[1], 555, "5.5.4"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("MAIL", f"FROM:<{OWN}> SIZE=99999999"))[1], 552, "5.3.4"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("RCPT", f"TO:<{to}>"))[1], 503, "5.5.1"),
        (lambda post, to: (post.login(OWN, WORD), post.docmd("DATA"))[1], 503, "5.5.1"),
        (lambda post, to: (post.login(OWN, WORD), post.mail(OWN), post.docmd("RCPT", "TO:<wer@nirgends.example>"))[2], 550, "5.1.1"),
        (lambda post, to: (post.login(OWN, WORD), post.mail(OWN), post.docmd("RCPT", "TO:<kein-zeichen>"))[2], 501, "5.1.3"),
        (lambda post, to: post.docmd("X" * 600), 500, "5.5.2"),
    ],
)
async def test_rules_of_the_conversation(world: World, speak: Callable[[Any, str], Any], code: int, status: str) -> None:
    to = world.zoes

    def ask() -> tuple[int, bytes]:
        with world.smtp(signed=False) as post:
            post.ehlo("amt.example")
            answer: tuple[int, bytes] = speak(post, to)
            return answer

    found = await world.ask(ask)
    assert (found[0], found[1].decode().split()[0]) == (code, status)


@pytest.mark.parametrize(
    ("more", "raw", "code"),
    [
        ({"Message_ID": ""}, b"", 550),
        ({"Date": ""}, b"", 550),
        ({"From": "anders@stadt.example"}, b"", 550),
        ({"Precedence": "bulk"}, b"", 550),
        ({"List_Unsubscribe": "<mailto:a@b.example>", "List_Unsubscribe_Post": "List-Unsubscribe=One-Click"}, b"", 550),
        ({"List_Unsubscribe": "<https://a.example/x>", "List_Unsubscribe_Post": "Yes"}, b"", 550),
        ({}, "Subject: Grüße\r\n\r\nx\r\n".encode(), 554),
        ({}, b"Subject: x\r\n\r\n" + b"a" * 1200 + b"\r\n", 500),
    ],
)
async def test_rules_of_a_mail(world: World, more: dict[str, str], raw: bytes, code: int) -> None:
    to = world.zoes
    body = raw or mail(to, **more).as_bytes()

    def send() -> int:
        with world.smtp() as post:
            post.mail(OWN)
            post.rcpt(to)
            return int(post.data(body)[0])

    assert await world.ask(send) == code
    assert world.town.counts[world.account.id].accepted == 0


async def test_the_librarys_program_reads_the_mailbox(world: World) -> None:
    world.double.write(world.account, world.zoe, "Wann haben Sie auf?\nDanke")
    world.double.send_file(world.account, world.zoe, Thing("photo", picture("schlagloch"), "image/jpeg", caption="Ein Loch"))

    def read() -> list[Any]:
        box = world.imap()
        assert box.select("INBOX")[1] == [b"2"]
        uids = box.uid("SEARCH", "UNSEEN")[1][0].split()
        sizes = box.uid("FETCH", uids[0].decode(), "(RFC822.SIZE FLAGS)")[1]
        whole = box.uid("FETCH", uids[0].decode(), "(BODY.PEEK[])")[1][0][1]
        unseen = box.uid("SEARCH", "UNSEEN")[1][0].split()
        box.uid("STORE", uids[0].decode(), "+FLAGS", "(\\Seen \\Flagged)")
        left = box.uid("SEARCH", "UNSEEN")[1][0].split()
        name = message_from_bytes(whole, policy=policy.default)["Message-ID"]
        named = box.uid("SEARCH", "HEADER", "Message-ID", f'"{name}"')[1][0].split()
        flagged = box.uid("SEARCH", "FLAGGED")[1][0].split()
        head = box.uid("FETCH", uids[1].decode(), "(BODY.PEEK[HEADER])")[1][0][1]
        box.close()
        box.logout()
        return [uids, sizes, whole, unseen, left, named, flagged, head]

    uids, sizes, whole, unseen, left, named, flagged, head = await world.ask(read)
    assert uids == [b"1", b"2"] == unseen
    assert (left, named, flagged) == ([b"2"], [b"1"], [b"1"])
    assert f"RFC822.SIZE {len(whole)}".encode() in sizes[0]
    letter = message_from_bytes(whole, policy=policy.default)
    assert str(letter["Subject"]) == "Wann haben Sie auf?"
    assert letter.get_body(("plain",)).get_content().split() == ["Wann", "haben", "Sie", "auf?", "Danke"]  # type: ignore[union-attr]
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("UID SEARCH UNSEEN", "BAD"),
        ("LOGIN amt@stadt.example falsch", "NO [AUTHENTICATIONFAILED]"),
        ("LOGIN nur-einer", "BAD"),
        ("FRISCHKÄSE", "BAD"),
        ("SELECT INBOX", "BAD"),
        ("CAPABILITY", "OK"),
    ],
)
async def test_rules_of_the_mailbox(world: World, line: str, answer: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.account.data["imap_port"])
    assert (await reader.readline()).startswith(b"* OK [CAPABILITY IMAP4rev1")
    writer.write(f"a1 {line}\r\n".encode())
    while not (found := (await reader.readline()).decode()).startswith("a1 "):
        pass
    writer.close()
    assert found.startswith(f"a1 {answer}")


async def test_idle_tells_of_what_arrives(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.account.data["imap_port"])
    for number, line in enumerate((f'LOGIN {OWN} "{WORD}"', "SELECT INBOX", "IDLE")):
        writer.write(f"a{number} {line}\r\n".encode())
    while not (await reader.readline()).startswith(b"+ idling"):
        pass
    world.double.write(world.account, world.zoe, "Hallo")
    assert await asyncio.wait_for(reader.readline(), 5) == b"* 1 EXISTS\r\n"
    writer.write(b"DONE\r\n")
    assert (await reader.readline()).startswith(b"a2 OK")
    writer.close()


async def test_a_bounce_is_a_report_the_library_can_read(world: World) -> None:
    world.zoe.reachable = False
    to = world.zoes

    def send() -> None:
        with world.smtp() as post:
            post.sendmail("amt+zeichen@stadt.example", [to], mail(to).as_bytes())

    await world.ask(send)
    for _ in range(50):
        if world.account.data["mails"]:
            break
        await asyncio.sleep(0.05)
    raw = world.town.files[world.account.data["mails"][0]["file"]].data
    report: Any = message_from_bytes(raw, policy=policy.default)
    assert report.get_content_type() == "multipart/report"
    assert not [part.defects for part in report.walk() if part.defects]
    assert (str(report["To"]), str(report["Return-Path"])) == ("amt+zeichen@stadt.example", "<>")
    _words, fields, head = report.iter_parts()
    blocks = fields.get_payload()
    assert (blocks[1]["Action"], blocks[1]["Status"], blocks[1]["Final-Recipient"]) == ("failed", "5.1.1", f"rfc822; {to}")
    assert "<a1@stadt.example>" in head.get_content()


async def test_a_complaint_is_a_report_the_library_can_read(world: World) -> None:
    to = world.zoes

    def send() -> None:
        with world.smtp() as post:
            post.send_message(mail(to))

    await world.ask(send)
    world.double.block(world.account, world.zoe, blocked=True)
    raw = world.town.files[world.account.data["mails"][0]["file"]].data
    report: Any = message_from_bytes(raw, policy=policy.default)
    _words, _fields, original = report.iter_parts()
    assert re.search(rb"Feedback-Type: abuse\r\n", raw)
    assert str(original.get_payload(0)["Message-ID"]) == "<a1@stadt.example>"


async def test_who_has_no_newsletter_cannot_leave_one(world: World) -> None:
    with pytest.raises(CannotDo):
        world.double.prefer(world.account, world.zoe, "stop")


async def test_a_mailbox_outlives_a_restart(world: World, tmp_path: Any) -> None:
    world.double.write(world.account, world.zoe, "Hallo")
    world.town.save(tmp_path / "town.json")
    again = Town()
    again.load(tmp_path / "town.json")
    account = again.accounts["email1"]
    assert again.files[account.data["mails"][0]["file"]].data.startswith(b"Return-Path:")
    assert again.person_by_name("email", world.zoes) is not None
