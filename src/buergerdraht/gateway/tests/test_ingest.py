from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from double import body_of
from told_events import NOON, hello, told

from buergerdraht.connectors.contract import Changed, Content, Event, Gone, Receipt, ReceiptState, encode
from buergerdraht.gateway import arrivals, ingest, opening, outbox, receipts
from buergerdraht.gateway.models import Channel, EarlyReceipt, InboundEvent, MediaUpload, MessageTemplate, Outbound, Seen, Traffic


class Log:
    """Handles an event by a row, so that what was taken back leaves none."""

    def __init__(self, *bad: str) -> None:
        self.bad = set(bad)

    @property
    def seen(self) -> list[str]:
        return list(Traffic.objects.filter(what="handled").order_by("id").values_list("details", flat=True))

    def __call__(self, channel: Channel, event: Event) -> None:
        if event.external_id in self.bad:
            Seen.objects.create(channel=channel, external_id="half done")
            raise ValueError("secret text of a citizen")
        Traffic.objects.create(channel=channel, direction="in", what="handled", details=event.external_id)


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
def test_what_the_same_person_wrote_since_waits_for_what_failed(channel: Channel) -> None:
    """Law 5: in order, also when the first must be tried again; others do not wait."""
    log = Log("m1")
    first = told(channel, hello(1), hello(2))
    second = told(channel, hello(3, at=NOON + timedelta(seconds=3)), hello(4, "berta"))
    ingest.run_once(log)
    told(channel, hello(5, at=NOON + timedelta(seconds=5)), hello(6, "carl"))
    ingest.run_once(log)
    assert log.seen == ["m4", "m6"]
    second.refresh_from_db()
    assert (second.state, second.tries) == ("new", 0)  # waiting is no try
    log.bad.clear()
    InboundEvent.objects.update(retry_at=None)
    ingest.run_once(log)
    first.refresh_from_db()
    assert log.seen == ["m4", "m6", "m1", "m2", "m3", "m5"]
    assert (first.state, first.problem) == ("done", "")
    assert not InboundEvent.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_nobody_waits_longer_than_what_failed_is_tried(channel: Channel) -> None:
    log = Log("m1")
    told(channel, hello(1), hello(2))
    told(channel, hello(3, at=NOON + timedelta(seconds=3)))
    for _ in range(ingest.MOST_TRIES):
        assert log.seen == []
        InboundEvent.objects.update(retry_at=None)
        ingest.run_once(log)
    InboundEvent.objects.update(retry_at=None)
    ingest.run_once(log)
    assert log.seen == ["m2", "m3"]
    assert sorted(InboundEvent.objects.values_list("state", flat=True)) == ["done", "kept"]


@pytest.mark.django_db
def test_what_hurries_passes_what_failed(channel: Channel) -> None:
    """Law 9: a failing message never stands before a STOP."""
    log = Log("m1")
    told(channel, hello(1))
    told(channel, hello(2, at=NOON + timedelta(seconds=2)))
    told(channel, hello(3, at=NOON + timedelta(seconds=3)))
    ingest.run_once(log, hurries=lambda event: event.external_id == "m3")
    assert log.seen == ["m3"]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_fails_at_its_commit_is_set_apart(channel: Channel) -> None:
    """Law 3: foreign keys are checked at the commit, so one bad event fails its whole group."""
    log = Log()

    def handle(channel: Channel, event: Event) -> None:
        if event.external_id == "m2":
            upload = {"media_id": "00000000-0000-0000-0000-000000000000", "channel": channel, "external_id": "x", "expires_at": NOON}
            MediaUpload.objects.create(**upload)
        log(channel, event)

    for number in range(1, 4):
        told(channel, hello(number, f"citizen{number}"))
    ingest.run_once(handle)
    states = list(InboundEvent.objects.order_by("id").values_list("state", "tries"))
    assert states == [("done", 0), ("new", 1), ("done", 0)]
    assert sorted(Seen.objects.values_list("external_id", flat=True)) == ["m1", "m3"]


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


