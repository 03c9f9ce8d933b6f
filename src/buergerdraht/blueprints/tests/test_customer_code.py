"""How somebody proves who they are at the utility desk: what the customer account is sent, and what stays of the code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from buergerdraht.blueprints.dialogs_step import played
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.dialogs import calling, examples, walk_table
from buergerdraht.dialogs.played import NOON
from buergerdraht.dialogs.walk import HANDED, Walk

DESK = all_blueprints()["utility_desk"]
CODE = "K7M422QX"
NUMBERS = ["47110815", "4711 0815", "4711-0815", "47 11 08 15", "4711-08 15"]
CODES = ["K7M4-22QX", "K7M4 22QX", "K7M422QX", "k7m422qx", "k7m4-22qx"]
ANSWERS = {"instalment": "84", "due": "1.3.", "matter_id": "v17", "matter_url": "https://konto.example.org/v17"}


@dataclass
class Account:
    url: str = "https://konto.example.org/api"


def begun(key: str, *said: str) -> examples.Course:
    """Somebody who said all this to a dialog."""
    course = examples.Course(DESK.dialog(key, "sie"), played(DESK, "sie", "de", NOON.date()), "de")
    for text in said:
        examples.step(course, {"say": text})
    return course


def asked(course: examples.Course) -> tuple[str, dict[str, Any]]:
    """What the customer account would be asked: path and body, as the house makes them of the step that stands."""
    _serial, step, facts = course.world.calls[-1]
    request = calling.build(step, Account(), facts)
    return request.url.removeprefix(Account.url), json.loads(request.body)


def holds(walk: Walk) -> bool:
    """Whether anything people or other systems read of a walk holds the code."""
    kept = [*walk_table.answers(walk).values(), *(words for _name, _title, words in walk.shown), *map(str, walk.answers.values())]
    return any(CODE in each.replace("-", "").upper() for each in kept)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_customer_number_is_sent_as_digits_however_it_was_written(number: str) -> None:
    assert asked(begun("customer_code", "ja", number, "K7M4-22QX"))[0] == "/kunden/47110815/anmeldung"
    assert asked(begun("customer_code", "nein", number)) == ("/kunden/47110815/brief", {"anlass": "anmeldung"})
    assert asked(begun("instalment_online", number)) == ("/vorgaenge", {"kunde": "47110815", "anlass": "abschlag"})


@pytest.mark.parametrize("code", CODES)
def test_the_code_is_sent_as_the_account_knows_it_however_it_was_written(code: str) -> None:
    assert asked(begun("customer_code", "ja", "471108", code)) == ("/kunden/471108/anmeldung", {"code": CODE})


@pytest.mark.parametrize("number", ["4711", "4 7 1 1 0", "4711  08", "4 - 7 1 1", "471 108 A", "1234567890123"])
def test_fewer_than_six_digits_are_no_customer_number_and_cost_no_try(number: str) -> None:
    for key, before in (("customer_code", ("ja",)), ("customer_code", ("nein",)), ("instalment_online", ())):
        course = begun(key, *before, number)
        assert course.world.calls == []
        assert "mindestens sechs Ziffern" in course.world.said[-1].text


@pytest.mark.parametrize(("outcome", "then"), [("yes", "known"), ("no", "customer"), ("failure", "later")])
def test_nothing_of_a_walk_holds_the_code_once_the_account_answered(outcome: str, then: str) -> None:
    course = begun("customer_code", "ja", "471108", "K7M4-22QX")
    assert holds(course.walk)
    examples.step(course, {"call": outcome, "answers": ANSWERS if outcome == "yes" else {}})
    assert course.walk.here.step == then
    assert not holds(course.walk)
    assert walk_table.answers(course.walk)["customer"] == "471108"


def test_whoever_takes_over_after_three_wrong_codes_is_told_no_code() -> None:
    course = begun("customer_code", "ja")
    for _time in range(3):
        examples.step(course, {"say": "471108"})
        examples.step(course, {"say": "K7M4-22QX"})
        examples.step(course, {"call": "no"})
    assert course.walk.state == HANDED
    assert not holds(course.walk)
    summary = next(words for what, words in course.world.notes if what == "hand_over")
    assert "471108" in summary
    assert "K7M4" not in summary


def test_a_code_that_meets_a_lock_is_emptied_unsent() -> None:
    course = begun("customer_code", "ja", "471108")
    course.world.wrong["kundenkonto"] = -1
    examples.step(course, {"say": "K7M4-22QX"})
    assert course.world.calls == []
    assert course.walk.state == HANDED
    assert not holds(course.walk)
    assert "K7M4" not in str(course.world.notes)


def test_a_person_orders_one_letter_a_week_and_is_told_so() -> None:
    course = begun("customer_code", "nein", "471108")
    examples.step(course, {"call": "no"})
    assert course.world.fields == {"code_letter_week": "2026-49"}
    again = played(DESK, "sie", "de", NOON.date())
    again.fields = dict(course.world.fields)
    second = examples.Course(DESK.dialog("customer_code", "sie"), again, "de")
    examples.step(second, {"say": "nein"})
    assert "Diese Woche haben Sie schon einen Brief bestellt" in again.said[-1].text
    assert again.calls == []


def test_next_week_or_after_a_failure_the_letter_can_be_ordered_again() -> None:
    course = begun("customer_code", "nein", "471108")
    examples.step(course, {"call": "failure"})
    assert course.world.fields == {}
    later = played(DESK, "sie", "de", NOON.date())
    later.fields = {"code_letter_week": "2026-48"}
    second = examples.Course(DESK.dialog("customer_code", "sie"), later, "de")
    examples.step(second, {"say": "nein"})
    examples.step(second, {"say": "471108"})
    assert [step.id for _serial, step, _facts in later.calls] == ["letter"]
