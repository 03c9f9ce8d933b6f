"""Seeing, moving and cancelling in the messenger, on those with buttons for everything and those with lists of ten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.appointments import actions
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.appointments.tests.conftest import Say, booked, citizen, make_channel, make_offer, slots, speaker
from buergerdraht.connectors.contract import content_from_json
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound, StoredContent


@pytest.fixture(params=["telegram", "whatsapp"])
def channel(town: Organisation, request: pytest.FixtureRequest) -> Channel:
    return make_channel(town, request.param)


@pytest.fixture
def own(offer: Offer, paula: Address) -> Booking:
    return booked(offer, paula)


def tap(say: Say, choice: str) -> str:
    return say("paula", "", kind="choice", choice=choice)


def ids() -> list[str]:
    """What the last message lets one choose; and it fits on the phone."""
    letter = Outbound.objects.select_related("channel").order_by("-pk")[0]
    content = content_from_json(StoredContent.objects.get(pk=letter.content_id).content)
    plan = channels.plan_of(letter.channel.kind, content)
    assert [note.code for note in plan.notes if note.level != "info"] == []
    assert len(plan.parts) == 1
    return [choice.id for choice in content.choices]


@pytest.mark.parametrize("word", ["TERMIN", "Mein Termin!", "Termine bitte", "appointment", "/termin"])
def test_a_word_shows_it(say: Say, own: Booking, word: str) -> None:
    answer = say("paula", word)
    assert "Ausweis beantragen" in answer
    assert own.shown_code in answer
    assert ids() == [f"appt:move:{own.pk}", f"appt:cancel:{own.pk}", f"appt:keep:{own.pk}"]


@pytest.mark.parametrize("text", ["TERMIN", "1", "Ja", "Wie bekomme ich einen Termin beim Standesamt?"])
def test_whoever_has_none_is_left_to_others(say: Say, offer: Offer, text: str) -> None:
    assert say("paula", text) == ""


def test_inside_a_sentence_the_word_is_a_question_for_people(say: Say, own: Booking) -> None:
    assert say("paula", "Mein Termin dauert hoffentlich nicht lange, oder?") == ""


def test_cancelling_is_asked_once(say: Say, own: Booking) -> None:
    say("paula", "TERMIN")
    assert "wirklich absagen" in say("paula", "2")
    assert "ist abgesagt" in say("paula", "Ja")
    own.refresh_from_db()
    assert (own.state, own.ended_by) == ("cancelled", "citizen")
    assert say("paula", "TERMIN") == ""
    assert say("paula", "1") == ""


def test_on_second_thoughts_it_stays(say: Say, own: Booking) -> None:
    assert "wirklich absagen" in say("paula", "Termin absagen")
    assert "bleibt dabei" in say("paula", "nein")
    own.refresh_from_db()
    assert own.state == "booked"


def test_moved_by_taps(say: Say, own: Booking, offer: Offer) -> None:
    assert "An welchem Tag" in tap(say, f"appt:move:{own.pk}")
    day = [each for each in ids() if each.startswith("appt:day:")][1]  # whatever is left of today
    assert "Um wie viel Uhr" in tap(say, day)
    time = [each for each in ids() if each.startswith("appt:time:")][3]
    assert "Verschoben" in tap(say, time)
    own.refresh_from_db()
    assert int(own.begins_at.timestamp()) == int(time.split(":")[-1])
    assert own.sequence == 1


def test_moved_by_typed_numbers(say: Say, own: Booking) -> None:
    assert "An welchem Tag" in say("paula", "Termin verschieben")
    assert "Um wie viel Uhr" in say("paula", "3")
    begins = int(ids()[1].split(":")[-1])
    assert "Verschoben" in say("paula", "2")
    own.refresh_from_db()
    assert int(own.begins_at.timestamp()) == begins


def test_later_days_and_later_times_reach_everything(say: Say, own: Booking, offer: Offer) -> None:
    shown: list[str] = []
    tap(say, f"appt:move:{own.pk}")
    while (found := ids()) and found[-2].startswith("appt:move:"):
        shown += [each for each in found if each.startswith("appt:day:")]
        tap(say, found[-2])
    shown += [each for each in found if each.startswith("appt:day:")]
    assert len(shown) == len(set(shown)) >= 20
    tap(say, shown[5])
    times: list[str] = []
    while (found := ids()) and found[-2].startswith("appt:day:"):
        times += [each for each in found if each.startswith("appt:time:")]
        tap(say, found[-2])
    times += [each for each in found if each.startswith("appt:time:")]
    assert len(times) == len(set(times)) == 12


def test_who_was_slower_keeps_theirs_and_is_asked_again(say: Say, own: Booking, offer: Offer, channel: Channel) -> None:
    offer.capacity = 1
    offer.save()
    slot = slots(offer)[5]
    booked(offer, citizen(channel, "otto"), slot)
    answer = tap(say, f"appt:time:{own.pk}:{int(slot.begins_at.timestamp())}")
    assert "inzwischen vergeben" in answer
    assert "An welchem Tag" in answer
    begins = own.begins_at
    own.refresh_from_db()
    assert (own.begins_at, own.state) == (begins, "booked")


def test_several_are_told_apart(say: Say, own: Booking, town: Organisation, paula: Address) -> None:
    other = booked(make_offer(town, key="pass", title={"de": "Reisepass"}), paula, slots(own.offer)[9])
    assert "Sie haben 2 Termine" in say("paula", "Meine Termine")
    assert "Reisepass" in say("paula", "2")
    assert "Sie haben 2 Termine" in say("paula", "Termin absagen")
    assert "wirklich absagen" in say("paula", "1")
    assert "ist abgesagt" in say("paula", "1")
    other.refresh_from_db()
    assert other.state == "booked"


def test_an_old_button_says_that_it_is_gone(say: Say, own: Booking) -> None:
    actions.cancel(own)
    assert "gibt es nicht mehr" in tap(say, f"appt:sure:{own.pk}")


@pytest.mark.parametrize("choice", ["appt:", "appt:sure", "appt:sure:x", "appt:burn:1", "appt:sure:99999999999999999999", "appt:sure:²"])
def test_a_made_up_button_does_nothing(say: Say, own: Booking, choice: str) -> None:
    assert "gibt es nicht mehr" in tap(say, choice)
    own.refresh_from_db()
    assert own.state == "booked"


@pytest.mark.parametrize("rest", ["", ":x", ":2026-99-99", ":99999999999999999999", ":2026-13-01.x", ":-5"])
def test_a_bent_day_or_time_asks_again(say: Say, own: Booking, rest: str) -> None:
    for verb in ("day", "time"):
        assert "An welchem Tag" in tap(say, f"appt:{verb}:{own.pk}{rest}")
    own.refresh_from_db()
    assert own.sequence == 0


def test_the_button_of_somebody_else_is_nobodys(say: Say, own: Booking) -> None:
    assert "gibt es nicht mehr" in say("otto", "", kind="choice", choice=f"appt:sure:{own.pk}")
    own.refresh_from_db()
    assert own.state == "booked"


def test_a_question_between_goes_to_people_and_the_numbers_still_hold(say: Say, own: Booking) -> None:
    say("paula", "TERMIN")
    assert say("paula", "Kann ich mein Kind mitbringen?") == ""
    assert "nicht verstanden" in say("paula", "7")
    assert "wirklich absagen" in say("paula", "2")


def test_after_two_hours_a_number_is_no_answer_any_more(say: Say, own: Booking) -> None:
    say("paula", "TERMIN")
    contact = Contact.objects.get()
    contact.step["at"] = (timezone.now() - timedelta(hours=3)).isoformat()
    contact.save()
    assert say("paula", "2") == ""


def test_where_nothing_else_is_free_it_stays(say: Say, own: Booking) -> None:
    Offer.objects.update(rules=[])
    assert "nichts anderes frei" in say("paula", "Termin verschieben")


def test_in_english(say: Say, own: Booking) -> None:
    Contact.objects.update(language="en")
    answer = say("paula", "my appointment")
    assert "Your appointment" in answer
    assert "Apply for an ID card" in answer
    assert "really want to cancel" in say("paula", "Cancel it")


def test_each_kind_has_its_own_thread(town: Organisation, offer: Offer) -> None:
    """What was booked through one messenger is not shown in another: there it is another contact."""
    one, other = make_channel(town, "telegram"), make_channel(town, "whatsapp")
    booked(offer, citizen(one, "paula"))
    assert speaker(other)("paula", "TERMIN") == ""
    assert speaker(one)("paula", "TERMIN") != ""
