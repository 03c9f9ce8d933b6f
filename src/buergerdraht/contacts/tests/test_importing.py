"""An import shows what it would do, and does nothing before it is confirmed."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.connectors.contract import Content, Sender, TemplateUse
from buergerdraht.contacts import actions, importing, outreach
from buergerdraht.contacts.models import Address, Consent, Contact, ContactImport, District, Subscription, Topic
from buergerdraht.gateway.models import Channel

pytestmark = pytest.mark.django_db

CSV = """Handynummer;Vor- und Nachname;Sprache;Stadtteil;Kategorien
0171 39200-12;Aylin Öztürk;;Nord;Verkehr, Kultur
+49 171 39200 13;Ben Weber;English;;verkehr
0171/3920012;Aylin doppelt;;;Verkehr
abc;Niemand;;;Verkehr
+4917139200 14;Carla;Klingonisch;;Verkehr
+4917139200 15;Dora;;Süd;Verkehr
+4917139200 16;Emil;;;Wetter
+4917139200 17;Frieda;;;
+4917139200 18;Gestoppt;;;Verkehr
"""


@pytest.fixture
def desk(town: Organisation) -> Client:
    operator = Operator.objects.create_user("a@musterstadt.example", "geheim", name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=["administrator"])
    desk = Client()
    desk.force_login(operator)
    return desk


@pytest.fixture
def stopped(town: Organisation, whatsapp: Channel, topics: list[Topic]) -> Contact:
    District.objects.create(organisation=town, name="Nord")
    address = actions.meet(whatsapp, Sender(address="DE.77", aliases=("+491713920018",)), timezone.now())
    actions.stop(address.contact, evidence="m", channel=whatsapp)
    return address.contact


def _upload(desk: Client, channel: Channel, text: bytes | str, **more: object) -> ContactImport | None:
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = "liste.csv"
    data = {"file": file, "channel": channel.pk, "source": "Formular 2024 mit SMS", "source_date": "2026-01-05", **more}
    answer = desk.post(reverse("contacts:import", args=("musterstadt",)), data)
    return ContactImport.objects.latest("id") if answer.status_code == 302 else None


def _review(upload: ContactImport) -> str:
    return reverse("contacts:import_review", args=("musterstadt", upload.pk))


def test_dry_run_then_confirmed(desk: Client, whatsapp: Channel, stopped: Contact) -> None:
    upload = _upload(desk, whatsapp, CSV)
    assert upload.columns == {"number": 0, "name": 1, "language": 2, "district": 3, "topics": 4}
    page = desk.get(_review(upload)).content.decode()
    for words in (
        "Keine gültige Nummer",
        "steht schon in Zeile 2",
        "Klingonisch",
        "Süd",
        "Wetter",
        "Kein Thema",
        "hat sich abgemeldet",
        "Noch ist nichts importiert",
    ):
        assert words in page
    assert Contact.objects.count() == 1
    assert desk.post(_review(upload), {"importieren": "1"}).status_code == 422
    assert Contact.objects.count() == 1
    assert desk.post(_review(upload), {"importieren": "1", "ohne_fehler": "1"}).status_code == 302
    assert Contact.objects.count() == 3
    upload.refresh_from_db()
    assert (upload.text, upload.counts) == ("", {"rows": 9, "new": 2, "known": 0, "bad": 7})
    aylin = Address.objects.get(handle__isnull=False, contact__district__name="Nord")
    assert (aylin.address, aylin.contact.name) == ("+491713920012", "Aylin Öztürk")
    assert set(aylin.contact.consents.values_list("act", "purpose")) == {
        (act, f"topic:{key}") for act in ("grant", "confirm") for key in ("verkehr", "kultur")
    }
    assert not Consent.objects.filter(act="confirm", operator=None).exists()
    assert "importiert" in desk.get(_review(upload)).content.decode().lower()
    outreach.send(aylin, Content(template=TemplateUse(name="t", language="de")), purpose="newsletter")
    with pytest.raises(outreach.Refused, match="window_closed"):
        outreach.send(aylin, Content(text="x"), purpose="newsletter")


def test_confirming_twice_imports_once(desk: Client, whatsapp: Channel, topics: list[Topic]) -> None:
    upload = _upload(desk, whatsapp, "Nummer\n+491713920012\n", topics=[topics[0].pk])
    for _ in range(2):
        desk.post(_review(upload), {"importieren": "1"})
    assert Contact.objects.count() == 1
    assert Subscription.objects.filter(confirmed_at__isnull=False).count() == 1


def test_known_people_get_what_they_lack(desk: Client, whatsapp: Channel, topics: list[Topic]) -> None:
    address = actions.meet(whatsapp, Sender(address="DE.5", aliases=("+491713920012",), name="Selbst"), timezone.now())
    upload = _upload(desk, whatsapp, "Nummer,Name\n0171 3920012,Anders\n", topics=[topics[0].pk])
    desk.post(_review(upload), {"importieren": "1"})
    contact = Contact.objects.get()
    assert (contact.name, contact.state) == ("Selbst", "active")
    assert contact.subscriptions.get().address == address


def test_the_error_file_can_be_mended(desk: Client, whatsapp: Channel, stopped: Contact) -> None:
    upload = _upload(desk, whatsapp, CSV)
    answer = desk.get(reverse("contacts:import_problems", args=("musterstadt", upload.pk)))
    body = b"".join(answer.streaming_content).decode()
    assert "Handynummer;Vor- und Nachname" in body
    assert "abc;Niemand;;;Verkehr;5;Keine gültige Nummer" in body
    assert "Ben Weber" not in body


def test_columns_can_be_chosen_by_hand(desk: Client, whatsapp: Channel, topics: list[Topic]) -> None:
    upload = _upload(desk, whatsapp, "A;B\nAylin;+491713920012\n", topics=[topics[0].pk])
    assert "nicht erkannt" in desk.get(_review(upload)).content.decode()
    desk.post(_review(upload), {"spalten": "1", "number": "1", "name": "0"})
    upload.refresh_from_db()
    assert importing.count(importing.check(upload)) == {"rows": 1, "new": 1, "known": 0, "bad": 0}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"PK\x03\x04\x00\x00"])
def test_what_is_no_table_is_refused_at_the_field(desk: Client, whatsapp: Channel, topics: list[Topic], data: bytes) -> None:
    assert _upload(desk, whatsapp, data) is None
    assert not ContactImport.objects.exists()


def test_windows_umlauts_are_read(desk: Client, whatsapp: Channel, topics: list[Topic]) -> None:
    upload = _upload(desk, whatsapp, "Nummer;Name\n0171 3920012;Jörg Müßig\n".encode("cp1252"), topics=[topics[0].pk])
    assert next(iter(importing.check(upload))).name == "Jörg Müßig"


def test_too_many_rows_are_refused() -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match=r"20\.000"):
        importing.read_text(b"n\n" * 60_000)


def test_a_consent_from_the_future_is_refused(desk: Client, whatsapp: Channel, topics: list[Topic]) -> None:
    assert _upload(desk, whatsapp, CSV, source_date="2999-01-01") is None
