"""The board: columns by state, and a move that asks for words before it happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import board_views, listing, opening
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.opening import Matter
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel

BOARD = "/o/musterstadt/anliegen/tafel/"


def opened(category: Category, **fields: Any) -> Case:
    case = opening.open(Matter(category=category, at=timezone.now()))
    Case.objects.filter(pk=case.pk).update(**fields)
    case.refresh_from_db()
    return case


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def columns(operator: Operator, **asked: str) -> dict[str, board_views.Column]:
    membership = Membership.objects.select_related("organisation").get(operator=operator)
    return {each.state: each for each in board_views.columns(membership, listing.Asked(**asked), timezone.now())}


def test_each_state_has_its_column_and_what_was_done_long_ago_is_gone(hole: Category, kemal: Operator) -> None:
    now = timezone.now()
    new, busy = opened(hole), opened(hole, state="progress")
    done = opened(hole, state="done", done_at=now)
    opened(hole, state="done", done_at=now - timedelta(days=15))
    opened(hole, state="rejected", done_at=now)
    found = {state: [row.case.pk for row in column.rows] for state, column in columns(kemal).items()}
    assert found == {"received": [new.pk], "confirmed": [], "progress": [busy.pk], "waiting": [], "done": [done.pk]}


def test_a_full_column_shows_the_nearest_deadlines_and_leads_to_the_list(hole: Category, kemal: Operator) -> None:
    case = opened(hole)
    Case.objects.bulk_create(
        Case(organisation=case.organisation, category=hole, number=f"2020-{number:05}", received_at=timezone.now()) for number in range(60)
    )
    column = columns(kemal)["received"]
    assert (len(column.rows), column.number, column.more) == (30, 61, True)
    assert column.rows[0].case == case, "the only one with a deadline"
    assert column.query == "stand=received&sortierung=frist"


def test_filters_hold_on_the_board_and_a_number_stands_in_its_own_column(hole: Category, waste: Category, kemal: Operator) -> None:
    opened(hole)
    case = opened(waste, state="progress")
    assert sum(column.number for column in columns(kemal, kategorie="waste").values()) == 1
    found = columns(kemal, worte=case.number)
    assert [state for state, column in found.items() if column.rows] == ["progress"]


def followed(category: Category, channel: Channel) -> Case:
    """A case somebody brought by messenger, who therefore follows it."""
    contact = Contact.objects.create(organisation=channel.organisation, name="Anna Beispiel")
    address = Address.objects.create(
        organisation=channel.organisation, contact=contact, channel=channel, address="anna", address_hash=b"anna",
        last_inbound_at=timezone.now(),
    )  # fmt: skip
    return opening.open(Matter(category=category, at=timezone.now(), contact=contact, address=address))


def test_a_move_is_asked_about_first_and_then_tells_who_follows(channel: Channel, hole: Category, kemal: Operator) -> None:
    case = followed(hole, channel)
    client = signed_in(kemal)
    asked = client.get(f"{BOARD}{case.number}/?nach=progress&query=team%3Dmeine").content.decode()
    assert "Ein Wort an die Beteiligten" in asked
    assert 'value="progress"' in asked
    case.refresh_from_db()
    assert case.state == "received"
    answer = client.post(
        f"{BOARD}{case.number}/", {"nach": "progress", "worte": "Wir kommen morgen.", "sagen": "on", "query": "team=meine"}
    )
    assert answer["Location"] == f"{BOARD}?team=meine"
    entry = Entry.objects.get(case=case, what="moved")
    assert (entry.data["to"], entry.told, entry.tellings.count()) == ("progress", "Wir kommen morgen.", 1)


def test_without_the_tick_nobody_is_told(channel: Channel, hole: Category, kemal: Operator) -> None:
    case = followed(hole, channel)
    signed_in(kemal).post(f"{BOARD}{case.number}/", {"nach": "waiting", "worte": ""})
    entry = Entry.objects.get(case=case, what="moved")
    assert entry.tellings.count() == 0
    case.refresh_from_db()
    assert case.answered_at is None


def test_a_state_that_does_not_follow_is_refused_and_the_words_stay(hole: Category, kemal: Operator) -> None:
    case = opened(hole, state="done", done_at=timezone.now())
    answer = signed_in(kemal).post(f"{BOARD}{case.number}/", {"nach": "waiting", "worte": "Bitte warten"})
    assert answer.status_code == 422
    assert "Bitte warten" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == "done"


def test_a_double_is_not_made_on_the_board(hole: Category, kemal: Operator) -> None:
    case = opened(hole)
    assert signed_in(kemal).post(f"{BOARD}{case.number}/", {"nach": "duplicate"}).status_code == 422


def test_confidential_cards_are_for_the_named_alone(complaint: Category, kemal: Operator, town: Organisation) -> None:
    case, stranger = opened(complaint), make_operator(town, "petra")
    assert case.number in signed_in(kemal).get(BOARD).content.decode()
    assert case.number not in signed_in(stranger).get(BOARD).content.decode()
    assert signed_in(stranger).post(f"{BOARD}{case.number}/", {"nach": "done"}).status_code == 404


def test_who_only_reads_sees_cards_without_a_button(hole: Category, town: Organisation) -> None:
    case, reader = opened(hole), make_operator(town, "leser", "viewer")
    page = signed_in(reader).get(BOARD).content.decode()
    assert case.number in page
    assert "data-ask" not in page
    assert signed_in(reader).get(f"{BOARD}{case.number}/").status_code == 403


def test_a_live_page_fetches_the_columns_alone(hole: Category, kemal: Operator) -> None:
    opened(hole)
    answer = signed_in(kemal).get(BOARD, headers={"HX-Request": "true", "HX-Target": "tafel"})
    assert b"<html" not in answer.content
    assert b'id="tafel"' in answer.content
