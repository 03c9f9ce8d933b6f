"""Edits of a draft keep every way in it leading somewhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from buergerdraht.dialogs import document, editing
from buergerdraht.dialogs.editing import Edit, Refused
from buergerdraht.dialogs.ways import ways

DRAFT = """
key: bulky
title: {de: Sperrmüll}
steps:
  - {id: hello, kind: say, text: {de: Guten Tag.}}
  - {id: what, kind: choose, text: {de: "Was?"}, options: [
      {id: collect, title: {de: Abholung}, next: street}, {id: bring, title: {de: Selbst bringen}, next: yard}]}
  - {id: street, kind: ask, want: street, text: {de: "Welche Straße?"}, otherwise: yard}
  - {id: fork, kind: branch, cases: [{when: [{of: answer, name: street, value: Am Bach}], next: yard}]}
  - {id: bye, kind: say, text: {de: "Danke, {{ answers.street }} und {{ raw.street }}, {{ answers.street_2 }}."}, next: end}
  - {id: yard, kind: end, text: {de: Der Hof ist offen.}}
"""


def drawn(edit: Edit, text: str = DRAFT) -> dict[str, Any]:
    """Make an edit of a fresh draft, and read it as the house would."""
    return document.plain(document.load(edit.apply(deepcopy(document.plain(document.read(text))))))


def ids(draft: dict[str, Any]) -> list[str]:
    return [step["id"] for step in draft["steps"]]


def goals(draft: dict[str, Any], name: str) -> list[str]:
    read = document.load(draft)
    step = read.step(name)
    assert step
    return [way.goal for way in ways(read, step)]


def test_a_new_step_takes_over_where_the_one_before_led() -> None:
    draft = drawn(editing.add({"id": "text", "kind": "say", "text": {"de": "Übrigens"}}, "bye"))
    assert ids(draft)[4:6] == ["bye", "text"]
    assert goals(draft, "bye") == ["text"]
    assert goals(draft, "text") == ["end"]


def test_a_step_put_in_front_becomes_the_beginning() -> None:
    assert ids(drawn(editing.add({"id": "text", "kind": "say"}, "")))[0] == "text"


def test_two_steps_of_one_wish_get_two_ids() -> None:
    assert ids(drawn(editing.add({"id": "street", "kind": "ask"}, "street")))[2:4] == ["street", "street_2"]


def test_what_led_to_a_removed_step_leads_to_its_follower() -> None:
    draft = drawn(editing.remove("street"))
    assert "street" not in ids(draft)
    assert goals(draft, "what")[0] == "fork"
    gone = drawn(editing.remove("yard"))
    assert goals(gone, "what") == ["street", "end", "person"]
    assert goals(gone, "fork")[0] == "end"
    assert goals(gone, "street")[0] == "end"


def test_removing_an_end_lets_nobody_fall_into_what_stood_behind_it() -> None:
    text = DRAFT.replace("next: end}", "next: ''}").replace(
        "  - {id: yard", "  - {id: stop, kind: end}\n  - {id: yard"
    )  # fmt: skip
    assert goals(drawn(editing.remove("stop"), text), "bye") == ["end"]


def test_the_last_step_stays() -> None:
    with pytest.raises(Refused, match="mindestens einen"):
        drawn(editing.remove("a"), "key: x\ntitle: {de: x}\nsteps: [{id: a, kind: end}]")


def test_moves_by_place_and_behind_another() -> None:
    assert ids(drawn(editing.shift("street", -1)))[1:3] == ["street", "what"]
    assert ids(drawn(editing.shift("hello", -1)))[0] == "hello"
    assert ids(drawn(editing.move("yard", "hello")))[:2] == ["hello", "yard"]
    assert ids(drawn(editing.move("yard", "")))[0] == "yard"
    assert ids(drawn(editing.move("yard", "yard"))) == ids(document.plain(document.read(DRAFT)))


def test_a_copy_keeps_an_answer_of_its_own() -> None:
    text = DRAFT.replace("{id: street, kind: ask,", "{id: street, kind: ask, save: where,")
    draft = drawn(editing.copy("street"), text)
    assert ids(draft)[2:4] == ["street", "street_2"]
    assert "save" not in draft["steps"][3]


def test_a_new_id_is_known_everywhere() -> None:
    draft = drawn(editing.rename("street", "adresse"))
    assert goals(draft, "what")[0] == "adresse"
    assert draft["steps"][3]["cases"][0]["when"][0]["name"] == "adresse"
    assert draft["steps"][4]["text"]["de"] == "Danke, {{ answers.adresse }} und {{ raw.adresse }}, {{ answers.street_2 }}."


@pytest.mark.parametrize("new", ["what", "end", "Straße", "9x", ""])
def test_an_id_that_cannot_be_is_refused(new: str) -> None:
    with pytest.raises(Refused):
        drawn(editing.rename("street", new))


def test_an_answer_that_gets_a_name_is_asked_for_by_it() -> None:
    values = editing.step_of(document.plain(document.read(DRAFT)), "street")
    draft = drawn(editing.change("street", {**(values or {}), "save": "ort"}))
    assert "{{ answers.ort }}" in draft["steps"][4]["text"]["de"]
    assert draft["steps"][3]["cases"][0]["when"][0]["name"] == "ort"


def test_a_step_that_is_gone_is_refused() -> None:
    for edit in (editing.remove("x"), editing.shift("x", 1), editing.copy("x"), editing.change("x", {"kind": "say"})):
        with pytest.raises(Refused, match="nicht mehr"):
            drawn(edit)


def test_ids_are_made_of_words() -> None:
    assert editing.slug("Sperrmüll & Größe!", "wahl") == "sperrmuell_groesse"
    assert editing.slug("123", "wahl") == "wahl"
