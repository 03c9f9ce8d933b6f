"""The pages: the day, booking by hand, moving, cancelling, offers and closed days; and who may."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Organisation, Team
from buergerdraht.appointments import actions, reading
from buergerdraht.appointments.actions import Person
from buergerdraht.appointments.models import Booking, Closure, Offer
from buergerdraht.appointments.tests.conftest import booked, citizen, make_channel, make_offer, make_town, member, slots
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Conversation, Message

DESK = "/o/musterstadt/termine/"


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.operator)
    return client


@pytest.fixture
def client(andrea: Membership) -> Client:
    return signed_in(andrea)


def text(client: Client, path: str, given: dict[str, Any] | None = None) -> str:
    answer = client.get(path) if given is None else client.post(path, given, follow=True)
    assert answer.status_code in {200, 422}
    return " ".join(answer.content.decode().split())


def day(row: Booking) -> str:
    return f"{timezone.localtime(row.begins_at):%Y-%m-%d}"


def at(slot: Any) -> str:
    return str(int(slot.begins_at.timestamp()))


# ── The day ───────────────────────────────────────────────────────────────


def test_without_an_offer_the_page_says_what_to_do(client: Client) -> None:
    assert "Noch kann nichts gebucht werden" in text(client, DESK)
    assert "Noch kein Angebot" in text(client, f"{DESK}angebote/")


def test_the_day_in_order_with_its_neighbours(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    page = text(client, f"{DESK}?tag={day(row)}")
    assert "Paula" in page
    assert row.shown_code in page
    assert f"?tag={row.begins_at.date() - timedelta(days=1)}" in page
    assert f"?tag={row.begins_at.date() + timedelta(days=1)}" in page
    assert "Paula" not in text(client, f"{DESK}?tag={row.begins_at.date() + timedelta(days=1)}")


@pytest.mark.parametrize("wrong", ["gestern", "2026-13-01", "0001-01-01", "9999-12-31", ""])
def test_a_bent_day_is_today(client: Client, offer: Offer, wrong: str) -> None:
    assert f'value="{timezone.localdate():%Y-%m-%d}"' in text(client, f"{DESK}?tag={wrong}")


def test_a_team_sees_its_own(client: Client, offer: Offer, town: Organisation, paula: Address, team: Team) -> None:
    other = Team.objects.create(organisation=town, name="Standesamt")
    row = booked(offer, paula)
    assert "Paula" in text(client, f"{DESK}?tag={day(row)}&team={team.pk}")
    assert "Paula" not in text(client, f"{DESK}?tag={day(row)}&team={other.pk}")
    foreign = Team.objects.create(organisation=make_town("kreis"), name="Fremd")
    assert client.get(f"{DESK}?team={foreign.pk}").status_code == 404


def test_what_was_only_held_and_let_go_is_nobodys_business(client: Client, offer: Offer, paula: Address) -> None:
    first = actions.hold(offer, slots(offer)[0].begins_at, paula.contact, paula)
    assert "vorgemerkt" in text(client, f"{DESK}?tag={day(first)}")
    Booking.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert "Paula" not in text(client, f"{DESK}?tag={day(first)}")
    actions.free_held(timezone.now())
    assert "Paula" not in text(client, f"{DESK}?tag={day(first)}")


def test_a_hidden_person_is_not_named_but_the_desk_is_taken(client: Client, offer: Offer, paula: Address) -> None:
    row = actions.confirm(actions.hold(offer, slots(offer)[0].begins_at, paula.contact, paula), note="sehr privat")
    Conversation.objects.update(confidential=True)
    page = text(client, f"{DESK}?tag={day(row)}")
    assert "Paula" not in page
    assert "sehr privat" not in page
    assert "nicht für Sie sichtbar" in page
    for path in ("", "verschieben/", "termin.ics"):
        assert client.get(f"{DESK}{row.pk}/{path}").status_code == 404
    assert client.post(f"{DESK}{row.pk}/absagen/").status_code == 404
    csv = client.get(f"{DESK}tag.csv?tag={day(row)}").content.decode()
    assert "Paula" not in csv
    assert "sehr privat" not in csv


def test_why_somebody_was_not_reminded_is_seen(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    Booking.objects.update(unreached="reminder:window_closed")
    assert "nicht erinnert: Fenster zu" in text(client, f"{DESK}?tag={day(row)}")
    assert "Nicht erinnert: Fenster zu" in text(client, f"{DESK}{row.pk}/")


def test_the_day_as_table_and_calendar(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    by_phone = actions.book_for(offer, slots(offer)[3].begins_at, Person(name="=1+1"), operator=Membership.objects.get().operator)
    cancelled = actions.cancel(booked(make_offer(offer.organisation, key="weg", title={"de": "Weg"}), paula))
    answer = client.get(f"{DESK}tag.csv?tag={day(row)}")
    lines = answer.content.decode().removeprefix("\ufeff").splitlines()
    assert lines[0].startswith("Beginn;Ende;Angebot;Platz;Person")
    assert len(lines) == 4
    assert "Paula" in lines[1] + lines[2]
    assert ";'=1+1;" in "".join(lines)
    assert AuditEntry.objects.filter(action="appointments.export").count() == 1
    answer = client.get(f"{DESK}tag.ics?tag={day(row)}")
    assert answer["Content-Type"].startswith("text/calendar")
    calendar = answer.content.decode()
    assert calendar.count("BEGIN:VEVENT") == 2
    assert by_phone.shown_code in calendar
    assert cancelled.shown_code not in calendar
    assert "Paula" not in calendar


# ── How it went, cancelling, moving ───────────────────────────────────────


def test_how_it_went_is_noted_and_taken_back(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    answer = client.post(f"{DESK}{row.pk}/erledigt/", {"tag": "1"})
    assert answer["Location"] == f"{DESK}?tag={day(row)}#termin-{row.pk}"
    assert "anderen Stand" in text(client, f"{DESK}{row.pk}/nicht-gekommen/", {})
    assert "wieder als gebucht" in text(client, f"{DESK}{row.pk}/zuruecknehmen/", {})
    assert "nicht gekommen" in text(client, f"{DESK}{row.pk}/nicht-gekommen/", {})
    assert client.post(f"{DESK}{row.pk}/verbrennen/").status_code == 404


def test_cancelled_with_a_word(client: Client, offer: Offer, paula: Address, andrea: Membership) -> None:
    row = booked(offer, paula)
    page = text(client, f"{DESK}{row.pk}/absagen/", {"tell": "on", "word": "Frau Muster ist krank."})
    assert "Die Nachricht ist unterwegs" in page
    said = Message.objects.get(author="operator")
    assert said.text.startswith("Wir müssen Ihren Termin Ausweis beantragen am ")
    assert said.text.endswith("Frau Muster ist krank.")
    assert said.operator == andrea.operator
    row.refresh_from_db()
    assert (row.state, row.ended_by) == ("cancelled", "operator")


def test_cancelled_in_silence(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    text(client, f"{DESK}{row.pk}/absagen/", {"word": "egal"})
    assert not Message.objects.filter(author="operator").exists()


def test_where_the_word_cannot_go_out_people_are_told(client: Client, town: Organisation, offer: Offer) -> None:
    row = booked(offer, citizen(make_channel(town, "whatsapp"), "491700000000"))
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(days=3))
    page = text(client, f"{DESK}{row.pk}/absagen/", {"tell": "on"})
    assert "weiß noch nichts davon (nicht benachrichtigt: Fenster zu)" in page


def test_moved_and_told(client: Client, offer: Offer, paula: Address) -> None:
    row, slot = booked(offer, paula), slots(offer)[20]
    page = text(client, f"{DESK}{row.pk}/verschieben/?tag={slot.day}")
    assert f'value="{at(slot)}"' in page
    text(client, f"{DESK}{row.pk}/verschieben/", {"zeit": at(slot), "tell": "on", "word": "Zimmer 12 wird gestrichen."})
    row.refresh_from_db()
    assert row.begins_at == slot.begins_at
    assert "hat eine neue Zeit" in Message.objects.get(author="operator").text


def test_moved_to_where_it_is_nobody_is_told_and_the_desk_says_so(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    page = text(client, f"{DESK}{row.pk}/verschieben/", {"zeit": at(row), "tell": "on"})
    assert "es hat sich nichts geändert" in page
    assert not Message.objects.filter(author="operator").exists()


def test_a_time_somebody_took_meanwhile_is_refused_kindly(client: Client, offer: Offer, paula: Address) -> None:
    offer.capacity = 1
    offer.save()
    row, slot = booked(offer, paula), slots(offer)[9]
    booked(offer, citizen(paula.channel, "otto"), slot)
    page = text(client, f"{DESK}{row.pk}/verschieben/", {"zeit": at(slot), "tag": slot.day.isoformat()})
    assert "inzwischen vergeben" in page
    assert "Bitte wählen Sie eine Zeit" in text(client, f"{DESK}{row.pk}/verschieben/", {"zeit": "quatsch"})
    actions.cancel(row)
    assert "nicht mehr verschieben" in text(client, f"{DESK}{row.pk}/verschieben/", {"zeit": at(slot)})


# ── By hand ───────────────────────────────────────────────────────────────


def test_booked_for_a_contact_found_by_name(client: Client, offer: Offer, paula: Address) -> None:
    slot = slots(offer)[0]
    form = {"angebot": str(offer.pk), "tag": slot.day.isoformat(), "zeit": at(slot), "note": "Bringt Foto mit"}
    page = text(client, f"{DESK}neu/", {**form, "q": "paula", "suchen": "1"})
    assert f'value="{paula.contact_id}"' in page
    assert "Bringt Foto mit" in page
    assert not Booking.objects.exists()
    page = text(client, f"{DESK}neu/", {**form, "kontakt": str(paula.contact_id), "tell": "on"})
    row = Booking.objects.get()
    assert (row.contact, row.state, row.begins_at, row.note) == (paula.contact, "booked", slot.begins_at, "Bringt Foto mit")
    assert "Ihr Termin ist gebucht" in Message.objects.get(author="operator").text


def test_booked_for_somebody_on_the_telephone(client: Client, offer: Offer) -> None:
    slot = slots(offer)[0]
    form = {"angebot": str(offer.pk), "zeit": at(slot), "tell": "on"}
    assert "nennen Sie einen Namen" in text(client, f"{DESK}neu/", form)
    assert "Bitte wählen Sie eine Zeit" in text(client, f"{DESK}neu/", {**form, "zeit": "", "name": "Frau Beispiel"})
    assert "Frau Beispiel" in text(client, f"{DESK}neu/", {**form, "name": "Frau Beispiel"})
    assert Booking.objects.get().name == "Frau Beispiel"


def test_looking_at_another_day_keeps_what_was_written(client: Client, offer: Offer) -> None:
    slot = slots(offer)[0]
    page = text(client, f"{DESK}neu/", {"angebot": str(offer.pk), "zu": slot.day.isoformat(), "tag": "2020-01-01", "name": "Herr Lang"})
    assert 'value="Herr Lang"' in page
    assert f'value="{at(slot)}"' in page


def test_nobody_of_another_house_and_nobody_hidden_can_be_booked_for(client: Client, offer: Offer, paula: Address) -> None:
    foreign = Contact.objects.create(organisation=make_town("kreis"))
    form = {"angebot": str(offer.pk), "zeit": at(slots(offer)[0])}
    assert client.post(f"{DESK}neu/", {**form, "kontakt": str(foreign.pk)}).status_code == 404
    Conversation.objects.create(organisation=offer.organisation, contact=paula.contact, confidential=True)
    assert client.post(f"{DESK}neu/", {**form, "kontakt": str(paula.contact_id)}).status_code == 404
    assert "Niemand gefunden" in text(client, f"{DESK}neu/", {**form, "q": "paula", "suchen": "1"})
    assert not Booking.objects.exists()


def test_a_thread_turns_into_an_appointment(client: Client, offer: Offer, paula: Address) -> None:
    booked(offer, paula)
    page = text(client, f"/o/musterstadt/posteingang/{paula.contact.conversation.pk}/")
    assert f"/termine/neu/?kontakt={paula.contact_id}" in page
    assert "Paula" in text(client, f"{DESK}neu/?kontakt={paula.contact_id}")


# ── Offers and closed days ────────────────────────────────────────────────


def wish(**fields: str) -> dict[str, str]:
    values = {
        "title_de": "Personalausweis beantragen", "title_en": "ID card", "kind": "place", "place": "Zimmer 3", "minutes": "15",
        "pause": "5", "capacity": "2", "earliest_hours": "12", "latest_days": "30", "per_contact": "1", "reminders": "2, 24",
        "active": "on",
        "mon": "8-12, 14:00 bis 16:30", "thu": "9–11",
    }  # fmt: skip
    return {**values, **fields}


def test_an_offer_is_made_and_changed(client: Client, town: Organisation) -> None:
    assert "Gespeichert" in text(client, f"{DESK}angebote/neu/", wish())
    row = Offer.objects.get()
    assert (row.key, row.reminders, row.title["en"]) == ("personalausweis-beantragen", [24, 2], "ID card")
    assert row.rules == [
        {"weekday": 0, "begin": "08:00", "end": "12:00"}, {"weekday": 0, "begin": "14:00", "end": "16:30"},
        {"weekday": 3, "begin": "09:00", "end": "11:00"},
    ]  # fmt: skip
    assert reading.free(row, timezone.now(), timezone.now() + timedelta(days=20))
    assert 'value="08:00–12:00, 14:00–16:30"' in text(client, f"{DESK}angebote/{row.pk}/")
    text(client, f"{DESK}angebote/{row.pk}/", wish(title_de="Neuer Name", active=""))
    row.refresh_from_db()
    assert (row.key, str(row), row.active) == ("personalausweis-beantragen", "Neuer Name", False)
    text(client, f"{DESK}angebote/neu/", wish())
    assert sorted(Offer.objects.values_list("key", flat=True)) == ["personalausweis-beantragen", "personalausweis-beantragen-2"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mon": "12-8"}, "Das Ende liegt vor dem Anfang"), ({"mon": "vormittags"}, "keine Zeitspanne"),
        ({"reminders": "morgen"}, "höchstens fünf Zahlen"), ({"place": ""}, "wohin man kommen soll"),
        ({"kind": "video"}, "unter der man sich trifft"), ({"kind": "video", "link": "javascript:alert(1)"}, "gültige"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_field(client: Client, fields: dict[str, str], said: str) -> None:
    answer = client.post(f"{DESK}angebote/neu/", wish(**fields))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Offer.objects.exists()


def test_other_reminders_hold_for_what_is_booked_already(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    text(client, f"{DESK}angebote/{offer.pk}/", wish(reminders="1"))
    row.refresh_from_db()
    assert row.remind_at == row.begins_at - timedelta(hours=1)


def test_closed_days_are_kept_lifted_and_warn_of_what_lies_in_them(client: Client, offer: Offer, paula: Address) -> None:
    row = booked(offer, paula)
    page = text(client, f"{DESK}schliesstage/", {"first": day(row), "reason": "Betriebsausflug"})
    assert "Ein Termin liegt schon darin" in page
    assert "Betriebsausflug" in page
    closure = Closure.objects.get()
    assert closure.first == closure.last == date.fromisoformat(day(row))
    assert "Feiertag oder Schließtag" not in text(client, f"{DESK}?tag={day(row)}")  # who booked still stands there
    assert all(slot.day != closure.first for slot in slots(offer))
    assert "höchstens ein Jahr" in text(client, f"{DESK}schliesstage/", {"first": "2027-05-02", "last": "2027-05-01"})
    text(client, f"{DESK}schliesstage/{closure.pk}/entfernen/", {})
    assert not Closure.objects.exists()


# ── Who may ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "plans", "works"),
    [("administrator", True, False), ("editor", True, False), ("agent", False, True), ("viewer", False, False)],
)
def test_who_may_plan_and_who_may_work(offer: Offer, paula: Address, role: str, plans: bool, works: bool) -> None:
    row = booked(offer, paula)
    client = signed_in(member(offer.organisation, "probe", [role]))
    for path in ("", f"{row.pk}/", "angebote/", "schliesstage/", "tag.ics"):
        assert client.get(DESK + path).status_code == 200
    assert (client.get(f"{DESK}angebote/neu/").status_code == 200) is plans
    assert (client.get(f"{DESK}angebote/{offer.pk}/").status_code == 200) is plans
    assert (client.post(f"{DESK}schliesstage/", {"first": "2027-05-01"}).status_code == 302) is plans
    if plans:
        assert client.post(f"{DESK}schliesstage/{Closure.objects.get().pk}/entfernen/").status_code == 302
    for path in ("neu/", f"{row.pk}/verschieben/", "tag.csv"):
        assert (client.get(DESK + path).status_code == 200) is works
    assert (client.post(f"{DESK}{row.pk}/erledigt/").status_code == 302) is works
    page = text(client, f"{DESK}angebote/")
    assert ("Angebot anlegen" in page) is plans
