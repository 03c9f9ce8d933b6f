"""Musterstadt's matters have histories that led to where they stand, and nobody is told of them again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.conf import LazySettings
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import deadlines, ground, opening, places, states
from buergerdraht.cases.models import Case, Category, Delegation, Follower, Ground, Photo, Told
from buergerdraht.house.demo import evening, reporting, town
from buergerdraht.house.demo import places as map_of_town

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_matters_of_the_town_are_true(settings: LazySettings, tmp_path: object) -> None:
    settings.DATA = tmp_path
    settings.SIMULATOR_URL = "http://localhost:8001"
    evening.fill()
    city = Organisation.objects.get(slug=town.SLUG)
    histories_lead_to_the_state(city)
    complaints_are_the_named_ones_alone(city)
    nobody_is_told_again(city)
    places_lie_in_their_district(city)
    numbers_go_on(city)


def histories_lead_to_the_state(city: Organisation) -> None:
    rows = list(Case.objects.filter(organisation=city))
    assert len(rows) == reporting.NUMBER + len(reporting.COMPLAINTS)
    assert {row.state for row in rows} == set(Case.State)
    for row in rows:
        entries = list(row.entries.order_by("at", "id"))
        assert entries[0].what == "opened"
        assert entries[0].at == row.received_at
        assert entries[-1].at <= timezone.now()
        moves = [(entry.data["from"], entry.data["to"]) for entry in entries if entry.what == "moved"]
        assert all(states.may_follow(*move) for move in moves)
        assert all(before[1] == after[0] for before, after in pairwise(moves))
        assert row.state == (moves[-1][1] if moves else "received")
        assert (row.public == "released") == any(entry.what == "released" for entry in entries)


def complaints_are_the_named_ones_alone(city: Organisation) -> None:
    hidden = Case.objects.filter(organisation=city, confidential=True)
    assert hidden.count() == 2
    assert set(hidden.values_list("public", flat=True)) == {"hidden"}
    assert Category.objects.get(organisation=city, key="complaint").people.count() == 2
    assert Case.objects.filter(organisation=city, public="released").count() > 10


def nobody_is_told_again(city: Organisation) -> None:
    assert not Told.objects.filter(at=None).exists()
    assert Told.objects.exists()
    assert deadlines.look(timezone.now()) == 0
    assert not Photo.objects.filter(state="waiting").exists()
    assert Delegation.objects.filter(ended_at=None, done_at=None).count() == 1
    assert not Follower.objects.filter(joined_at__gt=timezone.now()).exists()


def places_lie_in_their_district(city: Organisation) -> None:
    for row in Case.objects.filter(organisation=city, latitude__isnull=False):
        assert row.district == ground.district_of(city, row.latitude, row.longitude)
        assert ground.inside(city, row.latitude, row.longitude)
    spot = places.find(city, "Lindenallee 3")[0]
    assert (spot.name, ground.district_of(city, spot.latitude or 0, spot.longitude or 0).name) == ("Lindenallee 3", "Nordviertel")  # type: ignore[union-attr]
    east = ground.neighbour(city, map_of_town.LATITUDE, map_of_town.LONGITUDE + 0.07)
    assert east is not None
    assert east.name == "Nachbarstadt"


def numbers_go_on(city: Organisation) -> None:
    last = Ground.objects.get(organisation=city)
    number = opening.next_number(city, timezone.now())
    assert not Case.objects.filter(organisation=city, number=number).exists()
    assert number == f"{timezone.localtime().year}-{last.last_number + 1:05}" or timezone.localtime().year > last.last_year
