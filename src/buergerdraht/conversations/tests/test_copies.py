"""Several hands write the same texts down at once: none waits for another, and what is sent to many is recognised all the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.conversations import tasks
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.conversations.tests.conftest import Write

pytestmark = pytest.mark.django_db(transaction=True)
WATER = "Achtung! Morgen wird überall das Wasser abgestellt, füllt eure Wannen und sagt es allen Nachbarn."
POWER = "Achtung! Heute Nacht wird überall der Strom abgestellt, ladet eure Geräte und sagt es allen Freunden."


def elsewhere(work: Callable[[], object]) -> None:
    """Let another hand do it, which waits for nobody longer than a second."""

    def hand() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("set local lock_timeout = '1s'")
                work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hand).result()


def flagged() -> set[tuple[str, ...]]:
    return {tuple(flags) for flags in Message.objects.values_list("flags", flat=True)}


def count_again() -> int:
    mine = ProcrastinateJob.objects.filter(task_name="conversations.count_copies", args__organisation_id=Organisation.objects.get().pk)
    for job in mine.order_by("id"):
        tasks.count_copies(**job.args)
    return mine.count()


def test_two_hands_with_the_same_two_texts_do_not_meet_crosswise(write: Write) -> None:
    def another() -> None:
        write(POWER, sender=Sender(address="2"))
        write(WATER, sender=Sender(address="3"))

    with transaction.atomic():
        write(WATER, sender=Sender(address="1"))
        elsewhere(another)
        write(POWER, sender=Sender(address="4"))
    assert Message.objects.count() == 4
    assert flagged() == {()}


def test_copies_written_at_once_are_counted_when_all_are_there(write: Write) -> None:
    with transaction.atomic():
        write(WATER, sender=Sender(address="1"))
        elsewhere(lambda: [write(WATER, sender=Sender(address=who)) for who in "23"])
    assert flagged() == {()}
    Conversation.objects.update(state="open", waiting_since=timezone.now(), unread=1)
    Message.objects.update(at=timezone.now())
    assert count_again() == 2
    assert flagged() == {("chain",)}
    assert set(Conversation.objects.values_list("state", "aside", "waiting_since")) == {("bot", "chain", None)}


def test_two_copies_written_at_once_stay_what_they_are(write: Write) -> None:
    with transaction.atomic():
        write(WATER, sender=Sender(address="1"))
        elsewhere(lambda: write(WATER, sender=Sender(address="2")))
    assert count_again() == 1
    assert flagged() == {()}


def test_whoever_counts_no_copies_is_asked_for_none(write: Write, town: Organisation) -> None:
    Desk.objects.create(organisation=town, chain_people=0)
    with transaction.atomic():
        write(WATER, sender=Sender(address="1"))
        elsewhere(lambda: write(WATER, sender=Sender(address="2")))
    assert count_again() == 0
