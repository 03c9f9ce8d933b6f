"""The inbox in figures: counted right, bounded by house and sight, silent about small groups, quick by an index."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Role, Team
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation, Desk, Stretch, TeamRule
from buergerdraht.insights import desk
from buergerdraht.insights.desk_tables import HIDDEN, Table, tables
from buergerdraht.insights.desk_views import harmless
from buergerdraht.insights.groups import Size, kept_back
from buergerdraht.insights.period import chosen

pytestmark = pytest.mark.django_db
PAGE = "/o/stadt/zahlen/posteingang/"


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de"])


def member(town: Organisation, *roles: str, name: str = "anna") -> Membership:
    operator = Operator.objects.create_user(f"{name}@{town.slug}.example", name="Anna Amt")
    return Membership.objects.create(organisation=town, operator=operator, roles=list(roles or [Role.VIEWER]))


def fresh(membership: Membership) -> Membership:
    """As a request has it: nothing remembered."""
    return Membership.objects.select_related("organisation").get(pk=membership.pk)


def matter(town: Organisation, at: datetime | None = None, *, confidential: bool = False, **wish: Any) -> Stretch:
    contact = Contact.objects.create(organisation=town, name="Emine")
    team = wish.get("team")
    thread = Conversation.objects.create(organisation=town, contact=contact, confidential=confidential, team=team)
    return Stretch.objects.create(organisation=town, conversation=thread, opened_at=at or timezone.now(), **wish)


def figures(membership: Membership, **asked: str) -> desk.Figures:
    return desk.figures(fresh(membership), chosen(asked, timezone.localdate()))


def table(membership: Membership, key: str) -> Table:
    found = tables(membership.organisation, figures(membership))
    return next(each for each in found if each.key == key)


def test_matters_are_counted_with_their_times_deadlines_and_marks(town: Organisation) -> None:
    team = Team.objects.create(organisation=town, name="Amt")
    TeamRule.objects.create(team=team, answer_minutes=30)
    now = timezone.now()
    for minutes in (10, 20, 40):
        matter(town, team=team, answered_at=now, answer_seconds=minutes * 60, closed_at=now, mark=5 if minutes < 40 else 2)
    matter(town, answered_at=now, answer_seconds=4 * 3600)
    matter(town)
    total = figures(member(town)).total
    assert (total.new, total.answered, total.closed) == (5, 4, 3)
    assert (total.time(0.5), total.time(0.9)) == (1200, 14400)
    assert (total.promised, total.kept) == (3, 2)
    assert (total.mark(), total.marks) == (4.0, (0, 1, 0, 0, 2))


def test_another_house_and_what_one_may_not_see_are_not_counted(town: Organisation) -> None:
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    mine, theirs = (Team.objects.create(organisation=town, name=name) for name in ("A", "B"))
    matter(other)
    matter(town, team=mine)
    matter(town, team=theirs)
    hidden = matter(town, confidential=True, team=mine)
    reader = member(town)
    reader.teams.add(mine)
    assert figures(reader).total.new == 2
    Desk.objects.create(organisation=town, teams_apart=True)
    assert figures(reader).total.new == 1
    hidden.conversation.named.add(reader.operator)
    assert figures(reader).total.new == 2


def test_the_period_has_its_bounds_in_local_days(town: Organisation) -> None:
    midnight = datetime(2026, 6, 10, tzinfo=ZoneInfo(desk.ZONE))
    for at in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=1, seconds=-1), midnight + timedelta(days=1)):
        matter(town, at)
    assert figures(member(town), zeit="frei", von="2026-06-10", bis="2026-06-10").total.new == 2


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2026-02-10", "2026-03-11"),
        ({"zeit": "7"}, "2026-03-05", "2026-03-11"),
        ({"zeit": "monat"}, "2026-03-01", "2026-03-11"),
        ({"zeit": "vormonat"}, "2026-02-01", "2026-02-28"),
        ({"zeit": "unsinn"}, "2026-02-10", "2026-03-11"),
        ({"zeit": "frei", "von": "2026-03-09", "bis": "2026-03-01"}, "2026-02-10", "2026-03-11"),
        ({"zeit": "frei", "von": "2020-01-01", "bis": "2026-03-01"}, "2025-03-01", "2026-03-01"),
    ],
)
def test_the_address_says_which_days(asked: dict[str, str], first: str, last: str) -> None:
    period = chosen(asked, date(2026, 3, 11))
    assert (str(period.first), str(period.last)) == (first, last)


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 9, "b": 7}, set()),
        ({"a": 9, "b": 7, "c": 2}, {"b", "c"}),  # else c is the total without a and b
        ({"a": 9, "b": 3, "c": 2}, {"b", "c"}),
        ({"a": 9, "b": 1, "c": 1}, {"a", "b", "c"}),  # two together are still too few
        ({"a": 9, "b": 0}, set()),
    ],
)
def test_small_groups_cannot_be_reckoned_from_the_rest(sizes: dict[str, int], hidden: set[str]) -> None:
    assert kept_back({key: Size(number) for key, number in sizes.items()}, 5) == hidden


def test_a_team_of_few_is_a_small_group_however_much_it_answers() -> None:
    groups = {"large": Size(50, 8), "small": Size(40, 2), "third": Size(60, 9)}
    assert kept_back(groups, 5) == {"small", "large"}


def test_the_works_council_sees_no_person_and_no_small_group(town: Organisation) -> None:
    boss = member(town, Role.ADMINISTRATOR)
    team = Team.objects.create(organisation=town, name="Zu zweit")
    for _number in range(6):
        matter(town, team=team, operator=boss.operator, answered_at=timezone.now(), answer_seconds=60)
    rows = {row.name: row for row in table(boss, "teams").rows}
    assert rows["Zu zweit"].hidden
    assert {cell.value for cell in rows["Zu zweit"].cells} == {HIDDEN}
    assert not figures(boss).by_person
    Desk.objects.create(organisation=town, works_council=False)
    assert [row.name for row in table(boss, "personen").rows] == ["Anna Amt"]
    assert not figures(member(town, Role.AGENT, name="berta")).by_person


def test_fewer_matters_than_a_group_are_shown_to_nobody(town: Organisation) -> None:
    reader = member(town)
    matter(town, mark=1)
    assert tables(town, figures(reader)) == []


class TestPage:
    @pytest.fixture
    def client(self, town: Organisation) -> Client:
        client = Client()
        client.force_login(member(town).operator)
        return client

    def test_every_table_has_its_picture_and_its_export(self, town: Organisation, client: Client) -> None:
        for _number in range(8):
            matter(town, mark=4, mark_text="freundlich")
        page = client.get(PAGE).content.decode()
        for key in ("tage", "antwortzeit", "stunden", "themen", "kanaele", "teams", "bewertungen"):
            assert f'id="t-{key}"' in page
            text = client.get(f"{PAGE}tabelle/?tabelle={key}&zeit=30")
            assert text.status_code == 200
            assert text.content.decode().startswith("\ufeff")
        assert page.count('role="img"') == 7
        assert "freundlich" in page
        assert client.get(f"{PAGE}tabelle/?tabelle=personen").status_code == 404

    def test_an_empty_house_says_so(self, client: Client) -> None:
        assert "begann keine Unterhaltung" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@x"])
def test_no_cell_of_an_export_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("name", ["matters", "answer_times"])
def test_the_counts_read_the_days_by_their_index_and_no_message(town: Organisation, name: str, apart: bool) -> None:
    Desk.objects.create(organisation=town, teams_apart=apart)
    first, now = matter(town), timezone.now()
    Stretch.objects.bulk_create(
        Stretch(organisation=town, conversation=first.conversation, opened_at=now - timedelta(days=day)) for day in range(2_000)
    )
    text, values = desk.statement(name, fresh(member(town)), chosen({}, timezone.localdate()))
    assert "conversations_message" not in text
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")  # the tables of a test are small
        cursor.execute("analyze conversations_stretch")  # else every index costs the same
        cursor.execute("explain (format json) " + text, values)
        found = cursor.fetchone()[0]
    plan = found if isinstance(found, str) else json.dumps(found)
    assert '"stretch_day"' in plan
