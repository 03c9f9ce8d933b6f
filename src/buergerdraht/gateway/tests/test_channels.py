"""The channel screens: set up, check, start, watch. The provider is a connector that answers what the test says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import ChannelBroken, Content, Health, Note, Sent, Template
from buergerdraht.connectors.telegram.connector import Telegram
from buergerdraht.connectors.whatsapp.connector import WhatsApp
from buergerdraht.gateway import channels, reading
from buergerdraht.gateway.models import Channel, InboundEvent, MessageTemplate, Traffic

TOKEN = "123456789:AAEgeheim_token"
ACCOUNT = {
    "name": "WhatsApp Bürgeramt",
    "phone_number_id": "111222333",
    "waba_id": "444555666",
    "access_token": "ganz-geheim",
    "app_secret": "auch-geheim",
    "host": "https://graph.facebook.com",
    "prefix": "/v25.0",
    "auth_header": "Authorization",
    "number_in_path": "on",
    "signed": "on",
    "applicant": "municipality",
}


@pytest.fixture(autouse=True)
def _only_real_messengers(provider: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("double", "echoing", "streaming"):
        monkeypatch.delitem(registry.CONNECTORS, kind, raising=False)


@pytest.fixture
def desk(organisation: Organisation, client: Client) -> Client:
    operator = Operator.objects.create_user("andrea.berger@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=organisation, operator=operator, roles=["administrator"])
    client.force_login(operator)
    return client


@pytest.fixture
def telegram(organisation: Organisation) -> Channel:
    config = Telegram.Config(bot_token=TOKEN, username="musterstadt_bot", secret_token="unser-wort")
    return Channel.objects.create(organisation=organisation, kind="telegram", name="Telegram", config=channels.sealed(config))


@pytest.fixture
def whatsapp(organisation: Organisation) -> Channel:
    values = {key: ACCOUNT[key] for key in ("phone_number_id", "waba_id", "access_token", "app_secret")}
    config = WhatsApp.Config(**values, number="+49 30 23125 100")
    return Channel.objects.create(organisation=organisation, kind="whatsapp", name="WhatsApp", config=channels.sealed(config))


def url(*path: object) -> str:
    return "/o/musterstadt/einstellungen/kanaele/" + "".join(f"{one}/" for one in path)


def answering(monkeypatch: pytest.MonkeyPatch, connector: type[Any], verb: str, answer: Any) -> list[Any]:
    """Let a connector's verb answer without a network; returns what it was asked."""
    asked: list[Any] = []

    async def answered(self: Any, *given: Any, **named: Any) -> Any:
        asked.append((given, named))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(connector, verb, answered)
    return asked


def test_without_channels_the_list_says_what_to_do(desk: Client) -> None:
    page = desk.get(url()).content.decode()
    assert "Noch kein Kanal" in page
    assert url("neu") in page


def test_messengers_are_offered_in_alphabetical_order(desk: Client) -> None:
    page = desk.get(url("neu")).content.decode()
    assert page.index("Telegram einrichten") < page.index("WhatsApp einrichten")


def test_whatsapp_asks_first_who_you_are(desk: Client) -> None:
    page = desk.get(url("neu", "whatsapp")).content.decode()
    assert "Was für eine Einrichtung sind Sie?" in page
    assert "Zugriffstoken" not in page


@pytest.mark.parametrize("applicant", ["security", "political", "political_service"])
def test_who_may_not_use_whatsapp_is_told_and_offered_the_others(desk: Client, applicant: str) -> None:
    page = desk.get(url("neu", "whatsapp"), {"applicant": applicant}).content.decode()
    assert "nicht zugelassen" in page
    assert "Telegram einrichten" in page
    assert "Zugriffstoken" not in page
    desk.post(url("neu", "whatsapp"), {**ACCOUNT, "applicant": applicant})
    assert not Channel.objects.exists()


