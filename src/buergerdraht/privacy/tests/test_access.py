"""A citizen sees everything, by a link that expires and that no preview opens."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Operator
from buergerdraht.bridges.models import Bridge, Passage
from buergerdraht.cases import actions as cases
from buergerdraht.cases import opening
from buergerdraht.cases.models import Category, Delegation, Firm
from buergerdraht.contacts import commands
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import asides, recording
from buergerdraht.conversations.models import Draft, Stretch
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.meters.models import MeterReading
from buergerdraht.privacy import access
from buergerdraht.privacy.models import AccessLink
from buergerdraht.privacy.tests.conftest import SECRETS, Citizen, message

pytestmark = pytest.mark.django_db


def test_auskunft_answers_with_a_link_to_everything(citizen: Citizen) -> None:
    assert commands.take(message(citizen.channel, "2", "AUSKUNFT"))
    text = Outbound.objects.latest("id").content.content["text"]
    path = urlsplit(text.split()[-1]).path
    page = Client().get(path)
    assert page.status_code == 200
    assert not any(secret in page.content.decode() for secret in SECRETS)  # what a preview would fetch
    assert page["Referrer-Policy"] == "same-origin"
    shown = Client().post(path).content.decode()
    for words in (
        "Frau Zwetschgenmus",
        "+4917139200147",
        "Quittengelee",
        "Mirabellenweg",
        "geheimnisvolles-bild.pdf",
        "Verkehr",
        "Wochenmarkt",
        "Hinweis",
    ):
        assert words in shown, words
    data = json.loads(Client().post(path, {"json": "1"}).content)
    assert data["addresses"][0]["address"] == "DE.anon"
    assert {"contact", "addresses", "subscriptions", "consents", "messages", "broadcasts", "deliveries", "access_links"} <= set(data)
    assert data["messages"][0]["data"]
    file = data["messages"][0]["files"][0]
    assert b"".join(Client().get(f"{path}datei/{file['id']}").streaming_content).startswith(b"%PDF")


def test_a_link_expires_and_the_newest_only_counts(citizen: Citizen) -> None:
    first, _until = access.open_link(citizen.address.contact)
    second, _until = access.open_link(citizen.address.contact)
    assert Client().get(urlsplit(first).path).status_code == 404
    assert Client().get(urlsplit(second).path).status_code == 200
    AccessLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    gone = Client().post(urlsplit(second).path)
    assert gone.status_code == 404
    assert "gilt nicht mehr" in gone.content.decode()


def test_the_file_of_another_person_is_not_handed_out(citizen: Citizen) -> None:
    from buergerdraht.gateway import files

    strange = files.store(citizen.town, b"%PDF-1.4 fremd", "fremd.pdf")
    link, _until = access.open_link(citizen.address.contact)
    assert Client().get(f"{urlsplit(link).path}datei/{strange.pk}").status_code == 404


def test_an_operator_needs_the_right(citizen: Citizen) -> None:
    desk = Client()
    desk.force_login(citizen.operator)
    url = reverse("privacy:contact_export", args=("musterstadt", citizen.address.contact_id))
    assert desk.post(url).json()["contact"]["name"] == "Frau Zwetschgenmus"
    citizen.operator.memberships.update(roles=["agent"])
    assert desk.post(url).status_code == 403


def test_matters_marks_and_what_was_recognised_are_shown_in_plain_words(citizen: Citizen) -> None:
    said = recording.record(message(citizen.channel, "7", "Meine IBAN ist DE89 3704 0044 0532 0130 00"))
    thread = said.conversation
    Stretch.objects.filter(conversation=thread).delete()
    Stretch.objects.create(
        organisation=citizen.town, conversation=thread, channel=citizen.channel, opened_at=said.at, closed_at=said.at, asked_at=said.at,
        mark=4, mark_text="Sehr freundlich",
    )  # fmt: skip
    Draft.objects.create(conversation=thread, operator=citizen.operator, text="Wir kümmern uns")
    asides.set_aside(thread, "spam", operator=citizen.operator)
    link, _until = access.open_link(citizen.address.contact)
    shown = Client().post(urlsplit(link).path).content.decode()
    for words in (
        "Ihre Unterhaltungen mit uns",
        "Ihre Note: 4 von 5",
        "Sehr freundlich",
        "Wir kümmern uns",
        "Erkannt: Kontonummer",
        "Werbung oder Betrug",
    ):
        assert words in shown, words


def test_whom_a_case_was_handed_to_is_told(citizen: Citizen) -> None:
    """Art. 15(1)(c) GDPR: who received it, offices and firms alike; of somebody else's case it is not theirs to know."""
    contact, town = citizen.address.contact, citizen.town
    category = Category.objects.create(organisation=town, key="road", title={"de": "Straße"})
    mine = opening.open(opening.Matter(category=category, at=timezone.now(), contact=contact, address=citizen.address))
    other = opening.open(opening.Matter(category=category, at=timezone.now()))
    cases.join(other, contact, citizen.address)
    actor = Operator.objects.create_user("bruecke@api.invalid", name="Stadtwerke")
    bridge = Bridge.objects.create(organisation=town, kind="mail", name="Stadtwerke", actor=actor)
    firm = Firm.objects.create(organisation=town, name="Straßenbau Beispiel")
    for number, case in enumerate((mine, other)):
        Passage.objects.create(case=case, bridge=bridge)
        until = timezone.now() + timedelta(days=1)
        Delegation.objects.create(case=case, firm=firm, token_hash=bytes([number]) * 32, expires_at=until)
    told = {row["number"]: row["handed_to"] for row in access.collect(contact)["cases"]}
    assert told == {mine.number: ["Stadtwerke", "Straßenbau Beispiel"], other.number: []}


