"""What another system tells begins a dialog: once, with the right citizen, and only where we may write."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.dialogs import event_views, events, fates, pulse, sessions, triggers, waiting
from buergerdraht.dialogs.models import Dialog, Session, System, Waiting
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


# ── Whoever is in a dialog finishes it first ──────────────────────────────

OTHER = """
key: other
title: {de: Anderes}
triggers: [{on: words, words: {de: [Anderes]}}]
steps:
  - {id: street, kind: ask, text: {de: "Welche Straße?"}}
  - {id: bye, kind: end, text: {de: "Danke."}}
"""


@pytest.fixture
def busy(paula: Contact, town: Organisation, say: Say) -> Contact:
    make_live(town, OTHER)
    assert say("paula", "Anderes") != ""
    return paula


def bot_said() -> list[str]:
    return list(Message.objects.filter(author="bot").order_by("pk").values_list("text", flat=True))


def test_it_waits_until_the_other_dialog_is_over_and_then_begins_by_itself(tell: Any, busy: Contact, say: Say) -> None:
    answer = tell()
    assert (answer.status_code, set(answer.json())) == (202, {"waiting_until"})
    pulse.beat()
    assert not any("Ausweis" in text for text in bot_said()), "a running walk goes first"
    assert say("paula", "Hauptstraße") == "Danke."
    pulse.beat()
    assert bot_said()[-1].startswith("Ihr Ausweis L01 liegt bereit.")
    assert not Waiting.objects.exists()
    session = Session.objects.get(dialog__key="pass")
    assert (session.begun_by, tell().json()) == ("event", {"session": session.pk})


def test_told_again_while_it_waits_it_waits_once(tell: Any, busy: Contact, say: Say) -> None:
    first = tell().json()
    assert tell().json() == first
    assert Waiting.objects.count() == 1
    say("paula", "Hauptstraße")
    for _beat in range(3):
        pulse.beat()
    assert Session.objects.filter(dialog__key="pass").count() == 1


def test_killed_on_the_way_nothing_has_begun_and_the_next_beat_begins_it_once(
    tell: Any, busy: Contact, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell()
    say("paula", "Hauptstraße")
    with monkeypatch.context() as broken:
        broken.setattr(Waiting, "delete", lambda self: (_ for _ in ()).throw(RuntimeError("killed")))
        pulse.beat()
    assert not Session.objects.filter(dialog__key="pass").exists()
    assert Waiting.objects.count() == 1
    Waiting.objects.update(looks_at=timezone.now())
    for _beat in range(2):
        pulse.beat()
    assert Session.objects.filter(dialog__key="pass").count() == 1
    assert sum("Ausweis L01" in text for text in bot_said()) == 1


def test_two_workers_at_once_begin_it_once(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    say("paula", "Hauptstraße")
    number = Waiting.objects.get().pk
    assert waiting._begin(number, timezone.now())
    assert not waiting._begin(number, timezone.now())
    assert Session.objects.filter(dialog__key="pass").count() == 1


def test_several_come_one_after_another_in_the_order_they_were_told(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    tell(key="a2", values={"number": "L02"})
    say("paula", "Hauptstraße")
    pulse.beat()
    pulse.beat()
    assert [text[:15] for text in bot_said() if "Ausweis" in text] == ["Ihr Ausweis L01"]
    assert tell(key="a3", values={"number": "L03"}).json().keys() == {"waiting_until"}, "nobody overtakes those who wait"
    for number in ("L02", "L03"):
        say("paula", "ja")
        pulse.beat()
        assert bot_said()[-1].startswith(f"Ihr Ausweis {number}")


def test_while_a_person_has_the_word_it_goes_on_waiting(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    say("paula", "Hauptstraße")
    Conversation.objects.update(state="open", operator=Membership.objects.get().operator)
    pulse.beat()
    assert not Session.objects.filter(dialog__key="pass").exists()
    Conversation.objects.update(operator=None)
    pulse.beat()
    assert Session.objects.filter(dialog__key="pass").exists()


def test_what_waited_too_long_is_said_in_the_thread_and_never_begun_by_asking_how_it_stands(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    Waiting.objects.update(until=timezone.now() - timedelta(seconds=1))
    pulse.beat()
    assert not Waiting.objects.exists()
    line = Message.objects.get(kind="dialog_unsaid")
    assert (line.data["name"], line.data["why"]) == ("Ausweis", "expired")
    say("paula", "Hauptstraße")
    pulse.beat()
    assert not Session.objects.filter(dialog__key="pass").exists()
    assert (tell().status_code, tell().json()["problem"]) == (410, "expired")
    assert "session" in tell(key="a2").json()


def test_a_dialog_that_is_switched_off_for_a_moment_burns_no_event(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    row = Dialog.objects.get(key="pass")
    live, row.live = row.live, None
    row.save()
    say("paula", "Hauptstraße")
    pulse.beat()
    assert tell().json().keys() == {"waiting_until"}
    row.live = live
    row.save()
    Waiting.objects.update(looks_at=timezone.now())
    pulse.beat()
    assert tell().json() == {"session": Session.objects.get(dialog__key="pass").pk}


def test_where_we_may_not_write_the_system_hears_it_even_while_its_citizen_is_busy(
    tell: Any, busy: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "address_of", lambda contact: None)
    assert (tell().status_code, tell().json()["problem"]) == (409, "closed")
    assert not Waiting.objects.exists()


def test_an_event_whose_waiting_went_with_its_dialog_may_be_told_again(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    Waiting.objects.all().delete()
    say("paula", "Hauptstraße")
    assert tell().json() == {"session": Session.objects.get(dialog__key="pass").pk}


@pytest.mark.django_db(transaction=True)
def test_what_is_told_in_the_moment_a_citizen_begins_something_waits_for_its_end(tell: Any, paula: Contact, town: Organisation) -> None:
    other, address = make_live(town, OTHER), Address.objects.get()
    answers: list[Any] = []

    def told() -> None:
        try:
            answers.append(tell().json())
        finally:
            connection.close()

    system = threading.Thread(target=told)
    with transaction.atomic():
        outgoing.thread(paula)
        system.start()
        system.join(0.5)
        assert not answers, "whoever tells waits for the thread"
        sessions.begin(other, paula, address, sessions.Cause("words"))
    system.join(20)
    assert [set(answer) for answer in answers] == [{"waiting_until"}]
    assert [(row.dialog.key, row.state) for row in Session.objects.select_related("dialog")] == [("other", "running")]


def test_a_dialog_that_will_not_wait_says_busy_as_does_a_line_that_is_too_long(
    tell: Any, busy: Contact, town: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST", 1)
    assert tell().status_code == 202
    assert (tell(key="a2").status_code, tell(key="a2").json()["problem"]) == (409, "busy")
    Waiting.objects.all().delete()
    make_live(town, READY.replace("name: ausweis_fertig", "name: ausweis_fertig, busy: refuse"))
    triggers.forget()
    assert tell(key="a4").json()["problem"] == "busy"
    assert not Waiting.objects.exists()


def test_who_says_stop_hears_nothing_of_what_waited(tell: Any, busy: Contact, say: Say) -> None:
    tell()
    say("paula", "STOP")
    assert not Waiting.objects.exists()
    pulse.beat()
    assert not any("Ausweis" in text for text in bot_said())


def test_at_night_it_waits_for_the_morning(tell: Any, busy: Contact, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    tell()
    say("paula", "Hauptstraße")
    morning = timezone.now() + timedelta(hours=5)
    monkeypatch.setattr(waiting.outreach, "quiet_until", lambda organisation, now: morning)
    pulse.beat()
    assert Waiting.objects.get().looks_at == morning
    assert not Session.objects.filter(dialog__key="pass").exists()


def test_what_waits_goes_with_the_contact_it_became_part_of(tell: Any, busy: Contact, town: Organisation) -> None:
    tell()
    into = Contact.objects.create(organisation=town)
    fates.on_joined(None, into=into, other=busy)
    assert Waiting.objects.get().contact == into


def test_the_editor_says_what_happens_meanwhile_and_keeps_it(tell: Any, busy: Contact, kemal: Membership, client: Client) -> None:
    client.force_login(kemal.operator)
    row = Dialog.objects.get(key="pass")
    page = f"/o/musterstadt/dialoge/{row.pk}/kopf/"
    assert 'name="triggers-0-busy"' in client.get(page).content.decode()
    sent = {
        "stamp": row.stamp, "sprache": "de", "title": "Ausweis", "languages": ["de"], "expire_after": "1440", "remind_after": "0",
        "triggers": ["0"], "triggers-0-on": "event", "triggers-0-name": "ausweis_fertig", "triggers-0-busy": "refuse",
        "triggers-0-hours": "48",
    }  # fmt: skip
    assert client.post(page, sent).status_code == 200
    row.refresh_from_db()
    assert row.draft["triggers"] == [{"on": "event", "name": "ausweis_fertig", "busy": "refuse", "wait_minutes": 2_880}]
