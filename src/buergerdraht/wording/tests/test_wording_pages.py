"""The page of own words: who sees it, what it keeps, what it refuses; the file for a translator."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import AuditEntry, Operator, Organisation, Role
from buergerdraht.contacts.texts import SHELF, say
from buergerdraht.wording import actions
from buergerdraht.wording.models import OwnText
from buergerdraht.wording.shelves import needed

pytestmark = pytest.mark.django_db
PAGE = "/o/musterstadt/einstellungen/wortlaut/"


@pytest.fixture
def town(db: None) -> Organisation:
    return Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de", "en"])


def signed_in(town: Organisation, role: str) -> Client:
    operator = Operator.objects.create_user(f"{role}@musterstadt.example", "Zwetschgen-im-Herbst", name="Andrea Berger")
    join(town, operator, [role])
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def desk(town: Organisation) -> Client:
    return signed_in(town, Role.ADMINISTRATOR)


def field(page: str, name: str) -> dict[str, str]:
    """What a browser sends back for a sentence nobody touched."""
    before = re.search(rf'name="w:{name}" value="([^"]*)"', page)
    assert before
    return {f"w:{name}": before[1], f"t:{name}": ""}


def write(desk: Client, query: str, **own: str) -> tuple[int, str]:
    page = desk.get(f"{PAGE}?{query}").content.decode()
    sent: dict[str, str] = {}
    for key, text in own.items():
        sent |= field(page, f"contacts/{key}") | {f"t:contacts/{key}": text}
    answer = desk.post(f"{PAGE}?{query}", sent)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.EDITOR, Role.VIEWER])
def test_only_the_administration_writes_own_words(town: Organisation, role: str) -> None:
    assert signed_in(town, role).get(PAGE).status_code == 403


def test_ours_stands_beside_the_empty_field(desk: Client) -> None:
    page = desk.get(f"{PAGE}?sprache=tr&raum=contacts&suche=picked_none").content.decode()
    assert "Noch kein Thema gewählt. Tippen Sie eines an" in page
    assert "fehlt auf Türkisch" in page
    assert "von 76 Sätzen" not in page
    assert re.search(r'<textarea[^>]*lang="tr"', page)


def test_what_is_written_is_kept_said_and_shown_with_its_preview(desk: Client, town: Organisation) -> None:
    status, _page = write(desk, "sprache=tr&suche=topics_changed", topics_changed="Değişti: {topics}.")
    assert status == 302
    town.refresh_from_db()
    assert say(town, "tr", "topics_changed", topics="Kültür") == "Değişti: Kültür."
    assert "Değişti: Verkehr und Baustellen." in desk.get(f"{PAGE}?sprache=tr&nur=eigene").content.decode()


def test_a_wrong_sentence_stays_in_its_field_and_a_right_one_is_kept(desk: Client) -> None:
    status, page = write(desk, "sprache=tr&raum=contacts", pick="Hangi konular?", picked="Seçiminiz.")
    assert status == 422
    assert "Es fehlt: {topics}" in page
    assert ">Seçiminiz.</textarea>" in page
    assert [own.key for own in OwnText.objects.all()] == ["pick"]


def test_back_to_ours(desk: Client, town: Organisation) -> None:
    actions.put(town, "de", {("contacts", "cancel"): "Lieber nicht"}, operator=None)
    page = desk.get(f"{PAGE}?sprache=de&nur=eigene").content.decode()
    assert "Zurück zu unserem Satz" in page
    sent = field(page, "contacts/cancel") | {"t:contacts/cancel": "Lieber nicht", "zurueck": "contacts/cancel"}
    desk.post(f"{PAGE}?sprache=de&nur=eigene", sent)
    town.refresh_from_db()
    assert say(town, "de", "cancel") == "Abbrechen"


def test_what_somebody_else_wrote_meanwhile_is_not_lost(desk: Client, town: Organisation) -> None:
    page = desk.get(f"{PAGE}?sprache=de&suche=contacts/cancel").content.decode()
    actions.put(town, "de", {("contacts", "cancel"): "Von nebenan"}, operator=None)
    untouched = desk.post(f"{PAGE}?sprache=de", field(page, "contacts/cancel"))
    assert untouched.status_code == 302
    clash = desk.post(f"{PAGE}?sprache=de&suche=contacts/cancel", field(page, "contacts/cancel") | {"t:contacts/cancel": "Meins"})
    assert clash.status_code == 422
    assert "inzwischen jemand etwas anderes geschrieben: „Von nebenan“" in clash.content.decode()
    assert OwnText.objects.get().text == "Von nebenan"


def test_a_sentence_nobody_knows_is_not_there(desk: Client) -> None:
    assert desk.post(f"{PAGE}?sprache=de", {"t:contacts/invented": "x", "w:contacts/invented": ""}).status_code == 404


def test_the_preview_says_what_is_wrong_while_one_writes(desk: Client) -> None:
    assert "Jetzt: Verkehr" in desk.post(f"{PAGE}vorschau/", {"t:contacts/topics_changed": "Jetzt: {topics}"}).content.decode()
    assert "Es fehlt: {topics}" in desk.post(f"{PAGE}vorschau/", {"t:contacts/topics_changed": "Jetzt"}).content.decode()
    assert desk.post(f"{PAGE}vorschau/", {"t:contacts/invented": "x"}).status_code == 404


def test_words_of_a_citizen_in_a_sentence_are_shown_as_words(desk: Client) -> None:
    shown = desk.post(f"{PAGE}vorschau/", {"t:contacts/cancel": "<script>alert(1)</script>"}).content.decode()
    assert "<script>" not in shown


def test_every_list_that_is_empty_says_what_to_do(desk: Client) -> None:
    assert "Noch keine eigenen Sätze" in desk.get(f"{PAGE}?nur=eigene").content.decode()
    assert "Nichts fehlt" in desk.get(f"{PAGE}?sprache=de&nur=fehlt").content.decode()
    assert "Nichts gefunden" in desk.get(f"{PAGE}?suche=qqqqq").content.decode()


def test_a_language_is_offered_once_signing_up_can_be_read(desk: Client, town: Organisation) -> None:
    page = "/o/musterstadt/einstellungen/"
    sent = {"name": town.name, "land": "NW", "address_form": "sie", "languages": ["de", "tr"]}
    refused = desk.post(page, sent)
    assert "Türkisch lässt sich noch nicht anbieten" in refused.content.decode()
    whole = {("contacts", key): " ".join(["x", *(f"{{{slot}}}" for slot in needed(said))]) for key, said in SHELF.open.items()}
    actions.put(town, "tr", whole, operator=None)
    assert desk.post(page, sent).status_code == 302
    town.refresh_from_db()
    assert town.languages == ["de", "tr"]
    actions.put(town, "tr", {("contacts", "pick"): ""}, operator=None)
    assert desk.post(page, sent | {"name": "Musterstadt"}).status_code == 302, "what is offered already stays"
    assert "Wird angeboten, aber ein Satz" in desk.get(f"{PAGE}?sprache=tr").content.decode()


# ── For a translator ──────────────────────────────────────────────────────


def exported(desk: Client, language: str) -> list[dict[str, str]]:
    text = desk.get(f"{PAGE}saetze.csv?sprache={language}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def brought(desk: Client, rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["Satz", "Ihr Text"], delimiter=";", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    file = SimpleUploadedFile("saetze-tr.csv", out.getvalue().encode("utf-8-sig"))
    return desk.post(f"{PAGE}einlesen/", {"sprache": "tr", "datei": file}, follow=True).content.decode()


def test_a_file_goes_out_and_comes_back_translated(desk: Client, town: Organisation) -> None:
    rows = exported(desk, "tr")
    assert len(rows) == sum(1 for _ in {row["Satz"] for row in rows}) > 500
    row = next(row for row in rows if row["Satz"] == "contacts/help_move")
    assert row["Deutsch"].startswith("'- WECHSELN"), "no spreadsheet takes it for a formula"
    for row in rows:
        row["Ihr Text"] = {"contacts/help_move": "'- taşın SWITCH", "contacts/cancel": "İptal"}.get(row["Satz"], "")
    assert "2 Sätze gespeichert." in brought(desk, rows)
    town.refresh_from_db()
    assert say(town, "tr", "help_move") == "- taşın SWITCH"
    assert next(row for row in exported(desk, "tr") if row["Satz"] == "contacts/cancel")["Ihr Text"] == "İptal"
    assert AuditEntry.objects.filter(organisation=town, action="wording.export").count() == 2


def test_a_row_that_cannot_be_kept_is_named_and_the_others_are_kept(desk: Client) -> None:
    page = brought(desk, [
        {"Satz": "contacts/cancel", "Ihr Text": "İptal"},
        {"Satz": "contacts/topics_changed", "Ihr Text": "Değişti."},
        {"Satz": "contacts/invented", "Ihr Text": "x"},
    ])  # fmt: skip
    assert "Ein Satz gespeichert" in page or "1 Satz gespeichert" in page
    assert "Zeile 3 (contacts/topics_changed): Es fehlt: {topics}" in page
    assert "Zeile 4 (contacts/invented): Diesen Satz gibt es bei uns nicht" in page
    assert [own.text for own in OwnText.objects.all()] == ["İptal"]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff\xfe\x00", "nicht in UTF-8"),
        (b"a;b\n1;2\n", "müssen die Spalten"),
        (b"", "müssen die Spalten"),
        (b"Satz;Ihr Text\ncontacts/cancel;" + b"x" * 200_000, "nicht als CSV lesen"),
    ],
)
def test_a_file_that_is_none_is_refused_in_plain_words(desk: Client, data: bytes, told: str) -> None:
    file = SimpleUploadedFile("x.csv", data)
    page = desk.post(f"{PAGE}einlesen/", {"sprache": "tr", "datei": file}, follow=True).content.decode()
    assert told in page
    assert not OwnText.objects.exists()


def test_another_authoritys_words_do_not_show(desk: Client) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    actions.put(other, "de", {("contacts", "cancel"): "Geheimwort"}, operator=None)
    assert "Geheimwort" not in desk.get(f"{PAGE}?sprache=de&suche=cancel").content.decode()
    assert desk.get("/o/nachbarstadt/einstellungen/wortlaut/").status_code == 404
