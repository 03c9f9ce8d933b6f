"""The pages of webhooks: who sees them, the secret shown once, the log, and what can be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.webhooks import actions, events
from buergerdraht.webhooks.models import Delivery, Hook

BASE = "/o/musterstadt/einstellungen/webhooks/"
Make = Callable[..., Hook]


@pytest.fixture
def desk(client: Client, andrea: Operator) -> Client:
    client.force_login(andrea)
    return client


def test_a_new_webhook_shows_its_secret_once(desk: Client, town: Organisation, listener: Any) -> None:
    assert "Noch kein System hört zu" in desk.get(BASE).content.decode()
    wish = {"name": "Bauhof", "url": listener.url, "events": ["case.opened", "case.moved"]}
    shown = desk.post(f"{BASE}neu/", wish, follow=True).content.decode()
    hook = Hook.objects.get()
    assert hook.secret in shown
    assert hook.secret.startswith("whsec_")
    assert hook.secret not in desk.get(f"{BASE}{hook.pk}/").content.decode()
    assert hook.secret not in json.dumps(dict(desk.session))
    assert "Bauhof" in desk.get(BASE).content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://10.0.0.1/"}, "kann nicht angerufen werden"),
        ({"events": []}, "mindestens ein Ereignis"),
        ({"name": ""}, "Welches System?"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_typed_is_lost(desk: Client, listener: Any, wrong: dict[str, Any], said: str) -> None:
    answer = desk.post(f"{BASE}neu/", {"name": "Bauhof", "url": listener.url, "events": ["case.moved"]} | wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "name" in wrong or 'value="Bauhof"' in page
    assert not Hook.objects.exists()


def test_the_log_says_what_became_of_each_and_sends_it_again(
    desk: Client, town: Organisation, make: Make, listener: Any, work: Callable[..., None]
) -> None:
    hook = make(listener.url)
    listener.status = 503
    events.tell(town.pk, "case.moved", case=7)
    work()
    page = desk.get(f"{BASE}{hook.pk}/").content.decode()
    assert "wird wieder versucht" in page
    assert "meldet einen Fehler bei sich. (503)" in page
    assert "nicht erreichbar" in desk.get(BASE).content.decode()
    listener.status = 200
    row = Delivery.objects.get()
    assert "noch einmal gesendet" in desk.post(f"{BASE}{hook.pk}/nachsenden/{row.pk}/", follow=True).content.decode()
    work()
    assert "angekommen" in desk.get(f"{BASE}{hook.pk}/").content.decode()
    assert "1 Ereignis wird nachgesendet" in desk.post(f"{BASE}{hook.pk}/nachsenden/", {"since": "24"}, follow=True).content.decode()
    work()
    assert len(listener.heard) == 3


def test_the_log_goes_on_where_it_ended(desk: Client, town: Organisation, make: Make, listener: Any) -> None:
    hook = make(listener.url)
    for number in range(60):
        events.tell(town.pk, "case.moved", case=number)
    page = desk.get(f"{BASE}{hook.pk}/").content.decode()
    assert page.count("Noch einmal senden") == 50
    older = page.split("?vor=")[1].split('"')[0]
    assert desk.get(f"{BASE}{hook.pk}/?vor={older}").content.decode().count("Noch einmal senden") == 10
    assert desk.get(f"{BASE}{hook.pk}/?vor=%00").status_code == 200


def test_probe_switch_rotate_and_remove(desk: Client, make: Make, listener: Any, work: Callable[..., None]) -> None:
    hook = make(listener.url)
    desk.post(f"{BASE}{hook.pk}/probe/")
    work()
    assert json.loads(listener.bodies()[0])["type"] == "de.buergerdraht.test"
    desk.post(f"{BASE}{hook.pk}/schalten/", {"an": "0"})
    assert Hook.objects.get().active is False
    assert "Schalten Sie ihn zuerst ein" in desk.post(f"{BASE}{hook.pk}/probe/", follow=True).content.decode()
    desk.post(f"{BASE}{hook.pk}/schalten/", {"an": "1"})
    assert "Einen Tag lang" in desk.get(f"{BASE}{hook.pk}/geheimnis/").content.decode()
    shown = desk.post(f"{BASE}{hook.pk}/geheimnis/", follow=True).content.decode()
    assert Hook.objects.get().secret in shown != hook.secret
    assert "das alte und das neue Geheimnis" in shown
    desk.post(f"{BASE}{hook.pk}/aendern/", {"name": "Anders", "url": listener.url, "events": ["contact.created"]})
    assert Hook.objects.values_list("name", "events").get() == ("Anders", ["contact.created"])
    assert "entfernen?" in desk.get(f"{BASE}{hook.pk}/entfernen/").content.decode()
    desk.post(f"{BASE}{hook.pk}/entfernen/")
    assert not Hook.objects.exists()


def test_a_webhook_of_another_house_does_not_exist(desk: Client, make: Make, listener: Any) -> None:
    other = make(listener.url, organisation=Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt"))
    for path in ("", "aendern/", "geheimnis/", "entfernen/"):
        assert desk.get(f"{BASE}{other.pk}/{path}").status_code == 404
    for path in ("probe/", "schalten/", "geheimnis/", "entfernen/", "nachsenden/", "nachsenden/1/", "aendern/"):
        assert desk.post(f"{BASE}{other.pk}/{path}").status_code == 404
    assert actions.old(timezone.now()) == 0
