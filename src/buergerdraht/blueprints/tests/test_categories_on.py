"""Blueprints that bring something to report: switched on, a citizen can report it, and a promise is kept before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.blueprints import actions
from buergerdraht.blueprints.reading import Broken, all_blueprints, read
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.cases import categories, questions
from buergerdraht.cases.models import Category
from buergerdraht.contacts.models import Topic

pytestmark = pytest.mark.django_db
KEYS = ("report_and_news", "complaint_desk", "participation")


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de", "en"])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", ["sie", "du"])
def test_it_brings_categories_in_both_languages_and_forms_of_address(town: Organisation, key: str, form: str) -> None:
    town.address_form = form
    town.save()
    blueprint = all_blueprints()[key]
    actions.switch_on(town, blueprint, operator=None)
    rows = Category.objects.filter(organisation=town)
    assert [row.key for row in rows] == [piece.key for piece in blueprint.categories]
    for row in rows:
        assert set(row.title) == {"de", "en"}
        assert set(row.description or {"de": "", "en": ""}) == {"de", "en"}
        assert all(isinstance(text, str) for text in row.description.values())
        assert all(set(each["text"]) == {"de", "en"} for each in questions.read(row.questions))
    said = " ".join(
        [
            *(text for row in rows for texts in (row.description, row.danger, row.refusal) for text in texts.values()),
            str([row.questions for row in rows]),
        ]
    )
    town.refresh_from_db()
    said += f" {town.greeting['de']} {town.away.get('de', '')} {town.privacy_text.get('de', '')}"
    wrong = ("Ihre", "Ihnen ", "Würden Sie", "Schreiben Sie") if form == "du" else (" dein", " dir ", "Würdest du", "Schreib ")
    assert not [word for word in wrong if word in said]


@pytest.mark.parametrize("key", KEYS)
def test_switching_it_on_twice_changes_nothing_and_what_was_removed_stays_so(town: Organisation, key: str) -> None:
    blueprint = all_blueprints()[key]
    actions.switch_on(town, blueprint, operator=None)
    first = Category.objects.filter(organisation=town).first()
    assert first is not None
    categories.remove(first, operator=None)
    assert actions.switch_on(town, blueprint, operator=None) == []
    assert not Category.objects.filter(pk=first.pk).exists()


def test_news_and_reports_come_together_and_each_report_has_a_team(town: Organisation) -> None:
    actions.switch_on(town, all_blueprints()["report_and_news"], operator=None)
    town.refresh_from_db()
    assert Topic.objects.filter(organisation=town).count() == 3
    assert "MELDEN" in town.greeting["de"]
    assert "THEMEN" in town.greeting["de"]
    alone = Category.objects.filter(organisation=town, team=None)
    assert [row.key for row in alone] == ["parking"]
    assert alone[0].refusal["de"]
    assert not Category.objects.filter(organisation=town, active=False).exists()


def test_complaints_rest_until_somebody_is_named(town: Organisation) -> None:
    actions.switch_on(town, all_blueprints()["complaint_desk"], operator=None)
    rows = list(Category.objects.filter(organisation=town))
    assert {(row.visibility, row.active, row.kind) for row in rows} == {("confidential", False, "complaint")}
    assert {row.keep_days for row in rows} == {730, 1095}
    row = rows[0]
    row.active = True
    with pytest.raises(ValidationError):
        categories.save(row, operator=None)
    anna = Operator.objects.create_user("anna@stadt.example", name="Anna Amt")
    Membership.objects.create(organisation=town, operator=anna, roles=["agent"])
    categories.save(row, operator=None, people=[anna])
    assert Category.objects.get(pk=row.pk).active
    town.refresh_from_db()
    assert "anonym" not in town.greeting["de"].lower()
    assert "Anonym ist es nicht ganz" in town.privacy_text["de"]


def test_ideas_and_pictures_need_a_photo_and_results_are_told_by_broadcast(town: Organisation) -> None:
    actions.switch_on(town, all_blueprints()["participation"], operator=None)
    rows = Category.objects.filter(organisation=town)
    assert {(row.kind, row.needs_photo, row.visibility) for row in rows} == {("idea", True, "public")}
    drafts = Broadcast.objects.filter(organisation=town)
    topic = Topic.objects.get(organisation=town, key="mitmachen")
    assert drafts.count() == 2
    assert all(draft.audience["topics"] == [topic.pk] for draft in drafts)


def test_a_category_that_is_known_stays_as_it_is(town: Organisation) -> None:
    Category.objects.create(organisation=town, key="road", title={"de": "Straßen"}, days=1)
    actions.switch_on(town, all_blueprints()["report_and_news"], operator=None)
    row = Category.objects.get(organisation=town, key="road")
    assert (row.title, row.days, row.team) == ({"de": "Straßen"}, 1, None)


@pytest.mark.parametrize(
    ("piece", "told"),
    [
        ("{key: a, like: nowhere}", "nowhere"),
        ("{key: a}", "Titel"),
        ("{key: a, title: {de: A}, questions: [{key: q, text: {de: Was?}, want: choice}]}", "Auswahl"),
        ("{key: a, title: {de: A}, team: Fremdes}", "Fremdes"),
    ],
)
def test_a_mistake_in_a_category_is_told(tmp_path: Path, piece: str, told: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"key: wrong\nicon: book\ntitle: T\nsummary: S\nsuits: x\ncategories: [{piece}]\n")
    with pytest.raises(Broken, match=rf"wrong\.yaml[\s\S]*{told}"):
        read(path)
