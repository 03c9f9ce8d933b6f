"""Tokens of other systems in the console: shown once, kept as a hash, taken away after a question."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client

from buergerdraht.accounts import audit, tokens
from buergerdraht.accounts.forms import TokenForm
from buergerdraht.accounts.models import ApiToken, AuditEntry, Membership, Operator, Organisation, Role
from buergerdraht.accounts.rest import door
from buergerdraht.accounts.rest.scopes import SCOPES

PAGE = "/o/musterstadt/einstellungen/schnittstellen/"


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de"])


@pytest.fixture
def andrea(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("andrea@musterstadt.example", name="Andrea Arndt")
    Membership.objects.create(organisation=town, operator=operator, roles=[Role.ADMINISTRATOR])
    return operator


@pytest.fixture
def client(andrea: Operator) -> Client:
    client = Client()
    client.force_login(andrea)
    return client


def made(client: Client) -> str:
    """Make a token by the form and read it where it is shown."""
    data = {"name": "Ratsinfo", "scopes": ["topics:read"], "days": "90"}
    assert client.post(f"{PAGE}neu/", data).status_code == 302
    kept = " ".join(str(session.get_decoded()) for session in Session.objects.all())
    page = client.get(PAGE).content.decode()
    text = re.search(r'id="new-token">(bd_[^<]+)<', page)
    assert text
    assert text[1] not in kept, "not even the session holds it readable"
    return text[1]


def test_without_a_token_the_page_says_what_one_is_for(client: Client) -> None:
    page = client.get(PAGE).content.decode()
    assert "Noch kein Zugang für andere Systeme" in page
    assert f"{PAGE}neu/" in page


def test_a_token_is_shown_once_and_opens_the_api(client: Client, andrea: Operator) -> None:
    text = made(client)
    row = ApiToken.objects.get()
    assert (row.created_by, row.scopes, row.actor.name) == (andrea, ["topics:read"], "Ratsinfo")
    page = client.get(PAGE).content.decode()
    assert text not in page
    assert row.prefix in page
    assert Client().get("/api/v1/topics", headers={"authorization": f"Bearer {text}"}).status_code == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_it_is_asked_before_a_token_is_taken_away_and_then_it_opens_nothing(client: Client, town: Organisation) -> None:
    text, row = made(client), ApiToken.objects.get()
    asked = client.get(f"{PAGE}{row.pk}/widerrufen/")
    assert "„Ratsinfo“ aussperren?" in asked.content.decode()
    assert ApiToken.objects.get().works
    for _ in range(2):
        assert client.post(f"{PAGE}{row.pk}/widerrufen/").status_code == 302
    assert door.known(text) is None
    assert [entry.action for entry in AuditEntry.objects.order_by("number")] == ["accounts.make_token", "accounts.revoke_token"]
    assert text.split("_")[2] not in str(list(AuditEntry.objects.values_list("details", flat=True)))
    assert audit.verify(town).broken_at == 0


@pytest.mark.parametrize("data", [{}, {"name": "Ratsinfo", "days": "90"}, {"name": "R", "scopes": ["alles"], "days": "90"},
                                  {"name": "R", "scopes": ["topics:read"], "days": "9999"}])  # fmt: skip
def test_a_form_that_is_not_right_makes_no_token(client: Client, data: dict[str, object]) -> None:
    assert client.post(f"{PAGE}neu/", data).status_code == 422
    assert not ApiToken.objects.exists()


def test_there_are_only_so_many_that_work(town: Organisation, andrea: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    rows = [tokens.make(town, f"System {number}", ["topics:read"], days=90, operator=andrea)[0] for number in range(2)]
    with pytest.raises(ValidationError):
        tokens.make(town, "Noch eines", ["topics:read"], days=90, operator=andrea)
    tokens.revoke(rows[0], operator=andrea)
    tokens.make(town, "Noch eines", ["topics:read"], days=90, operator=andrea)
    assert Operator.objects.filter(is_active=False).count() == 3, "what was refused leaves nobody behind"


def test_the_rights_of_a_token_are_offered_in_groups_each_once(town: Organisation) -> None:
    groups = TokenForm(town).scope_groups()
    offered = [box.data["value"] for group in groups for box in group["boxes"]]
    assert sorted(offered) == sorted(SCOPES)
    assert "Weiteres" not in {str(group["title"]) for group in groups}, "a scope of a new room belongs into a group with a word on it"
    assert len(groups) > 5
