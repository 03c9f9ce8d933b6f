"""Ready-made sections: put anywhere, in both forms of address, under names that are free; taken back in one step."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.appointments.models import Offer
from buergerdraht.dialogs import checking, document, editing, examples, sections
from buergerdraht.dialogs.knowing import House
from buergerdraht.dialogs.models import Dialog, Table
from buergerdraht.dialogs.played import Played
from buergerdraht.dialogs.tests.conftest import make_live
from buergerdraht.dialogs.ways import reached

DESK = "/o/musterstadt/dialoge/"
DRAFT = """
key: report
title: {de: Meldung, en: Report}
languages: [de, en]
triggers: [{on: menu}]
steps:
  - {id: what, kind: ask, text: {de: "Was ist los?", en: "What is the matter?"}}
  - {id: bye, kind: end, text: {de: "Danke.", en: "Thank you."}}
"""
ALL = sorted(sections.sections())
SIE = re.compile(r"\b(Sie|Ihnen|Ihr|Ihre|Ihren|Ihrem|Ihrer)\b")
DU = re.compile(r"\b(du|dir|dich|dein|deine|deinen|deinem|deiner)\b", re.I)


@pytest.fixture
def house(town: Organisation) -> House:
    Offer.objects.create(organisation=town, key="amt", title={"de": "Amt"}, minutes=20)
    return House(town)


def with_section(key: str, house: House, after: str = "what", draft: str = DRAFT) -> document.Dialog:
    values = document.plain(document.read(draft))
    made = sections.steps(sections.sections()[key], values["languages"], house)
    return document.load(editing.add_section(key, made, after).apply(deepcopy(values)))


def play(dialog: document.Dialog, *moves: Any, language: str = "de", **more: Any) -> None:
    spoken = [{"say": each} if isinstance(each, str) else each for each in moves]
    verdict = examples.play(dialog, spoken, Played(dialogs={dialog.key: dialog}, language=language, **more), language)
    assert verdict.good, f"{verdict.move}: {verdict.problem}"


@pytest.mark.parametrize("form", ["sie", "du"])
@pytest.mark.parametrize("after", ["", "what"])
@pytest.mark.parametrize("key", ALL)
def test_every_section_fits_anywhere_and_nothing_is_found_amiss(house: House, key: str, after: str, form: str) -> None:
    house.organisation.address_form = form
    dialog = with_section(key, house, after)
    assert {step.id for step in dialog.steps} <= reached(dialog)
    assert checking.find(dialog, checking.Known(offers=frozenset({"amt"}))) == []
    for step in dialog.steps:
        for path, texts in document.texts_of(step):
            assert {"de", "en"} <= set(texts), f"{step.id}.{path}"
            assert not (DU if form == "sie" else SIE).search(texts["de"]), texts["de"]


@pytest.mark.parametrize("key", ALL)
def test_put_in_twice_it_keeps_answers_of_its_own(house: House, key: str) -> None:
    once = document.plain(with_section(key, house))
    made = sections.steps(sections.sections()[key], ["de", "en"], house)
    twice = document.load(editing.add_section(key, made, "what").apply(deepcopy(once)))
    assert len(twice.steps) == 2 + 2 * len(made)
    answers = [getattr(step, "name", step.id) for step in twice.steps if isinstance(step, document.Question)]
    assert len(answers) == len(set(answers))
    second = {f"{step['id']}_2" for step in made}
    for step in twice.steps:
        if step.id in second:
            for name in {step["id"] for step in made}:
                assert not re.search(rf"(answers|raw)\.{name}\b(?!_)", str(step)), f"{step.id} speaks of the other's {name}"


def test_placeholders_and_conditions_follow_the_names_that_were_free(house: House) -> None:
    taken = DRAFT.replace("id: what", "id: appointment").replace("id: bye", "id: consent")
    dialog = with_section("appointment", house, "appointment", taken)
    booked = str(dialog.step("booked"))
    assert "{{ answers.appointment_2 }}" in booked
    assert "{{ answers.appointment_2_where }}" in booked
    agreed = with_section("consent", house, "appointment", taken).step("agreed")
    assert isinstance(agreed, document.Branch)
    assert (agreed.cases[0].when[0].name, agreed.cases[0].next) == ("consent_2", "consent")


def test_what_led_on_from_the_step_before_leads_on_behind_the_section(house: House) -> None:
    text = DRAFT.replace("{id: what, kind: ask,", "{id: what, kind: ask, next: far,").replace(
        "  - {id: bye", "  - {id: near, kind: end}\n  - {id: far, kind: end}\n  - {id: bye"
    )  # fmt: skip
    values = document.plain(with_section("contact", house, "what", text))
    steps = {step["id"]: step for step in values["steps"]}
    assert "next" not in steps["what"]
    assert [steps["answer_by"]["options"][0]["next"], steps["phone"]["next"], steps["email"]["next"]] == ["far"] * 3


def test_contact_and_rating_are_walked_through_in_both_languages(house: House) -> None:
    contact = with_section("contact", house)
    play(contact, "Lampe", "Paula", {"tap": "Mit einem Anruf"}, {"expect": "Nummer"}, "0160 1234567", {"expect": "Danke."})
    play(contact, "Lamp", "Paula", {"tap": "Here"}, {"expect": "Thank you."}, {"state": "done"}, language="en")
    rating = with_section("rating", house)
    play(rating, "Lampe", {"tap": "Schlecht"}, {"expect": "besser machen"}, "Schneller", {"expect": "Danke"}, {"state": "done"})


def test_a_no_to_the_consent_ends_it_and_a_yes_goes_on(house: House) -> None:
    consent = with_section("consent", house)
    play(consent, "Lampe", "nein", {"expect": "nichts weitergegeben"}, {"state": "done"})
    play(consent, "Lampe", "ja", {"expect": "Danke."}, {"state": "done"})


def test_office_hours_bring_people_at_once_or_ask_whether_they_should_write(house: House) -> None:
    dialog = with_section("office_hours", house)
    play(dialog, "Lampe", {"state": "handed"}, {"expect": "hole jemanden"})
    play(dialog, "Lampe", {"expect": "niemand am Platz"}, "nein", {"expect": "Danke."}, {"state": "done"}, opened=False)
    play(dialog, "Lampe", "ja", {"expect": "antwortet"}, {"state": "handed"}, opened=False)


def test_addresses_are_checked_against_the_list_of_streets_where_there_is_one(house: House) -> None:
    Table.objects.create(organisation=house.organisation, key="streets", title="Straßen", columns=["strasse"], rows=[])
    street = with_section("address", House(house.organisation)).step("street")
    assert isinstance(street, document.AskStep)
    assert (street.check.table, street.check.column) == ("streets", "strasse")


def test_a_dialog_in_another_language_gets_words_to_translate(house: House) -> None:
    made = sections.steps(sections.sections()["rating"], ["tr"], house)
    assert set(made[0]["text"]) == {"tr"}
    made = sections.steps(sections.sections()["rating"], ["tr", "en"], house)
    assert set(made[0]["text"]) == {"en"}


def test_from_the_palette_it_is_put_in_and_one_step_back_takes_all_of_it_out(desk: Client, town: Organisation) -> None:
    row = make_live(town, DRAFT)
    palette = desk.get(f"{DESK}{row.pk}/palette/?nach=what").content.decode()
    assert "Name und Kontaktwunsch" in palette
    page = desk.post(f"{DESK}{row.pk}/abschnitte/", {"stamp": row.stamp, "sprache": "de", "abschnitt": "contact", "nach": "what"})
    assert "Eingefügt: Name und Kontaktwunsch, 4 Schritte" in page.content.decode()
    row.refresh_from_db()
    assert [step["id"] for step in row.draft["steps"]] == ["what", "name", "answer_by", "phone", "email", "bye"]
    assert "Fertiger Abschnitt eingefügt: Name und Kontaktwunsch" in desk.get(f"{DESK}{row.pk}/versionen/").content.decode()
    desk.post(f"{DESK}{row.pk}/schritte/zurueck/", {"stamp": row.stamp, "sprache": "de"})
    row.refresh_from_db()
    assert [step["id"] for step in row.draft["steps"]] == ["what", "bye"]
    assert desk.post(f"{DESK}{row.pk}/abschnitte/", {"stamp": row.stamp, "abschnitt": "nichts"}).status_code == 404


def test_who_may_not_change_dialogs_puts_nothing_in(desk: Client, town: Organisation) -> None:
    row = make_live(town, DRAFT)
    Membership.objects.update(roles=["agent"])
    answer = desk.post(f"{DESK}{row.pk}/abschnitte/", {"stamp": row.stamp, "abschnitt": "contact", "nach": ""})
    assert answer.status_code == 403
    assert Dialog.objects.get().stamp == row.stamp
