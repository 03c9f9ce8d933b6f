"""A blueprint brings what is missing, leaves alone what is there, and can be switched on any number of times."""

from __future__ import annotations

from pathlib import Path

import pytest

from buergerdraht.accounts.models import AuditEntry, Organisation, Team
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.reading import Broken, all_blueprints, read
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Topic

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de", "en"])


@pytest.mark.parametrize("key", ["city_newsletter", "state_announcements", "many_messengers", "police_warnings"])
def test_it_brings_topics_texts_teams_and_drafts(town: Organisation, key: str) -> None:
    blueprint = all_blueprints()[key]
    new = actions.switch_on(town, blueprint, operator=None)
    town.refresh_from_db()
    assert {topic.key for topic in Topic.objects.filter(organisation=town)} == {piece.key for piece in blueprint.topics}
    assert set(town.greeting) == {"de", "en"}
    assert "Stadt" in town.greeting["de"]
    assert set(town.teams.values_list("name", flat=True)) == set(blueprint.teams)
    drafts = Broadcast.objects.filter(organisation=town)
    assert {draft.state for draft in drafts} == {"draft"}
    assert all(draft.audience["topics"] and set(draft.versions) == {"de", "en"} for draft in drafts)
    assert {step.kind for step in new} == {"topic", "text", "team", "draft"}
    assert AuditEntry.objects.filter(organisation=town, action="blueprints.switch_on").count() == 1


def test_switching_on_twice_changes_nothing(town: Organisation) -> None:
    blueprint = all_blueprints()["city_newsletter"]
    actions.switch_on(town, blueprint, operator=None)
    assert actions.switch_on(town, blueprint, operator=None) == []
    assert Broadcast.objects.filter(organisation=town).count() == len(blueprint.drafts)


def test_what_people_edited_or_threw_away_stays_so(town: Organisation) -> None:
    blueprint = all_blueprints()["city_newsletter"]
    Topic.objects.create(organisation=town, key="verkehr", title={"de": "Straßen"})
    town.greeting = {"de": "Moin!"}
    town.save()
    Team.objects.create(organisation=town, name="Pressestelle")
    actions.switch_on(town, blueprint, operator=None)
    Broadcast.objects.filter(organisation=town).delete()
    actions.switch_on(town, blueprint, operator=None)
    town.refresh_from_db()
    assert Topic.objects.get(organisation=town, key="verkehr").title == {"de": "Straßen"}
    assert town.greeting["de"] == "Moin!"
    assert town.greeting["en"].startswith("Hello")
    assert Broadcast.objects.filter(organisation=town).count() == 0


def test_the_preview_changes_nothing(town: Organisation) -> None:
    assert all(step.is_new for step in actions.plan(town, all_blueprints()["city_newsletter"]))
    assert not Topic.objects.filter(organisation=town).exists()


def test_citizens_are_addressed_as_the_organisation_does(town: Organisation) -> None:
    town.address_form = "du"
    town.save()
    actions.switch_on(town, all_blueprints()["city_newsletter"], operator=None)
    town.refresh_from_db()
    assert "Deine Nachricht" in town.greeting["de"]
    assert "Ihre" not in town.privacy_text["de"]


def test_another_organisation_gets_nothing(town: Organisation) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
    actions.switch_on(town, all_blueprints()["city_newsletter"], operator=None)
    assert not Topic.objects.filter(organisation=other).exists()


def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("key: wrong\nicon: book\ntitle: T\nsummary: S\nsuits: x\ntopicz: []\n")
    with pytest.raises(Broken, match=r"wrong\.yaml[\s\S]*topicz"):
        read(path)
