"""Where a new matter goes: rules, turns, limits, and back to the team when whoever has it is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts.models import Subscription, Topic
from buergerdraht.conversations import actions, dealing, holding, presence, recording, threads, words
from buergerdraht.conversations.models import AssignmentRule, Conversation, Label, Message, Notice, TeamRule
from buergerdraht.conversations.tests.conftest import arrives, event, works_at
from buergerdraht.gateway.models import Channel

NOW = timezone.now()


@pytest.fixture
def bauhof(town: Organisation, andrea: Operator, kemal: Operator) -> Team:
    team = Team.objects.create(organisation=town, name="Bauhof")
    TeamRule.objects.create(team=team, deal=True)
    for operator in (andrea, kemal):
        Membership.objects.get(operator=operator).teams.add(team)
    return team


Begin = Callable[..., Conversation]


@pytest.fixture
def begins(telegram: Channel) -> Begin:
    """Let a citizen begin a matter that people are needed for."""
    return lambda text="Guten Tag", channel=None, **fields: began(channel or telegram, text, **fields)


def began(channel: Channel, text: str, **fields: Any) -> Conversation:
    incoming = arrives(channel, event(text=text, **fields))
    recording.record(incoming)
    return Conversation.objects.get(pk=actions.need_person(incoming).pk)


def person(number: int) -> Sender:
    return Sender(address=f"48{number:02}", name=f"Person {number}")


def comes(*operators: Operator, at: Any = None) -> None:
    for operator in operators:
        presence.beat(Membership.objects.select_related("organisation").get(operator=operator), None, at)


def rule(town: Organisation, **fields: Any) -> AssignmentRule:
    return AssignmentRule.objects.create(organisation=town, position=AssignmentRule.objects.count(), **fields)


# ── Rules ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("text", "taken"), [
    ("Die Müllabfuhr kam nicht", True),
    ("die MUELLABFUHR!", True),
    ("Müllabfuhren gibt es viele", False),  # whole words only
    ("Wo ist die gelbe Tonne?", True),
    ("gelbe, Tonne", True),
    ("Tonne, gelbe", False),
    ("Straßenfest", False),
])  # fmt: skip
def test_words_are_whole_and_folded(text: str, taken: bool, town: Organisation) -> None:
    made = AssignmentRule(organisation=town, words=["Müllabfuhr", "gelbe Tonne"])
    assert dealing.fits(made, dealing.Matter(text, None, "de", frozenset())) is taken


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Grünschnitt", "gruenschnitt"), ("Café", "cafe"), ("Köln", "Ko\u0308ln")]
)
def test_folding_makes_spellings_equal(one: str, other: str) -> None:
    assert dealing.fold(one) == dealing.fold(other)


def test_the_first_rule_that_fits_decides(begins: Begin, town: Organisation, bauhof: Team, kemal: Operator) -> None:
    label = Label.objects.create(organisation=town, name="Müll")
    rule(town, words=["Müll"], active=False, operator=kemal)
    rule(town, words=["Müll"], language="en", operator=kemal)
    rule(town, words=["Müll"], team=bauhof, label=label)
    rule(town, operator=kemal)
    conversation = begins("Wann kommt der Müll?")
    assert (conversation.team, conversation.operator, list(conversation.labels.all())) == (bauhof, None, [label])
    line = Message.objects.get(kind="placed")
    assert words.line(line) == "Zugeordnet: Bauhof, nach der Regel: Wort „Müll“"


def test_a_rule_for_everything_takes_the_rest(begins: Begin, town: Organisation, kemal: Operator) -> None:
    rule(town, words=["Müll"], team=Team.objects.create(organisation=town, name="Bauhof"))
    rule(town, operator=kemal)
    conversation = begins("Guten Tag")
    assert conversation.operator == kemal
    assert Notice.objects.get().operator == kemal


def test_the_channel_decides(begins: Begin, town: Organisation, whatsapp: Channel, kemal: Operator) -> None:
    rule(town, channel=whatsapp, operator=kemal)
    assert begins().operator is None
    assert begins(channel=whatsapp, sender=person(1)).operator == kemal


def test_the_topic_of_a_confirmed_subscription_decides(begins: Begin, town: Organisation, bauhof: Team, telegram: Channel) -> None:
    traffic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    rule(town, topic=traffic, team=bauhof)
    incoming = arrives(telegram, event(text="Hallo"))
    row = Subscription.objects.create(organisation=town, contact=incoming.contact, topic=traffic, address=incoming.address)
    recording.record(incoming)
    assert actions.need_person(incoming).team is None  # only asked for so far
    holding.close(Conversation.objects.get(), operator=Operator.objects.first())
    row.confirmed_at = NOW
    row.save()
    conversation = begins("Hallo", at=NOW + timedelta(days=3))
    assert (conversation.team, conversation.topic) == (bauhof, traffic)


def test_the_link_they_came_by_decides(begins: Begin, town: Organisation, bauhof: Team, telegram: Channel) -> None:
    traffic = Topic.objects.create(organisation=town, key="verkehr", title={"de": "Verkehr"})
    rule(town, topic=traffic, team=bauhof)
    recording.record(arrives(telegram, event(kind="start", text="/start verkehr", start="verkehr")))
    conversation = begins("Wann wird die Brücke fertig?")
    assert (conversation.team, conversation.topic) == (bauhof, traffic)


def test_a_person_of_another_house_is_never_given_a_thread(begins: Begin, town: Organisation, stranger: Operator) -> None:
    rule(town, operator=stranger)
    assert begins().operator is None


def test_a_neighbours_rules_are_not_ours(begins: Begin, neighbour: Organisation, stranger: Operator) -> None:
    rule(neighbour, operator=stranger)
    assert not Message.objects.filter(kind="placed").exists()
    assert begins().operator is None


def test_within_the_same_matter_nothing_is_placed_again(begins: Begin, town: Organisation, andrea: Operator, kemal: Operator) -> None:
    rule(town, operator=kemal)
    conversation = begins()
    holding.assign(conversation, by=andrea, operator=andrea)
    holding.close(conversation, operator=andrea)
    assert begins("Danke", at=timezone.now() + timedelta(hours=2)).operator == andrea
    assert Message.objects.filter(kind="placed").count() == 1


# ── Turns ─────────────────────────────────────────────────────────────────


def waiting(bauhof: Team, telegram: Channel, number: int) -> list[Conversation]:
    """Threads of so many people that wait in the team."""
    made = [began(telegram, "Guten Tag", sender=person(each)) for each in range(number)]
    Conversation.objects.filter(pk__in=[each.pk for each in made]).update(team=bauhof)
    return list(Conversation.objects.filter(team=bauhof, operator=None).order_by("pk"))


def has() -> Counter[str]:
    return Counter(Conversation.objects.exclude(operator=None).values_list("operator__name", flat=True))


def test_those_who_are_here_take_turns(bauhof: Team, telegram: Channel, andrea: Operator, kemal: Operator) -> None:
    comes(andrea, kemal)
    rows = waiting(bauhof, telegram, 4)
    dealt = [dealing.deal(each.pk, timezone.now()) for each in rows]
    assert dealt[:2] == dealt[2:]
    assert has() == {"Andrea Berger": 2, "Kemal Özdemir": 2}
    assert words.line(Message.objects.filter(kind="dealt").earliest("pk")) == f"{dealt[0]} ist an der Reihe"


def test_nothing_is_dealt_to_who_is_away_gone_or_may_not_answer(
    bauhof: Team, telegram: Channel, andrea: Operator, kemal: Operator, reader: Operator
) -> None:
    Membership.objects.get(operator=reader).teams.add(bauhof)
    comes(reader)
    comes(andrea, at=timezone.now() - timedelta(minutes=6))
    presence.rest(Membership.objects.get(operator=kemal), True)
    rows = waiting(bauhof, telegram, 1)
    assert dealing.deal(rows[0].pk) is None
    presence.rest(Membership.objects.get(operator=kemal), False)
    dealing.deal_waiting(timezone.now())  # it waited, and is dealt when somebody comes
    dealing.deal_waiting(timezone.now())
    assert has() == {"Kemal Özdemir": 1}
    assert Message.objects.filter(kind="dealt").count() == 1


def test_nobody_gets_more_than_the_limit(bauhof: Team, telegram: Channel, andrea: Operator, kemal: Operator) -> None:
    TeamRule.objects.update(most_open=2)
    comes(andrea, kemal)
    waiting(bauhof, telegram, 6)
    dealing.deal_waiting(timezone.now())
    assert has() == {"Andrea Berger": 2, "Kemal Özdemir": 2}
    holding.close(Conversation.objects.filter(operator=andrea).first(), operator=andrea)  # type: ignore[arg-type]
    dealing.deal_waiting(timezone.now())
    assert has()["Andrea Berger"] == 3  # one of them is closed


def test_who_gave_it_away_does_not_get_it_back(bauhof: Team, telegram: Channel, andrea: Operator) -> None:
    comes(andrea)
    row = waiting(bauhof, telegram, 1)[0]
    assert dealing.deal(row.pk) == andrea
    holding.assign(row, by=andrea)
    dealing.deal_waiting(timezone.now())
    assert not has()


def test_confidential_and_put_off_threads_are_not_dealt(bauhof: Team, telegram: Channel, andrea: Operator) -> None:
    comes(andrea)
    rows = waiting(bauhof, telegram, 3)
    Conversation.objects.filter(pk=rows[0].pk).update(confidential=True)
    Conversation.objects.filter(pk=rows[1].pk).update(snoozed_until=timezone.now() + timedelta(days=1))
    Conversation.objects.filter(pk=rows[2].pk).update(aside="spam")
    dealing.deal_waiting(timezone.now())
    assert not has()


def test_a_new_matter_is_dealt_at_once(
    begins: Begin, town: Organisation, bauhof: Team, andrea: Operator, django_capture_on_commit_callbacks: Any
) -> None:
    comes(andrea)
    rule(town, words=["Müll"], team=bauhof)
    with django_capture_on_commit_callbacks(execute=True):
        begins("Der Müll!")
    assert has() == {"Andrea Berger": 1}


@pytest.mark.django_db(transaction=True)
def test_many_workers_deal_fairly_and_never_past_the_limit(bauhof: Team, telegram: Channel, town: Organisation) -> None:
    TeamRule.objects.update(most_open=3)
    people = [works_at(town, f"Person {each}", "agent") for each in "ABC"]
    for operator in people:
        Membership.objects.get(operator=operator).teams.add(bauhof)
    comes(*people)
    waiting(bauhof, telegram, 12)

    def work(_: int) -> None:
        try:
            dealing.deal_waiting(timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    dealing.deal_waiting(timezone.now())  # what was locked for another
    assert has() == {"Person A": 3, "Person B": 3, "Person C": 3}
    assert Message.objects.filter(kind="dealt").count() == 9


# ── Back to the team ──────────────────────────────────────────────────────


@pytest.fixture
def late(bauhof: Team, telegram: Channel, andrea: Operator) -> Conversation:
    """Andrea has it, and the answer is overdue."""
    TeamRule.objects.update(answer_minutes=30)
    conversation = waiting(bauhof, telegram, 1)[0]
    conversation.operator, conversation.waiting_since = andrea, timezone.now() - timedelta(hours=1)
    threads.keep(conversation)
    return conversation


def test_whoever_is_gone_loses_what_is_overdue(late: Conversation, andrea: Operator, kemal: Operator) -> None:
    dealing.give_back(timezone.now())
    dealing.give_back(timezone.now())
    late.refresh_from_db()
    assert late.operator is None
    assert words.line(Message.objects.get(kind="given_back")) == (
        "Zurück an das Team Bauhof: Die Frist ist vorbei, und Andrea Berger ist nicht am Platz"
    )
    assert [notice.operator for notice in Notice.objects.filter(kind="due")] == [kemal]


def test_whoever_is_here_keeps_it(late: Conversation, andrea: Operator) -> None:
    comes(andrea)
    dealing.give_back(timezone.now())
    late.refresh_from_db()
    assert late.operator == andrea


def test_before_the_deadline_it_stays(late: Conversation, andrea: Operator) -> None:
    dealing.give_back(timezone.now() - timedelta(minutes=45))
    late.refresh_from_db()
    assert late.operator == andrea


# ── Who is here ───────────────────────────────────────────────────────────


def test_colleagues_see_who_looks(thread: Conversation, andrea: Operator, kemal: Operator, stranger: Operator) -> None:
    mine, theirs = Membership.objects.get(operator=andrea), Membership.objects.get(operator=kemal)
    presence.beat(theirs, thread)
    assert presence.watching(thread, mine) == [kemal]
    assert presence.watching(thread, theirs) == []
    assert presence.watching(thread, Membership.objects.get(operator=stranger)) == []
    assert presence.watching(thread, mine, timezone.now() + presence.LOOKING) == []


def test_in_a_confidential_thread_presence_does_not_leak(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    presence.beat(Membership.objects.get(operator=kemal), thread)
    Conversation.objects.update(confidential=True)
    thread.named.add(kemal)
    assert presence.watching(thread, Membership.objects.get(operator=andrea)) == []
