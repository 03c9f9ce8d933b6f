"""The screens: what a blueprint would do, switching it on, and who may."""

from __future__ import annotations

import pytest
from django.test import Client

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.contacts.models import Topic

pytestmark = pytest.mark.django_db
DETAIL = "/o/stadt/einstellungen/bausteine/city_newsletter/"


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de", "en"])


def signed_in(town: Organisation, *roles: str) -> Client:
    operator = Operator.objects.create_user(f"{'-'.join(roles)}@stadt.example", name="Anna Amt")
    Membership.objects.create(organisation=town, operator=operator, roles=list(roles))
    client = Client()
    client.force_login(operator)
    return client


def test_the_list_shows_what_is_switched_on(town: Organisation) -> None:
    client = signed_in(town, "administrator")
    assert "eingeschaltet" not in client.get("/o/stadt/einstellungen/bausteine/").content.decode()
    client.post(DETAIL)
    assert "eingeschaltet" in client.get("/o/stadt/einstellungen/bausteine/").content.decode()


def test_the_preview_says_what_is_new_and_what_stays(town: Organisation) -> None:
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Straßen"})
    page = signed_in(town, "administrator").get(DETAIL).content.decode()
    assert page.count("ist da, bleibt so") == 1
    assert "wird angelegt" in page
    assert "Baustein einschalten" in page


def test_switching_on_leads_back_and_says_what_was_made(town: Organisation) -> None:
    page = signed_in(town, "administrator").post(DETAIL, follow=True).content.decode()
    assert "Teile sind neu" in page
    assert Topic.objects.filter(organisation=town).count() == 6


@pytest.mark.parametrize("role", ["editor", "approver", "agent", "data_protection", "viewer"])
def test_only_who_manages_may(town: Organisation, role: str) -> None:
    client = signed_in(town, role)
    assert client.get(DETAIL).status_code == 403
    assert client.post(DETAIL).status_code == 403
    assert not Topic.objects.filter(organisation=town).exists()


def test_a_stranger_finds_nothing(town: Organisation) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    assert signed_in(other, "administrator").post(DETAIL).status_code == 404


def test_an_unknown_blueprint_is_not_found(town: Organisation) -> None:
    assert signed_in(town, "administrator").get("/o/stadt/einstellungen/bausteine/nichts/").status_code == 404
