"""A citizen reports in the chat, in whatever order they like."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import intake, opening, report
from buergerdraht.cases.models import Case, Category, Draft, Follower
from buergerdraht.cases.tests.conftest import Say, moment
from buergerdraht.connectors.contract import MediaKind, Ref
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway.models import Media, Taken


def test_photos_then_a_pin_then_words(say: Say, hole: Category, waste: Category) -> None:
    assert [say("vera", photo=True), say("vera", photo=True), say("vera", photo=True)] == ["", "", ""]
    assert "melden?" in moment()
    assert "Worum geht es?" in say("vera", "Ja")
    assert "Wo ist das?" in say("vera", "Schlagloch")
    assert "Beschreiben Sie" in say("vera", at=(51.1, 7.1))
    read = say("vera", "Tief und voller Wasser")
    assert "Schlagloch" in read
    assert "3 Fotos" in read
    assert "Absenden?" in read
    sent = say("vera", "Absenden")
    case = Case.objects.get()
    assert case.number in sent
    assert "5 Arbeitstagen" in sent
    assert (case.latitude, case.text, case.photos.count()) == (51.1, "Tief und voller Wasser", 3)
    assert Follower.objects.get().case == case
    assert not Draft.objects.exists()


def test_words_then_a_street_then_no_photo(say: Say, hole: Category, waste: Category) -> None:
    assert "**Schlagloch**?" in say("tom", "Da ist ein großes Schlagloch vor meinem Haus")
    assert "Wo ist das?" in say("tom", "ja")
    assert "Foto" in say("tom", "Marktstr. 12")
    read = say("tom", "Ohne Foto")
    assert "Marktstraße 12" in read
    assert "„Da ist ein großes Schlagloch vor meinem Haus“" in read
    say("tom", "1")
    case = Case.objects.get()
    assert (case.place, case.latitude, case.team.name) == ("Marktstraße 12", 51.101, "Bauhof")


def test_what_is_read_back_can_be_changed(say: Say, hole: Category, waste: Category) -> None:
    say("vera", "Melden")
    say("vera", "Schlagloch")
    say("vera", "Marktstraße 1")
    say("vera", "Tief")
    say("vera", "ohne foto")
    assert "Was soll anders sein?" in say("vera", "Ändern")
    assert "Wo ist das?" in say("vera", "Ort")
    assert "Marktstraße 14a" in say("vera", "marktstrasse 14 a")
    say("vera", "Ändern")
    assert "Worum geht es?" in say("vera", "Worum es geht")
    assert "Was liegt dort?" in say("vera", "Wilder Müll")
    assert "Was liegt dort? Sperrmüll" in say("vera", "2")
    say("vera", "ja")
    case = Case.objects.get()
    assert (case.category, case.answers, case.place) == (waste, {"kind": "Sperrmüll"}, "Marktstraße 14a")


def test_whoever_finds_it_reported_already_follows_it(say: Say, hole: Category) -> None:
    first = opening.open(opening.Matter(category=hole, at=timezone.now(), place="Marktstraße 1", latitude=51.1, longitude=7.1))
    say("vera", "Melden")
    say("vera", "Schlagloch")
    asked = say("vera", at=(51.1002, 7.1))
    assert first.number in asked
    assert "Ist es das?" in asked
    assert "Doppelt melden" in say("vera", "Ja, das ist es")
    assert Case.objects.count() == 1
    assert Follower.objects.get(case=first).contact.name == "Vera Beispiel"


def test_whoever_means_something_else_is_not_asked_again(say: Say, hole: Category) -> None:
    opening.open(opening.Matter(category=hole, at=timezone.now(), latitude=51.1, longitude=7.1))
    say("vera", "Melden")
    say("vera", "Schlagloch")
    say("vera", at=(51.1, 7.1))
    assert "Beschreiben" in say("vera", "nein")
    say("vera", "Ein zweites daneben")
    say("vera", "ohne Foto")
    say("vera", "Absenden")
    assert Case.objects.count() == 2


def test_a_place_that_is_not_ours_names_whose_it_is(say: Say, hole: Category) -> None:
    say("vera", "Melden")
    say("vera", "Schlagloch")
    assert "Zuständig ist: Nachbarstadt" in say("vera", at=(51.1, 7.3))
    assert "Beschreiben" in say("vera", "Weitergeben")
    say("vera", "Tief")
    say("vera", "ohne foto")
    say("vera", "ja")
    assert Case.objects.get().entries.get(what="opened").data["beyond"] == "Nachbarstadt"


def test_what_is_not_for_us_says_why(say: Say, town: Organisation, hole: Category) -> None:
    hole.refusal = {"de": "Falschparker verfolgt das Ordnungsamt des Kreises."}
    hole.save()
    say("vera", "Melden")
    assert "Ordnungsamt" in say("vera", "Schlagloch")
    assert not Draft.objects.exists()
    assert Contact.objects.get().errand == ""


def test_danger_is_said_first(say: Say, hole: Category) -> None:
    hole.danger = {"de": "Bei Gefahr rufen Sie 110 oder 112."}
    hole.save()
    say("vera", "Melden")
    assert say("vera", "Schlagloch").startswith("Bei Gefahr rufen Sie 110 oder 112.")


def test_an_old_button_does_nothing_a_second_time(say: Say, hole: Category) -> None:
    say("vera", "Melden")
    say("vera", "Schlagloch")
    say("vera", "Marktstraße 1")
    assert "Foto" in say("vera", "Tief")
    assert "Foto" in say("vera", "Schlagloch", choice="case:category:pothole")  # what was asked is asked again
    say("vera", "ohne foto")
    say("vera", "Absenden", choice="case:send:send")
    assert "schon erledigt" in say("vera", "Absenden", choice="case:send:send")
    assert Case.objects.count() == 1


def test_it_can_be_let_go_and_taken_up_again(say: Say, hole: Category) -> None:
    say("vera", "Melden")
    say("vera", "Schlagloch")
    assert "Es wurde nichts gemeldet" in say("vera", "Verwerfen")
    say("vera", "Melden")
    say("vera", "Schlagloch")
    assert "an einen Menschen" in say("vera", "Mensch")
    assert Conversation.objects.get().state == "open"
    assert "angefangene Meldung" in say("vera", "Melden")


def test_who_is_not_understood_twice_is_offered_a_person(say: Say, hole: Category) -> None:
    say("vera", "Melden")
    assert "nicht verstanden" in say("vera", "xyz")
    assert "Mensch" in say("vera", "xyz")


def test_a_complaint_is_never_shown_as_the_same(say: Say, complaint: Category, hole: Category, kemal: Operator) -> None:
    hole.visibility = "confidential"
    hole.save()
    hole.people.add(kemal)
    opening.open(opening.Matter(category=hole, at=timezone.now(), latitude=51.1, longitude=7.1))
    say("vera", "Melden")
    say("vera", "Schlagloch")
    assert "Beschreiben" in say("vera", at=(51.1, 7.1))


def test_whatever_is_written_is_answered(say: Say, hole: Category, waste: Category) -> None:
    """Law: nobody in the middle of a report is left in silence, but for the moment after a photo; and nothing is sent unasked."""
    words = [
        "ja",
        "nein",
        "1",
        "2",
        "9",
        "Schlagloch",
        "Marktstraße 12",
        "51.1, 7.1",
        "zurück",
        "Ändern",
        "weiter",
        "???",
        "Ort",
        "Fotos neu",
    ]
    for seed in range(12):
        lot, who = random.Random(seed), f"vera{seed}"
        assert say(who, "Melden")
        for _step in range(14):
            if not Draft.objects.filter(contact__errand="case").exists():
                break
            said = say(who, photo=True) or moment() if lot.random() < 0.2 else say(who, lot.choice(words))
            assert said
        Draft.objects.all().delete()


def test_where_the_photo_was_taken_is_offered_as_the_place(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    Taken.objects.create(media=Media.objects.get(), place="51.1,7.1")
    moment()
    say("vera", "ja")
    assert "Wo ist das?" in say("vera", "Schlagloch")
    assert "Beschreiben" in say("vera", "Wo das Foto entstand")
    assert (report.load(Draft.objects.get().content).latitude, report.load(Draft.objects.get().content).longitude) == (51.1, 7.1)


def test_a_photo_from_elsewhere_proposes_no_place(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    Taken.objects.create(media=Media.objects.get(), place="48.1,11.5")
    moment()
    say("vera", "ja")
    say("vera", "Schlagloch")
    assert report.load(Draft.objects.get().content).options == []


def test_whoever_asks_a_question_reaches_people(say: Say, hole: Category) -> None:
    assert say("vera", "Wann wird das Schlagloch repariert?") == ""
    assert not Draft.objects.exists()


def test_a_photo_and_then_a_question_is_for_people_and_the_offer_still_stands(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    assert say("vera", "Wird das vor dem Markt repariert?") == ""
    assert moment() == ""
    assert Contact.objects.get().errand == ""
    assert "Worum geht es?" in say("vera", choice="case:begin:yes")


def test_a_voice_message_after_the_offer_is_heard_by_people(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    moment()
    assert say("vera", kind="media", media=[Ref(kind=MediaKind.VOICE, external_id="v1", mime="audio/ogg")]) == ""
    assert Contact.objects.get().errand == ""


def test_words_to_a_photo_a_moment_later_belong_to_it(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    assert say("vera", "Hier an der Ecke") == ""
    assert "etwas melden?" in moment()
    assert report.load(Draft.objects.get().content).words == "Hier an der Ecke"


def test_an_offer_nobody_answers_brings_the_message_before_people(say: Say, hole: Category) -> None:
    say("vera", photo=True)
    moment()
    assert intake.let_go(timezone.now()) == 0
    Draft.objects.update(changed_at=timezone.now() - timedelta(minutes=6))
    assert intake.let_go(timezone.now()) == 1
    assert Conversation.objects.get().state == "open"
    assert intake.let_go(timezone.now()) == 0