@pytest.mark.django_db
def test_receipts_wait_in_a_lane_of_their_own_and_leave_no_bodies(channel: Channel) -> None:
    receipt = Receipt(external_id="x", state=ReceiptState.SENT, at=NOON)
    InboundEvent.objects.create(channel=channel, body=body_of(receipt, receipt), lane="receipt")
    strays = [body_of(receipt, hello(1)), b"no longer readable"]
    for body in strays:
        InboundEvent.objects.create(channel=channel, body=body, lane="receipt")
    log = Log()
    ingest.run_once(log)
    assert log.seen == ["m1"]  # what is no receipt after all goes with the messages
    assert list(InboundEvent.objects.order_by("id").values_list("state", "lane")) == [("done", "message"), ("kept", "message")]
    assert EarlyReceipt.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_receipt_that_breaks_the_reader_stands_alone_and_its_lane_goes_on(
    channel: Channel, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 3: whatever is raised, it ends neither the others nor the thread."""
    apply = receipts.apply

    def breaking(channel_id: int, found: Iterable[Receipt]) -> None:
        found = list(found)
        if any(receipt.external_id == "bad" for receipt in found):
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "half a letter")
        apply(channel_id, found)

    monkeypatch.setattr(receipts, "apply", breaking)
    for number in range(20):
        receipt = Receipt(external_id="bad" if number == 7 else f"x{number}", state=ReceiptState.SENT, at=NOON)
        InboundEvent.objects.create(channel=channel, body=body_of(receipt), lane="receipt")
    stop = threading.Event()
    worker = threading.Thread(target=ingest.run, args=(Log(), stop))
    worker.start()
    until(lambda: EarlyReceipt.objects.count() == 19)
    until(lambda: InboundEvent.objects.get().tries == 1)
    assert "UnicodeEncodeError" in InboundEvent.objects.get().problem
    monkeypatch.setattr(ingest.Reports, "once", lambda self: 1 / 0)  # a mistake of ours in the lane itself
    time.sleep(0.5)
    monkeypatch.undo()
    InboundEvent.objects.create(
        channel=channel, body=body_of(Receipt(external_id="late", state=ReceiptState.SENT, at=NOON)), lane="receipt"
    )
    until(lambda: EarlyReceipt.objects.filter(external_id="late").exists())
    stop.set()
    worker.join(15)


@pytest.mark.django_db
def test_a_slow_group_is_committed_in_pieces(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "LONGEST_SECONDS", -1.0)
    log = Log()
    desk = arrivals.Desk(log)
    for number in (1, 2, 2, 3):
        shard = told(channel, hello(number)).shard
    assert [arrivals.take(channel.pk, desk, shard) for _ in range(5)] == [1, 1, 1, 1, 0]
    assert log.seen == ["m1", "m2", "m3"]
    assert Seen.objects.count() == 3


@pytest.mark.django_db
def test_what_came_for_a_channel_that_is_gone_goes_too(channel: Channel) -> None:
    told(channel, hello(1))
    InboundEvent.objects.create(channel_id=channel.id + 1000, body=body_of(hello(2)))
    log = Log()
    ingest.run_once(log)
    assert log.seen == ["m1"]
    assert InboundEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_channel_knows_to_the_minute_when_its_provider_spoke(channel: Channel) -> None:
    InboundEvent.objects.create(channel=channel, source="engine", body=encode(Gone(address="anna", at=NOON, external_id="g")))
    ingest.run_once(Log())
    channel.refresh_from_db()
    assert channel.last_inbound_at is None  # that was our own voice
    first = told(channel, hello(1))
    ingest.run_once(Log())
    told(channel, hello(2))
    ingest.run_once(Log())
    channel.refresh_from_db()
    assert channel.last_inbound_at == first.received_at
    later = told(channel, Receipt(external_id="x", state=ReceiptState.SENT, at=NOON))
    InboundEvent.objects.filter(id=later.id).update(received_at=first.received_at + timedelta(seconds=90), lane="receipt")
    ingest.run_once(Log())
    channel.refresh_from_db()
    assert channel.last_inbound_at == first.received_at + timedelta(seconds=90)


@pytest.mark.django_db
def test_a_backlog_of_one_channel_hides_no_other(channel: Channel) -> None:
    """Each turn takes a handful of every channel, by an index that knows lane and channel."""
    other = Channel.objects.create(organisation=channel.organisation, kind="double", name="Zwei", config="{}")
    for number in range(3 * arrivals.GROUP):
        told(channel, hello(number))
    told(other, hello(1000))
    log = Log()
    assert ingest.run_once(log) <= (opening.SHARDS + 1) * arrivals.GROUP
    assert "m1000" in log.seen


@pytest.mark.django_db
def test_what_is_of_several_people_waits_for_all_before_it_and_holds_up_all_after_it(channel: Channel) -> None:
    log, people = Log(), ["anna", "berta", "cem", "dora", "emil", "fritz"]
    for number, name in enumerate(people):
        told(channel, hello(number, name))
    told(channel, hello(10, "anna"), hello(11, "fritz"))
    for number, name in enumerate(people):
        told(channel, hello(20 + number, name))
    while ingest.run_once(log):
        pass
    assert set(log.seen[:6]) == {f"m{number}" for number in range(6)}
    assert log.seen[6:8] == ["m10", "m11"]
    assert set(log.seen[8:]) == {f"m{20 + number}" for number in range(6)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("pick", {"shard": 3}),
        ("pick_mixed", {"shards": opening.SHARDS}),
        ("shards", {"shards": opening.SHARDS}),
        ("share", {}),
        ("waiting", {"last": 10**9, "shards": [3, 0]}),
    ],
)
def test_events_are_found_by_an_index_of_what_is_new(channel: Channel, name: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into gateway_inboundevent (channel_id, source, lane, shard, body, state, problem, tries, received_at)
               select %s, 'webhook', case when i %% 2 = 0 then 'message' else 'receipt' end,
                      case when i %% 2 = 0 then i / 2 %% 9 else 0 end, 'x',
                      case when i < 20000 then 'done' else 'new' end, '', 0, now()
               from generate_series(1, 20200) i""",
            [channel.id],
        )
        cursor.execute("analyze gateway_inboundevent")
        cursor.execute("explain " + opening.SQL[name], {"channel": channel.id, "limit": 16, **values})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "inbound_due" in plan
    assert "Seq Scan" not in plan


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


