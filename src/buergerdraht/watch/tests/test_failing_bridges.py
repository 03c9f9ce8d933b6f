"""A way to another office that does not work raises an alarm of its organisation, and ends it when it works again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.bridges import actions
from buergerdraht.bridges.models import Bridge
from buergerdraht.bridges.words import PROBLEMS, STANDS
from buergerdraht.watch import alarms, causes
from buergerdraht.watch.kinds import sentence
from buergerdraht.watch.models import Alarm

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=11)


@pytest.fixture
def bridge() -> Bridge:
    town = Organisation.objects.create(slug="brueckhausen", name="Brückhausen")
    actor = Operator.objects.create(email="x@bridge.invalid", name="Bauhof", is_active=False)
    return Bridge.objects.create(organisation=town, actor=actor, kind="zammad", name="Bauhof")


def look(bridge: Bridge, now: datetime) -> list[Alarm]:
    found = list(causes.failing_bridges(causes.view(now)))
    alarms.settle(found, {Alarm.Kind.BRIDGE_FAILING}, now, tell=lambda alarm, event: None)
    return list(Alarm.objects.open().of(bridge.organisation))


def test_it_is_raised_after_ten_minutes_and_ends_when_it_works_again(bridge: Bridge) -> None:
    now = timezone.now()
    actions.judged(bridge, "unreachable")
    assert look(bridge, now) == []
    (alarm,) = look(bridge, now + LATER)
    assert (alarm.channel, alarm.values) == (None, {"count": 1})
    assert "1" in sentence(alarm)
    actions.judged(bridge, "")
    assert look(bridge, now + LATER + timedelta(minutes=1)) == []


@pytest.mark.parametrize("problem", ["refused", "unmapped", "no_such_address", "bounced", ""])
def test_what_is_wrong_with_one_case_is_no_alarm(bridge: Bridge, problem: str) -> None:
    now = timezone.now()
    actions.judged(bridge, problem)
    look(bridge, now)
    assert look(bridge, now + LATER) == []
    assert problem not in STANDS


def test_a_bridge_at_rest_is_no_alarm(bridge: Bridge) -> None:
    now = timezone.now()
    actions.judged(bridge, "forbidden")
    Bridge.objects.update(active=False)
    look(bridge, now)
    assert look(bridge, now + LATER) == []
    assert set(STANDS) <= set(PROBLEMS)
