"""Every dialog of every blueprint: read in Sie and Du, played in German and English, complete, kind, and with a way to a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from buergerdraht.blueprints.dialogs_step import played
from buergerdraht.blueprints.pieces import Blueprint, ExamplePiece
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.dialogs import checking, examples, turning
from buergerdraht.dialogs.document import QUESTIONS, Dialog, Say, texts_of
from buergerdraht.dialogs.played import NOON
from buergerdraht.dialogs.sections import in_form
from buergerdraht.dialogs.ways import reached
from buergerdraht.gateway import channels

TODAY = NOON.date()
FORMS = ("sie", "du")
SPOKEN = [(blueprint, each["key"]) for blueprint in all_blueprints().values() for each in blueprint.dialogs]
WALKS = [(blueprint, key, piece) for blueprint, key in SPOKEN for piece in blueprint.examples.get(key, [])]
NEEDED = {"utility_desk": frozenset({"kundenkonto"})}  # systems without which some of its dialogs wait as drafts
SHORT = ("Facebook Messenger", "Instagram")
SIE = re.compile(r"\b(Sie|Ihnen|Ihr|Ihre[mnrs]?)\b")
DU = re.compile(r"\b(du|dir|dich|dein|deine[mnrs]?|euch|euer|eure[mnrs]?)\b", re.IGNORECASE)

of_each_dialog = pytest.mark.parametrize(("blueprint", "key"), SPOKEN, ids=[key for _blueprint, key in SPOKEN])
of_each_walk = pytest.mark.parametrize(
    ("blueprint", "key", "piece"), WALKS, ids=[f"{key}: {piece.name}" for _blueprint, key, piece in WALKS]
)
in_both_forms = pytest.mark.parametrize("form", FORMS)


def texts(dialog: Dialog) -> Iterator[tuple[str, dict[str, str]]]:
    yield from texts_of(dialog)


def walked(blueprint: Blueprint, key: str, piece: ExamplePiece, form: str, language: str) -> tuple[examples.Verdict, Any]:
    world = played(blueprint, form, language, TODAY)
    world.channel = piece.channel
    dialog = blueprint.dialog(key, form)
    return examples.play(dialog, piece.spoken(language, form, TODAY), world, language), world


def asks(blueprint: Blueprint, key: str) -> bool:
    """One that only says something, like the reminder of the evening before, can neither be misunderstood nor wait."""
    return any(isinstance(step, QUESTIONS) for step in blueprint.dialog(key, "sie").steps)


@pytest.mark.parametrize("language", ["de", "en"])
@in_both_forms
@of_each_walk
def test_every_example_goes_as_written(blueprint: Blueprint, key: str, piece: ExamplePiece, form: str, language: str) -> None:
    if piece.language and piece.language != language:
        pytest.skip("an example of the other language")
    verdict, _world = walked(blueprint, key, piece, form, language)
    move = piece.spoken(language, form, TODAY)[verdict.move] if verdict.move >= 0 else {}
    assert verdict.good, f"{piece.name}, Zug {verdict.move + 1} {move}: {verdict.problem}"


@of_each_dialog
def test_examples_show_a_slip_a_pause_and_the_way_to_a_person(blueprint: Blueprint, key: str) -> None:
    pieces = blueprint.examples.get(key, [])
    if not asks(blueprint, key):
        assert pieces
        return
    assert len(pieces) >= 3
    worlds = [walked(blueprint, key, piece, "sie", piece.language or "de")[1] for piece in pieces]
    traces = [{what for _dialog, _step, what, _text in world.traces} for world in worlds]
    assert any("misunderstood" in each for each in traces), "keine Probe mit einer Antwort, die nicht passt"
    assert any("handed" in each for each in traces), "keine Probe, die bei einem Menschen endet"
    reminded = [piece for piece in pieces if any("wait" in move for move in piece.moves)]
    assert any(_reminds(blueprint, key, piece) for piece in reminded), "keine Probe mit einer Pause und einer Nachfrage"


def _reminds(blueprint: Blueprint, key: str, piece: ExamplePiece) -> bool:
    """Whether something was said by itself while time passed."""
    world = played(blueprint, "sie", "de", TODAY)
    course = examples.Course(blueprint.dialog(key, "sie"), world, "de")
    for move in piece.spoken("de", "sie", TODAY):
        before = len(world.said)
        examples.step(course, move)
        if "wait" in move and len(world.said) > before:
            return True
    return False


@in_both_forms
@of_each_dialog
def test_every_text_is_there_in_german_and_english(blueprint: Blueprint, key: str, form: str) -> None:
    dialog = blueprint.dialog(key, form)
    assert dialog.languages == ["de", "en"]
    for path, found in texts(dialog):
        assert {"de", "en"} <= {language for language, text in found.items() if text.strip()}, path


@of_each_dialog
def test_german_says_du_or_sie_and_never_both(blueprint: Blueprint, key: str) -> None:
    formal, familiar = (dict(texts(blueprint.dialog(key, form))) for form in FORMS)
    for path, found in formal.items():
        sie, du = found.get("de", ""), familiar[path].get("de", "")
        if sie == du:
            assert not SIE.search(du), f"{path}: spricht mit Sie an, auch wo du gesagt wird"
        assert not SIE.search(du), f"{path}: {du}"
        assert not DU.search(sie), f"{path}: {sie}"


@in_both_forms
@of_each_dialog
def test_no_step_is_out_of_reach_and_nothing_is_found_amiss(blueprint: Blueprint, key: str, form: str) -> None:
    dialog = blueprint.dialog(key, form)
    assert {step.id for step in dialog.steps} == reached(dialog) & {step.id for step in dialog.steps}
    rows = {table.key: table.filled(form, TODAY) for table in blueprint.tables}
    known = checking.Known(
        tables={table.key: table.columns for table in blueprint.tables},
        topics=frozenset(topic.key for topic in blueprint.topics), teams=frozenset(blueprint.teams),
        offers=frozenset(offer.key for offer in blueprint.offers), systems=NEEDED.get(blueprint.key, frozenset()),
        files=frozenset(blueprint.files), rows=lambda table: rows[table],
        dialogs=frozenset(each["key"] for each in blueprint.dialogs),
        kinds=[each.kind for each in channels.talking()], plan=channels.plan_of, title=channels.title,
    )  # fmt: skip
    found = [each for each in checking.find(dialog, known) if not _as_numbers(each)]
    assert found == []


def _as_numbers(finding: checking.Finding) -> bool:
    """Meta's quick replies hold twenty letters: there a longer choice is a numbered list, and people write the number."""
    return finding.level == "warning" and "nummerierte Liste" in finding.sentence and finding.sentence.startswith(SHORT)


