"""Links and QR codes that begin a dialog: shown where it is published, handed out as a picture, and what they carry begins it."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs import entrances, triggers
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.tests.conftest import Say, make_live
from buergerdraht.gateway.models import Channel

DESK = "/o/musterstadt/dialoge/"
SHORT = "steps: [{id: hi, kind: end, text: {de: Willkommen}}]"


@pytest.fixture
def bot(channel: Channel) -> Channel:
    channel.config = json.dumps(
        {"username": "musterstadt_bot", "bot_token": f"7300000001:{'a' * 35}", "secret_token": "geheim", "host": "http://localhost:1"}
    )
    channel.save()
    return channel


@pytest.fixture
def number(town: Organisation) -> Channel:
    config = {
        "number": "+49 30 23125 100", "phone_number_id": "100001", "waba_id": "200002", "access_token": "t" * 20, "app_secret": "s" * 20,
    }  # fmt: skip
    return Channel.objects.create(organisation=town, kind="whatsapp", name="Nummer", config=json.dumps(config), state="running")


@pytest.fixture
def signal(town: Organisation) -> Channel:
    config = json.dumps({"number": "+493023125110", "host": "http://127.0.0.1:8080"})
    return Channel.objects.create(organisation=town, kind="signal", name="Signal", config=config, state="running")


def page(desk: Client, row: Dialog) -> str:
    return desk.get(f"{DESK}{row.pk}/versionen/").content.decode()


def test_every_running_channel_has_its_link_with_code_and_copy_button(desk: Client, bulky: Dialog, bot: Channel, signal: Channel) -> None:
    Channel.objects.create(organisation=bulky.organisation, kind="telegram", name="Entwurf", config=bot.config, state="setup")
    shown = page(desk, bulky)
    assert shown.count("https://t.me/musterstadt_bot?start=sperrmuell</a>") == 1, "of the one that runs"
    assert 'data-copy="link-1"' in shown
    assert "https://signal.me/#p/+493023125110</a>" in shown
    assert "was man dort schreiben soll: <b>Sperrmüll</b>" in shown, "Signal's link carries nothing"
    for ending, begin in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        code = desk.get(f"{DESK}{bulky.pk}/qr/{bot.pk}/sperrmuell.{ending}")
        assert code.content.startswith(begin)
        assert f"{DESK}{bulky.pk}/qr/{bot.pk}/sperrmuell.{ending}?laden" in shown
    saved = desk.get(f"{DESK}{bulky.pk}/qr/{bot.pk}/sperrmuell.png?laden")
    assert saved["Content-Disposition"] == f'attachment; filename="{bulky.key}-telegram.png"'


def test_the_editor_leads_to_the_links_of_what_is_live(desk: Client, bulky: Dialog) -> None:
    way = f'{DESK}{bulky.pk}/versionen/#links"'
    assert way in desk.get(f"{DESK}{bulky.pk}/").content.decode()
    desk.post(f"{DESK}{bulky.pk}/stand/ausschalten/")
    assert way not in desk.get(f"{DESK}{bulky.pk}/").content.decode()


@pytest.mark.parametrize(("named", "drawn"), [("calendar", "calendar"), ("bot", "bolt"), ('"><b>', "bolt")])
def test_the_list_draws_the_picture_a_dialog_names_or_the_usual_one(desk: Client, town: Organisation, named: str, drawn: str) -> None:
    make_live(town, f"key: hi\ntitle: {{de: Hallo}}\nicon: '{named}'\n" + SHORT)
    listed = desk.get(DESK).content.decode().partition('<ul class="rows rows--link ds__dialogs">')[2]
    assert listed.partition("icons.svg#")[2].startswith(f'{drawn}"')


def test_there_is_no_code_of_another_name_channel_or_kind(desk: Client, bulky: Dialog, bot: Channel) -> None:
    kreis = Organisation.objects.create(slug="kreis", name="Kreis")
    foreign = Channel.objects.create(organisation=kreis, kind="telegram", name="Bot", config=bot.config, state="running")
    for way in (f"{bot.pk}/anders.svg", f"{bot.pk}/sperrmuell.gif", f"{foreign.pk}/sperrmuell.svg"):
        assert desk.get(f"{DESK}{bulky.pk}/qr/{way}").status_code == 404, way
    Channel.objects.filter(pk=bot.pk).update(state="paused")
    assert desk.get(f"{DESK}{bulky.pk}/qr/{bot.pk}/sperrmuell.svg").status_code == 404


def test_what_nobody_can_come_in_by_shows_no_link(desk: Client, town: Organisation, bulky: Dialog, bot: Channel) -> None:
    heading = ">Links und QR-Codes</h2>"
    assert heading in page(desk, bulky)
    desk.post(f"{DESK}{bulky.pk}/stand/ausschalten/")
    assert heading not in page(desk, bulky)
    worded = make_live(town, "key: hi\ntitle: {de: Hallo}\ntriggers: [{on: words, words: {de: [Hallo]}}]\n" + SHORT)
    assert heading not in page(desk, worded)


def test_a_link_for_some_messengers_is_shown_for_those(town: Organisation, bot: Channel, signal: Channel) -> None:
    only = make_live(town, "key: hi\ntitle: {de: Hallo}\ntriggers: [{on: link, name: hallo, channels: [signal]}]\n" + SHORT)
    assert [each.channel for each in entrances.links_of(only)] == [signal]


def test_what_a_link_carries_begins_the_dialog_on_every_messenger(
    say: Say, town: Organisation, bot: Channel, number: Channel, signal: Channel
) -> None:
    """A name with spaces and dots above letters reaches us however a messenger carries it, also where it is typed by hand."""
    row = make_live(town, "key: hi\ntitle: {de: Hallo}\ntriggers: [{on: link, name: Grüne Tonne}]\n" + SHORT)
    links = {each.channel.kind: each for each in entrances.links_of(row)}
    start = parse_qs(urlsplit(links["telegram"].address).query)["start"][0]
    assert "Willkommen" in say("paula", f"/start {start}", kind="start", start=start)
    assert "Willkommen" in say("wim", parse_qs(urlsplit(links["whatsapp"].address).query)["text"][0])
    assert "Willkommen" in say("sina", links["signal"].write)


def test_a_links_name_inside_a_sentence_begins_nothing(say: Say, town: Organisation) -> None:
    make_live(town, "key: hi\ntitle: {de: Hallo}\ntriggers: [{on: link, name: lage}]\n" + SHORT)
    triggers.forget()
    assert "Willkommen" not in say("paula", "Wie ist die Lage?")


@pytest.mark.parametrize("name", ["Привет Город", "أهلا وسهلا", "Μαρία"])
def test_a_name_in_letters_that_links_do_not_carry_goes_by_a_code_that_is_shown(
    say: Say, desk: Client, town: Organisation, bot: Channel, number: Channel, signal: Channel, name: str
) -> None:
    row = make_live(town, f"key: hi\ntitle: {{de: Hallo}}\ntriggers: [{{on: link, name: {name}}}]\n" + SHORT)
    [code] = entrances.names(row)
    assert re.fullmatch(r"d-[0-9a-f]{8}", code)
    shown = page(desk, row)
    assert f"start={code}" in shown
    assert f"<code>{code}</code>" in shown
    links = {each.channel.kind: each for each in entrances.links_of(row)}
    start = parse_qs(urlsplit(links["telegram"].address).query)["start"][0]
    assert "Willkommen" in say("paula", f"/start {start}", kind="start", start=start)
    assert "Willkommen" in say("wim", parse_qs(urlsplit(links["whatsapp"].address).query)["text"][0])
    assert "Willkommen" in say("sina", links["signal"].write)
    assert "Willkommen" in say("omar", name), "typed by hand it is known as well"
    assert desk.get(f"{DESK}{row.pk}/qr/{bot.pk}/{code}.svg").status_code == 200


def test_two_such_names_have_two_codes_and_a_latin_one_needs_none(town: Organisation, bot: Channel) -> None:
    triggers_of = "triggers: [{on: link, name: Привет}, {on: link, name: Пока}, {on: link, name: Grüße}]\n"
    row = make_live(town, "key: hi\ntitle: {de: Hallo}\n" + triggers_of + SHORT)
    first, second, latin = entrances.names(row)
    assert first != second
    assert latin.isalpha()
    assert [name for name, _code in entrances.codes(row)] == ["Привет", "Пока"]
