"""What the house says: the authority's own words first, ours where it has none."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

import buergerdraht.urls  # noqa: F401 - every room is there
from buergerdraht.accounts import languages
from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import public_words
from buergerdraht.cases import words as intake
from buergerdraht.contacts import texts
from buergerdraht.contacts.models import Topic
from buergerdraht.dialogs.sentences import SHELF as DIALOGS
from buergerdraht.website import words as website
from buergerdraht.wording import actions, checking, reading, shelves
from buergerdraht.wording.models import OwnText
from buergerdraht.wording.shelves import SHELVES

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de", "en", "tr"])


def shortest(shelf: shelves.Shelf) -> dict[str, str]:
    """Write every sentence of a room as shortly as it goes."""
    return {key: " ".join(["x", *(f"{{{slot}}}" for slot in shelves.needed(versions))]) for key, versions in shelf.open.items()}


def put(town: Organisation, language: str, **own: str) -> None:
    actions.put(town, language, {("contacts", key): text for key, text in own.items()}, operator=None)


def test_an_own_sentence_is_said_instead_of_ours_and_filled(town: Organisation) -> None:
    ours = texts.say(town, "de", "topics_changed", topics="Verkehr")
    put(town, "de", topics_changed="Alles klar. Von {organisation} kommt jetzt: {topics}.")
    assert texts.say(town, "de", "topics_changed", topics="Verkehr") == "Alles klar. Von Stadt Musterstadt kommt jetzt: Verkehr."
    put(town, "de", topics_changed="")
    assert texts.say(town, "de", "topics_changed", topics="Verkehr") == ours
    assert not OwnText.objects.exists()


def test_a_further_language_is_spoken_sentence_by_sentence(town: Organisation) -> None:
    put(town, "tr", cancel="İptal")
    assert texts.say(town, "tr", "cancel") == "İptal"
    assert texts.say(town, "tr", "done") == "Fertig", "what is missing comes in the organisation's language"
    assert texts.say(town, "en", "cancel") == "Cancel"


def test_leichte_sprache_falls_back_to_the_authoritys_own_german(town: Organisation) -> None:
    put(town, "de", cancel="Lieber nicht")
    assert texts.say(town, "de-simple", "cancel") == "Lieber nicht"
    put(town, "de-simple", cancel="Nein")
    assert texts.say(town, "de-simple", "cancel") == "Nein"


def test_a_page_in_a_language_we_do_not_have_falls_back_to_english(town: Organisation) -> None:
    assert website.say(town, "tr", "skip") == "Skip to content"
    actions.put(town, "tr", {("website", "skip"): "İçeriğe geç"}, operator=None)
    assert website.say(town, "tr", "skip") == "İçeriğe geç"
    assert DIALOGS.say(town, "fa", "yes") == "Yes"


def test_another_authority_keeps_our_words(town: Organisation) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    put(town, "de", cancel="Lieber nicht")
    put(other, "de", done="Genug")
    assert texts.say(other, "de", "cancel") == "Abbrechen"
    assert texts.say(town, "de", "done") == "Fertig"


def test_the_next_request_of_another_process_hears_the_change(town: Organisation) -> None:
    """What is kept in memory is kept for one state of the texts: whoever loads the organisation anew reads anew."""
    put(town, "de", cancel="Lieber nicht")
    there = Organisation.objects.get(pk=town.pk)
    assert texts.say(there, "de", "cancel") == "Lieber nicht"
    put(Organisation.objects.get(pk=town.pk), "de", cancel="Ach nein")
    assert texts.say(Organisation.objects.get(pk=town.pk), "de", "cancel") == "Ach nein"


def test_without_own_texts_nothing_is_asked_and_with_them_once(town: Organisation, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        texts.say(town, "de", "cancel")
    put(town, "de", cancel="Lieber nicht")
    with django_assert_num_queries(1):
        for key in ("cancel", "done", "none", "keep"):
            texts.say(town, "de", key)


def test_a_sentence_whose_placeholder_we_no_longer_fill_gives_way_to_ours(town: Organisation) -> None:
    """After an update of ours nobody must be left without an answer."""
    put(town, "de", cancel="Lieber nicht, {earlier}")
    assert texts.say(town, "de", "cancel") == "Abbrechen"


def test_a_sentence_that_lacks_what_ours_says_since_an_update_gives_way_and_is_marked(town: Organisation) -> None:
    put(town, "de", topics_changed="Alles klar.")  # written when ours named no topics
    assert "Verkehr" in texts.say(town, "de", "topics_changed", topics="Verkehr")
    line = next(line for line in reading.lines(town, "de") if line.name == "contacts/topics_changed")
    assert (line.outdated, line.own) == (True, "Alles klar.")


def test_every_change_is_in_the_log_without_its_text(town: Organisation) -> None:
    boss = Operator.objects.create_user("leitung@musterstadt.example", "Zwetschgen-im-Herbst", name="Andrea Berger")
    assert actions.put(town, "tr", {("contacts", "cancel"): "İptal"}, operator=boss) == 1
    assert actions.put(town, "tr", {("contacts", "cancel"): "İptal"}, operator=boss) == 0
    entry = AuditEntry.objects.get(organisation=town, action="wording.put")
    assert entry.operator == boss
    assert entry.details == {"language": "tr", "written": ["contacts/cancel"], "ours_again": []}


# ── What may stand in its place ───────────────────────────────────────────


def refused(room: str, key: str, text: str) -> str:
    with pytest.raises(ValidationError) as refusal:
        checking.check(SHELVES[room], key, text)
    return " ".join(refusal.value.messages)


def test_a_missing_placeholder_is_named() -> None:
    assert "Es fehlt: {topics}" in refused("contacts", "topics_changed", "Geändert.")


def test_an_unknown_placeholder_is_named_with_what_is_known() -> None:
    wrong = refused("contacts", "topics_changed", "Geändert: {topics}, {street}.")
    assert "Unbekannt: {street}" in wrong
    assert "{organisation}, {privacy_url}, {topics}" in wrong


@pytest.mark.parametrize("text", ["{topics} {", "{topics} {0}", "{topics} {organisation.pk}", "{topics} {topics!r}", "{{topics}} {topics}"])
def test_braces_mean_nothing_else(text: str) -> None:
    assert "Geschweifte Klammern" in refused("contacts", "topics_changed", text)


def test_too_long_a_sentence_is_refused() -> None:
    assert "höchstens 4000" in refused("contacts", "cancel", "x" * 4_001)


def test_a_command_must_be_named_by_a_word_we_understand() -> None:
    wrong = refused("contacts", "stopped", "{organisation} size artık yazmıyor. Geri dönmek için HOPLA yazın.")
    assert "START" in wrong
    said = "{organisation} size artık yazmıyor. Geri dönmek için BAŞLA yazın."
    assert checking.check(SHELVES["contacts"], "stopped", f"  {said}\r\n") == said


def test_words_that_are_commands_themselves_cannot_be_changed() -> None:
    assert "lässt sich nicht ändern" in refused("reports", "follow_word", "HINTERHER")
    assert "lässt sich nicht ändern" in refused("cases", "words", "pfütze")
    assert intake.is_one("Problem melden", "words")
    assert public_words.SHELF.everything["follow_word"]["de"] == "FOLGEN"


def test_all_our_own_sentences_would_pass() -> None:
    """No check asks more of an authority than we keep ourselves, in German and English."""
    for shelf in SHELVES.values():
        for key, versions in shelf.open.items():
            for language in ("de", "en"):
                for text in shelves.forms({language: versions[language]}):
                    checking.check(shelf, key, text)


def test_every_room_that_speaks_to_citizens_has_its_shelf() -> None:
    assert set(SHELVES) == {
        "access", "appointments", "cases", "consultations", "contacts", "dialogs", "open311", "proposals", "reports", "ways", "website",
    }  # fmt: skip
    assert all(shelf.open for shelf in SHELVES.values())


# ── How far a language is ─────────────────────────────────────────────────


def test_german_is_whole_and_a_new_language_is_empty(town: Organisation) -> None:
    assert reading.count(town, "de").percent == 100
    assert reading.count(town, "fa").there == 0
    put(town, "fa", cancel="لغو")
    assert reading.count(town, "fa").there == 1
    assert reading.count(town, "fa", [SHELVES["contacts"]]).there == 1


def test_a_language_reaches_people_once_signing_up_and_leaving_can_be_read(town: Organisation) -> None:
    assert languages.reach(town, "en")[0].lacking == 0
    assert languages.reach(town, "ar")[0].lacking == 0
    assert languages.reach(town, "de-simple")[0].lacking == 0, "it is German: what is missing can be read"
    contacts = SHELVES["contacts"].open
    assert languages.reach(town, "tr")[0].lacking == len(contacts)
    actions.put(town, "tr", {("contacts", key): text for key, text in shortest(SHELVES["contacts"]).items()}, operator=None)
    assert languages.reach(town, "tr")[0].lacking == 0


def test_leichte_sprache_can_be_chosen_in_a_messenger_once_it_is_written(town: Organisation) -> None:
    town.languages = ["de", "de-simple", "tr"]
    assert texts.offered(town) == ["de", "tr"]
    actions.put(town, "de-simple", {("contacts", key): text for key, text in shortest(SHELVES["contacts"]).items()}, operator=None)
    assert texts.offered(town) == ["de", "de-simple", "tr"]


def test_topics_are_listed_with_the_languages_own_and(town: Organisation) -> None:
    found = [Topic(key=key, title={"tr": key}) for key in ("trafik", "kültür")]
    assert texts.name_topics(found, town, "tr") == "trafik ve kültür"


def test_a_preview_is_filled_with_examples(town: Organisation) -> None:
    line = next(each for each in reading.lines(town, "de") if each.name == "contacts/welcome")
    said = reading.preview(town, line, "Hallo von {organisation}: {topics}")
    assert said == "Hallo von Stadt Musterstadt: Verkehr und Baustellen"
