"""An export of another system becomes drafts, and every piece of it is told of."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.dialogs import moving_in
from buergerdraht.dialogs.models import Dialog


def flow(name: str, uuid: str, *, then: str = "") -> dict:
    actions: list[dict] = [{"type": "send_msg", "uuid": f"{uuid}a", "text": f"Hallo aus {name}"}]
    if then:
        actions.append({"type": "enter_flow", "uuid": f"{uuid}b", "flow": {"uuid": then, "name": "x"}, "terminal": False})
    node = {"uuid": f"{uuid}n", "actions": actions, "exits": [{"uuid": f"{uuid}e", "destination_uuid": None}]}
    return {
        "uuid": uuid,
        "name": name,
        "spec_version": "13.1.0",
        "language": "deu",
        "type": "messaging",
        "nodes": [node],
        "localization": {},
    }


EXPORT = json.dumps(
    {"version": "13", "flows": [flow("Eins", "f1", then="f2"), flow("Zwei", "f2")], "campaigns": [], "triggers": []}
).encode()


@pytest.fixture
def editor(kemal: Membership, client: Client) -> Client:
    client.force_login(kemal.operator)
    return client


def test_flows_become_drafts_with_a_report(town: Organisation, editor: Client) -> None:
    answer = editor.post("/o/musterstadt/dialoge/neu/", {"file": SimpleUploadedFile("export.json", EXPORT)})
    shown = answer.content.decode()
    assert "Eins" in shown
    assert "Zwei" in shown
    assert Dialog.objects.filter(live=None).count() == 2


def test_a_taken_key_gets_another_and_who_begins_it_follows(town: Organisation, kemal: Membership) -> None:
    first = moving_in.move_in(town, EXPORT, operator=kemal.operator)
    again = moving_in.move_in(town, EXPORT, operator=kemal.operator)
    keys = [each.dialog.key for each in [*first, *again] if each.dialog]
    assert len(set(keys)) == 4
    starts = [step["dialog"] for each in again if each.dialog for step in each.dialog.draft["steps"] if step["kind"] == "start"]
    assert starts
    assert set(starts) <= {each.dialog.key for each in again if each.dialog}


def test_a_dialog_of_ours_is_told_from_theirs() -> None:
    assert moving_in.is_theirs(EXPORT)
    assert not moving_in.is_theirs(b'{"key": "x", "title": {"de": "x"}, "steps": []}')
    assert not moving_in.is_theirs(b"key: x")
