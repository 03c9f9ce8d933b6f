"""The inbox as operators see it: bounded, escaped, quick, and live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Operator
from buergerdraht.connectors.contract import Card, Content, Location, MediaKind, Ref, Sender
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import answering, holding, reading
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.conversations.tests.conftest import Write
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Channel, MessageTemplate, Outbound

INBOX = "/o/musterstadt/posteingang/"
EVIL = "<script>alert(1)</script>"


def page(conversation: Conversation, rest: str = "") -> str:
    return f"{INBOX}{conversation.pk}/{rest}"


def test_the_list_shows_who_waits(desk: Client, thread: Conversation) -> None:
    shown = desk.get(INBOX).content.decode()
    assert "Emine Yıldırım" in shown
    assert "wartet seit 49 Min." in shown


def test_an_empty_inbox_says_so(desk: Client) -> None:
    assert "Niemand wartet" in desk.get(INBOX).content.decode()


def test_the_views_divide_the_conversations(desk: Client, write: Write, andrea: Operator) -> None:
    for number, (state, operator) in enumerate([("open", None), ("open", andrea), ("closed", andrea), ("bot", None)]):
        conversation = write("Hallo", sender=Sender(address=f"{number}", name=f"Person {number}")).conversation
        Conversation.objects.filter(pk=conversation.pk).update(state=state, operator=operator)
    for view, names in {"neu": {"0"}, "meine": {"1"}, "alle": {"0", "1"}, "erledigt": {"2"}}.items():
        shown = desk.post(INBOX + "liste/", {"ansicht": view}).content.decode()
        assert {each for each in "0123" if f"Person {each}" in shown} == names
    assert "Person 3" in desk.post(INBOX + "liste/", {"ansicht": "alle", "automatisch": "on"}).content.decode()


@pytest.mark.parametrize("query", ["repar", "Yıldırım", "+49 152 28817386"])
def test_search_finds_words_names_and_numbers(desk: Client, thread: Conversation, query: str) -> None:
    assert "Emine" in desk.post(INBOX + "liste/", {"suche": query}).content.decode()
    assert "Emine" not in desk.post(INBOX + "liste/", {"suche": "gibtesnicht"}).content.decode()


@pytest.mark.parametrize("query", ["'", "a & | !", ":*", "\\", "%", "(((", "\0"])
def test_a_strange_search_finds_nothing_and_breaks_nothing(desk: Client, thread: Conversation, query: str) -> None:
    assert desk.post(INBOX + "liste/", {"suche": query}).status_code == 200


def test_an_open_thread_hears_that_somebody_unsubscribed(desk: Client, thread: Conversation) -> None:
    """The row's mark changes, so the page fetches the head; what stands beside the thread comes with it."""

    def mark() -> str:
        found = re.search(r'data-head="(\w+)"', desk.get(INBOX).content.decode())
        assert found
        return found[1]

    before = mark()
    assert "hat sich abgemeldet" not in desk.get(page(thread, "kopf/")).content.decode()
    Contact.objects.filter(pk=thread.contact_id).update(state=Contact.State.STOPPED)
    assert mark() != before
    assert "hat sich abgemeldet" in desk.get(page(thread, "kopf/")).content.decode()


def test_names_and_texts_are_never_markup(desk: Client, write: Write, andrea: Operator) -> None:
    sender = Sender(address="1", name=EVIL, handle=EVIL)
    message = write(f'{EVIL} https://x.example/"onmouseover=alert(1) javascript:alert(1)', sender=sender, external_id="<q>")
    write(EVIL, sender=sender, kind="contacts", cards=[Card(name=EVIL, phones=[EVIL])])
    write(EVIL, sender=sender, kind="location", location=Location(latitude=1, longitude=2, name=EVIL, address=EVIL))
    write(EVIL, sender=sender, kind="unsupported", raw_kind=EVIL, referral={"headline": EVIL}, start=EVIL, quote="<q>")
    write(EVIL, sender=sender, kind="media", media=[Ref(kind=MediaKind.DOCUMENT, external_id="d", file_name=EVIL)])
    write(EVIL, sender=sender, kind="reaction", quote="<q>")
    holding.note(message.conversation, EVIL, operator=andrea)
    answering.reply(message.conversation, Content(text=f"{EVIL} [x](javascript:alert(1))", quote="<q>"), operator=andrea)
    shown = desk.get(page(message.conversation)).content.decode()
    assert EVIL not in shown
    assert 'href="javascript:' not in shown
    assert '"onmouseover' not in shown


def test_reading_is_in_the_audit_log(desk: Client, thread: Conversation) -> None:
    desk.get(page(thread))
    assert AuditEntry.objects.get().action == "conversations.read"


