"""Several workers, and workers that die, at one broadcast: everybody is in the ledger once and gets one letter."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, OperationalError, connection, connections, transaction

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions, ledger, sending
from buergerdraht.broadcasts.models import Broadcast, Piece, Recipient
from buergerdraht.broadcasts.tests.conftest import person
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Batch, Channel, Outbound

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 60


@pytest.fixture
def broadcast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Broadcast:
    """Released for sixty people, cut into twenty pieces."""
    town = Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    channels = [Channel.objects.create(organisation=town, kind=kind, name=kind, config="{}") for kind in ("telegram", "whatsapp")]
    for number in range(PEOPLE):
        person(channels[number % 2], topic, number)
    monkeypatch.setattr(sending, "PIECE", 6)
    pace = sending.Pace
    monkeypatch.setattr(sending, "Pace", lambda: pace(4))
    monkeypatch.setattr(pace, "felt", lambda self, seconds: None)
    versions = {"de": {"text": "Hallo"}}
    return Broadcast.objects.create(organisation=town, title="x", state="approved", versions=versions, audience={"topics": [topic.pk]})


def _worker(verb: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            with contextlib.suppress(Error):
                verb()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _everybody_once(broadcast: Broadcast) -> None:
    rows = Recipient.objects.filter(broadcast=broadcast)
    assert rows.count() == PEOPLE == rows.values("contact").distinct().count()
    letters = Outbound.objects.filter(batch=broadcast.pk)
    assert letters.count() == letters.values("address_hash").distinct().count() == rows.exclude(outbound=None).count()
    assert set(letters.values_list("id", flat=True)) == set(rows.exclude(outbound=None).values_list("outbound_id", flat=True))
    assert not Piece.objects.exists()


def test_two_workers_share_one_broadcast(broadcast: Broadcast) -> None:
    workers = [_worker(sending._round) for _ in range(2)]
    for worker in workers:
        worker.join(60)
    sending._round()  # one may have met the other at every piece and left it to it
    _everybody_once(broadcast)
    assert Outbound.objects.count() == PEOPLE


def test_workers_that_die_in_the_middle_lose_and_double_nothing(broadcast: Broadcast) -> None:
    for seconds in (0.05, 0.1, 0.15, 0.2):
        worker = _worker(sending._round)
        time.sleep(seconds)
        with connection.cursor() as cursor:  # as the database sees a killed worker
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
        worker.join(60)
        if Broadcast.objects.get(pk=broadcast.pk).state == "sending":
            counted = ledger.count(broadcast).total
            assert counted.total == PEOPLE == counted.steps["waiting"] + counted.steps["queued"]
    sending._round()
    _everybody_once(broadcast)
    assert Outbound.objects.count() == PEOPLE


def test_stop_pause_and_a_citizens_stop_meet_a_round(broadcast: Broadcast) -> None:
    operator = Operator.objects.create_user("berger@musterstadt.example", "geheim", name="Berger")
    sending.start(broadcast)
    worker = _worker(sending._round)
    leaves = Contact.objects.order_by("id")[PEOPLE // 2]
    address = Address.objects.select_related("channel").get(contact=leaves)
    contacts.stop(leaves, evidence="m", channel=address.channel)
    actions.pause(broadcast, operator=operator)
    worker.join(60)
    assert ledger.count(broadcast).total.total == PEOPLE
    actions.resume(broadcast, operator=operator)
    worker = _worker(sending._round)
    stopped = actions.stop(broadcast, operator=operator)
    worker.join(60)
    sending._round()
    counted = ledger.count(stopped).total
    assert counted.total == PEOPLE == counted.steps["cancelled"] + counted.steps["refused"]
    assert set(Outbound.objects.filter(address_hash=bytes(address.address_hash)).values_list("reason", flat=True)) <= {"stopped"}
    _everybody_once(broadcast)


def test_a_batch_is_not_closed_while_letters_join_it(broadcast: Broadcast) -> None:
    """Closed in that moment, they would wait for ever: the engine passes over what is done."""
    sending.start(broadcast)
    begun = threading.Event()

    def queue() -> None:
        with transaction.atomic():
            sending.queue_piece(broadcast)
            begun.set()
            time.sleep(0.5)

    worker = _worker(queue)
    assert begun.wait(20)
    closer = _worker(lambda: outbox.close([broadcast.pk]))
    closer.join(20)
    worker.join(20)
    assert Batch.objects.get(pk=broadcast.pk).state == "open"
    assert Outbound.objects.filter(batch=broadcast.pk, state="queued").exists()


@pytest.mark.parametrize(
    ("queries", "name", "values", "indexes"),
    [
        (ledger.SQL, "count", {"broadcast": 1, "stopped": False, "ended": False}, {"recipient_list", "gateway_outbound_pkey"}),
        (outbox.SQL, "close_quiet", {"batches": [1]}, {"outbound_busy"}),
        (outbox.SQL, "stop_piece", {"batch": 1, "limit": 10}, {"gateway_outbound_pkey"}),
    ],
    ids=["count", "close", "stop"],
)
def test_what_is_asked_of_a_million_is_asked_of_an_index(
    transactional_db: None, queries: dict[str, str], name: str, values: dict[str, Any], indexes: set[str]
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")  # the tables of a test are small
        # Of open letters, and of one person's, too: on an empty table all indexes cost the same. Undone below.
        cursor.execute("drop index outbound_open, outbound_flight")
        cursor.execute("alter table broadcasts_recipient drop constraint recipient_once")
        cursor.execute("explain " + queries[name], values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    assert {index for index in indexes if index in plan} == indexes
    assert "Seq Scan on gateway_outbound" not in plan
    assert "Seq Scan on broadcasts_recipient" not in plan


def test_whether_it_is_done_is_asked_of_the_open_ones_alone(transactional_db: None) -> None:
    open_ = Outbound.objects.filter(batch=1, state__in=sending.BUSY)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("drop index outbound_open, outbound_flight")  # on an empty table all cost the same; undone below
        plan = open_.values("id").explain()
        transaction.set_rollback(True)
    assert "outbound_busy" in plan


def test_a_database_that_went_away_is_not_taken_for_a_job_that_broke(caplog: pytest.LogCaptureFixture) -> None:
    def breaks() -> None:
        raise OperationalError("the connection is closed")

    with pytest.raises(OperationalError):
        sending._also(breaks)
    assert "broadcast.undone" not in caplog.text
