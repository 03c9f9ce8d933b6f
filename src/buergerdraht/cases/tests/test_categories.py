"""The set an authority begins with, what a category may ask, and what happens when one becomes confidential."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

import buergerdraht
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import categories, finding, opening, questions, report, sight
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.gateway.models import Media

CHOICE = {"key": "kind", "text": {"de": "Was?", "en": "What?"}, "want": "choice", "options": [{"de": "A", "en": "B"}, {"de": "C"}]}


def test_the_whole_set_can_be_put_in_and_twice_changes_nothing(town: Organisation) -> None:
    made = categories.put(town, categories.offered(), operator=None)
    assert len(made) == len(categories.offered()) == 21
    Category.objects.filter(key="waste").update(days=1)
    assert categories.put(town, ["waste", "road"], operator=None) == []
    assert Category.objects.get(organisation=town, key="waste").days == 1
    assert [row.key for row in Category.objects.filter(organisation=town)][:2] == ["waste", "bins"]


def test_a_confidential_one_waits_until_somebody_may_see_it(town: Organisation, kemal: Operator) -> None:
    categories.put(town, categories.offered(), operator=None)
    secret = Category.objects.filter(visibility="confidential")
    assert set(secret.values_list("key", "active")) == {("complaint", False), ("abuse", False)}
    row = secret.get(key="complaint")
    row.active = True
    with pytest.raises(ValidationError):
        categories.save(row, operator=kemal)
    stranger = Operator.objects.create_user("fremd@nachbarstadt.example", name="Fremd")
    with pytest.raises(ValidationError):
        categories.save(row, operator=kemal, people=[stranger])
    categories.save(row, operator=kemal, people=[kemal])
    assert Category.objects.get(pk=row.pk).active


def test_the_set_is_whole_in_both_languages_and_its_icons_are_drawn() -> None:
    icons = (Path(buergerdraht.__file__).parent / "ui/static/ui/icons.svg").read_text("utf-8")
    for key, fields in categories.offered().items():
        for name in ("title", "description", "danger", "refusal", "synonyms"):
            assert set(fields.get(name, {"de": "", "en": ""})) == {"de", "en"}, (key, name)
        assert f'id="{fields["icon"]}"' in icons, key
        assert questions.read(fields.get("questions", [])) is not None, key
    assert Category._meta.get_field("icon").default == "pin"
    assert 'id="pin"' in icons


def test_what_people_write_leads_to_one_category_of_the_set() -> None:
    said = {
        "Da hat jemand wilden Müll, also Sperrmüll liegt am Waldrand": {"waste"}, "Die Straßenlaterne ist kaputt": {"lamp"},
        "Auf der Hauptstraße ist ein Schlagloch": {"road"}, "Hier wurde nicht gestreut": {"winter"}, "Ratten im Park": {"animals"},
        "Ich möchte mich über einen Mitarbeiter beschweren": {"complaint"}, "Wann hat das Rathaus offen?": set(),
        "Ich brauche einen neuen Ausweis": set(), "there is a pothole near the school": {"road"},
    }  # fmt: skip
    for text, meant in said.items():
        found = {
            key
            for key, row in categories.offered().items()
            if report.speaks_of(text, [word for each in row["synonyms"].values() for word in each])
        }
        assert found == meant, text


def test_what_becomes_confidential_takes_its_cases_along(town: Organisation, hole: Category, kemal: Operator) -> None:
    andrea = make_operator(town, "andrea", "administrator")
    case = opening.open(opening.Matter(category=hole, at=timezone.now(), text="Vor dem Haus"))
    media = Media.objects.create(organisation=town, kind="image", state="ready")
    Photo.objects.create(case=case, media=media, released=True)
    Case.objects.update(public="released", public_text="Loch", operator=andrea)
    hole.visibility = "confidential"
    categories.save(hole, operator=kemal, people=[kemal])
    case.refresh_from_db()
    assert (case.confidential, case.public, case.public_text, case.operator) == (True, "hidden", "", None)
    assert not Photo.objects.get().released
    hers, his = Membership.objects.get(operator=andrea), Membership.objects.get(operator=kemal)
    assert list(sight.cases(hers)) == []
    assert list(finding.search(hers, case.number)) == list(finding.search(hers, "Haus")) == []
    assert list(finding.search(his, "Haus")) == [case]
    hole.visibility = "public"
    with pytest.raises(ValidationError):
        categories.save(hole, operator=kemal)


def test_a_key_stays(hole: Category, kemal: Operator) -> None:
    hole.key = "hole"
    with pytest.raises(ValidationError):
        categories.save(hole, operator=kemal)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"key": "Groß"}, "Frage 1: das Kürzel"),
        ({"key": None}, "Frage 1: das Kürzel"),
        ({"text": {}}, "Frage 1: ihr Text"),
        ({"text": {"de": " "}}, "Frage 1: ihr Text"),
        ({"want": "colour"}, "Frage 1: sie kann nach"),
        ({"options": []}, "Frage 1: eine Auswahl hat"),
        ({"options": [{"de": "A"}, {}]}, "Frage 1: eine Möglichkeit"),
        ({"want": "text"}, "Frage 1: nur eine Auswahl"),
        ({"required": "yes"}, "Frage 1: ob sie"),
        ({"note": "x"}, "Frage 1: sie ist nicht lesbar"),
    ],
)
def test_a_question_that_cannot_be_asked_is_named(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        questions.read([CHOICE | change])
    assert caught.value.messages[0].startswith(sentence)


def test_questions_stay_what_they_are_when_read_twice() -> None:
    read = questions.read([CHOICE, {"key": "n", "text": {"de": "Wie viele?"}, "want": "number", "required": True}])
    assert questions.read(read) == read
    for wrong in ({}, "x", None, [CHOICE] * 2, ["x"], [CHOICE] * 11):
        with pytest.raises(ValidationError):
            questions.read(wrong)


@pytest.mark.parametrize(
    ("want", "fits", "fails"),
    [
        ("number", ["3", "-1", "1.234,5", "2,5"], ["drei", "NaN", "1,2,3", "-"]),
        ("date", ["2026-11-24", "24.11.2026", "1.2.2026"], ["30.2.2026", "morgen", "24.11."]),
        ("yes_no", ["Ja", "nein", "yes"], ["vielleicht"]),
        ("choice", ["A", "B", "C"], ["a", "D"]),
        ("text", ["alles"], []),
    ],
)
def test_an_answer_fits_or_is_told_why_not(want: str, fits: list[str], fails: list[str]) -> None:
    asked = [{**CHOICE, "want": want, "required": True}]
    for answer in fits:
        assert questions.check(asked, {"kind": answer, "unasked": "x"}) == {"kind": answer}
    for answer in [*fails, "", "  "]:
        with pytest.raises(ValidationError) as caught:
            questions.check(asked, {"kind": answer})
        assert set(caught.value.message_dict) == {"kind"}
