"""What is done by the clock is done, and a second time changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

from buergerdraht.connectors.contract import Health, Note, Temporary
from buergerdraht.gateway import actions as gateway
from buergerdraht.gateway.models import Channel
from buergerdraht.watch import providers, tasks
from buergerdraht.watch.models import Alarm, Minute, Reconciliation


def test_everything_stands_in_the_timetable() -> None:
    timed = {each.task.name.rpartition(".")[2] for each in app.periodic_registry.periodic_tasks.values() if ".watch." in each.task.name}
    assert timed == {"look", "send_canaries", "ask_providers", "reconcile_yesterday", "forget"}
    assert {"watch.tell", "watch.tell_house"} <= set(app.tasks)


@pytest.mark.usefixtures("alive")
def test_a_look_writes_the_minutes_before_it_judges_by_them(town) -> None:
    at = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    town.accepted(3, at)
    for _ in range(2):
        tasks.look.func(0)
    assert sum(Minute.objects.values_list("accepted", flat=True)) == 3


def test_the_days_before_are_summed_up(town) -> None:
    for days in range(5):
        town.accepted(1, timezone.now() - timedelta(days=days))
    tasks.reconcile_yesterday.func(0)
    tasks.reconcile_yesterday.func(0)
    assert Reconciliation.objects.count() == 3


def test_old_minutes_and_alarms_go(town) -> None:
    now = timezone.now()
    for age in (timedelta(days=1), timedelta(days=3)):
        Minute.objects.create(channel=town.channel, at=now - age)
    for ended in (None, now - timedelta(days=400)):
        Alarm.objects.create(kind=f"k{ended}"[:30], level="fault", since=now - timedelta(days=500), seen_at=now, ended_at=ended)
    tasks.forget.func(0)
    assert Minute.objects.count() == 1
    assert Alarm.objects.get().ended_at is None


# ── The providers ─────────────────────────────────────────────────────────


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Let every provider answer this, or fail so."""

    def set_answer(answer: object) -> None:
        def check(channel: Channel) -> Health:
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, Health)
            return answer

        monkeypatch.setattr(gateway, "check", check)

    return set_answer


def test_a_webhook_the_provider_cannot_reach_is_an_alarm_until_it_can(town, says: Callable[[object], None]) -> None:
    note = Note(level="warning", code="webhook_error", text="{words}", values={"words": "Connection refused to Emine"})
    says(Health(ok=True, findings=(note, Note(level="warning", code="name_status", text="x"))))
    tasks.ask_providers.func(0)
    alarm = Alarm.objects.open().get()
    assert (alarm.kind, alarm.channel, alarm.values) == ("provider_complains", town.channel, {"findings": 1, "codes": ["webhook_error"]})
    says(Temporary("unavailable"))
    tasks.ask_providers.func(0)
    assert Alarm.objects.open().count() == 1  # who cannot be asked has not said that it is well
    says(Health(ok=True))
    tasks.ask_providers.func(0)
    assert not Alarm.objects.open().exists()


@pytest.mark.parametrize("code", ["key_changed", "identity_changed"])
def test_somebody_who_is_perhaps_not_who_they_were_is_an_alarm(town, says: Callable[[object], None], code: str) -> None:
    says(Health(ok=True, findings=(Note(level="warning", code=code, text="x"),)))
    tasks.ask_providers.func(0)
    assert Alarm.objects.open().get().values == {"findings": 1, "codes": [code]}


def test_a_look_leaves_what_the_providers_said(town, says: Callable[[object], None], alive: None) -> None:
    says(Health(ok=False, findings=(Note(level="error", code="number_status", text="x"),)))
    providers.ask_all(timezone.now())
    tasks.look.func(0)
    assert Alarm.objects.open().get().kind == "provider_complains"


def test_a_channel_at_rest_is_not_asked(town, says: Callable[[object], None]) -> None:
    Channel.objects.update(state="paused")
    says(Health(ok=False, findings=(Note(level="error", code="x", text="x"),)))
    tasks.ask_providers.func(0)
    assert not Alarm.objects.exists()
