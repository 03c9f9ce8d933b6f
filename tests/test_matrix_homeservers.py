"""The connector for Matrix at a real homeserver (Synapse), with citizens whose app is matrix-nio, and the same at its double."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conftest import two_ports
from tests.homeserver import SERVER, Homeserver, running_homeserver
from tests.matrix_citizens import Ear, NioCitizen, listening
from tests.matrix_world import World, configs, played, said
from tests.test_connectors_at_the_providers import CONTENTS, PNG, Files

from buergerdraht.connectors.contract import (
    AddressGone,
    Changed,
    ChannelBroken,
    Content,
    Gone,
    Media,
    MediaKind,
    Receipt,
    ReceiptState,
    Received,
    Rejected,
    Temporary,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.matrix import names
from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.connectors.matrix.connector import V3, Matrix
from buergerdraht.connectors.matrix.rooms import CROWD

VOICE = b"OggS" + bytes(50)


@dataclass
class Synapse:
    server: Homeserver
    found: dict[str, MatrixConfig]
    ear: Ear


@pytest.fixture(scope="module")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    folder: Path = tmp_path_factory.mktemp("homeserver")
    port = two_ports()
    found = configs(f"http://127.0.0.1:{port}")
    files = {name: one.registration(f"http://127.0.0.1:{port + 1}/hook/{name}") for name, one in found.items()}
    files["narrow"] = files["narrow"].replace("rate_limited: false", "rate_limited: true")
    ear = Ear({name: Matrix(one, None) for name, one in found.items()})  # type: ignore[arg-type] # it calls nobody
    with listening(ear, port + 1), running_homeserver(folder, port, files) as server:
        yield Synapse(server, found, ear)


@pytest.fixture(params=["synapse", "double"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async for found in _real(request.getfixturevalue("synapse")) if request.param == "synapse" else played():
        yield found


async def _real(synapse: Synapse) -> AsyncIterator[World]:
    http, opened = Http(), []
    synapse.ear.heard.clear()
    connectors = {name: Matrix(one, http) for name, one in synapse.found.items()}

    async def citizen(name: str) -> NioCitizen:
        made = NioCitizen(synapse.server.url, f"{name}_{uuid.uuid4().hex[:6]}", SERVER)
        await made.open()
        opened.append(made)
        return made

    for connector in connectors.values():
        await connector.activate("")
    yield World(synapse.ear, connectors["wide"], connectors["narrow"], citizen, connectors["wide"].config.account)
    for each in opened:
        await each.close()
    await http.close()


# ── Conversations ─────────────────────────────────────────────────────────


async def test_we_open_a_conversation_and_find_its_room_again(world: World) -> None:
    ada = await world.citizen("ada")
    (first,) = await world.send(ada.name, Content(text="Guten Tag"))
    (second,) = await world.send(ada.name, Content(text="Noch etwas"))
    assert names.room_of(first) == names.room_of(second)
    later = Matrix(world.matrix.config, world.matrix.http)  # another process knows nothing but what the account keeps
    sent = await later.send(later.plan(Content(text="Drittens")).parts[0], ada.name, token=uuid.uuid4().hex, files=Files())
    assert names.room_of(sent.external_id) == names.room_of(first)
    await ada.accept()
    assert ada.room == names.room_of(first)
    for words in ("Guten Tag", "Noch etwas", "Drittens"):
        await ada.sees(words)
    moved = await world.ear.hears(lambda event: isinstance(event, Changed) and event.values["old"] == ada.name)
    assert moved.values["new"] == names.address(ada.name, ada.room)
    await ada.write("Danke")
    heard = await world.ear.hears(said(ada, text="Danke"))
    assert (heard.sender.address, heard.sender.aliases) == (names.address(ada.name, ada.room), (ada.name,))


async def test_somebody_opens_a_conversation_and_gets_an_answer_to_it(world: World) -> None:
    bela = await world.citizen("bela")
    address = await world.settled(bela)
    asked = await bela.write("Wann ist Markt?")
    heard = await world.ear.hears(said(bela, kind="text", text="Wann ist Markt?"))
    assert heard.external_id == asked
    await world.send(address, Content(text="Am **Samstag**", quote=heard.external_id))
    answer = await bela.sees("Am Samstag")
    assert answer["formatted_body"] == "Am <strong>Samstag</strong>"
    assert answer["m.relates_to"]["m.in_reply_to"]["event_id"] == names.event_of(asked)


async def test_what_was_said_before_we_came_in_is_heard(world: World) -> None:
    cem = await world.citizen("cem")
    await cem.begin(world.account)
    first = await cem.write("Hallo, ist da jemand?")
    started = await world.ear.hears(said(cem, kind="start"))
    await world.matrix.acknowledge(started.callback)
    stream = world.matrix.receive()
    items = await asyncio.wait_for(anext(stream), 10)
    await stream.aclose()
    events = [one.event for one in items]
    assert [(event.text, event.external_id) for event in events if isinstance(event, Received)] == [("Hallo, ist da jemand?", first)]


async def test_an_answer_joins_a_room_whose_invitation_nobody_had_accepted(world: World) -> None:
    dora = await world.citizen("dora")
    await dora.begin(world.account)
    started = await world.ear.hears(said(dora, kind="start"))
    await world.send(started.sender.address, Content(text="Willkommen"))
    await dora.sees("Willkommen")


async def test_an_invitation_into_a_room_of_many_is_left_alone(world: World) -> None:
    emil, fritz = await world.citizen("emil"), await world.citizen("fritz")
    await emil.begin(world.account, direct=False)
    await world.settled(fritz)  # which was pushed after it
    assert not [one for one in world.ear.heard if isinstance(one.event, Received) and one.event.sender.handle == emil.name]


async def test_nobody_is_answered_in_a_room_where_a_third_reads(world: World) -> None:
    ada, mallory = await world.citizen("ada"), await world.citizen("mallory")
    own = await world.settled(ada)
    await ada.write("Ich brauche Rat")
    heard = await world.ear.hears(said(ada, text="Ich brauche Rat"))
    assert heard.sender.address == own
    await world.settled(mallory)
    await mallory.write("Hallo")
    await world.ear.hears(said(mallory, text="Hallo"))
    trap = mallory.room
    await mallory.bring(ada)
    await until(lambda: world.matrix.rooms.whose(trap) == CROWD)
    changes = [str(one.event.values) for one in world.ear.heard if isinstance(one.event, Changed)]
    assert not [change for change in changes if trap in change and ada.name in change]
    (answer,) = await world.send(names.address(ada.name, trap), Content(text="Ihre Beratung: Dienstag"))
    assert names.room_of(answer) != trap
    inside = await world.matrix._call("GET", f"{V3}/rooms/{quote(trap, safe='')}/joined_members", "members")
    assert inside.status in {403, 404}, "we are out of it"


async def until(there: Callable[[], bool]) -> None:
    for _ in range(200):
        if there():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("waited in vain")


async def test_an_encrypted_conversation_is_answered_once_and_led_into_another(world: World) -> None:
    gabi = await world.citizen("gabi")
    await gabi.begin(world.account, encrypted=True)
    started = await world.ear.hears(said(gabi, kind="start"))
    assert started.callback.startswith("unreadable:")
    assert started.sender.address == gabi.name
    unreadable_room = gabi.room
    await world.matrix.acknowledge(started.callback)
    await gabi.scramble()
    heard = await world.ear.hears(said(gabi, kind="unsupported"))
    assert (heard.raw_kind, heard.sender.address) == ("m.room.encrypted", gabi.name)
    await world.matrix.acknowledge(heard.callback)
    await gabi.sees("verschlüsselt")
    (answer,) = await world.send(heard.sender.address, Content(text="Hier können wir lesen"))
    await gabi.accept()
    assert gabi.room == names.room_of(answer) != unreadable_room
    told = [one for one in world.ear.heard if isinstance(one.event, Receipt) and names.room_of(one.event.external_id) == unreadable_room]
    assert not told  # it is no letter


# ── What goes out ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", CONTENTS)
async def test_a_homeserver_accepts_everything_we_plan(world: World, name: str) -> None:
    hanna = await world.citizen("hanna")
    address = await world.settled(hanna)
    sent = await world.send(address, CONTENTS[name])
    assert sent
    assert all(names.room_of(one) == hanna.room for one in sent)


async def test_our_own_events_come_back_and_settle_every_doubt(world: World) -> None:
    ivo = await world.citizen("ivo")
    address, token = await world.settled(ivo), uuid.uuid4().hex
    (sent,) = await world.send(address, Content(text="Kommt an"), token)
    receipt = await world.ear.hears(lambda event: isinstance(event, Receipt) and event.external_id == sent)
    assert (receipt.token, receipt.state) == (f"{token}.0", ReceiptState.SENT)


async def test_a_letter_sent_again_is_the_same_message(world: World) -> None:
    jana = await world.citizen("jana")
    address, token = await world.settled(jana), uuid.uuid4().hex
    assert await world.send(address, Content(text="Einmal"), token) == await world.send(address, Content(text="Einmal"), token)


async def test_we_react_mark_as_read_and_show_that_we_write(world: World) -> None:
    karl = await world.citizen("karl")
    address = await world.settled(karl)
    asked = await karl.write("Bitte zurückrufen")
    await world.ear.hears(said(karl, text="Bitte zurückrufen"))
    (reaction,) = await world.send(address, Content(reaction="👍", quote=asked))
    assert names.room_of(reaction) == karl.room
    await world.matrix.mark_read(asked, address, typing=True)
    if isinstance(karl, NioCitizen):
        await karl.until(
            lambda: len({type(one).__name__ for one in karl.notices} & {"ReceiptEvent", "TypingNoticeEvent"}) == 2, "both marks"
        )
        assert any(event["type"] == "m.reaction" and event["content"]["m.relates_to"]["key"] == "👍" for event in karl.seen)


async def test_a_file_too_large_for_the_homeserver_is_refused_by_its_name(world: World) -> None:
    address = await world.settled(await world.citizen("lena"))
    huge = 51 << 20 if world.double else 3 << 20
    media = Media(id="x", kind=MediaKind.IMAGE, mime="image/png", size=10, file_name="riesig.png")

    class Large(Files):
        async def read(self, media: Media) -> bytes:
            return bytes(huge)

    part = world.matrix.plan(Content(media=(media,))).parts[0]
    with pytest.raises(Rejected) as caught:
        await world.matrix.send(part, address, token=uuid.uuid4().hex, files=Large())
    assert caught.value.reason == "media_refused"


# ── What comes in ─────────────────────────────────────────────────────────


async def test_a_picture_a_voice_and_a_place_come_in(world: World) -> None:
    mona = await world.citizen("mona")
    await world.settled(mona)
    await mona.photo(PNG, "Hier ist das Loch")
    photo = await world.ear.hears(said(mona, kind="media", text="Hier ist das Loch"))
    assert photo.media[0].kind is MediaKind.IMAGE
    assert await world.matrix.fetch(photo.media[0]) == (PNG, "image/png")
    await mona.voice(VOICE)
    voice = await world.ear.hears(lambda event: said(mona, kind="media")(event) and event.media[0].kind is MediaKind.VOICE)
    assert (await world.matrix.fetch(voice.media[0]))[0] == VOICE
    await mona.place(51.5, 7.25)
    place = await world.ear.hears(said(mona, kind="location"))
    assert (place.location.latitude, place.location.longitude) == (51.5, 7.25)


async def test_a_reaction_a_reply_a_correction_and_a_deletion_come_in(world: World) -> None:
    nils = await world.citizen("nils")
    address = await world.settled(nils)
    (ours,) = await world.send(address, Content(text="Der Markt fällt aus"))
    await nils.sees("Der Markt fällt aus")
    await nils.react(ours, "😢")
    assert (await world.ear.hears(said(nils, kind="reaction"))).quote == ours
    answer = await nils.write("Schade", ours)
    assert (await world.ear.hears(said(nils, text="Schade"))).quote == ours
    await nils.edit(answer, "Sehr schade")
    edit = await world.ear.hears(said(nils, kind="edit"))
    assert (edit.text, edit.quote) == ("Sehr schade", answer)
    await nils.delete(answer)
    assert (await world.ear.hears(said(nils, kind="deletion"))).quote == answer


async def test_reading_is_reported_for_the_message_and_all_before_it(world: World) -> None:
    olga = await world.citizen("olga")
    address = await world.settled(olga)
    await world.send(address, Content(text="Erstens"))
    (second,) = await world.send(address, Content(text="Zweitens"))
    await olga.sees("Zweitens")
    await olga.read(second)
    named = await world.ear.hears(
        lambda event: isinstance(event, Receipt) and event.state is ReceiptState.READ and event.external_id == second
    )
    before = await world.ear.hears(lambda event: isinstance(event, Receipt) and event.until == named.at)
    assert (named.address, before.external_id, before.address) == (address, "", address)


async def test_who_leaves_is_gone_and_who_comes_again_is_back(world: World) -> None:
    paul = await world.citizen("paul")
    address = await world.settled(paul)
    await paul.leave()
    gone = await world.ear.hears(lambda event: isinstance(event, Gone) and not event.back and event.address == address)
    assert gone.reason == "blocked"
    again = await world.settled(paul)
    assert again != address
    await world.send(again, Content(text="Schön, dass Sie wieder da sind"))
    await paul.sees("wieder da")


async def test_what_we_hold_with_somebody_ends_with_them(world: World) -> None:
    rosa = await world.citizen("rosa")
    (first,) = await world.send(rosa.name, Content(text="Guten Tag"))
    room = names.room_of(first)
    await rosa.accept()
    await world.matrix.leave([names.address(rosa.name, room), f"@nie-da:{SERVER}", "kein Name"])
    for _ in range(2):  # twice is once
        await world.matrix.leave([rosa.name])
    assert (await world.matrix._call("GET", f"{V3}/rooms/{quote(room, safe='')}/messages?dir=b", "messages")).status == 403
    (second,) = await world.send(rosa.name, Content(text="Sie haben uns wieder geschrieben"))
    assert names.room_of(second) != room


async def test_nobody_is_written_to_in_a_room_that_is_not_ours(world: World) -> None:
    with pytest.raises(AddressGone):
        await world.send(f"@quirin:{SERVER} !nichts:{SERVER}", Content(text="x"))


# ── Faults ────────────────────────────────────────────────────────────────


async def test_a_limit_names_how_long_it_lasts(world: World) -> None:
    """A homeserver limits rooms opened, too: whoever writes to many for the first time meets that first."""
    part = world.narrow.plan(Content(text="Viel")).parts[0]

    async def many() -> None:
        for number in range(30):
            name = f"@neu{number}_{uuid.uuid4().hex[:6]}:{SERVER}"
            await world.narrow.send(part, name, token=uuid.uuid4().hex, files=Files())

    with pytest.raises(Temporary) as caught:
        await many()
    assert (caught.value.reason, caught.value.limit, caught.value.scope) == ("rate_limit", True, "channel")
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after < 60


async def test_a_token_nobody_knows_breaks_the_channel_and_the_check_says_so(world: World) -> None:
    wrong = Matrix(world.matrix.config.model_copy(update={"as_token": "falsch"}), world.matrix.http)
    with pytest.raises(ChannelBroken) as caught:
        await wrong.send(wrong.plan(Content(text="x")).parts[0], f"@sven:{SERVER}", token="t", files=Files())
    assert caught.value.reason == "token_invalid"
    health = await wrong.check()
    assert (health.ok, [note.code for note in health.findings]) == (False, ["token_invalid"])


async def test_the_check_lets_the_homeserver_call_us(world: World) -> None:
    called = len(world.ear.transactions)
    health = await world.matrix.check()
    assert (health.ok, list(health.findings)) == (True, [])
    assert health.facts == {"name": "Stadt Musterstadt", "number": world.account}
    assert "_matrix/app/v1/ping" in world.ear.transactions[called:]


async def test_a_transaction_we_could_not_store_comes_again(world: World) -> None:
    tina = await world.citizen("tina")
    await world.settled(tina)
    await asyncio.sleep(0.3)
    world.ear.answers = 1
    await tina.write("Kommt dies an?")
    await world.ear.hears(said(tina, text="Kommt dies an?"))
