"""The blueprint of the mayor's hour brings all that is needed, in Sie and Du, and twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.pieces import Spoken
from buergerdraht.blueprints.reading import Broken, all_blueprints, read
from buergerdraht.consultations.models import Consultation
from buergerdraht.conversations.models import AssignmentRule, Desk, Label, SavedAnswer

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de", "en", "ar"])


def test_it_brings_all_that_the_hour_needs(town: Organisation) -> None:
    new = actions.switch_on(town, all_blueprints()["mayor_chat"], operator=None)
    assert {step.kind for step in new} == {"topic", "text", "team", "draft", "label", "answer", "rule", "desk", "consultation"}
    row = Consultation.objects.get()
    assert (row.state, row.team.name, row.topic.key) == ("draft", "Bürgermeisterbüro", "rathaus")
    assert row.begins_at.strftime("%w %H") == "2 " + row.begins_at.strftime("%H")
    assert SavedAnswer.objects.filter(team=row.team).count() == 4
    assert all(set(answer.texts) == {"de", "en", "ar"} for answer in SavedAnswer.objects.all())
    assert AssignmentRule.objects.get().team == row.team
    assert Desk.objects.get().ask_mark
    assert Label.objects.get().name == "Sprechstunde"


def test_twice_changes_nothing_even_where_things_were_thrown_away(town: Organisation) -> None:
    blueprint = all_blueprints()["mayor_chat"]
    actions.switch_on(town, blueprint, operator=None)
    assert actions.switch_on(town, blueprint, operator=None) == []
    for model in (Consultation, SavedAnswer, AssignmentRule):
        model.objects.all().delete()
    assert actions.switch_on(town, blueprint, operator=None) == []


def test_settings_people_made_stay(town: Organisation) -> None:
    Desk.objects.create(organisation=town, ask_mark=False)
    actions.switch_on(town, all_blueprints()["mayor_chat"], operator=None)
    assert not Desk.objects.get().ask_mark


def test_du_never_says_sie(town: Organisation) -> None:
    town.address_form = "du"
    town.save()
    actions.switch_on(town, all_blueprints()["mayor_chat"], operator=None)
    town.refresh_from_db()
    texts = [answer.texts["de"] for answer in SavedAnswer.objects.all()] + [town.greeting["de"], town.away["de"], town.privacy_text["de"]]
    assert not [text for text in texts if " Sie " in text or "Ihnen" in text or "Ihre" in text]


def test_german_is_there_in_both_forms_wherever_somebody_is_addressed() -> None:
    blueprint = all_blueprints()["mayor_chat"]
    spoken = [answer.texts["de"] for answer in blueprint.answers]
    spoken += [blueprint.words.greeting["de"], blueprint.words.away["de"], blueprint.words.privacy_text["de"]]
    assert all(isinstance(text, Spoken) for text in spoken)


def test_a_team_that_does_not_come_along_is_told(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("key: wrong\nicon: mic\ntitle: T\nsummary: S\nsuits: x\nrules: [{words: [a], team: Fehlt}]\n")
    with pytest.raises(Broken, match="Fehlt"):
        read(path)
