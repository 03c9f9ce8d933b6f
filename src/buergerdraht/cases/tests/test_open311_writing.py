"""Open311: a report of another system becomes a case, once; words that come later are kept."""

from __future__ import annotations

import base64
import http.server
import ipaddress
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from PIL import Image

from buergerdraht.accounts.models import ApiAnswer, ApiToken, AuditEntry, Operator, Organisation
from buergerdraht.accounts.rest import door
from buergerdraht.cases import actions
from buergerdraht.cases.models import Case, Category, Entry, Ground
from buergerdraht.cases.open311 import pictures
from buergerdraht.cases.tests.conftest import make_category
from buergerdraht.cases.tests.contract311 import error, read
from buergerdraht.cases.tests.town311 import BASE, ask, key, picture, released, report, send, take_part
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media, Taken

both = pytest.mark.parametrize("form", ["xml", "json"])
HERE = {"service_code": "pothole", "lat": "51.101", "long": "7.1", "description": "Tiefes Loch"}


@pytest.fixture(autouse=True)
def _open(town: Organisation) -> None:
    cache.clear()
    take_part(town)


@pytest.fixture
def api_key(town: Organisation, kemal: Operator) -> str:
    return key(town, kemal)


def made(**said: Any) -> Case:
    answer = read(send("requests.json", **said), "created")
    return Case.objects.get(number=answer[0]["service_request_id"])


# ── Reporting ─────────────────────────────────────────────────────────────


@both
def test_a_report_becomes_a_case_and_is_answered_its_number(form: str, hole: Category, api_key: str) -> None:
    person = {"first_name": "Berta", "last_name": "Geheim", "email": "berta@geheim.example", "phone": "0800 5550100", "device_id": "d1"}
    found = read(send(f"requests.{form}", api_key=api_key, account_id="7", **HERE, **person), "created")
    assert len(found) == 1
    case = Case.objects.get(number=found[0]["service_request_id"])
    assert case.number in found[0]["service_notice"]
    assert (case.origin, case.state, case.text, case.public) == ("open311", "received", "Tiefes Loch", "hidden")
    assert (case.latitude, case.longitude, case.place) == (51.101, 7.1, "Marktstraße 12")
    assert json.loads(case.reporter) == {"name": "Berta Geheim", "email": "berta@geheim.example", "phone": "0800 5550100"}
    assert b"berta" not in ApiAnswer.objects.values_list("body", "key").get()[0].encode()
    token = ApiToken.objects.get()
    assert AuditEntry.objects.filter(action="cases.open", operator=token.actor).count() == 1


@both
def test_right_after_it_was_sent_a_report_is_there_without_words_place_and_picture(form: str, hole: Category, api_key: str) -> None:
    case = made(api_key=api_key, **HERE, media=picture())
    for asked in ({}, {"extensions": "true"}):
        answer = ask(f"requests/{case.number}.{form}", **asked)
        shown = read(answer, "requests")[0]
        assert {name for name, value in shown.items() if value} == {
            "service_request_id", "status", "service_name", "service_code", "requested_datetime", "updated_datetime",
        }  # fmt: skip
    assert read(ask(f"requests.{form}", service_request_id=case.number), "requests") == [shown]
    assert read(ask(f"requests.{form}"), "requests") == []
    assert read(ask(f"tokens/{case.number}.{form}"), "token")[0]["service_request_id"] == case.number


@pytest.mark.parametrize("header", ["X-Api-Key", "Authorization"])
def test_the_key_may_come_as_a_header(header: str, hole: Category, api_key: str) -> None:
    said = api_key if header == "X-Api-Key" else f"Bearer {api_key}"
    answer = Client(headers={header: said}).post(f"{BASE}/requests.json", HERE)
    read(answer, "created")


@both
def test_without_a_key_that_is_good_for_it_nothing_is_opened(
    form: str, hole: Category, api_key: str, town: Organisation, kemal: Operator
) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    foreign, weak = key(other, kemal), key(town, kemal, "cases:write", "cases:answer", "cases:read")
    for said in ("", "bd_1_x", api_key[:-1], "ä", "\0", foreign, weak, "x" * 5000):
        error(send(f"requests.{form}", api_key=said, **HERE), 403)
    error(send(f"requests.{form}?api_key={api_key}", **HERE), 403)  # an address is no place for a key
    ApiToken.objects.update(revoked_at="2026-01-01T00:00:00Z")
    error(send(f"requests.{form}", api_key=api_key, **HERE), 403)
    assert not Case.objects.exists()


