"""Open311: whatever is asked, the answer is well-formed in the form that was asked for, is no failure of ours, and leaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.accounts.rest import scopes
from buergerdraht.accounts.rest.scopes import REPORT, SCOPES
from buergerdraht.cases import actions
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.open311 import calls
from buergerdraht.cases.tests.conftest import make_category
from buergerdraht.cases.tests.contract311 import error, read
from buergerdraht.cases.tests.town311 import BASE, ask, key, released, report, send, take_part, with_picture

both = pytest.mark.parametrize("form", ["xml", "json"])
HERE = {"service_code": "pothole", "lat": "51.101", "long": "7.1", "description": "Tiefes Loch"}
GETS = {
    "services.{}": "services", "services/{word}.{}": "definition", "requests.{}": "requests", "requests/{word}.{}": "requests",
    "tokens/{word}.{}": "token", "servicerequestupdates.{}": "updates",
}  # fmt: skip
NAMES = (
    "jurisdiction_id", "service_request_id", "service_code", "start_date", "end_date", "status", "page", "page_size", "limit", "offset",
    "lat", "long", "radius", "bbox", "q", "sort", "updated_after", "updated_before", "with_picture", "address", "keyword",
    "detailed_status",
)  # fmt: skip
REPORTED = (
    "lat", "long", "address_string", "address_id", "description", "email", "first_name", "last_name", "phone", "device_id", "account_id",
    "media", "attribute[kind]", "attribute[kind][]", "attribute[]", "attribute", "jurisdiction_id", "service_code",
)  # fmt: skip
UPDATED = ("service_request_id", "description", "status", "update_id", "updated_datetime", "media")
FORM = st.sampled_from(["xml", "json"])
LIKELY = st.sampled_from(
    ["", "1", "0", "-1", "51.1", "7.1", "open", "closed", "pothole", "true", "2026-11-29T08:00:00Z", "9999-12-31T23:59:59-12:00",
     "2026-00001", "7,51,8,52", "nan", "1e999", "-requested_datetime", "%", "'", "\\", ":*", "&|!", "2026-02-30T00:00:00Z", ","]
)  # fmt: skip
# Everything that can be written as UTF-8, controls among it.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SAID = st.one_of(LIKELY, TEXT)
KEYS: dict[int, str] = {}  # of a town: a token's text is known when it is made, and never after
slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def _open(town: Organisation) -> None:
    cache.clear()
    take_part(town)


# ── Errors ────────────────────────────────────────────────────────────────


@both
@pytest.mark.parametrize("path", ["requests/1/2.{}", "v3/services.{}", "users.{}", "discovery/x.{}", "services/.{}", "a%0Ab.{}", "%00.{}"])
def test_an_unknown_address_is_not_found_in_the_form_that_was_asked_for(form: str, path: str) -> None:
    answer = Client().get(f"{BASE}/{path.format(form)}")
    error(answer, 404)
    assert form in answer["Content-Type"]


@pytest.mark.parametrize("path", ["services", "services.html", "requests.csv", "requests", "", "services.xmlx", "requests/2026-00001", "."])
def test_without_a_form_we_know_the_address_is_invalid(path: str) -> None:
    answer = Client().get(f"{BASE}/{path}")
    error(answer, 400)
    assert "xml" in answer["Content-Type"]


@both
@pytest.mark.parametrize("path", ["services", "services/pothole", "requests", "requests/2026-00001", "tokens/1", "servicerequestupdates"])
def test_a_method_that_is_not_there_says_which_are(form: str, path: str, hole: Category) -> None:
    takes = {"requests", "servicerequestupdates"}
    for method in ("put", "delete", "patch", *([] if path in takes else ["post"])):
        answer = getattr(Client(), method)(f"{BASE}/{path}.{form}")
        error(answer, 405)
        assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", *(["POST"] if path in takes else [])}


def test_a_browser_may_read_from_anywhere_and_report_from_nowhere(hole: Category) -> None:
    asked = Client().options(f"{BASE}/requests.json")
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked["Access-Control-Allow-Origin"] == "*"
    assert "POST" not in asked["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Origin" not in send("requests.json", **HERE)
    assert "Access-Control-Allow-Origin" in ask("requests/2026-99999.json")


def test_a_head_is_a_get_without_a_body(hole: Category) -> None:
    answer = Client().head(f"{BASE}/services.xml")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Type"] == "text/xml; charset=utf-8"


@both
@pytest.mark.parametrize("kind", ["application/json", "text/xml", "text/plain", "", "application/x-www-form-urlencoded2"])
def test_a_body_of_another_kind_is_refused(form: str, kind: str, hole: Category) -> None:
    answer = Client().post(f"{BASE}/requests.{form}", b'{"service_code": "pothole"}', content_type=kind)
    error(answer, 400)


@both
def test_too_large_too_many_and_broken_bodies_are_refused(
    form: str, hole: Category, town: Organisation, kemal: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, urlencoded, api_key = f"{BASE}/requests.{form}", "application/x-www-form-urlencoded", key(town, kemal)
    client = Client()
    bodies: list[tuple[bytes, str]] = [
        (b"api_key=" + api_key.encode() + b"&media=" + b"a" * 3_000_000, urlencoded),
        (b"&".join(b"a%d=1" % number for number in range(2000)), urlencoded),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=" + "x" * 300),
    ]
    for body, kind in bodies:
        answer = client.post(path, body, content_type=kind)
        assert answer.status_code in {400, 403}, body[:40]
        error(answer, answer.status_code)
    monkeypatch.setattr(calls, "LARGEST", 100)
    error(client.post(path, b"x" * 101, content_type=urlencoded), 400)
    assert not Case.objects.exists()


@both
def test_all_text_is_utf_8_whatever_is_claimed(form: str, hole: Category, town: Organisation, kemal: Operator) -> None:
    body = f"api_key={key(town, kemal)}&service_code=pothole&lat=51.1&long=7.1&description=Gr%C3%B6%C3%9Fe+%FF"
    for charset in ("iso-8859-1", "rot13", "utf-16", "nichts"):
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        read(Client().generic("POST", f"{BASE}/requests.{form}", body.encode(), content_type=kind), "created")
    assert Case.objects.get().text == "Größe \ufffd"


@both
def test_a_failure_of_ours_is_told_in_the_form_and_without_what_was_said(
    form: str, hole: Category, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any) -> None:
        raise RuntimeError("Berta Geheim")

    monkeypatch.setattr("buergerdraht.cases.open311.reading.records.service", fail)
    error(ask(f"services.{form}"), 500)
    assert "RuntimeError" in caplog.text
    assert "Berta" not in caplog.text


# ── Whatever is asked ─────────────────────────────────────────────────────


def well_formed(answer: Any, kind: str, form: str) -> None:
    assert answer.status_code < 500, answer.content
    assert form in answer["Content-Type"]
    read(answer, kind) if answer.status_code == 200 else error(answer, answer.status_code)


@slow
@given(
    path=st.sampled_from(list(GETS)),
    word=SAID,
    asked=st.dictionaries(st.sampled_from(NAMES), SAID, max_size=5),
    form=FORM,
)
def test_any_question_gets_a_well_formed_answer(
    hole: Category, kemal: Operator, path: str, word: str, asked: dict[str, str], form: str
) -> None:
    if not Case.objects.exists():
        released(hole, kemal)
    word = "".join(letter for letter in word if letter not in "/?#%\\;\r\n\t") or "x"
    if word in {".", ".."}:
        word = "x"
    well_formed(ask(path.replace("{word}", word).replace("{}", form), **asked), GETS[path], form)


@slow
@given(said=st.dictionaries(st.sampled_from(REPORTED), SAID, max_size=8), form=FORM)
def test_any_report_gets_a_well_formed_answer(
    waste: Category, kemal: Operator, town: Organisation, said: dict[str, str], form: str
) -> None:
    if not town.api_tokens.exists():
        KEYS[town.pk] = key(town, kemal)
    town.api_tokens.update(level=100)
    whole = {"service_code": "waste", "attribute[kind]": "Hausmüll", "lat": "51.1", "long": "7.1"}
    answer = send(f"requests.{form}", **whole | said | {"api_key": KEYS[town.pk]})
    well_formed(answer, "created", form)


@slow
@given(said=st.dictionaries(st.sampled_from(UPDATED), SAID, max_size=5), form=FORM)
def test_any_update_gets_a_well_formed_answer(hole: Category, kemal: Operator, town: Organisation, said: dict[str, str], form: str) -> None:
    if not town.api_tokens.exists():
        KEYS[town.pk] = key(town, kemal)
        released(hole, kemal)
    number = Case.objects.values_list("number", flat=True)[0]
    answer = send(f"servicerequestupdates.{form}", api_key=KEYS[town.pk], **{"service_request_id": number, "description": "x"} | said)
    well_formed(answer, "updated", form)


# ── What nobody may see ───────────────────────────────────────────────────


def _hidden(hole: Category, _kemal: Operator) -> Case:
    return report(hole)


def _taken_back(hole: Category, kemal: Operator) -> Case:
    case = released(hole, kemal, "Berta Geheim")
    with_picture(case)
    actions.hide(case, operator=kemal)
    return case


def _withdrawn(hole: Category, kemal: Operator) -> Case:
    case = released(hole, kemal, "Berta Geheim")
    with_picture(case)
    assert actions.withdraw(case, None)
    return case


def _of(visibility: str) -> Callable[[Category, Operator], Case]:
    def make(hole: Category, kemal: Operator) -> Case:
        category = make_category(hole.organisation, "inside", "Geheimsache", visibility=visibility)
        category.people.add(kemal)
        return report(category)

    return make


def _since_confidential(hole: Category, kemal: Operator) -> Case:
    case = released(hole, kemal, "Berta Geheim")
    Case.objects.filter(pk=case.pk).update(public="hidden", confidential=True)
    return case


def _since_internal(hole: Category, kemal: Operator) -> Case:
    case = released(hole, kemal, "Berta Geheim")
    Category.objects.filter(pk=hole.pk).update(visibility="internal")
    return case


NEVER = {
    "hidden": _hidden, "taken back": _taken_back, "withdrawn": _withdrawn, "internal": _of("internal"), "confidential": _of("confidential"),
    "since confidential": _since_confidential, "since internal": _since_internal,
}  # fmt: skip


@both
@pytest.mark.parametrize("why", NEVER)
def test_what_is_not_public_appears_nowhere(form: str, why: str, hole: Category, kemal: Operator, town: Organisation) -> None:
    case = NEVER[why](hole, kemal)
    actions.move(case, "progress", operator=kemal, words="Frau Geheim")
    error(ask(f"requests/{case.number}.{form}"), 404)
    error(ask(f"tokens/{case.number}.{form}"), 404)
    bodies = [
        ask(f"{path}.{form}", **asked).content.decode()
        for path in ("requests", "servicerequestupdates")
        for asked in (
            {},
            {"service_request_id": case.number},
            {"q": "Geheim"},
            {"updated_after": "2020-01-01T00:00:00Z"},
            {"extensions": "true"},
        )
    ]
    bodies += [ask(f"services.{form}").content.decode(), ask(f"services/inside.{form}").content.decode()]
    for secret in (case.number, "Geheim", "Marktstraße", "geheim.example"):
        assert all(secret not in body for body in bodies), secret
    said = {"api_key": key(town, kemal), "service_request_id": case.number, "description": "x"}
    error(send(f"servicerequestupdates.{form}", **said), 404)
    assert not Entry.objects.filter(case=case, what="added").exists()


@both
@pytest.mark.parametrize("why", ["taken back", "withdrawn"])
def test_of_a_report_by_open311_that_was_taken_back_the_number_and_the_state_remain(
    form: str, why: str, hole: Category, kemal: Operator
) -> None:
    case = NEVER[why](hole, kemal)
    Case.objects.filter(pk=case.pk).update(origin="open311")
    shown = read(ask(f"requests/{case.number}.{form}"), "requests")[0]
    assert (shown["status"], shown["description"], shown["address"], shown["lat"], shown["media_url"]) == ("open", None, None, None, None)
    assert read(ask(f"requests.{form}"), "requests") == []


@both
def test_a_report_by_open311_that_became_confidential_or_internal_is_gone(form: str, hole: Category, kemal: Operator) -> None:
    for why in ("since confidential", "since internal"):
        case = NEVER[why](hole, kemal)
        Case.objects.filter(pk=case.pk).update(origin="open311")
        error(ask(f"requests/{case.number}.{form}"), 404)
        Category.objects.filter(pk=hole.pk).update(visibility="public")


def test_a_case_whose_person_was_taken_out_shows_nothing_of_it(hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal, "Berta Geheim")
    Case.objects.filter(pk=case.pk).update(emptied=True)
    error(ask(f"requests/{case.number}.json"), 404)


@both
def test_another_authority_shows_its_own_alone(form: str, hole: Category, kemal: Operator) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    take_part(other)
    case = released(hole, kemal)
    actions.move(case, "progress", operator=kemal)
    base = "/open311/nachbarstadt/v2"
    for path in ("services", "requests", "servicerequestupdates"):
        assert read(ask(f"{path}.{form}", base), {"servicerequestupdates": "updates"}.get(path, path)) == []
    assert read(ask(f"requests.{form}", base, service_request_id=case.number), "requests") == []
    for path in (f"requests/{case.number}", f"tokens/{case.number}", "services/pothole"):
        error(ask(f"{path}.{form}", base), 404)
    said = {"api_key": key(other, kemal), "service_request_id": case.number, "description": "x"}
    error(send(f"servicerequestupdates.{form}", base, **said), 404)
    error(send(f"servicerequestupdates.{form}", "/open311/musterstadt/v2", **said), 403)


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != REPORT])
def test_no_other_right_of_a_token_lets_report(scope: str, hole: Category, kemal: Operator, town: Organisation) -> None:
    weak = key(town, kemal, scope)
    error(send("requests.json", api_key=weak, **HERE), 403)
    error(send("servicerequestupdates.json", api_key=weak, service_request_id="2026-00001", description="x"), 403)
    assert not Case.objects.exists()


def test_every_right_that_opens_no_endpoint_of_the_rest_api_is_asked_for_here() -> None:
    assert frozenset({REPORT}) == scopes.ELSEWHERE
