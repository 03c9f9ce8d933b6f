"""Frozen, queued in pieces, restartable, stoppable; and the sums always match."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions, ledger, reading, sending
from buergerdraht.broadcasts.models import Broadcast, Piece, Recipient
from buergerdraht.broadcasts.tests.conftest import person
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway import database, outbox
from buergerdraht.gateway.models import Batch, Channel, Outbound

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 3, 22, 30, tzinfo=UTC)  # half past eleven in Germany


@pytest.fixture
def pieces_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Freeze and queue so many people at a time."""

    def cut(people: int) -> None:
        monkeypatch.setattr(sending, "PIECE", people)
        monkeypatch.setattr(sending, "Pace", lambda: sending_pace(people))

    sending_pace = sending.Pace
    monkeypatch.setattr(sending.Pace, "felt", lambda self, seconds: None)
    return cut


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


def test_killed_between_pieces_it_loses_none_and_doubles_none(released: Broadcast, pieces_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces_of(2)
    real, calls = outreach.send_selected, []

    def dies(*given: Any) -> Any:
        answers = real(*given)
        calls.append(1)
        if len(calls) in {2, 4}:
            raise KeyboardInterrupt
        return answers

    monkeypatch.setattr(outreach, "send_selected", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            sending.round_of_all()
        assert Outbound.objects.filter(batch=released.pk).count() == Recipient.objects.count()
        assert ledger.count(released).total.total == 6
    sending.round_of_all()
    letters = Outbound.objects.filter(batch=released.pk)
    assert letters.count() == 6 == Recipient.objects.filter(outbound__in=letters).values("contact").distinct().count()
    assert not Piece.objects.exists()


def test_who_says_stop_meanwhile_gets_nothing(released: Broadcast, people: list[Address], pieces_of: Any) -> None:
    pieces_of(3)
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


def test_pause_holds_resume_releases_stop_ends(released: Broadcast, editor: Operator, pieces_of: Any) -> None:
    pieces_of(2)
    sending.start(released)
    assert sending.queue_piece(released) == 2
    actions.pause(released, operator=editor)
    assert sending.round_of_all() == 0
    assert Batch.objects.get(pk=released.pk).state == "held"
    actions.resume(released, operator=editor)
    assert Batch.objects.get(pk=released.pk).state == "open"
    released = actions.stop(released, operator=editor)
    for _ in range(2):  # the ledger says so at once, and still when the worker has written it to every row
        counted = ledger.count(released).total
        assert (counted.steps["cancelled"], counted.steps["refused"], counted.total) == (2, 4, 6)
        assert counted.reasons == {"cancelled": 6}
        assert sending.round_of_all() == 0
    assert not Piece.objects.exists()
    assert Recipient.objects.filter(broadcast=released).values("contact").distinct().count() == 6
    assert (_state(released), Batch.objects.get(pk=released.pk).state) == ("stopped", "done")


def test_a_stopped_one_shows_as_cancelled_what_is_not_cancelled_yet(released: Broadcast, editor: Operator, monkeypatch: Any) -> None:
    sending.round_of_all()
    monkeypatch.setattr(outbox, "CANCEL_PIECE", 1)
    released = actions.stop(released, operator=editor)
    assert Outbound.objects.filter(batch=released.pk, state="queued").count() == 5
    assert ledger.count(released).total.steps == {"cancelled": 6}
    assert {reading.step_of(row) for row in reading.recipients(released, "cancelled")} == {"cancelled"}
    assert not reading.recipients(released, "open")
    with pytest.raises(actions.ValidationError):
        actions.follow_up(released, operator=editor)
    one = Outbound.objects.filter(batch=released.pk).earliest("id")
    Outbound.objects.filter(pk=one.pk).update(state="failed")
    with pytest.raises(outreach.Refused, match="cancelled"):
        outreach.retry(one)
    sending.round_of_all()
    assert set(Outbound.objects.exclude(pk=one.pk).values_list("state", "reason")) == {("cancelled", "cancelled")}
    outreach.retry(one)  # now it goes, although the rest was cancelled
    sending.round_of_all()
    assert Outbound.objects.get(pk=one.pk).state == "queued"
    assert Batch.objects.get(pk=released.pk).state == "open"


def test_two_large_ones_take_turns_and_an_urgent_one_goes_first(released: Broadcast, editor: Operator, pieces_of: Any) -> None:
    pieces_of(2)
    others = [Broadcast.objects.create(
        organisation=released.organisation, title="x", state="approved", audience={}, versions=released.versions, urgent=urgent
    ) for urgent in (False, True)]  # fmt: skip
    sending.round_of_all()
    order = [batch for batch, _ in itertools.groupby(Outbound.objects.order_by("id").values_list("batch", flat=True))]
    one, two, urgent = released.pk, others[0].pk, others[1].pk
    assert order == [urgent, one, two, one, two, one, two]


def test_the_channel_gone_or_not_the_sums_stay_with_the_size(released: Broadcast, people: list[Address], pieces_of: Any) -> None:
    pieces_of(2)
    sending.start(released)
    people[1].contact.delete()
    Address.objects.filter(pk=people[5].pk).update(state="blocked")
    while sending.queue_piece(released) is not None:
        counted = ledger.count(released).total
        assert counted.total == 6 == Broadcast.objects.get(pk=released.pk).size
    assert counted.reasons == {"stopped": 1, "barred": 1}


def test_a_large_one_is_counted_by_the_worker(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LIVE", 5)
    sending.round_of_all()
    released.refresh_from_db()
    Outbound.objects.update(state="accepted")
    shown = ledger.figures(released)
    assert (shown.total.steps, shown.at) == ({"queued": 6}, released.figures_at)
    assert ledger.refresh_due() == 0  # five seconds are not over
    sending.finish(released)  # another state is worth a count at once
    assert ledger.refresh_due() == 1
    released.refresh_from_db()
    assert ledger.figures(released).total.steps == {"accepted": 6}
    monkeypatch.setattr(ledger, "LIVE", 6)
    assert ledger.figures(released).at is None


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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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


def test_pages_of_a_large_one_take_their_number_from_the_ledger(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LIVE", 5)
    sending.round_of_all()
    released.refresh_from_db()
    first, second = (reading.Pages(released, "open", per_page=4).get_page(number) for number in (1, 2))
    assert (first.paginator.count, len(first), len(second)) == (6, 4, 2)
    assert [row.pk for row in first] + [row.pk for row in second] == sorted(Recipient.objects.values_list("pk", flat=True))
    assert not reading.Pages(released, "failed").get_page(1).object_list


def test_one_that_breaks_does_not_hold_up_the_others(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"organisation": released.organisation, "state": "approved", "audience": {}, "versions": released.versions, "urgent": True}
    broken, starts = (Broadcast.objects.create(title=title, **fields) for title in ("broken", "starts"))
    real = outreach.send_selected

    def breaks(selection: outreach.Selection, record: str) -> Any:
        if selection.batch == broken.pk:
            raise ValueError
        return real(selection, record)

    monkeypatch.setattr(outreach, "send_selected", breaks)
    assert sending.round_of_all() == 12
    assert (_state(broken), _state(starts), ledger.count(broken).total.steps) == ("sending", "sending", {"waiting": 6})
    monkeypatch.setattr(outreach, "send_selected", real)
    assert sending.round_of_all() == 6


def test_one_that_is_being_sent_rests_through_quiet_hours(released: Broadcast, editor: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    sending.round_of_all()
    _state_of_batch(released, "open")
    Organisation.objects.update(quiet_from=time(22), quiet_until=time(6))
    monkeypatch.setattr(database, "clock", lambda: NIGHT)
    monkeypatch.setattr(timezone, "now", lambda: NIGHT)
    sending.round_of_all()
    _state_of_batch(released, "resting")
    rests_until = reading.result(Broadcast.objects.get(pk=released.pk))["rests_until"]
    assert rests_until == datetime(2026, 11, 4, 5, tzinfo=UTC)
    actions.resume(actions.pause(released, operator=editor), operator=editor)  # who goes on at night does not wake the town
    _state_of_batch(released, "resting")
    monkeypatch.setattr(database, "clock", lambda: NIGHT + timedelta(hours=7))
    sending.round_of_all()
    _state_of_batch(released, "open")


def test_one_that_ended_at_rest_leaves_no_batch_asleep(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    sending.round_of_all()
    outbox.rest(released.pk)
    Outbound.objects.update(state="accepted")
    monkeypatch.setattr(outreach, "close", lambda batches: 0)  # the worker ended before it came to it
    assert sending.finish(released)
    _state_of_batch(released, "open")


def test_an_urgent_one_knows_no_quiet_hours(released: Broadcast, monkeypatch: pytest.MonkeyPatch) -> None:
    Broadcast.objects.update(urgent=True)
    Organisation.objects.update(quiet_from=time(22), quiet_until=time(6))
    monkeypatch.setattr(database, "clock", lambda: NIGHT)
    sending.round_of_all()
    _state_of_batch(released, "open")


def _state_of_batch(broadcast: Broadcast, state: str) -> None:
    assert Batch.objects.get(pk=broadcast.pk).state == state
