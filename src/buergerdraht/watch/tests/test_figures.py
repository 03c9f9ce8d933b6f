"""The delivery pages count what waits, went and failed, by reads that stay small however long the history is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.models import Batch, Channel, InboundEvent, Traffic
from buergerdraht.watch import figures, tally
from buergerdraht.watch.models import Minute

pytestmark = pytest.mark.django_db


def line(town: Any) -> figures.Line:
    return figures.house(town.organisation).lines[0]


class TestQueue:
    def test_an_empty_house_shows_zeros_and_no_invented_figure(self, town: Any) -> None:
        house = figures.house(town.organisation)
        assert (house.queue.number, house.queue.oldest, house.hour.accepted, house.rate, house.failures) == (0, None, 0, 0, [])
        assert figures.picture(house.hour, timezone.now()).peak is None

    def test_the_oldest_is_the_oldest_that_could_go_now(self, town: Any) -> None:
        now = timezone.now()
        town.letters(1, created_at=now - timedelta(hours=9), not_before=now + timedelta(hours=1))
        town.letters(1, created_at=now - timedelta(minutes=4), purpose="alert")
        town.letters(2, created_at=now - timedelta(minutes=7))
        queue = line(town).queue
        assert queue.number == 4
        assert queue.oldest == now - timedelta(minutes=7)

    def test_what_is_held_stands_apart_and_what_is_stopped_is_gone(self, town: Any) -> None:
        for number, state in ((1, "open"), (2, "held"), (3, "stopped")):
            Batch.objects.create(id=number, organisation=town.organisation, state=state)
            town.letters(number, batch=number, created_at=timezone.now() - timedelta(minutes=number))
        queue = line(town).queue
        assert (queue.number, queue.held) == (1, 2)
        assert queue.oldest is not None
        assert timezone.now() - queue.oldest < timedelta(minutes=2)

    def test_counting_ends_at_the_cap_and_says_so(self, town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(figures, "MOST", 5)
        town.letters(9)
        assert line(town).queue.number == 5
        assert line(town).queue.more
        tally.write(timezone.now())
        queue = line(town).queue
        assert (queue.number, queue.about, queue.more) == (9, True, False)

    def test_another_house_is_not_counted(self, town: Any) -> None:
        town.letters(3)
        town.letters(2, state="unclear")
        other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
        Channel.objects.create(organisation=other, kind="telegram", name="Bot", config="{}", state="running")
        house = figures.house(other)
        assert (house.queue.number, house.unclear, len(house.lines)) == (0, 0, 1)


class TestHour:
    def test_minutes_written_down_are_the_minutes_that_were(self, town: Any) -> None:
        now = timezone.now().replace(second=30)
        town.accepted(3, now - timedelta(minutes=2), delivered_at=now)
        town.accepted(2, now - timedelta(minutes=2))
        town.letters(1, state="failed", reason="blocked", finished_at=now - timedelta(minutes=3))
        town.letters(4)
        tally.write(now)
        hour = figures.house(town.organisation, now=now).hour
        assert (hour.accepted, hour.delivered, hour.failed, hour.unreported) == (5, 3, 1, 2)
        assert Minute.objects.get(at=now.replace(second=0, microsecond=0) - timedelta(minutes=1)).queued == 4

    def test_writing_twice_changes_nothing_and_later_receipts_are_taken_up(self, town: Any) -> None:
        now = timezone.now().replace(second=30)
        letters = town.accepted(2, now - timedelta(minutes=2))
        tally.write(now)
        tally.write(now)
        assert [(row.accepted, row.delivered) for row in Minute.objects.all()] == [(2, 0)]
        type(letters[0]).objects.filter(pk=letters[0].pk).update(delivered_at=now)
        tally.write(now + timedelta(minutes=1))
        assert [(row.accepted, row.delivered) for row in Minute.objects.all()] == [(2, 1)]

    def test_the_picture_has_twelve_columns_and_the_tables_sums(self, town: Any) -> None:
        now = timezone.now().replace(second=30)
        for ago in range(2, 50, 6):
            Minute.objects.create(
                channel=town.channel, at=(now - timedelta(minutes=ago)).replace(second=0, microsecond=0), accepted=5, delivered=3, failed=1
            )
        drawn = figures.picture(figures.house(town.organisation, now=now).hour, now)
        assert len(drawn.buckets) == 12
        sums = [sum(getattr(bucket, name) for bucket in drawn.buckets) for name in ("delivered", "accepted", "failed")]
        assert sums == [24, 16, 8]

    def test_a_channel_that_reports_nothing_shows_no_zero(self, town: Any) -> None:
        Channel.objects.filter(pk=town.channel.pk).update(kind="telegram")
        assert line(town).hour.delivered is None


class TestNow:
    def test_the_rate_counts_messages_of_the_last_seconds_and_no_courtesies(self, town: Any) -> None:
        for what, status, ago, count in (
            ("POST messages", "200", 3, 40),
            ("POST sendMessage", "200", 3, 10),
            ("POST read", "200", 3, 500),
            ("POST messages", "429", 3, 500),
            ("POST messages", "200", 60, 500),
        ):
            row = Traffic.objects.create(channel=town.channel, direction="out", what=what, status=status, count=count)
            Traffic.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(seconds=ago))
        shown = line(town)
        assert shown.rate == 5.0
        assert shown.percent == round(100 * 5 / shown.limits.rate)

    def test_failures_come_in_plain_words_the_most_frequent_first(self, town: Any) -> None:
        now = timezone.now()
        town.letters(3, state="failed", reason="blocked", finished_at=now)
        town.letters(1, state="failed", reason="something_new", finished_at=now)
        town.letters(7, state="failed", reason="payment", finished_at=now - timedelta(hours=2))
        assert [(each.number, each.share, each.reason.title) for each in line(town).failures] == [
            (3, 100, "Die Person hat den Kanal blockiert oder verlassen"),
            (1, 33, "Der Dienst meldet einen unbekannten Fehler"),
        ]

    def test_it_says_which_engine_owns_a_channel(self, town: Any) -> None:
        assert line(town).engine is None
        assert line(town).state[2] == "niemand sendet"
        with connection.cursor() as cursor:
            cursor.execute("set application_name = 'buergerdraht engine rathaus:4711'")
            cursor.execute("select pg_advisory_lock(%s, %s)", [ownership.OWNING, town.channel.pk])
            try:
                engine = line(town).engine
            finally:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [ownership.OWNING, town.channel.pk])
                cursor.execute("reset application_name")
        assert engine is not None
        assert (engine.host, engine.process) == ("rathaus", "4711")

    def test_as_many_queries_for_twenty_channels_as_for_one(self, town: Any, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(10):
            figures.house(town.organisation)
        for number in range(19):
            Channel.objects.create(organisation=town.organisation, kind="telegram", name=f"Bot {number}", config="{}", state="running")
        with django_assert_num_queries(10):
            assert len(figures.house(town.organisation).lines) == 20


HISTORY = """
insert into gateway_outbound (organisation_id, channel_id, address, address_hash, content_id, purpose, priority, state, reason, details,
  tries, parts_total, parts_done, claimed_by, receipt, created_at, accepted_at, finished_at)
