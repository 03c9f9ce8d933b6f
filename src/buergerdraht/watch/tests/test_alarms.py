"""An alarm begins once, calls once, lasts while its cause does, and says when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from buergerdraht.gateway.models import Channel, InboundEvent, Traffic
from buergerdraht.watch import alarms, causes, kinds, presence
from buergerdraht.watch.causes import Cause
from buergerdraht.watch.models import Alarm, AlarmReceiver, Minute, Probe, Reconciliation

MINUTE = timedelta(minutes=1)
KIND = Alarm.Kind
Jobs = Callable[[str], list[dict[str, object]]]


def kinds_open() -> set[str]:
    return set(Alarm.objects.open().values_list("kind", flat=True))


@pytest.mark.usefixtures("alive")
def test_where_nothing_is_wrong_nobody_is_called(town, tuesday: datetime) -> None:
    alarms.look(tuesday)
    assert not Alarm.objects.exists()


@pytest.mark.usefixtures("alive")
def test_a_broken_channel_calls_once_and_says_when_it_is_over(town, tuesday: datetime, jobs: Jobs) -> None:
    AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="bereitschaft@musterstadt.example")
    Channel.objects.update(state="broken", reason="token_invalid")
    for minute in range(3):
        alarms.look(tuesday + minute * MINUTE)
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.level, alarm.channel, alarm.values) == ("channel_broken", "fault", town.channel, {"reason": "token_invalid"})
    assert alarm.since == alarm.raised_at == tuesday
    assert [job["event"] for job in jobs("watch.tell")] == ["raised"]
    Channel.objects.update(state="running")
    for minute in range(3, 6):
        alarms.look(tuesday + minute * MINUTE)
    alarm.refresh_from_db()
    assert alarm.ended_at == tuesday + 3 * MINUTE
    assert [job["event"] for job in jobs("watch.tell")] == ["raised", "ended"]


@pytest.mark.usefixtures("alive")
def test_the_same_fault_later_is_a_new_alarm(town, tuesday: datetime) -> None:
    for state, minute in (("broken", 0), ("running", 1), ("broken", 2)):
        Channel.objects.update(state=state)
        alarms.look(tuesday + minute * MINUTE)
    assert Alarm.objects.count() == 2
    assert Alarm.objects.open().count() == 1


def test_a_channel_nobody_owns_is_a_suspicion_first(town, tuesday: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "owners", dict)
    alarms.look(tuesday)
    assert KIND.ENGINE_MISSING not in kinds_open()
    assert Alarm.objects.get(kind=KIND.ENGINE_MISSING).raised_at is None
    alarms.look(tuesday + MINUTE)
    assert KIND.ENGINE_MISSING in kinds_open()


def test_a_suspicion_that_passes_leaves_no_trace(town, tuesday: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "owners", dict)
    alarms.look(tuesday)
    monkeypatch.setattr(presence, "owners", lambda: {town.channel.pk: "a"})
    alarms.look(tuesday + MINUTE)
    assert not Alarm.objects.filter(kind=KIND.ENGINE_MISSING).exists()


def test_an_engine_is_seen_by_the_lock_it_holds(town) -> None:
    from buergerdraht.gateway.engine import ownership

    assert presence.owners() == {}
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [ownership.OWNING, town.channel.pk])
    assert set(presence.owners()) == {town.channel.pk}


def test_without_a_worker_the_installation_raises_an_alarm(town, tuesday: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_workers")
    for minute in range(2):
        alarms.look(tuesday + minute * MINUTE)
    alarm = Alarm.objects.open().get(kind=KIND.WORKER_MISSING)
    assert alarm.organisation is None
    assert alarm in Alarm.objects.open().of(town.organisation)
    with connection.cursor() as cursor:
        cursor.execute("insert into procrastinate_workers (last_heartbeat) values (%s)", [tuesday + 2 * MINUTE])
    alarms.look(tuesday + 2 * MINUTE)
    assert KIND.WORKER_MISSING not in kinds_open()


@pytest.mark.usefixtures("alive")
def test_an_answer_that_waits_five_minutes_is_an_alarm_and_a_newsletter_only_when_nothing_moves(town, tuesday: datetime) -> None:
    town.letters(1, created_at=tuesday - 6 * MINUTE, priority=5, purpose="newsletter")
    Traffic.objects.create(channel=town.channel, direction="out", what="POST messages", status="200")
    Traffic.objects.update(at=tuesday - MINUTE)
    alarms.look(tuesday)
    assert KIND.QUEUE_OLD not in kinds_open()
    town.letters(1, created_at=tuesday - 6 * MINUTE, priority=1)
    alarms.look(tuesday)
    assert Alarm.objects.open().get(kind=KIND.QUEUE_OLD).values == {"minutes": 6}


@pytest.mark.usefixtures("alive")
def test_a_newsletter_that_does_not_move_is_an_alarm(town, tuesday: datetime) -> None:
    town.letters(1, created_at=tuesday - 7 * MINUTE, priority=5)
    alarms.look(tuesday)
    assert KIND.QUEUE_OLD in kinds_open()


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("values", [{"not_before": datetime.fromisoformat("2026-11-25T08:00:00+01:00")}, {"state": "accepted"}])
def test_what_may_wait_raises_no_alarm(town, tuesday: datetime, values: dict[str, object]) -> None:
    town.letters(3, created_at=tuesday - 60 * MINUTE, **values)
    alarms.look(tuesday)
    assert KIND.QUEUE_OLD not in kinds_open()


@pytest.mark.usefixtures("alive")
def test_letters_of_a_held_batch_may_wait(town, tuesday: datetime) -> None:
    from buergerdraht.gateway import outbox
    from buergerdraht.gateway.models import Batch

    made = town.letters(2, created_at=tuesday - 60 * MINUTE, priority=5, batch=7)
    Batch.objects.create(id=7, organisation=town.organisation, state="held")
    alarms.look(tuesday)
    assert KIND.QUEUE_OLD not in kinds_open()
    outbox.release(7)
    alarms.look(tuesday)
    assert KIND.QUEUE_OLD in kinds_open(), made


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(("reported", "expected"), [(17, True), (24, False)])
def test_missing_receipts_count_after_a_quarter_of_an_hour(town, tuesday: datetime, reported: int, expected: bool) -> None:
    town.accepted(reported, tuesday - 30 * MINUTE, receipt="delivered")
    town.accepted(5, tuesday - 30 * MINUTE)
    town.accepted(90, tuesday - 5 * MINUTE)
    alarms.look(tuesday)
    assert (KIND.RECEIPTS_MISSING in kinds_open()) is expected


@pytest.mark.usefixtures("alive")
def test_a_provider_that_reports_nothing_misses_nothing(town, tuesday: datetime) -> None:
    Channel.objects.update(kind="telegram")
    town.accepted(50, tuesday - 30 * MINUTE)
    alarms.look(tuesday)
    assert KIND.RECEIPTS_MISSING not in kinds_open()


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(("failed", "reason", "expected"), [(10, "payment", True), (3, "payment", False), (30, "cancelled", False)])
def test_many_failures_are_an_alarm(town, tuesday: datetime, failed: int, reason: str, expected: bool) -> None:
    Minute.objects.create(channel=town.channel, at=tuesday - 3 * MINUTE, accepted=20)
    town.letters(failed, state="failed", reason=reason, finished_at=tuesday - 2 * MINUTE)
    alarms.look(tuesday)
    assert (KIND.FAILURES_HIGH in kinds_open()) is expected
    if expected:
        assert Alarm.objects.get(kind=KIND.FAILURES_HIGH).values == {"failed": 10, "total": 30, "reason": "payment"}


@pytest.mark.usefixtures("alive")
def test_kept_events_are_counted(town, tuesday: datetime) -> None:
    InboundEvent.objects.bulk_create(InboundEvent(channel=town.channel, body=b"x", state=state) for state in ("kept", "kept", "done"))
    alarms.look(tuesday)
    alarm = Alarm.objects.open().get(kind=KIND.KEPT_EVENTS)
    assert alarm.values == {"count": 2}
    assert kinds.sentence(alarm) == "Aufbewahrt und nicht verarbeitet: 2."


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("now", "last", "accepted", "expected"),
    [
        ("2026-11-24T12:00:00+01:00", "2026-11-24T08:30:00+01:00", 30, True),
        ("2026-11-24T12:00:00+01:00", "2026-11-24T10:30:00+01:00", 30, False),  # an hour and a half
        ("2026-11-24T12:00:00+01:00", "2026-11-24T08:30:00+01:00", 0, False),  # nothing was due
        ("2026-11-24T09:00:00+01:00", "2026-11-23T16:00:00+01:00", 30, False),  # the office has only just opened
        ("2026-11-22T12:00:00+01:00", "2026-11-22T02:00:00+01:00", 30, False),  # Sunday
    ],
)
def test_silence_counts_in_office_hours_where_a_word_is_due(town, now: str, last: str, accepted: int, expected: bool) -> None:
    at = datetime.fromisoformat(now)
    Channel.objects.update(last_inbound_at=datetime.fromisoformat(last))
    Minute.objects.create(channel=town.channel, at=at - 100 * MINUTE, accepted=accepted)
    alarms.look(at)
    assert (KIND.CHANNEL_SILENT in kinds_open()) is expected


@pytest.mark.usefixtures("alive")
def test_a_channel_that_is_never_quiet_is_missed_when_it_is(town, tuesday: datetime) -> None:
    Channel.objects.update(kind="telegram", last_inbound_at=tuesday - timedelta(hours=15))
    Traffic.objects.bulk_create(
        Traffic(channel=town.channel, direction="in", what="Meldungen", status="ok") for _ in range(causes.USUAL)
    )  # fmt: skip
    Traffic.objects.update(at=tuesday - timedelta(days=1))
    alarms.look(tuesday + timedelta(hours=2))
    assert KIND.CHANNEL_SILENT in kinds_open()


@pytest.mark.usefixtures("alive")
def test_a_lost_canary_and_a_difference_are_alarms(town, tuesday: datetime) -> None:
    probe = Probe.objects.create(channel=town.channel, address=town.person(), state="lost")
    Reconciliation.objects.create(
        organisation=town.organisation, channel=town.channel, day=tuesday.date(), differences={"parts": 3}, made_at=tuesday
    )  # fmt: skip
    alarms.look(tuesday)
    assert {KIND.CANARY_LOST, KIND.RECONCILIATION_DIFFERENCE} <= kinds_open()
    Probe.objects.filter(pk=probe.pk).update(state="closed")
    Reconciliation.objects.update(differences={})
    alarms.look(tuesday + MINUTE)
    assert not {KIND.CANARY_LOST, KIND.RECONCILIATION_DIFFERENCE} & kinds_open()


@pytest.mark.usefixtures("alive")
def test_a_slow_database_and_a_full_disk_are_alarms(town, tuesday: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causes, "SLOW", 0.0)
    monkeypatch.setattr(causes, "LEAST_ROOM", 1 << 60)
    for minute in range(3):
        alarms.look(tuesday + minute * MINUTE)
    assert {KIND.DATABASE_SLOW, KIND.DISK_FULL} <= kinds_open()


@pytest.mark.usefixtures("alive")
def test_a_finder_that_fails_neither_blinds_the_others_nor_ends_its_alarm(
    town, tuesday: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    InboundEvent.objects.create(channel=town.channel, body=b"x", state="kept")
    alarms.look(tuesday)

    def fail(view: causes.View) -> list[Cause]:
        raise RuntimeError("Emine")

    monkeypatch.setattr(causes, "FINDERS", {**causes.FINDERS, KIND.KEPT_EVENTS: fail})
    Channel.objects.update(state="broken")
    alarms.look(tuesday + 5 * MINUTE)
    assert {KIND.KEPT_EVENTS, KIND.CHANNEL_BROKEN} <= kinds_open()
    assert "Emine" not in caplog.text


@pytest.mark.usefixtures("alive")
def test_an_alarm_does_not_flutter(town, tuesday: datetime) -> None:
    """A cause that comes and goes within its calm is one alarm."""
    cause = Cause(KIND.FAILURES_HIGH, town.organisation.pk, town.channel.pk, {"failed": 30, "total": 40})
    for minute in range(6):
        alarms.settle([cause] if minute % 2 == 0 else [], {KIND.FAILURES_HIGH}, tuesday + minute * MINUTE)
    assert Alarm.objects.count() == 1
    assert Alarm.objects.open().count() == 1


def test_every_kind_has_words_and_the_numbers_they_need(town) -> None:
    assert set(kinds.KINDS) == set(KIND.values)
    for kind in KIND.values:
        spoken = kinds.sentence(Alarm(kind=kind, values={}))
        assert spoken
        assert "{" not in spoken


@pytest.mark.usefixtures("alive")
def test_a_look_costs_the_same_however_many_channels(town, tuesday: datetime) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        alarms.look(tuesday)
    for number in range(10):
        Channel.objects.create(organisation=town.organisation, kind="telegram", name=f"{number}", config="{}", state="running")
    with CaptureQueriesContext(connection) as many:
        alarms.look(tuesday)
    assert len(many) == len(few)


def test_two_alarms_of_one_kind_and_place_cannot_be(town) -> None:
    from django.db import IntegrityError

    now = timezone.now()
    Alarm.objects.create(kind=KIND.WORKER_MISSING, level="fault", since=now, seen_at=now)
    with pytest.raises(IntegrityError):
        Alarm.objects.create(kind=KIND.WORKER_MISSING, level="fault", since=now, seen_at=now)
