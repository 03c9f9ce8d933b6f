"""The walks of a dialog as a table for whoever hands something out: names, answers and codes, for those who may have them."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.conversations.models import Conversation
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.tests.conftest import Say, make_live

DESK = "/o/musterstadt/dialoge/"
FOOD = """
key: food
title: {de: Verpflegung}
triggers: [{on: words, words: {de: [Essen]}}]
steps:
- {id: people, kind: ask, want: number, text: {de: "Für wie viele Menschen?"}, title: {de: Menschen}}
- {id: wish, kind: ask, text: {de: "Was brauchen Sie?"}}
- {id: register, kind: case, team: Bauhof, label: Verpflegung, save: code}
- {id: bye, kind: end, text: {de: "Ihr Code: {{ answers.code }}"}}
"""


@pytest.fixture
def food(town: Organisation, yard: object) -> Dialog:
    return make_live(town, FOOD)


def rows(client: Client, dialog: Dialog, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{DESK}{dialog.pk}/verlaeufe.csv{query}")
    assert answer.status_code == 200
    assert answer.streaming
    assert answer["Cache-Control"] == "no-store"
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def test_every_walk_is_a_row_with_its_answers_and_the_code_it_was_given(desk: Client, food: Dialog, say: Say) -> None:
    say("paula", "Essen")
    say("paula", "4")
    code = say("paula", "Wasser und Brot").removeprefix("Ihr Code: ").strip("* ")
    assert code
    say("wim", "Essen")
    say("wim", "2")
    wim, paula = rows(desk, food)
    assert list(paula)[7:] == ["Menschen", "Was brauchen Sie?", "Nummer des Anliegens"]
    assert list(paula.values())[2:] == [
        "zu Ende geführt", "Telegram", "Paula Beispiel", "paula", "1", "4", "Wasser und Brot", code,
    ]  # fmt: skip
    assert paula["Begonnen"]
    assert paula["Beendet"]
    assert (wim["Stand"], wim["Beendet"], wim["Menschen"], wim["Was brauchen Sie?"]) == ("läuft", "", "2", "")
    assert [each["Name"] for each in rows(desk, food, "?stand=done")] == ["Paula Beispiel"]


def test_answers_of_an_older_version_keep_their_column(desk: Client, town: Organisation, food: Dialog, say: Say) -> None:
    say("paula", "Essen")
    say("paula", "4")
    make_live(town, FOOD.replace("id: people", "id: heads").replace("Menschen}", "Köpfe}"))
    say("wim", "Essen")
    say("wim", "2")
    wim, paula = rows(desk, food)
    assert (paula["Menschen"], paula["Köpfe"]) == ("4", "")
    assert (wim["Menschen"], wim["Köpfe"]) == ("", "2")
    assert list(wim)[7:] == ["Köpfe", "Menschen"], "the newest first; what nobody answered has no column"


def test_two_questions_of_one_title_stay_apart(desk: Client, town: Organisation, say: Say) -> None:
    both = make_live(town, FOOD.replace("title: {de: Menschen}", 'title: {de: "Was brauchen Sie?"}'))
    say("paula", "Essen")
    say("paula", "4")
    say("paula", "Brot")
    (row,) = rows(desk, both)
    assert (row["Was brauchen Sie? (people)"], row["Was brauchen Sie? (wish)"]) == ("4", "Brot")


def test_a_formula_stays_text(desk: Client, food: Dialog, say: Say) -> None:
    say("paula", "Essen")
    say("paula", "4")
    say("paula", '=HYPERLINK("https://boese.example")')
    assert rows(desk, food)[0]["Was brauchen Sie?"] == '\'=HYPERLINK("https://boese.example")'


def test_nobody_gets_rows_of_threads_they_may_not_see(desk: Client, food: Dialog, say: Say) -> None:
    say("paula", "Essen")
    Conversation.objects.update(confidential=True)
    assert rows(desk, food) == []


def test_only_who_may_take_contacts_out_gets_the_table_or_its_button(town: Organisation, desk: Client, food: Dialog, say: Say) -> None:
    say("paula", "Essen")
    assert "verlaeufe.csv" in desk.get(f"{DESK}{food.pk}/verlaeufe/").content.decode()
    reader = Client()
    operator = Operator.objects.create_user("vera@musterstadt.example", name="Vera")
    Membership.objects.create(organisation=town, operator=operator, roles=["viewer", "editor"])
    reader.force_login(operator)
    assert "verlaeufe.csv" not in reader.get(f"{DESK}{food.pk}/verlaeufe/").content.decode()
    assert reader.get(f"{DESK}{food.pk}/verlaeufe.csv").status_code == 403


def test_an_export_is_written_down_by_number_alone(desk: Client, food: Dialog, kemal: Membership, say: Say) -> None:
    say("paula", "Essen")
    rows(desk, food)
    entry = AuditEntry.objects.get(action="dialogs.export_walks")
    assert (entry.operator, entry.subject, entry.details) == (kemal.operator, f"dialog:{food.pk}", {"count": 1})