def test_an_address_that_is_a_key_is_named_and_given_to_nobody(citizen: Citizen) -> None:
    """Whoever has a chat's secret reads the chat: the export an operator carries around must not open it."""
    chat = Channel.objects.create(organisation=citizen.town, kind="webchat", name="Chat", config="{}", state="running")
    contact = citizen.address.contact
    Address.objects.create(
        organisation=citizen.town, channel=chat, contact=contact, address="G" * 43, address_hash=b"g", handle="Webchat ABCDE"
    )  # fmt: skip
    data = access.collect(contact)
    told = data["addresses"][-1]
    assert told["address"] == told["handle"] == "Webchat ABCDE"
    assert "Geheimnis" in told["kept"]
    assert "G" * 43 not in json.dumps(data)
    link, _until = access.open_link(contact)
    shown = Client().post(urlsplit(link).path).content.decode()
    assert "Webchat ABCDE" in shown
    assert "Auf diesem Weg speichern wir" in shown
    assert "G" * 43 not in shown


def test_what_was_reported_answered_and_read_is_shown_in_words(citizen: Citizen) -> None:
    contact, town = citizen.address.contact, citizen.town
    question = {"key": "art", "text": {"de": "Was liegt dort?"}, "want": "text", "required": False}
    category = Category.objects.create(organisation=town, key="waste", title={"de": "Wilder Müll"}, questions=[question])
    opening.open(
        opening.Matter(
            category=category, at=timezone.now(), contact=contact, address=citizen.address, text="Ein Sofa", place="Am Bach 2",
            answers={"art": "Ein blaues Sofa"},
        )
    )  # fmt: skip
    MeterReading.objects.create(
        organisation=town,
        contact=contact,
        kind="water",
        number="4711",
        value=Decimal("123.4"),
        read_on=date(2026, 11, 2),
        state="confirmed",
    )
    link, _until = access.open_link(contact)
    shown = Client().post(urlsplit(link).path).content.decode()
    for words in ("Wilder Müll", "Ein Sofa", "Am Bach 2", "Was liegt dort?", "Ein blaues Sofa", "4711", "2. November 2026"):
        assert words in shown, words


def test_the_page_can_be_read_in_every_language_the_authority_offers(citizen: Citizen) -> None:
    assert commands.take(message(citizen.channel, "2", "AUSKUNFT"))
    path = urlsplit(Outbound.objects.latest("id").content.content["text"].split()[-1]).path
    house = citizen.channel.organisation
    house.languages = ["de", "en", "ar"]
    house.save()
    page = Client().get(path).content.decode()
    assert "Auf der nächsten Seite" in page
    for code in ("de", "en", "ar"):
        assert f'href="{path}?sprache={code}"' in page
    english = Client().get(f"{path}?sprache=en").content.decode()
    assert "The next page shows everything" in english
    assert "Your data" in Client().post(f"{path}?sprache=en").content.decode()
    assert "Auf der nächsten Seite" in Client().get(f"{path}?sprache=fa").content.decode()
