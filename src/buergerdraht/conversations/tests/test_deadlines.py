"""Promises of a team: when something is due, who is warned, and that nobody is warned twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.conversations import deadlines, holding, recording, stretches, tasks, threads
from buergerdraht.conversations.models import Conversation, Message, Notice, TeamRule
from buergerdraht.conversations.tests.conftest import arrives, event, works_at
from buergerdraht.gateway.models import Channel

WEEK = {day: [["08:00", "12:00"], ["14:00", "16:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=hours.BERLIN)  # type: ignore[arg-type]


FRIDAY = at(2026, 11, 20, 15, 30)


@pytest.fixture
def bauhof(town: Organisation) -> Team:
    town.office_hours = WEEK
    town.save()
    team = Team.objects.create(organisation=town, name="Bauhof")
    TeamRule.objects.create(team=team, answer_minutes=60, close_hours=6, warn_minutes=30)
    return team


@pytest.fixture
def waiting(thread: Conversation, bauhof: Team) -> Conversation:
    """With the team, waiting since Friday at half past three."""
    thread.team, thread.waiting_since = bauhof, FRIDAY
    threads.keep(thread)
    return Conversation.objects.get(pk=thread.pk)


def fresh(conversation: Conversation) -> Conversation:
    return Conversation.objects.get(pk=conversation.pk)


@pytest.mark.parametrize(("since", "due"), [
    (at(2026, 11, 20, 15, 30), at(2026, 11, 23, 8, 30)),
    (at(2026, 12, 23, 15, 30), at(2026, 12, 24, 8, 30)),
    (at(2026, 12, 24, 15, 30), at(2026, 12, 28, 8, 30)),  # Christmas, then a weekend
    (at(2026, 3, 27, 15, 30), at(2026, 3, 30, 8, 30)),  # the clocks went forward
    (at(2026, 10, 23, 15, 30), at(2026, 10, 26, 8, 30)),  # and back
])  # fmt: skip
def test_the_answer_is_due_in_office_time(waiting: Conversation, since: datetime, due: datetime) -> None:
    waiting.waiting_since = since
    deadlines.renew(waiting)
    assert waiting.due_at == due


def test_without_a_promise_nothing_is_due(thread: Conversation, town: Organisation) -> None:
    thread.team = Team.objects.create(organisation=town, name="Presse")
    threads.keep(thread)
    assert fresh(thread).due_at is None


def test_after_the_answer_the_close_is_due(waiting: Conversation) -> None:
    waiting.stretch = None
    waiting.waiting_since = FRIDAY
    threads.keep(waiting)  # a matter that was opened on Friday
    waiting.waiting_since = None
    threads.keep(waiting)
    assert fresh(waiting).due_at == at(2026, 11, 23, 15, 30)


def test_the_citizens_next_message_makes_the_answer_due(waiting: Conversation, telegram: Channel) -> None:
    waiting.waiting_since = None
    threads.keep(waiting)
    recording.record(arrives(telegram, event(text="Und jetzt?", at=at(2026, 11, 24, 9, 0))))
    assert fresh(waiting).due_at == at(2026, 11, 24, 10, 0)


def test_a_second_message_does_not_put_the_deadline_off(waiting: Conversation, telegram: Channel) -> None:
    before = waiting.due_at
    recording.record(arrives(telegram, event(text="Hallo?", at=at(2026, 11, 23, 8, 15))))
    assert fresh(waiting).due_at == before


def test_closing_and_putting_off_end_the_deadline(waiting: Conversation, andrea: Operator) -> None:
    holding.snooze(waiting, datetime.now(hours.BERLIN) + timedelta(days=1), operator=andrea)
    assert fresh(waiting).due_at is None
    holding.wake(waiting)
    assert fresh(waiting).due_at == at(2026, 11, 23, 8, 30)
    holding.close(waiting, operator=andrea)
    assert fresh(waiting).due_at is None


def test_what_was_put_off_comes_back_with_the_citizens_message(waiting: Conversation, andrea: Operator, telegram: Channel) -> None:
    holding.snooze(waiting, datetime.now(hours.BERLIN) + timedelta(days=1), operator=andrea)
    recording.record(arrives(telegram, event(text="Es eilt", at=at(2026, 11, 20, 15, 0))))
    assert fresh(waiting).snoozed_until is None
    assert fresh(waiting).due_at == at(2026, 11, 20, 16, 0)


def test_another_team_has_another_deadline(waiting: Conversation, andrea: Operator, town: Organisation) -> None:
    presse = Team.objects.create(organisation=town, name="Presse")
    TeamRule.objects.create(team=presse, answer_minutes=15)
    holding.assign(waiting, by=andrea, team=presse)
    assert fresh(waiting).due_at == at(2026, 11, 20, 15, 45)


def test_a_promise_that_changes_moves_what_is_open(waiting: Conversation, bauhof: Team) -> None:
    TeamRule.objects.filter(team=bauhof).update(answer_minutes=30)
    deadlines.renew_team(bauhof.pk)
    assert fresh(waiting).due_at == at(2026, 11, 20, 16, 0)


def test_the_deadline_goes_with_its_team(waiting: Conversation, bauhof: Team) -> None:
    bauhof.delete()
    tasks.run(at(2026, 11, 23, 8, 10))
    assert (fresh(waiting).due_at, Notice.objects.count()) == (None, 0)


def test_each_team_is_warned_in_its_own_time(waiting: Conversation, town: Organisation, andrea: Operator) -> None:
    TeamRule.objects.create(team=Team.objects.create(organisation=town, name="Presse"), warn_minutes=10_000)
    Conversation.objects.update(operator=andrea)
    TeamRule.objects.filter(team=waiting.team).update(warn_minutes=10)
    deadlines.warn(at(2026, 11, 23, 8, 19))
    assert not Notice.objects.exists()
    deadlines.warn(at(2026, 11, 23, 8, 20))
    assert Notice.objects.count() == 1


# ── Warning ───────────────────────────────────────────────────────────────


def test_the_operator_is_warned_once(waiting: Conversation, andrea: Operator) -> None:
    Conversation.objects.update(operator=andrea)
    deadlines.warn(at(2026, 11, 23, 7, 59))  # half an hour before by the clock, but nobody is there yet
    deadlines.warn(at(2026, 11, 20, 15, 59))
    assert not Notice.objects.exists()
    deadlines.warn(at(2026, 11, 23, 8, 0))
    deadlines.warn(at(2026, 11, 23, 8, 1))  # a second worker, and the next minute
    assert [(notice.operator, notice.kind) for notice in Notice.objects.all()] == [(andrea, "due")]
    assert fresh(waiting).warned_at == at(2026, 11, 23, 8, 0)


def test_where_nobody_has_it_the_team_is_warned(waiting: Conversation, bauhof: Team, andrea: Operator, kemal: Operator) -> None:
    Membership.objects.get(operator=kemal).teams.add(bauhof)
    deadlines.warn(at(2026, 11, 23, 8, 10))
    assert [notice.operator for notice in Notice.objects.all()] == [kemal]


def test_a_deadline_that_moved_is_warned_of_again(waiting: Conversation, andrea: Operator) -> None:
    Conversation.objects.update(operator=andrea)
    deadlines.warn(at(2026, 11, 23, 8, 10))
    again = fresh(waiting)
    again.waiting_since = at(2026, 11, 23, 9, 0)
    threads.keep(again)
    assert fresh(waiting).warned_at is None
    Notice.objects.all().delete()
    deadlines.warn(at(2026, 11, 23, 9, 40))
    assert Notice.objects.count() == 1


def test_who_may_not_see_it_hears_nothing(waiting: Conversation, andrea: Operator, kemal: Operator) -> None:
    Conversation.objects.update(confidential=True)
    waiting.named.add(kemal)
    deadlines.warn(at(2026, 11, 23, 8, 10))
    assert [notice.operator for notice in Notice.objects.all()] == [kemal]


def test_what_passed_while_nobody_looked_is_told_even_at_night(waiting: Conversation, andrea: Operator) -> None:
    Conversation.objects.update(operator=andrea)
    deadlines.warn(at(2026, 11, 23, 22, 0))
    assert Notice.objects.count() == 1


# ── The timetable ─────────────────────────────────────────────────────────


def test_one_job_that_fails_keeps_no_other_from_its_work(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    done: list[datetime] = []

    def breaks(now: datetime) -> None:
        raise RuntimeError("Emine Yıldırım, +49 152 28817386")

    monkeypatch.setattr(tasks, "JOBS", [breaks, done.append])
    tasks.run(FRIDAY)
    assert done == [FRIDAY]
    assert "job=breaks" in caplog.text
    assert "Emine" not in caplog.text


def test_what_was_put_off_wakes_in_time(waiting: Conversation, andrea: Operator) -> None:
    until = datetime.now(hours.BERLIN) + timedelta(minutes=5)
    holding.snooze(waiting, until, operator=andrea)
    tasks.run(until - timedelta(seconds=1))
    assert fresh(waiting).snoozed_until is not None
    tasks.run(until)
    tasks.run(until)
    assert fresh(waiting).snoozed_until is None
    assert Message.objects.filter(kind="woken").count() == 1


def test_a_neighbours_promise_is_not_ours(waiting: Conversation, neighbour: Organisation) -> None:
    other = works_at(neighbour, "Nora Nachbar", "agent")
    deadlines.warn(at(2026, 11, 23, 9, 0))
    assert not Notice.objects.filter(operator=other).exists()
    assert stretches.SAME_MATTER == recording.SAME_PERSON
