"""The mail connector speaks to the strict double over real SMTP, IMAP and HTTP: what it sends is taken, what comes back is understood."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import web
from tests.test_connectors_at_the_providers import CONTENTS, FIRST, PNG, Files

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import (
    AddressGone,
    ChannelBroken,
    Choice,
    Content,
    Gone,
    Item,
    Receipt,
    Received,
    Rejected,
    Temporary,
)
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.connector import Email
from buergerdraht.connectors.http import Http
from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import Thing
from buergerdraht.simulator.providers import email_imap
from buergerdraht.simulator.providers.email import Email as EmailDouble
from buergerdraht.simulator.town import Account, Message, Person, Town

OWN, WORD = "buerger@stadt.example", "ein-kennwort"
MARK = "$Buergerdraht"


@dataclass
class World:
    town: Town
    double: EmailDouble
    account: Account
    connector: Email
    zoe: Person
    heard: list[Item] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.double.address(self.account, self.zoe)

    async def send(self, content: Content, letter: str = "7.0", address: str = "") -> Any:
        part = self.connector.plan(content).parts[0]
        return await self.connector.send(part, address or self.address, token=letter, files=Files())

    async def hears(self, wanted: Callable[[Any], bool]) -> Any:
        for _ in range(1000):  # a mail is read in a process of its own, which must begin first
            assert not [item.problem for item in self.heard if item.problem]
            if found := [item.event for item in self.heard if wanted(item.event)]:
                return found[-1]
            await asyncio.sleep(0.03)
        raise AssertionError("nothing of the kind came in")

    def newest(self) -> Message:
        return self.town.messages[self.town.chats[self.account.id, self.zoe.id][-1]]

    def raw(self) -> EmailMessage:
        mail = message_from_bytes(self.town.files[self.newest().data["raw"]].data, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def flags(self) -> list[list[str]]:
        return [each["flags"] for each in self.account.data["mails"]]


def config(account: Account, **more: Any) -> EmailConfig:
    values = {
        "own": OWN,
        "sender_name": "Stadt Musterstadt",
        "smtp_host": "127.0.0.1",
        "smtp_port": account.data["smtp_port"],
        "smtp_security": "none",
        "imap_host": "127.0.0.1",
        "imap_port": account.data["imap_port"],
        "imap_security": "none",
        "username": OWN,
        "password": WORD,
        "plus": True,
        "every": 1,
        "authserv": "post.example",
    }
    return EmailConfig.model_validate({**values, **more})


@pytest.fixture
async def world(unused_tcp_port: int) -> AsyncIterator[World]:
    town = Town()
    delivery = Delivery(town)
    double = EmailDouble(town, delivery)
    account = town.add_account(Account("email", "email1", "Stadt", WORD, username=OWN, data={}))
    await delivery.start()
    await double.start()
    http = Http(home=f"http://127.0.0.1:{unused_tcp_port}/webhook/email/abc")
    connector = Email(config(account), http)
    found = World(town, double, account, connector, town.add_person("Zoë Beispiel"))

    async def hook(request: web.Request) -> web.Response:
        called = Called(method=request.method, tail=request.match_info["tail"], query=dict(request.query), body=await request.read())
        body = connector.enclose(called)
        if body is None:
            return web.Response(status=404)
        connector.verify({}, body)
        found.heard.extend(connector.parse(body))
        return web.Response(text=connector.taken)

    app = web.Application()
    app.add_routes([web.post("/webhook/email/abc/{tail:.*}", hook)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield found
    await connector.office.close()
    await http.close()
    await double.stop()
    await delivery.stop()
    await runner.cleanup()


@pytest.fixture
async def hearing(world: World) -> AsyncIterator[World]:
    """The engine's ear: what it is given is stored, and only then it asks on."""

    async def hear() -> None:
        async with aclosing(world.connector.receive()) as told:  # type: ignore[type-var] # every `receive` is a generator
            async for items in told:
                world.heard.extend(items)

    task = asyncio.create_task(hear())
    yield world
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("name", CONTENTS)
async def test_the_post_takes_everything_we_plan(world: World, name: str) -> None:
    sent = await world.send(CONTENTS[name])
    assert re.fullmatch(r"<7\.0\.[0-9a-f]{24}@stadt\.example>", sent.external_id)
    assert world.newest().data["message_id"] == sent.external_id


