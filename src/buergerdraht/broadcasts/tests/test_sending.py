"""Frozen, queued in pieces, restartable, stoppable; and the sums always match."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.accounts.models import Operator
from buergerdraht.broadcasts import actions, ledger, reading, sending
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.broadcasts.tests.conftest import person
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway.models import Batch, Channel, Outbound

pytestmark = pytest.mark.django_db


def _state(broadcast: Broadcast) -> str:
    return Broadcast.objects.get(pk=broadcast.pk).state


def test_everybody_gets_it_once_in_their_language(released: Broadcast, people: list[Address]) -> None:
    Contact.objects.filter(pk=people[0].contact_id).update(language="en")
    Contact.objects.filter(pk=people[1].contact_id).update(language="ar")
    assert sending.round_of_all() == 6
    assert sending.round_of_all() == 0
    rows = Outbound.objects.filter(batch=released.pk)
    assert rows.count() == 6 == Recipient.objects.filter(broadcast=released, outbound__isnull=False).count()
    by_contact = {row.contact_id: row.outbound.content.content for row in Recipient.objects.filter(broadcast=released)}
    assert by_contact[people[0].contact_id]["title"] == "The market moves"
    assert by_contact[people[1].contact_id]["title"] == "Der Markt zieht um"
    assert by_contact[people[0].contact_id]["footer"] == "Unsubscribe: STOP"
    assert Counter(row.content_id for row in rows).most_common(1)[0][1] == 5


def test_the_audience_is_frozen_at_the_start(released: Broadcast, telegram: Channel, topic: Topic) -> None:
    sending.start(released)
    person(telegram, topic, 50)
    sending.round_of_all()
    assert Recipient.objects.filter(broadcast=released).count() == 6


def test_killed_between_pieces_it_loses_none_and_doubles_none(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PIECE", 2)
    real, calls = outreach.send_many, []

    def dies(*given: Any, **named: Any) -> Any:
        answers = real(*given, **named)
        calls.append(1)
        if len(calls) in {2, 4}:
            raise KeyboardInterrupt
        return answers

    monkeypatch.setattr(outreach, "send_many", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            sending.round_of_all()
        assert Outbound.objects.filter(batch=released.pk).count() == Recipient.objects.filter(outbound__isnull=False).count()
    sending.round_of_all()
    assert Outbound.objects.filter(batch=released.pk).count() == 6 == Recipient.objects.filter(outbound__isnull=False).count()


def test_who_says_stop_meanwhile_gets_nothing(released: Broadcast, people: list[Address], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PIECE", 3)
    sending.start(released)
    sending.queue_piece(released)
    for address in (people[0], people[5]):
        contacts.stop(address.contact, evidence="m", channel=address.channel)
    sending.round_of_all()
    counted = ledger.count(released).total
    assert counted.total == 6
    assert counted.steps["queued"] == 4
    assert counted.steps["cancelled"] + counted.steps["refused"] == 2
    assert set(counted.reasons) == {"stopped"}


def test_pause_holds_resume_releases_stop_ends(released: Broadcast, editor: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PIECE", 2)
    sending.start(released)
    sending.queue_piece(released)
    actions.pause(released, operator=editor)
    assert sending.round_of_all() == 0
    assert Batch.objects.get(id=released.pk).state == "held"
    actions.resume(released, operator=editor)
    assert Batch.objects.get(id=released.pk).state == "open"
    actions.stop(released, operator=editor)
    assert sending.round_of_all() == 0
    counted = ledger.count(released).total
    assert (counted.steps["cancelled"], counted.steps["refused"], counted.total) == (2, 4, 6)
    assert _state(released) == "stopped"


def test_outside_the_window_only_a_template_goes(released: Broadcast, people: list[Address]) -> None:
    Address.objects.filter(pk=people[5].pk).update(last_inbound_at=None)
    sending.round_of_all()
    assert ledger.count(released).total.reasons == {"no_template": 1}


def test_it_is_done_when_nothing_is_open(released: Broadcast) -> None:
    sending.round_of_all()
    assert _state(released) == "sending"
    Outbound.objects.filter(batch=released.pk).update(state="accepted")
    sending.round_of_all()
    assert _state(released) == "done"


def test_the_next_goes_only_to_those_it_missed(released: Broadcast, people: list[Address], editor: Operator) -> None:
    sending.round_of_all()
    Outbound.objects.filter(batch=released.pk).update(state="accepted")
    failed = Recipient.objects.filter(broadcast=released).order_by("id")[2]
    Outbound.objects.filter(pk=failed.outbound_id).update(state="failed", reason="content_refused")
    sending.round_of_all()
    again = actions.follow_up(released, operator=editor)
    assert again.follows_id == released.pk
    assert again.audience["contacts"] == [failed.contact_id]


def test_following_up_on_nobody_is_refused(released: Broadcast, editor: Operator) -> None:
    sending.round_of_all()
    Outbound.objects.filter(batch=released.pk).update(state="accepted")
    with pytest.raises(actions.ValidationError):
        actions.follow_up(released, operator=editor)


STATES = st.sampled_from([state.value for state in Outbound.State])
RECEIPTS = st.sampled_from(["", "sent", "delivered", "read", "failed"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, 5), STATES, RECEIPTS), max_size=12))
def test_the_ledger_adds_up_whatever_happens(released: Broadcast, moves: list[tuple[int, str, str]]) -> None:
    sending.round_of_all()
    rows = list(Recipient.objects.filter(broadcast=released).order_by("id"))
    for number, state, receipt in moves:
        Outbound.objects.filter(pk=rows[number].outbound_id).update(state=state, receipt=receipt)
        counted = ledger.count(released)
        assert counted.total.total == 6 == sum(sums.total for sums in counted.channels.values())
        assert set(counted.total.steps) <= set(ledger.STEPS)
        people = reading.recipients(released, "")
        assert Counter(reading.step_of(row) for row in people) == +counted.total.steps
