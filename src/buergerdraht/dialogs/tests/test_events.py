"""What another system tells begins a dialog: once, with the right citizen, and only where we may write."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.dialogs import event_views, events
from buergerdraht.dialogs.models import Session, System
from buergerdraht.dialogs.tests.conftest import Say, make_live

READY = """
key: pass
title: {de: Ausweis}
triggers: [{on: event, name: ausweis_fertig}]
steps: [{id: q, kind: ask, want: yes_no, text: {de: "Ihr Ausweis {{ answers.number }} liegt bereit. Kommen Sie heute"}}]
"""
TOLD = {"key": "a1", "event": "Ausweis fertig", "to": {"phone": "+49 160 1234567"}, "values": {"number": "L01"}}


@pytest.fixture
def system(town: Organisation) -> System:
    return System.objects.create(organisation=town, key="passes", title="Ausweise", url="https://passes.example.org")


@pytest.fixture
def tell(system: System, kemal: Membership, client: Client) -> Any:
    token = events.new_token(system, operator=kemal.operator)

    def post(token: str = token, town: str = "musterstadt", **changed: Any) -> Any:
        body = json.dumps(TOLD | changed)
        return client.post(f"/ereignis/{town}/", body, content_type="application/json", headers={"Authorization": f"Bearer {token}"})

    return post


@pytest.fixture
def paula(say: Say, town: Organisation) -> Contact:
    make_live(town, READY)
    say("paula", "Guten Tag")
    Message.objects.filter(author="bot").delete()
    contact = Contact.objects.get()
    address = Address.objects.get()
    address.handle = "+49 160 1234567"
    address.save()
    from buergerdraht.contacts import actions

    actions.index(contact)
    return contact


def test_begins_the_dialog_with_what_it_told(tell: Any, paula: Contact) -> None:
    assert tell().status_code == 202
    assert Message.objects.get(author="bot").text.startswith("Ihr Ausweis L01 liegt bereit.")
    assert (Session.objects.get().contact, Session.objects.get().begun_by) == (paula, "event")


def test_the_same_key_again_begins_nothing_and_answers_the_same(tell: Any, paula: Contact) -> None:
    first = tell().json()
    assert tell().json() == first
    assert Session.objects.count() == 1


def test_what_could_not_begin_may_be_told_again(tell: Any, paula: Contact) -> None:
    Conversation.objects.update(state="open", operator=Membership.objects.get().operator)
    assert (tell().status_code, tell().json()["problem"]) == (409, "held")
    Conversation.objects.update(operator=None)
    assert tell().status_code == 202


@pytest.mark.parametrize(
    ("changed", "status", "problem"),
    [
        ({"event": "anderes"}, 404, "unknown_event"),
        ({"to": {"phone": "+49 160 7654321"}}, 404, "nobody"),
        ({"to": {"contact": "999999999"}}, 404, "nobody"),
        ({"to": {"contact": "x" * 60}}, 404, "nobody"),
        ({"to": "paula"}, 422, "unreadable"),
        ({"values": {"a": "x" * 600}}, 422, "unreadable"),
        ({"key": " "}, 422, "unreadable"),
        ({"more": 1}, 422, "unreadable"),
    ],
)
def test_says_what_is_wrong(tell: Any, paula: Contact, changed: dict[str, Any], status: int, problem: str) -> None:
    answer = tell(**changed)
    assert (answer.status_code, answer.json()["problem"]) == (status, problem)
    assert not Session.objects.exists()


def test_without_the_word_or_from_the_neighbour_nobody_is_let_in(tell: Any, paula: Contact, system: System) -> None:
    Organisation.objects.create(slug="nachbar", name="Nachbarstadt")
    assert tell(token="x" * 43).status_code == 401
    assert tell(town="nachbar").status_code == 401
    System.objects.update(active=False)
    assert tell().status_code == 401


def test_a_new_word_ends_the_one_before_and_none_is_kept_in_clear(system: System, kemal: Membership) -> None:
    first = events.new_token(system, operator=kemal.operator)
    second = events.new_token(system, operator=kemal.operator)
    assert events.system_of("musterstadt", first) is None
    assert events.system_of("musterstadt", second) == system
    assert second.encode() not in bytes(System.objects.get().token_hash)
    events.drop_token(system, operator=kemal.operator)
    assert events.system_of("musterstadt", second) is None


def test_who_said_stop_hears_nothing(tell: Any, paula: Contact, say: Say) -> None:
    say("paula", "STOP")
    assert tell().json()["problem"] == "nobody"


def test_keys_are_forgotten_after_a_month(tell: Any, paula: Contact, system: System) -> None:
    tell()
    events.forget(timezone.now() + timedelta(days=29))
    assert system.events.count() == 1
    events.forget(timezone.now() + timedelta(days=31))
    assert system.events.count() == 0


def test_the_word_is_shown_once_to_who_manages(system: System, kemal: Membership, client: Client) -> None:
    page = f"/o/musterstadt/einstellungen/systeme/{system.pk}/eingang/"
    client.force_login(kemal.operator)
    assert client.get(page).status_code == 403
    Membership.objects.update(roles=["administrator"])
    assert "Noch kein Zugang" in client.get(page).content.decode()
    shown = client.post(page, {"tun": "neu"}).content.decode()
    token = next(word for word in re.findall(r"<code[^>]*>([^<]+)</code>", shown))
    assert events.system_of("musterstadt", token) == system
    assert token not in client.get(page).content.decode()
    client.post(page, {"tun": "entfernen"})
    assert events.system_of("musterstadt", token) is None


def test_the_page_of_administrators_tells_every_refusal_with_its_status() -> None:
    page = (Path(__file__).parents[4] / "docs/administration/systems.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| 4")]
    for name, status in event_views.STATUS.items():
        assert any(line.startswith(f"| {status} |") and f"`{name}`" in line for line in rows), name
    assert set(event_views.SENTENCES) == set(event_views.STATUS)
