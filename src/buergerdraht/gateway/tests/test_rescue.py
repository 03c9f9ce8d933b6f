"""Channels that stream: what a provider asks for once is entered, handed in and gone; who wrote through the stream may be tried."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from django.test import Client

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Item, Received, Rejected, Sender
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.connector import Signal
from buergerdraht.gateway import channels, reading
from buergerdraht.gateway.models import Channel, InboundEvent

ACCOUNT = {"name": "Signal", "number": "+49 30 23125 110", "host": "http://127.0.0.1:8080", "access": ""}
CHALLENGE, CAPTCHA = "7ccae375-cd51-4c82-8b1e-7be3280aa485", "signalcaptcha://" + "x" * 3000


@pytest.fixture
def desk(organisation: Organisation, client: Client) -> Client:
    operator = Operator.objects.create_user("andrea.berger@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=organisation, operator=operator, roles=["administrator"])
    client.force_login(operator)
    return client


@pytest.fixture
def signal(organisation: Organisation) -> Channel:
    config = SignalConfig(number="+493023125110", host="http://127.0.0.1:8080")
    return Channel.objects.create(
        organisation=organisation, kind="signal", name="Signal", config=channels.sealed(config), state="broken", reason="captcha",
        reason_details=f"Kennung der Sperre: {CHALLENGE}",
    )  # fmt: skip


@pytest.mark.django_db
def test_the_page_says_what_to_do_and_the_answer_is_handed_in_once(desk: Client, signal: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[tuple[str, str]] = []

    async def activate(self: Signal, webhook_url: str) -> None:
        handed.append((self.config.challenge, self.config.captcha))

    monkeypatch.setattr(Signal, "activate", activate)
    page = f"/o/{signal.organisation.slug}/einstellungen/kanaele/{signal.pk}/"
    shown = desk.get(page).content.decode()
    assert "https://signalcaptchas.org/challenge/generate.html" in shown
    assert CHALLENGE in shown
    form = desk.get(f"{page}einstellungen/").content.decode()
    assert "Nur wenn der Dienst danach fragt" in form
    answer = desk.post(f"{page}einstellungen/", {**ACCOUNT, "challenge": CHALLENGE, "captcha": CAPTCHA, "trust": ""})
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    desk.post(f"{page}starten/")
    desk.post(f"{page}starten/")
    assert handed == [(CHALLENGE, CAPTCHA), ("", "")]
    signal.refresh_from_db()
    assert signal.state == Channel.State.RUNNING
    config = channels.config(signal)
    assert isinstance(config, SignalConfig)
    assert (config.number, config.challenge, config.captcha) == ("+493023125110", "", "")


@pytest.mark.django_db
def test_an_answer_that_is_refused_is_kept_to_be_looked_at(desk: Client, signal: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    async def activate(self: Signal, webhook_url: str) -> None:
        raise Rejected("captcha_refused", "-6 Captcha rejected")

    monkeypatch.setattr(Signal, "activate", activate)
    page = f"/o/{signal.organisation.slug}/einstellungen/kanaele/{signal.pk}/"
    desk.post(f"{page}einstellungen/", {**ACCOUNT, "challenge": CHALLENGE, "captcha": CAPTCHA, "trust": ""})
    said = desk.post(f"{page}starten/", follow=True).content.decode()
    assert "Signal hat die Lösung des Rätsels abgelehnt" in said
    signal.refresh_from_db()
    assert signal.state == Channel.State.BROKEN
    assert getattr(channels.config(signal), "challenge") == CHALLENGE  # noqa: B009 - of the connector's own Config


@pytest.mark.django_db
def test_who_wrote_through_a_stream_may_be_sent_a_test(signal: Channel) -> None:
    person = "7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011"
    event = Received(external_id=f"{person}:1", sender=Sender(address=person, name="Zoë Beispiel"), at=datetime.now(UTC), text="Hallo")
    body = msgspec.json.encode([Item(problem="unreadable"), Item(event=event)])
    InboundEvent.objects.create(channel=signal, source="stream", lane="message", body=body)
    InboundEvent.objects.create(channel=signal, source="stream", lane="message", body=b"nothing of ours")
    assert [(one.words, one.address) for one in reading.people(signal)] == [("Zoë Beispiel", person)]
