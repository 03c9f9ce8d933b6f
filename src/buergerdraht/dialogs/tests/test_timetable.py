"""Everybody is asked by the clock, in pieces however many they are, in turns with other dialogs; whoever is left is counted and told of."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import ledger
from buergerdraht.contacts.models import Address, Topic
from buergerdraht.dialogs import sessions, timetable
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.models import Dialog, Missed, Session, Version
from buergerdraht.dialogs.tests.conftest import make_live
from buergerdraht.gateway.models import Channel
from buergerdraht.watch import alarms, causes
from buergerdraht.watch.kinds import sentence
from buergerdraht.watch.models import Alarm

SIX = datetime(2024, 6, 4, 18, 0, tzinfo=BERLIN)  # a Tuesday
EVENING = """
key: {key}
title: {{de: Abfuhr}}
triggers: [{{on: time, time: '{time}', topic: news{more}}}]
steps: [{{id: tell, kind: end, text: {{de: Morgen die Biotonne.}}}}]
"""


@pytest.fixture
def people(town: Organisation, channel: Channel) -> None:
    topic = Topic.objects.create(organisation=town, key="news", title={"de": "Neues"})
    for number in range(7):
        address = contacts.meet(channel, Sender(address=f"p{number}"), timezone.now())
        contacts.subscribe(address.contact, [topic], address, ledger.Proof(channel=channel, evidence="x"))
        contacts.confirm(address.contact, address, ledger.Proof(channel=channel, evidence="y"))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "PIECE", 2)


def evening(town: Organisation, key: str = "evening", time: str = "18:00", more: str = "") -> Dialog:
    dialog = make_live(town, EVENING.format(key=key, time=time, more=more))
    Version.objects.update(at=SIX - timedelta(days=9))
    return dialog


def test_all_are_asked_at_once_however_small_the_pieces(town: Organisation, people: None) -> None:
    evening(town)
    assert timetable.begin_due(SIX - timedelta(minutes=1)) == 0
    assert timetable.begin_due(SIX) == 7
    assert Session.objects.values("contact").distinct().count() == 7
    assert timetable.note_missed(SIX + timetable.LATE) == 0


def test_dialogs_take_turns_and_a_run_that_is_too_long_goes_on_next_time(
    town: Organisation, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening(town)
    evening(town, "second")
    ticks = iter(range(100))
    monkeypatch.setattr(timetable, "RUN", 2.5)
    monkeypatch.setattr(timetable, "monotonic", lambda: next(ticks))
    assert timetable.begin_due(SIX) == 4
    assert sorted(Session.objects.values_list("dialog__key", flat=True)) == ["evening", "evening", "second", "second"]
    monkeypatch.setattr(timetable, "RUN", 1_000)
    assert timetable.begin_due(SIX + timedelta(minutes=1)) == 10


def test_who_subscribed_to_two_of_its_topics_is_asked_and_missed_once(town: Organisation, people: None) -> None:
    other = Topic.objects.create(organisation=town, key="paper", title={"de": "Papier"})
    for address in Address.objects.select_related("contact", "channel"):
        contacts.subscribe(address.contact, [other], address, ledger.Proof(channel=address.channel, evidence="x"))
        contacts.confirm(address.contact, address, ledger.Proof(channel=address.channel, evidence="y"))
    dialog = make_live(
        town,
        EVENING.format(
            key="evening", time="18:00", more="}, {on: time, time: '18:00', topic: paper}, {on: time, time: '18:30', topic: paper"
        ),
    )
    Version.objects.update(at=SIX - timedelta(days=9))
    assert timetable.begin_due(SIX + timedelta(hours=1)) == 7
    assert Session.objects.filter(dialog=dialog).values("contact").distinct().count() == Session.objects.count() == 7
    Session.objects.all().delete()
    timetable.note_missed(SIX + timetable.LATE)
    assert Missed.objects.get(dialog=dialog).people == 7


def test_one_that_cannot_begin_keeps_nobody_else_waiting(town: Organisation, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    evening(town)
    begin, calls = sessions.begin, []

    def stumble(*given: object) -> Session:
        calls.append(given)
        if len(calls) <= 2:
            raise ValueError
        return begin(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(sessions, "begin", stumble)
    assert timetable.begin_due(SIX) == 5


def test_within_the_time_that_is_of_use_and_over_midnight(town: Organisation, people: None) -> None:
    late = evening(town, time="23:30")
    assert timetable.begin_due(SIX.replace(hour=23, minute=29)) == 0
    assert timetable.begin_due(SIX + timedelta(hours=7)) == 7, "at one in the morning it is still yesterday's"
    Session.objects.filter(dialog=late).delete()
    assert timetable.begin_due(SIX + timedelta(hours=5, minutes=30) + timetable.LATE) == 0
    evening(town, "mondays", more=", weekdays: [0]")
    assert timetable.begin_due(SIX) == 0


def test_who_was_left_out_is_counted_once_logged_alarmed_and_shown(
    town: Organisation, people: None, kemal: Membership, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    dialog, over = evening(town), SIX + timetable.LATE
    assert timetable.note_missed(SIX + timedelta(minutes=5)) == 0
    with caplog.at_level(logging.ERROR, "buergerdraht.dialogs"):
        assert [timetable.note_missed(over), timetable.note_missed(over)] == [7, 0]
    assert [each.getMessage() for each in caplog.records] == [f"dialogs.missed dialog={dialog.pk} people=7"]
    found = list(causes.missed_reminders(causes.view(timezone.now())))
    assert [(each.organisation, each.values) for each in found] == [(town.pk, {"count": 7})]
    alarms.settle(found, {Alarm.Kind.REMINDERS_MISSED}, timezone.now(), tell=lambda alarm, event: None)
    assert "7" in sentence(Alarm.objects.get())
    assert list(causes.missed_reminders(causes.view(timezone.now() + timedelta(days=2)))) == []
    Missed.objects.update(at=timezone.now())
    client.force_login(kemal.operator)
    assert "7 Menschen" in client.get(f"/o/musterstadt/dialoge/{dialog.pk}/verlaeufe/").content.decode()


def test_a_dialog_that_went_live_after_its_time_left_nobody_out(town: Organisation, people: None) -> None:
    evening(town)
    Version.objects.update(at=SIX + timedelta(hours=1))
    assert timetable.note_missed(SIX + timetable.LATE) == 0
