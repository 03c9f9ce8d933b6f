"""A walk opens a case: with its category, place and photos."""

from __future__ import annotations

import io

from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases.models import Case, Category
from buergerdraht.conversations.models import Message
from buergerdraht.dialogs.tests.conftest import Say, let_pass, make_live
from buergerdraht.gateway import files

POTHOLE = """
key: hole
title: {de: Schlagloch}
steps:
- {id: where, kind: ask, want: place, save: where, text: {de: "Wo?"}}
- {id: seen, kind: ask, want: photos, save: seen, text: {de: Fotos bitte.}}
- {id: file, kind: case, category: road, save: number}
- {id: bye, kind: end, text: {de: "Nummer {{ answers.number }}"}}
triggers: [{on: words, words: {de: [Schlagloch]}}]
"""


def test_a_walk_opens_a_case_with_its_place_and_photos(say: Say, town: Organisation) -> None:
    category = Category.objects.create(organisation=town, key="road", title={"de": "Straße"})
    make_live(town, POTHOLE)
    say("paula", "Schlagloch")
    say("paula", "Marktstraße 3")
    say("paula", photo=True)
    say("paula", photo=True)
    said = let_pass(seconds=4)
    case = Case.objects.get()
    assert f"Nummer {case.number}" in said
    assert (case.category, case.place, case.origin, case.photos.count()) == (category, "Marktstraße 3", "dialog", 2)
    assert case.followers.get().contact == case.contact
    assert "Marktstraße 3" in case.text


def test_an_id_that_somebody_types_makes_no_file_of_others_theirs(say: Say, town: Organisation) -> None:
    Category.objects.create(organisation=town, key="road", title={"de": "Straße"})
    make_live(town, POTHOLE.replace("want: photos", "want: text"))
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    public = files.store(town, drawn.getvalue(), "rathaus.png")
    say("veit", photo=True)
    theirs = Message.objects.get(media__isnull=False).media.get()
    for person, named in (("paula", public), ("quirin", theirs)):
        say(person, "Schlagloch")
        say(person, "Marktstraße 3")
        say(person, str(named.pk))
    assert [case.photos.count() for case in Case.objects.all()] == [0, 0]


def test_where_the_category_is_gone_it_is_a_note_for_people(say: Say, town: Organisation) -> None:
    make_live(town, POTHOLE.replace("- {id: seen, kind: ask, want: photos, save: seen, text: {de: Fotos bitte.}}\n", ""))
    say("paula", "Schlagloch")
    say("paula", "Marktstraße 3")
    assert not Case.objects.exists()
    assert "Marktstraße 3" in Message.objects.get(author="note").text
