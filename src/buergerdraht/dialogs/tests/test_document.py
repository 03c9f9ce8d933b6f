"""A document is read strictly, written plainly, and its schema is the published one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from buergerdraht.dialogs import document
from buergerdraht.dialogs.tests.test_machine import BULKY

SCHEMA = Path(__file__).parents[4] / "docs/development/dialog.schema.json"


def test_the_published_schema_is_the_one_in_use() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == document.schema(), "write docs/development/dialog.schema.json anew"


def test_reads_what_it_wrote() -> None:
    read = document.read(BULKY)
    assert document.read(document.written(read)) == read
    assert document.load(document.plain(read)) == read


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("key: [", "Zeile", "kein lesbares"),
        ("a: &a [1]\nb: *a", "Zeile", "kein lesbares"),
        ("key: x\ntitle: {de: x}\nsteps: []", "steps", ""),
        ("key: x\ntitle: {de: x}\nsteps: [{id: a, kind: say, txet: {de: x}}]", "a.txet", "unbekannt"),
        ("key: x\ntitle: {de: x}\nsteps: [{id: a, kind: dance}]", "a", "Art von Schritt"),
        ("key: x\ntitle: {de: x}\nsteps: [{id: a, kind: end}, {id: a, kind: end}]", "a", "zweimal"),
        ("key: x\ntitle: {de: x}\nsteps: [{id: person, kind: end}]", "person", "eigene Bedeutung"),
        ("key: X y\ntitle: {de: x}\nsteps: [{id: a, kind: end}]", "key", "kleine Buchstaben"),
        ("- 1", "", ""),
    ],
)
def test_says_in_german_where_it_is_wrong(text: str, place: str, sentence: str) -> None:
    with pytest.raises(document.Unreadable) as problem:
        document.read(text)
    where, said = problem.value.problems[0]
    assert place in where
    assert sentence in said


def test_words_of_yaml_stay_words() -> None:
    read = document.read("key: x\ntitle: {no: Ja}\nlanguages: [no]\nsteps: [{id: a, kind: end, text: {no: 12:30}}, {id: yes, kind: end}]")
    assert read.languages == ["no"]
    assert read.steps[0].text == {"no": "12:30"}  # type: ignore[union-attr]
    assert read.steps[1].id == "yes"
