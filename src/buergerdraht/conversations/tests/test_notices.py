"""Who is told what: once per operator, thread and kind, never of what they may not see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.conversations import confidential, holding, notices
from buergerdraht.conversations.models import Conversation, Desk, Notice, Presence
from buergerdraht.conversations.tests.conftest import Write


def told(operator: Operator) -> list[str]:
    membership = Membership.objects.select_related("organisation").get(operator=operator)
    return sorted(notices.unseen(membership).values_list("kind", flat=True))


def test_repeated_it_is_renewed_not_doubled(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    notices.tell(thread, [andrea], Notice.Kind.MENTION, by=kemal)
    Notice.objects.update(at=timezone.now() - timedelta(hours=1))
    notices.tell(thread, [andrea], Notice.Kind.MENTION, by=kemal)
    assert Notice.objects.get().at > timezone.now() - timedelta(minutes=1)
    notices.seen(thread, andrea)
    notices.tell(thread, [andrea], Notice.Kind.MENTION, by=kemal)
    assert Notice.objects.count() == 2
    assert told(andrea) == ["mention"]


def test_nobody_is_told_of_what_they_did_or_may_not_see(
    thread: Conversation, andrea: Operator, kemal: Operator, stranger: Operator
) -> None:
    confidential.confide(thread, [], by=andrea)
    thread.refresh_from_db()
    assert notices.tell(thread, [andrea, kemal, stranger], Notice.Kind.URGENT, by=andrea) == []
    assert not Notice.objects.exists()


def test_what_was_hidden_afterwards_is_not_counted(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    notices.tell(thread, [kemal], Notice.Kind.MENTION)
    assert told(kemal) == ["mention"]
    Conversation.objects.update(confidential=True)
    assert told(kemal) == []


def test_assigned_and_taken_over(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    holding.assign(thread, by=andrea, operator=andrea)
    assert told(andrea) == []
    holding.assign(thread, by=andrea, operator=kemal)
    assert told(kemal) == ["assigned"]
    holding.assign(thread, by=andrea, operator=andrea)
    assert told(kemal) == ["assigned", "taken"]


@pytest.mark.parametrize(("ago", "expected"), [(timedelta(seconds=5), []), (timedelta(minutes=5), ["message"])])
def test_a_message_is_told_unless_it_is_looked_at(
    ago: timedelta, expected: list[str], thread: Conversation, andrea: Operator, write: Write, town: Organisation
) -> None:
    Conversation.objects.update(operator=andrea)
    Presence.objects.create(organisation=town, operator=andrea, conversation=thread, seen_at=timezone.now() - ago)
    write("Hallo?")
    write("Hallo??")
    assert told(andrea) == expected


def test_opening_a_thread_marks_it_seen(desk: Client, thread: Conversation, andrea: Operator) -> None:
    notices.tell(thread, [andrea], Notice.Kind.MENTION)
    desk.get(f"/o/musterstadt/posteingang/{thread.pk}/")
    assert told(andrea) == []


def test_urgent_concerns_the_team_else_all_who_answer(
    thread: Conversation, andrea: Operator, kemal: Operator, reader: Operator, town: Organisation
) -> None:
    assert notices.answering(thread) == [andrea, kemal]
    team = Team.objects.create(organisation=town, name="Bauhof")
    Membership.objects.get(operator=kemal).teams.add(team)
    Conversation.objects.update(team=team)
    thread.refresh_from_db()
    assert notices.answering(thread) == [kemal]
    Desk.objects.create(organisation=town, teams_apart=True)
    assert [row.operator for row in notices.seeing(Conversation.objects.get())] == [kemal]
