"""Chat, push and what is not there look and speak as the authority's other pages do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.connectors.webpush.config import WebPushConfig
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.website.models import Look

pytestmark = pytest.mark.django_db
CHAT, PUSH = "/p/musterstadt/chat", "/p/musterstadt/push"
SAID = {
    CHAT: {"sie": "Ihre Nachricht", "du": "Deine Nachricht", "en": "Your message", "de-simple": "Sie müssen keinen Namen nennen."},
    PUSH: {
        "sie": "Worüber möchten Sie Nachrichten erhalten?", "du": "Worüber möchtest du Nachrichten erhalten?",
        "en": "What would you like to receive messages about?", "de-simple": "Man braucht keine Telefon-Nummer.",
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def dressed(town: Organisation, topics: list[Topic]) -> Iterator[Look]:
    configs = {"webchat": WebChatConfig.model_validate({}), "webpush": WebPushConfig.model_validate({"contact": "it@stadt.example"})}
    for kind, config in configs.items():
        Channel.objects.create(organisation=town, kind=kind, name=kind, config=channels.sealed(config), state="running")
    return Look.objects.create(organisation=town, accent="#8a1f5f", header="#5b1240", facts={"street": "Rathausplatz 1"})


def page(path: str, **more: str) -> str:
    return Client(headers={"accept-language": "de", **more}).get(path).content.decode()


@pytest.mark.parametrize("path", [CHAT, PUSH])
def test_they_wear_the_colours_of_the_authority(path: str, dressed: Look) -> None:
    assert f"/p/musterstadt/farben.css?v={dressed.edition}" in page(path)
    assert "website/public.css" in page(path)
    assert "kern.min.css" not in page(path)


@pytest.mark.parametrize("path", [CHAT, PUSH])
def test_they_say_sie_or_du_as_the_authority_does(path: str, town: Organisation) -> None:
    assert SAID[path]["sie"] in page(path)
    town.address_form = "du"
    town.save()
    assert SAID[path]["du"] in page(path)
    assert not any(word in page(path) for word in (" Sie ", " Ihre ", " Ihnen "))


@pytest.mark.parametrize("path", [CHAT, PUSH])
@pytest.mark.parametrize("language", ["en", "de-simple"])
def test_they_speak_the_languages_of_the_site_and_offer_the_others(path: str, language: str) -> None:
    said = page(f"{path}?sprache={language}")
    assert SAID[path][language] in said
    offered = "neue_sprache" if path == CHAT else "?sprache="
    assert f'{offered}" value="de"' in said or f"{offered}de" in said


def test_a_refusal_in_the_chat_speaks_as_the_page_does(town: Organisation) -> None:
    town.address_form = "du"
    town.save()
    given = {"besuch": "V" * 43, "einmal": "12345678", "text": " "}
    for language, words in (("de", "Schreib etwas, bevor du sendest."), ("en", "Write something before you send.")):
        answer = Client().post(CHAT, given | {"sprache": language}, headers={"Accept": "application/json"})
        assert answer.json()["problem"] == words


def test_push_is_agreed_to_in_the_words_of_the_page() -> None:
    assert "Musterstadt may send me push messages about the chosen topics on this device." in page(f"{PUSH}?sprache=en")


@pytest.mark.parametrize("path", ["/p/musterstadt/gibt-es-nicht", "/p/musterstadt/nachrichten/gibt-es-nicht/"])
def test_what_is_not_there_is_said_in_the_authority_s_own_frame(path: str) -> None:
    said = page(path)
    assert "Diese Seite gibt es nicht" in said
    assert "kern.min.css" not in said


def test_the_authority_is_known_where_its_page_is_missing(andrea: Operator) -> None:
    said = page("/p/musterstadt/nachrichten/gibt-es-nicht/")
    assert 'href="/p/musterstadt/impressum"' in said
    assert "Rathausplatz 1" in said
    assert "/impressum" not in page("/p/nirgends/nachrichten/")
    desk = Client()
    desk.force_login(andrea)
    assert "kern.min.css" in desk.get("/o/musterstadt/gibt-es-nicht/").content.decode()
