"""The chat page: what is said comes in by the gateway's door, what is shown is this visit's own, nothing is kept unasked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht import inbound
from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Choice, Content, Item
from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.contacts import moving, outreach
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import arrivals, channels, doorstep, files, media_job, opening, receipts
from buergerdraht.gateway.models import Channel, InboundEvent, Media, Outbound, Part
from buergerdraht.website import chat, floods
from buergerdraht.website.floods import Dam, Quota

pytestmark = pytest.mark.django_db
Talk = Callable[[Content], str]
VISIT, OTHER = "V" * 43, "W" * 43
CHAT = "/p/stadt/chat"


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt Beispiel", languages=["de", "en"])


@pytest.fixture(autouse=True)
def channel(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> Channel:
    for name in ("by_visit", "by_place", "by_glance"):
        monkeypatch.setattr(chat, name, Dam(rate=1.0, burst=1000.0))
    found = chat_channel(town)
    return found


def chat_channel(organisation: Organisation, **config: Any) -> Channel:
    sealed = channels.sealed(WebChatConfig.model_validate(config))
    return Channel.objects.create(organisation=organisation, kind="webchat", name="Chat", config=sealed, state=Channel.State.RUNNING)


def handle(channel: Channel) -> None:
    """What the worker does."""
    desk = arrivals.Desk(inbound.handle, inbound.hurries)
    while any(arrivals.take(channel.pk, desk, shard) for shard in range(opening.SHARDS + 1)):
        pass


def write(client: Client, text: str = "Guten Tag", visit: str = VISIT, **more: Any) -> Any:
    values = {"besuch": visit, "einmal": "0f3c9a52-5b0e", "sprache": "de", "text": text, **more}
    return client.post(CHAT, values, headers={"Accept": "application/json"})


def at(channel: Channel, visit: str) -> Address:
    rows = Address.objects.select_related("contact", "channel", "organisation")
    return rows.get(address_hash=vault.lookup(channel.organisation_id, visit))


def let_out(outbound: Outbound, position: int = 0) -> str:
    number, values = f"chat:{outbound.pk}.{position}", {"channel": outbound.channel, "state": "accepted", "at": timezone.now()}
    Part.objects.create(outbound_id=outbound.pk, position=position, external_id=number, **values)
    return number


def arrived(channel: Channel, content: Content, visit: str = VISIT) -> str:
    """Let the sender have let a letter out; gives the part's id."""
    outbound = outreach.send(at(channel, visit), content, purpose="reply")
    parts = channels.plan_of("webchat", content).parts
    now = timezone.now()
    Outbound.objects.filter(pk=outbound.pk).update(state="accepted", parts_total=len(parts), parts_done=len(parts), accepted_at=now)
    for position in range(len(parts)):
        let_out(outbound, position)
    return f"chat:{outbound.pk}.0"


def shown(client: Client, visit: str = VISIT, **more: str) -> Any:
    return client.post(f"{CHAT}/stand", {"besuch": visit, **more})


def photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
    return SimpleUploadedFile("loch.jpg", out.getvalue(), "image/jpeg")


# ── The page ──────────────────────────────────────────────────────────────


def test_the_page_keeps_nothing_before_somebody_writes(client: Client) -> None:
    answer = client.get(CHAT)
    assert answer.status_code == 200
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store, private"
    assert "Stadt Beispiel" in answer.content.decode()
    assert not Contact.objects.exists()


def test_only_sites_that_are_named_may_show_it_in_a_frame(client: Client, town: Organisation, channel: Channel) -> None:
    assert client.get(CHAT)["Content-Security-Policy"].endswith("frame-ancestors 'self'")
    channel.delete()
    chat_channel(town, sites="https://www.stadt.example")
    answer = client.get(CHAT)
    assert answer["Content-Security-Policy"].endswith("frame-ancestors 'self' https://www.stadt.example")
    assert "X-Frame-Options" not in answer
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"]


def test_without_a_chat_the_page_says_so(client: Client, channel: Channel) -> None:
    Channel.objects.update(state=Channel.State.PAUSED)
    assert client.get(CHAT).status_code == 404
    assert write(client).status_code == 404
    assert chat.chat_url(channel.organisation) == ""


def test_it_speaks_english_to_whoever_asks_for_it(client: Client) -> None:
    assert '<html lang="en"' in client.get(f"{CHAT}?sprache=en").content.decode()
    assert '<html lang="de"' in client.get(CHAT, headers={"Accept-Language": "de-DE"}).content.decode()


