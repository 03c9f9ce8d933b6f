"""The list: what each view holds, the numbers beside it, its order, its filters, what search shows; and that indexes carry it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import MediaKind, Ref, Sender
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations import listing
from buergerdraht.conversations.listing import Asked
from buergerdraht.conversations.models import Conversation, Desk, Label, SavedView
from buergerdraht.conversations.tests.conftest import Write, works_at
from buergerdraht.gateway.models import Channel

INBOX = "/o/musterstadt/posteingang/"
Make = Callable[..., Conversation]


@pytest.fixture
def team(town: Organisation, andrea: Operator) -> Team:
    team = Team.objects.create(organisation=town, name="Bürgeramt")
    andrea.memberships.get().teams.add(team)
    return team


@pytest.fixture
def make(write: Write) -> Make:
    """A conversation as the columns say; its name is the number of the citizen."""

    def made(number: int, *, text: str = "Hallo", channel: Channel | None = None, **columns: Any) -> Conversation:
        conversation = write(text, channel=channel, sender=Sender(address=f"8{number}", name=f"Person {number}")).conversation
        Conversation.objects.filter(pk=conversation.pk).update(**({"state": "open", "waiting_since": timezone.now()} | columns))
        conversation.refresh_from_db()
        return conversation

    return made


def here(operator: Operator) -> Membership:
    return operator.memberships.select_related("organisation").get()


def shown(operator: Operator, **asked: Any) -> list[int]:
    return [row.conversation.pk for row in listing.rows(here(operator), Asked(**asked))[0]]


def ago(**time: int) -> datetime:
    return timezone.now() - timedelta(**time)


def test_each_view_holds_its_own_and_the_numbers_agree(make: Make, andrea: Operator, kemal: Operator, team: Team) -> None:
    mine, teams, new = make(1, operator=andrea), make(2, operator=kemal, team=team), make(3)
    answered = make(4, operator=kemal, waiting_since=None, last_author="operator")
    later = make(5, operator=andrea, snoozed_until=timezone.now() + timedelta(hours=1))
    back = make(6, operator=andrea, snoozed_until=ago(minutes=1))
    aside, done = make(7, aside="chain", state="bot"), make(8, state="closed")
    make(9, state="bot")
    views = {
        "meine": {mine, back}, "team": {teams}, "neu": {new}, "wartet": {answered}, "alle": {mine, teams, new, answered, back},
        "zurueckgestellt": {later}, "beiseite": {aside}, "erledigt": {done},
    }  # fmt: skip
    for view, expected in views.items():
        assert set(shown(andrea, view=view)) == {each.pk for each in expected}, view
    assert listing.counts(here(andrea)) == {view: len(each) for view, each in views.items() if view != "erledigt"}
    assert listing.counts(here(kemal))["meine"] == 2


def test_emergencies_are_on_top_then_who_waits_longest_then_the_newest(make: Make, andrea: Operator) -> None:
    quiet = make(1, waiting_since=None, last_at=ago(hours=3))
    quieter = make(2, waiting_since=None, last_at=ago(hours=4))
    short, long = make(3, waiting_since=ago(minutes=5)), make(4, waiting_since=ago(hours=5))
    urgent = make(5, waiting_since=ago(minutes=1), urgent_at=ago(minutes=1))
    assert shown(andrea, view="alle") == [each.pk for each in (urgent, long, short, quiet, quieter)]
    assert listing.next_waiting(here(andrea)) == urgent
    assert listing.next_waiting(here(andrea), after=urgent.pk) == long


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        ({"hours": 4}, {"waiting_since": timedelta(hours=5)}),
        ({"overdue": True}, {"due_at": timedelta(minutes=1)}),
        ({"unanswered": True}, {"waiting_since": timedelta(hours=0)}),
    ],
)
def test_filters_by_time(make: Make, andrea: Operator, asked: dict[str, Any], columns: dict[str, timedelta]) -> None:
    found = make(1, **{name: timezone.now() - time for name, time in columns.items()})
    make(2, waiting_since=None if "unanswered" in asked else timezone.now(), due_at=timezone.now() + timedelta(hours=1))
    assert shown(andrea, view="alle", **asked) == [found.pk]


def test_filters_by_what_it_is(
    make: Make, andrea: Operator, town: Organisation, telegram: Channel, whatsapp: Channel, kemal: Operator, team: Team
) -> None:
    topic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    label = Label.objects.create(organisation=town, name="Schlagloch")
    found = make(1, channel=whatsapp, topic=topic, team=team)
    found.labels.add(label)
    type(found.contact).objects.filter(pk=found.contact_id).update(language="tr")
    make(2)
    filters: list[dict[str, Any]] = [
        {"channels": [whatsapp.pk]}, {"topic": topic.pk}, {"label": label.pk}, {"language": "tr"}, {"team": team.pk}
    ]  # fmt: skip
    for asked in filters:
        assert shown(andrea, view="alle", **asked) == [found.pk], asked
    assert len(shown(andrea, view="alle", channels=[telegram.pk, whatsapp.pk])) == 2


def test_a_page_begins_where_the_last_ended(make: Make, andrea: Operator) -> None:
    made = [make(number, waiting_since=ago(minutes=number)).pk for number in range(5)][::-1]
    first, more = listing.rows(here(andrea), Asked(view="alle"), 0, 3)
    rest, no_more = listing.rows(here(andrea), Asked(view="alle"), 3, 3)
    assert [row.conversation.pk for row in first + rest] == made
    assert (more, no_more) == (True, False)


# ── Saved views ───────────────────────────────────────────────────────────


def test_a_filter_is_kept_under_a_name_without_the_search(desk: Client, make: Make, andrea: Operator, whatsapp: Channel) -> None:
    found, other = make(1, channel=whatsapp), make(2)
    sent = {"name": "Nur WhatsApp", "ansicht": "alle", "kanal": whatsapp.pk, "suche": "Yıldırım", "unbeantwortet": "on"}
    answer = desk.post(INBOX + "sichten/", sent)
    view = SavedView.objects.get()
    assert view.wish == {"ansicht": "alle", "kanal": [whatsapp.pk], "unbeantwortet": True}
    page = desk.get(answer["Location"]).content.decode()
    assert f'id="u-{found.pk}"' in page
    assert f'id="u-{other.pk}"' not in page
    assert "Nur WhatsApp" in page
    desk.post(INBOX + "sichten/", sent | {"unbeantwortet": ""})
    assert SavedView.objects.get().wish == {"ansicht": "alle", "kanal": [whatsapp.pk]}
    desk.post(INBOX + f"sichten/{view.pk}/loeschen/")
    assert not SavedView.objects.exists()


def test_a_saved_view_is_its_owners(client: Client, town: Organisation, andrea: Operator, kemal: Operator, make: Make) -> None:
    view = SavedView.objects.create(organisation=town, operator=andrea, name="Geheim", wish={"ansicht": "erledigt"})
    client.force_login(kemal)
    assert "Geheim" not in client.get(f"{INBOX}?sicht={view.pk}").content.decode()
    assert client.post(INBOX + f"sichten/{view.pk}/loeschen/").status_code == 404
    assert SavedView.objects.exists()


# ── Search ────────────────────────────────────────────────────────────────


def search(desk: Client, words: str) -> str:
    return desk.post(INBOX + "liste/", {"suche": words}).content.decode()


def test_a_found_message_shows_its_word_and_opens_there(desk: Client, write: Write) -> None:
    old = write("Vorher viel Text, dann in der Gartenstraße ein <b>Schlagloch</b>, tief", at=ago(days=400))
    for number in range(60):
        write(f"Danach {number}", at=ago(days=300, minutes=-number))
    page = search(desk, "schlagl")
    assert "<mark>Schlagloch</mark>" in page
    assert "<b>" not in page.split("conv__text")[1].split("</span>")[0]
    address = f"{INBOX}{old.conversation_id}/?nachricht={old.pk}"
    assert f'href="{address}"' in page
    thread = desk.get(address).content.decode()
    assert f'id="m-{old.pk}"' in thread
    assert "Danach 59" in thread
    assert f'id="m-{old.pk}"' not in desk.get(f"{INBOX}{old.conversation_id}/").content.decode()


def test_files_are_found_by_their_names(desk: Client, write: Write) -> None:
    message = write("", kind="media", media=[Ref(kind=MediaKind.DOCUMENT, external_id="d", file_name="Antrag_Wohngeld-2026.pdf")])
    page = search(desk, "wohngeld antrag")
    assert f"nachricht={message.pk}" in page
    assert "<mark>Wohngeld</mark>" in page
    assert "nachricht" not in search(desk, "Wohnung")


def test_what_is_sensitive_stays_hidden_in_what_is_found(desk: Client, write: Write) -> None:
    write("Meine Kontonummer ist DE89 3704 0044 0532 0130 00, bitte überweisen")
    page = search(desk, "überweisen")
    assert "<mark>überweisen</mark>" in page
    assert "3704 0044 0532" not in page


def test_what_was_taken_back_is_not_found(desk: Client, write: Write) -> None:
    write("Nashorn", external_id="weg")
    write("", kind="deletion", quote="weg")
    assert "Nichts gefunden" in search(desk, "Nashorn")


@pytest.mark.parametrize("walked", [False, True])
def test_search_and_numbers_keep_to_what_one_may_see(
    make: Make, andrea: Operator, kemal: Operator, town: Organisation, team: Team, monkeypatch: pytest.MonkeyPatch, walked: bool
) -> None:
    monkeypatch.setattr("buergerdraht.conversations.searching.MOST_GATHERED", 0 if walked else 5_000)
    Desk.objects.create(organisation=town, teams_apart=True)
    secret, theirs, open_ = make(1, text="Nashorn", confidential=True), make(2, text="Nashorn", team=team), make(3, text="Nashorn")
    secret.named.add(kemal)
    assert set(shown(andrea, query="Nashorn")) == {theirs.pk, open_.pk}
    assert set(shown(kemal, query="Nashorn")) == {secret.pk, open_.pk}
    assert set(shown(kemal, query="Person 2")) == set()
    for operator in (andrea, kemal):
        assert listing.counts(here(operator))["alle"] == len(shown(operator, view="alle")) == 2


# ── Speed ─────────────────────────────────────────────────────────────────

MANY = """
with people as (
  insert into contacts_contact (organisation_id, name, search, language, state, created_at, last_seen_at)
  select %(town)s, '', '{}', 'de', 'active', now(), now() from generate_series(1, 6000) n returning id
)
insert into conversations_conversation
  (organisation_id, contact_id, state, unread, last_text, last_kind, last_author, last_at, waiting_since, created_at)
