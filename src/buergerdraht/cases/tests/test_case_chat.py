"""What citizens ask and do about their cases in the chat, and what the clock does for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases import actions, bulk, deadlines, deputies, persons, photos, telling, undoing
from buergerdraht.cases.models import Case, Category, Deputy, Draft, Entry, Follower, Photo, Told
from buergerdraht.cases.tests import streets
from buergerdraht.cases.tests.conftest import Say, make_operator
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message, Notice
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

State = Case.State


@pytest.fixture
def reported(say: Say, hole: Category) -> Case:
    """Vera reported a hole, and follows it."""
    for words in ("Melden", "Schlagloch", "Marktstraße 1", "Tief", "ohne Foto", "Absenden"):
        say("vera", words)
    return Case.objects.get()


def test_whoever_asks_hears_how_it_stands(say: Say, reported: Case, kemal: Operator) -> None:
    answer = say("vera", "Was ist mit meiner Meldung?")
    assert reported.number in answer
    assert "eingegangen" in answer
    actions.move(reported, State.PROGRESS, operator=kemal, words="Wir kommen am Montag.")
    answer = say("vera", f"#{reported.number}")
    assert "in Arbeit" in answer
    assert "Wir kommen am Montag." in answer


def test_a_stranger_learns_nothing_by_a_number(say: Say, reported: Case) -> None:
    answer = say("tom", reported.number)
    assert "nichts sagen" in answer
    assert "Schlagloch" not in answer
    assert say("tom", choice=f"case:see:{reported.pk}") == answer


def test_what_is_public_can_be_followed_by_link(say: Say, reported: Case, kemal: Operator, hole: Category) -> None:
    actions.release(reported, "Ein tiefes Loch", [], operator=kemal)
    assert "Sie hören von uns" in say("tom", start=f"folgen-{reported.number}", kind="start")
    assert {row.contact.name for row in Follower.objects.filter(case=reported)} == {"Vera Beispiel", "Tom Beispiel"}
    actions.hide(reported, operator=kemal)
    assert "nichts sagen" in say("anna", f"folgen {reported.number}")


def test_whoever_says_it_is_not_done_opens_it_again_and_adds_to_it(say: Say, reported: Case, kemal: Operator) -> None:
    actions.move(reported, State.DONE, operator=kemal)
    assert "wieder auf" in say("vera", choice=f"case:undone:{reported.pk}")
    reported.refresh_from_db()
    assert reported.state == State.PROGRESS
    assert "liegt jetzt bei" in say("vera", "Es ist wieder aufgebrochen")
    assert say("vera", photo=True) == ""  # thanked once
    added = Entry.objects.filter(case=reported, what="added").order_by("pk")
    assert [entry.text for entry in added] == ["Es ist wieder aufgebrochen", ""]
    assert reported.photos.count() == 1


def test_a_second_press_of_the_same_button_does_nothing_more(say: Say, reported: Case, kemal: Operator) -> None:
    actions.move(reported, State.DONE, operator=kemal)
    say("vera", choice=f"case:undone:{reported.pk}")
    assert "in Arbeit" in say("vera", choice=f"case:undone:{reported.pk}")
    assert Entry.objects.filter(case=reported, what="moved", data__by="citizen").count() == 1


def test_contentment_is_kept_once(say: Say, reported: Case, kemal: Operator) -> None:
    actions.move(reported, State.DONE, operator=kemal)
    say("vera", choice=f"case:good:{reported.pk}")
    say("vera", choice=f"case:good:{reported.pk}")
    assert Entry.objects.filter(case=reported, what="rated").count() == 1


def test_one_takes_back_ones_own_words_from_the_public(say: Say, reported: Case, kemal: Operator) -> None:
    actions.release(reported, "Ein tiefes Loch", [], operator=kemal)
    assert "nicht mehr öffentlich" in say("vera", choice=f"case:withdraw:{reported.pk}")
    reported.refresh_from_db()
    assert (reported.public, reported.public_text, reported.released_at) == (Case.Public.WITHDRAWN, "", None)


def test_whoever_wants_no_more_hears_no_more(say: Say, reported: Case, kemal: Operator) -> None:
    say("vera", choice=f"case:leave:{reported.pk}")
    actions.move(reported, State.DONE, operator=kemal)
    telling.go_on(timezone.now())
    assert not Told.objects.exists()


def test_a_report_begun_does_not_keep_one_from_asking(say: Say, reported: Case) -> None:
    say("vera", "Melden")
    assert "eingegangen" in say("vera", "Meine Meldung")
    assert Draft.objects.count() == 1
    assert "Wo ist das?" in say("vera", "Schlagloch")


def test_a_complaint_makes_its_thread_one_for_the_named(say: Say, complaint: Category, kemal: Operator, town: Organisation) -> None:
    make_operator(town, "maria")
    say("vera", "Melden")
    say("vera", "Beschwerde")
    thread = Conversation.objects.get()
    assert thread.confidential
    assert list(thread.named.all()) == [kemal]


# ── By the clock ──────────────────────────────────────────────────────────


def test_a_deadline_is_warned_of_once_and_handed_up_once(reported: Case, yard: Team, town: Organisation, hole: Category) -> None:
    boss = make_operator(town, "boss")
    chiefs = Team.objects.create(organisation=town, name="Leitung")
    Membership.objects.get(operator=boss).teams.add(chiefs)
    worker = make_operator(town, "worker")
    Membership.objects.get(operator=worker).teams.add(yard)
    Category.objects.filter(pk=hole.pk).update(escalate_to=chiefs)
    assert reported.warn_at
    assert reported.due_at
    assert deadlines.look(reported.warn_at - timedelta(minutes=1)) == 0
    assert deadlines.look(reported.warn_at) == 1
    assert deadlines.look(reported.warn_at) == 0
    assert deadlines.look(reported.due_at) == 1
    assert deadlines.look(reported.due_at) == 0
    assert [entry.what for entry in Entry.objects.filter(what__in=("warned", "overdue")).order_by("pk")] == ["warned", "overdue"]
    reported.refresh_from_db()
    concerned = deadlines.concerned(reported, timezone.now(), chiefs)
    assert {each.name for each in concerned} == {"Worker", "Boss"}


def test_what_was_done_is_not_warned_of(reported: Case, kemal: Operator) -> None:
    actions.move(reported, State.DONE, operator=kemal)
    assert reported.due_at
    assert deadlines.look(reported.due_at + timedelta(days=1)) == 0


@pytest.mark.django_db(transaction=True)
def test_the_holder_is_told_by_the_bell(say: Say, reported: Case, kemal: Operator) -> None:
    maria = make_operator(reported.organisation, "maria")
    actions.assign(reported, maria, by=kemal)
    assert Notice.objects.get().operator == maria
    assert deadlines.look(reported.due_at or timezone.now()) == 1
    assert set(Notice.objects.values_list("kind", flat=True)) == {Notice.Kind.ASSIGNED, Notice.Kind.DUE}


def test_who_is_away_is_represented_by_the_deputy(reported: Case, town: Organisation, kemal: Operator) -> None:
    maria, jana = make_operator(town, "maria"), make_operator(town, "jana")
    today = timezone.localdate()
    Deputy.objects.create(organisation=town, operator=maria, deputy=jana, first=today, last=today + timedelta(days=7))
    assert deputies.of(town.pk, maria, today) == jana
    assert deputies.of(town.pk, maria, today + timedelta(days=8)) == maria
    actions.assign(reported, maria, by=kemal)
    reported.refresh_from_db()
    assert reported.operator == jana
    assert Entry.objects.get(what="assigned").data == {"holder": jana.pk, "instead_of": maria.pk}


def test_two_who_stand_in_for_each_other_go_round_no_circle(town: Organisation, kemal: Operator) -> None:
    maria, today = make_operator(town, "maria"), timezone.localdate()
    Deputy.objects.create(organisation=town, operator=kemal, deputy=maria, first=today, last=today)
    Deputy.objects.create(organisation=town, operator=maria, deputy=kemal, first=today, last=today)
    assert deputies.of(town.pk, kemal, today) == maria


@pytest.mark.django_db(transaction=True)
def test_followers_are_told_as_soon_as_it_is_committed(say: Say, reported: Case, kemal: Operator) -> None:
    actions.move(reported, State.CONFIRMED, operator=kemal)
    assert Told.objects.get().at is not None


@pytest.mark.django_db(transaction=True)
def test_who_heard_a_step_by_mistake_hears_how_it_stands(say: Say, reported: Case, kemal: Operator) -> None:
    member = Membership.objects.select_related("organisation", "operator").get(operator=kemal)
    outcome = bulk.change(member, [reported.pk], "stand", {"ziel": State.DONE, "sagen": True})
    assert Told.objects.get().at is not None
    assert undoing.undo(member, "stand", outcome.changes) == (1, 0)
    said = Message.objects.filter(author="bot").order_by("-pk").values_list("text", flat=True)[0]
    assert said.startswith(f"Korrektur zu Meldung {reported.number}")
    assert said.endswith("Der Stand ist: eingegangen.")


def test_who_still_waits_for_a_step_that_was_taken_back_hears_nothing(say: Say, reported: Case, kemal: Operator) -> None:
    member = Membership.objects.select_related("organisation", "operator").get(operator=kemal)
    outcome = bulk.change(member, [reported.pk], "stand", {"ziel": State.DONE, "sagen": True})
    assert undoing.undo(member, "stand", outcome.changes) == (1, 0)
    assert not Told.objects.exists()
    assert telling.go_on(timezone.now()) == 0


@pytest.mark.django_db(transaction=True)
def test_a_step_waits_for_its_picture_to_be_covered_but_not_for_ever(say: Say, reported: Case, kemal: Operator) -> None:
    media = Media.objects.create(organisation=reported.organisation, kind="image", state=Media.State.PENDING)
    photos.attach(reported, media, kind=Photo.Kind.AFTER, operator=kemal)
    actions.move(reported, State.DONE, operator=kemal)
    assert telling.go_on(timezone.now()) == 0
    Entry.objects.filter(what="moved").update(at=timezone.now() - telling.PATIENCE)
    assert telling.go_on(timezone.now()) == 1
    assert telling.go_on(timezone.now()) == 0


def test_what_cannot_be_said_is_kept_with_its_reason(say: Say, reported: Case, kemal: Operator) -> None:
    Address.objects.update(state=Address.State.GONE)
    actions.answer(reported, "Hallo", operator=kemal)
    telling.go_on(timezone.now())
    assert Told.objects.get().refused == "unreachable"
    assert Contact.objects.count() == 1


# ── Pictures ──────────────────────────────────────────────────────────────


def stored(case: Case, data: bytes) -> Media:
    return files.store(case.organisation, data, "IMG_0001.jpg")


def test_a_picture_is_covered_before_it_is_shown(reported: Case) -> None:
    scene = next(scene for scene in streets.plates(5) if scene.size == 360)
    photo = photos.attach(reported, stored(reported, scene.image), kind=Photo.Kind.BEFORE)
    assert (photo.state, photo.shown) == (Photo.State.WAITING, None)
    assert photos.look(timezone.now()) == 1
    photo.refresh_from_db()
    assert photo.state == Photo.State.COVERED
    assert photo.covers
    assert photo.shown
    assert photo.shown.file_name == "foto.jpg"  # not what the citizen's telephone called it
    assert photos.look(timezone.now()) == 0


def test_what_is_no_picture_has_to_be_covered_by_hand(reported: Case) -> None:
    media = Media.objects.create(organisation=reported.organisation, kind="image", state=Media.State.READY)  # its file is not there
    photo = photos.attach(reported, media)
    assert photos.look(timezone.now()) == 0
    photo.refresh_from_db()
    assert photo.state == Photo.State.FAILED


def test_what_was_covered_too_little_does_not_stay_behind(reported: Case, kemal: Operator, django_capture_on_commit_callbacks: Any) -> None:
    scene = next(streets.plates(5))
    photo = photos.attach(reported, stored(reported, scene.image))
    photos.look(timezone.now())
    photo.refresh_from_db()
    assert photo.shown
    old = files.path(photo.shown)
    assert old.exists()
    with django_capture_on_commit_callbacks(execute=True):
        photos.cover_by_hand(photo, [[0.1, 0.1, 0.5, 0.5]], operator=kemal)
    photo.refresh_from_db()
    assert photo.covers == [[0.1, 0.1, 0.5, 0.5]]
    assert not old.exists()
    with pytest.raises(actions.NotNow):
        photos.cover_by_hand(photo, [[0.1, 0.1, -1, 0.5]], operator=kemal)


def test_originals_are_deleted_after_their_time_and_the_covered_one_stays(reported: Case, kemal: Operator) -> None:
    photo = photos.attach(reported, stored(reported, next(streets.plates(5)).image))
    photos.look(timezone.now())
    actions.move(reported, State.DONE, operator=kemal)
    assert photos.forget(timezone.now()) == 0
    Case.objects.update(done_at=timezone.now() - timedelta(days=91))
    photo.refresh_from_db()
    assert photo.media
    original = files.path(photo.media)
    assert photos.forget(timezone.now()) == 1
    photo.refresh_from_db()
    assert not original.exists()
    assert photo.media is None
    assert photo.shown
    assert files.path(photo.shown).exists()


def test_with_the_person_their_pictures_go(reported: Case) -> None:
    photo = photos.attach(reported, stored(reported, next(streets.plates(5)).image))
    photos.look(timezone.now())
    photo.refresh_from_db()
    assert photo.media
    assert photo.shown
    places = [files.path(photo.media), files.path(photo.shown)]
    persons.empty(reported)
    assert not any(place.exists() for place in places)
    assert not Photo.objects.exists()