@pytest.mark.django_db(transaction=True)
def test_a_backlog_of_receipts_delays_no_message(channel: Channel, until: Any) -> None:
    """A citizen who writes behind thousands of receipts is heard before they are applied."""
    body = body_of(*(Receipt(external_id=f"x{number}", state=ReceiptState.SENT, at=NOON) for number in range(10)))
    InboundEvent.objects.bulk_create(InboundEvent(channel=channel, body=body, lane="receipt") for _ in range(6 * ingest.MOST_RECEIPTS))
    told(channel, hello(1))
    left: list[int] = []

    def handle(channel: Channel, event: Event) -> None:
        left.append(InboundEvent.objects.filter(lane="receipt").count())

    stop = threading.Event()
    worker = threading.Thread(target=ingest.run, args=(handle, stop))
    worker.start()
    until(lambda: left)
    until(lambda: not InboundEvent.objects.filter(lane="receipt").exists(), 60)
    stop.set()
    worker.join(15)
    assert left[0] > 0


@pytest.mark.django_db(transaction=True)
def test_workers_share_the_receipts_of_a_channel(channel: Channel) -> None:
    """Law 4 by several at once: nothing is lost, nothing deadlocks, every letter ends at its highest."""
    letters = [outbox.put(channel, f"citizen{number}", Content(text="x"), purpose="service") for number in range(40)]
    Outbound.objects.update(state="accepted", parts_total=1, parts_done=1, accepted_at=NOON, finished_at=NOON)
    said = [(letter.id, state) for letter in letters for state in (ReceiptState.READ, ReceiptState.SENT, ReceiptState.DELIVERED)]
    random.Random(7).shuffle(said)
    for number, state in said:
        receipt = Receipt(external_id=f"x{number}", state=state, at=NOON, token=f"{number}.0")
        InboundEvent.objects.create(channel=channel, body=body_of(receipt), lane="receipt")
    problems: list[Exception] = []

    def work() -> None:
        try:
            while InboundEvent.objects.filter(lane="receipt").exists():
                ingest._apply_group(channel, 7, [])
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not problems
    assert set(Outbound.objects.values_list("receipt", flat=True)) == {"read"}
    assert not InboundEvent.objects.exists()


@pytest.mark.django_db
def test_what_failed_is_logged_without_what_was_said(channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
    """Law 12: an exception may hold the words of whoever wrote."""

    def handle(channel: Channel, event: Event) -> None:
        raise ValueError("Meine Nummer ist +4917139200101")

    told(channel, hello(1))
    ingest.run_once(handle)
    assert "ingest.failed" in caplog.text
    assert "+4917139200101" not in caplog.text
    assert "+4917139200101" not in InboundEvent.objects.get().problem
