"""A citizen sees everything, by a link that expires and that no preview opens."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.contacts import commands
from buergerdraht.conversations import asides, recording
from buergerdraht.conversations.models import Draft, Stretch
from buergerdraht.gateway.models import Outbound
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
        "Ihre Anliegen",
        "Ihre Note: 4 von 5",
        "Sehr freundlich",
        "Wir kümmern uns",
        "Erkannt: Kontonummer",
        "Werbung oder Betrug",
    ):
        assert words in shown, words
