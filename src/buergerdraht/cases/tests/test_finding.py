"""Cases are found by number, words and place, within one house."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import finding, opening
from buergerdraht.cases.models import Case, Category
from buergerdraht.cases.tests.conftest import make_category


def test_by_number_words_and_place(town: Organisation, hole: Category, kemal: Operator) -> None:
    mine = Membership.objects.get(operator=kemal)
    now = timezone.now()
    first = opening.open(opening.Matter(category=hole, at=now, text="Tiefes Loch, Gefahr für Räder", place="Marktstraße 12"))
    second = opening.open(opening.Matter(category=hole, at=now, text="Ein Loch", place="Am Bach"))
    foreign = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    opening.open(opening.Matter(category=make_category(foreign, "x", "X"), at=now, text="Loch"))
    Case.objects.filter(pk=second.pk).update(public_text="Fahrbahnschaden")
    year = first.number[:4]
    for query, found in {
        first.number: [first], f"#{year}-1": [first], f" {year}/00002 ": [second], f"{year}-9": [], "Loch": [second, first],
        "loch gef": [first], "markt": [first], "bach loch": [second], "fahrbahn": [second], "': & | !": [], "": [second, first],
        "a' or 1=1 --": [], "rad": [],
    }.items():  # fmt: skip
        assert list(finding.search(mine, query)) == found, query


@pytest.mark.parametrize(
    ("typed", "number"),
    [("2026-42", "2026-00042"), ("#2026 - 00042", "2026-00042"), ("42", ""), ("2026", ""), ("2026-123456", "2026-123456"), ("x2026-1", "")],
)
def test_a_number_is_read_the_way_people_write_it(typed: str, number: str) -> None:
    assert finding.number(typed) == number


def test_words_are_found_by_their_index(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "case_words" in finding.with_words(Case.objects.all(), "schlagloch").explain()
