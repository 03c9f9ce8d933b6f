from __future__ import annotations

import pytest

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Batch, Channel, Outbound, Part

State = Outbound.State
pytestmark = pytest.mark.django_db


def letters(channel: Channel, count: int, batch: int = 7) -> list[Outbound]:
    content = outbox.store(channel.organisation, Content(text="Guten Tag"))
    return outbox.put_many(
        outbox.Letter(
            channel_id=channel.id,
            address_sealed=vault.encrypt(f"citizen{number}"),
            address_hash=vault.lookup(channel.organisation_id, f"citizen{number}"),
            content_id=content.id,
            purpose="newsletter",
            batch=batch,
        )
        for number in range(count)
    )


def test_a_letter_keeps_its_address_sealed_and_findable(channel: Channel) -> None:
    row = outbox.put(channel, "4915228817386", Content(text="Hallo"), purpose="reply")
    stored = Outbound.objects.get(id=row.id)
    assert stored.address == row.address == "4915228817386"
    assert bytes(stored.address_hash) == vault.lookup(channel.organisation_id, "4915228817386")
    assert stored.priority == 1
    assert stored.content.content == {"text": "Hallo"}


def test_stop_of_a_person_cancels_only_their_queued_rows(channel: Channel) -> None:
    first, second, third = letters(channel, 3)
    Outbound.objects.filter(id=second.id).update(state=State.SENDING)
    assert outbox.cancel(channel.id, first.address_hash, ["newsletter"]) == 1
    assert outbox.cancel(channel.id, second.address_hash, ["newsletter"]) == 0
    states = list(Outbound.objects.order_by("id").values_list("state", "reason"))
    assert states == [("cancelled", "stopped"), ("sending", ""), ("queued", "")]
    assert third.state == State.QUEUED


def test_a_batch_holds_goes_on_and_stops(channel: Channel) -> None:
    letters(channel, 4)
    outbox.hold(7)
    assert Batch.objects.get(id=7).state == "held"
    outbox.release(7)
    assert Batch.objects.get(id=7).state == "open"
    outbox.hold(7)
    assert outbox.stop(7) == 4
    assert set(Outbound.objects.values_list("state", "reason")) == {("cancelled", "cancelled")}
    outbox.release(7)
    assert Batch.objects.get(id=7).state == "stopped"


def test_an_unclear_one_is_settled_by_hand(channel: Channel) -> None:
    first, second = letters(channel, 2)
    Outbound.objects.update(state=State.UNCLEAR, reason="unclear")
    outbox.settle(first, again=True)
    outbox.settle(second, again=False)
    assert (first.state, second.state) == (State.QUEUED, State.ACCEPTED)


def test_a_retry_repeats_only_the_parts_that_failed(channel: Channel) -> None:
    (row,) = letters(channel, 1)
    now = row.created_at
    Part.objects.create(outbound=row, channel=channel, position=0, external_id="a", state="delivered", at=now)
    Part.objects.create(outbound=row, channel=channel, position=1, external_id="b", state="failed", at=now)
    Outbound.objects.update(state=State.FAILED, parts_total=2, parts_done=2, receipt="failed")
    outbox.retry(row)
    assert (row.state, row.parts_done, row.receipt) == (State.QUEUED, 1, "")
