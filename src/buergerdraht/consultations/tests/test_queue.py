"""The queue: who is next, several at the desk at once, moved with a reason, told honestly, nobody forgotten at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Organisation, Team
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.consultations import actions, queue, times
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.tests.conftest import Say, make_hour, member
from buergerdraht.contacts.models import Topic
from buergerdraht.conversations.models import Conversation, Desk, Message

SignUp = Callable[[str], str]


def heard(who: str) -> list[str]:
    rows = Message.objects.filter(author="bot", conversation__contact__addresses__in=_address(who))
    return list(rows.order_by("pk").values_list("text", flat=True))


def _address(who: str) -> list[int]:
    return [row.address_id for row in Guest.objects.select_related("address") if row.address and row.address.address == who]


def of(who: str) -> Guest:
    return Guest.objects.get(address__in=_address(who))


def test_the_first_is_next_and_becomes_mine(say: Say, hour: Consultation, guest: SignUp, andrea: Membership) -> None:
    for who in ("paula", "otto"):
        guest(who)
    actions.begin(hour)
    called = queue.call_next(hour, andrea)
    assert called == of("paula")
    conversation = Conversation.objects.get(contact=called.contact)
    assert (conversation.operator, conversation.team, conversation.state) == (andrea.operator, hour.team, "open")
    assert "an der Reihe" in heard("paula")[-1]
    assert AuditEntry.objects.filter(action="consultations.call").count() == 1
    before = len(heard("paula"))
    say("paula", "Danke, ich wollte fragen, wann der Radweg kommt")
    assert len(heard("paula")) == before  # a person holds it: no automatic speaks


def test_nobody_is_taken_before_it_begins(hour: Consultation, guest: SignUp, andrea: Membership) -> None:
    guest("paula")
    with pytest.raises(ValidationError):
        queue.call_next(hour, andrea)
    assert of("paula").state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_four_at_the_desk_take_twelve_guests_and_nobody_twice(hour: Consultation, guest: SignUp, town: Organisation, team: Team) -> None:
    people = [f"gast{letter}" for letter in "abcdefghijkl"]
    for who in people:
        guest(who)
    actions.begin(hour)
    desk = [member(town, f"kraft{number}", ["agent"], team) for number in range(4)]
    taken: dict[int, list[int]] = {each.pk: [] for each in desk}
    ready = threading.Barrier(4)

    def work(membership: Membership) -> None:
        ready.wait()
        try:
            while found := queue.call_next(hour, membership):
                taken[membership.pk].append(found.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[each]) for each in desk]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everyone = [number for numbers in taken.values() for number in numbers]
    assert sorted(everyone) == sorted(Guest.objects.values_list("pk", flat=True))
    for row in Guest.objects.select_related("contact__conversation"):
        assert row.contact.conversation.operator_id == row.operator_id
    assert Message.objects.filter(kind="taken").count() == 12


def test_moved_with_a_reason_only(hour: Consultation, guest: SignUp, andrea: Membership) -> None:
    for who in ("paula", "otto", "emil"):
        guest(who)
    actions.begin(hour)
    with pytest.raises(ValidationError):
        queue.prefer(hour, of("emil").pk, andrea, "  ")
    queue.prefer(hour, of("emil").pk, andrea, "muss zum Zug")
    queue.postpone(hour, of("paula").pk, andrea, "antwortet gerade nicht")
    assert list(queue.waiting(hour)) == [of("emil"), of("otto"), of("paula")]
    assert of("emil").reason == "muss zum Zug"
    called = queue.call_next(hour, andrea)
    assert called == of("emil")
    queue.finish(hour, called.pk, andrea)
    with pytest.raises(ValidationError):
        queue.finish(hour, called.pk, andrea)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "consultations.prefer",
        "consultations.postpone",
        "consultations.finish",
    }


def test_hidden_threads_are_neither_shown_nor_taken(hour: Consultation, guest: SignUp, andrea: Membership, town: Organisation) -> None:
    guest("paula")
    guest("otto")
    actions.begin(hour)
    Conversation.objects.filter(contact=of("paula").contact).update(confidential=True)
    assert list(queue.seen(andrea)) == [of("otto")]
    assert queue.call_next(hour, andrea) == of("otto")
    assert queue.call_next(hour, andrea) is None
    assert queue.call(hour, of("paula").pk, andrea) is None
    Desk.objects.create(organisation=town, teams_apart=True)
    town = Organisation.objects.get()
    stranger = member(town, "fremd", ["agent"], Team.objects.create(organisation=town, name="Bauhof"))
    assert list(queue.seen(stranger)) == []


def test_the_clock_begins_tells_and_ends_it_once(hour: Consultation, guest: SignUp, andrea: Membership) -> None:
    for letter in "abcdef":
        guest(f"gast{letter}")
    actions.advance(hour.begins_at - timedelta(seconds=1))
    assert Consultation.objects.get().state == "planned"
    for _ in range(2):
        actions.advance(hour.begins_at)
    assert Consultation.objects.get().state == "running"
    told = heard("gastf")
    assert len([text for text in told if "hat begonnen" in text]) == 1
    assert "Vor Ihnen sind 5 Personen. Wie lange es dauert, wissen wir noch nicht. Sie müssen nichts tun." in told[-1]
    conversation = Conversation.objects.get(contact=of("gastf").contact)
    assert (conversation.state, conversation.snoozed_until) == ("open", None)
    queue.call_next(hour, andrea)
    for _ in range(2):
        actions.advance(hour.ends_at)
    assert Consultation.objects.get().state == "over"
    assert "bekommen hier eine Antwort" in heard("gastf")[-1]
    assert len([text for text in heard("gastf") if "zu Ende" in text]) == 1
    assert {row.state for row in Guest.objects.all()} == {"talking", "missed"}
    assert Consultation.objects.get().figures == {"guests": 6, "done": 1, "missed": 5}
    assert Conversation.objects.filter(state="open").count() == 6


def test_a_word_when_it_is_noticeably_nearer_twice_at_most(hour: Consultation, guest: SignUp, andrea: Membership) -> None:
    for letter in "abcdefghij":
        guest(f"gast{letter}")
    actions.advance(hour.begins_at)
    for number in range(9):
        taken = queue.call_next(hour, andrea)
        assert taken
        Guest.objects.filter(pk=taken.pk).update(called_at=timezone.now() - timedelta(minutes=4))
        queue.finish(hour, taken.pk, andrea)
        actions.advance(hour.begins_at + timedelta(minutes=5 * number))
    updates = [text for text in heard("gastj") if "begonnen" in text or "Es geht voran" in text]
    assert len(updates) == 2
    assert "Vor Ihnen sind 4 Personen, ungefähr 16 Minuten" in updates[1] or "ungefähr 20 Minuten" in updates[1]


def test_cancelled_everybody_is_told_and_what_was_asked_is_not_lost(
    say: Say, hour: Consultation, guest: SignUp, andrea: Membership
) -> None:
    guest("paula")
    guest("otto")
    say("otto", "Wann kommt der Radweg?")
    actions.cancel(hour, operator=andrea.operator)
    actions.advance(timezone.now())
    assert all("muss leider ausfallen" in heard(who)[-1] for who in ("paula", "otto"))
    assert Conversation.objects.get(contact=of("otto").contact).snoozed_until is None
    assert Conversation.objects.get(contact=of("paula").contact).state == "bot"


def test_weekly_there_is_one_next_at_the_same_time_on_the_clock(town: Organisation, team: Team, topic: Topic) -> None:
    """Law 14: the clock changes on 25 October 2026; 18:00 stays 18:00."""
    row = make_hour(
        town, team, topic, weekly=True,
        begins_at=datetime(2026, 10, 20, 16, tzinfo=UTC), ends_at=datetime(2026, 10, 20, 18, tzinfo=UTC),
    )  # fmt: skip
    actions.begin(row)
    assert actions.repeat(row) == row.followed_by
    assert Consultation.objects.count() == 2
    following = Consultation.objects.get(follows=row)
    assert following.begins_at == datetime(2026, 10, 27, 17, tzinfo=UTC)
    assert following.ends_at == datetime(2026, 10, 27, 19, tzinfo=UTC)
    assert following.state == "planned"


def test_weekly_skips_holidays(town: Organisation) -> None:
    town.land, town.closed_days = "NW", ["2027-01-01"]
    assert times.week_later(town, datetime(2026, 12, 18, 17, tzinfo=UTC)) == datetime(2027, 1, 8, 17, tzinfo=UTC)


def test_whoever_waits_for_a_next_one_gets_a_place_when_it_is_planned(
    hour: Consultation, guest: SignUp, town: Organisation, team: Team
) -> None:
    Consultation.objects.update(places=1)
    guest("paula")
    guest("otto")
    later = make_hour(town, team, None, begins_at=hour.begins_at + timedelta(days=7), ends_at=hour.ends_at + timedelta(days=7))
    for _ in range(2):
        actions.advance(timezone.now())
    assert of("otto").consultation == later
    assert len([text for text in heard("otto") if "Ihre Nummer ist 1" in text]) == 1


def test_an_announcement_is_a_draft_in_every_language(hour: Consultation, andrea: Membership) -> None:
    draft = actions.announce(hour, operator=andrea.operator)
    assert Broadcast.objects.get() == draft
    assert (draft.state, set(draft.versions), draft.audience) == ("draft", {"de", "en", "ar"}, {"topics": [hour.topic_id]})
    assert "antwortet Bürgermeisterin Anna Muster hier persönlich" in draft.versions["de"]["text"]


@pytest.mark.parametrize(
    ("told", "ahead", "updates", "worth"),
    [(5, 4, 0, False), (5, 2, 0, True), (2, 1, 0, False), (2, 0, 0, True), (1, 0, 0, False), (8, 1, 2, False), (None, 3, 0, False)],
)
def test_when_it_is_worth_a_word(told: int | None, ahead: int, updates: int, worth: bool) -> None:
    assert times.nearer(told, ahead, updates) is worth


def test_estimates_are_measured_or_unknown() -> None:
    at = datetime(2026, 11, 2, 17, tzinfo=UTC)
    talks = [(at, at + timedelta(minutes=4)), (at, at + timedelta(minutes=6))]
    assert times.pace(talks[:1], 1) is None
    assert times.pace(talks, 1) == 5
    assert times.minutes(3, times.pace(talks, 2)) == 8
    assert times.minutes(7, 5.2) == 40
    assert times.minutes(3, None) is None