select %(town)s, id, case when id %% 2 = 0 then 'open' else 'closed' end, 0, '', 'text', 'citizen', now() - id * interval '1 second',
       now() - id %% 700 * interval '1 minute', now() from people
"""


@pytest.mark.parametrize(
    ("view", "index"), [("alle", "conversation_queue"), ("neu", "conversation_queue"), ("erledigt", "conversation_list")]
)
def test_a_large_list_is_read_by_an_index(town: Organisation, andrea: Operator, view: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"town": town.pk})
        cursor.execute("analyze conversations_conversation, contacts_contact")
    found = listing.chosen(here(andrea), Asked(view=view), timezone.now()).order_by(*listing.order(view))[: listing.PAGE + 1]
    plan = found.explain()
    assert index in plan, plan
    assert "Seq Scan on conversations_conversation " not in plan, plan
    assert len(found.values_list("pk", flat=True)) == listing.PAGE + 1


def test_numbers_for_two_hundred_operators_cost_one_query(town: Organisation, make: Make, django_assert_num_queries: Any) -> None:
    people = {works_at(town, f"Person Nummer{number}", "agent").pk: frozenset[int]() for number in range(3)}
    make(1, operator_id=min(people))
    Desk.of(town)
    with django_assert_num_queries(1):
        counts = listing.counts_of(town, people | {number: frozenset() for number in range(10_000, 10_200)})
    assert [counts[number]["meine"] for number in sorted(people)] == [1, 0, 0]
    assert all(each["alle"] == 1 for each in counts.values())