def test_a_reply_leaves_and_the_field_is_empty_again(desk: Client, thread: Conversation) -> None:
    answer = desk.post(page(thread, "antwort/"), {"art": "antwort", "text": "Am Mittwoch."}, HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "unterhaltung-neu")
    assert Message.objects.get(author="operator").text == "Am Mittwoch."


def test_a_reply_with_a_picture(desk: Client, thread: Conversation) -> None:
    dot = (b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00"
           b"\x02\x02D\x01\x00;")  # fmt: skip
    data = {"art": "antwort", "text": "Plan", "datei": [SimpleUploadedFile("plan.gif", dot)], "alt": ["Lageplan"]}
    assert desk.post(page(thread, "antwort/"), data, HTTP_HX_REQUEST="true").status_code == 200
    assert Message.objects.get(author="operator").media.get().alt == "Lageplan"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"art": "antwort", "text": " "}, "Schreiben Sie einen Text"),
        ({"art": "antwort", "text": "Plan", "datei": SimpleUploadedFile("a.exe", b"MZ\x90")}, "Diesen Dateityp nehmen wir nicht an"),
        ({"art": "notiz", "text": "Plan", "datei": SimpleUploadedFile("a.exe", b"MZ\x90")}, "Notizen enthalten nur Text"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(desk: Client, thread: Conversation, data: dict[str, object], sentence: str) -> None:
    answer = desk.post(page(thread, "antwort/"), data, HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#antwort-fehler")
    assert sentence in answer.content.decode()
    assert not Outbound.objects.exists()


def test_a_colleagues_conversation_must_be_taken_first(desk: Client, thread: Conversation, kemal: Operator) -> None:
    holding.assign(thread, by=kemal, operator=kemal)
    assert "Kemal Özdemir kümmert sich darum" in desk.get(page(thread)).content.decode()
    assert desk.post(page(thread, "antwort/"), {"art": "antwort", "text": "Hallo"}).status_code == 422
    desk.post(page(thread, "uebernehmen/"))
    assert desk.post(page(thread, "antwort/"), {"art": "antwort", "text": "Hallo"}).status_code == 302


def test_a_closed_window_offers_templates_only(desk: Client, write: Write, whatsapp: Channel) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=25)).conversation
    row = MessageTemplate.objects.create(
        channel=whatsapp, name="antwort", language="de", category="UTILITY", status="APPROVED", synced_at=timezone.now(),
        template={"body": "Guten Tag {{1}}!", "buttons": []},
    )  # fmt: skip
    shown = desk.get(page(conversation)).content.decode()
    assert "Das Antwortfenster ist geschlossen" in shown
    assert 'name="body.1"' in shown
    refused = desk.post(page(conversation, "antwort/"), {"art": "antwort", "text": "Hallo"})
    assert "Die letzte Nachricht der Person ist zu lange her" in refused.content.decode()
    assert desk.post(page(conversation, "vorlage/"), {"vorlage": row.pk}).status_code == 422
    assert desk.post(page(conversation, "vorlage/"), {"vorlage": row.pk, "body.1": "Frau Y", "text": "Danach"}).status_code == 302
    assert Message.objects.get(kind="template").text == "Guten Tag Frau Y!"
    assert Message.objects.get(kind="parked").text == "Danach"


def test_the_window_is_a_quiet_clock(desk: Client, write: Write, whatsapp: Channel) -> None:
    conversation = write("Hallo", channel=whatsapp, at=timezone.now() - timedelta(hours=23)).conversation
    shown = desk.get(page(conversation)).content.decode()
    assert "Antwortfenster schließt bald" in shown
    assert "data-rest>59 Min." in shown


def test_a_failed_message_says_why_and_offers_another_try(desk: Client, thread: Conversation, andrea: Operator) -> None:
    message = answering.reply(thread, Content(text="Hallo"), operator=andrea)
    Outbound.objects.update(state="failed", reason="blocked")
    shown = desk.get(page(thread)).content.decode()
    assert "nicht zugestellt: Die Person hat den Kanal blockiert" in shown
    desk.post(page(thread, f"verlauf/{message.pk}/erneut/"))
    assert Outbound.objects.get().state == "queued"


# ── Own house only, rights ────────────────────────────────────────────────


