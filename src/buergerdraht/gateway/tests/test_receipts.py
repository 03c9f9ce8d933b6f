from __future__ import annotations

import itertools
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from buergerdraht.connectors.contract import Content, Receipt, ReceiptState
from buergerdraht.gateway import outbox, receipts
from buergerdraht.gateway.models import Channel, EarlyReceipt, InboundEvent, Outbound, Part

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
S = ReceiptState


def sent(channel: Channel, address: str = "anna", parts: int = 1) -> Outbound:
    """A letter the provider has accepted."""
    row = outbox.put(channel, address, Content(text="x"), purpose="newsletter", batch=3)
    for position in range(parts):
        Part.objects.create(outbound=row, channel=channel, position=position, external_id=f"{row.id}-{position}", state="accepted", at=NOON)
    Outbound.objects.filter(id=row.id).update(state="accepted", parts_total=parts, parts_done=parts, accepted_at=NOON)
    return row


def receipt(row: Outbound, state: ReceiptState, position: int = 0, **more: Any) -> Receipt:
    return Receipt(external_id=f"{row.id}-{position}", state=state, at=NOON + timedelta(seconds=list(S).index(state)), **more)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "receipt_state", "state"),
    [
        ([S.SENT, S.DELIVERED, S.READ], "read", "accepted"),
        ([S.SENT, S.READ], "read", "accepted"),
        ([S.SENT, S.FAILED], "failed", "failed"),
        ([S.FAILED, S.DELIVERED], "delivered", "accepted"),
        ([S.SENT, S.FAILED, S.DELIVERED, S.READ, S.READ], "read", "accepted"),
    ],
)
def test_receipts_climb_in_whatever_order_they_come(channel: Channel, told: list[ReceiptState], receipt_state: str, state: str) -> None:
    """Law 4: all orders, one by one and in one batch, end the same."""
    for order in set(itertools.permutations(told)):
        for together in (False, True):
            row = sent(channel)
            said = [receipt(row, one, reason="not_reachable" if one == S.FAILED else "") for one in order]
            for batch in [said] if together else [[one] for one in said]:
                receipts.apply(channel.id, batch)
            row.refresh_from_db()
            assert (row.receipt, row.state) == (receipt_state, state), order
            assert row.reason == ("not_reachable" if state == "failed" else "")
            if "read" in told:
                assert row.read_at
                assert row.delivered_at


@pytest.mark.django_db
def test_a_letter_of_several_parts_is_where_its_last_part_is(channel: Channel) -> None:
    row = sent(channel, parts=2)
    receipts.apply(channel.id, [receipt(row, S.READ, 0)])
    row.refresh_from_db()
    assert (row.receipt, row.state) == ("", "accepted")
    receipts.apply(channel.id, [receipt(row, S.DELIVERED, 1)])
    row.refresh_from_db()
    assert row.receipt == "delivered"


@pytest.mark.django_db
def test_an_early_receipt_waits_for_its_letter(channel: Channel) -> None:
    """Law 4."""
    early = Receipt(external_id="later-0", state=S.DELIVERED, at=NOON)
    receipts.apply(channel.id, [early])
    assert EarlyReceipt.objects.count() == 1
    assert receipts.apply_early() == 0
    row = sent(channel)
    Part.objects.update(external_id="later-0")
    assert receipts.apply_early() == 1
    row.refresh_from_db()
    assert (row.receipt, EarlyReceipt.objects.count()) == ("delivered", 0)


@pytest.mark.django_db
def test_a_token_settles_only_letters_of_its_own_channel(channel: Channel) -> None:
    other = Channel.objects.create(organisation=channel.organisation, kind="double", name="Zwei", config="{}")
    row = outbox.put(channel, "anna", Content(text="x"), purpose="newsletter")
    Outbound.objects.update(state="doubt", parts_total=1)
    receipts.apply(other.id, [Receipt(external_id="w", state=S.READ, at=NOON, token=f"{row.id}.0")])
    receipts.apply(channel.id, [Receipt(external_id="v", state=S.READ, at=NOON, token="'; drop table; --.0")])
    row.refresh_from_db()
    assert row.state == "doubt"
    receipts.apply(channel.id, [Receipt(external_id="w", state=S.SENT, at=NOON, token=f"{row.id}.0")])
    row.refresh_from_db()
    assert (row.state, row.receipt) == ("accepted", "sent")


