"""Files that dialogs and rows of tables name: kept once, found by their house alone, told of where they are missing."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Media, MediaKind
from buergerdraht.dialogs import checking, document, examples, shelf
from buergerdraht.dialogs.models import NamedFile
from buergerdraht.dialogs.played import Played
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media as Stored

ROW = {"key": "moor", "picture": "moor.png", "seen": "Ein Moor"}
TEXT = """
key: trips
title: {de: Ausflüge}
triggers: [{"on": menu, title: {de: Ausflüge}}]
steps:
  - {id: look, kind: look_up, table: trips, save: trip, on_nothing: ende}
  - {id: show, kind: say, text: {de: Hierher}, files: [{file: "{{ raw.trip.picture }}", alt: {de: "{{ raw.trip.seen }}"}}]}
  - {id: ende, kind: end, text: {de: Danke}}
"""
SHOWN = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=100, file_name="moor.png")


def picture(shade: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Musterstadt", languages=["de"])


def said(row: dict[str, str], there: dict[str, Media]) -> list[Media]:
    world = Played(tables={"trips": [row]}, files=there)
    examples.Course(document.read(TEXT), world, "de")
    return list(world.said[0].media)


def test_a_row_of_a_table_names_the_picture_and_says_what_is_to_be_seen() -> None:
    assert [(each.id, each.alt) for each in said(ROW, {"moor.png": SHOWN})] == [("m1", "Ein Moor")]


def test_where_the_row_names_none_the_text_goes_alone() -> None:
    assert said({**ROW, "picture": ""}, {"moor.png": SHOWN}) == []


def test_what_is_filled_in_never_leads_to_a_file_by_its_id() -> None:
    number = "5f2b8f0e-3c1d-4a70-9c55-0d6f0b1f7a10"
    assert said({**ROW, "picture": number}, {number: SHOWN}) == []


def test_a_missing_file_is_told_with_its_place_and_what_may_have_been_meant() -> None:
    dialog = document.read(TEXT.replace("{{ raw.trip.picture }}", "mor.png"))
    found = [each for each in checking.find(dialog, checking.Known(files=frozenset({"moor.png"}))) if each.path == "files"]
    assert [(each.level, each.step, each.proposal) for each in found] == [("error", "show", "Meinen Sie „moor.png“?")]
    assert "mor.png" in found[0].sentence


def test_a_row_that_names_a_missing_file_is_told_by_table_and_number() -> None:
    rows = [ROW, {**ROW, "picture": "berg.png"}, {**ROW, "picture": ""}]
    known = checking.Known(tables={"trips": list(ROW)}, files=frozenset({"moor.png"}), rows=lambda _key: rows)
    found = [each for each in checking.find(document.read(TEXT), known) if each.path == "files"]
    assert [each.level for each in found] == ["warning"]
    assert "„trips“, Zeile 2" in found[0].sentence


def test_the_same_content_is_kept_once_and_a_name_that_is_taken_keeps_its_file(town: Organisation) -> None:
    shelf.put(town, {"a.png": picture(), "b.png": picture(), "c.png": picture(200)})
    assert Stored.objects.count() == 2
    before = NamedFile.objects.get(name="c.png").media_id
    assert shelf.put(town, {"c.png": picture(90)}) == []
    assert NamedFile.objects.get(name="c.png").media_id == before


def test_an_uploaded_file_gets_a_name_that_can_be_said_and_is_free(town: Organisation) -> None:
    first, second = (shelf.add(town, "Schöner Hof (2).PNG", picture(n)).name for n in (1, 2))
    assert document.FILE_NAME.fullmatch(first)
    assert first != second
    assert shelf.find(town.pk, [first, second]).keys() == {first, second}


def test_another_house_finds_neither_names_nor_ids(town: Organisation) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis", languages=["de"])
    row = shelf.add(town, "hof.png", picture())
    assert shelf.find(other.pk, ["hof.png", str(row.media_id)]) == {}
    assert shelf.find(town.pk, ["hof.png", str(row.media_id)]).keys() == {"hof.png", str(row.media_id)}


def test_a_file_that_was_deleted_is_not_found(town: Organisation) -> None:
    files.remove(shelf.add(town, "hof.png", picture()).media)
    assert shelf.find(town.pk, ["hof.png"]) == {}
