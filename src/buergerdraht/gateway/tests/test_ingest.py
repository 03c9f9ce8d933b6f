from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from double import body_of

from buergerdraht.connectors.contract import Changed, Event, Gone, Receipt, ReceiptState, Received, Sender
from buergerdraht.gateway import ingest
from buergerdraht.gateway.models import Channel, EarlyReceipt, InboundEvent, MessageTemplate, Seen

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def hello(number: int, sender: str = "anna", at: datetime = NOON, **more: Any) -> Received:
    return Received(external_id=f"m{number}", sender=Sender(address=sender), at=at, text=f"text {number}", **more)


def told(channel: Channel, *events: Any, body: bytes | None = None) -> InboundEvent:
    return InboundEvent.objects.create(channel=channel, body=body_of(*events) if body is None else body)


class Log:
    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)
        self.seen: list[str] = []

    def __call__(self, channel: Channel, event: Event) -> None:
        if event.external_id in self.bad:
            Seen.objects.create(channel=channel, external_id="half done")
            raise ValueError("secret text of a citizen")
        self.seen.append(event.external_id)


@pytest.mark.django_db
def test_the_same_event_ten_times_is_handled_once(channel: Channel) -> None:
    """Law 2."""
    log = Log()
    for _ in range(10):
        told(channel, hello(1))
    ingest.run_once(log)
    told(channel, hello(1), hello(2))
    ingest.run_once(log)
    assert log.seen == ["m1", "m2"]
    assert not InboundEvent.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_a_bad_item_spoils_no_other(channel: Channel) -> None:
    """Law 3: its savepoint takes back what it half did; it is tried again, then kept."""
    log = Log("m2")
    event = told(channel, hello(1), hello(2, "berta"), hello(3))
    other = told(channel, hello(4))
    ingest.run_once(log)
    assert log.seen == ["m1", "m3", "m4"]
    assert not Seen.objects.filter(external_id="half done").exists()
    event.refresh_from_db()
    other.refresh_from_db()
    assert (event.state, event.tries, other.state) == ("new", 1, "done")
    assert event.retry_at > timezone.now()
    assert "secret" not in event.problem
    for _ in range(ingest.MOST_TRIES):
        InboundEvent.objects.update(retry_at=None)
        ingest.run_once(log)
    event.refresh_from_db()
    assert (event.state, log.seen) == ("kept", ["m1", "m3", "m4"])
    log.bad.clear()
    ingest.replay(event)
    ingest.run_once(log)
    event.refresh_from_db()
    assert (event.state, event.problem, log.seen) == ("done", "", ["m1", "m3", "m4", "m2"])


@pytest.mark.django_db
def test_what_cannot_be_read_is_kept_and_stops_nobody(channel: Channel) -> None:
    told(channel, body=b"\x00 not json")
    told(channel, body=b'[{"problem": "unknown field", "raw": {}}, {"event": null}]')
    told(channel, hello(1))
    log = Log()
    ingest.run_once(log)
    assert log.seen == ["m1"]
    assert list(InboundEvent.objects.order_by("id").values_list("state", flat=True)) == ["kept", "kept", "done"]


@pytest.mark.django_db
def test_messages_are_handled_in_provider_time_then_arrival(channel: Channel) -> None:
    """Law 5."""
    log = Log()
    told(channel, hello(3, at=NOON + timedelta(seconds=3)))
    told(channel, hello(1, at=NOON + timedelta(seconds=1)), hello(2, at=NOON + timedelta(seconds=1)))
    told(channel, hello(5, at=NOON + timedelta(seconds=5)), hello(4, at=NOON + timedelta(seconds=4)))
    ingest.run_once(log)
    assert log.seen == ["m1", "m2", "m3", "m4", "m5"]


@pytest.mark.django_db
def test_receipts_are_for_the_gateway_everything_else_is_passed_on(channel: Channel) -> None:
    log = Log()
    told(
        channel,
        Receipt(external_id="x", state=ReceiptState.SENT, at=NOON),
        hello(1),
        Gone(address="anna", at=NOON, external_id="g1"),
        Changed(external_id="c1", at=NOON, what="quality"),
    )
    told(channel, Receipt(external_id="y", state=ReceiptState.SENT, at=NOON))
    ingest.run_once(log)
    assert sorted(log.seen) == ["c1", "g1", "m1"]
    assert EarlyReceipt.objects.count() == 2
    assert not InboundEvent.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_events_of_our_own_sender_enter_by_the_same_door(channel: Channel) -> None:
    from buergerdraht.connectors.contract import encode

    InboundEvent.objects.create(channel=channel, source="engine", body=encode(Gone(address="anna", at=NOON, external_id="outbound:1")))
    log = Log()
    ingest.run_once(log)
    assert log.seen == ["outbound:1"]


@pytest.mark.django_db
def test_a_provider_can_pause_a_channel_and_a_template(channel: Channel) -> None:
    MessageTemplate.objects.create(
        channel=channel, name="info", language="de", category="utility", status="approved", template={}, synced_at=NOON
    )
    told(
        channel,
        Changed(external_id="c1", at=NOON, what="template", effect="pause_template", values={"name": "info", "language": "de"}),
        Changed(
            external_id="c2", at=NOON, what="account", effect="pause_channel", text="Konto gesperrt", values={"reason": "account_blocked"}
        ),
    )
    ingest.run_once(Log())
    channel.refresh_from_db()
    assert (channel.state, channel.reason) == ("broken", "account_blocked")
    assert MessageTemplate.objects.get().paused


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_costs_no_try(channel: Channel) -> None:
    event = told(channel, hello(1))

    def away(channel: Channel, event: Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises((OperationalError, InterfaceError)):
        ingest.run_once(away)
    connection.close()
    log = Log()
    ingest.run_once(log)
    event.refresh_from_db()
    assert (event.state, event.tries, log.seen) == ("done", 0, ["m1"])


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_a_citizens_messages_in_order(channel: Channel, until: Any) -> None:
    other = Channel.objects.create(organisation=channel.organisation, kind="double", name="Zwei", config="{}")
    seen: dict[int, list[str]] = {channel.id: [], other.id: []}
    for number in range(120):
        told(channel if number % 2 else other, hello(number))
    stop = threading.Event()
    workers = [
        threading.Thread(target=ingest.run, args=(lambda channel, event: seen[channel.id].append(event.external_id), stop))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    until(lambda: sum(map(len, seen.values())) == 120)
    told(channel, hello(121))  # woken, not only polled
    until(lambda: len(seen[channel.id]) == 61, 3)
    stop.set()
    for worker in workers:
        worker.join(15)
    assert seen[channel.id] == [f"m{number}" for number in range(1, 120, 2)] + ["m121"]
    assert seen[other.id] == [f"m{number}" for number in range(0, 120, 2)]
