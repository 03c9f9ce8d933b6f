"""Webhooks that come ten times in any order, and receipts in every order there is (F10, F11; laws 2 and 4)."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
import report
from parts import ECHO, Server, address_of, found_town, providing, running, settled, until, write
from report import Outcome
from storm import deliver, message

from buergerdraht.connectors.contract import Receipt, ReceiptState, to_json
from buergerdraht.conversations.models import Message
from buergerdraht.gateway.models import Outbound, Part

pytestmark = pytest.mark.slow
RANK = ["accepted", "sent", "failed", "delivered", "read"]  # a part climbs in this order, whatever comes when


def receipt(external_id: str, state: str, token: str = "") -> dict[str, object]:
    known = Receipt(external_id=external_id, state=ReceiptState(state), at=datetime.now(UTC), token=token)
    return {"event": to_json(known)}


def ingested(server: Server) -> bool:
    return not server.run("select 1 from gateway_inboundevent where state = 'new' limit 1")


def test_ten_times_the_same_is_once(server: Server) -> None:
    """Each citizen writes once, each webhook comes ten times: one message, one answer of ours; their receipts likewise."""
    people, dice = report.size(60, 10_000), report.dice("F10")
    bodies = [message(number) for number in range(people)] * 10
    dice.shuffle(bodies)
    with providing() as provider, running(server, "web", "worker", "engine") as parts:
        found_town(provider.port)
        url = f"{address_of(parts['web'])}/webhook/{ECHO}/{ECHO}-token"
        answers = Counter(deliver(url, bodies))
        until(lambda: ingested(server) and settled(), 60 + people / 20, "ingest")
        said = [
            receipt(external, state, token) for external, token in provider.tokens.items() for state in ("sent", "delivered", "read")
        ] * 10
        dice.shuffle(said)
        told = [json.dumps(said[start : start + 50]).encode() for start in range(0, len(said), 50)]
        answers += Counter(deliver(url, told))
        until(lambda: ingested(server), 60 + people / 20, "receipts")
    written = Message.objects.filter(author="citizen").count()
    replies = Outbound.objects.filter(purpose="service")
    doubled = sum(times > 1 for times in provider.accepted.values()) + max(replies.count() - people, 0) + max(written - people, 0)
    lost = max(people - written, 0) + max(people - len(provider.accepted), 0)
    report.record(
        Outcome(
            "F10", "each webhook ten times, shuffled", of=len(bodies) + len(said), lost=lost, doubled=doubled,
            passes="one message, one answer, one state each",
            met=not lost and not doubled and set(answers) == {200} and replies.exclude(receipt="read").count() == 0,
            more={"answers of ours": sum(provider.accepted.values()), "citizens": people},
        )
    )  # fmt: skip


def test_receipts_in_every_order_end_the_same(server: Server) -> None:
    """Every order of every selection of the five states, in one body and one by one."""
    orders = [order for many in range(1, 6) for order in itertools.permutations(RANK, many)]
    orders = orders * report.size(1, 10)
    with providing() as provider, running(server, "web", "worker", "engine") as parts:
        channel = found_town(provider.port)[ECHO]
        write(channel, range(len(orders)))
        until(settled, 60 + len(orders) / 100, "sending")
        url = f"{address_of(parts['web'])}/webhook/{ECHO}/{ECHO}-token"
        letters = sorted(provider.tokens.items(), key=lambda item: item[1])
        told = dict(zip([token for _, token in letters], orders, strict=True))
        alone = {token: index % 2 for index, (_, token) in enumerate(letters)}
        deliver(
            url, [json.dumps([receipt(external, state) for state in told[token]]).encode() for external, token in letters if alone[token]]
        )
        for step in range(5):
            body = [receipt(external, told[token][step]) for external, token in letters if not alone[token] and step < len(told[token])]
            deliver(url, [json.dumps(body).encode()])
            until(lambda: ingested(server), 60, "ingest")
    wrong = 0
    states = dict(Part.objects.values_list("outbound_id", "state"))
    for row in Outbound.objects.all():
        highest = max(told[f"{row.pk}.0"], key=RANK.index)
        ends = ("failed" if highest == "failed" else "accepted", "" if highest == "accepted" else highest)
        wrong += (row.state, row.receipt) != ends or states[row.pk] != highest
    counted = Counter(Outbound.objects.values_list("receipt", flat=True))
    expected = Counter("" if (top := max(order, key=RANK.index)) == "accepted" else top for order in told.values())
    report.record(
        Outcome(
            "F11", "statuses in every order", of=len(orders), lost=wrong, passes="the highest in 100 %, counters = recount",
            met=not wrong and counted == expected, more=dict(sorted(counted.items())),
        )
    )  # fmt: skip
