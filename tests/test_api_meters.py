"""What citizens read on their meters, as the system that writes the bills reads it."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from tests.api_town import Caller, Town, citizen, problem, token, town, walk

from buergerdraht.accounts.models import Team
from buergerdraht.conversations import confidential
from buergerdraht.conversations.models import Conversation, Desk
from buergerdraht.meters import actions
from buergerdraht.meters.models import Meter, MeterReading


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def another(of: Town, value: str = "88", **more: object) -> MeterReading:
    """A value of a second citizen."""
    contact, _address, _thread = citizen(of.organisation, of.channel, "Ole Muster")
    told = actions.Confirmed(kind="gas", number="G 77", value=Decimal(value), contact=contact, **more)  # type: ignore[arg-type]
    return actions.keep(of.organisation, told)


def test_a_value_comes_as_it_stood_with_the_meters_number_and_no_name(here: Town, caller: Caller) -> None:
    rows = walk(caller, "/readings")
    told = [(row["number"], row["value"], row["state"], row["photo"], row["contact"]) for row in rows]
    assert told == [("W0001", "1234.500", "confirmed", True, here.contact.pk)]
    assert rows[0] == caller.get(f"/readings/{here.reading.pk}").json()
    assert "Mia" not in json.dumps(rows)
    assert rows[0]["read_on"] == timezone.localdate().isoformat()


def test_what_is_doubtful_says_why_and_what_was_handed_on_says_when(here: Town, caller: Caller) -> None:
    row = another(here, reasons=["lower"])
    said = caller.get(f"/readings/{row.pk}").json()
    assert (said["state"], said["reasons"], said["photo"], said["exported_at"]) == ("doubtful", ["lower"], False, None)
    actions.settle(row, operator=here.operator, value=Decimal("89.25"))
    assert caller.get(f"/readings/{row.pk}").json()["value"] == "89.250"
    actions.export(here.organisation, operator=here.operator)
    said = caller.get(f"/readings/{row.pk}").json()
    assert (said["state"], said["exported_at"] is None) == ("exported", False)


def test_a_meter_that_was_brought_in_is_known(here: Town, caller: Caller) -> None:
    key = actions.key(here.organisation, "G77")
    Meter.objects.create(organisation=here.organisation, kind="gas", number="G77", number_hash=key)
    another(here)
    assert [row["known"] for row in walk(caller, "/readings")] == [False, True]


def test_values_are_found_by_what_was_asked_for_however_the_number_is_written(here: Town, caller: Caller) -> None:
    other = another(here)
    MeterReading.objects.filter(pk=here.reading.pk).update(created_at=timezone.now() - timedelta(days=9))
    for number in ("W-0001", "w 0001", "W0001"):
        assert [row["id"] for row in walk(caller, "/readings", number=number)] == [here.reading.pk]
    actions.keep(here.organisation, actions.Confirmed(kind="heat", number="", value=Decimal(5), contact=here.contact))
    assert walk(caller, "/readings", number="---") == [], "no sign of a number finds none, not those without one"
    assert [row["id"] for row in walk(caller, "/readings", kind="gas", state="confirmed")] == [other.pk]
    assert {row["contact"] for row in walk(caller, "/readings", contact=here.contact.pk)} == {here.contact.pk}
    recent = walk(caller, "/readings", received_since=(timezone.now() - timedelta(days=1)).isoformat())
    assert here.reading.pk not in {row["id"] for row in recent}
    problem(caller.get("/readings", zaehler="W0001"), 422, "invalid")


def test_what_belongs_to_a_confidential_thread_or_another_team_does_not_exist(here: Town) -> None:
    ours, theirs = (Team.objects.create(organisation=here.organisation, name=name) for name in ("Stadtwerke", "Bauamt"))
    Desk.objects.create(organisation=here.organisation, teams_apart=True)
    caller = Caller(token(here, teams=[ours])[1])
    for team, seen in ((None, True), (ours, True), (theirs, False)):
        Conversation.objects.update(team=team)
        assert bool(walk(caller, "/readings", number="W0001")) is seen
        assert caller.get(f"/readings/{here.reading.pk}").status_code == (200 if seen else 404)
    Conversation.objects.update(team=None)
    confidential.confide(here.conversation, [here.operator], by=here.operator)
    assert walk(caller, "/readings") == []
    problem(caller.get(f"/readings/{here.reading.pk}"), 404)