async def test_a_newsletter_shows_picture_links_and_the_way_out(world: World) -> None:
    choices = (Choice(id="y", title="Ja, gern"), Choice(id="w", title="Lageplan", url="https://stadt.example/plan"))
    content = Content(title="Der Markt", text="Ab **Donnerstag**.", media=(FIRST,), footer="Abmelden: STOPP", choices=choices)
    await world.send(content)
    data, mail = world.newest().data, world.raw()
    assert data["alts"] == ["Der Platz"]
    assert [each["title"] for each in data["links"]] == ["Ja, gern", "Lageplan"]
    assert world.town.files[data["files"][0]].data == PNG
    assert str(mail["Subject"]) == "Der Markt"
    assert data["one_click"]
    assert world.connector.http.home in data["ways"][0]
    assert "zoe" not in data["ways"][0]
    assert "STOPP" not in data["text"]  # a link is what mail has
    assert data["ways"][0] in data["text"]


async def test_an_answer_stays_in_its_thread(hearing: World) -> None:
    world = hearing
    world.double.write(world.account, world.zoe, "Wann hat das Bürgerbüro offen?")
    asked = await world.hears(lambda event: isinstance(event, Received))
    assert (asked.sender.address, asked.sender.name, asked.text) == (world.address, "Zoë Beispiel", "Wann hat das Bürgerbüro offen?")
    sent = await world.send(Content(text="Montag bis Freitag.", quote=asked.external_id))
    mail = world.raw()
    assert str(mail["In-Reply-To"]) == asked.external_id
    assert str(mail["Subject"]) == "Re: Wann hat das Bürgerbüro offen?"
    assert str(mail["Auto-Submitted"]) == "auto-replied"
    world.double.write(world.account, world.zoe, "Danke!", quote=world.newest().id)
    thanks = await world.hears(lambda event: isinstance(event, Received) and event.text == "Danke!")
    assert thanks.quote == sent.external_id
    assert world.flags()[0] == ["\\Seen", MARK]


async def test_the_thread_is_found_in_the_mailbox_after_a_restart(world: World) -> None:
    asked = world.double.write(world.account, world.zoe, "Eine Frage")
    await world.send(Content(text="Eine Antwort", quote=asked.id))
    assert str(world.raw()["Subject"]) == "Re: Eine Frage"
    await world.send(Content(text="Noch eine", quote="<unbekannt@buerger.example>"), letter="8.0")
    assert str(world.raw()["In-Reply-To"]) == "<unbekannt@buerger.example>"


async def test_a_photo_is_fetched_from_its_mail(hearing: World) -> None:
    hearing.double.send_file(hearing.account, hearing.zoe, Thing("photo", PNG, "image/png", name="loch.png", caption="Ein Loch"))
    received = await hearing.hears(lambda event: isinstance(event, Received))
    assert (received.kind, received.text) == ("media", "Ein Loch")
    assert (received.media[0].file_name, received.media[0].size) == ("loch.png", len(PNG))
    assert await hearing.connector.fetch(received.media[0]) == (PNG, "image/png")
    hearing.account.data["validity"] += 1  # the folder was numbered anew: the name still finds it
    assert await hearing.connector.fetch(received.media[0]) == (PNG, "image/png")
    hearing.account.data["mails"].clear()
    with pytest.raises(Rejected):
        await hearing.connector.fetch(received.media[0])


async def test_a_tapped_choice_comes_as_its_words_and_quotes_its_letter(hearing: World) -> None:
    sent = await hearing.send(Content(text="Bestätigen?", choices=(Choice(id="y", title="Ja, bestätigen"), Choice(id="n", title="Nein"))))
    hearing.double.tap(hearing.account, hearing.zoe, hearing.newest(), "Ja, bestätigen")
    tapped = await hearing.hears(lambda event: isinstance(event, Received))
    assert (tapped.text, tapped.quote) == ("Ja, bestätigen", sent.external_id)


