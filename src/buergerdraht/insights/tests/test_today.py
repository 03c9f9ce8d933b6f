"""The start page tells what is to be done and only figures the tables hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Channel, InboundEvent
from buergerdraht.insights import charts, figures, todo
from buergerdraht.insights.views import greeting

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Organisation:
    return Organisation.objects.create(slug="stadt", name="Stadt", languages=["de"])


@pytest.fixture
def channel(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="running")


def member(town: Organisation, *roles: str) -> Membership:
    operator = Operator.objects.create_user(f"{'-'.join(roles)}@stadt.example", name="Anna Amt")
    return Membership.objects.create(organisation=town, operator=operator, roles=list(roles))


def conversation(town: Organisation, channel: Channel, name: str = "Emine") -> Conversation:
    contact = Contact.objects.create(organisation=town, name=name)
    address = Address.objects.create(organisation=town, contact=contact, channel=channel, address=name, address_hash=name.encode())
    return Conversation.objects.create(
        organisation=town, contact=contact, state="open", last_text="Wann?", last_address=address, waiting_since=timezone.now()
    )


def say(thread: Conversation, author: str, at: datetime) -> None:
    Message.objects.create(organisation=thread.organisation, conversation=thread, author=author, text="x", at=at)


def titles(membership: Membership) -> list[str]:
    return [task.title for task in todo.tasks(membership.organisation, membership)]


@pytest.mark.urls("buergerdraht.insights.tests.addresses")
class TestTodo:
    def test_an_agent_sees_who_waits_the_longest_first(self, town: Organisation, channel: Channel) -> None:
        conversation(town, channel, "Neu")
        old = conversation(town, channel, "Alt")
        Conversation.objects.filter(pk=old.pk).update(waiting_since=timezone.now() - timedelta(hours=5))
        assert titles(member(town, "agent")) == ["Antwort an Alt", "Antwort an Neu"]

    def test_an_approver_sees_what_waits_for_release_and_no_agents_work(self, town: Organisation, channel: Channel) -> None:
        conversation(town, channel)
        Broadcast.objects.create(organisation=town, title="Markt", state="submitted")
        assert titles(member(town, "approver")) == ["„Markt“ freigeben"]

    def test_an_administrator_is_called_to_a_broken_channel_and_to_kept_events(self, town: Organisation, channel: Channel) -> None:
        Channel.objects.filter(pk=channel.pk).update(state="broken")
        InboundEvent.objects.create(channel=channel, body=b"{}", state="kept")
        assert titles(member(town, "administrator")) == ["Kanal „Bot“ steht still", "Eine Meldung ließ sich nicht verarbeiten"]

    def test_another_organisations_work_is_not_seen(self, town: Organisation, channel: Channel) -> None:
        conversation(town, channel)
        other = Organisation.objects.create(slug="kreis", name="Kreis")
        assert titles(member(other, "agent", "administrator", "approver", "editor")) == []


def test_an_empty_house_shows_no_invented_figure(town: Organisation) -> None:
    week = figures.week(member(town, "agent"), date(2026, 11, 22))
    assert [tile.figure for tile in week.tiles] == ["0", "–", "–", "0"]
    assert week.peak is None


def test_messages_are_counted_by_who_saw_to_them(town: Organisation, channel: Channel) -> None:
    noon = timezone.localtime().replace(hour=12) - timedelta(days=1)
    first, second, third = (conversation(town, channel, name) for name in "ABC")
    say(first, "citizen", noon)
    say(first, "bot", noon + timedelta(seconds=1))
    say(first, "operator", noon + timedelta(minutes=10))
    say(first, "citizen", noon + timedelta(minutes=12))
    say(second, "citizen", noon)
    say(second, "bot", noon + timedelta(seconds=1))
    say(third, "citizen", noon)
    hidden = conversation(town, channel, "D")
    Conversation.objects.filter(pk=hidden.pk).update(confidential=True)
    say(hidden, "citizen", noon)  # of what one may not see nothing is counted
    week = figures.week(member(town, "agent"), timezone.localdate())
    day = week.days[-2]
    assert (day.team, day.automatic, day.open) == (2, 1, 1)
    assert week.tiles[0].figure == "4"
    assert (week.tiles[1].figure, week.tiles[1].unit) == ("10", "Min.")
    assert week.tiles[2].figure == "25"


@pytest.mark.parametrize(("hour", "words"), [(7, "Guten Morgen"), (13, "Guten Tag"), (20, "Guten Abend"), (2, "Guten Abend")])
def test_the_greeting_follows_the_clock(hour: int, words: str) -> None:
    assert greeting(timezone.localtime().replace(hour=hour), "Anna").startswith(words)


def test_a_column_is_as_high_as_its_parts_and_the_axis_is_round() -> None:
    plot = charts.plot(["1.", "2."], [(30, 10, 0), (0, 0, 0)])
    assert [mark.text for mark in plot.grid] == ["0", "10", "20", "30", "40"]
    assert [block.kind for block in plot.blocks] == ["b", "a"]
    assert min(block.y for block in plot.blocks) == charts.TOP
    assert charts.spark([0, 0]) is None
