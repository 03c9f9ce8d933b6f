"""Examples while a draft is edited: green or red after each change, with the first difference, within a span of time."""

from __future__ import annotations

import pytest
from django.test import Client

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.dialogs import actions, editing, playing, proofs
from buergerdraht.dialogs.models import Dialog
from buergerdraht.dialogs.tests.conftest import make_live

DESK = "/o/musterstadt/dialoge/"
HELLO = """
key: hello
title: {de: Gruß}
steps:
  - {id: name, kind: ask, text: {de: "Wie heißen Sie?"}}
  - {id: bye, kind: end, text: {de: "Danke, {{ answers.name }}."}}
"""


@pytest.fixture
def hello(town: Organisation, kemal: Membership) -> Dialog:
    row = make_live(town, HELLO)
    actions.record_example(row, "Mit Namen", [{"say": "Paula"}], playing.Setting(), operator=kemal.operator)
    return row


def reworded(row: Dialog, kemal: Membership, words: str) -> Dialog:
    step = {"kind": "end", "text": {"de": words}}
    return actions.change(row, editing.change("bye", step), row.stamp, operator=kemal.operator)


def test_all_is_green_as_recorded_and_red_where_a_change_says_something_else(hello: Dialog, kemal: Membership) -> None:
    assert (proofs.of(hello, "de").green, proofs.of(hello, "de").red) == (1, [])
    found = proofs.of(reworded(hello, kemal, "Auf Wiedersehen."), "de")
    assert found.green == 0
    [red] = found.red
    assert (red.example.name, red.said, red.wanted) == ("Mit Namen", "Paula", "Danke, Paula.")
    assert "Auf Wiedersehen." in red.came
    assert (red.step, red.words) == ("bye", "Auf Wiedersehen.")


def test_what_is_set_right_is_green_again(hello: Dialog, kemal: Membership) -> None:
    reworded(hello, kemal, "Auf Wiedersehen.")
    hello.refresh_from_db()
    reworded(hello, kemal, "Danke, {{ answers.name }}.")
    hello.refresh_from_db()
    assert proofs.of(hello, "de").red == []


def test_when_the_time_is_over_the_rest_is_counted_and_not_called_green(hello: Dialog) -> None:
    found = proofs.of(hello, "de", span=-1.0)
    assert (found.green, found.left, found.all) == (0, 1, 1)


def test_the_editor_asks_after_each_change_and_shows_the_first_difference(desk: Client, hello: Dialog, kemal: Membership) -> None:
    page = desk.get(f"{DESK}{hello.pk}/").content.decode()
    assert f'hx-get="{DESK}{hello.pk}/beispiele/stand/"' in page
    assert "draft from:body" in page
    assert "das eine geht gut" in desk.get(f"{DESK}{hello.pk}/beispiele/stand/").content.decode()
    reworded(hello, kemal, "Auf Wiedersehen.")
    shown = desk.get(f"{DESK}{hello.pk}/beispiele/stand/").content.decode()
    assert "1 von 1 geht nicht mehr gut" in shown
    assert 'href="#schritt-bye"' in shown
    assert "Danke, Paula." in shown
    assert "Auf Wiedersehen." in shown


def test_what_is_recorded_in_the_phone_is_played_beside_the_draft_at_once(desk: Client, hello: Dialog) -> None:
    moves = {"name": "Neu", "zuege": '[{"say": "Kemal"}]', "kanal": "whatsapp", "gespielt": "de"}
    answer = desk.post(f"{DESK}{hello.pk}/beispiele/merken/", moves)
    assert answer["HX-Trigger"] == "recorded"
    assert "2 gehen gut" in desk.get(f"{DESK}{hello.pk}/beispiele/stand/").content.decode()


def test_a_dialog_without_examples_says_how_to_make_one(desk: Client, bulky: Dialog) -> None:
    assert "als Beispiel" in desk.get(f"{DESK}{bulky.pk}/beispiele/stand/").content.decode()