async def test_one_mail_in_the_box_twice_has_one_name(hearing: World) -> None:
    hearing.account.faults.duplicates = 1
    hearing.double.write(hearing.account, hearing.zoe, "Hallo")
    for _ in range(100):
        if len(hearing.heard) == 2:
            break
        await asyncio.sleep(0.05)
    assert len({item.event.external_id for item in hearing.heard if isinstance(item.event, Received)}) == 1
    assert len(hearing.heard) == 2


@pytest.mark.parametrize("way", ["stop", "stop-mail"])
async def test_one_click_ends_the_newsletters(hearing: World, way: str) -> None:
    await hearing.send(Content(title="Neues", text="Text", footer="Abmelden: STOPP"))
    hearing.double.prefer(hearing.account, hearing.zoe, way)
    gone = await hearing.hears(lambda event: isinstance(event, Gone))
    assert (gone.address, gone.scope, gone.reason) == (hearing.address, "newsletter", "unsubscribed")
    assert gone.external_id.startswith("unsubscribe:")


async def test_who_calls_us_spam_gets_no_more(hearing: World) -> None:
    await hearing.send(Content(title="Neues", text="Text", footer="Abmelden: STOPP"))
    hearing.double.block(hearing.account, hearing.zoe, blocked=True)
    gone = await hearing.hears(lambda event: isinstance(event, Gone))
    assert (gone.address, gone.scope) == (hearing.address, "newsletter")
    await hearing.send(Content(title="Noch eins", text="Text", footer="Abmelden: STOPP"), letter="9.0")
    assert hearing.newest().data["subject"] == "Neues"  # taken, and put aside


@pytest.mark.parametrize("plus", [True, False])
async def test_a_bounce_fails_its_letter_and_ends_the_address(hearing: World, plus: bool) -> None:
    hearing.zoe.reachable = False
    hearing.connector.config.plus = plus
    sent = await hearing.send(Content(text="Hallo"), letter="12.0")
    receipt = await hearing.hears(lambda event: isinstance(event, Receipt))
    assert (receipt.external_id, receipt.token, receipt.state, receipt.reason) == (sent.external_id, "12.0", "failed", "not_reachable")
    gone = await hearing.hears(lambda event: isinstance(event, Gone))
    assert (gone.address, gone.scope) == (hearing.address, "all")


async def test_an_absence_note_is_nobodys_letter(hearing: World) -> None:
    hearing.double.prefer(hearing.account, hearing.zoe, "away")
    await hearing.send(Content(text="Hallo"))
    for _ in range(100):
        if hearing.flags() and hearing.flags()[0]:
            break
        await asyncio.sleep(0.05)
    assert hearing.flags() == [["\\Seen", "\\Flagged", MARK]]  # a person finds it in the mailbox
    assert hearing.heard == []


# ── Faults ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "reason", "maybe", "limit"),
    [
        ("too_many", "rate_limit", False, True),
        ("broken", "unavailable", False, False),
        ("down", "unavailable", False, False),
        ("reset", "unavailable", True, False),
    ],
)
async def test_what_goes_wrong_is_said_honestly(world: World, fault: str, reason: str, maybe: bool, limit: bool) -> None:
    setattr(world.account.faults, fault, 1.0)
    with pytest.raises(Temporary) as problem:
        await world.send(Content(text="Hallo"))
    assert (problem.value.reason, problem.value.maybe_sent, problem.value.limit) == (reason, maybe, limit)
    setattr(world.account.faults, fault, 0.0)
    await world.send(Content(text="Hallo"))
    assert world.town.counts[world.account.id].accepted == (2 if fault == "reset" else 1)


async def test_many_mails_go_over_few_connections(world: World) -> None:
    world.account.throughput = 1000
    opened: list[int] = []
    before = world.connector.office._open

    async def counted() -> Any:
        opened.append(1)
        return await before()

    world.connector.office._open = counted  # type: ignore[method-assign]
    await asyncio.gather(*(world.send(Content(text="Hallo"), letter=f"{number}.0") for number in range(40)))
    assert world.town.counts[world.account.id].accepted == 40
    assert len(opened) <= 4


async def test_a_connection_that_went_stale_costs_no_try(world: World) -> None:
    await world.send(Content(text="Hallo"))
    for task in list(world.double.talks):
        task.cancel()  # the server lets go of it
    await asyncio.sleep(0.05)
    await world.send(Content(text="Noch einmal"), letter="8.0")
    assert world.newest().data["text"].strip() == "Noch einmal"