@pytest.mark.django_db
def test_a_letter_in_a_running_call_is_left_to_the_engine(channel: Channel) -> None:
    row = outbox.put(channel, "anna", Content(text="x"), purpose="newsletter")
    Outbound.objects.update(state="sending", parts_total=1)
    receipts.apply(channel.id, [Receipt(external_id="w", state=S.READ, at=NOON, token=f"{row.id}.0")])
    row.refresh_from_db()
    assert row.state == "sending"
    assert Part.objects.get().state == "read"


@pytest.mark.django_db
def test_a_failure_that_tells_of_a_block_becomes_an_event(channel: Channel) -> None:
    row = sent(channel)
    for _ in range(2):
        receipts.apply(channel.id, [receipt(row, S.FAILED, reason="opted_out")])
    event = InboundEvent.objects.get()
    assert event.source == "engine"
    assert b'"scope":"newsletter"' in bytes(event.body)


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_letters_do_not_deadlock(channel: Channel) -> None:
    rows = [sent(channel, f"citizen{number}") for number in range(60)]
    problems: list[Exception] = []

    def work(seed: int) -> None:
        dice = random.Random(seed)
        try:
            for _ in range(15):
                some = dice.sample(rows, 40)
                receipts.apply(channel.id, [receipt(row, dice.choice([S.SENT, S.DELIVERED, S.READ])) for row in some])
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["find", "lock", "climb", "recompute"])
def test_receipts_find_their_letters_by_an_index(channel: Channel, name: str) -> None:
    """However many letters there are: nothing is read that the receipts do not speak of."""
    row = sent(channel)
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into gateway_outbound (organisation_id, channel_id, address, address_hash, content_id, purpose, priority, state,
                 reason, details, tries, parts_total, parts_done, claimed_by, receipt, created_at)
               select organisation_id, channel_id, 'x', 'x', content_id, purpose, 5, 'accepted', '', '', 1, 1, 1, '', '', now()
               from gateway_outbound, generate_series(1, 20000) where id = %s""",
            [row.id],
        )
        cursor.execute(
            """insert into gateway_part (outbound_id, channel_id, position, external_id, state, reason, at)
               select id, channel_id, 0, 'ext' || id, 'accepted', '', now() from gateway_outbound where id <> %s""",
            [row.id],
        )
        cursor.execute("analyze gateway_outbound, gateway_part")
        one = {"outbounds": [row.id], "positions": [0], "externals": ["x"], "states": ["read"], "reasons": [""], "ats": [NOON]}
        cursor.execute("explain " + receipts.SQL[name], {"channel": channel.id, "ids": [row.id], **one})
        plan = "\n".join(line[0] for line in cursor.fetchall())
    assert "Seq Scan" not in plan


@pytest.mark.django_db
def test_a_letter_of_one_part_ends_as_one_that_is_computed_from_its_parts(channel: Channel) -> None:
    """The quick way for most letters and the thorough one for all agree, whatever is told of them before."""
    for told in itertools.permutations([S.SENT, S.FAILED, S.DELIVERED, S.READ]):
        quick, thorough = sent(channel), sent(channel)
        Outbound.objects.filter(id=quick.id).update(finished_at=NOON)
        Outbound.objects.filter(id=thorough.id).update(finished_at=NOON, parts_done=0)
        for one in told:
            receipts.apply(channel.id, [receipt(quick, one, reason="not_reachable" if one == S.FAILED else "")])
            Outbound.objects.filter(id=thorough.id).update(parts_done=0)
            receipts.apply(channel.id, [receipt(thorough, one, reason="not_reachable" if one == S.FAILED else "")])
            kept = ("state", "receipt", "reason", "details", "delivered_at", "read_at", "finished_at", "accepted_at")
            ended = {number: tuple(values) for number, *values in Outbound.objects.values_list("id", *kept)}
            assert ended[quick.id] == ended[thorough.id], told