select %(organisation)s, %(channel)s, '\\x00', int4send(n), %(content)s, 'newsletter', 5,
  case when n %% 5000 = 0 then 'failed' when n > 59900 then 'queued' else 'accepted' end, '', '', 0, 1, 1, '', '',
  now() - (60000 - n) * interval '30 seconds', now() - (60000 - n) * interval '30 seconds', now() - (60000 - n) * interval '30 seconds'
from generate_series(1, 60000) n
"""


def plan(name: str, **values: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("explain (format json) " + tally.SQL[name], values)
        return json.dumps(cursor.fetchone()[0])


def test_no_read_of_the_pages_walks_through_the_history(town: Any) -> None:
    Batch.objects.create(id=1, organisation=town.organisation)
    now = timezone.now()
    content = outbox.store(town.organisation, Content(text="Hallo"))
    of = {"organisation": town.organisation.pk, "channel": town.channel.pk, "content": content.pk}
    InboundEvent.objects.bulk_create([InboundEvent(channel=town.channel, body=b"{}", state="done") for _ in range(3000)])
    Traffic.objects.bulk_create([Traffic(channel=town.channel, direction="out", what="POST messages", status="200") for _ in range(3000)])
    Traffic.objects.update(at=now - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, of)
        cursor.execute("analyze gateway_outbound, gateway_inboundevent, gateway_traffic")
    house = {"organisation": town.organisation.pk, "cap": 1000}
    plans = {
        "queue": plan("queue", organisations=[town.organisation.pk], cap=1000, now=now),
        "failures": plan("failures", since=now - timedelta(hours=1), **house),
        "unclear": plan("unclear", **house),
        "kept": plan("kept", **house),
        "rate": plan("rate", since=now - timedelta(seconds=10), organisation=town.organisation.pk),
        "tally": plan("tally", since=now - timedelta(minutes=5), until=now),
    }
    large = ("gateway_outbound", "gateway_inboundevent", "gateway_traffic")
    for name, drawn in plans.items():
        walks = [
            node for node in _nodes(json.loads(drawn)[0]["Plan"]) if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large
        ]
        assert not walks, f"{name}: {walks}"
        assert "gateway_outbound_pkey" not in drawn, name


def _nodes(node: Any) -> Any:
    yield node
    for inner in node.get("Plans", []):
        yield from _nodes(inner)