def test_a_key_reports_to_its_own_authority_only(hole: Category, api_key: str, kemal: Operator) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    take_part(other)
    make_category(other, "pothole", "Schlagloch")
    error(send("requests.xml", api_key=api_key, jurisdiction_id="nachbarstadt", **HERE), 403)
    error(send("requests.xml", "/open311/nachbarstadt/v2", api_key=api_key, **HERE), 403)
    error(send("requests.xml", api_key=api_key, **HERE), 400)
    assert made(api_key=api_key, jurisdiction_id="musterstadt", **HERE).organisation.slug == "musterstadt"


@both
def test_too_many_calls_are_told_to_wait(form: str, hole: Category, api_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "RATE", 0.001)
    ApiToken.objects.update(level=1)
    first = send(f"requests.{form}", api_key=api_key, **HERE)
    assert first["RateLimit-Remaining"] == "0"
    second = send(f"requests.{form}", api_key=api_key, **HERE)
    error(second, 429)
    assert second["Retry-After"] == "1"


@both
def test_what_cannot_be_reported_here_is_not_found_or_says_why(form: str, api_key: str, complaint: Category, town: Organisation) -> None:
    make_category(town, "inside", "Intern", visibility="internal")
    make_category(town, "gone", "Abgelegt", active=False)
    make_category(town, "parking", "Falschparker", refusal={"de": "Wenden Sie sich an das Ordnungsamt."})
    for code in ("complaint", "inside", "gone", "unknown", "x" * 500):
        error(send(f"requests.{form}", api_key=api_key, **HERE | {"service_code": code}), 404)
    assert error(send(f"requests.{form}", api_key=api_key, **HERE | {"service_code": "parking"}), 400) == [
        "Wenden Sie sich an das Ordnungsamt."
    ]
    assert "service_code" in error(send(f"requests.{form}", api_key=api_key, **HERE | {"service_code": ""}), 400)[0]
    assert not Case.objects.exists()