def test_a_channel_is_added_with_its_secrets_sealed_and_never_shown(desk: Client, organisation: Organisation) -> None:
    answer = desk.post(url("neu", "whatsapp"), ACCOUNT)
    channel = Channel.objects.get(organisation=organisation)
    assert answer.status_code == 302
    assert channel.state == "setup"
    assert channels.config(channel).access_token.get_secret_value() == "ganz-geheim"  # type: ignore[attr-defined]
    for place in (url(channel.pk), url(channel.pk, "einstellungen"), url(channel.pk, "verlauf"), url()):
        page = desk.get(place)
        assert page.status_code == 200
        assert "geheim" not in page.content.decode().replace("App-Geheimcode", "")
    assert channels.config(channel).verify_token in desk.get(url(channel.pk)).content.decode()  # type: ignore[attr-defined]
    entry = AuditEntry.objects.get(action="gateway.add")
    assert entry.details == {"kind": "whatsapp", "name": "WhatsApp Bürgeramt", "applicant": "municipality"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"phone_number_id": "+49 30"}, "Die ID besteht nur aus Ziffern"),
        ({"app_secret": ""}, "App-Geheimcode</a>: Bitte ausfüllen"),
        ({"host": "graph.facebook.com"}, "Sie beginnt mit https://"),
        ({"signed": ""}, "mindestens 16 Zeichen"),
        ({"prefix": "v25.0"}, "Der Pfad beginnt mit einem Schrägstrich"),
    ],
)
def test_a_wrong_value_is_named_beside_its_field(desk: Client, wrong: dict[str, str], words: str) -> None:
    data = {key: value for key, value in {**ACCOUNT, **wrong}.items() if value or key != "signed"}
    page = desk.post(url("neu", "whatsapp"), data)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert "ganz-geheim" not in page.content.decode()
    assert not Channel.objects.exists()


def test_a_wrong_bot_token_is_named_in_german(desk: Client) -> None:
    page = desk.post(url("neu", "telegram"), {"name": "Bot", "bot_token": "abc", "host": "https://api.telegram.org"}).content.decode()
    assert "Das ist kein Bot-Token" in page


def test_secrets_left_empty_stay_as_they_are(desk: Client, telegram: Channel) -> None:
    data = {"name": "Neuer Name", "username": "andere_bot", "bot_token": "", "host": "https://api.telegram.org"}
    assert desk.post(url(telegram.pk, "einstellungen"), data).status_code == 302
    telegram.refresh_from_db()
    config = channels.config(telegram)
    assert (telegram.name, config.username, config.bot_token.get_secret_value()) == ("Neuer Name", "andere_bot", TOKEN)  # type: ignore[attr-defined]
    assert config.secret_token.get_secret_value() == "unser-wort"  # type: ignore[attr-defined]
    assert sorted(AuditEntry.objects.get(action="gateway.change").details["changed"]) == ["name", "username"]


def test_a_secret_is_renewed_and_not_shown(desk: Client, telegram: Channel) -> None:
    desk.post(url(telegram.pk, "erneuern", "secret_token"))
    telegram.refresh_from_db()
    fresh = channels.config(telegram).secret_token.get_secret_value()  # type: ignore[attr-defined]
    assert fresh != "unser-wort"
    assert fresh not in desk.get(url(telegram.pk, "einstellungen")).content.decode()
    assert desk.post(url(telegram.pk, "erneuern", "bot_token")).status_code == 404


def test_the_check_says_what_is_wrong_and_fills_in_what_was_missing(
    desk: Client, telegram: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram.config = json.dumps({**json.loads(telegram.config), "username": ""})
    telegram.save()
    assert "Der Link entsteht" in desk.get(url(telegram.pk)).content.decode()
    assert desk.get(url(telegram.pk) + "qr.svg").status_code == 404
    note = Note(level="warning", code="pending", text="Bei Telegram warten {pending} Nachrichten.", values={"pending": "500"})
    health = Health(ok=True, findings=(note,), facts={"number": "@muster_bot"}, learned={"username": "muster_bot"})
    answering(monkeypatch, Telegram, "check", health)
    page = desk.post(url(telegram.pk, "pruefen")).content.decode()
    telegram.refresh_from_db()
    assert "Bei Telegram warten 500 Nachrichten." in page
    assert telegram.facts == {"number": "@muster_bot"}
    assert channels.deep_link(telegram, "", "") == "https://t.me/muster_bot"
    assert channels.config(telegram).bot_token.get_secret_value() == TOKEN  # type: ignore[attr-defined]


def test_starting_tells_the_provider_and_opens_the_channel(desk: Client, telegram: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, Telegram, "activate", None)
    desk.post(url(telegram.pk, "starten"))
    telegram.refresh_from_db()
    assert telegram.state == "running"
    assert asked[0][0][0].endswith(f"/webhook/telegram/{telegram.token}")


def test_a_channel_the_provider_refuses_does_not_start(desk: Client, telegram: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, Telegram, "activate", ChannelBroken("token_invalid"))
    page = desk.post(url(telegram.pk, "starten"), follow=True).content.decode()
    telegram.refresh_from_db()
    assert telegram.state == "setup"
    assert "Die Anmeldung beim Dienst gilt nicht mehr" in page


def test_a_channel_pauses_and_goes_on(desk: Client, telegram: Channel) -> None:
    desk.post(url(telegram.pk, "anhalten"))
    telegram.refresh_from_db()
    assert telegram.state == "paused"
    desk.post(url(telegram.pk, "fortsetzen"))
    telegram.refresh_from_db()
    assert telegram.state == "running"
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("number")) == ["gateway.pause", "gateway.resume"]


