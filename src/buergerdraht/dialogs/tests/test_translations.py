"""Texts go out to be translated and come back unharmed."""

from __future__ import annotations

import pytest

from buergerdraht.dialogs import document, translations
from buergerdraht.dialogs.translations import Unreadable

DRAFT = document.plain(document.read("""
key: bulky
title: {de: Sperrmüll, en: Bulky waste}
languages: [de, en, ar]
triggers: [{on: words, words: {de: [Sperrmüll, Sperrgut]}}]
steps:
  - {id: what, kind: choose, text: {de: "Was?"}, options: [
      {id: collect, title: {de: Abholung, en: Collection}, words: {de: [abholen]}}, {id: bring, title: {de: Selbst bringen}}]}
  - {id: size, kind: ask, want: number, text: {de: "-5 < x, wie groß?"}, check: {unit: {de: m³}}}
  - {id: bye, kind: end, text: {de: "Danke, {{ contact.first_name }}.\\n\\nBis {{ answers.size }} & <bald>."}}
"""))  # fmt: skip
ENGLISH = {
    "steps.what.text": "What?", "steps.what.options.bring.title": "Bring it", "steps.what.options.collect.words": "collect, pick up",
    "triggers.0.words": "bulky waste", "steps.size.check.unit": "m³", "steps.size.text": "-5 < x, how big?",
    "steps.bye.text": "Thanks, {{ contact.first_name }}.\n\nUntil {{ answers.size }} & <soon>.",
}  # fmt: skip


def english() -> dict[str, object]:
    return translations.write(DRAFT, {(path, "en"): text for path, text in ENGLISH.items()})


def test_every_text_stands_in_the_table_once() -> None:
    lines = translations.lines(DRAFT)
    assert [line.path for line in lines] == [
        "title", "triggers.0.words", "steps.what.text", "steps.what.options.collect.title", "steps.what.options.collect.words",
        "steps.what.options.bring.title", "steps.size.text", "steps.size.check.unit", "steps.bye.text",
    ]  # fmt: skip
    assert translations.missing(lines, ["de"]) == 0
    assert translations.missing(lines, ["en"]) == 7
    assert lines[5].where == "1 · Was?: Möglichkeit, Titel"


def test_a_translation_finds_its_place_and_changes_nothing_else() -> None:
    after = document.load(english())
    assert document.plain(after)["steps"][0]["options"][0]["words"] == {"de": ["abholen"], "en": ["collect", "pick up"]}
    assert translations.missing(translations.lines(english()), ["de", "en"]) == 0
    back = translations.write(english(), {(path, "en"): "" for path in ENGLISH})
    assert document.plain(document.load(back)) == DRAFT


def test_a_text_whose_place_is_gone_is_left_out() -> None:
    assert translations.write(DRAFT, {("steps.gone.text", "en"): "x", ("steps.what", "en"): "y"}) == DRAFT


@pytest.mark.parametrize("delimiter", [";", ","])
def test_a_table_goes_out_and_comes_back(delimiter: str) -> None:
    text = translations.to_csv(english())
    assert "'-5 < x" in text, "a spreadsheet must not reckon with it"
    if delimiter == ",":
        import csv
        import io

        out = io.StringIO()
        csv.writer(out).writerows(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
        text = out.getvalue()
    found = translations.from_csv(text, DRAFT)
    assert not found.problems
    assert document.plain(document.load(translations.write(DRAFT, found.texts))) == document.plain(document.load(english()))


def test_a_translation_office_gets_xliff_and_gives_it_back() -> None:
    text = translations.to_xliff(english(), "en")
    assert 'srcLang="de"' in text
    assert "{{ answers.size }}" not in text.split("<source")[-1].split("</source>")[0].replace('disp="{{ answers.size }}"', "")
    found = translations.from_xliff(text, DRAFT)
    assert {path: words for (path, _language), words in found.texts.items()} == {
        **ENGLISH, "title": "Bulky waste", "steps.what.options.collect.title": "Collection",
    }  # fmt: skip


def test_what_is_no_translation_is_refused_with_words() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><xliff>&a;</xliff>'
    for text in ("", "<a/>", bomb, translations.to_xliff(DRAFT, "en").replace('trgLang="en"', 'trgLang="fr"')):
        with pytest.raises(Unreadable):
            translations.from_xliff(text, DRAFT)
    for text in ("", "Schlüssel;Stelle;fr\na;b;c"):
        with pytest.raises(Unreadable):
            translations.from_csv(text, DRAFT)


def test_unknown_rows_and_lost_placeholders_are_told() -> None:
    found = translations.from_csv("Schlüssel;Stelle;en\nsteps.no.text;;x\nsteps.bye.text;;Thanks", DRAFT)
    assert found.problems == ["„steps.no.text“ gibt es in diesem Dialog nicht."]
    assert "andere Platzhalter" in translations.slots_lost(DRAFT, found.texts)[0]
