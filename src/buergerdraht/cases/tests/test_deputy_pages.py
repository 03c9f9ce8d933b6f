"""Everybody arranges who stands in for them; whoever manages does it for all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import deputies
from buergerdraht.cases.models import Deputy
from buergerdraht.cases.tests.conftest import make_operator


@pytest.fixture
def maria(town: Organisation) -> Operator:
    return make_operator(town, "maria")


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def page(*args: object) -> str:
    return reverse("cases:deputy_remove" if args else "cases:deputies", args=("musterstadt", *args))


def days(operator: Operator, deputy: Operator, first: int = 0, last: int = 7) -> dict[str, str]:
    today = timezone.localdate()
    return {"operator": str(operator.pk), "deputy": str(deputy.pk), "first": str(today + timedelta(days=first)),
            "last": str(today + timedelta(days=last))}  # fmt: skip


def test_whoever_is_away_is_represented_until_it_is_taken_back(town: Organisation, kemal: Operator, maria: Operator) -> None:
    client = signed_in(kemal)
    said = client.post(page(), days(kemal, maria), follow=True).content.decode()
    assert "Maria vertritt Kemal" in said
    assert deputies.of(town.pk, kemal, timezone.localdate()) == maria
    client.post(page(Deputy.objects.get().pk))
    assert deputies.of(town.pk, kemal, timezone.localdate()) == kemal


def test_nobody_arranges_it_for_others_but_who_manages(town: Organisation, kemal: Operator, maria: Operator) -> None:
    assert signed_in(kemal).post(page(), days(maria, kemal)).status_code == 422
    andrea = make_operator(town, "andrea", "administrator")
    assert signed_in(andrea).post(page(), days(maria, kemal)).status_code == 302
    row = Deputy.objects.get()
    assert signed_in(kemal).post(page(row.pk)).status_code == 404
    assert "Kemal vertritt Maria" not in signed_in(kemal).get(page()).content.decode()
    assert signed_in(andrea).post(page(row.pk)).status_code == 302
    viewer = make_operator(town, "jens", "viewer")
    assert signed_in(viewer).get(page()).status_code == 403
    assert signed_in(viewer).post(page(), days(viewer, kemal)).status_code == 403


@pytest.mark.parametrize(
    ("first", "last", "field", "told"),
    [(5, 1, "last", "nach dem ersten"), (-9, -5, "last", "schon vorbei"), (0, 500, "last", "höchstens 400"), (3, 4, "first", "schon eine")],
)
def test_days_that_cannot_be_are_told(
    town: Organisation, kemal: Operator, maria: Operator, first: int, last: int, field: str, told: str
) -> None:
    client = signed_in(kemal)
    client.post(page(), days(kemal, maria))
    answer = client.post(page(), days(kemal, maria, first, last))
    assert answer.status_code == 422
    assert told in str(answer.context["form"].errors[field])
    assert Deputy.objects.count() == 1


def test_nobody_stands_in_for_themselves_or_comes_from_outside(town: Organisation, kemal: Operator) -> None:
    client = signed_in(kemal)
    assert "sich selbst" in str(client.post(page(), days(kemal, kemal)).context["form"].errors["deputy"])
    stranger = Operator.objects.create_user("fremd@nachbarstadt.example", name="Fremd")
    assert client.post(page(), days(kemal, stranger)).status_code == 422
    assert not Deputy.objects.exists()
