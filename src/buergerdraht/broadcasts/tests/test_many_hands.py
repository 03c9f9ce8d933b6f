"""Several workers queue one broadcast at a time; who stops it waits for the pieces at hand, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from buergerdraht.accounts.models import Operator
from buergerdraht.broadcasts import actions, sending
from buergerdraht.broadcasts.models import Broadcast, Piece, Recipient
from buergerdraht.contacts.models import Address
from buergerdraht.gateway.models import Outbound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begun(released: Broadcast, people: list[Address], monkeypatch: pytest.MonkeyPatch) -> Broadcast:
    """A broadcast to six people in six pieces, none of them queued yet."""
    monkeypatch.setattr(sending, "PIECE", 1)
    assert sending.start(released)
    assert Piece.objects.count() == len(people)
    return released


def _thread(work: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return threading.Thread(target=run, daemon=True)


def test_two_hands_queue_each_person_once(begun: Broadcast, people: list[Address]) -> None:
    with transaction.atomic():
        assert sending.queue_piece(begun, sending.Pace(people=2)) == 2
        other = _thread(lambda: sending.queue_piece(begun, sending.Pace(people=2)))  # beside a hand that has not committed
        other.start()
        other.join(20)
        assert not other.is_alive()
        assert Outbound.objects.count() == 4
    sending.round_of_all()
    assert Recipient.objects.count() == Recipient.objects.values("contact").distinct().count() == len(people)
    assert Outbound.objects.filter(batch=begun.pk).count() == len(people)


def test_a_stop_waits_for_the_piece_at_hand_and_new_ones_wait(begun: Broadcast, people: list[Address], editor: Operator) -> None:
    stop = _thread(lambda: actions.stop(begun, operator=editor))
    late = _thread(lambda: sending.queue_piece(begun, sending.Pace(people=2)))
    with transaction.atomic():
        sending.queue_piece(begun, sending.Pace(people=2))
        stop.start()
        stop.join(0.3)
        assert stop.is_alive()
        late.start()
        late.join(0.3)
        assert late.is_alive()  # it would keep the stop waiting, and another hand after it
    for thread in (stop, late):
        thread.join(20)
        assert not thread.is_alive()
    sending.round_of_all()
    assert set(Outbound.objects.values_list("state", flat=True)) == {"cancelled"}
    assert Recipient.objects.count() == len(people)


def test_nobody_ends_a_broadcast_while_a_piece_of_it_is_queued(begun: Broadcast) -> None:
    sending.round_of_all()
    Outbound.objects.update(state="accepted")
    ended: list[bool] = []
    other = _thread(lambda: ended.append(sending.finish(begun)))
    with transaction.atomic():
        assert sending.queue_piece(begun) is None  # the last hand finds nothing, and holds on until it is through
        other.start()
        other.join(20)
    assert ended == [False]
    assert sending.finish(begun)


def test_pieces_of_small_channels_make_no_large_transaction(begun: Broadcast) -> None:
    for piece, size in zip(Piece.objects.order_by("id"), (1, 2, 2, 1, 1, 1), strict=True):
        Piece.objects.filter(pk=piece.pk).update(size=size)
    numbers = list(Piece.objects.order_by("id").values_list("id", flat=True))
    with transaction.atomic():
        assert sending._next(begun, 2) == numbers[:1]
    with transaction.atomic():
        assert sending._next(begun, 5) == numbers[:3]
    with transaction.atomic():
        assert sending._next(begun, 100) == numbers


def test_what_is_released_need_not_wait(draft: Broadcast, people: list[Address], editor: Operator, approver: Operator) -> None:
    with connection.cursor() as cursor:
        cursor.execute("truncate procrastinate_jobs cascade")
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="broadcasts.tasks.round_of_all", status="todo")
    actions.submit(draft, operator=editor)
    assert not jobs.exists()
    actions.approve(draft, operator=approver)
    assert jobs.count() == 1
    actions.approve(actions.submit(actions.duplicate(draft, operator=editor), operator=editor), operator=approver)
    assert jobs.count() == 1  # one round is enough for both
