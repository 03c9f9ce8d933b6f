"""Categories are put in order, taken from our set and changed, with questions and routes, without a script; what is wrong is said there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation, Team
from buergerdraht.cases import categories, opening
from buergerdraht.cases.category_forms import CategoryForm
from buergerdraht.cases.models import Category
from buergerdraht.cases.tests.conftest import make_category, make_operator
from buergerdraht.contacts.models import District


@pytest.fixture
def desk(town: Organisation) -> Client:
    client = Client()
    client.force_login(make_operator(town, "andrea", "administrator"))
    return client


def page(name: str, *args: object) -> str:
    return reverse(f"cases:{name}", args=("musterstadt", *args))


def typed(category: Category, **changes: Any) -> dict[str, Any]:
    """What a browser would send of the form as it stands."""
    form = CategoryForm(category)
    sent = {name: form[name].value() for name in form.fields}
    sent |= {"q-count": "0", "r-count": "0", **changes}
    return {name: value for name, value in sent.items() if value is not None and value is not False}


def test_the_overview_says_what_is_missing_before_anybody_can_report(town: Organisation, desk: Client) -> None:
    empty = desk.get(page("setup")).content.decode()
    assert "Es fehlt noch etwas" in empty
    assert "Solange es keine gibt, kann niemand etwas melden." in empty
    make_category(town, "road", "Straße")
    assert "Eine Kategorie hat noch kein Team." in desk.get(page("setup")).content.decode()


def test_some_of_our_set_are_taken_over_at_once(town: Organisation, desk: Client) -> None:
    assert "Wilder Müll" in desk.get(page("categories")).content.decode()
    said = desk.post(page("put_categories"), {"keys": ["waste", "complaint", "unknown"]}, follow=True).content.decode()
    assert "2 Kategorien übernommen." in said
    assert "ruhen, bis Sie die Personen nennen" in said
    assert list(Category.objects.filter(organisation=town).values_list("key", flat=True)) == ["waste", "complaint"]
    assert "Wählen Sie mindestens eine" in desk.post(page("put_categories"), follow=True).content.decode()


def test_our_set_speaks_to_citizens_as_the_town_does(town: Organisation, desk: Client) -> None:
    town.address_form = "du"
    town.save()
    desk.post(page("put_categories"), {"keys": list(categories.offered())})
    said = " ".join(str(text) for row in Category.objects.filter(organisation=town)
                    for text in (*row.description.values(), *row.danger.values(), *row.refusal.values()))  # fmt: skip
    assert "ruf bitte" in said
    assert not [word for word in (" Sie ", "Ihren ", "Ihrem ") if word in said]


def test_order_is_changed_by_buttons_within_the_group_and_all_at_once_by_dragging(town: Organisation, desk: Client) -> None:
    rows = [make_category(town, key, key, group=group, position=place) for place, (key, group) in enumerate(
        (("a", "Eins"), ("b", "Eins"), ("c", "Zwei")))]  # fmt: skip
    desk.post(page("categories"), {"move": f"{rows[1].pk}:up"})
    assert keys(town) == ["b", "a", "c"]
    desk.post(page("categories"), {"move": f"{rows[0].pk}:down"})
    assert keys(town) == ["b", "a", "c"]  # the last of its group stays
    stranger = make_category(Organisation.objects.create(slug="kreis", name="Kreis"), "x", "X", position=9)
    answer = desk.post(
        page("categories"), {"order": [rows[2].pk, stranger.pk, rows[0].pk, "quatsch"]}, headers={"X-Requested-With": "fetch"}
    )
    assert answer.status_code == 204
    assert keys(town) == ["c", "a", "b"]
    stranger.refresh_from_db()
    assert stranger.position == 9


def keys(town: Organisation) -> list[str]:
    return list(Category.objects.filter(organisation=town).values_list("key", flat=True))


def test_a_new_one_gets_a_key_of_its_title_and_keeps_all_that_was_typed(town: Organisation, yard: Team, desk: Client) -> None:
    sent = typed(
        Category(organisation=town), title_de="Brücke & Geländer", title_en="Bridge", synonyms_de="Brücke, Geländer,\nSteg", team=yard.pk,
        days=7, danger_de="Rufen Sie 112.", icon="shield", active="on",
    )  # fmt: skip
    answer = desk.post(page("category_new"), sent)
    row = Category.objects.get(organisation=town)
    assert answer.status_code == 302
    assert (row.key, row.title, row.team, row.days) == ("bruecke-gelaender", {"de": "Brücke & Geländer", "en": "Bridge"}, yard, 7)
    assert row.synonyms == {"de": ["Brücke", "Geländer", "Steg"]}
    assert row.danger == {"de": "Rufen Sie 112."}
    shown = desk.get(page("category", row.pk)).content.decode()
    assert "Rufen Sie 112." in shown[shown.index("So fragt der Chat") :]
    desk.post(page("category", row.pk), typed(row, title_de="Steg"))
    row.refresh_from_db()
    assert (row.key, row.title["de"]) == ("bruecke-gelaender", "Steg")


def test_questions_are_added_moved_and_removed_without_a_script_and_nothing_typed_is_lost(
    town: Organisation, hole: Category, desk: Client
) -> None:
    sent = typed(hole, title_de="Tiefes Loch")
    added = desk.post(page("category", hole.pk), sent | {"rows": "q-add"})
    assert added.status_code == 200
    assert 'name="q-0-text_de"' in added.content.decode()
    assert "Tiefes Loch" in added.content.decode()
    two = sent | {"q-count": "2", "q-0-text_de": "Wie tief?", "q-0-want": "number", "q-1-text_de": "Welche Farbe?", "q-1-want": "choice",
                  "q-1-options_de": "Rot\nBlau", "q-1-options_en": "Red\nBlue", "q-1-required": "on"}  # fmt: skip
    moved = desk.post(page("category", hole.pk), two | {"rows": "q-down-0"}).content.decode()
    assert moved.index("Welche Farbe?") < moved.index("Wie tief?")
    removed = desk.post(page("category", hole.pk), two | {"rows": "q-remove-0"}).content.decode()
    assert "Wie tief?" not in removed
    hole.refresh_from_db()
    assert hole.questions == []
    assert hole.title["de"] == "Schlagloch"
    desk.post(page("category", hole.pk), two)
    hole.refresh_from_db()
    assert [each["key"] for each in hole.questions] == ["wie_tief", "welche_farbe"]
    assert hole.questions[1]["options"] == [{"de": "Rot", "en": "Red"}, {"de": "Blau", "en": "Blue"}]
    assert hole.questions[1]["required"]


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_kept(town: Organisation, hole: Category, desk: Client) -> None:
    wrong = typed(hole, days=9) | {"q-count": "1", "q-0-text_de": "Welche?", "q-0-want": "choice", "q-0-options_de": "nur eine",
                                   "r-count": "1", "r-0-outside": "on"}  # fmt: skip
    answer = desk.post(page("category", hole.pk), wrong)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "Eine Auswahl hat zwei bis 9 Möglichkeiten." in said
    assert "Wählen Sie ein Team." in said
    assert "nur eine" in said
    hole.refresh_from_db()
    assert hole.days == 5


def test_routes_lead_to_other_teams(town: Organisation, hole: Category, desk: Client) -> None:
    night, north = Team.objects.create(organisation=town, name="Bereitschaft"), District.objects.create(organisation=town, name="Nord")
    foreign = Team.objects.create(organisation=Organisation.objects.create(slug="kreis", name="Kreis"), name="Fremd")
    rows = {"r-count": "2", "r-0-district": str(north.pk), "r-0-team": str(night.pk), "r-1-outside": "on", "r-1-team": str(night.pk)}
    assert desk.post(page("category", hole.pk), typed(hole) | rows).status_code == 302
    assert [(route.district, route.outside_hours, route.team) for route in hole.routes.all()] == [
        (north, False, night),
        (None, True, night),
    ]
    assert desk.post(page("category", hole.pk), typed(hole) | rows | {"r-0-team": str(foreign.pk)}).status_code == 422
    assert hole.routes.count() == 2


def test_a_confidential_one_names_its_people_and_the_error_stands_there(town: Organisation, kemal: Operator, desk: Client) -> None:
    row = make_category(town, "complaint", "Beschwerde", needs_place=False)
    answer = desk.post(page("category", row.pk), typed(row, visibility="confidential"))
    assert answer.status_code == 422
    assert "Nennen Sie mindestens eine Person" in str(answer.context["form"].errors["people"])
    row.refresh_from_db()
    assert row.visibility == "public"
    stranger = Operator.objects.create_user("fremd@nachbarstadt.example", name="Fremd")
    assert desk.post(page("category", row.pk), typed(row, visibility="confidential", people=[stranger.pk])).status_code == 422
    assert desk.post(page("category", row.pk), typed(row, visibility="confidential", people=[kemal.pk])).status_code == 302
    row.refresh_from_db()
    opening.open(opening.Matter(category=row, at=timezone.now(), text="Geheim"))
    back = desk.post(page("category", row.pk), typed(row, visibility="public"))
    assert "Sie bleibt vertraulich" in str(back.context["form"].errors["visibility"])


def test_what_was_reported_in_is_switched_off_and_anything_else_goes(
    town: Organisation, hole: Category, waste: Category, desk: Client
) -> None:
    opening.open(opening.Matter(category=hole, at=timezone.now(), text="Loch"))
    assert "nur abgeschaltet" in desk.post(page("category_remove", hole.pk), follow=True).content.decode()
    assert "Gelöscht" in desk.post(page("category_remove", waste.pk), follow=True).content.decode()
    assert list(Category.objects.filter(organisation=town).values_list("key", "active")) == [("pothole", False)]
    assert AuditEntry.objects.filter(organisation=town, action="cases.remove_category").count() == 2


def test_a_refusal_is_all_the_chat_says(town: Organisation, hole: Category, desk: Client) -> None:
    desk.post(page("category", hole.pk), typed(hole, refusal_de="Bitte wenden Sie sich an den Kreis."))
    bubbles = desk.get(page("category", hole.pk)).context["bubbles"]
    assert [bubble.text for bubble in bubbles] == ["Bitte wenden Sie sich an den Kreis."]


@pytest.mark.parametrize("role", ["agent", "editor", "viewer"])
def test_only_who_manages_sets_up(town: Organisation, hole: Category, role: str) -> None:
    client = Client()
    client.force_login(make_operator(town, "maria", role))
    for name, args in (("setup", ()), ("categories", ()), ("category_new", ()), ("category", (hole.pk,))):
        assert client.get(page(name, *args)).status_code == 403
        assert client.post(page(name, *args)).status_code in {403, 405}
