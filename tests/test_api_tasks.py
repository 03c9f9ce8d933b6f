"""What is to be done for a case, as another system reads it, adds to it and ticks it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api_town import Caller, Town, complaint, token, town

from buergerdraht.cases import todo
from buergerdraht.cases.models import Entry, Task


@pytest.fixture
def here(db: None) -> Town:
    return town()


@pytest.fixture
def caller(here: Town) -> Caller:
    return Caller(token(here)[1])


def listed(caller: Caller, of: Town, **asked: Any) -> list[str]:
    return [row["text"] for row in json.loads(caller.get(f"/cases/{of.case.pk}/tasks", **asked).content)["items"]]


def test_a_planner_adds_ticks_and_unticks_and_the_history_names_it(here: Town, caller: Caller) -> None:
    path = f"/cases/{here.case.pk}/tasks"
    made = caller.post(path, {"text": " Warnbake aufstellen "}, key="eins")
    assert made.status_code == 201
    row = json.loads(made.content)
    assert (row["text"], row["done"], row["done_at"]) == ("Warnbake aufstellen", False, None)
    assert json.loads(caller.post(path, {"text": " Warnbake aufstellen "}, key="eins").content) == row
    assert listed(caller, here) == ["Absperren", "Warnbake aufstellen"]
    ticked = json.loads(caller.post(f"{path}/{row['id']}/tick", {"done": True}).content)
    assert (ticked["done"], ticked["done_at"] is None) == (True, False)
    assert json.loads(caller.post(f"{path}/{row['id']}/tick", {"done": True}).content) == ticked, "twice is once"
    assert (listed(caller, here, done=True), listed(caller, here, done=False)) == (["Warnbake aufstellen"], ["Absperren"])
    assert json.loads(caller.post(f"{path}/{row['id']}/tick", {"done": False}).content)["done"] is False
    said = Entry.objects.filter(case=here.case, what__startswith="task_").order_by("pk").values_list("what", "operator__name")
    assert list(said) == [("task_added", "Ratsinfo"), ("task_done", "Ratsinfo"), ("task_undone", "Ratsinfo")]


def test_what_is_empty_or_too_long_or_one_too_many_is_refused(here: Town, caller: Caller) -> None:
    path = f"/cases/{here.case.pk}/tasks"
    assert [caller.post(path, {"text": text}).status_code for text in ("", "x" * 301)] == [422, 422]
    assert caller.post(path, {"text": "   "}).status_code in {409, 422}
    Task.objects.bulk_create(Task(case=here.case, text="Noch etwas") for _round in range(todo.MOST - 1))
    assert json.loads(caller.post(path, {"text": "Zu viel"}).content)["code"] == "not_now"


def test_a_number_in_a_task_is_hidden_and_a_confidential_case_has_none(here: Town, caller: Caller) -> None:
    Task.objects.filter(pk=here.task.pk).update(text="Zahlung von DE89 3704 0044 0532 0130 00 prüfen")
    assert "0532" not in listed(caller, here)[0]
    hidden = complaint(here)
    task = Task.objects.create(case=hidden, text="Geheim")
    assert caller.get(f"/cases/{hidden.pk}/tasks").status_code == 404
    assert caller.post(f"/cases/{hidden.pk}/tasks/{task.pk}/tick", {"done": True}).status_code == 404
    assert caller.post(f"/cases/{here.case.pk}/tasks/{task.pk}/tick", {"done": True}).status_code == 404