async def test_an_address_nobody_has_is_gone(world: World) -> None:
    for address in ("niemand@buerger.example", "kein-zeichen", "a@b.example\r\nRCPT TO:<x@y.example>", "ü@buerger.example"):
        with pytest.raises(AddressGone):
            await world.send(Content(text="Hallo"), address=address)
    assert world.town.counts[world.account.id].accepted == 0


async def test_a_wrong_word_stops_the_channel_in_both_directions(world: World) -> None:
    world.account.token = "ein anderes"
    with pytest.raises(ChannelBroken) as problem:
        await world.send(Content(text="Hallo"))
    assert problem.value.reason == "token_invalid"
    with pytest.raises(ChannelBroken) as problem:
        await anext(world.connector.receive())
    assert problem.value.reason == "token_invalid"
    health = await world.connector.check()
    assert [note.code for note in health.findings if note.level == "error"] == ["token_invalid", "token_invalid"]


async def test_the_check_of_a_sound_mailbox_finds_it_so(world: World) -> None:
    health = await world.connector.check()
    assert health.ok
    assert health.facts["number"] == OWN
    assert [note.code for note in health.findings] == ["no_one_click"]  # the machine of a test has no https


async def test_a_mailbox_whose_server_has_no_name_cannot_tell_what_is_forged(world: World) -> None:
    world.connector.config.authserv = ""
    health = await world.connector.check()
    assert health.ok
    assert [note.code for note in health.findings] == ["senders_unproven", "no_one_click"]


async def test_what_is_stored_late_is_read_again(world: World) -> None:
    """Law 1: until we are asked on, the mail stays unread."""
    world.double.write(world.account, world.zoe, "Hallo")
    told: Any = world.connector.receive()
    assert len(await anext(told)) == 1
    await told.aclose()
    assert world.flags() == [[]]
    again: Any = world.connector.receive()
    assert len(await anext(again)) == 1
    await again.aclose()


async def test_giving_up_a_channel_waits_for_no_server(world: World) -> None:
    """A mailbox that falls silent holds a thread, never the engine."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK IMAP4rev1\r\n")
        while line := await reader.readline():
            tag, verb = line.split()[:2]
            if verb == b"NOOP":
                silent.set()
                await asyncio.sleep(60)
            writer.write(b"* CAPABILITY IMAP4rev1\r\n" if verb == b"CAPABILITY" else b"")
            writer.write(tag + b" OK done\r\n")

    silent = asyncio.Event()
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    world.connector.config.imap_port = server.sockets[0].getsockname()[1]
    told: Any = world.connector.receive()
    hearing = asyncio.create_task(anext(told))
    await asyncio.wait_for(silent.wait(), 5)
    started = asyncio.get_running_loop().time()
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    assert asyncio.get_running_loop().time() - started < 2
    server.close()


@pytest.mark.parametrize("idles", [True, False])
async def test_new_mail_is_there_at_once_where_the_server_tells_of_it(world: World, monkeypatch: pytest.MonkeyPatch, idles: bool) -> None:
    if not idles:
        monkeypatch.setattr(email_imap, "CAPABILITIES", "IMAP4rev1 UNSELECT")
    world.connector.config.every = 1 if not idles else 3600
    told: Any = world.connector.receive()
    hearing = asyncio.create_task(anext(told))
    await asyncio.sleep(1.0)  # the first look is over
    world.double.write(world.account, world.zoe, "Ist jemand da?")
    items = await asyncio.wait_for(hearing, 5)
    assert items[0].event.text == "Ist jemand da?"
    await told.aclose()


async def test_who_writes_more_than_a_person_does_loses_no_letter(hearing: World) -> None:
    for number in range(23):
        hearing.double.write(hearing.account, hearing.zoe, f"Meldung {number}")
    await hearing.hears(lambda event: isinstance(event, Received) and event.text == "Meldung 22")
    heard = [item.event for item in hearing.heard if isinstance(item.event, Received)]
    assert [event.text for event in heard] == [f"Meldung {number}" for number in range(23)]
    assert [event.flooding for event in heard] == [False] * 20 + [True] * 3
