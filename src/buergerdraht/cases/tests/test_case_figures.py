"""Cases in figures: what is counted, how long things took, and what is kept back."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.hours import BERLIN
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases import actions, figures, opening
from buergerdraht.cases.figures import Figures, Table
from buergerdraht.cases.models import Case, Category
from buergerdraht.cases.opening import Matter
from buergerdraht.cases.tests.conftest import make_operator

PAGE = "/o/musterstadt/anliegen/statistik/"
HOUR = timedelta(hours=1)


def opened(category: Category, ago: timedelta = HOUR, **fields: Any) -> Case:
    case = opening.open(Matter(category=category, at=timezone.now() - ago))
    Case.objects.filter(pk=case.pk).update(**fields)
    case.refresh_from_db()
    return case


def found(operator: Operator, **given: str) -> Figures:
    membership = Membership.objects.select_related("organisation").get(operator=operator)
    return figures.figures(membership, figures.chosen(given, timezone.localdate()), timezone.now())


def shown(table: Table) -> dict[str, list[str]]:
    return {line.name: [text for text, _value in line.cells] for line in table.lines}


def by(result: Figures, key: str) -> dict[str, list[str]]:
    return shown(next(table for table in result.tables if table.key == key))


@pytest.fixture
def staffed(yard: Team, kemal: Operator, town: Organisation) -> Team:
    for operator in (kemal, make_operator(town, "ben")):
        Membership.objects.get(operator=operator).teams.add(yard)
    return yard


def test_what_came_in_is_counted_beside_what_became_of_it(hole: Category, waste: Category, staffed: Team, kemal: Operator) -> None:
    for _number in range(6):
        opened(hole)
    now = timezone.now()
    for _number in range(5):
        opened(waste, timedelta(days=2), state="done", done_at=now, due_at=now + HOUR)
    opened(waste, timedelta(days=400))
    result = found(kemal)
    assert (result.total.new, result.total.open, result.total.done) == (11, 6, 5)
    categories = by(result, "category")
    assert categories["Schlagloch"][:3] == ["6", "6", "0"]
    assert categories["Wilder Müll"][:3] == ["5", "0", "5"]
    assert by(result, "team")["Bauhof"][0] == "11"
    assert by(result, "state") == {name: row for name, row in by(result, "state").items() if name in {"Eingegangen", "Erledigt"}}


def test_times_are_the_median_and_what_nine_in_ten_do_not_exceed(hole: Category, kemal: Operator) -> None:
    now = timezone.now()
    for hours in range(1, 12):
        case = opened(hole, timedelta(days=3))
        Case.objects.filter(pk=case.pk).update(answered_at=case.received_at + hours * HOUR, state="done", done_at=now)
    total = found(kemal).total
    assert total.answer == (pytest.approx(6 * 3600), pytest.approx(10 * 3600))
    assert total.finish[0] == pytest.approx(3 * 86400, rel=0.01)


def test_a_deadline_is_kept_by_what_was_done_in_time_and_missed_by_what_is_late(hole: Category, kemal: Operator) -> None:
    now = timezone.now()
    for _number in range(3):
        opened(hole, state="done", done_at=now, due_at=now + HOUR)
    opened(hole, state="done", done_at=now, due_at=now - HOUR)
    opened(hole, due_at=now - HOUR)
    opened(hole, due_at=now + HOUR)
    opened(hole, due_at=None)
    total = found(kemal).total
    assert (total.kept, total.promised) == (3, 5)


def test_what_was_taken_up_again_is_counted_once(hole: Category, kemal: Operator) -> None:
    cases = [opened(hole) for _number in range(5)]
    for _round in range(2):
        actions.move(cases[0], "done", operator=kemal)
        actions.reopen(cases[0], None)
    actions.move(cases[1], "waiting", operator=kemal)
    actions.move(cases[1], "progress", operator=kemal)
    result = found(kemal)
    assert result.total.reopened == 1
    assert by(result, "category")["Schlagloch"][-1] == "1"


def test_confidential_cases_are_counted_for_the_named_alone(complaint: Category, kemal: Operator, town: Organisation) -> None:
    for _number in range(5):
        opened(complaint)
    assert found(kemal).total.new == 5
    assert found(make_operator(town, "petra")).total.new == 0


def test_small_groups_are_kept_back_so_that_none_can_be_reckoned(
    hole: Category, waste: Category, kemal: Operator, town: Organisation
) -> None:
    lamp = Category.objects.create(organisation=town, key="lamp", title={"de": "Laterne"})
    for category, number in ((hole, 9), (waste, 6), (lamp, 2)):
        for _number in range(number):
            opened(category)
    categories = by(found(kemal), "category")
    assert categories["Laterne"] == ["–"] * 9
    assert categories["Wilder Müll"] == ["–"] * 9, "else Laterne is the total without the others"
    assert categories["Schlagloch"][0] == "9"


def test_hidden_groups_are_together_never_smaller_than_one_that_may_be_shown() -> None:
    assert figures.kept_back({"a": 9, "b": 7}) == set()
    assert figures.kept_back({"a": 9, "b": 1}) == {"a", "b"}
    assert figures.kept_back({"a": 30, "b": 9, "c": 1, "d": 1}) == {"b", "c", "d"}
    assert figures.kept_back({"a": 30, "b": 3, "c": 3, "d": 0}) == {"b", "c"}


def test_a_team_of_one_shows_no_times(hole: Category, yard: Team, kemal: Operator) -> None:
    Membership.objects.get(operator=kemal).teams.add(yard)
    for _number in range(6):
        opened(hole, answered_at=timezone.now())
    row = by(found(kemal), "team")["Bauhof"]
    assert row[0] == "6"
    assert row[3:8] == ["–"] * 5


def test_fewer_than_five_in_all_give_no_figures(hole: Category, kemal: Operator) -> None:
    for _number in range(4):
        opened(hole)
    result = found(kemal)
    assert result.too_few
    assert result.tables == []


def test_a_month_begins_at_midnight_in_berlin(hole: Category, kemal: Operator) -> None:
    moment = datetime(2026, 3, 1, 0, 30, tzinfo=BERLIN)
    for _number in range(5):
        opened(hole, timezone.now() - moment)
    months = by(found(kemal, zeit="frei", von="2026-03-01", bis="2026-03-31"), "month")
    assert list(months) == ["März 2026"]


def test_days_are_read_whatever_an_address_says() -> None:
    today = date(2026, 11, 29)
    assert figures.chosen({"zeit": "jahr"}, today).first == date(2026, 1, 1)
    assert (figures.chosen({"zeit": "vorjahr"}, today).first, figures.chosen({"zeit": "vorjahr"}, today).last) == (
        date(2025, 1, 1),
        date(2025, 12, 31),
    )
    turned = figures.chosen({"zeit": "frei", "von": "2026-02-01", "bis": "2026-01-01"}, today)
    assert (turned.first, turned.last) == (date(2026, 1, 1), date(2026, 2, 1))
    for wrong in ({"von": "x", "bis": "y"}, {"von": "1970-01-01", "bis": "2026-01-01"}, {"von": "0001-01-01", "bis": "0001-01-02"}):
        assert figures.chosen({"zeit": "frei", **wrong}, today).problem
    assert figures.chosen({"zeit": "'; drop"}, today).choice == "90"


def test_the_page_has_a_picture_and_a_table_and_the_file_says_the_same(hole: Category, staffed: Team, kemal: Operator) -> None:
    for _number in range(6):
        opened(hole, answered_at=timezone.now())
    client = Client()
    client.force_login(kemal)
    page = client.get(PAGE).content.decode()
    assert 'role="img"' in page
    assert "Als Tabelle anzeigen" in page
    text = client.get(f"{PAGE}tabelle/?tabelle=team").content.decode()
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert rows[1][:2] == ["Bauhof", "6"]
    assert rows[1][4] == "1,0", "hours, to reckon with"
    assert client.get(f"{PAGE}tabelle/?tabelle=personen").status_code == 404
