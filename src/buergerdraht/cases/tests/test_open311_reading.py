"""Open311: discovery, services, what was released; each answer by the specification's text, in XML and JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions, categories
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.tests.conftest import make_category
from buergerdraht.cases.tests.contract311 import error, read
from buergerdraht.cases.tests.town311 import SECRET, ask, released, report, take_part, with_picture
from buergerdraht.contacts.models import District

both = pytest.mark.parametrize("form", ["xml", "json"])


@pytest.fixture(autouse=True)
def _open(town: Organisation) -> None:
    cache.clear()
    take_part(town)


@pytest.fixture
def neighbour(db: None) -> Organisation:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    take_part(other)
    return other


def numbers(**asked: Any) -> list[str]:
    return [each["service_request_id"] for each in read(ask("requests.json", **asked), "requests")]


def reported(case: Case, days: float) -> Case:
    """Let a case be so many days old."""
    at = timezone.now() - timedelta(days=days)
    Case.objects.filter(pk=case.pk).update(received_at=at, released_at=at)
    Entry.objects.filter(case=case).update(at=at)
    case.refresh_from_db()
    return case


# ── Discovery ─────────────────────────────────────────────────────────────


@both
def test_discovery_names_the_real_endpoint_of_every_authority(form: str, neighbour: Organisation, hole: Category) -> None:
    found = read(Client().get(f"/open311/discovery.{form}"), "discovery")
    addresses = [each["url"] for each in found["endpoints"]]
    assert [each.rpartition("/open311/")[2] for each in addresses] == ["musterstadt/v2", "nachbarstadt/v2"]
    assert found["endpoints"][0]["formats"] == ["text/xml", "application/json"]
    path = "/" + addresses[0].split("/", 3)[3]
    assert [each["service_code"] for each in read(Client().get(f"{path}/services.{form}"), "services")] == ["pothole"]


@both
@pytest.mark.parametrize("path", ["/open311/nachbarstadt/discovery", "/open311/discovery"])
def test_discovery_of_one_authority_names_it_alone(form: str, path: str, neighbour: Organisation) -> None:
    asked = {} if "nachbarstadt" in path else {"jurisdiction_id": "nachbarstadt"}
    found = read(Client().get(f"{path}.{form}", asked), "discovery")
    assert [each["url"].rpartition("/open311/")[2] for each in found["endpoints"]] == ["nachbarstadt/v2"]


def test_the_changeset_moves_when_what_can_be_reported_changes(town: Organisation, hole: Category, kemal: Operator) -> None:
    before = read(Client().get("/open311/discovery.json"), "discovery")["changeset"]
    assert before.endswith("Z")
    cache.clear()
    Organisation.objects.filter(pk=town.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    old = read(Client().get("/open311/discovery.json"), "discovery")["changeset"]
    assert old == "2020-01-01T00:00:00Z"
    categories.save(hole, operator=kemal)
    cache.clear()
    assert read(Client().get("/open311/discovery.json"), "discovery")["changeset"] > old


@both
def test_an_authority_that_does_not_take_part_does_not_exist(form: str, town: Organisation, hole: Category) -> None:
    town.ground.delete()
    assert read(Client().get(f"/open311/discovery.{form}"), "discovery")["endpoints"] == []
    for path in ("discovery", "v2/services", "v2/services/pothole", "v2/requests", "v2/servicerequestupdates"):
        error(Client().get(f"/open311/musterstadt/{path}.{form}"), 404)
    error(ask(f"services.{form}"), 404)


# ── Jurisdictions ─────────────────────────────────────────────────────────


@both
def test_alone_the_jurisdiction_may_be_anything_or_nothing(form: str, hole: Category) -> None:
    for asked in ({}, {"jurisdiction_id": ""}, {"jurisdiction_id": "musterstadt"}, {"jurisdiction_id": "www.musterstadt.example"}):
        assert len(read(ask(f"services.{form}", **asked), "services")) == 1


@both
def test_among_several_it_must_be_named_and_known(form: str, neighbour: Organisation, hole: Category) -> None:
    assert len(read(ask(f"services.{form}", jurisdiction_id="musterstadt"), "services")) == 1
    assert read(ask(f"services.{form}", jurisdiction_id="nachbarstadt"), "services") == []
    assert "jurisdiction_id" in error(ask(f"services.{form}"), 400)[0]
    assert "jurisdiction_id" in error(ask(f"services.{form}", jurisdiction_id="dorf"), 404)[0]


def test_another_authority_here_is_never_taken_for_the_one_that_takes_part(hole: Category) -> None:
    Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    error(ask("services.xml", jurisdiction_id="nachbarstadt"), 404)


# ── Services ──────────────────────────────────────────────────────────────


@both
def test_services_say_what_can_be_reported(form: str, hole: Category, waste: Category, complaint: Category, town: Organisation) -> None:
    make_category(town, "inside", "Intern", visibility="internal")
    make_category(town, "gone", "Abgelegt", active=False)
    make_category(town, "parking", "Falschparker", refusal={"de": "Wenden Sie sich an das Ordnungsamt."})
    Category.objects.filter(pk=hole.pk).update(description={"de": "Löcher < 1 m & mehr"}, danger={"de": "Bei Gefahr 112."}, group="Straße")
    found = {each["service_code"]: each for each in read(ask(f"services.{form}"), "services")}
    assert found["pothole"] == {
        "service_code": "pothole", "service_name": "Schlagloch", "description": "Löcher < 1 m & mehr\n\nBei Gefahr 112.",
        "metadata": False, "type": "realtime", "keywords": "problem, Schlagloch, Loch in der Straße", "group": "Straße",
    }  # fmt: skip
    assert found["waste"]["metadata"] is True
    assert set(found) == {"pothole", "waste"}


def test_services_are_said_in_the_language_that_was_asked_for(hole: Category) -> None:
    Category.objects.filter(pk=hole.pk).update(title={"de": "Schlagloch", "en": "Pothole"})
    answer = Client(headers={"accept-language": "en"}).get("/open311/v2/services.json")
    assert read(answer, "services")[0]["service_name"] == "Pothole"
    assert "Accept-Language" in answer["Vary"]


@both
def test_a_definition_lists_the_questions_of_a_category(form: str, waste: Category) -> None:
    more = [
        {"key": "size", "text": {"de": "Wie viel?"}, "want": "number", "required": False},
        {"key": "since", "text": {"de": "Seit wann?"}, "want": "date"},
        {"key": "danger", "text": {"de": "Gefährlich?"}, "want": "yes_no", "required": True},
        {"key": "words", "text": {"de": "Noch etwas?"}, "want": "text"},
    ]
    Category.objects.filter(pk=waste.pk).update(questions=waste.questions + more)
    found = read(ask(f"services/waste.{form}"), "definition")
    assert found["service_code"] == "waste"
    kinds = [(each["code"], each["datatype"], each["required"], each["order"]) for each in found["attributes"]]
    assert kinds == [
        ("kind", "singlevaluelist", True, 1), ("size", "number", False, 2), ("since", "datetime", False, 3),
        ("danger", "singlevaluelist", True, 4), ("words", "string", False, 5),
    ]  # fmt: skip
    assert found["attributes"][0]["values"][1] == {"key": "Sperrmüll", "name": "Sperrmüll"}
    assert [each["key"] for each in found["attributes"][3]["values"]] == ["ja", "nein"]


@both
def test_a_definition_without_questions_is_an_empty_list(form: str, hole: Category) -> None:
    assert read(ask(f"services/pothole.{form}"), "definition") == {"service_code": "pothole", "attributes": []}


@both
def test_a_definition_of_what_cannot_be_reported_is_not_found(form: str, complaint: Category, town: Organisation) -> None:
    make_category(town, "inside", "Intern", visibility="internal")
    for code in ("complaint", "inside", "unknown", "a.b", "%00", "%E2%82%AC"):
        error(ask(f"services/{code}.{form}"), 404)


# ── One request ───────────────────────────────────────────────────────────


@both
def test_a_request_says_what_was_released_and_nothing_else(form: str, hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal, "Loch < 1 m\nan der Ecke & tief")
    photo = with_picture(case)
    with_picture(case, show=False)
    actions.note(case, "Lager leer", operator=kemal)
    actions.answer(case, "Sehr geehrte Frau Geheim", operator=kemal)
    answer = ask(f"requests/{case.number}.{form}")
    found = read(answer, "requests")
    assert len(found) == 1
    shown = found[0]
    assert shown["service_request_id"] == case.number
    assert (shown["status"], shown["service_code"], shown["service_name"]) == ("open", "pothole", "Schlagloch")
    assert shown["description"] == "Loch < 1 m\nan der Ecke & tief"
    assert (shown["address"], shown["lat"], shown["long"]) == ("Marktstraße 12", 51.101, 7.1)
    assert shown["agency_responsible"] == "Musterstadt"
    assert shown["expected_datetime"] > shown["requested_datetime"]
    assert shown["media_url"].endswith(f"/melden/musterstadt/bild/{photo.pk}/")
    body = answer.content.decode()
    for secret in ("Berta", "geheim", "0800", "Lager", "geehrte", "Kemal"):
        assert secret not in body
    blue = Client().get("/" + shown["media_url"].split("/", 3)[3])
    assert blue.status_code == 200


@both
def test_closed_means_done_rejected_or_double_and_tells_when(form: str, hole: Category, kemal: Operator) -> None:
    done, rejected, double, first = (released(hole, kemal) for _each in range(4))
    actions.move(done, "done", operator=kemal, words="Frau Geheim, es ist zu.")
    actions.move(rejected, "rejected", operator=kemal)
    actions.double(double, first, operator=kemal)
    closed_at = timezone.now() - timedelta(days=3)
    Case.objects.filter(pk=done.pk).update(done_at=closed_at)
    said = {each["service_request_id"]: each for each in read(ask(f"requests.{form}"), "requests")}
    assert [said[case.number]["status"] for case in (done, rejected, double, first)] == ["closed", "closed", "closed", "open"]
    assert said[done.number]["status_notes"] == "Erledigt."
    assert first.number in said[double.number]["status_notes"]
    assert datetime.fromisoformat(said[done.number]["updated_datetime"]) == closed_at.replace(microsecond=0)
    assert said[done.number]["expected_datetime"] is None


def test_a_double_of_something_hidden_does_not_name_it(hole: Category, kemal: Operator) -> None:
    double, first = released(hole, kemal), report(hole)
    actions.double(double, first, operator=kemal)
    assert first.number not in ask(f"requests/{double.number}.json").content.decode()


def test_updated_is_when_the_public_could_see_a_change_not_when_a_note_was_left(hole: Category, kemal: Operator) -> None:
    case = reported(released(hole, kemal), 10)
    actions.note(case, "intern", operator=kemal)
    actions.rank(case, 3, operator=kemal)
    shown = read(ask(f"requests/{case.number}.json"), "requests")[0]
    assert shown["updated_datetime"] == shown["requested_datetime"]
    actions.move(case, "progress", operator=kemal)
    assert read(ask(f"requests/{case.number}.json"), "requests")[0]["updated_datetime"] > shown["updated_datetime"]


@both
def test_an_unknown_number_is_not_found(form: str, hole: Category) -> None:
    for number in ("2026-99999", "1", "abc", "2026-1", "../x", "%27", "٢٠٢٦-٠٠٠٠١"):
        error(ask(f"requests/{number}.{form}"), 404)


@both
def test_a_number_taken_for_a_token_is_found_and_no_other(form: str, hole: Category, kemal: Operator) -> None:
    case, hidden = released(hole, kemal), report(hole)
    assert read(ask(f"tokens/{case.number}.{form}"), "token") == [{"service_request_id": case.number, "token": case.number}]
    for token in (hidden.number, "123456"):
        error(ask(f"tokens/{token}.{form}"), 404)


# ── Lists ─────────────────────────────────────────────────────────────────


def test_a_list_is_of_the_last_90_days_newest_first(hole: Category, kemal: Operator) -> None:
    old, older, oldest = (reported(released(hole, kemal), days) for days in (1, 89, 91))
    assert numbers() == [old.number, older.number]
    assert numbers(service_request_id=oldest.number) == [oldest.number]


def test_dates_choose_by_when_it_was_reported(hole: Category, kemal: Operator) -> None:
    cases = [reported(released(hole, kemal), days) for days in (10, 100, 150, 250)]

    def day(days: float) -> str:
        return (timezone.now() - timedelta(days=days)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert numbers(start_date=day(160), end_date=day(90)) == [cases[1].number, cases[2].number]
    assert numbers(start_date=day(260)) == [cases[3].number]
    assert numbers(end_date=day(140)) == [cases[2].number]
    error(ask("requests.xml", start_date=day(200), end_date=day(10)), 400)
    error(ask("requests.xml", start_date=day(1), end_date=day(2)), 400)


@pytest.mark.parametrize("said", ["2026-01-01", "2026-01-01T00:00:00", "gestern", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1"])
@pytest.mark.parametrize("name", ["start_date", "end_date", "updated_after", "updated_before"])
def test_a_date_needs_an_offset(said: str, name: str, hole: Category) -> None:
    assert name in error(ask("requests.json", **{name: said}), 400)[0]


def test_a_plus_that_became_a_space_is_a_plus(hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal)
    said = (timezone.now() - timedelta(hours=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S 00:00")
    assert numbers(start_date=said) == [case.number]


def test_empty_is_the_same_as_absent(hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal)
    names = "service_request_id service_code start_date end_date status page page_size lat long radius bbox q sort with_picture extensions"
    assert numbers(**dict.fromkeys(names.split(), "")) == [case.number]


def test_status_and_code_may_be_several(hole: Category, waste: Category, kemal: Operator) -> None:
    first, second = released(hole, kemal), released(waste, kemal)
    actions.move(first, "done", operator=kemal)
    assert numbers(status="open") == [second.number]
    assert numbers(status="closed") == [first.number]
    assert set(numbers(status="open,closed")) == set(numbers(status=["open", "closed"])) == {first.number, second.number}
    assert numbers(service_code="pothole") == [first.number]
    assert len(numbers(service_code="pothole, waste")) == 2
    assert numbers(service_code="unknown") == []
    error(ask("requests.xml", status="offen"), 400)


def test_numbers_override_everything_else_and_keep_their_order(hole: Category, kemal: Operator) -> None:
    first, second = released(hole, kemal), released(hole, kemal)
    wanted = f"{second.number},{first.number},2026-99999"
    assert numbers(service_request_id=wanted, status="closed", start_date="unlesbar") == [second.number, first.number]


def test_pages_are_whole_and_stay_so_while_rows_are_added(hole: Category, kemal: Operator) -> None:
    at = timezone.now() - timedelta(hours=1)
    cases = [released(hole, kemal, at=at) for _each in range(7)]  # all at the same moment
    end = (at + timedelta(minutes=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    seen = numbers(page=1, page_size=3, end_date=end)
    released(hole, kemal)
    seen += numbers(page=2, page_size=3, end_date=end) + numbers(page=3, page_size=3, end_date=end)
    assert seen == [case.number for case in reversed(cases)]
    assert numbers(page=4, page_size=3, end_date=end) == []
    assert numbers(offset=2, limit=2, end_date=end) == seen[2:4]


@pytest.mark.parametrize(
    "asked",
    [
        {"page": "0"}, {"page": "-1"}, {"page": "x"}, {"page_size": "0"}, {"page_size": "1001"}, {"limit": "1.5"}, {"offset": "-1"},
        {"page": "1", "limit": "1"}, {"page": "99999999999999"}, {"page": "100000", "page_size": "1000"}, {"sort": "name"}, {"sort": "-"},
        {"lat": "51.1"}, {"radius": "5"}, {"lat": "91", "long": "7", "radius": "5"}, {"lat": "nan", "long": "7", "radius": "5"},
        {"lat": "51", "long": "7", "radius": "0"}, {"lat": "51", "long": "7", "radius": "inf"}, {"bbox": "1,2,3"}, {"bbox": "8,51,7,52"},
        {"with_picture": "vielleicht"}, {"extensions": "x"}, {"detailed_status": "DONE"}, {"page": "²"},
    ],
    ids=str,
)  # fmt: skip
@both
def test_what_cannot_be_meant_is_refused_with_a_sentence(form: str, asked: dict[str, str], hole: Category) -> None:
    error(ask(f"requests.{form}", **asked), 400)


# ── The field's extensions ────────────────────────────────────────────────


@both
def test_extensions_tell_the_state_in_detail_all_pictures_and_what_became_of_it(form: str, hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal)
    Case.objects.filter(pk=case.pk).update(district=District.objects.create(organisation=case.organisation, name="Nordstadt"))
    pictures = [with_picture(case), with_picture(case)]
    actions.move(case, "progress", operator=kemal, words="Sehr geehrte Frau Geheim")
    shown = read(ask(f"requests/{case.number}.{form}", extensions="true"), "extended")[0]
    about = shown["extended_attributes"]
    assert (about["detailed_status"], about["state"], about["service_kind"], about["district"]) == (
        "IN_PROCESS", "progress", "problem", "Nordstadt",
    )  # fmt: skip
    assert [each["media_url"].rstrip("/").rpartition("/")[2] for each in about["photos"]] == [str(each.pk) for each in pictures]
    assert [(each["type"], each["description"]) for each in shown["notes"]] == [
        ("received", "Eingegangen. Die Meldung wird geprüft."), ("progress", "In Arbeit."),
    ]  # fmt: skip
    assert read(ask(f"requests.{form}", extensions="true"), "extended") == [shown]
    assert numbers(detailed_status="IN_PROCESS") == [case.number]
    assert numbers(detailed_status="PROCESSED,REJECTED") == []


def test_what_changed_since_finds_old_requests_and_those_released_late(hole: Category, kemal: Operator) -> None:
    moved, late, still = (reported(released(hole, kemal), 200) for _each in range(3))
    since = (timezone.now() - timedelta(hours=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    actions.move(moved, "progress", operator=kemal)
    Case.objects.filter(pk=late.pk).update(released_at=timezone.now())
    Case.objects.filter(pk=still.pk).update(changed_at=timezone.now() - timedelta(days=200))
    assert set(numbers(updated_after=since)) == {moved.number, late.number}
    assert numbers(updated_before=since) == [still.number]


def test_place_words_pictures_and_keywords_narrow_a_list(hole: Category, waste: Category, kemal: Operator) -> None:
    near = released(hole, kemal, "Loch am Brunnen")
    far = released(waste, kemal, "Sofa im Wald", latitude=51.15, longitude=7.15, place="Waldweg 1")
    with_picture(far)
    assert numbers(lat="51.1", long="7.1", radius="200") == [near.number]
    assert set(numbers(lat="51.1", long="7.1", radius="20000")) == {near.number, far.number}
    assert numbers(bbox="7.14,51.14,7.16,51.16") == [far.number]
    assert numbers(q="brunn") == [near.number]
    assert numbers(q="Berta") == numbers(q="0800") == []
    assert numbers(address="waldweg") == [far.number]
    assert numbers(with_picture="true") == [far.number]
    assert numbers(with_picture="false") == [near.number]
    assert numbers(keyword="Abfall") == [far.number]
    assert set(numbers(keyword="problem")) == {near.number, far.number}
    assert numbers(keyword="idea") == []


def test_a_list_can_be_sorted(hole: Category, kemal: Operator) -> None:
    first, second, third = (reported(released(hole, kemal), days) for days in (3, 2, 1))
    actions.move(first, "progress", operator=kemal)
    assert numbers(sort="requested_datetime") == [first.number, second.number, third.number]
    assert numbers(sort="-updated_datetime") == [first.number, third.number, second.number]
    assert numbers(sort="-service_request_id") == [third.number, second.number, first.number]


@both
def test_updates_tell_the_states_of_released_requests_oldest_first(form: str, hole: Category, kemal: Operator) -> None:
    case, hidden = released(hole, kemal), report(hole)
    actions.move(case, "progress", operator=kemal, words="Sehr geehrte Frau Geheim")
    actions.answer(case, "Noch ein Wort", operator=kemal)
    actions.move(case, "done", operator=kemal)
    actions.move(hidden, "progress", operator=kemal)
    answer = ask(f"servicerequestupdates.{form}")
    found = read(answer, "updates")
    assert [(each["service_request_id"], each["status"], each["description"]) for each in found] == [
        (case.number, "open", "In Arbeit."), (case.number, "closed", "Erledigt."),
    ]  # fmt: skip
    assert "Geheim" not in answer.content.decode()
    assert read(ask(f"servicerequestupdates.{form}", service_request_id=case.number), "updates") == found
    assert read(ask(f"servicerequestupdates.{form}", service_request_id=hidden.number), "updates") == []
    later = (timezone.now() + timedelta(minutes=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert read(ask(f"servicerequestupdates.{form}", start_date=later), "updates") == []
    error(ask(f"servicerequestupdates.{form}", start_date="gestern"), 400)


# ── Every answer ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("base", ["/open311/v2", "/open311/musterstadt/v2"])
@pytest.mark.parametrize("slash", ["", "/"])
@both
def test_every_call_works_with_and_without_a_slash_for_one_and_for_all(
    form: str, slash: str, base: str, hole: Category, kemal: Operator
) -> None:
    case = released(hole, kemal)
    for path, kind in (
        ("services.{}", "services"), ("services/pothole.{}", "definition"), ("requests.{}", "requests"),
        (f"requests/{case.number}.{{}}", "requests"), (f"tokens/{case.number}.{{}}", "token"), ("servicerequestupdates.{}", "updates"),
    ):  # fmt: skip
        answer = ask(path.format(form) + slash, base)
        read(answer, kind)
        assert answer["Access-Control-Allow-Origin"] == "*"


def test_text_that_xml_cannot_write_is_left_out(hole: Category, kemal: Operator) -> None:
    case = released(hole, kemal, "Loch\x0b\x1b am\uffff Rand ]]> 🕳")
    assert read(ask(f"requests/{case.number}.xml"), "requests")[0]["description"] == "Loch am Rand ]]> 🕳"
    read(ask(f"requests/{case.number}.json"), "requests")


def test_what_was_asked_does_not_come_back(hole: Category) -> None:
    for said in ("<script>alert(1)</script>", SECRET):
        for asked in ({"status": said}, {"start_date": said}, {"jurisdiction_id": said}, {"sort": said}, {"bbox": said}):
            body = ask("requests.xml", **asked).content.decode()
            assert "alert" not in body
            assert "Berta" not in body