PLACES = [
    ("get", ""), ("get", "kopf/"), ("get", "verlauf/?nach=0"), ("get", "verlauf/1/"), ("get", "antwort/"), ("post", "antwort/"),
    ("post", "pruefen/"), ("get", "vorlage/"), ("post", "uebernehmen/"), ("post", "zuweisen/"), ("post", "erledigt/"),
    ("post", "oeffnen/"), ("post", "verlauf/1/erneut/"), ("post", "verlauf/1/klaeren/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "place"), PLACES)
def test_other_houses_find_nothing(client: Client, thread: Conversation, stranger: Operator, method: str, place: str) -> None:
    client.force_login(stranger)
    assert getattr(client, method)(page(thread, place)).status_code == 404
    assert getattr(client, method)(page(thread, place).replace("musterstadt", "nachbarstadt")).status_code in {403, 404}
    thread.refresh_from_db()
    assert (thread.state, thread.operator) == ("open", None)


@pytest.mark.parametrize(("method", "place"), [each for each in PLACES if each[0] == "post"])
def test_readers_do_not_answer(client: Client, thread: Conversation, reader: Operator, method: str, place: str) -> None:
    client.force_login(reader)
    assert getattr(client, method)(page(thread, place)).status_code == 403
    shown = client.get(page(thread)).content.decode()
    assert "Sie können mitlesen" in shown
    assert 'name="text"' not in shown


def test_another_houses_list_never_shows_ours(client: Client, thread: Conversation, stranger: Operator) -> None:
    client.force_login(stranger)
    for data in ({"ansicht": "alle"}, {"suche": "repariert"}, {"suche": "Emine"}):
        assert "Yıldırım" not in client.post("/o/nachbarstadt/posteingang/liste/", data).content.decode()


# ── Pieces, live, queries ─────────────────────────────────────────────────


def test_earlier_and_newer_bubbles_come_in_pieces(desk: Client, write: Write) -> None:
    now = timezone.now()
    for number in range(45):
        write(f"Zeile-{number:02}", at=now - timedelta(minutes=45 - number))
    conversation = Conversation.objects.get()
    shown = desk.get(page(conversation)).content.decode()
    assert "Zeile-05" in shown
    assert "Zeile-04" not in shown
    first = Message.objects.get(text="Zeile-05")
    assert "Zeile-04" in desk.get(page(conversation, f"verlauf/?vor={first.pk}")).content.decode()
    newest = Message.objects.get(text="Zeile-43")
    newer = desk.get(page(conversation, f"verlauf/?nach={newest.pk}")).content.decode()
    assert "Zeile-44" in newer
    assert "Zeile-43" not in newer


def test_what_arrives_before_open_eyes_is_read(desk: Client, thread: Conversation) -> None:
    desk.get(page(thread, "verlauf/?nach=0"))
    thread.refresh_from_db()
    assert thread.unread == 1
    desk.get(page(thread, "verlauf/?nach=0&sichtbar=1"))
    thread.refresh_from_db()
    assert thread.unread == 0


def test_pages_are_told_about_what_happens(write: Write, thread: Conversation, andrea: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(live, "tell", lambda organisation, topic, **values: told.append((topic, values)))
    message = write("Hallo?")
    assert ("message", {"conversation": thread.pk, "message": message.pk}) in told
    told.clear()
    answering.reply(thread, Content(text="Ja."), operator=andrea)
    assert {topic for topic, _ in told} == {"message", "conversation"}


def queries(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        ask()
    return len(seen)


def test_the_number_of_queries_does_not_grow(desk: Client, write: Write, andrea: Operator, thread: Conversation) -> None:
    def fill(many: int) -> None:
        for number in range(many):
            write("Hallo", sender=Sender(address=f"q{many}-{number}", name=f"P {number}"))
            write("Bild", kind="media", media=[Ref(kind=MediaKind.IMAGE, external_id="x")])
            answering.reply(
                thread, Content(text="Ja", quote=Message.objects.filter(author="citizen").latest("id").external_id or ""), operator=andrea
            )
        Conversation.objects.update(state="open")

    fill(2)
    desk.get(page(thread))
    few_list, few_thread = queries(lambda: desk.post(INBOX + "liste/", {"ansicht": "alle"})), queries(lambda: desk.get(page(thread)))
    fill(10)
    desk.get(page(thread))  # what is new is noted as seen
    assert queries(lambda: desk.post(INBOX + "liste/", {"ansicht": "alle"})) == few_list <= 14
    # The whole desk: list, thread, what stands beside it (dialogs, appointments and cases, too), bell.
    assert queries(lambda: desk.get(page(thread))) == few_thread <= 51
    assert Contact.objects.count() == 13


@pytest.mark.parametrize(
    ("name", "handle", "shown"),
    [
        ("Frau Brandt", "+4917139200147", "Frau Brandt"),
        ("", "+4917139200147", "Unbekannt, endet auf 47"),
        ("", "Webchat 1E3A5", "Webchat 1E3A5"),
        ("", "@ada", "@ada"),
        ("", "", "Unbekannt"),
    ],
)
def test_whoever_gave_no_name_is_called_what_they_are_known_by(name: str, handle: str, shown: str) -> None:
    """Of a telephone number only its end: it would be read over a shoulder."""
    assert reading.name_of(Contact(name=name), Address(handle=handle)) == shown