def test_who_comes_from_the_subscribing_page_finds_the_words_ready_and_unsent(client: Client, town: Organisation) -> None:
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    assert ">ABO verkehr</textarea>" in client.get(f"{CHAT}?themen=verkehr").content.decode()
    assert "></textarea>" in client.get(f"{CHAT}?themen=gibt-es-nicht").content.decode()
    assert not InboundEvent.objects.exists()


# ── Writing ───────────────────────────────────────────────────────────────


def test_what_is_written_is_committed_before_the_page_says_so_and_reaches_the_inbox(client: Client, channel: Channel) -> None:
    """Law 1."""
    assert write(client, "Wann ist offen?").status_code == 200
    assert InboundEvent.objects.filter(channel=channel, state="new").count() == 1
    handle(channel)
    message = Message.objects.get(author="citizen")
    assert message.text == "Wann ist offen?"
    address = Address.objects.get()
    assert VISIT not in address.handle + (message.external_id or "")


def test_where_storing_fails_the_page_does_not_say_that_it_was_taken(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1."""

    def away(*_: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(doorstep, "put", away)
    answer = write(client)
    assert answer.status_code == 503
    assert answer.json()["problem"]


def test_the_same_message_sent_twice_is_one(client: Client, channel: Channel) -> None:
    """Law 2."""
    keys = {write(client).json()["key"] for _ in range(3)}
    handle(channel)
    assert len(keys) == 1
    assert Message.objects.filter(author="citizen").count() == 1


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"text": ""}, 400),
        ({"text": "  \n"}, 400),
        ({"text": "x" * 4001}, 400),
        ({"wahl": "chat:1.0 gibt-es-nicht"}, 400),
        ({"wahl": "quatsch"}, 400),
    ],
)
def test_what_is_not_taken_is_said_to_be_so(client: Client, values: dict[str, str], status: int) -> None:
    answer = write(client, **values)
    assert answer.status_code == status
    assert answer.json()["problem"]
    assert not InboundEvent.objects.exists()


def test_hostile_letters_are_shown_as_letters(client: Client, channel: Channel) -> None:
    assert write(client, "Hallo\0").status_code == 400
    write(client, "<script>alert(1)</script>")
    handle(channel)
    page = shown(client).content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_flood_is_held_off(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "by_visit", Dam(rate=0.001, burst=3.0))
    assert [write(client, einmal=f"{n:08}").status_code for n in range(5)] == [200, 200, 200, 429, 429]
    assert write(client, visit=OTHER).status_code == 200
    monkeypatch.setattr(chat, "by_place", Dam(rate=0.001, burst=1.0))
    assert [write(client, visit=chr(65 + n) * 43).status_code for n in range(2)] == [200, 429]


def test_nobody_posts_from_another_site(client: Client) -> None:
    for headers in ({"Origin": "https://boese.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(CHAT, {"besuch": VISIT, "text": "x"}, headers=headers).status_code == 403
    assert client.post(CHAT, {"besuch": VISIT, "text": "x"}, headers={"Origin": "http://testserver"}).status_code == 200


def test_without_scripts_a_form_does_the_same(client: Client, channel: Channel) -> None:
    page = client.post(CHAT, {"besuch": VISIT, "einmal": "12345678", "sprache": "de", "text": "Hallo"}).content.decode()
    assert VISIT in page
    assert "Gesendet." in page
    handle(channel)
    arrived(channel, Content(text="Wir sind da."))
    page = client.post(CHAT, {"besuch": VISIT, "aktion": "stand"}).content.decode()
    assert "Hallo" in page
    assert "Wir sind da." in page
    assert Message.objects.filter(author="citizen").count() == 1


def test_a_wrong_word_in_the_form_keeps_what_was_typed(client: Client) -> None:
    page = client.post(CHAT, {"besuch": VISIT, "text": "y" * 4001}).content.decode()
    assert "y" * 4001 in page
    assert "zu lang" in page


# ── Files ─────────────────────────────────────────────────────────────────


def test_a_photo_comes_in_and_is_shown_to_its_visit(client: Client, channel: Channel) -> None:
    assert write(client, "Ein Loch", datei=photo()).status_code == 200
    handle(channel)
    assert "wird geprüft" in shown(client).content.decode()
    media_job.run_once()
    media = Media.objects.get()
    assert media.state == "ready"
    page = shown(client).content.decode()
    url = page.split('src="')[1].split('"')[0]
    answer: Any = client.get(url)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == files.path(media).read_bytes()
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("body", [b"MZ" + bytes(500), b"<html><script>alert(1)</script></html>", b""])
def test_a_file_that_is_neither_photo_nor_pdf_is_refused(client: Client, body: bytes) -> None:
    answer = write(client, datei=SimpleUploadedFile("bild.jpg", body, "image/jpeg"))
    assert answer.status_code in {400, 200}
    if answer.status_code == 200:  # an empty file is none
        assert not body
    assert not Media.objects.exists()


def test_a_file_that_is_too_large_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "LARGEST", 100)
    assert write(client, datei=photo()).status_code == 413


def test_files_are_held_off_by_their_weight_and_where_the_disk_is_nearly_full(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, sentence in (("by_weight", "Über Ihren Anschluss kamen heute"), ("by_town", "Heute haben wir schon so viele Dateien")):
        with monkeypatch.context() as narrow:
            narrow.setattr(chat, name, Quota(name, photo().size * 1.5, 86_400))
            answers = [write(client, datei=photo()) for _ in range(2)]
            assert [each.status_code for each in answers] == [200, 429]
            assert answers[1].json()["problem"].startswith(sentence)
    monkeypatch.setattr(doorstep, "has_room", lambda: False)
    assert write(client, datei=photo()).status_code == 507
    assert write(client, "Ohne Bild").status_code == 200


def test_files_are_refused_where_the_authority_wants_none(client: Client, town: Organisation, channel: Channel) -> None:
    channel.delete()
    chat_channel(town, files=False)
    assert write(client, datei=photo()).status_code == 400
    assert 'name="datei"' not in client.get(CHAT).content.decode()


def test_an_address_of_a_file_cannot_be_made_up_and_ends(client: Client, town: Organisation) -> None:
    media = files.store(town, photo().read(), "bild.jpg")
    today = timezone.localdate()
    good, old, soon = (chat.sign(str(media.pk), today + timedelta(days=days)) for days in (0, -2, 1))
    assert client.get(f"{CHAT}/datei/{good}").status_code == 200
    for wrong in (old, soon, good[:-1] + ("a" if good[-1] != "a" else "b"), str(media.pk), "x", media.pk.hex + "~x"):
        assert client.get(f"{CHAT}/datei/{wrong}").status_code == 404
    Organisation.objects.create(slug="andere", name="Andere")
    assert client.get(f"/p/andere/chat/datei/{good}").status_code == 404


# ── Answers ───────────────────────────────────────────────────────────────


@pytest.fixture
def talking(client: Client, channel: Channel) -> Talk:
    for visit in (VISIT, OTHER):
        write(client, "Hallo", visit)
    handle(channel)
    return lambda content: arrived(channel, content)


def test_an_answer_is_shown_to_this_visit_and_to_no_other(client: Client, talking: Talk) -> None:
    talking(Content(text="Nur für **Sie**"))
    assert "Nur für <strong>Sie</strong>" in shown(client).content.decode()
    assert "Nur für" not in shown(client, OTHER).content.decode()
    assert shown(client, "kurz").status_code == 404


def test_what_is_queued_is_not_shown_before_the_sender_let_it_out(client: Client, talking: Talk, channel: Channel) -> None:
    outreach.send(at(channel, VISIT), Content(text="noch nicht"), purpose="reply")
    assert "noch nicht" not in shown(client).content.decode()


def test_a_page_that_shows_it_already_is_told_nothing(client: Client, talking: Talk) -> None:
    talking(Content(text="Eins"))
    first = shown(client)
    assert shown(client, stempel=first["X-Stempel"]).status_code == 204
    talking(Content(text="Zwei"))
    assert shown(client, stempel=first["X-Stempel"]).status_code == 200


def test_a_choice_is_a_button_and_a_press_comes_in_as_that_choice(client: Client, talking: Talk, channel: Channel) -> None:
    choices = (Choice(id="erase:no", title="Behalten"), Choice(id="web", title="Seite", url="https://stadt.example"))
    part = talking(Content(text="Was?", choices=choices))
    page = shown(client).content.decode()
    assert f'value="{part} erase:no"' in page
    assert 'href="https://stadt.example"' in page
    assert write(client, "", wahl=f"{part} erase:no", einmal="99999999").status_code == 200
    assert write(client, "", visit=OTHER, wahl=f"{part} erase:no").status_code == 400
    handle(channel)
    message = Message.objects.filter(author="citizen").latest("id")
    assert (message.text, message.data["choice"], message.quote) == ("Behalten", "erase:no", part)


def test_what_was_shown_and_looked_at_is_told_once_and_only_of_ones_own(client: Client, talking: Talk, channel: Channel) -> None:
    """Law 4: receipts climb."""
    part = talking(Content(text="Hallo"))
    for visit, state in ((OTHER, "gelesen"), (VISIT, "zugestellt"), (VISIT, "gelesen"), (VISIT, "gelesen"), (VISIT, "zugestellt")):
        assert client.post(f"{CHAT}/gesehen", {"besuch": visit, state: part}).status_code == 204
        _apply(channel)
    assert Outbound.objects.filter(receipt="read").count() == 1
    assert InboundEvent.objects.filter(lane="receipt").count() == 2


def _apply(channel: Channel) -> None:
    """What the receipts' worker does."""
    for event in InboundEvent.objects.filter(lane="receipt", state="new"):
        items = msgspec.json.decode(vault.decrypt(bytes(event.body)), type=list[Item])
        receipts.apply(channel.pk, [item.event for item in items])  # type: ignore[misc]
        InboundEvent.objects.filter(pk=event.pk).update(state="done")


# ── Leaving ───────────────────────────────────────────────────────────────


def test_the_button_to_delete_says_what_anybody_says_and_the_answer_erases(client: Client, talking: Talk, channel: Channel) -> None:
    write(client, "", loeschen="1", einmal="11111111")
    handle(channel)
    asked = Outbound.objects.latest("id")
    assert "erase:yes" in str(asked.content.content)
    Outbound.objects.filter(pk=asked.pk).update(state="accepted", parts_total=1, parts_done=1, accepted_at=timezone.now())
    let_out(asked)
    write(client, "", wahl=f"chat:{asked.pk}.0 erase:yes", einmal="22222222")
    handle(channel)
    assert Message.objects.filter(text="Hallo").count() == 1  # the other visit's
    assert shown(client)["X-Bekannt"] == "nein"
    assert shown(client, OTHER)["X-Bekannt"] == "ja"


def test_a_code_leads_on_to_a_messenger_where_there_is_one(client: Client, talking: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "links", lambda contact, code: [("Telegram", f"https://t.me/stadt_bot?start=wechsel-{code}")])
    page = client.post(f"{CHAT}/code", {"besuch": VISIT}).content.decode()
    assert "https://t.me/stadt_bot?start=wechsel-" in page
    assert "Weiter in Telegram" in page
    assert "Schreiben Sie zuerst" in client.post(f"{CHAT}/code", {"besuch": "N" * 43}).content.decode()


# ── The window on other sites ─────────────────────────────────────────────


def test_the_window_is_a_script_that_other_sites_may_load(client: Client) -> None:
    answer = client.get(f"{CHAT}/widget.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Chat mit Stadt Beispiel" in answer.content.decode()
    assert not answer.cookies


def test_a_name_cannot_break_out_of_the_script(client: Client, town: Organisation) -> None:
    Organisation.objects.update(name='"};alert(1);//')
    words = client.get(f"{CHAT}/widget.js").content.decode().split("\n")[1].removeprefix("const buergerdrahtWords = ").rstrip(";")
    assert json.loads(words)["title"] == 'Chat mit "};alert(1);//'


def test_a_dam_lets_a_burst_pass_and_then_so_many_a_second() -> None:
    dam = Dam(rate=1.0, burst=2.0)
    assert [dam.passes("a", now) for now in (0.0, 0.0, 0.0, 1.0, 1.5)] == [True, True, False, True, False]
    assert dam.passes("b", 1.5)


def test_a_quota_fills_again_and_is_each_houses_and_each_askers_own(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(floods.time, "time", lambda: now)
    quota = Quota("try", 100, 1000)
    assert [quota.passes(town.pk, "a", 60), quota.passes(town.pk, "a", 60), quota.passes(town.pk, "a", 40)] == [True, False, True]
    assert quota.passes(town.pk, "b", 100)
    assert quota.passes(Organisation.objects.create(slug="andere", name="Andere").pk, "a", 100)
    now += 500
    assert [quota.passes(town.pk, "a", 60), quota.passes(town.pk, "a", 50)] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_all_processes_take_from_one_quota(town: Organisation) -> None:
    """Each thread has a connection of its own, as another process has."""

    def take(_: int) -> int:
        try:
            return sum(Quota("try", 10, 86_400).passes(town.pk, "a", 1) for _ in range(5))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(4))) == 10
