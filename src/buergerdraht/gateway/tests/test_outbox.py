from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine.claim import SQL as ENGINE
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


# ── Taking a letter back ──────────────────────────────────────────────────


def reply(channel: Channel, **more: object) -> Outbound:
    return outbox.put(channel, "4915228817386", Content(text="Hallo"), purpose="reply", **more)  # type: ignore[arg-type]


def claims(row: Outbound) -> bool:
    """Claim a letter as the engine does."""
    with connection.cursor() as cursor:
        cursor.execute(ENGINE["claim"], {"engine": "e1", "ids": [row.pk], "totals": [1]})
        return bool(cursor.fetchall())


def test_a_letter_taken_back_is_never_claimed(channel: Channel) -> None:
    row = reply(channel)
    assert outbox.take_back(row)
    assert not claims(row)
    assert not outbox.take_back(row)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("cancelled", "cancelled")


def test_a_letter_claimed_is_not_taken_back(channel: Channel) -> None:
    row = reply(channel)
    assert claims(row)
    assert not outbox.take_back(row)
    row.refresh_from_db()
    assert row.state == "sending"


@pytest.mark.parametrize("begun", [{"tries": 1}, {"parts_done": 1}])
def test_a_letter_of_which_something_may_have_left_is_not_taken_back(channel: Channel, begun: dict[str, int]) -> None:
    row = reply(channel)
    Outbound.objects.update(**begun)
    assert not outbox.take_back(row)


def test_a_newsletter_that_was_tried_in_vain_is_taken_back(channel: Channel) -> None:
    """What of it may have left would be unclear, and not queued."""
    row = reply(channel)
    Outbound.objects.update(purpose="newsletter", tries=2)
    assert outbox.take_back(row)


@pytest.mark.django_db(transaction=True)
def test_who_is_first_decides_when_engine_and_operator_reach_for_one_letter(channel: Channel) -> None:
    """The claim stands uncommitted while somebody takes back: taking back waits, then sees it was too late."""
    row, answers = reply(channel), []
    held, go = threading.Event(), threading.Event()

    def engine() -> None:
        with transaction.atomic():
            assert claims(row)
            held.set()
            go.wait(10)
        connection.close()

    def operator() -> None:
        held.wait(10)
        answers.append(outbox.take_back(row))
        connection.close()

    hands = [threading.Thread(target=engine), threading.Thread(target=operator)]
    for hand in hands:
        hand.start()
    held.wait(10)
    time.sleep(0.3)
    assert answers == []  # waits for the engine's word
    go.set()
    for hand in hands:
        hand.join(10)
    row.refresh_from_db()
    assert (answers, row.state) == ([False], "sending")


def test_what_is_said_after_a_reply_that_waits_does_not_overtake_it(channel: Channel) -> None:
    until = timezone.now() + timedelta(seconds=5)
    first = reply(channel, not_before=until)
    later = [reply(channel), outbox.put(channel, "4915228817386", Content(text="Bot"), purpose="service")]
    waits = dict(Outbound.objects.values_list("pk", "not_before"))
    assert [waits[row.pk] for row in later] == [until, until]
    others = [
        outbox.put(channel, "4915228817386", Content(text="Warnung"), purpose="alert"),
        outbox.put(channel, "4915228817387", Content(text="Jemand anderes"), purpose="reply"),
    ]
    waits = dict(Outbound.objects.values_list("pk", "not_before"))
    assert [waits[row.pk] for row in others] == [None, None]
    Outbound.objects.filter(pk__in=[row.pk for row in (first, *later)]).update(state="cancelled")
    assert Outbound.objects.get(pk=reply(channel).pk).not_before is None
