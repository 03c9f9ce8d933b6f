"""What would go wrong is found before anybody meets it."""

from __future__ import annotations

import pytest

from buergerdraht.accounts.models import Organisation
from buergerdraht.dialogs import checking, document, knowing
from buergerdraht.dialogs.checking import Known
from buergerdraht.dialogs.tests.conftest import make_live
from buergerdraht.dialogs.tests.test_machine import BULKY
from buergerdraht.gateway import channels

HEAD = "key: x\ntitle: {de: X}\nlanguages: [de]\ntriggers: [{on: menu}]\nsteps:\n"


def found(steps: str, known: Known | None = None, head: str = HEAD) -> list[str]:
    return [f"{each.step} {each.path}: {each.sentence}" for each in checking.find(document.read(head + steps), known or Known())]


def test_a_good_dialog_has_no_errors() -> None:
    assert [each for each in checking.find(document.read(BULKY)) if each.level == "error"] == []


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        ("- {id: a, kind: say, text: {de: Hallo}, next: nowhere}", "a next"),
        ("- {id: a, kind: end, text: {de: Hallo}}\n- {id: b, kind: end, text: {de: Nie}}", "b "),
        ("- {id: a, kind: ask}", "a text"),
        ("- {id: a, kind: say, text: {de: 1}, next: b}\n- {id: b, kind: say, text: {de: 2}, next: a}", "a next"),
        ('- {id: a, kind: say, text: {de: "{{ answers.street }}"}}', "a text"),
        ('- {id: a, kind: say, text: {de: "{{ answers.street"}}', "a text"),
        ("- {id: a, kind: ask, text: {de: Was}, check: {pattern: '(a+)+b'}}", "a check.pattern"),
        ("- {id: a, kind: ask, text: {de: Was}, check: {pattern: '(a'}}", "a check.pattern"),
        ("- {id: a, kind: ask, want: number, text: {de: Was}, check: {least: viel}}", "a check.least"),
        ("- {id: a, kind: ask, want: date, text: {de: Was}, check: {least: '10'}}", "a check.least"),
        ("- {id: a, kind: ask, want: number, text: {de: Was}, check: {most: today}}", "a check.most"),
        ("- {id: a, kind: ask, want: time, text: {de: Was}, check: {most: '+3'}}", "a check.most"),
        ("- {id: a, kind: branch, cases: [{when: [{of: answer, name: x, op: matches, value: '(a'}], next: end}]}", "a cases.answer"),
        ("- {id: a, kind: choose, text: {de: Was}, options: [{id: b, title: {de: Rot}}, {id: c, title: {de: rot}}]}", "a options.c"),
        ("- {id: a, kind: choose, text: {de: Was}, options: [{id: b, title: {de: Stopp}}]}", "a options.b"),
        ("- {id: a, kind: choose, text: {de: Was}, options: [{id: b, title: {de: Rot}}, {id: c, title: {}}]}", "a options.c"),
    ],
)
def test_finds_the_place(steps: str, place: str) -> None:
    assert any(each.startswith(place + ":") for each in found(steps)), found(steps)


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("{id: a, kind: look_up, table: streets, on_nothing: end}", "Tabelle"),
        ("{id: a, kind: book, offer: desk}", "Terminangebot"),
        ("{id: a, kind: call, system: crm, on_no: end, on_failure: person}", "System"),
        ("{id: a, kind: start, dialog: other}", "Dialog"),
        ("{id: a, kind: subscribe, topics: [news]}", "Thema"),
        ("{id: a, kind: hand_over, team: Nobody}", "Team"),
        ("{id: a, kind: case, category: road}", "Kategorie"),
        ("{id: a, kind: say, text: {de: Hallo}, files: [{file: f1}]}", "Eine Datei fehlt"),
    ],
)
def test_finds_what_the_organisation_does_not_have(step: str, what: str) -> None:
    nothing = Known(
        tables={}, topics=frozenset(), teams=frozenset(), offers=frozenset(), systems=frozenset(), dialogs=frozenset(), files=frozenset(),
        categories=frozenset(),
    )  # fmt: skip
    assert any(what in each for each in found(f"- {step}", nothing))
    assert not any(what in each for each in found(f"- {step}"))


def test_a_call_without_failure_branch_is_not_even_read() -> None:
    with pytest.raises(document.Unreadable, match="on_failure"):
        found("- {id: a, kind: call, system: crm, on_no: end}")


def test_finds_what_a_messenger_cannot_show_and_what_is_not_translated() -> None:
    known = Known(kinds=["whatsapp", "telegram"], plan=channels.plan_of, title=channels.title)
    long = "x" * 5_000
    head = HEAD.replace("[de]", "[de, en]")
    said = found(f"- {{id: a, kind: choose, text: {{de: {long}}}, options: [{{id: b, title: {{de: Ja, en: Yes}}}}]}}", known, head)
    assert any("Noch nicht übersetzt: Englisch" in each for each in said)
    assert any("WhatsApp" in each for each in said)


def test_words_of_two_dialogs_are_told() -> None:
    head = HEAD.replace("[{on: menu}]", "[{on: words, words: {de: [Müll, Stopp]}}]")
    said = found("- {id: a, kind: end, text: {de: x}}", Known(words={"mull": "Abfall"}), head)
    assert any("„Abfall“" in each for each in said)
    assert any("„Stopp“" in each for each in said)


SPEAKS_OF_A_PART = """
- {id: p, kind: start, dialog: part}
- {id: a, kind: end, text: {de: "{{ answers.street }}, {{ answers.case }} und {{ answers.town }}"}}
"""


def test_answers_of_parts_are_known_where_the_parts_are() -> None:
    assert sum("Die Antwort" in each for each in found(SPEAKS_OF_A_PART)) == 3
    said = [each for each in found(SPEAKS_OF_A_PART, Known(answers=frozenset({"street", "case"}))) if "Die Antwort" in each]
    assert said == ["a text: Die Antwort „town“ gibt es nicht."]


def test_the_house_knows_what_live_parts_and_their_parts_answer(town: Organisation) -> None:
    head = "title: {de: X}\nlanguages: [de]\nsteps:\n"
    make_live(town, f"key: inner\n{head}- {{id: street, kind: ask, text: {{de: Wo}}}}\n- {{id: b, kind: start, dialog: part}}")
    make_live(town, f"key: part\n{head}- {{id: b, kind: start, dialog: inner}}\n- {{id: case, kind: case}}")
    make_live(town, f"key: other\n{head}- {{id: town, kind: ask, text: {{de: Ort}}}}")
    whole = make_live(town, f"key: whole\n{head}{SPEAKS_OF_A_PART}")
    assert [each.sentence for each in knowing.findings(whole) if "Die Antwort" in each.sentence] == ["Die Antwort „town“ gibt es nicht."]
    elsewhere = Organisation.objects.create(slug="anderswo", name="Anderswo")
    whole.organisation = elsewhere
    assert len([each for each in knowing.findings(whole) if "Die Antwort" in each.sentence]) == 3, "parts of others are nobody's business"