def test_a_test_goes_to_whoever_has_just_written(desk: Client, telegram: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, Telegram, "send", Sent(external_id="7001:1"))
    assert "Schreiben Sie diesem Kanal" in desk.get(url(telegram.pk)).content.decode()
    person = {"id": 7001, "is_bot": False, "first_name": "Andrea"}
    message = {"message_id": 5, "date": 1749416383, "chat": {"id": 7001, "type": "private"}, "from": person, "text": "Probe"}
    InboundEvent.objects.create(channel=telegram, body=json.dumps({"update_id": 1, "message": message}).encode(), state="done")
    page = desk.get(url(telegram.pk))
    assert "Andrea" in page.content.decode()
    (choice, _words) = page.context["test"].fields["to"].choices[0]
    desk.post(url(telegram.pk, "probe"), {"to": choice, "text": "Hallo"})
    assert asked[0][0][1] == "7001"
    assert desk.post(url(telegram.pk, "probe"), {"to": "7002", "text": "Hallo"}).status_code == 200
    assert len(asked) == 1


def test_templates_are_fetched_and_shown_as_they_are(desk: Client, whatsapp: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "Hallo {{name}}, <b>heute</b>"
    found = Template(external_id="1", name="termin", language="de", category="utility", status="approved", body=body, variables=("name",))
    answering(monkeypatch, WhatsApp, "templates", [found])
    page = desk.post(url(whatsapp.pk, "vorlagen", "abgleichen"), follow=True).content.decode()
    assert MessageTemplate.objects.get(channel=whatsapp).status == "approved"
    assert 'Hallo <mark class="variable">name</mark>, &lt;b&gt;heute&lt;/b&gt;' in page


def test_a_messenger_without_templates_has_no_page_for_them(desk: Client, telegram: Channel) -> None:
    assert desk.get(url(telegram.pk, "vorlagen")).status_code == 404


def test_what_could_not_be_handled_is_shown_and_handled_again(desk: Client, telegram: Channel) -> None:
    event = InboundEvent.objects.create(channel=telegram, body=b"{}", state="kept", problem="ValueError")
    Traffic.objects.create(channel=telegram, direction="out", what="sendMessage", status="200", milliseconds=12)
    page = desk.get(url(telegram.pk, "verlauf")).content.decode()
    assert f"Meldung {event.pk}" in page
    assert "sendMessage" in page
    desk.post(url(telegram.pk, "verlauf", event.pk, "wiederholen"))
    event.refresh_from_db()
    assert event.state == "new"


def test_the_qr_code_is_a_file_for_print(desk: Client, telegram: Channel) -> None:
    answer = desk.get(url(telegram.pk) + "qr.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<svg" in answer.content


@pytest.mark.parametrize("place", [(), ("neu",), ("neu", "telegram"), ("einstellungen",), ("verlauf",)])
def test_only_administrators_come_in_and_strangers_find_nothing(
    desk: Client, telegram: Channel, client: Client, place: tuple[str, ...]
) -> None:
    path = url(*place) if not place or place[0] == "neu" else url(telegram.pk, *place)
    assert client.get(path).status_code == 200
    Membership.objects.update(roles=["editor"])
    assert client.get(path).status_code == 403
    Membership.objects.all().delete()
    assert client.get(path).status_code == 404


def test_a_channel_of_another_organisation_is_not_found(desk: Client, telegram: Channel) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    Channel.objects.filter(pk=telegram.pk).update(organisation=other)
    for place in ("", "einstellungen", "verlauf"):
        assert desk.get(url(telegram.pk, *([place] if place else []))).status_code == 404
    for place in ("pruefen", "starten", "anhalten", "fortsetzen", "probe"):
        assert desk.post(url(telegram.pk, place)).status_code == 404


def test_a_preview_needs_no_account() -> None:
    assert [part.method for part in channels.plan_of("telegram", Content(text="Hallo")).parts] == ["sendMessage"]
    assert channels.limits_of("whatsapp").window_hours == 24


def test_an_organisation_may_send_slower_than_the_provider_allows(whatsapp: Channel) -> None:
    whatsapp.rate = 5
    assert channels.limits(whatsapp).rate == 5
    whatsapp.rate = None
    assert channels.limits(whatsapp).rate == 80


def test_a_number_that_was_granted_more_may_use_it_but_no_more_than_the_provider_ever_grants(whatsapp: Channel) -> None:
    for wanted, allowed in ((500, 500), (5000, 1000)):
        whatsapp.rate = wanted
        assert channels.limits(whatsapp).rate == allowed


@pytest.mark.parametrize(
    ("kind", "words"), [("whatsapp", "bis zu 3 Knöpfe, Liste mit bis zu 10 Zeilen"), ("sms", "als nummerierte Liste im Text")]
)
def test_a_messenger_says_in_words_what_one_can_expect(kind: str, words: str) -> None:
    offered = reading.offer(registry.connector_class(kind))
    assert words in dict(offered.traits).values()
    assert "bis zu 0" not in str(offered.traits)


def test_a_public_place_says_who_reads_it_and_not_what_it_reports() -> None:
    traits = dict(reading.offer(registry.connector_class("whatsapp_status")).traits)
    assert traits == {
        "Wer liest": "alle, es ist öffentlich",
        "Antworten": "kommen nicht herein",
        "Veröffentlicht": "ein Mensch, am Telefon",
    }


@pytest.mark.parametrize("kind", ["signal", "webpush"])
def test_a_messenger_that_calls_no_webhook_offers_no_address(desk: Client, organisation: Organisation, kind: str) -> None:
    config = {
        "signal": {"number": "+493023125100", "host": "http://signal.example:8080"},
        "webpush": {"contact": "amt@stadt.example"},
    }[kind]
    made = registry.connector_class(kind).Config.model_validate(config)
    channel = Channel.objects.create(organisation=organisation, kind=kind, name=kind, config=channels.sealed(made))
    page = desk.get(url(str(channel.pk))).content.decode()
    assert "So geht es" in page
    assert "Webhook-Adresse" not in page.partition("<ol class")[0]


def test_the_file_for_the_homeserver_can_be_taken_away(desk: Client, organisation: Organisation, telegram: Channel) -> None:
    config = registry.connector_class("matrix").Config.model_validate({"host": "https://matrix.stadt.example", "server": "stadt.example"})
    channel = Channel.objects.create(organisation=organisation, kind="matrix", name="Matrix", config=channels.sealed(config))
    page = desk.get(url(str(channel.pk))).content.decode()
    assert f"/{channel.pk}/anbieterdatei" in page
    found = desk.get(url(str(channel.pk)) + "anbieterdatei")
    assert 'filename="buergerdraht-rathaus.yaml"' in found["Content-Disposition"]
    assert config.hs_token in found.content.decode()  # type: ignore[attr-defined]
    assert found["Cache-Control"] == "no-store"
    assert desk.get(url(str(telegram.pk)) + "anbieterdatei").status_code == 404


def test_the_word_a_gateway_must_bring_is_shown_to_be_entered_there(desk: Client, organisation: Organisation) -> None:
    config = registry.connector_class("sms").Config.model_validate({"sender": "Stadt", "gateway": "seven", "access": "schluessel"})
    channel = Channel.objects.create(organisation=organisation, kind="sms", name="SMS", config=channels.sealed(config))
    page = desk.get(url(str(channel.pk))).content.decode()
    assert config.hook_word in page  # type: ignore[attr-defined]
    assert "schluessel" not in page
