"""Clocks that change, jump and disagree (F14): what is due goes within a minute and once, and quiet hours are kept.

The database's clock decides.
"""

from __future__ import annotations

import time as clocks
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import report
from parts import ECHO, Part, Server, found_town, providing, running, until
from report import Outcome

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts import rules
from buergerdraht.contacts.models import Address, Contact, Subscription, Topic
from buergerdraht.gateway.models import Channel, Outbound

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = {
    "to winter": datetime(2026, 10, 24, 12, tzinfo=UTC),
    "to summer": datetime(2027, 3, 27, 12, tzinfo=UTC),
    "leap day": datetime(2028, 2, 28, 12, tzinfo=UTC),
    "new year": datetime(2026, 12, 31, 12, tzinfo=UTC),
}
HOURS = [(time(22), time(6)), (time(2, 15), time(2, 45)), (time(1), time(3)), (time(12), time(13))]


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize(("begin", "end"), HOURS)
def test_quiet_hours_hold_through_every_night(night: str, begin: time, end: time) -> None:
    """Minute by minute: whoever looks at a clock on the wall in the quiet hours gets nothing."""
    town = Organisation(quiet_from=begin, quiet_until=end)
    for minute in range(36 * 60):
        at = NIGHTS[night] + timedelta(minutes=minute)
        wall = at.astimezone(BERLIN).time()
        inside = begin <= wall < end if begin < end else wall >= begin or wall < end
        until_ = rules.quiet_until(town, at)
        assert until_ is not None or not inside, at
        if until_ is not None:
            assert at < until_ <= at + timedelta(hours=11)
            gone = until_.astimezone(BERLIN).time()
            assert not (begin <= gone < end if begin < end else gone >= begin or gone < end), "the end is not quiet any more"


# ── workers with wrong clocks ─────────────────────────────────────────────


def scheduled(channel: Channel, people: int, seconds: float) -> Broadcast:
    """A released broadcast for so many, due in so many seconds."""
    town = channel.organisation
    topic = Topic.objects.get_or_create(organisation=town, key="markt", defaults={"title": {"de": "Markt"}})[0]
    now = datetime.now(UTC)
    for number in range(people):
        contact = Contact.objects.create(organisation=town, name=f"Person {number}", state="active")
        address = Address.objects.create(
            organisation=town, contact=contact, channel=channel, address=f"citizen{number}",
            address_hash=vault.lookup(town.pk, f"citizen{number}"), last_inbound_at=now,
        )  # fmt: skip
        Subscription.objects.create(organisation=town, contact=contact, topic=topic, address=address, confirmed_at=now)
    return Broadcast.objects.create(
        organisation=town, title="Markt", state="approved", urgent=True, versions={"de": {"title": "", "text": "news"}},
        audience={"topics": [topic.pk]}, scheduled_at=now + timedelta(seconds=seconds),
    )  # fmt: skip


def worker(server: Server, clock: Path, wrong_by: float) -> Part:
    clock.write_text(str(wrong_by))
    return Part("worker", server.url, {"TEST_CLOCK": str(clock)}).start()


@pytest.mark.slow
def test_workers_with_wrong_clocks_start_a_broadcast_on_time_and_once(server: Server, tmp_path: Path) -> None:
    """One is five minutes ahead, one five behind, and one is set back by an hour in the meantime."""
    people = 20
    with providing() as provider, running(server, "engine"):
        channel = found_town(provider.port)[ECHO]
        clock = tmp_path / "jumps"
        workers = [worker(server, tmp_path / "ahead", 300.0), worker(server, tmp_path / "behind", -300.0), worker(server, clock, 0.0)]
        try:
            until(lambda: server.run("select 1 from procrastinate_periodic_defers limit 1"), 60, "the timetable")
            broadcast = scheduled(channel, people, 8.0)
            due = broadcast.scheduled_at.timestamp()  # type: ignore[union-attr]
            clock.write_text("-3600")
            until(lambda: len(provider.accepted) == people, 90, "the broadcast")
            late = clocks.time() - due
            row = Broadcast.objects.get(pk=broadcast.pk)
            early = row.started_at < row.scheduled_at  # type: ignore[operator]
            first = min(Outbound.objects.values_list("created_at", flat=True))
        finally:
            for part in workers:
                part.end()
    report.record(
        Outcome(
            "F14", "workers ±5 min apart, one set back an hour", of=people, lost=people - len(provider.accepted),
            doubled=sum(times > 1 for times in provider.accepted.values()), recovery=late, passes="on time, <= 60 s late, once",
            met=late <= 60 and not early and first.timestamp() >= due - 0.5 and set(provider.accepted.values()) == {1},
        )
    )  # fmt: skip


@pytest.mark.slow
def test_the_timetable_goes_on_when_the_only_clock_is_set_back(server: Server, tmp_path: Path) -> None:
    with providing() as provider, running(server, "engine"):
        channel = found_town(provider.port)[ECHO]
        clock = tmp_path / "clock"
        alone = worker(server, clock, 0.0)
        try:
            until(lambda: server.run("select 1 from procrastinate_periodic_defers limit 1"), 60, "the timetable")
            results: dict[str, float] = {}
            broadcast: Broadcast | None = None
            for number, jump in enumerate((-3600.0, 3600.0)):
                broadcast = again(broadcast) if broadcast else scheduled(channel, 1, 3.0)
                clock.write_text(str(jump))
                due = broadcast.scheduled_at.timestamp()  # type: ignore[union-attr]
                until(lambda number=number: sum(provider.accepted.values()) == number + 1, 90, "the broadcast")
                results[f"{jump:+.0f} s"] = round(clocks.time() - due, 1)
        finally:
            alone.end()
    report.record(
        Outcome(
            "F14", "the worker's clock jumps an hour back, then two ahead", of=2, recovery=max(results.values()),
            doubled=sum(times > 2 for times in provider.accepted.values()), passes="<= 60 s late, never early, once",
            met=min(results.values()) >= 0 and max(results.values()) <= 60, more=results,
        )
    )  # fmt: skip


def again(broadcast: Broadcast) -> Broadcast:
    """Plan the same once more."""
    return Broadcast.objects.create(
        organisation=broadcast.organisation, title="Markt", state="approved", urgent=True, versions=broadcast.versions,
        audience=broadcast.audience, scheduled_at=datetime.now(UTC) + timedelta(seconds=3),
    )  # fmt: skip
