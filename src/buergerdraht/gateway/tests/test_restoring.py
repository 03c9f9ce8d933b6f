"""A copy is known by its numbers, and what it calls open is held, not sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from double import Provider

from buergerdraht.connectors.contract import Content, Receipt, ReceiptState
from buergerdraht.gateway import outbox, receipts, restoring
from buergerdraht.gateway.models import Channel, Home, Outbound

pytestmark = pytest.mark.django_db(transaction=True)


def moved() -> None:
    """As if the row had come in a dump from elsewhere."""
    Home.objects.update_or_create(id=1, defaults={"identity": "another:database:altogether", "since": timezone.now()})


def letter(channel: Channel, address: str, purpose: str, state: str = "queued", **more: Any) -> Outbound:
    row = outbox.put(channel, address, Content(text="one\ntwo"), purpose=purpose)
    Outbound.objects.filter(id=row.id).update(state=state, **more)
    return row


def test_an_engine_sends_nothing_from_a_copy_until_somebody_decided(
    channel: Channel, provider: Provider, start_engine: Callable[[], object], until: Callable[..., None]
) -> None:
    moved()
    row = letter(channel, "anna", "reply")
    start_engine()
    with pytest.raises(AssertionError):
        until(lambda: provider.accepted, seconds=2.5)
    restoring.accept()
    until(lambda: len(provider.accepted) == 2)
    until(lambda: Outbound.objects.get(id=row.id).state == "accepted")


def test_what_is_open_is_held_and_shown_by_its_purpose(channel: Channel) -> None:
    moved()
    rows = [letter(channel, "anna", "newsletter"), letter(channel, "ben", "reply", "sending"), letter(channel, "eva", "alert", "doubt")]
    done = letter(channel, "kai", "reply", "accepted")
    later = letter(channel, "lea", "newsletter", not_before=timezone.now() + timedelta(hours=2))
    assert restoring.same_database() is False
    assert restoring.take_over() == {"newsletter": 1, "reply": 1, "alert": 1}
    assert restoring.same_database() is True
    assert set(Outbound.objects.filter(id__in=[row.id for row in rows]).values_list("state", "reason")) == {("unclear", "restored")}
    assert [Outbound.objects.get(id=row.id).state for row in (done, later)] == ["accepted", "queued"]


def test_answers_and_warnings_go_again_where_that_is_wished(channel: Channel) -> None:
    rows = [letter(channel, "anna", "newsletter"), letter(channel, "ben", "reply", "sending"), letter(channel, "eva", "alert")]
    restoring.take_over(again=True)
    assert [Outbound.objects.get(id=row.id).state for row in rows] == ["unclear", "queued", "queued"]


def test_late_receipts_settle_what_was_never_planned_in_the_copy(channel: Channel) -> None:
    row = letter(channel, "anna", "newsletter")
    restoring.take_over()
    for position in (0, 1):
        told = Receipt(external_id=f"p{position}", state=ReceiptState.DELIVERED, at=timezone.now(), token=f"{row.id}.{position}")
        receipts.apply(channel.id, [told])
        state = Outbound.objects.get(id=row.id).state
        assert state == ("unclear" if position == 0 else "accepted")


def test_new_letters_are_numbered_beyond_those_that_were_lost(channel: Channel) -> None:
    """A late receipt names its letter by our number."""
    before = letter(channel, "anna", "newsletter")
    restoring.take_over()
    assert letter(channel, "ben", "newsletter").id > before.id + 1_000_000


def test_a_new_installation_notes_where_it_lives_and_is_no_copy(
    channel: Channel, start_engine: Callable[[], object], until: Callable[..., None]
) -> None:
    Home.objects.all().delete()
    assert restoring.same_database() is None
    start_engine()
    until(restoring.same_database)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from gateway_home")
        assert cursor.fetchone() == (1,)
