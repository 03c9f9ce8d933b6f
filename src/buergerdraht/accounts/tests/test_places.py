"""The settings: a menu in groups, an overview that explains and finds, and no link to a door that is closed."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from buergerdraht.accounts import actions
from buergerdraht.accounts.models import Operator, Organisation, Role
from buergerdraht.accounts.places import GROUPS, PLACES

PAGE = "/o/musterstadt/einstellungen/uebersicht/"


@pytest.fixture
def town(db: None) -> Organisation:
    return actions.create_organisation("musterstadt", "Stadt Musterstadt", land="NW")


def signed_in(town: Organisation, *roles: str) -> Client:
    operator = Operator.objects.create_user(f"{'-'.join(roles)}@musterstadt.example", "Zwetschgen-im-Herbst", name="Robin Beispiel")
    actions.join(town, operator, list(roles))
    client = Client()
    client.force_login(operator)
    return client


def shown(client: Client, wish: str = "") -> list[str]:
    return re.findall(r'<a class="cover" href="([^"]+)"', client.get(PAGE, {"suche": wish} if wish else {}).content.decode())


def test_every_place_stands_in_a_group_and_says_in_a_line_what_it_is_for() -> None:
    assert len(PLACES) >= 18
    for place in PLACES.values():
        assert place.group in GROUPS
        assert place.rights
        assert 10 < len(str(place.told)) < 90


@pytest.mark.parametrize("role", Role.values)
def test_each_role_sees_the_places_it_may_open_and_no_other(town: Organisation, role: str) -> None:
    client = signed_in(town, role)
    seen = shown(client)
    for place in PLACES.values():
        href = reverse(place.address, args=("musterstadt",))
        assert (client.get(href).status_code == 200) is (href in seen), place.key


def test_each_page_marks_itself_in_the_menu_once(town: Organisation) -> None:
    client = signed_in(town, Role.ADMINISTRATOR)
    framed = 0
    for place in PLACES.values():
        href = reverse(place.address, args=("musterstadt",))
        menu = re.search(r'<nav class="settings__menu".*?</nav>', client.get(href).content.decode(), re.S)
        if menu:
            framed += 1
            assert re.findall(r'href="([^"]+)" aria-current="page"', menu[0]) == [href], place.key
    assert framed >= 14


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("feiertage", ["accounts:hours"]),
        ("FEIERTAGE  zeiten", ["accounts:hours"]),
        ("loeschfristen", ["accounts:rules"]),
        ("Löschfristen", ["accounts:rules"]),
        ("telegram", ["gateway:channels"]),
        ("gibt es nicht", []),
    ],
)
def test_the_search_finds_a_place_by_what_people_call_it(town: Organisation, wish: str, found: list[str]) -> None:
    assert shown(signed_in(town, Role.ADMINISTRATOR), wish) == [reverse(name, args=("musterstadt",)) for name in found]


def test_a_search_without_a_hit_says_so_and_writes_nothing_raw(town: Organisation) -> None:
    answer = signed_in(town, Role.ADMINISTRATOR).get(PAGE, {"suche": "<b>x</b>"}).content.decode()
    assert "Nichts gefunden" in answer
    assert "<b>x</b>" not in answer


def test_the_navigation_leads_to_the_overview_for_those_who_have_settings(town: Organisation) -> None:
    for role, there in ((Role.ADMINISTRATOR, True), (Role.DATA_PROTECTION, True), (Role.EDITOR, False)):
        page = signed_in(town, role).get("/o/musterstadt/").content.decode()
        assert (f'class="nav__item" href="{PAGE}"' in page) is there, role