WRONG: list[dict[str, str]] = [
    {"lat": ""}, {"long": ""}, {"lat": "", "long": ""}, {"lat": "x"}, {"lat": "91"}, {"long": "-181"}, {"lat": "nan"}, {"lat": "inf"},
    {"lat": "1e1"}, {"lat": "51,1"}, {"lat": "", "long": "", "address_id": "7"}, {"address_string": "x" * 201}, {"description": "x" * 4001},
    {"email": "keine"}, {"email": "a" * 200 + "@b.example"}, {"phone": "1" * 41}, {"first_name": "x" * 121}, {"attribute[unknown]": "x"},
    {"media_url": "http://bilder.example/loch.jpg"}, {"media_url": "https://127.0.0.1/"}, {"media_url": "https://[::1]/"},
    {"media_url": "https://10.0.0.1/"}, {"media_url": "https://169.254.169.254/latest"}, {"media_url": "file:///etc/passwd"},
    {"media_url": "https://name:wort@bilder.example/"}, {"media_url": "x"}, {"media": "kein base64!"}, {"media": "bmljaHRz"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: " ".join(f"{name}={value[:20]}" for name, value in each.items()))
@both
def test_what_is_wrong_is_said_and_nothing_is_opened(form: str, wrong: dict[str, str], hole: Category, api_key: str) -> None:
    sentences = error(send(f"requests.{form}", api_key=api_key, **HERE | wrong), 400)
    assert len(sentences) == 1
    assert not Case.objects.exists()
    assert not Media.objects.exists()


def test_all_that_is_wrong_is_said_at_once(hole: Category, api_key: str) -> None:
    said = HERE | {"lat": "x", "email": "y", "description": "z" * 4001}
    assert len(error(send("requests.json", api_key=api_key, **said), 400)) == 3


def test_4000_letters_fit_and_line_breaks_stay(hole: Category, api_key: str) -> None:
    text = "ä\n" * 2000
    assert made(api_key=api_key, **HERE | {"description": text}).text == text.strip()


def test_a_place_may_be_an_address(hole: Category, api_key: str) -> None:
    at = {"lat": "", "long": ""}
    known = made(api_key=api_key, **HERE | at | {"address_string": "Marktstr. 12"})
    assert (known.place, known.latitude) == ("Marktstr. 12", 51.101)
    unknown = made(api_key=api_key, **HERE | at | {"address_string": "hinter der Mühle"})
    assert (unknown.place, unknown.latitude) == ("hinter der Mühle", None)


def test_what_needs_no_place_may_come_without(town: Organisation, api_key: str) -> None:
    make_category(town, "idea", "Idee", needs_place=False)
    assert made(api_key=api_key, service_code="idea", description="Mehr Bänke").latitude is None


def test_a_place_of_others_is_taken_and_whose_it_is_is_said(hole: Category, api_key: str) -> None:
    answer = read(send("requests.json", api_key=api_key, **HERE | {"long": "7.3"}), "created")
    assert "Nachbarstadt" in answer[0]["service_notice"]
    assert Entry.objects.get(what="opened").data["beyond"] == "Nachbarstadt"
    assert "außerhalb" in read(send("requests.json", api_key=api_key, **HERE | {"long": "9"}), "created")[0]["service_notice"]


def test_questions_are_answered_by_attributes(waste: Category, api_key: str) -> None:
    more = [{"key": "since", "text": {"de": "Seit wann?"}, "want": "date"}]
    Category.objects.filter(pk=waste.pk).update(questions=waste.questions + more)
    said = HERE | {"service_code": "waste"}
    assert "attribute[kind]" in error(send("requests.json", api_key=api_key, **said), 400)[0]
    assert "Sperrmüll" in error(send("requests.json", api_key=api_key, **said, attribute={"kind": "Gold"}), 400)[0]
    error(send("requests.json", api_key=api_key, **said, **{"attribute[kind][]": ["Hausmüll", "Sperrmüll"]}), 400)
    case = made(api_key=api_key, **said, attribute={"kind": "Sperrmüll", "since": "2026-11-24T23:30:00Z"})
    assert case.answers == {"kind": "Sperrmüll", "since": "2026-11-25"}
    assert made(api_key=api_key, **said, **{"attribute[kind][]": "Hausmüll"}).answers == {"kind": "Hausmüll"}


def test_the_same_report_within_a_minute_is_one_case(hole: Category, api_key: str, town: Organisation, kemal: Operator) -> None:
    first = made(api_key=api_key, **HERE)
    assert made(api_key=api_key, **HERE) == first
    assert (
        read(send("requests.xml", "/open311/musterstadt/v2", api_key=api_key, **HERE), "created")[0]["service_request_id"] == first.number
    )
    assert made(api_key=api_key, **HERE | {"description": "Noch eins"}) != first
    assert made(api_key=key(town, kemal), **HERE) != first
    ApiAnswer.objects.update(created_at="2026-01-01T00:00:00Z")
    assert made(api_key=api_key, **HERE) != first


# ── Pictures ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("field", ["media", "photo", "photo1", "file_7"])
def test_pictures_come_as_files_without_what_they_tell_of_the_place(field: str, hole: Category, api_key: str) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Geheimkamera"
    file = picture()
    Image.new("RGB", (60, 40), "red").save(file, "JPEG", exif=exif)
    file.seek(0)
    case = made(api_key=api_key, **HERE, **{field: file})
    photo = case.photos.get()
    assert photo.media is not None
    assert photo.released is False
    assert b"Geheimkamera" not in files.path(photo.media).read_bytes()
    assert not Taken.objects.exists()


def test_a_picture_may_be_base64(hole: Category, api_key: str) -> None:
    text = base64.b64encode(picture().read()).decode()
    assert made(api_key=api_key, **HERE, media=text).photos.count() == 1
    assert made(api_key=api_key, **HERE, media=f"data:image/jpeg;base64,{text}").photos.count() == 1


def test_a_file_that_is_no_picture_is_refused_and_none_is_kept(hole: Category, api_key: str) -> None:
    bad = picture()
    bad.seek(0)
    bad.write(b"%PDF-1.4 nichts weiter ................")
    bad.seek(0)
    error(send("requests.xml", api_key=api_key, **HERE, photo1=picture(), photo2=bad), 400)
    assert not Case.objects.exists()
    assert not Media.objects.exists()


def test_a_category_may_need_a_picture(hole: Category, api_key: str) -> None:
    Category.objects.filter(pk=hole.pk).update(needs_photo=True)
    assert "Bild" in error(send("requests.json", api_key=api_key, **HERE), 400)[0]
    assert made(api_key=api_key, **HERE, media=picture()).photos.count() == 1


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Somebody else's server: a picture, a page, a redirect, something too large. It is near, and so allowed by name here alone."""
    data = picture("green").read()

    class Far(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = {"/loch.jpg": data, "/gross.jpg": data + b"0" * 3000}.get(self.path, b"<html>nichts</html>")
            self.send_response({"/fort.jpg": 302, "/weg.jpg": 404}.get(self.path, 200))
            self.send_header("Location", "/loch.jpg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Far)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(pictures, "NETWORKS", (ipaddress.ip_network("127.0.0.0/8"),))
    monkeypatch.setattr(pictures, "LARGEST", len(data) + 1000)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_picture_behind_a_link_is_fetched(far: str, hole: Category, api_key: str) -> None:
    case = made(api_key=api_key, **HERE, media_url=f"{far}/loch.jpg")
    assert case.photos.get().media.kind == "image"  # type: ignore[union-attr]
    assert made(api_key=api_key, **HERE, media_url=f"{far}/loch.jpg") == case


@pytest.mark.parametrize("path", ["/fort.jpg", "/weg.jpg", "/gross.jpg", "/seite.html"])
def test_a_link_to_anything_else_is_refused(path: str, far: str, hole: Category, api_key: str) -> None:
    error(send("requests.xml", api_key=api_key, **HERE, media_url=far + path), 400)
    assert not Case.objects.exists()


def test_more_links_than_three_are_refused(far: str, hole: Category, api_key: str) -> None:
    error(send("requests.xml", api_key=api_key, **HERE, media_url=[f"{far}/{each}" for each in range(4)]), 400)


# ── Updates ───────────────────────────────────────────────────────────────


@both
def test_words_that_come_later_are_kept_once(form: str, hole: Category, api_key: str) -> None:
    case = made(api_key=api_key, **HERE)
    said = {"service_request_id": case.number, "description": "Es wird größer", "update_id": "u1", "status": "OPEN"}
    first = read(send(f"servicerequestupdates.{form}", api_key=api_key, **said), "updated")
    entry = Entry.objects.get(case=case, what="added")
    assert (first[0]["update_id"], entry.text) == (str(entry.pk), "Es wird größer")
    assert read(send(f"servicerequestupdates.{form}", api_key=api_key, **said), "updated") == first
    read(send(f"servicerequestupdates.{form}", api_key=api_key, **said | {"update_id": "u2"}, media=picture()), "updated")
    assert Entry.objects.filter(case=case, what="added").count() == 2
    assert case.photos.count() == 1


def test_open_takes_a_closed_case_up_again_and_closed_closes_none(hole: Category, api_key: str, kemal: Operator) -> None:
    case = released(hole, kemal)
    send("servicerequestupdates.xml", api_key=api_key, service_request_id=case.number, description="Ist weg", status="CLOSED")
    case.refresh_from_db()
    assert case.state == "received"
    actions.move(case, "done", operator=kemal)
    read(
        send("servicerequestupdates.xml", api_key=api_key, service_request_id=case.number, description="Doch nicht", status="OPEN"),
        "updated",
    )
    case.refresh_from_db()
    assert case.state == "progress"


@both
def test_an_update_needs_a_key_a_case_and_something_to_say(
    form: str, hole: Category, api_key: str, town: Organisation, kemal: Operator
) -> None:
    case = made(api_key=api_key, **HERE)
    said = {"service_request_id": case.number, "description": "Wort"}
    for wrong in ("", key(town, kemal, "cases:answer")):
        error(send(f"servicerequestupdates.{form}", api_key=wrong, **said), 403)
    error(send(f"servicerequestupdates.{form}", api_key=api_key, **said | {"service_request_id": "2026-99999"}), 404)
    for each in ({"service_request_id": ""}, {"description": ""}, {"description": "x" * 4001}, {"updated_datetime": "gestern"}):
        error(send(f"servicerequestupdates.{form}", api_key=api_key, **said | each), 400)
    assert not Entry.objects.filter(case=case, what="added").exists()


def test_nothing_is_taken_where_the_authority_does_not_take_part(hole: Category, api_key: str) -> None:
    Ground.objects.update(public=False)
    error(send("requests.xml", api_key=api_key, **HERE), 404)
    error(send("servicerequestupdates.xml", api_key=api_key, service_request_id="2026-00001", description="x"), 404)


def test_a_case_of_the_chat_nobody_released_cannot_be_written_to(hole: Category, api_key: str) -> None:
    hidden = report(hole)
    error(send("servicerequestupdates.xml", api_key=api_key, service_request_id=hidden.number, description="x"), 404)
