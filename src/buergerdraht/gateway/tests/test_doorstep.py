"""What our own pages hand in comes in as surely as a webhook: committed first, handled once, files apart."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.utils import timezone
from test_media_job import photo

from buergerdraht.connectors.contract import Item, MediaKind, Receipt, ReceiptState, Received, Ref, Sender
from buergerdraht.gateway import arrivals, doorstep, files, media_job
from buergerdraht.gateway.models import Channel, InboundEvent

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def said(number: int) -> Item:
    return Item(event=Received(external_id=f"besuch:{number}", sender=Sender(address="a"), at=NOW, text="Hallo"))


def test_what_was_put_is_committed_and_handled_once(channel: Channel) -> None:
    """Laws 1 and 2."""
    heard: list[str] = []
    desk = arrivals.Desk(lambda _channel, event: heard.append(event.external_id))
    doorstep.put(channel, [said(1), said(2)])
    doorstep.put(channel, [said(1)])
    assert InboundEvent.objects.filter(state="new", lane="message").count() == 2
    while arrivals.take(channel.pk, desk, InboundEvent.objects.first().shard):
        pass
    assert heard == ["besuch:1", "besuch:2"]


def test_receipts_go_their_own_lane_and_nothing_makes_no_event(channel: Channel) -> None:
    doorstep.put(channel, [Item(event=Receipt(external_id="chat:1.0", state=ReceiptState.READ, at=NOW))])
    doorstep.put(channel, [])
    assert [event.lane for event in InboundEvent.objects.all()] == ["receipt"]


def test_a_file_laid_down_is_kept_without_its_exif_and_taken_away_from_the_door(channel: Channel) -> None:
    """Law 15."""
    number = doorstep.lay_down(channel, photo())
    ref = Ref(kind=MediaKind.IMAGE, external_id=number, mime="image/jpeg")
    media = files.expect(channel, ref)
    assert media_job.run_once() == 1
    media.refresh_from_db()
    assert (media.state, media.width) == ("ready", 64)
    assert b"SecretCamera" not in files.path(media).read_bytes()
    assert doorstep.pick_up(channel, ref) is None


def test_a_file_that_is_none_is_refused_and_taken_away(channel: Channel) -> None:
    ref = Ref(kind=MediaKind.IMAGE, external_id=doorstep.lay_down(channel, b"<script>alert(1)</script>"), mime="image/jpeg")
    media = files.expect(channel, ref)
    media_job.run_once()
    media.refresh_from_db()
    assert media.state == "failed"
    assert doorstep.pick_up(channel, ref) is None


@pytest.mark.parametrize("number", ["tuer:../../secret.key", "tuer:", "tuer:x", "../secret.key", ""])
def test_an_id_that_is_none_of_ours_leads_nowhere(channel: Channel, number: str) -> None:
    assert doorstep.pick_up(channel, Ref(kind=MediaKind.IMAGE, external_id=number)) is None


def test_files_nobody_fetched_are_swept_after_days(channel: Channel) -> None:
    old, fresh = (Ref(kind=MediaKind.IMAGE, external_id=doorstep.lay_down(channel, b"x")) for _ in range(2))
    path = doorstep._path(channel, old)
    assert path is not None
    os.utime(path, (time.time() - 4 * 86400,) * 2)
    assert doorstep.sweep() == 1
    assert doorstep.pick_up(channel, fresh) is not None


def test_what_was_handed_in_lies_sealed(channel: Channel) -> None:
    """The address of a visit is the key to all that was said in it."""
    visit = "A" * 43
    doorstep.put(channel, [Item(event=Received(external_id="besuch:1", sender=Sender(address=visit), at=NOW, text="geheim"))])
    row = InboundEvent.objects.get()
    assert visit.encode() not in bytes(row.body)
    assert b"geheim" not in bytes(row.body)


def test_a_time_to_come_is_the_time_of_arrival(channel: Channel) -> None:
    """Some providers pass on a time that the sender chose."""
    heard: list[datetime] = []
    desk = arrivals.Desk(lambda _channel, event: heard.append(event.at))
    later, earlier = timezone.now() + timedelta(days=4000), timezone.now() - timedelta(hours=1)
    items = [Item(event=Received(external_id=f"m{n}", sender=Sender(address="a"), at=at)) for n, at in enumerate((later, earlier))]
    row = InboundEvent.objects.create(channel=channel, source="stream", body=msgspec.json.encode(items))
    while arrivals.take(channel.pk, desk, 0):
        pass
    assert heard == [earlier, row.received_at]


def test_the_last_of_the_disk_is_not_for_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doorstep.has_room()
    monkeypatch.setattr(doorstep, "FREE_BYTES", 2**63)
    assert not doorstep.has_room()
