"""Values are judged, kept once with their photo, settled by people, and handed on once."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway import file_views, files
from buergerdraht.meters import actions, importing, judging, spoken
from buergerdraht.meters.judging import Before
from buergerdraht.meters.models import Meter, MeterReading

PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
DAY = date(2026, 11, 1)
TABLE = "Nummer;Art;Stellen;Nachkomma;Stand;Datum;Jahr\nW 0001;Wasser;5;3;1.200,5;01.11.2025;120\nS-2;strom;6;0;;;\n"


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Stadtwerke Musterstadt")


@pytest.fixture
def kemal(town: Organisation) -> Membership:
    operator = Operator.objects.create_user("kemal@musterstadt.example", name="Kemal")
    return Membership.objects.create(organisation=town, operator=operator, roles=["admin", "agent", "editor"])


@pytest.fixture
def paula(town: Organisation) -> Contact:
    return Contact.objects.create(organisation=town, name="Paula Beispiel")


@pytest.fixture
def meter(town: Organisation, kemal: Membership) -> Meter:
    found = importing.read(town, TABLE.encode())
    assert not found.problems
    importing.bring(town, found.meters, operator=kemal.operator)
    known = actions.meter_of(town, "w0001")
    assert known is not None
    return known


def confirm(paula: Contact, value: str, *, number: str = "W0001", **more: object) -> MeterReading:
    confirmed = actions.Confirmed(kind="water", number=number, value=Decimal(value), contact=paula, **more)  # type: ignore[arg-type]
    return actions.keep(paula.organisation, confirmed, on=DAY)


@pytest.mark.parametrize(
    ("value", "reasons"),
    [("1250", []), ("1100", ["lower"]), ("4000", ["much"]), ("1200.5", ["same"]), ("100000", ["digits"]), ("1201", [])],
)
def test_judges_by_what_is_known_of_the_meter(town: Organisation, meter: Meter, value: str, reasons: list[str]) -> None:
    assert actions.judge(town, "water", "W-0001", Decimal(value), DAY) == reasons


def test_a_counter_that_begins_anew_is_no_step_back() -> None:
    before = Before(Decimal(99_990), DAY - timedelta(days=100), 5, Decimal(100))
    assert judging.judge(Decimal(15), DAY, before) == []
    assert judging.judge(Decimal(50_000), DAY, before) == ["lower"]


@given(st.integers(0, 10**6), st.integers(0, 2_000), st.integers(0, 400), st.integers(1, 500))
def test_what_a_household_uses_is_never_doubtful(value: int, days: int, used: int, yearly: int) -> None:
    before = Before(Decimal(value), DAY - timedelta(days=days + 1), 0, Decimal(yearly))
    usual = min(used, yearly * (days + 1) // 365 + 1)
    found = judging.judge(Decimal(value + usual), DAY, before)
    assert found == [] or (found == ["same"] and usual == 0)


def test_without_a_known_meter_the_last_value_counts(town: Organisation, paula: Contact) -> None:
    confirm(paula, "500", number="Z9999")
    assert actions.judge(town, "water", "z 9999", Decimal(400), DAY + timedelta(days=1)) == ["lower"]
    assert actions.judge(town, "water", "", Decimal(400), DAY) == []


def test_without_a_known_use_ten_times_what_the_counter_did_is_much(town: Organisation, paula: Contact) -> None:
    for days, value in ((400, 1000), (35, 1100)):  # a hundred in a year
        confirmed = actions.Confirmed(kind="water", number="Z1", value=Decimal(value), contact=paula)
        actions.keep(town, confirmed, on=DAY - timedelta(days=days))
    assert actions.judge(town, "water", "Z1", Decimal(1150), DAY) == []
    assert actions.judge(town, "water", "Z1", Decimal(1210), DAY) == ["much"]


def test_a_doubtful_value_is_no_measure_for_the_next(town: Organisation, paula: Contact) -> None:
    confirm(paula, "500", number="Z9")
    confirm(paula, "5000", number="Z9", reasons=["much"])
    assert actions.judge(town, "water", "Z9", Decimal(510), DAY + timedelta(days=30)) == []


@given(st.decimals(0, 99_999, places=3))
def test_what_is_shown_can_be_typed_again(value: Decimal) -> None:
    assert spoken.number(spoken.shown(value)) == value


@pytest.mark.parametrize(("text", "value"), [("1.234,5", "1234.5"), ("1234.5", "1234.5"), ("1.234.567", "1234567"), ("0.125", "0.125")])
def test_numbers_are_understood_as_people_write_them(text: str, value: str) -> None:
    assert spoken.number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["12.345", "1,2,3", "-5", "viel", "1e9", "", "99999999999"])
def test_what_could_be_two_numbers_or_none_is_asked_again(text: str) -> None:
    with pytest.raises(ValueError, match="„"):
        spoken.number(text)


def test_confirming_twice_makes_one(paula: Contact, meter: Meter) -> None:
    assert confirm(paula, "1250").pk == confirm(paula, "1250").pk
    meter.refresh_from_db()
    assert (meter.value, meter.read_on) == (Decimal(1250), DAY)


def test_a_doubtful_one_waits_and_moves_the_meter_only_when_it_is_settled(paula: Contact, meter: Meter, kemal: Membership) -> None:
    row = confirm(paula, "4000", reasons=["much"])
    meter.refresh_from_db()
    assert (row.state, meter.value) == ("doubtful", Decimal("1200.500"))
    actions.settle(row, operator=kemal.operator, value=Decimal(1400))
    meter.refresh_from_db()
    assert meter.value == Decimal(1400)


def test_is_handed_on_once_and_can_be_taken_back(town: Organisation, paula: Contact, meter: Meter, kemal: Membership) -> None:
    confirm(paula, "1250")
    confirm(paula, "4000", reasons=["much"])
    when, rows = actions.export(town, operator=kemal.operator)
    assert [row.value for row in rows] == [Decimal(1250)]
    assert actions.export(town, operator=kemal.operator)[1] == []
    assert actions.take_back(town, when, operator=kemal.operator) == 1
    assert MeterReading.objects.get(value=1250).state == "confirmed"  # nobody of us has checked it
    assert len(actions.export(town, operator=kemal.operator)[1]) == 1


def test_says_by_line_what_is_wrong_in_a_table(town: Organisation) -> None:
    found = importing.read(town, b"nummer;art;stand\n;wasser;1\nA1;dampf;1\nA2;gas;viel\nA3;gas;12,5\n")
    assert len(found.meters) == 1
    assert [each.split(":")[0] for each in found.problems] == ["Zeile 2", "Zeile 3", "Zeile 4"]
    assert importing.read(town, b"a;b\n1;2\n").problems == ["Es fehlt die Spalte „art“."]


def test_the_screens_walk_from_doubt_to_table(town: Organisation, paula: Contact, meter: Meter, kemal: Membership, client: Client) -> None:
    client.force_login(kemal.operator)
    assert "Nichts zu prüfen" in client.get("/o/musterstadt/zaehler/").content.decode()
    row = confirm(paula, "4000", reasons=["much"])
    MeterReading.objects.update(contact=None)
    assert "viel mehr als üblich" in client.get("/o/musterstadt/zaehler/").content.decode()
    assert "keine Zahl wie" in client.post(f"/o/musterstadt/zaehler/{row.pk}/", {"stand": "viel"}, follow=True).content.decode()
    client.post(f"/o/musterstadt/zaehler/{row.pk}/", {"stand": "1.400,5"})
    table = client.post("/o/musterstadt/zaehler/export/").content.decode("utf-8-sig")
    assert "W0001;Wasser;1400,5;m³;01.11.2026;ja" in table
    shown = client.get("/o/musterstadt/zaehler/?ansicht=exportiert").content.decode()
    assert "Letzten Export zurücknehmen" in shown


def test_a_number_that_looks_like_a_formula_stays_text(town: Organisation, paula: Contact, kemal: Membership, client: Client) -> None:
    row = confirm(paula, "1250")
    row.number = "=1+1"
    row.save()
    client.force_login(kemal.operator)
    assert "'=1+1;" in client.post("/o/musterstadt/zaehler/export/").content.decode()


def test_whose_thread_one_may_not_see_that_value_one_may_not_settle(
    paula: Contact, kemal: Membership, client: Client, town: Organisation
) -> None:
    row = confirm(paula, "4000", reasons=["much"])  # no thread: nobody may see it
    client.force_login(kemal.operator)
    assert client.post(f"/o/musterstadt/zaehler/{row.pk}/", {"stand": "1"}).status_code == 404
    Membership.objects.update(roles=["reader"])
    assert client.post("/o/musterstadt/zaehler/export/").status_code == 403


def test_whose_thread_one_may_not_see_that_photo_one_may_not_see(paula: Contact, kemal: Membership, town: Organisation) -> None:
    photo = files.store(town, PICTURE, "zaehler.png")
    thread = Conversation.objects.create(organisation=town, contact=paula)
    confirm(paula, "1250", photo=photo)  # its message is gone
    assert all(guard(kemal, photo) for guard in file_views.GUARDS)
    Conversation.objects.filter(pk=thread.pk).update(confidential=True)
    assert not all(guard(kemal, photo) for guard in file_views.GUARDS)


def test_brought_together_contacts_keep_each_value_once(paula: Contact, town: Organisation) -> None:
    twin = Contact.objects.create(organisation=town, name="Paula B.")
    for contact in (paula, twin):
        confirm(contact, "1250", number="Z1")
    confirm(twin, "700", number="Z2")
    actions.on_joined(Contact, into=paula, other=twin)
    assert sorted(MeterReading.objects.filter(contact=paula).values_list("value", flat=True)) == [Decimal(700), Decimal(1250)]
    assert not MeterReading.objects.filter(contact=twin).exists()


def test_a_table_that_says_less_takes_nothing_away(town: Organisation, paula: Contact, meter: Meter, kemal: Membership) -> None:
    confirm(paula, "1250")
    importing.bring(town, importing.read(town, b"nummer;art\nW0001;wasser\n").meters, operator=kemal.operator)
    importing.bring(town, importing.read(town, b"nummer;art;stand;datum\nW0001;wasser;1100;01.06.2026\n").meters, operator=kemal.operator)
    meter.refresh_from_db()
    assert (meter.value, meter.read_on, meter.digits, meter.yearly) == (Decimal(1250), DAY, 5, Decimal(120))


def test_looking_at_a_table_first_takes_nothing_over(town: Organisation, meter: Meter, kemal: Membership, client: Client) -> None:
    client.force_login(kemal.operator)
    table = SimpleUploadedFile("zaehler.csv", b"nummer;art\nW0001;wasser\nN2;strom\n")
    page = client.post(
        "/o/musterstadt/zaehler/bekannt/", {"datei": table, "tun": "pruefen"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<strong>1</strong> Zähler sind neu, <strong>1</strong> sind schon bekannt" in page
    assert "<html" not in page
    assert Meter.objects.count() == 2  # as before
    bad = SimpleUploadedFile("zaehler.csv", b"nummer;art\nN2;strom\nN3;dampf\n")
    answer = client.post("/o/musterstadt/zaehler/bekannt/", {"datei": bad})
    assert answer.status_code == 422
    assert "Zeile 3" in answer.content.decode()
    assert Meter.objects.count() == 2
