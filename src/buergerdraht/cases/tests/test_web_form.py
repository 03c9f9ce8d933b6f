"""Reporting by a web form: filled in, read back, sent once; and the personal page of such a report."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions, opening, persons, places, web_form, web_views
from buergerdraht.cases.models import Case, Category, Entry, Ground, Photo
from buergerdraht.contacts.models import Contact
from buergerdraht.gateway.models import Media

FORM = "/melden/musterstadt/neu/"
HOLE = f"{FORM}pothole/"
GIVEN = {"place": "Marktstr. 12", "words": "Tiefes Loch\nvor der Tür"}


@pytest.fixture(autouse=True)
def _open(town: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    Ground.objects.filter(organisation=town).update(public=True)
    monkeypatch.setattr(web_form, "QUICKEST", 0)  # tests read fast
    cache.clear()


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "de"}, enforce_csrf_checks=False)


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return " ".join(answer.content.decode().split())


def carried(answer: Any) -> str:
    found = re.search(r'name="bericht" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]


def checked(client: Client, path: str = HOLE, **more: Any) -> Any:
    """Fill in and go on to what is read back."""
    return client.post(path, {"bericht": carried(client.get(path)), **GIVEN, **more})


def sent(client: Client, path: str = HOLE, photos: Any = (), **more: Any) -> Any:
    page = checked(client, path, **more)
    assert page.status_code == 200, text(page, page.status_code)
    return client.post(path, {"bericht": carried(page), "absenden": "1", "photos": list(photos)})


def photo(name: str = "loch.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "grey").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


# ── Choosing ──────────────────────────────────────────────────────────────


def test_danger_comes_first_and_the_kinds_stand_in_groups(hole: Category, waste: Category, client: Client) -> None:
    Category.objects.filter(pk=waste.pk).update(group="Sauberkeit", description={"de": "Abfall im Wald"})
    Category.objects.create(organisation=hole.organisation, key="old", title={"de": "Abgeschafft"}, active=False)
    page = text(client.get(FORM))
    assert page.index("110 oder 112") < page.index("Schlagloch")
    assert "Sauberkeit" in page
    assert "Abfall im Wald" in page
    assert "Abgeschafft" not in page


@pytest.mark.parametrize(("asked", "found"), [("Loch in der Straße", True), ("schlag", True), ("Abfall", False), ("%00", True)])
def test_one_finds_the_kind_by_ones_own_words(hole: Category, waste: Category, client: Client, asked: str, found: bool) -> None:
    page = text(client.get(FORM, {"worte": asked}))
    assert (f'href="{HOLE}"' in page) is found


def test_who_finds_nothing_is_told_so_and_sees_all(hole: Category, client: Client) -> None:
    page = text(client.get(FORM, {"worte": "Raumschiff"}))
    assert "nichts gefunden" in page
    assert f'href="{HOLE}"' in page


def test_what_cannot_be_reported_says_why_and_takes_nothing(hole: Category, client: Client) -> None:
    Category.objects.update(refusal={"de": "Bitte beim Ordnungsamt."}, danger={"de": "Erst 110!"})
    for answer in (client.get(HOLE), client.post(HOLE, {"absenden": "1"})):
        page = text(answer)
        assert "Bitte beim Ordnungsamt." in page
        assert "<textarea" not in page
    assert not Case.objects.exists()


def test_unknown_switched_off_and_foreign_kinds_are_not_there(hole: Category, client: Client) -> None:
    Category.objects.update(active=False)
    assert client.get(HOLE).status_code == 404
    assert client.get(f"{FORM}nichts/").status_code == 404


# ── Filling in ────────────────────────────────────────────────────────────


def test_from_the_form_to_the_case(town: Organisation, hole: Category, client: Client) -> None:
    answer = sent(client, photos=[photo(), photo("zwei.jpg")], name="Paula Probe", email="paula@beispiel.example", phone="")
    case = Case.objects.get()
    assert (case.text, case.place, case.origin) == ("Tiefes Loch\nvor der Tür", "Marktstraße 12", "web")
    assert (case.latitude, case.longitude) == (51.101, 7.1)
    assert json.loads(case.reporter) == {"name": "Paula Probe", "email": "paula@beispiel.example"}
    assert case.public == "hidden"
    assert case.photos.count() == 2
    assert case.contact is None
    page = text(client.get(answer["Location"]))
    assert case.number in page
    assert "Danke, Ihre Meldung ist da." in page
    assert "Paula" not in page  # whoever comes by the link need not know


def test_all_is_read_back_before_it_is_sent(waste: Category, client: Client) -> None:
    page = text(checked(client, f"{FORM}waste/", q_kind="Sperrmüll", name="Paula <b>", phone="030 23125 123"))
    for said in ("Wilder Müll", "Marktstraße 12", "Tiefes Loch<br>", "Was liegt dort?", "Sperrmüll", "Paula &lt;b&gt;", "030 23125 123"):
        assert said in page
    assert not Case.objects.exists()


def test_what_was_typed_is_there_again_when_one_changes_it(waste: Category, client: Client) -> None:
    path = f"{FORM}waste/"
    page = text(client.post(path, {"bericht": carried(checked(client, path, q_kind="Sperrmüll", name="Paula")), "aendern": "1"}))
    assert 'value="Marktstraße 12"' in page
    assert "Tiefes Loch vor der Tür</textarea>" in page
    assert re.search(r'value="Sperrmüll"[^>]* checked', page)
    assert 'value="Paula"' in page


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"words": ""}, "Bitte beschreiben Sie"), ({"place": ""}, "wo das ist"), ({"q_kind": ""}, "Bitte beantworten Sie"),
        ({"q_kind": "Bananen"}, "prüfen Sie diese Angabe"), ({"email": "paula"}, "E-Mail"), ({"website": "spam"}, "muss leer bleiben"),
        ({"latitude": "95", "longitude": "7"}, "prüfen Sie diese Angabe"), ({"place": "Ab\0c"}, "prüfen Sie diese Angabe"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_nothing_is_lost(waste: Category, client: Client, missing: dict[str, str], sentence: str) -> None:
    page = text(checked(client, f"{FORM}waste/", **{"q_kind": "Sperrmüll", "name": "Paula Probe", **missing}), 422)
    assert sentence in page
    assert 'value="Paula Probe"' in page
    assert not Case.objects.exists()


def test_several_places_are_shown_to_choose_from(hole: Category, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    spots = [places.Spot("Kirchweg, Norddorf", 51.11, 7.11), places.Spot("Kirchweg, Süddorf", 51.12, 7.12)]
    monkeypatch.setattr(places, "find", lambda _house, said: [spot for spot in spots if said in spot.name])
    page = text(checked(client, place="Kirchweg"), 422)
    assert "Welchen Ort meinen Sie?" in page
    assert 'value="Kirchweg, Süddorf"' in page
    assert "Tiefes Loch" in page
    assert "Kirchweg, Süddorf" in text(checked(client, place="Kirchweg", spot="Kirchweg, Süddorf"))
    assert "<dd>Kirchweg</dd>" in text(checked(client, place="Kirchweg", spot="-"))


def test_an_unknown_street_is_kept_as_it_was_written(hole: Category, client: Client) -> None:
    sent(client, place="hinter der alten Mühle")
    case = Case.objects.get()
    assert (case.place, case.latitude) == ("hinter der alten Mühle", None)


def test_a_point_on_the_map_is_called_by_the_house_beside_it(hole: Category, client: Client) -> None:
    sent(client, place="", latitude="51.10105", longitude="7.1001")
    case = Case.objects.get()
    assert (case.place, case.latitude) == ("Marktstraße 12", 51.10105)
    assert "Markierter Ort" in text(checked(client, place="", latitude="51.15", longitude="7.15"))
    assert "vor dem Kiosk" in text(checked(client, place="vor dem Kiosk", latitude="51.15", longitude="7.15"))


def test_beyond_the_border_one_is_told_whose_it_is(hole: Category, client: Client) -> None:
    page = checked(client, place="", latitude="51.1", longitude="7.3")
    assert "Zuständig ist: Nachbarstadt" in text(page)
    assert "https://nachbarstadt.example" in text(page)
    assert "wir klären, wer zuständig ist" in text(checked(client, place="", latitude="48", longitude="7.3"))
    client.post(HOLE, {"bericht": carried(page), "absenden": "1"})
    assert Entry.objects.get(what="opened").data["beyond"] == "Nachbarstadt"


def test_what_was_reported_nearby_is_shown_first(hole: Category, kemal: Operator, client: Client) -> None:
    near = opening.open(
        opening.Matter(category=hole, at=timezone.now(), text="Geheimes Wort", place="Marktstraße 12", latitude=51.101, longitude=7.1)
    )
    page = text(checked(client))
    assert "Ist es das?" in page
    assert near.number in page
    assert f"/melden/musterstadt/{near.number}/" not in page  # nobody released it
    assert "Geheimes Wort" not in page
    actions.release(near, "Ein Loch", [], operator=kemal)
    assert f"/melden/musterstadt/{near.number}/" in text(checked(client))


def test_the_page_speaks_du_and_english(hole: Category, client: Client) -> None:
    Organisation.objects.update(address_form="du")
    assert "Was siehst du?" in text(client.get(HOLE))
    assert "What do you see?" in text(Client(headers={"accept-language": "en"}).get(HOLE))


# ── Sending ───────────────────────────────────────────────────────────────


def test_a_second_click_is_the_same_case(hole: Category, client: Client) -> None:
    page = carried(checked(client))
    answers = [client.post(HOLE, {"bericht": page, "absenden": "1", "photos": [photo()]}) for _click in range(3)]
    assert Case.objects.count() == 1
    assert Photo.objects.count() == 1
    assert Media.objects.count() == 1
    assert len({answer["Location"] for answer in answers}) == 1


def test_two_reports_of_one_person_are_two(hole: Category, client: Client) -> None:
    sent(client)
    sent(client)
    assert Case.objects.count() == 2


def test_a_picture_that_is_none_keeps_the_report_unsent_and_the_words(hole: Category, client: Client) -> None:
    page = carried(checked(client))
    wrong = [photo(), SimpleUploadedFile("text.jpg", b"<svg onload=alert(1)>", "image/jpeg")]
    answer = client.post(HOLE, {"bericht": page, "absenden": "1", "photos": wrong})
    said = text(answer, 422)
    assert "„text.jpg“ ist kein Foto" in said
    assert "Tiefes Loch" in said
    assert not Case.objects.exists()
    assert not Media.objects.exists()
    again = client.post(HOLE, {"bericht": carried(answer), "absenden": "1", "photos": [photo()]})
    assert again.status_code == 302


@pytest.mark.parametrize(
    ("photos", "sentence"),
    [
        ([SimpleUploadedFile("akte.pdf", b"%PDF-1.7 x", "application/pdf")], "kein Foto"),
        ([SimpleUploadedFile(f"{n}.jpg", b"x") for n in range(11)], "mehr als 10 Fotos"),
    ],
)
def test_only_photos_and_not_too_many(hole: Category, client: Client, photos: Any, sentence: str) -> None:
    assert sentence in text(sent(client, photos=photos), 422)
    assert not Case.objects.exists()
    assert not Media.objects.exists()


def test_where_a_photo_is_needed_there_is_none_without(hole: Category, client: Client) -> None:
    Category.objects.update(needs_photo=True)
    assert "mindestens eines" in text(sent(client), 422)
    assert sent(client, photos=[photo()]).status_code == 302


def test_who_is_too_quick_sends_once_more(hole: Category, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_form, "QUICKEST", 60)
    assert "Das ging sehr schnell" in text(sent(client), 422)
    monkeypatch.setattr(web_form, "QUICKEST", 0)
    assert sent(client).status_code == 302


def test_from_one_connection_come_only_so_many(hole: Category, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(web_views.OFTEN, "send", "2/1h/key")
    answers = [sent(client) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert "Tiefes Loch" in text(answers[-1], 429)
    assert Case.objects.count() == 2
    assert sent(Client(headers={"accept-language": "de"}, REMOTE_ADDR="192.0.2.7")).status_code == 302


def test_a_trap_on_the_last_page_too(hole: Category, client: Client) -> None:
    page = carried(checked(client))
    assert client.post(HOLE, {"bericht": page, "absenden": "1", "website": "x"}).status_code == 422
    assert not Case.objects.exists()


@pytest.mark.parametrize("bent", ["", "x", "eyJ4IjoxfQ:1abcde:AAAA"])
def test_a_bent_page_sends_nothing(hole: Category, client: Client, bent: str) -> None:
    page = text(client.post(HOLE, {"bericht": bent, "absenden": "1", **GIVEN}), 422)
    assert "zu lange offen" in page
    assert "Tiefes Loch" in page
    first = carried(client.get(HOLE))
    assert client.post(HOLE, {"bericht": first, "absenden": "1"}).status_code == 422  # nothing was entered yet
    assert not Case.objects.exists()


# ── The personal page ─────────────────────────────────────────────────────


@pytest.fixture
def mine(hole: Category, client: Client) -> str:
    return str(sent(client)["Location"]).partition("?")[0]


def test_the_personal_page_tells_state_and_what_was_said(mine: str, kemal: Operator, client: Client) -> None:
    case = Case.objects.get()
    actions.note(case, "nur intern", operator=kemal)
    actions.move(case, "progress", operator=kemal, words="Wir kommen am Montag")
    answer = client.get(mine)
    page = text(answer)
    assert "In Arbeit" in page
    assert "Wir kommen am Montag" in page
    assert "nur intern" not in page
    assert "Kemal" not in page
    assert answer["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer["Cache-Control"]


def test_nobody_else_comes_in_by_guessing(mine: str, hole: Category, client: Client) -> None:
    other = opening.open(opening.Matter(category=hole, at=timezone.now()))
    signed = mine.rstrip("/").rpartition("/")[2]
    for bent in (f"{other.pk}", f"{other.pk}:{signed.partition(':')[2]}", f"{signed}x", "x"):
        assert client.get(f"/melden/musterstadt/stand/{bent}/").status_code == 404
    Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    assert client.get(f"/melden/nachbarstadt/stand/{signed}/").status_code == 404


def test_one_adds_words_and_photos_later(mine: str, client: Client) -> None:
    page = text(client.post(f"{mine}ergaenzen/", {"worte": "Es ist größer geworden", "photos": [photo()]}, follow=True))
    assert "zu Ihrer Meldung gelegt" in page
    entry = Entry.objects.get(what="added")
    assert (entry.text, entry.contact, Photo.objects.count()) == ("Es ist größer geworden", None, 1)
    assert "schreiben Sie etwas" in text(client.post(f"{mine}ergaenzen/", {"worte": " "}), 422)
    wrong = client.post(f"{mine}ergaenzen/", {"worte": "bleibt stehen", "photos": [SimpleUploadedFile("x.jpg", b"x")]})
    assert "bleibt stehen" in text(wrong, 422)


def test_what_is_not_done_is_taken_up_again(mine: str, kemal: Operator, client: Client) -> None:
    case = Case.objects.get()
    assert "noch offen" in text(client.post(f"{mine}nicht-erledigt/", {"worte": "?"}), 422)
    actions.move(case, "done", operator=kemal)
    assert "Es ist nicht erledigt" in text(client.get(mine))
    assert "wieder offen" in text(client.post(f"{mine}nicht-erledigt/", {"worte": "Das Loch ist noch da"}, follow=True))
    case.refresh_from_db()
    assert case.state == "progress"


def test_one_takes_it_back_from_the_public(mine: str, kemal: Operator, client: Client) -> None:
    case = Case.objects.get()
    assert "Nicht mehr öffentlich zeigen" not in text(client.get(mine))
    actions.release(case, "Ein Loch", [], operator=kemal)
    assert "Nicht mehr öffentlich zeigen" in text(client.get(mine))
    assert "nicht mehr öffentlich gezeigt" in text(client.post(f"{mine}zurueckziehen/", follow=True))
    assert client.get(f"/melden/musterstadt/{case.number}/").status_code == 410


def test_what_somebody_else_brought_is_not_theirs_to_take_back(mine: str, say: Any, kemal: Operator, client: Client) -> None:
    case = Case.objects.get()
    actions.release(case, "Ein Loch", [], operator=kemal)
    say("paula", "Hallo")
    Case.objects.update(contact=Contact.objects.get())
    assert "Nicht mehr öffentlich zeigen" not in text(client.get(mine))
    assert client.post(f"{mine}zurueckziehen/").status_code == 422
    case.refresh_from_db()
    assert case.public == "released"


def test_an_emptied_report_has_no_page_any_more(mine: str, client: Client) -> None:
    persons.empty(Case.objects.get())
    assert "führt zu keiner Meldung" in text(client.get(mine), 404)
    assert client.post(f"{mine}ergaenzen/", {"worte": "x"}).status_code == 404


def test_the_page_stays_when_the_authority_closes_its_public_one(mine: str, client: Client) -> None:
    Ground.objects.update(public=False)
    assert client.get(mine).status_code == 200
    assert client.get(FORM).status_code == 404
    assert client.post(f"{mine}unsinn/").status_code == 404
