"""Who writes holds the pen; what they wrote so far belongs to the thread."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Operator
from buergerdraht.connectors.contract import Content
from buergerdraht.conversations import answering, holding, pen
from buergerdraht.conversations.models import Conversation, Draft, Message, Notice
from buergerdraht.conversations.tests.test_answering import audited
from buergerdraht.conversations.tests.test_screens import page
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Outbound

HX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def other_desk(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


def types(client: Client, thread: Conversation, text: str, **more: object) -> str:
    answer = client.post(page(thread, "entwurf/"), {"text": text, "art": "antwort", **more}, **HX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_first_who_types_holds_the_pen(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    assert answering.hold_pen(thread, andrea)
    assert not answering.hold_pen(thread, kemal)
    assert answering.hold_pen(thread, andrea)
    assert pen.look(thread, kemal).other == andrea
    assert pen.look(thread, andrea).mine


def test_a_pen_not_renewed_for_a_minute_is_free(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    answering.hold_pen(thread, andrea)
    Conversation.objects.update(writing_until=timezone.now() - timedelta(seconds=1))
    assert answering.hold_pen(thread, kemal)
    assert pen.look(thread, kemal).mine


def test_without_the_pen_nobody_sends(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    answering.hold_pen(thread, andrea)
    with pytest.raises(ValidationError, match="Andrea Berger schreibt gerade"):
        answering.reply(thread, Content(text="Ich auch"), operator=kemal)
    assert not Outbound.objects.exists()
    answering.reply(thread, Content(text="Ich"), operator=andrea)
    assert pen.look(thread, kemal).writer is None  # sending lays it down


def test_taking_the_pen_is_told_and_logged_and_shifts_who_may_send(thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    answering.hold_pen(thread, andrea)
    answering.take_pen(thread, kemal)
    assert (Notice.objects.get().operator, Notice.objects.get().kind) == (andrea, "taken")
    assert audited() == ["conversations.pen"]
    with pytest.raises(ValidationError):
        answering.reply(thread, Content(text="Ich"), operator=andrea)
    answering.reply(thread, Content(text="Ich auch"), operator=kemal)


def test_a_free_pen_taken_is_nobodys_loss(thread: Conversation, kemal: Operator) -> None:
    answering.take_pen(thread, kemal)
    assert not Notice.objects.exists()
    assert audited() == []


def test_a_draft_outlives_the_page_and_is_shared(desk: Client, other_desk: Client, thread: Conversation, andrea: Operator) -> None:
    assert 'data-held="mine"' in types(desk, thread, "Am Mitt")
    assert "Am Mitt" in desk.get(page(thread)).content.decode()
    seen = other_desk.get(page(thread)).content.decode()
    assert "Andrea Berger schreibt gerade eine Antwort." in seen
    assert "Was schon dasteht" in seen
    assert "readonly" in seen
    desk.post(page(thread, "entwurf/"), {"text": "Am Mittwoch", "art": "antwort", "fertig": "ja"}, **HX)
    seen = other_desk.get(page(thread)).content.decode()
    assert "Entwurf von Andrea Berger" in seen
    assert ">Am Mittwoch</textarea>" in seen
    assert Draft.objects.get().operator == andrea


def test_nobody_writes_over_a_draft_unseen(
    desk: Client, other_desk: Client, thread: Conversation, andrea: Operator, kemal: Operator
) -> None:
    types(desk, thread, "Langer Entwurf", fertig="ja")
    assert "Entwurf von Andrea Berger" in types(other_desk, thread, "K")
    assert Draft.objects.get().text == "Langer Entwurf"
    types(other_desk, thread, "Langer Entwurf, ergänzt", entwurf=andrea.pk)
    assert (Draft.objects.get().text, Draft.objects.get().operator) == ("Langer Entwurf, ergänzt", kemal)


def test_while_one_writes_the_others_typing_changes_nothing(
    desk: Client, other_desk: Client, thread: Conversation, andrea: Operator
) -> None:
    types(desk, thread, "Am Mittwoch")
    assert 'data-held="other"' in types(other_desk, thread, "Quer", entwurf=andrea.pk)
    assert Draft.objects.get().text == "Am Mittwoch"


def test_taking_over_brings_the_draft_into_ones_own_field(desk: Client, other_desk: Client, thread: Conversation) -> None:
    types(desk, thread, "Am Mittwoch")
    taken = other_desk.post(page(thread, "entwurf/uebernehmen/"), **HX).content.decode()
    assert ">Am Mittwoch</textarea>" in taken
    assert "readonly" not in taken
    assert "Kemal Özdemir schreibt gerade eine Antwort." in types(desk, thread, "Am Mittwoch um")


def test_a_sent_reply_ends_its_draft_and_a_late_autosave_does_not_bring_it_back(desk: Client, thread: Conversation) -> None:
    once = str(uuid4())
    types(desk, thread, "Am Mittwoch", einmal=once)
    desk.post(page(thread, "antwort/"), {"art": "antwort", "text": "Am Mittwoch", "einmal": once}, **HX)
    assert not Draft.objects.exists()
    types(desk, thread, "Am Mittw", einmal=once)
    assert not Draft.objects.exists()


def test_a_quick_reply_leaves_a_colleagues_draft_alone(desk: Client, other_desk: Client, thread: Conversation) -> None:
    types(desk, thread, "Langer Entwurf", fertig="ja")
    other_desk.post(page(thread, "antwort/"), {"art": "antwort", "text": "Ja."}, **HX)
    assert Draft.objects.get().text == "Langer Entwurf"


def test_a_draft_thrown_away_can_be_brought_back(desk: Client, thread: Conversation) -> None:
    types(desk, thread, "Am Mittwoch")
    gone = desk.post(page(thread, "entwurf/verwerfen/"), **HX).content.decode()
    assert "Entwurf verworfen." in gone
    assert not Draft.objects.exists()
    back = desk.post(page(thread, "entwurf/verwerfen/"), {"zurueck": "Am Mittwoch", "art": "antwort"}, **HX).content.decode()
    assert ">Am Mittwoch</textarea>" in back


def test_an_emptied_field_is_no_draft(desk: Client, thread: Conversation) -> None:
    types(desk, thread, "Am Mittwoch")
    types(desk, thread, " ")
    assert not Draft.objects.exists()


def test_a_note_needs_no_pen(desk: Client, other_desk: Client, thread: Conversation, kemal: Operator) -> None:
    types(desk, thread, "Am Mittwoch")
    assert other_desk.post(page(thread, "antwort/"), {"art": "notiz", "text": "Bauhof weiß Bescheid"}, **HX).status_code == 200
    assert Message.objects.get(author="note").operator == kemal
    assert Draft.objects.get().text == "Am Mittwoch"


def test_who_is_not_responsible_takes_no_pen(desk: Client, thread: Conversation, andrea: Operator, kemal: Operator) -> None:
    holding.assign(thread, by=kemal, operator=kemal)
    types(desk, thread, "Ich auch")
    assert pen.look(thread, andrea).writer is None
    assert desk.post(page(thread, "entwurf/uebernehmen/"), **HX).status_code == 422


def test_a_colleagues_answer_does_not_stand_in_the_note_of_whoever_may_not_answer(
    desk: Client, other_desk: Client, thread: Conversation, kemal: Operator
) -> None:
    types(desk, thread, "Am Mittwoch", fertig="ja")
    holding.assign(thread, by=kemal, operator=kemal)
    assert ">Am Mittwoch</textarea>" in other_desk.get(page(thread)).content.decode()
    holding.assign(thread, by=kemal, operator=Draft.objects.get().operator)
    seen = other_desk.get(page(thread)).content.decode()
    assert "Am Mittwoch" in seen  # to be read
    assert ">Am Mittwoch</textarea>" not in seen
    assert seen.count("data-locked") == 2  # the head and the field say the same


def test_pages_are_told_of_the_pen_in_ids(thread: Conversation, andrea: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(live, "tell", lambda organisation, topic, **values: told.append((topic, values)))
    pen.save(thread, pen.Typed("Geheim"), operator=andrea)
    assert ("draft", {"conversation": thread.pk}) in told
    assert "Geheim" not in str(told)
    told.clear()
    pen.save(thread, pen.Typed("Geheim"), operator=andrea)  # nothing new: nobody is bothered
    assert told == []
