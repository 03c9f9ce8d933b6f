"""What operators do: reply, hold, note, hand over, close; and what the thread keeps of it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation, Team
from buergerdraht.connectors.contract import Content, TemplateUse
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import actions, answering, holding, places, recording
from buergerdraht.conversations import page as pages
from buergerdraht.conversations.models import Conversation, Desk, Message, Stretch
from buergerdraht.conversations.tests.conftest import Write, arrives, event
from buergerdraht.conversations.tests.test_screens import page
from buergerdraht.gateway.models import Channel, MessageTemplate, Outbound


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("number").values_list("action", flat=True))


def test_a_reply_is_queued_shown_and_ends_the_waiting(thread: Conversation, andrea: Operator) -> None:
    message = answering.reply(thread, Content(text="Am **Mittwoch**."), operator=andrea)
    thread.refresh_from_db()
    assert (message.author, message.operator, message.text) == ("operator", andrea, "Am **Mittwoch**.")
    assert message.outbound is not None
    assert message.outbound.purpose == "reply"
    assert (thread.unread, thread.waiting_since, thread.operator) == (0, None, andrea)
    assert audited() == ["conversations.reply"]


def test_a_reply_leaves_the_conversation_with_whoever_holds_it(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    holding.assign(thread, by=kemal, operator=kemal)
    answering.reply(thread, Content(text="Gern."), operator=andrea)
    thread.refresh_from_db()
    assert thread.operator == kemal


def test_a_closed_window_refuses_a_free_reply_and_keeps_nothing(write: Write, whatsapp: Channel, andrea: Operator) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    with pytest.raises(outreach.Refused) as refusal:
        answering.reply(conversation, Content(text="Zu spät"), operator=andrea)
    assert refusal.value.reason == "window_closed"
    assert Message.objects.count() == 1


def test_a_template_opens_the_window_and_the_reply_follows_when_tapped(
    write: Write, whatsapp: Channel, town: Organisation, andrea: Operator
) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    template = {"body": "Guten Tag {{1}}, wir haben eine Antwort für Sie.", "buttons": []}
    MessageTemplate.objects.create(
        channel=whatsapp, name="antwort", language="de", category="UTILITY", status="APPROVED", template=template, synced_at=timezone.now()
    )
    use = Content(template=TemplateUse(name="antwort", language="de", body={"1": "Frau Yıldırım"}))
    parked = answering.await_answer(conversation, Content(text="Am Mittwoch."), use, operator=andrea)
    shown = Message.objects.get(kind="template")
    assert shown.text == "Guten Tag Frau Yıldırım, wir haben eine Antwort für Sie."
    assert (parked.kind, Outbound.objects.count()) == ("parked", 1)

    answer = arrives(whatsapp, event(text="Ja bitte"))
    recording.record(answer)
    assert answering.hold(answer)
    assert not Message.objects.filter(kind="parked").exists()
    assert Message.objects.get(text="Am Mittwoch.").outbound is not None
    assert Outbound.objects.count() == 2


def test_a_note_never_leaves_the_house(thread: Conversation, andrea: Operator) -> None:
    note = holding.note(thread, "Bauhof ist informiert", operator=andrea)
    assert (note.author, note.outbound) == ("note", None)
    assert not Outbound.objects.exists()
    thread.refresh_from_db()
    assert thread.last_text != "Bauhof ist informiert"


def test_handing_over_leaves_a_line_and_only_goes_inside_the_house(
    thread: Conversation, andrea: Operator, kemal: Operator, stranger: Operator, neighbour: Organisation
) -> None:
    holding.assign(thread, by=andrea, operator=kemal)
    thread.refresh_from_db()
    assert (thread.operator, thread.messages.latest("id").kind) == (kemal, "assigned")
    with pytest.raises(ValidationError):
        holding.assign(thread, by=andrea, operator=stranger)
    with pytest.raises(ValidationError):
        holding.assign(thread, by=andrea, team=Team.objects.create(organisation=neighbour, name="Fremd"))


def test_closing_and_reopening(thread: Conversation, andrea: Operator) -> None:
    holding.close(thread, operator=andrea)
    holding.close(thread, operator=andrea)
    thread.refresh_from_db()
    assert (thread.state, thread.unread, thread.waiting_since) == ("closed", 0, None)
    holding.reopen(thread, operator=andrea)
    thread.refresh_from_db()
    assert (thread.state, thread.operator) == ("open", andrea)
    assert audited() == ["conversations.closed", "conversations.reopened"]


def test_reading_is_logged_once_an_hour(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    for operator in (andrea, andrea, kemal):
        actions.mark_read(thread, operator=operator, answers=True)
    assert audited() == ["conversations.read", "conversations.read"]
    thread.refresh_from_db()
    assert thread.unread == 0


def test_a_reader_does_not_take_the_news_away(thread: Conversation, reader: Operator) -> None:
    actions.mark_read(thread, operator=reader, answers=False)
    thread.refresh_from_db()
    assert thread.unread == 1


def test_a_failed_reply_can_be_sent_again_and_an_unclear_one_be_settled(thread: Conversation, andrea: Operator) -> None:
    message = answering.reply(thread, Content(text="Am Mittwoch."), operator=andrea)
    Outbound.objects.update(state="failed", reason="not_reachable")
    answering.try_again(message, operator=andrea)
    assert Outbound.objects.get().state == "queued"
    Outbound.objects.update(state="unclear")
    answering.settle(message, operator=andrea, again=False)
    assert Outbound.objects.get().state == "accepted"


def test_automatic_messages_are_shown_too(thread: Conversation) -> None:
    outreach.send(Address.objects.get(), Content(text="Willkommen"), purpose="service")
    assert Message.objects.latest("id").author == "bot"
    thread.refresh_from_db()
    assert thread.waiting_since is not None  # an automatic answer ends nobody's waiting


def test_two_contacts_joined_have_one_thread(write: Write, thread: Conversation, whatsapp: Channel) -> None:
    other = write("Ich bin es auch", channel=whatsapp).conversation
    contacts.absorb(thread.contact, other.contact)
    assert Conversation.objects.count() == 1
    assert Message.objects.filter(conversation=thread).count() == 2
    assert Contact.objects.count() == 1


# ── Once, undo, order ─────────────────────────────────────────────────────


def sends(client: Client, thread: Conversation, text: str = "Am Mittwoch.", **more: object) -> HttpResponse:
    return client.post(page(thread, "antwort/"), {"art": "antwort", "text": text, **more}, HTTP_HX_REQUEST="true")  # type: ignore[return-value]


def test_a_double_click_writes_and_sends_once(desk: Client, thread: Conversation) -> None:
    once = str(uuid4())
    first, second = sends(desk, thread, einmal=once), sends(desk, thread, einmal=once)
    assert (first.status_code, second.status_code) == (200, 200)
    assert Message.objects.filter(author="operator").count() == Outbound.objects.count() == 1
    assert audited() == ["conversations.reply"]


def test_a_note_sent_twice_is_one_note(desk: Client, thread: Conversation) -> None:
    once = str(uuid4())
    for _ in range(2):
        sends(desk, thread, art="notiz", einmal=once)
    assert Message.objects.filter(author="note").count() == 1


def test_other_words_under_the_same_id_are_not_lost_but_asked_about(desk: Client, thread: Conversation) -> None:
    once = str(uuid4())
    sends(desk, thread, einmal=once)
    asked = sends(desk, thread, "Am Donnerstag.", einmal=once)
    assert asked.status_code == 422
    assert "data-anew" in asked.content.decode()
    assert Outbound.objects.count() == 1


def test_a_reply_waits_for_its_writer_to_think_again(desk: Client, thread: Conversation) -> None:
    sends(desk, thread)
    wait = Outbound.objects.get().not_before - timezone.now()  # type: ignore[operator]
    assert timedelta(seconds=3) < wait <= timedelta(seconds=5)
    assert "Rückgängig" in desk.get(page(thread)).content.decode()


def test_where_undo_is_switched_off_a_reply_leaves_at_once(desk: Client, thread: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, undo_seconds=0)
    sends(desk, thread)
    assert Outbound.objects.get().not_before is None
    assert "Rückgängig" not in desk.get(page(thread)).content.decode()


def test_undo_takes_the_reply_back_and_the_thread_stands_as_before(desk: Client, thread: Conversation) -> None:
    actions.keep(thread)  # with its matter
    before, matter = Conversation.objects.values().get(), Stretch.objects.values().get()
    sends(desk, thread)
    assert Stretch.objects.get().answered_at
    message = Message.objects.get(author="operator")
    answer = desk.post(page(thread, f"verlauf/{message.pk}/zurueck/"), {"text": "Und noch"}, HTTP_HX_REQUEST="true")
    assert ">Am Mittwoch.\n\nUnd noch</textarea>" in answer.content.decode()
    assert Outbound.objects.get().state == "cancelled"
    after = Conversation.objects.values().get()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"writer_id", "writing_until"}  # who took it back goes on writing
    assert Stretch.objects.values().get() == matter
    assert "Am Mittwoch." not in desk.get(page(thread, "verlauf/?nach=0")).content.decode()
    assert audited()[-1] == "conversations.undo"


def test_an_undone_reply_tried_again_late_by_the_network_stays_undone(desk: Client, thread: Conversation) -> None:
    once = str(uuid4())
    sends(desk, thread, einmal=once)
    desk.post(page(thread, f"verlauf/{Message.objects.get(author='operator').pk}/zurueck/"))
    assert sends(desk, thread, einmal=once).status_code == 200
    assert [row.state for row in Outbound.objects.all()] == ["cancelled"]


@pytest.mark.parametrize("state", ["sending", "doubt", "accepted"])
def test_what_the_engine_has_claimed_is_not_taken_back(desk: Client, thread: Conversation, state: str) -> None:
    sends(desk, thread)
    message = Message.objects.get(author="operator")
    Outbound.objects.update(state=state)
    answer = desk.post(page(thread, f"verlauf/{message.pk}/zurueck/"), HTTP_HX_REQUEST="true")
    assert answer.status_code == 422
    assert "Schon gesendet" in answer.content.decode()
    assert Outbound.objects.get().state == state
    assert Message.objects.get(pk=message.pk).text == "Am Mittwoch."


def test_only_who_answered_takes_it_back(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    message = answering.reply(thread, Content(text="Ja."), operator=andrea, desired=answering.Desired())
    with pytest.raises(ValidationError, match="Nur wer geantwortet hat"):
        answering.undo(message, operator=kemal)


def test_nothing_said_later_overtakes_a_reply_that_may_be_taken_back(thread: Conversation, andrea: Operator) -> None:
    answering.reply(thread, Content(text="Eins"), operator=andrea, desired=answering.Desired())
    first = Outbound.objects.get()
    answering.reply(thread, Content(text="Zwei"), operator=andrea)
    outreach.send(Address.objects.get(), Content(text="Automatisch"), purpose="service")
    later = Outbound.objects.exclude(pk=first.pk)
    assert [row.not_before for row in later] == [first.not_before, first.not_before]


def test_an_undone_reply_comes_back_with_its_picture(desk: Client, thread: Conversation) -> None:
    dot = (b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00"
           b"\x02\x02D\x01\x00;")  # fmt: skip
    sends(desk, thread, "Plan", datei=[SimpleUploadedFile("plan.gif", dot)], alt=["Lageplan"])
    message = Message.objects.get(author="operator")
    back = desk.post(page(thread, f"verlauf/{message.pk}/zurueck/"), HTTP_HX_REQUEST="true").content.decode()
    token = re.search(r'name="bleibt" value="([^"]+)"', back)
    assert token
    sends(desk, thread, "Plan", bleibt=[token[1]])
    assert Message.objects.get(author="operator").media.get().alt == "Lageplan"
    assert sends(desk, thread, "Plan", bleibt=["gefälscht:1:2"]).status_code == 200  # a token of nobody's attaches nothing
    assert Message.objects.filter(author="operator").latest("id").media.count() == 0


# ── Newest seen ───────────────────────────────────────────────────────────


def test_a_citizens_word_meanwhile_holds_the_reply_back_until_seen(desk: Client, write: Write, thread: Conversation) -> None:
    seen = Message.objects.get(author="citizen").pk
    newer = write("Es hat sich erledigt!")
    held = sends(desk, thread, gesehen=seen)
    assert held.status_code == 422
    assert held["HX-Retarget"] == "#antwort-fehler"
    for words in ("hat inzwischen geschrieben", "Es hat sich erledigt!", "Trotzdem senden", "Zum Verlauf"):
        assert words in held.content.decode()
    assert not Outbound.objects.exists()
    assert sends(desk, thread, gesehen=seen, trotzdem=newer.pk).status_code == 200
    assert Outbound.objects.count() == 1


def test_sending_all_the_same_covers_only_what_was_shown(desk: Client, write: Write, thread: Conversation) -> None:
    seen = write("Zweite").pk
    write("Dritte")
    assert sends(desk, thread, gesehen=seen - 1, trotzdem=seen).status_code == 422


# ── Choices, place, templates, what waits ─────────────────────────────────


def test_choices_and_a_place_go_with_the_reply(desk: Client, thread: Conversation) -> None:
    sends(desk, thread, "Wann passt es?", auswahl=["Vormittags", "Nachmittags", " "], ort="https://www.openstreetmap.org/#map=17/51.05/13.74",
          ort_name="Rathaus")  # fmt: skip
    content = Outbound.objects.get().content.content
    assert [choice["title"] for choice in content["choices"]] == ["Vormittags", "Nachmittags"]
    assert (content["location"]["latitude"], content["location"]["name"]) == (51.05, "Rathaus")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"auswahl": ["Ja", "Ja"]}, "heißen gleich"),
        ({"ort": "am Brunnen"}, "Der Ort ist nicht lesbar"),
        ({"ort_name": "Rathaus"}, "fehlen die Koordinaten"),
    ],
)
def test_what_is_wrong_with_choices_or_place_is_said(desk: Client, thread: Conversation, fields: dict[str, object], sentence: str) -> None:
    answer = sends(desk, thread, "Hallo", **fields)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("51.0504, 13.7373", (51.0504, 13.7373)),
        ("51,0504 13,7373", (51.0504, 13.7373)),
        ("geo:51.05,13.74", (51.05, 13.74)),
        ("https://www.google.com/maps/place/X/@50.1,8.6,17z/data=!3d50.11!4d8.68", (50.11, 8.68)),
        ("https://maps.google.com/?q=51.05,13.74", (51.05, 13.74)),
        ("https://www.openstreetmap.org/?mlat=51.05&mlon=13.74#map=17/51.0/13.7", (51.05, 13.74)),
        ("https://maps.apple.com/?ll=51.05,13.74", (51.05, 13.74)),
        ("91.0, 13.7", None), ("Rathaus", None), ("", None),
    ],
)  # fmt: skip
def test_a_place_is_read_as_people_have_it(text: str, point: tuple[float, float] | None) -> None:
    assert places.read(text) == point


def template_of(whatsapp: Channel) -> MessageTemplate:
    return MessageTemplate.objects.create(
        channel=whatsapp, name="antwort", language="de", category="UTILITY", status="APPROVED", synced_at=timezone.now(),
        template={"body": "Guten Tag {{1}}!", "buttons": []},
    )  # fmt: skip


def test_a_template_goes_inside_an_open_window_too(desk: Client, write: Write, whatsapp: Channel) -> None:
    conversation = write("Hallo", channel=whatsapp).conversation
    row = template_of(whatsapp)
    assert 'id="vorlagen"' in desk.get(page(conversation)).content.decode()
    once = str(uuid4())
    for _ in range(2):
        desk.post(page(conversation, "vorlage/"), {"vorlage": row.pk, "body.1": "Frau Y", "einmal": once}, HTTP_HX_REQUEST="true")
    assert Message.objects.get(kind="template").text == "Guten Tag Frau Y!"


def waits(desk: Client, write: Write, whatsapp: Channel) -> Message:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    row = template_of(whatsapp)
    once = str(uuid4())
    for _ in range(2):  # and twice is once
        desk.post(page(conversation, "vorlage/"), {"vorlage": row.pk, "body.1": "Frau Y", "text": "Danach", "einmal": once})
    assert Outbound.objects.count() == 1
    return Message.objects.get(kind="parked")


def test_what_waits_is_visible_to_all_and_can_be_worded_anew(desk: Client, write: Write, whatsapp: Channel, reader: Operator) -> None:
    parked = waits(desk, write, whatsapp)
    place = page(parked.conversation, f"verlauf/{parked.pk}/wartend/")
    assert "Danach, mit Gruß" in desk.post(place, {"text": "Danach, mit Gruß"}, HTTP_HX_REQUEST="true").content.decode()
    watching = Client()
    watching.force_login(reader)
    shown = watching.get(page(parked.conversation)).content.decode()
    assert "wartet, geht hinaus, sobald die Person antwortet" in shown
    assert "Ändern oder verwerfen" not in shown
    answer = arrives(whatsapp, event(text="Ja bitte"))
    recording.record(answer)
    answering.hold(answer)
    assert Outbound.objects.latest("id").content.content["text"] == "Danach, mit Gruß"
    assert "wartet nicht mehr" in desk.post(place, {"text": "Zu spät"}, HTTP_HX_REQUEST="true").content.decode()


def test_what_waits_can_be_dropped_and_then_never_goes(desk: Client, write: Write, whatsapp: Channel) -> None:
    parked = waits(desk, write, whatsapp)
    desk.post(page(parked.conversation, f"verlauf/{parked.pk}/wartend/"), {"verwerfen": "ja"}, HTTP_HX_REQUEST="true")
    answer = arrives(whatsapp, event(text="Ja bitte"))
    recording.record(answer)
    answering.hold(answer)
    assert Outbound.objects.count() == 1
    assert "conversations.parked_drop" in audited()


# ── Hidden words, language, beside ────────────────────────────────────────


def test_sensitive_words_are_hidden_until_somebody_asks_and_that_is_logged(desk: Client, write: Write) -> None:
    message = write("Meine IBAN ist DE02 1203 0000 0000 2020 51, danke")
    Message.objects.filter(pk=message.pk).update(flags=["iban"])
    shown = desk.get(page(message.conversation)).content.decode()
    assert "2020 51" not in shown
    assert "Persönliche Angaben verdeckt" in shown
    bare = desk.post(page(message.conversation, f"verlauf/{message.pk}/zeigen/"), HTTP_HX_REQUEST="true").content.decode()
    assert "2020 51" in bare
    assert audited()[-1] == "conversations.unmask"


def test_the_way_is_shown_where_a_person_has_several(desk: Client, write: Write, thread: Conversation, whatsapp: Channel) -> None:
    assert "ch--blue" not in desk.get(page(thread, "verlauf/?nach=0")).content.decode()
    contacts.absorb(thread.contact, write("Ich bin es auch", channel=whatsapp).conversation.contact)
    shown = desk.get(page(thread, "verlauf/?nach=0")).content.decode()
    assert "ch--blue" in shown
    assert "ch--green" in shown


def test_the_language_is_changed_by_who_may(desk: Client, client: Client, thread: Conversation, reader: Operator) -> None:
    desk.post(page(thread, "sprache/"), {"sprache": "en"}, HTTP_HX_REQUEST="true")
    thread.contact.refresh_from_db()
    assert thread.contact.language == "en"
    desk.post(page(thread, "sprache/"), {"sprache": "xx"}, HTTP_HX_REQUEST="true")
    thread.contact.refresh_from_db()
    assert thread.contact.language == "en"
    client.force_login(reader)
    assert client.post(page(thread, "sprache/"), {"sprache": "de"}).status_code == 403


def test_earlier_matters_stand_beside_without_names_where_the_works_council_says_so(
    desk: Client, thread: Conversation, town: Organisation, kemal: Operator
) -> None:
    now = timezone.now()
    Stretch.objects.create(organisation=town, conversation=thread, operator=kemal, opened_at=now - timedelta(days=9), closed_at=now, mark=4)
    shown = desk.get(page(thread)).content.decode()
    assert "Frühere Gespräche" in shown
    assert "4/5" in shown
    assert "beantwortet von" not in shown
    Desk.objects.create(organisation=town, works_council=False)
    assert "beantwortet von Kemal Özdemir" in desk.get(page(thread)).content.decode()


def test_rooms_above_put_blocks_beside_the_thread(desk: Client, thread: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BESIDE", [lambda request, conversation: f"Fall {conversation.pk}", lambda request, conversation: ""])
    assert f"Fall {thread.pk}" in desk.get(page(thread)).content.decode()
