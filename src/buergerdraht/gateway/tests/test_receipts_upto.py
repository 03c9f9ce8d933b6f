"""Some providers say "read up to then" and name no message: everything that went to this person by then climbs, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from buergerdraht.connectors.contract import Content, Receipt, ReceiptState, seen_id
from buergerdraht.gateway import outbox, receipts
from buergerdraht.gateway.models import Channel, EarlyReceipt, Outbound, Part

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
S = ReceiptState


def sent(channel: Channel, address: str, seconds: float, parts: int = 1, **more: Any) -> Outbound:
    """A letter whose call began so many seconds after noon."""
    row = outbox.put(channel, address, Content(text="x"), purpose="newsletter", batch=3)
    began = NOON + timedelta(seconds=seconds)
    for position in range(parts):
        Part.objects.create(
            outbound=row, channel=channel, position=position, external_id=f"{row.id}-{position}", state="accepted", at=began
        )
    values = {"state": "accepted", "parts_total": parts, "parts_done": parts, "claimed_at": began, "accepted_at": began}
    Outbound.objects.filter(id=row.id).update(**{**values, "finished_at": began, **more})
    return row


def up_to(seconds: float, state: ReceiptState = S.READ, address: str = "anna") -> Receipt:
    at = NOON + timedelta(seconds=seconds)
    return Receipt(external_id="", state=state, at=at, address=address, until=at)


def stand(*letters: Outbound) -> list[str]:
    return [Outbound.objects.get(id=letter.id).receipt for letter in letters]


@pytest.mark.django_db
def test_everything_up_to_then_is_read_and_nothing_after(channel: Channel) -> None:
    first, second, third = (sent(channel, "anna", seconds) for seconds in (0, 10, 20))
    other = sent(channel, "bert", 0)
    receipts.apply(channel.id, [up_to(10)])
    assert stand(first, second, third, other) == ["read", "read", "", ""]
    assert Outbound.objects.get(id=first.id).read_at == NOON + timedelta(seconds=10)


@pytest.mark.django_db
def test_every_part_of_a_letter_climbs_and_never_down(channel: Channel) -> None:
    letter = sent(channel, "anna", 0, parts=3)
    receipts.apply(channel.id, [up_to(5)])
    receipts.apply(channel.id, [up_to(9, S.DELIVERED)])
    assert stand(letter) == ["read"]
    assert set(Part.objects.filter(outbound=letter).values_list("state", flat=True)) == {"read"}


@pytest.mark.django_db
def test_a_failed_letter_is_not_read_and_another_house_hears_nothing(channel: Channel) -> None:
    failed = sent(channel, "anna", 0, state="failed")
    elsewhere = Channel.objects.create(organisation=channel.organisation, kind="double", name="B", config="{}", token="other")
    there = sent(elsewhere, "anna", 0)
    receipts.apply(channel.id, [up_to(5)])
    assert stand(failed, there) == ["", ""]


@pytest.mark.django_db
def test_it_waits_for_a_letter_whose_call_runs(channel: Channel) -> None:
    """The report may overtake our own record of the call."""
    letter = sent(channel, "anna", 0)
    Part.objects.filter(outbound=letter).delete()
    Outbound.objects.filter(id=letter.id).update(state="sending", parts_done=0, accepted_at=None, finished_at=None)
    receipts.apply(channel.id, [up_to(5)])
    (waiting,) = EarlyReceipt.objects.all()
    assert "anna" not in str(waiting.receipt)
    receipts.apply_early()
    assert EarlyReceipt.objects.count() == 1
    Part.objects.create(outbound=letter, channel=channel, position=0, external_id="m_1", state="accepted", at=NOON)
    Outbound.objects.filter(id=letter.id).update(state="accepted", parts_done=1, accepted_at=NOON, finished_at=NOON)
    receipts.apply_early()
    assert stand(letter) == ["read"]
    assert not EarlyReceipt.objects.exists()


def parts_at(channel: Channel, *seconds: float) -> Outbound:
    """A letter whose parts were accepted so many seconds after noon."""
    letter = sent(channel, "anna", 0, parts=len(seconds))
    for position, second in enumerate(seconds):
        Part.objects.filter(outbound=letter, position=position).update(at=NOON + timedelta(seconds=second))
    return letter


def read_of(letter: Outbound) -> list[bool]:
    return [part.state == "read" for part in Part.objects.filter(outbound=letter).order_by("position")]


@pytest.mark.django_db
def test_a_part_that_went_out_later_is_not_read(channel: Channel) -> None:
    """The second picture of a letter went out half a minute after the first was read."""
    letter = parts_at(channel, 1, 30, 31)
    Outbound.objects.filter(id=letter.id).update(claimed_at=NOON + timedelta(seconds=29))  # taken anew for the rest
    receipts.apply(channel.id, [up_to(5)])
    assert (read_of(letter), stand(letter)) == ([True, False, False], [""])
    receipts.apply(channel.id, [up_to(60)])
    assert (read_of(letter), stand(letter)) == ([True, True, True], ["read"])


@pytest.mark.django_db
def test_whoever_reads_before_we_noted_that_it_was_accepted_has_read_it(channel: Channel) -> None:
    """The provider's time of a message lies between the beginning of the call and our note of its end."""
    letter = parts_at(channel, 0.9, 2.4)
    receipts.apply(channel.id, [up_to(0.4)])
    assert read_of(letter) == [True, False]
    receipts.apply(channel.id, [up_to(1.3)])
    assert read_of(letter) == [True, True]


@pytest.mark.django_db
def test_it_waits_for_the_rest_of_a_letter_whose_first_part_was_read(channel: Channel) -> None:
    letter = parts_at(channel, 1, 30)
    late = NOON + timedelta(seconds=29)
    Part.objects.filter(outbound=letter, position=1).delete()
    Outbound.objects.filter(id=letter.id).update(state="sending", parts_done=1, claimed_at=late, accepted_at=None, finished_at=None)
    receipts.apply(channel.id, [up_to(5)])
    Part.objects.create(outbound=letter, channel=channel, position=1, external_id="second", state="accepted", at=late)
    Outbound.objects.filter(id=letter.id).update(state="accepted", parts_done=2, accepted_at=late, finished_at=late)
    receipts.apply_early()
    assert (read_of(letter), stand(letter)) == ([True, False], [""])
    assert not EarlyReceipt.objects.exists()


def test_two_moments_are_two_reports() -> None:
    assert seen_id(up_to(1)) != seen_id(up_to(2)) != seen_id(up_to(2, S.DELIVERED))
