"""What is said in a dialog that was brought over is what was said in the flow, in the same order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from buergerdraht.dialogs import machine
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.rapidpro.bringing import bring
from buergerdraht.dialogs.rapidpro.tests import exports
from buergerdraht.dialogs.walk import DONE, EXPIRED, HANDED, Opening, Said


class Phone:
    """A citizen before the dialogs of an export."""

    def __init__(self, raw: dict[str, Any], language: str = "de", **world: Any) -> None:
        found = [each.dialog for each in bring(raw) if each.dialog]
        self.world = Played(dialogs={each.key: each for each in found}, language=language, **world)
        self.heard = 0
        self.walk = machine.begin(found[0], 0, self.world, Opening(language=language, mark="w"))

    def new(self) -> list[str]:
        said, self.heard = [each.text for each in self.world.said[self.heard :]], len(self.world.said)
        return said

    def say(self, text: str, **more: Any) -> list[str]:
        machine.answer(self.walk, Said(text=text, **more), self.world)
        return self.new()

    def tap(self, title: str) -> list[str]:
        choice = next(each for each in self.world.said[-1].choices if each.title == title)
        return self.say(title, choice=choice.id, kind="choice")

    def late(self, **more: int) -> list[str]:
        self.world.now += timedelta(**more)
        machine.wake(self.walk, self.world)
        return self.new()


def test_the_whole_way_with_a_slip_and_a_part() -> None:
    phone = Phone(exports.bulky())
    assert phone.new() == ["Guten Tag Paula! Hier ist die Stadt.", "Was möchten Sie tun?"]
    assert phone.say("Pizza") == ["Das kenne ich nicht.\n\nWas möchten Sie tun?"]
    assert phone.tap("Abholung") == ["Wie viele Teile sind es?"]
    assert phone.say("zwölf") == ["Bitte eine Zahl von 1 bis 10.\n\nWie viele Teile sind es?"]
    assert phone.say("3") == ["In welcher Straße?"]
    assert phone.say("Marktstraße 1") == ["Danke: 3 Teile in Marktstraße 1. Bis bald, PAULA!"]
    assert phone.walk.state == DONE
    assert phone.world.fields == {"teile": "3"}


@pytest.mark.parametrize("word", ["abholen", "Ich möchte etwas abholen lassen", "1", "collect"])
def test_the_words_of_a_case_lead_its_way(word: str) -> None:
    phone = Phone(exports.bulky())
    phone.new()
    assert phone.say(word) == ["Wie viele Teile sind es?"]


def test_another_language_is_spoken_where_there_is_one() -> None:
    phone = Phone(exports.bulky(), language="en")
    assert phone.new() == ["Hello Paula! This is the town.", "What would you like to do?"]
    assert phone.tap("Collection") == ["Wie viele Teile sind es?"]


def test_a_ticket_brings_it_before_people_with_the_last_words() -> None:
    phone = Phone(exports.bulky())
    phone.new()
    assert phone.say("hilfe_da") == ["Gleich meldet sich jemand."]
    assert phone.walk.state == HANDED


def test_a_call_that_succeeds_and_one_that_fails() -> None:
    for outcome, answers, words in [
        ("yes", {"webhook_stand": "geprüft", "webhook_seit": "2026-05-12"}, "Stand: geprüft, seit 12.05.2026."),
        ("failure", {}, "Das weiß ich gerade nicht."),
    ]:
        phone = Phone(exports.permit())
        assert phone.new() == ["Wie lautet das Aktenzeichen?"]
        assert phone.say("AB-12") == []
        serial, call, _facts = phone.world.calls[0]
        assert call.system == "akten_beispiel_invalid"
        assert machine.called(phone.walk, serial, outcome, answers, phone.world)
        assert phone.new() == [words, "Möchten Sie mehr wissen?"]
        assert phone.world.subscribed == {"bauen_wohnen"}
        assert phone.say("ja") == ["Sie bekommen die Nachrichten schon."]


def test_silence_is_reminded_of_and_then_ends() -> None:
    phone = Phone(exports.permit())
    phone.new()
    assert phone.late(hours=1) == ["Sind Sie noch da?"]
    assert phone.late(days=1) == ["Dann bis ein andermal."]
    assert phone.walk.state == EXPIRED


@pytest.mark.parametrize(("lot", "question"), [(0, "Was ist kaputt?"), (1, "Wo klemmt es?")])
def test_a_lot_a_photo_a_place_and_a_field(lot: int, question: str) -> None:
    phone = Phone(exports.trial(), lots=[lot], fields={"meldungen": "4"})
    assert phone.new() == [question]
    assert phone.say("Die Laterne") == ["Bitte ein Foto."]
    phone.say("", kind="media", files=(("1", "image"),))
    assert phone.late(seconds=4) == ["Bitte den Ort."]
    assert phone.say("", kind="location", place=(51.0, 7.0, "Am Bach 3")) == [
        "Danke, schon wieder Sie, Paula Beispiel!",
        "Wie war es, von 1 bis 3?",
    ]
    assert phone.say("2") == ["Schön! (Mittel)"]
    assert phone.walk.state == DONE


@pytest.mark.parametrize(
    ("known", "words"), [("", "Danke für „Die Bank“."), ("3", "Danke für „Die Bank“."), ("x", "Danke für „Die Bank“.")]
)
def test_a_field_that_is_no_number_is_not_compared_as_one(known: str, words: str) -> None:
    phone = Phone(exports.trial(), fields={"meldungen": known})
    phone.say("Die Bank")
    phone.say("", kind="media", files=(("1", "image"),))
    phone.late(seconds=4)
    assert phone.say("", kind="location", place=(51.0, 7.0, ""))[0] == words


def test_a_word_in_free_text_leads_elsewhere() -> None:
    phone = Phone(exports.trial())
    phone.new()
    assert phone.say("Das ist ein Notfall!") == ["Bitte 112 anrufen!"]


def test_buttons_and_a_list_of_glific_with_a_pause() -> None:
    phone = Phone(exports.glific())
    assert phone.new() == ["Abfall\n\nWelche Tonne?"]
    assert phone.tap("Bio") == []
    assert phone.late(minutes=2) == ["Themen\n\nBitte wählen"]
    assert phone.tap("Strom") == ["Fertig."]
