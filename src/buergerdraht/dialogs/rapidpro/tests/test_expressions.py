"""Their expressions say in Liquid what they said before, or nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.dialogs import filling
from buergerdraht.dialogs.rapidpro.expressions import Scope, path_of, translate

FACTS = {
    "contact": {"name": "Ana María lopez", "first_name": "Ana", "language": "de", "fields": {"ort": "Musterstadt", "alter": "17"}},
    "answers": {"betrag": "1.234", "farbe": "Rot", "farbe_category": "Warm", "liste": "a, b, c", "webhook_x_y": "gut", "local_n": "2"},
    "raw": {"betrag": "1234", "tag": "2026-05-12", "local_n": "2"},
}
SCOPE = Scope(last="farbe", takes={"webhook.json.x.y": "webhook_x_y"})


def said(text: str, scope: Scope = SCOPE) -> str:
    found = translate(text, scope)
    assert not filling.problem(found.text)
    return filling.fill(found.text, FACTS)


@pytest.mark.parametrize(
    ("theirs", "read"),
    [
        ("Hallo @contact!", "Hallo Ana María lopez!"),
        ("Hallo @contact.first_name. Alles gut?", "Hallo Ana. Alles gut?"),
        ('@fields.ort, @contact.fields.ort, @(contact.fields["ort"])', "Musterstadt, Musterstadt, Musterstadt"),
        ("@results.farbe @results.farbe.value @results.farbe.category", "Rot Rot Warm"),
        ("@child.results.farbe @parent.results.farbe @child.run.results.farbe", "Rot Rot Rot"),
        ("@input.text @input", "Rot Rot"),
        ("@webhook.json.x.y", "gut"),
        ("@locals.n", "2"),
        ("amt@stadt.example und @@contact und @nichts", "amt@stadt.example und @contact und @nichts"),
        ("@(upper(contact.first_name)) @(lower(results.farbe)) @(title(contact.name))", "ANA rot Ana María Lopez"),
        ('@("Nr. " & results.farbe & "!")', "Nr. Rot!"),
        ('@(if(fields.alter >= 18, "groß", "klein"))', "klein"),
        ('@(if(results.farbe = "ROT", "ja", "nein"))', "ja"),
        ('@(if(and(fields.alter > 10, or(fields.ort = "x", fields.leer)), "a", "b"))', "b"),
        ('@(upper(if(fields.alter = 17, "x", "y")))', "X"),
        ("@(results.betrag + 1) @(results.betrag - 4 * 2) @(-fields.alter)", "1235 1226 -17"),
        ('@(default(fields.leer, "nichts"))', "nichts"),
        ('@(replace(contact.first_name, "A", "O"))', "Ona"),
        ("@(word(contact.name, 1)) @(word(contact.name, -1)) @(word_count(contact.name))", "María lopez 3"),
        ('@(split(results.liste, ", ")[1]) @(field(results.liste, 2, ", "))', "b c"),
        ("@(text_length(results.farbe)) @(count(results.farbe)) @(left(results.farbe, 2)) @(text_slice(results.farbe, 1, 3))", "3 3 Ro ot"),
        ('@(format_date(results.tag, "DD.MM.YYYY")) @(format_date(results.tag))', "12.05.2026 12.05.2026"),
        ('@(format_date(datetime_add("2026-05-12", 3, "D"), "D.M.YY"))', "15.5.26"),
        ("@(mod(fields.alter, 5)) @(max(fields.alter, 18)) @(min(fields.alter, 3)) @(round(2.567, 1))", "2 18 3 2.6"),
        ('@("er sagte ""ja""")', 'er sagte "ja"'),
        ("{@fields.ort} {{ answers.farbe }} {% if %} {", "{Musterstadt} {{ answers.farbe }} {% if %} {"),
    ],
)
def test_what_can_be_said_is_said_the_same(theirs: str, read: str) -> None:
    assert translate(theirs, SCOPE).lost == ()
    assert said(theirs) == read


@pytest.mark.parametrize(
    "theirs",
    [
        "@globals.x",
        "@(json(contact))",
        "@(foreach(results, (x) => x))",
        "@(1 / 0)",
        "@trigger.params.a",
        "@contact.urn",
        "@urns.tel",
        "@(",
        "@(upper(",
        "@(upper(contact.name) extra)",
        "@ticket.body",
        "@(rand())",
        "@webhook.json.unbekannt",
        "@(contact.name[contact])",
        "@run.flow.name",
        "@child.status",
        "@results.farbe.unbekannt",
        '@("a""b\'c" = contact.name)',
    ],
)
def test_what_cannot_be_said_is_nothing_and_told(theirs: str) -> None:
    found = translate(f"vor {theirs}\nnach", SCOPE)
    assert found.lost
    assert "bleibt leer" in found.why
    assert filling.fill(found.text, FACTS) == "vor \nnach"


def test_input_is_nothing_where_it_is_not_clear_which_answer_is_meant() -> None:
    assert translate("@input.text", Scope()).lost == ("input.text",)


def test_a_name_alone_is_known_as_one() -> None:
    assert path_of("@results.Alter.category") == "results.alter.category"
    assert path_of(" @(fields.x) ") == "fields.x"
    assert path_of("@(fields.x + 1)") == path_of("x @fields.x") == path_of("") == ""


PARTS = [
    "@",
    "@@",
    "(",
    ")",
    "contact",
    ".name",
    "fields.x",
    "results.y",
    "if",
    "upper",
    "{{",
    "%}",
    "{%",
    "}",
    '"',
    "'",
    ",",
    " ",
    "&",
    "[0]",
    "\\",
    "\n",
    "1",
    "-",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_whatever_stands_in_a_text_it_becomes_readable_liquid_without_expressions(text: str) -> None:
    found = translate(text, SCOPE)
    assert not filling.problem(found.text)
    shown = filling.fill(found.text, FACTS)
    if "@@" not in text and '"' not in text:  # written twice it is meant, and so is what stands in quotes
        assert "@(" not in shown
