"""Behind a signed link: topics, language, pause, stop, what is stored, erasure. And the word that brings the link."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from buergerdraht.contacts.models import Address, Consent, Contact, Topic
from buergerdraht.contacts.tests.town import message
from buergerdraht.gateway.models import Channel
from buergerdraht.website import asking, subscribing

pytestmark = pytest.mark.django_db


def test_it_shows_what_is_chosen_and_nobody_keeps_it(client: Client, page: str) -> None:
    answer = client.get(page)
    shown = answer.content.decode()
    assert 'value="verkehr" checked' in shown
    assert 'value="bauen" checked' not in shown
    assert answer["Cache-Control"] == "no-store, private"
    assert not answer.cookies


def test_topics_language_and_pause_change(client: Client, page: str, petra: Address) -> None:
    answer = client.post(page, {"thema": ["kultur", "bauen"], "sprache": "en", "pause": "2"})
    assert "Gespeichert." in answer.content.decode()
    contact = Contact.objects.get()
    assert subscribing.subscribed(contact) == {"kultur", "bauen"}
    assert contact.language == "en"
    assert contact.paused_until is not None
    assert Consent.objects.filter(act="withdraw", purpose="topic:verkehr").exists()
    assert Consent.objects.filter(act="confirm", purpose="topic:bauen", evidence="web: Einstellungen").exists()
    client.post(page, {"thema": ["kultur", "bauen"], "sprache": "en", "pause": "keep"})
    contact.refresh_from_db()
    assert contact.paused_until is not None
    client.post(page, {"thema": ["kultur", "bauen"], "sprache": "xx", "pause": ""})
    contact.refresh_from_db()
    assert contact.paused_until is None
    assert contact.language == "en"


def test_stop_ends_everything(client: Client, page: str) -> None:
    assert "abgemeldet" in client.post(page, {"stop": "1"}).content.decode()
    assert Contact.objects.get().state == Contact.State.STOPPED


def test_what_is_stored_is_one_press_away(client: Client, page: str) -> None:
    assert "/auskunft/" in client.post(page, {"auskunft": "1"})["Location"]


def test_erasure_is_asked_twice_and_then_done(client: Client, page: str) -> None:
    assert "Ja, alles löschen" in client.post(page, {"loeschen": "fragen"}).content.decode()
    assert Contact.objects.exists()
    assert "gelöscht" in client.post(page, {"loeschen": "sicher"}).content.decode()
    assert not Contact.objects.exists()
    assert client.get(page).status_code == 410


def test_a_get_changes_nothing(client: Client, page: str, petra: Address) -> None:
    client.get(f"{page}?stop=1&loeschen=sicher&thema=")
    assert subscribing.subscribed(petra.contact) == {"verkehr", "kultur"}


@pytest.mark.parametrize(("said", "taken"), [("EINSTELLUNGEN", True), ("settings", True), ("Welche Einstellungen hat die Ampel?", False)])
def test_the_word_brings_the_link_in_any_messenger(
    bot: Channel, topics: list[Topic], letters: Callable[[], list[str]], said: str, taken: bool
) -> None:
    assert asking.take(message(bot, said)) is taken
    assert any("/p/musterstadt/einstellungen/" in text for text in letters()) is taken
