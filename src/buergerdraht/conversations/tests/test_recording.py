"""What citizens say is written down: every kind, once, in the provider's time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Card, Location, MediaKind, Ref, Sender
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.tests.conftest import Write, broadcast
from buergerdraht.gateway.models import Channel, Media

PHOTO = Ref(kind=MediaKind.IMAGE, external_id="p1", mime="image/jpeg", size=1000)


def test_a_text_is_kept_and_shown_in_the_list(write: Write) -> None:
    message = write("Guten Morgen,\nda ist ein Loch.")
    assert (message.text, message.author, message.kind) == ("Guten Morgen,\nda ist ein Loch.", "citizen", "text")
    assert message.conversation.last_text == "Guten Morgen, da ist ein Loch."
    assert message.conversation.state == "bot"  # nobody is bothered before an automatic had its turn


def test_the_same_event_makes_one_message(write: Write) -> None:
    first, second = write("Hallo", external_id="x1"), write("Hallo", external_id="x1")
    assert first == second
    assert Message.objects.count() == 1


def test_a_photo_is_expected_and_shown_as_pending(write: Write) -> None:
    message = write("So sieht es aus", kind="media", media=[PHOTO])
    assert message.kind == "image"
    assert message.media.get().state == "pending"


@pytest.mark.parametrize("kind", ["voice", "audio", "video", "document", "sticker"])
def test_each_kind_of_file_keeps_its_kind(write: Write, kind: str) -> None:
    message = write(kind="media", media=[Ref(kind=MediaKind(kind), external_id="f", file_name="x.bin")])
    assert (message.kind, message.media.get().kind) == (kind, kind)
    assert message.conversation.last_kind == kind


def test_an_album_is_one_message_with_several_pictures(write: Write) -> None:
    first = write(kind="media", media=[PHOTO], album="a1", external_id="1")
    second = write("Drei Bilder", kind="media", media=[PHOTO], album="a1", external_id="2")
    again = write("Drei Bilder", kind="media", media=[PHOTO], album="a1", external_id="2")
    assert first == second == again
    assert Message.objects.get().media.count() == 2
    assert Message.objects.get().text == "Drei Bilder"


def test_location_cards_choice_and_the_rest_are_kept(write: Write) -> None:
    assert write(kind="location", location=Location(latitude=52.5, longitude=13.4)).data["location"]["latitude"] == 52.5
    assert write(kind="contacts", cards=[Card(name="Max", phones=["+49 30 23125 001"])]).data["cards"][0]["name"] == "Max"
    assert write("Ja", kind="choice", choice="yes").data["choice"] == "yes"
    assert write(kind="unsupported", raw_kind="poll").data["raw_kind"] == "poll"
    assert write("Hallo", start="verkehr", referral={"headline": "Plakat"}).data == {"start": "verkehr", "referral": {"headline": "Plakat"}}
    assert write("Weiter", forwarded="often").data["forwarded"] == "often"


def test_an_edit_replaces_the_text_and_keeps_the_earlier_one(write: Write) -> None:
    message = write("Um 8 Uhr", external_id="e1")
    write("Um 9 Uhr", kind="edit", quote="e1", external_id="e1:edit", at=timezone.now() + timedelta(minutes=1))
    message.refresh_from_db()
    assert (message.text, [each["text"] for each in message.data["earlier"]]) == ("Um 9 Uhr", ["Um 8 Uhr"])
    assert Message.objects.count() == 1
    assert Conversation.objects.get().last_text == "Um 9 Uhr"


def test_an_older_edit_that_comes_late_does_not_win(write: Write) -> None:
    now = timezone.now()
    message = write("eins", external_id="e1", at=now)
    write("drei", kind="edit", quote="e1", at=now + timedelta(minutes=2))
    write("zwei", kind="edit", quote="e1", at=now + timedelta(minutes=1))
    message.refresh_from_db()
    assert message.text == "drei"
    assert [each["text"] for each in message.data["earlier"]] == ["eins", "zwei"]


def test_a_deletion_removes_the_content_and_says_so(write: Write, django_capture_on_commit_callbacks: object) -> None:
    message = write("Geheim", kind="media", media=[PHOTO], external_id="d1")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        write(kind="deletion", quote="d1")
    message.refresh_from_db()
    assert (message.text, message.data, message.media.count()) == ("", {}, 0)
    assert message.deleted_at
    assert Media.objects.get().state == "deleted"
    assert Conversation.objects.get().last_text == ""


def test_an_edit_after_a_deletion_brings_nothing_back(write: Write) -> None:
    message = write("Geheim", external_id="d1")
    write(kind="deletion", quote="d1")
    write("Geheim!", kind="edit", quote="d1")
    message.refresh_from_db()
    assert message.text == ""


def test_what_an_unknown_deletion_means_is_still_shown(write: Write) -> None:
    assert write(kind="deletion", quote="nie gesehen").kind == "deleted_unknown"


def test_a_reaction_stands_on_its_message_and_goes_again(write: Write) -> None:
    message = write("Danke", external_id="r1")
    write("🙏", kind="reaction", quote="r1")
    message.refresh_from_db()
    assert message.reaction == "🙏"
    write("", kind="reaction", quote="r1")
    message.refresh_from_db()
    assert message.reaction == ""


def test_a_citizen_cannot_change_what_others_wrote(write: Write) -> None:
    mine = write("Meins", external_id="o1")
    other = Sender(address="666", name="Otto Orange")
    write("Gefälscht", kind="edit", quote="o1", sender=other)
    write(kind="deletion", quote="o1", sender=other)
    mine.refresh_from_db()
    assert mine.text == "Meins"
    assert not mine.deleted_at


def test_order_is_the_providers_time(write: Write) -> None:
    now = timezone.now()
    late = write("später", at=now)
    write("früher", at=now - timedelta(minutes=5))
    assert [each.text for each in Message.objects.order_by("at", "id")] == ["früher", "später"]
    assert late.conversation.messages.count() == 2
    assert Conversation.objects.get().last_text == "später"


def test_waiting_counts_from_the_first_unanswered(write: Write, thread: Conversation) -> None:
    before = thread.waiting_since
    write("Hallo?")
    thread.refresh_from_db()
    assert (thread.unread, thread.waiting_since) == (2, before)


def test_a_closed_thread_wakes_quietly_and_frees_itself_after_a_day(write: Write, thread: Conversation, andrea: object) -> None:
    Conversation.objects.update(state="closed", closed_at=timezone.now() - timedelta(days=3), operator=andrea)
    write("Noch eine Frage")
    thread.refresh_from_db()
    assert (thread.state, thread.operator_id) == ("bot", None)


# ── Answers to a broadcast ────────────────────────────────────────────────


def test_the_next_message_answers_the_newest_broadcast(write: Write) -> None:
    write("Hallo")
    outbound = broadcast(Address.objects.get())
    answer = write("Wie lange?")
    shown = Message.objects.get(outbound=outbound)
    assert (answer.broadcast, shown.author, shown.text) == (7, "broadcast", "Die Brücke ist gesperrt.")
    assert Conversation.objects.get().broadcast == 7
    assert write("Und der Bus?").broadcast == 7


def test_a_quote_tells_which_broadcast_is_meant(write: Write) -> None:
    write("Hallo")
    address = Address.objects.get()
    old = broadcast(address, "Alte Meldung", batch=5)
    broadcast(address, "Neue Meldung", batch=6)
    assert write("Zur alten", quote=f"b{old.pk}").broadcast == 5


def test_an_old_broadcast_is_not_answered_any_more(write: Write) -> None:
    write("Hallo")
    outbound = broadcast(Address.objects.get())
    outbound.__class__.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert write("Etwas Neues").broadcast is None


def test_a_reaction_to_a_broadcast_shows_it(write: Write) -> None:
    write("Hallo")
    outbound = broadcast(Address.objects.get())
    message = write("👍", kind="reaction", quote=f"b{outbound.pk}")
    assert (message.author, message.reaction) == ("broadcast", "👍")


def test_a_broadcast_to_somebody_else_is_never_shown(write: Write, telegram: Channel, town: Organisation) -> None:
    write("Hallo")
    write("Hallo", sender=Sender(address="99", name="Otto Orange"))
    outbound = broadcast(Address.objects.exclude(contact__conversation=Conversation.objects.earliest("id")).get())
    write("Was steht da?", quote=f"b{outbound.pk}")
    assert not Message.objects.filter(author="broadcast").exists()
