"""The canary is sent when due, through the one door, comes back in time or is missed, and leaves no trace in the inbox."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Channel, Outbound, Part, StoredContent
from buergerdraht.watch import actions, canary
from buergerdraht.watch.models import Probe, ProbeRun

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def probe(town, now: datetime) -> Probe:
    return actions.set_probe(town.channel, town.person(wrote=now - MINUTE), 5, operator=town.operator)


@pytest.fixture
def now() -> datetime:
    from django.utils import timezone

    return timezone.now()


def answered(**values: object) -> None:
    Outbound.objects.order_by("-id")[:1].get()
    newest = Outbound.objects.order_by("-id").values_list("pk", flat=True)[0]
    Outbound.objects.filter(pk=newest).update(**values)


def state(probe: Probe) -> str:
    probe.refresh_from_db()
    return probe.state


def test_it_comes_back_when_the_provider_says_delivered(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now)
    letter = Outbound.objects.get()
    assert (letter.purpose, letter.batch) == ("service", None)
    assert letter.expires_at == now + 5 * MINUTE
    assert state(probe) == "waiting"
    answered(state="accepted", accepted_at=letter.created_at + SECOND, receipt="sent")
    canary.round_of_all(now + 15 * SECOND)
    assert state(probe) == "waiting"  # accepted is not enough here
    answered(receipt="delivered", delivered_at=letter.created_at + 3 * SECOND)
    canary.round_of_all(now + 30 * SECOND)
    assert state(probe) == "good"
    assert probe.milliseconds == 3000
    assert probe.good_at


def test_where_nothing_is_reported_accepted_is_enough(town, probe: Probe, now: datetime) -> None:
    Channel.objects.update(kind="telegram")
    canary.round_of_all(now)
    answered(state="accepted", accepted_at=Outbound.objects.get().created_at + SECOND)
    canary.round_of_all(now + 15 * SECOND)
    assert state(probe) == "good"


def test_it_is_missed_after_a_minute(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now)
    canary.round_of_all(now + 59 * SECOND)
    assert state(probe) == "waiting"
    canary.round_of_all(now + 61 * SECOND)
    assert state(probe) == "lost"


def test_it_is_missed_at_once_when_it_fails_and_found_again_by_the_next(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now)
    answered(state="failed", reason="token_invalid")
    canary.round_of_all(now + 15 * SECOND)
    assert (state(probe), probe.reason) == ("lost", "token_invalid")
    canary.round_of_all(now + 5 * MINUTE)
    assert Outbound.objects.count() == 2
    assert state(probe) == "lost"  # until the new one is back
    letter = Outbound.objects.order_by("-id").first()
    assert letter
    answered(state="accepted", receipt="delivered", accepted_at=letter.created_at, delivered_at=letter.created_at - SECOND)
    canary.round_of_all(now + 5 * MINUTE + 15 * SECOND)
    assert (state(probe), probe.reason, probe.milliseconds) == ("good", "", 0)


def test_one_that_comes_back_late_is_lost(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now)
    letter = Outbound.objects.get()
    answered(state="accepted", receipt="delivered", accepted_at=letter.created_at, delivered_at=letter.created_at + 2 * MINUTE)
    canary.round_of_all(now + 3 * MINUTE)
    assert state(probe) == "lost"


def test_it_is_sent_every_five_minutes_and_never_two_at_a_time(probe: Probe, now: datetime) -> None:
    for seconds in range(0, 600, 15):
        canary.round_of_all(now + seconds * SECOND)
    assert Outbound.objects.count() == 2


def test_a_closed_window_is_said_and_is_no_fault(town, now: datetime) -> None:
    probe = actions.set_probe(town.channel, town.person(wrote=now - timedelta(hours=30)), 5, operator=town.operator)
    canary.round_of_all(now)
    assert state(probe) == "closed"
    assert not Outbound.objects.exists()
    Address.objects.update(last_inbound_at=now)
    canary.round_of_all(now + 5 * MINUTE)
    assert Outbound.objects.count() == 1


def test_a_barred_phone_is_said_with_its_reason(probe: Probe, now: datetime) -> None:
    Address.objects.update(state="gone")
    canary.round_of_all(now)
    assert (state(probe), probe.reason) == ("refused", "blocked")


@pytest.mark.parametrize("standing", ["paused", "broken", "setup", "draining"])
def test_a_channel_that_does_not_run_has_no_canary(probe: Probe, now: datetime, standing: str) -> None:
    Channel.objects.update(state=standing)
    canary.round_of_all(now)
    assert not Outbound.objects.exists()


def test_the_inbox_never_hears_of_it(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now)
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()


def test_it_goes_after_two_days_with_all_it_left(probe: Probe, now: datetime) -> None:
    canary.round_of_all(now - timedelta(days=3))
    old = Outbound.objects.get()
    Part.objects.create(outbound=old, channel=probe.channel, position=0, external_id="x", state="delivered", at=now)
    answered(state="failed")
    canary.round_of_all(now - timedelta(days=3) + MINUTE)
    canary.round_of_all(now)
    canary.forget(now)
    assert ProbeRun.objects.count() == Outbound.objects.count() == StoredContent.objects.count() == 1
    assert not Part.objects.exists()
    assert Contact.objects.exists()


def test_a_broken_one_keeps_no_other_from_singing(town, probe: Probe, now: datetime, caplog: pytest.LogCaptureFixture) -> None:
    other = Channel.objects.create(organisation=town.organisation, kind="unknown", name="x", config="{}", state="running")
    address = Address.objects.create(
        organisation=town.organisation, contact=probe.address.contact, channel=other, address="Emine", address_hash=b"x"
    )
    Probe.objects.create(channel=other, address=address)
    Probe.objects.filter(channel=other).update(id=0)
    canary.round_of_all(now)
    assert Outbound.objects.filter(channel=town.channel).count() == 1
    assert "canary.broken" in caplog.text
    assert "Emine" not in caplog.text


def test_whom_it_writes_to_must_be_on_the_channel(town, probe: Probe) -> None:
    other = Channel.objects.create(organisation=town.organisation, kind="telegram", name="x", config="{}", state="running")
    with pytest.raises(ValidationError):
        actions.set_probe(other, probe.address, 5, operator=town.operator)
    with pytest.raises(ValidationError):
        actions.set_probe(town.channel, probe.address, 0, operator=town.operator)
    actions.drop_probe(town.channel, operator=town.operator)
    probe.refresh_from_db()
    assert not probe.active