@pytest.mark.parametrize("blueprint", [each for each in all_blueprints().values() if each.tables], ids=lambda each: each.key)
def test_tables_speak_both_languages_and_hold_no_empty_answers(blueprint: Blueprint) -> None:
    for table in blueprint.tables:
        for column in table.columns:
            if column.endswith("_de"):
                assert column.removesuffix("_de") + "_en" in table.columns, f"{table.key}: {column}"
        for form in FORMS:
            for row in table.filled(form, TODAY):
                assert all(row[column] for column in row if column.endswith(("_de", "_en"))), f"{table.key}: {row}"
                assert not (form == "du" and any(SIE.search(row[column]) for column in row if column.endswith("_de"))), row


def test_days_in_tables_are_counted_from_the_day_of_switching_on() -> None:
    blueprint = all_blueprints()["waste_calendar"]
    dates = next(table for table in blueprint.tables if table.key == "waste_dates").filled("sie", date(2031, 1, 1))
    assert all(day > "2031-01-01" for row in dates for day in row["dates"].split())


def test_words_that_begin_a_dialog_begin_only_one() -> None:
    owners: dict[str, str] = {}
    for blueprint, key in SPOKEN:
        for trigger in blueprint.dialog(key, "sie").triggers:
            for word in {word.casefold() for each in trigger.words.values() for word in each}:
                assert owners.setdefault(word, key) == key, word


def test_a_text_in_two_forms_is_chosen_however_deep_it_lies() -> None:
    found = in_form({"steps": [{"text": {"de": {"sie": "Ihr", "du": "Dein"}, "en": "Your"}}]}, "du")
    assert found == {"steps": [{"text": {"de": "Dein", "en": "Your"}}]}


@in_both_forms
def test_a_reading_that_does_not_fit_is_looked_at_by_people(form: str) -> None:
    blueprint = all_blueprints()["utility_desk"]
    world = played(blueprint, form, "de", TODAY)
    world.doubts = ["much_more"]
    moves = [
        *({"say": text} for text in ("471108", "Strom", "E 12345", "99999")),
        {"expect": "trotzdem"},
        {"say": "ja"},
        {"expect": "sieht ihn der Kundenservice noch einmal an"},
        {"note": "case", "with": "Kundenservice Zählerstand prüfen"},
    ]
    verdict = examples.play(blueprint.dialog("meter_reading", form), moves, world)
    assert verdict.good, verdict.problem


@pytest.mark.parametrize(
    ("language", "bins"), [("de", "Restmüll (grau), Bioabfall (braun)"), ("en", "Residual waste (grey), Organic waste (brown)")]
)
def test_the_evening_before_all_bins_of_the_street_are_named_and_else_nothing(language: str, bins: str) -> None:
    blueprint = all_blueprints()["waste_calendar"]
    world = played(blueprint, "du", language, TODAY)
    world.fields = {"waste_tour": "A", "waste_street": "Ahornweg"}
    dialog = blueprint.dialog("waste_reminder", "du")
    examples.Course(dialog, world, language)
    assert f"**{bins}** (Ahornweg)" in world.said[0].text
    world.said.clear()
    world.fields["waste_tour"] = "B"  # its bins are due the day after tomorrow
    examples.Course(dialog, world, language)
    assert world.said == []


MEDIA = {
    "de": ("Ein kurzer gezeichneter Film ohne Ton", "Video aus dem Arbeitsalltag", "So klingt die Arbeit", "Auszubildender erzählen"),
    "en": ("A short drawn film without sound", "video from everyday work", "What the work sounds like", "trainees tell their story"),
}


@in_both_forms
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    ("job", "films", "sounds"), [("wasser", True, True), ("forst", False, True), ("anlagenmechanik", True, False), ("justiz", False, False)]
)
def test_a_drawn_film_and_imitated_sounds_are_called_what_they_are(job: str, films: bool, sounds: bool, language: str, form: str) -> None:
    blueprint = all_blueprints()["career_chat"]
    dialog = blueprint.dialog("career_chat", form)
    world = played(blueprint, form, language, TODAY)
    course = examples.Course(dialog, world, language)
    row = next(row for row in world.tables["occupations"] if row["key"] == job)
    assert (bool(row["video"]), bool(row["sound"])) == (films, sounds)
    course.walk.answers["job"] = dict(row)
    turn = turning.Turn(course.walk, world, documents={(dialog.key, 0): dialog})
    film, video, sound, story = MEDIA[language]
    for name, own, page, there in (("say_video", film, video, films), ("say_sound", sound, story, sounds)):
        step = dialog.step(name)
        assert isinstance(step, Say)
        text = turn.text(step.text)
        assert text.startswith(own) == there
        assert (own in text, page in text, "{%" in text) == (there, True, False)
