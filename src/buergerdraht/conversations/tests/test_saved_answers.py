"""Texts one says often: whose they are, what is filled in, and the signature under a reply."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import saved_answers
from buergerdraht.conversations.models import Conversation, Desk, Message, SavedAnswer, TeamRule
from buergerdraht.conversations.tests.conftest import works_at
from buergerdraht.conversations.tests.test_answering import audited, sends
from buergerdraht.conversations.tests.test_screens import page

PLACE = "/o/musterstadt/einstellungen/posteingang/antworten/"


@pytest.fixture
def office(town: Organisation, andrea: Operator) -> Team:
    team = Team.objects.create(organisation=town, name="Bürgeramt")
    Membership.objects.get(operator=andrea).teams.add(team)
    return team


def save(town: Organisation, shortcut: str, text: str, **more: object) -> SavedAnswer:
    texts = {"de": text} if text else {}
    return SavedAnswer.objects.create(
        organisation=town, shortcut=shortcut, title=shortcut.title(), texts=texts | more.pop("texts", {}), **more
    )  # type: ignore[operator]


def offered(client: Client, thread: Conversation) -> str:
    return client.get(page(thread, "antworten/")).content.decode()


def test_placeholders_are_filled_for_this_person(desk: Client, thread: Conversation, town: Organisation, office: Team) -> None:
    Conversation.objects.update(team=office)
    save(town, "termin", "{anrede}, {vorname}! {name}: am {datum} im {team}. {mein_name}, {organisation}")
    today = date_format(timezone.localdate(), "DATE_FORMAT")
    assert f"Guten Tag Emine Yıldırım, Emine! Emine Yıldırım: am {today} im Bürgeramt. Andrea Berger, Musterstadt" in offered(desk, thread)


def test_without_a_name_no_gap_and_no_lonely_comma_stays(desk: Client, thread: Conversation, town: Organisation) -> None:
    Contact.objects.update(name="")
    save(town, "gruss", "{anrede} {name}, wir melden uns.")
    assert "Guten Tag, wir melden uns." in offered(desk, thread)


def test_du_greets_by_the_first_name(thread: Conversation, town: Organisation) -> None:
    town.address_form = "du"
    assert saved_answers.greeting(thread.contact, town) == "Hallo Emine"


@pytest.mark.parametrize(("language", "text"), [("en", "Hello"), ("tr", "Guten Tag")])
def test_the_text_is_in_the_citizens_language_else_in_ours(
    desk: Client, thread: Conversation, town: Organisation, language: str, text: str
) -> None:
    Contact.objects.update(language=language)
    save(town, "gruss", "Guten Tag", texts={"en": "Hello"})
    assert f">{text}</span>" in offered(desk, thread)


def test_another_teams_answers_are_not_offered(desk: Client, thread: Conversation, town: Organisation, office: Team) -> None:
    other = Team.objects.create(organisation=town, name="Bauhof")
    save(town, "unser", "Unser Text", team=office)
    save(town, "fremd", "Fremder Text", team=other)
    save(town, "alle", "Text für alle")
    shown = offered(desk, thread)
    assert "Unser Text" in shown
    assert "Text für alle" in shown
    assert "Fremder Text" not in shown
    Conversation.objects.update(team=other)  # whoever answers for that team may say what it says
    assert "Fremder Text" in offered(desk, thread)


def test_what_is_sent_is_counted(desk: Client, thread: Conversation, town: Organisation, neighbour: Organisation) -> None:
    answer, foreign = save(town, "gruss", "Guten Tag"), save(neighbour, "gruss", "Guten Tag")
    sends(desk, thread, "Guten Tag", baustein=[answer.pk, foreign.pk, "x"])
    assert list(SavedAnswer.objects.order_by("pk").values_list("used", flat=True)) == [1, 0]


# ── Keeping them ──────────────────────────────────────────────────────────


def test_a_team_keeps_its_own_and_nobody_elses(desk: Client, town: Organisation, office: Team) -> None:
    foreign = save(town, "alle", "Text für alle")
    assert desk.get(f"{PLACE}{foreign.pk}/").status_code == 404
    assert desk.post(f"{PLACE}{foreign.pk}/loeschen/").status_code == 404
    assert desk.post(f"{PLACE}neu/", {"title": "Gruß", "shortcut": "/Gruss", "team": "", "text_de": "Hallo"}).status_code == 422
    data = {"title": "Gruß", "shortcut": "/Gruss", "team": office.pk, "text_de": "Hallo", "text_en": ""}
    assert desk.post(f"{PLACE}neu/", data).status_code == 302
    mine = SavedAnswer.objects.get(team=office)
    assert (mine.shortcut, mine.texts) == ("gruss", {"de": "Hallo"})
    desk.post(f"{PLACE}{mine.pk}/loeschen/")
    assert SavedAnswer.objects.get() == foreign
    assert audited() == ["conversations.save_answer", "conversations.delete_answer"]


def test_who_manages_keeps_everybodys(client: Client, town: Organisation) -> None:
    client.force_login(works_at(town, "Maria Chefin", "administrator"))
    data = {"title": "Gruß", "shortcut": "gruss", "team": "", "text_de": "{anrede}!", "text_en": ""}
    assert client.post(f"{PLACE}neu/", data).status_code == 302
    assert "/gruss" in client.get(PLACE).content.decode()
    taken = client.post(f"{PLACE}neu/", data)
    assert taken.status_code == 422
    assert "schon vergeben" in taken.content.decode()


def test_readers_keep_none(client: Client, reader: Operator) -> None:
    client.force_login(reader)
    assert client.get(PLACE).status_code == 403
    assert client.post(f"{PLACE}neu/").status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [("shortcut", "zwei wörter", "ohne Leerzeichen"), ("text_de", "Hallo {nachname}", "Diesen Platzhalter gibt es nicht: {nachname}")],
)
def test_what_is_wrong_is_said(desk: Client, office: Team, field: str, value: str, sentence: str) -> None:
    data = {"title": "Gruß", "shortcut": "gruss", "team": office.pk, "text_de": "Hallo", "text_en": "", field: value}
    assert sentence in desk.post(f"{PLACE}neu/", data).content.decode()
    assert not SavedAnswer.objects.exists()


def test_the_preview_fills_in_and_escapes(desk: Client, office: Team) -> None:
    shown = desk.post(f"{PLACE}vorschau/", {"text_de": "{anrede} <script>"}).content.decode()
    assert "Guten Tag Erika Mustermann" in shown
    assert "<script>" not in shown


def test_an_empty_list_says_what_to_do(desk: Client) -> None:
    assert "Noch keine gespeicherten Antworten" in desk.get(PLACE).content.decode()


# ── The signature ─────────────────────────────────────────────────────────


def test_the_signature_stands_under_the_reply_and_is_shown_before(
    desk: Client, thread: Conversation, town: Organisation, office: Team
) -> None:
    Desk.objects.create(organisation=town, signature="{vorname}, {organisation}", undo_seconds=5)
    shown = desk.get(page(thread)).content.decode()
    assert "Andrea, Musterstadt" in shown
    sends(desk, thread, "Am Mittwoch.")
    message = Message.objects.get(author="operator")
    assert message.text == "Am Mittwoch.\n\nAndrea, Musterstadt"
    back = desk.post(page(thread, f"verlauf/{message.pk}/zurueck/"), HTTP_HX_REQUEST="true").content.decode()
    assert ">Am Mittwoch.</textarea>" in back  # it is written under it again when sent again
    Conversation.objects.update(team=office)
    TeamRule.objects.create(team=office, signature="{name}, {team}")
    sends(desk, thread, "Am Donnerstag.")
    assert Message.objects.filter(author="operator").latest("id").text.endswith("Andrea Berger, Bürgeramt")


def test_a_note_has_no_signature(desk: Client, thread: Conversation, town: Organisation) -> None:
    Desk.objects.create(organisation=town, signature="{vorname}")
    sends(desk, thread, "Intern", art="notiz")
    assert Message.objects.get(author="note").text == "Intern"
