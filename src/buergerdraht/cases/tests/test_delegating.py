"""A case in the hands of a firm: the link, what stands behind it, what the firm can do, and when it opens nothing."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import AuditEntry, Operator, Organisation
from buergerdraht.cases import actions, delegating, opening, persons
from buergerdraht.cases.models import Case, Category, Delegation, Entry, Firm, Photo, Told
from buergerdraht.cases.tests.conftest import make_operator
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel

DESK = "/o/musterstadt/anliegen/"
ASKED = "Bitte das Loch mit Kaltasphalt füllen."


@pytest.fixture
def client(kemal: Operator) -> Client:
    return signed_in(kemal)


@pytest.fixture
def firm(town: Organisation) -> Firm:
    return Firm.objects.create(organisation=town, name="Tiefbau Beispiel", email="auftrag@tiefbau.example")


@pytest.fixture
def case(hole: Category, channel: Channel) -> Case:
    contact = Contact.objects.create(organisation=hole.organisation, name="Paula Privat", language="de")
    address = Address.objects.create(
        organisation=hole.organisation, contact=contact, channel=channel, address="paula", address_hash=b"paula",
        last_inbound_at=timezone.now(),
    )  # fmt: skip
    return opening.open(opening.Matter(
        category=hole, at=timezone.now(), text="Ich, Paula Privat, wohne daneben", place="Marktstraße 12", latitude=51.101, longitude=7.1,
        contact=contact, address=address, reporter={"name": "Rita Ruf", "phone": "+49 30 23125 001"},
    ))  # fmt: skip


def signed_in(operator: Operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def given(case: Case, firm: Firm, operator: Operator, **fields: Any) -> tuple[Delegation, str]:
    values = {"firm": firm, "words": ASKED, "until": timezone.now() + timedelta(days=7)} | fields
    made, link = delegating.delegate(case, delegating.Task(**values), operator=operator)
    return made, link[link.index("/auftrag/") :]


def visit(path: str, data: dict[str, Any] | None = None, status: int = 200) -> str:
    """As somebody without an account, who asks for no cookie and sends no token against forgery."""
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "de"})
    answer = client.get(path) if data is None else client.post(path, data)
    assert answer.status_code == status, answer.status_code
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    return " ".join(answer.content.decode().split()) if status != 302 else answer["Location"]


def jpeg(colour: str = "red") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    out.name = "berta-geheim.jpg"
    out.seek(0)
    return out


# ── Our side ──────────────────────────────────────────────────────────────


def test_the_link_is_shown_once_and_only_its_hash_is_kept(client: Client, case: Case, firm: Firm) -> None:
    day = f"{timezone.localdate() + timedelta(days=3):%Y-%m-%d}"
    path = f"{DESK}{case.number}/"
    shown = client.post(f"{path}beauftragen/", {"firm": firm.pk, "words": ASKED, "until": day}, follow=True).content.decode()
    token = re.search(r"/auftrag/([\w-]{43})/", shown)
    assert token
    row = Delegation.objects.get()
    assert bytes(row.token_hash) == hashlib.sha256(token[1].encode()).digest()
    assert timezone.localtime(row.expires_at).date() == timezone.localdate() + timedelta(days=3)
    again = client.get(path).content.decode()
    assert token[1] not in again
    assert "noch nicht geöffnet" in again
    assert token[1] not in str(list(AuditEntry.objects.values_list("details", "subject"))) + str(
        list(Entry.objects.values_list("data", "text"))
    )
    assert not mail.outbox


def test_where_mail_can_be_sent_the_firm_gets_the_link(client: Client, case: Case, firm: Firm, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    day = f"{timezone.localdate() + timedelta(days=3):%Y-%m-%d}"
    client.post(f"{DESK}{case.number}/beauftragen/", {"firm": firm.pk, "words": ASKED, "until": day, "mail": "on"}, follow=True)
    letter = mail.outbox[0]
    assert letter.to == ["auftrag@tiefbau.example"]
    assert ASKED not in letter.body  # what a mail holds, many read
    assert ASKED in visit(re.search(r"/auftrag/[\w-]+/", letter.body)[0])  # type: ignore[index]


def test_without_an_address_no_mail_is_promised(client: Client, case: Case, town: Organisation, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    firm = Firm.objects.create(organisation=town, name="Ohne Post")
    day = f"{timezone.localdate():%Y-%m-%d}"
    answer = client.post(f"{DESK}{case.number}/beauftragen/", {"firm": firm.pk, "words": ASKED, "until": day, "mail": "on"})
    assert answer.status_code == 422
    assert ASKED in answer.content.decode()
    assert not Delegation.objects.exists()


def test_a_confidential_or_finished_case_stays_in_the_house(case: Case, firm: Firm, kemal: Operator, complaint: Category) -> None:
    secret = opening.open(opening.Matter(category=complaint, at=timezone.now()))
    with pytest.raises(actions.NotNow):
        given(secret, firm, kemal)
    actions.move(case, "done", operator=kemal)
    with pytest.raises(actions.NotNow):
        given(case, firm, kemal)


def test_a_firm_of_another_house_or_at_rest_cannot_be_asked(case: Case, firm: Firm, kemal: Operator) -> None:
    other = Organisation.objects.create(slug="nachbar", name="Nachbar")
    with pytest.raises(actions.NotNow):
        given(case, Firm.objects.create(organisation=other, name="Fremd"), kemal)
    firm.active = False
    with pytest.raises(actions.NotNow):
        given(case, firm, kemal)


def test_one_firm_has_a_case_once_at_a_time(client: Client, case: Case, firm: Firm, kemal: Operator) -> None:
    made, _link = given(case, firm, kemal)
    with pytest.raises(actions.NotNow):
        given(case, firm, kemal)
    client.post(f"{DESK}{case.number}/auftrag/{made.pk}/zuruecknehmen/")
    given(case, firm, kemal)


def test_taken_back_the_link_opens_nothing(client: Client, case: Case, firm: Firm, kemal: Operator) -> None:
    made, link = given(case, firm, kemal)
    visit(link)
    client.post(f"{DESK}{case.number}/auftrag/{made.pk}/zuruecknehmen/")
    visit(link, status=404)
    visit(f"{link}schreiben/", {"text": "Hallo"}, status=404)
    assert Entry.objects.filter(what="undelegated").count() == 1
    assert not delegating.take_back(made, operator=kemal)


def test_firms_are_kept_by_those_who_manage(client: Client, town: Organisation, firm: Firm) -> None:
    assert client.get(f"{DESK}firmen/").status_code == 403
    boss = signed_in(make_operator(town, "andrea", role="administrator"))
    assert "Tiefbau Beispiel" in boss.get(f"{DESK}firmen/").content.decode()
    boss.post(f"{DESK}firmen/", {"name": "Gartenbau Muster", "email": "", "active": "on"})
    assert Firm.objects.filter(name="Gartenbau Muster", organisation=town, active=True).exists()
    twice = boss.post(f"{DESK}firmen/", {"name": "Gartenbau Muster", "email": ""})
    assert twice.status_code == 422
    boss.post(f"{DESK}firmen/{firm.pk}/", {"name": "Tiefbau Neu", "email": "neu@tiefbau.example"})
    firm.refresh_from_db()
    assert (firm.name, firm.active) == ("Tiefbau Neu", False)
    other = Organisation.objects.create(slug="nachbar", name="Nachbar")
    assert boss.get(f"{DESK}firmen/{Firm.objects.create(organisation=other, name='Fremd').pk}/").status_code == 404


# ── The firm's side ───────────────────────────────────────────────────────


def test_the_firm_sees_the_work_and_never_the_person(case: Case, firm: Firm, kemal: Operator) -> None:
    actions.note(case, "Vorsicht, schwieriger Nachbar", operator=kemal)
    shown = visit(given(case, firm, kemal)[1])
    for words in (ASKED, "Marktstraße 12", "Schlagloch", case.number, "51.101000"):
        assert words in shown
    for words in ("Paula", "Rita", "23125", "Nachbar", "wohne daneben", "Kemal"):
        assert words not in shown
    assert Delegation.objects.get().opened_at


def test_covered_photos_alone_are_shown(case: Case, firm: Firm, kemal: Operator) -> None:
    red, blue = (files.store(case.organisation, jpeg(colour).read(), "x.jpg") for colour in ("red", "blue"))
    covered = Photo.objects.create(case=case, media=red, shown=blue, state="covered")
    waiting = Photo.objects.create(case=case, media=files.store(case.organisation, jpeg("green").read(), "y.jpg"))
    _made, link = given(case, firm, kemal)
    assert f"bild/{covered.pk}/" in visit(link)
    assert f"bild/{waiting.pk}/" not in visit(link)
    answer = Client().get(f"{link}bild/{covered.pk}/")
    assert b"".join(answer) == files.path(blue).read_bytes()  # type: ignore[arg-type]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert Client().get(f"{link}bild/{waiting.pk}/").status_code == 404
    elsewhere = opening.open(opening.Matter(category=case.category, at=timezone.now()))
    foreign = Photo.objects.create(case=elsewhere, media=red, shown=blue, state="covered")
    assert Client().get(f"{link}bild/{foreign.pk}/").status_code == 404


def test_unknown_and_over_look_the_same(case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal)
    Delegation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    over = visit(link, status=404)
    assert over == visit(f"/auftrag/{'x' * 43}/", status=404)
    assert over == visit("/auftrag/irgendetwas/anderes", status=404)
    assert "Musterstadt" not in over
    assert "gilt nicht mehr" in over


def test_what_became_confidential_or_was_emptied_is_gone(case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal)
    Case.objects.update(confidential=True)
    visit(link, status=404)
    Case.objects.update(confidential=False)
    visit(link)
    persons.empty(case)
    visit(link, status=404)


def test_accepting_writing_and_refusing_reach_the_history(client: Client, case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal)
    for _twice in range(2):
        visit(f"{link}annehmen/", {}, status=302)
    visit(f"{link}schreiben/", {"text": "Wir kommen am <b>Freitag</b>."}, status=302)
    assert "Nachricht ist leer" in visit(f"{link}schreiben/", {"text": " "}, status=422)
    shown = client.get(f"{DESK}{case.number}/").content.decode()
    assert "nimmt den Auftrag an" in shown
    assert "Wir kommen am &lt;b&gt;Freitag&lt;/b&gt;." in shown
    assert "schreiben Sie kurz, warum" in visit(f"{link}nicht-moeglich/", {"text": ""}, status=422)
    assert "Danke" in visit(f"{link}nicht-moeglich/", {"text": "Kein Bagger frei"})
    visit(link, status=404)
    told = list(case.entries.order_by("pk").values_list("what", flat=True))
    assert told == ["opened", "delegated", "firm_accepted", "firm_wrote", "firm_cannot"]
    assert AuditEntry.objects.filter(action="cases.firm_cannot", operator=None).count() == 1
    assert "kann den Auftrag nicht ausführen" in client.get(f"{DESK}{case.number}/").content.decode()


def test_done_waits_for_a_person_unless_it_closes(client: Client, case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal)
    visit(f"{link}erledigt/", {"text": "Fertig"}, status=302)
    case.refresh_from_db()
    assert case.state == "received"
    assert not Told.objects.exists()
    shown = " ".join(client.get(f"{DESK}{case.number}/").content.decode().split())
    assert "Bitte sehen Sie nach und schließen Sie das Anliegen ab" in shown
    assert '<option value="done" selected>' in client.get(f"{DESK}{case.number}/?stand=done").content.decode()
    assert "als erledigt gemeldet" in visit(link)
    visit(f"{link}schreiben/", {"text": "Noch etwas"}, status=422)


def test_done_that_closes_tells_the_followers_with_the_photo(case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal, closes=True)
    visit(f"{link}erledigt/", {"text": "", "photos": [jpeg()]}, status=302)
    case.refresh_from_db()
    assert case.state == "done"
    photo = case.photos.get()
    assert (photo.kind, photo.state, photo.released) == ("after", "waiting", False)
    moved = Entry.objects.get(what="moved")
    assert moved.operator is None
    assert moved.data["by"] == "firm"
    assert Told.objects.get(entry=moved).follower.contact == case.contact


def test_only_pictures_are_taken_and_none_is_kept_of_a_bad_lot(case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal)
    bad = io.BytesIO(b"%PDF-1.4 nichts")
    bad.name = "rechnung.pdf"
    assert "kein Bild" in visit(f"{link}fotos/", {"photos": [jpeg(), bad]}, status=422)
    assert not case.photos.exists()
    assert "wählen Sie ein Foto" in visit(f"{link}fotos/", {}, status=422)
    visit(f"{link}fotos/", {"photos": [jpeg(), jpeg("blue")]}, status=302)
    assert case.photos.filter(kind="after").count() == 2
    assert "2 Fotos werden noch abgedeckt" in visit(link)


def test_a_refused_photo_leaves_the_work_undone_and_the_words_there(case: Case, firm: Firm, kemal: Operator) -> None:
    _made, link = given(case, firm, kemal, closes=True)
    bad = io.BytesIO(b"MZ nichts")
    bad.name = "foto.jpg"
    assert "Alles fertig" in visit(f"{link}erledigt/", {"text": "Alles fertig", "photos": [bad]}, status=422)
    case.refresh_from_db()
    assert case.state == "received"
    assert Delegation.objects.get().done_at is None


def test_a_link_gone_astray_floods_nobody(case: Case, firm: Firm, kemal: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegating, "MOST_PER_HOUR", 2)
    monkeypatch.setattr(delegating, "MOST_PHOTOS", 1)
    _made, link = given(case, firm, kemal)
    assert "Höchstens" in visit(f"{link}fotos/", {"photos": [jpeg(), jpeg("blue")]}, status=422)
    for _round in range(2):
        visit(f"{link}schreiben/", {"text": "Hallo"}, status=302)
    assert "in einer Stunde" in visit(f"{link}schreiben/", {"text": "Hallo"}, status=422)
    assert Entry.objects.filter(what="firm_wrote").count() == 2
    Entry.objects.update(at=timezone.now() - timedelta(hours=2))
    visit(f"{link}schreiben/", {"text": "Hallo"}, status=302)
