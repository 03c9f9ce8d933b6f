"""Our people read what the editor says in their language, whoever looked before them; citizens keep theirs."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.test import Client
from django.utils.translation import override

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.dialogs import checking, conditions, document, editing, translations
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.rapidpro import bringing
from buergerdraht.dialogs.rapidpro.report import TITLES
from buergerdraht.dialogs.tests.conftest import Say
from buergerdraht.dialogs.tests.test_machine import BULKY
from buergerdraht.dialogs.ways import ways

DESK = "/o/musterstadt/dialoge/"


@pytest.fixture(autouse=True)
def in_german() -> Iterator[None]:
    """Begin in German, and leave no request's language to other tests."""
    with override("de"):
        yield


def signed_in(town: Organisation, name: str, language: str) -> Client:
    operator = Operator.objects.create_user(f"{name}@musterstadt.example", name=name.title(), language=language)
    Membership.objects.create(organisation=town, operator=operator, roles=["editor"])
    client = Client()
    client.force_login(operator)
    return client


def test_two_who_look_one_after_the_other_each_read_their_language(town: Organisation, bulky: Dialog) -> None:
    bulky.draft["steps"][0]["text"] = {"de": "{{ answers.nichts }}"}
    bulky.save()
    german, english = signed_in(town, "kirsten", "de"), signed_in(town, "emma", "en")
    for _turn in range(2):
        page = german.get(f"{DESK}{bulky.pk}/").content.decode()
        assert "Die Antwort „nichts“ gibt es nicht." in page
        assert "Bearbeiten" in page
        page = english.get(f"{DESK}{bulky.pk}/").content.decode()
        assert "There is no answer “nichts”." in page
        assert "Die Antwort" not in page
        assert "Histories" in page
    answer = english.post(f"{DESK}{bulky.pk}/stand/ausschalten/", follow=True).content.decode()
    assert "Switched off. Whoever is in the dialog now still gets to its end." in answer


def test_citizens_hear_their_language_whatever_our_people_read(say: Say, bulky: Dialog) -> None:
    with override("en"):
        assert "Was möchten Sie?" in say("paula", "Sperrmüll")


def test_words_of_conditions_are_meant_in_every_language_of_the_desk() -> None:
    for word in ("Montag", "monday"):
        assert conditions.meant("weekday:", "is", word, {"steps": []})["value"] == "0"
    for word in ("geschlossen", "closed", "zu"):
        assert conditions.meant("hours:", "is", word, {"steps": []})["value"] == "closed"
    with override("en"):
        assert conditions.shown({"of": "weekday", "value": "6"}, {"steps": []}, "de") == "Sunday"
        assert conditions.meant("weekday:", "one_of", "Samstag, Sunday", {"steps": []})["value"] == "5,6"


def test_ways_refusals_and_problems_are_said_in_the_language_at_hand() -> None:
    read = document.read(BULKY)
    question = next(step for step in read.steps if isinstance(step, document.AskStep))
    draft = document.plain(read)
    with override("en"):
        assert "not understood" in [way.why for way in ways(read, question)]
        with pytest.raises(document.Unreadable, match="The entry “colour” is unknown"):
            document.load({**draft, "colour": "red"})
        with pytest.raises(editing.Refused, match="no longer exists"):
            editing.remove("nirgends").apply(deepcopy(draft))
        with pytest.raises(translations.Unreadable, match="not a readable XLIFF file"):
            translations.from_xliff("<", draft)
        assert translations.lines(draft)[0].where == "Dialog: Title"


def test_a_report_of_a_flow_and_its_titles_are_in_the_language_at_hand() -> None:
    export = {"flows": [{"uuid": "f", "name": "Flow", "language": "eng", "nodes": [
        {"uuid": "n", "actions": [{"type": "send_email", "uuid": "a", "subject": "x"}], "exits": [{"uuid": "e"}]},
    ]}]}  # fmt: skip
    with override("en"):
        [found] = bringing.bring(export)
        assert found.report.unreadable == "No step of this flow can be taken over."
        assert str(found.report.left[0]) == "Node 1 (n), action 1: send_email. " + (
            "A dialog does not send e-mails. Please open a case instead; the team is notified."
        )
        assert str(TITLES["action"]) == "Action"
    [found] = bringing.bring(export)
    assert "E-Mails verschickt ein Dialog nicht" in found.report.left[0].why


def test_a_text_that_is_not_translated_yet_is_told_by_its_code_in_every_language() -> None:
    read = document.read(
        "key: x\ntitle: {de: X, en: X}\nlanguages: [de, en]\ntriggers: [{on: menu}]\nsteps: [{id: a, kind: end, text: {de: A}}]"
    )
    for language, sentence in (("de", "Noch nicht übersetzt: Englisch."), ("en", "Not translated yet: English.")):
        with override(language):
            [found] = checking.find(read)
            assert (found.code, found.sentence) == (checking.UNTRANSLATED, sentence)
