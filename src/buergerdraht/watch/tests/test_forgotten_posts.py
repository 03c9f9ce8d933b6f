"""A post that only a person can publish raises an alarm when its time has passed, and ends it when it is confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.gateway.models import Channel, Outbound
from buergerdraht.watch import alarms, causes, reconcile
from buergerdraht.watch.kinds import sentence
from buergerdraht.watch.models import Alarm

pytestmark = pytest.mark.django_db


@pytest.fixture
def post() -> Posting:
    town = Organisation.objects.create(slug="posthausen", name="Posthausen")
    channel = Channel.objects.create(organisation=town, kind="whatsapp_channel", name="WhatsApp-Kanal", config='{"name": "Stadt"}')
    broadcast = Broadcast.objects.create(organisation=town, title="Markt", state="done")
    return Posting.objects.create(
        organisation=town, broadcast=broadcast, channel=channel, state="handed", remind_at=timezone.now() + timedelta(hours=1)
    )


def look(post: Posting, now: object) -> list[Alarm]:
    view = causes.view(now)  # type: ignore[arg-type]
    alarms.settle(list(causes.forgotten_posts(view)), {Alarm.Kind.POST_FORGOTTEN}, now, tell=lambda alarm, event: None)  # type: ignore[arg-type]
    return list(Alarm.objects.open().of(post.organisation))


def test_it_is_raised_when_late_and_ends_when_confirmed(post: Posting) -> None:
    now = timezone.now()
    assert look(post, now) == []
    late = now + timedelta(hours=2)
    (alarm,) = look(post, late)
    assert (alarm.channel, alarm.values) == (post.channel, {"count": 1})
    assert "1" in sentence(alarm)
    Posting.objects.filter(pk=post.pk).update(state="confirmed", remind_at=None)
    assert look(post, late + timedelta(minutes=1)) == []


def test_a_post_is_no_letter_without_a_recipient(post: Posting) -> None:
    """The daily sums look for recipients of a broadcast's letters; a public place has none."""
    channel = Channel.objects.create(organisation=post.organisation, kind="mastodon", name="Mastodon", config="{}")
    content = post.organisation.storedcontent_set.create(content={"text": "Hallo"})
    Outbound.objects.create(
        organisation=post.organisation, channel=channel, address="public", address_hash=b"x", content=content, purpose="newsletter",
        priority=5, batch=post.broadcast_id, state="accepted", accepted_at=timezone.now(),
    )  # fmt: skip
    (row,) = [each for each in reconcile.run(timezone.localdate()) if each.channel_id == channel.pk]
    assert "recipients" not in row.differences
