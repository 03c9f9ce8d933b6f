"""Cases handed to another Open311 server, which keeps to the text of GeoReport v2 and speaks over real connections."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.bridges import actions, hearing, letters, listening, sending
from buergerdraht.bridges.kinds import open311
from buergerdraht.bridges.kinds.letter import Trouble
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.bridges.tests.conftest import Answer, Elsewhere, Request, covered, heard, report
from buergerdraht.bridges.tests.county import County
from buergerdraht.cases import actions as cases
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.models import Case, Category, Entry, Photo
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import files

Start = Callable[[Callable[[Request], Answer]], Elsewhere]


def county_bridge(town: Organisation, url: str, operator: Operator, **fields: Any) -> Bridge:
    config = {"url": f"{url}/v2", "api_key": "geheim", "form": "json", "pictures": "none", "updates": False} | fields.pop("config", {})
    bridge = actions.add(town, "open311", actions.Setup("Landkreis", config, **fields), operator=operator)
    actions.map_to(bridge, {"pothole": "road"}, operator=operator)
    bridge.refresh_from_db()
    return bridge


@pytest.fixture
def county(elsewhere: Start) -> tuple[County, Elsewhere]:
    there = County()
    return there, elsewhere(there)


Two = tuple[County, Elsewhere]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_case_is_reported_there_and_when_they_close_it_the_citizen_hears(
    county: Two, town: Organisation, hole: Category, berta: Operator, vera: Address, form: str
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, config={"form": form})
    case = report(
        hole,
        text="Tiefes Loch <&> vor der Schule",
        latitude=51.1,
        longitude=7.1,
        place="Marktstraße 12",
        contact=vera.contact,
        address=vera,
    )
    actions.hand_over(case, bridge, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 1
    sent = there.requests[0]
    assert (sent["lat"], sent["long"], sent["address_string"], sent["service_code"]) == ("51.100000", "7.100000", "Marktstraße 12", "road")
    assert sent["description"].startswith("Tiefes Loch <&> vor der Schule")
    assert "Vera" not in json.dumps(there.requests)
    assert Passage.objects.get().external_id == "1"
    listening.ask(bridge.pk)
    case.refresh_from_db()
    assert case.state == Case.State.RECEIVED
    there.requests[0] |= {"status": "closed", "status_notes": "Loch verfüllt."}
    listening.ask(bridge.pk)
    listening.ask(bridge.pk)
    case.refresh_from_db()
    assert case.state == Case.State.DONE
    assert heard(vera).count("Loch verfüllt.") == 1
    assert case.entries.filter(what="moved").get().operator.name == "Landkreis"


def test_a_try_without_an_answer_is_looked_for_before_it_is_made_again(
    county: Two, town: Organisation, hole: Category, berta: Operator
) -> None:
    there, server = county
    there.mute = 1
    bridge = county_bridge(town, server.url, berta)
    actions.hand_over(report(hole, text="Loch"), bridge, operator=berta)
    now = timezone.now()
    assert sending.go(bridge.pk, now) == 0
    parcel = Parcel.objects.get()
    assert (parcel.doubt, parcel.problem, parcel.tries) == (True, "unreachable", 1)
    assert sending.go(bridge.pk, now + timedelta(minutes=1)) == 1
    assert len(there.requests) == 1
    assert Passage.objects.get().external_id == "1"


def test_a_try_that_surely_did_not_arrive_is_made_again(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    there, server = county
    there.broken = 1
    bridge = county_bridge(town, server.url, berta)
    actions.hand_over(report(hole, text="Loch"), bridge, operator=berta)
    now = timezone.now()
    assert sending.go(bridge.pk, now) == 0
    assert Parcel.objects.get().doubt is False
    assert Bridge.objects.get().problem == "broken"
    assert sending.go(bridge.pk, now + timedelta(seconds=30)) == 0  # not before its time
    assert sending.go(bridge.pk, now + timedelta(minutes=1)) == 1
    assert [request.method for request in server.asked] == ["POST", "POST"]
    assert Bridge.objects.get().problem == ""


def test_a_crash_during_the_call_leaves_it_in_doubt(
    county: Two, town: Organisation, hole: Category, berta: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta)
    actions.hand_over(report(hole, text="Loch"), bridge, operator=berta)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_arrived", killed)
        with pytest.raises(KeyboardInterrupt):
            sending.go(bridge.pk, timezone.now())
    assert Parcel.objects.get().doubt is True
    assert sending.go(bridge.pk, timezone.now() + timedelta(minutes=2)) == 1
    assert len(there.requests) == 1


def test_what_they_refuse_is_given_up_at_once_and_said_on_the_case(
    county: Two, town: Organisation, hole: Category, berta: Operator
) -> None:
    there, server = county
    there.picky = True
    bridge = county_bridge(town, server.url, berta)
    case = report(hole, text="Loch")
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    parcel = Parcel.objects.get()
    assert (parcel.problem, parcel.status, parcel.lost_at is not None) == ("refused", 400, True)
    note = case.entries.get(what="note")
    assert "abgelehnt" in note.text
    there.picky = False
    actions.retry(parcel, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 1


def test_after_a_day_it_is_given_up_and_not_tried_any_more(
    town: Organisation, hole: Category, berta: Operator, settings: LazySettings
) -> None:
    bridge = county_bridge(town, "http://127.0.0.1:9", berta)  # no network of ours: refused for good
    case = report(hole)
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    assert Parcel.objects.get().problem == "address_refused"
    assert Parcel.objects.get().lost_at is not None
    import ipaddress

    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    actions.retry(Parcel.objects.get(), operator=berta)
    sending.go(bridge.pk, timezone.now())
    parcel = Parcel.objects.get()
    assert (parcel.problem, parcel.doubt, parcel.lost_at) == ("unreachable", True, None) or parcel.doubt is False
    Parcel.objects.update(created_at=timezone.now() - timedelta(hours=25), next_at=timezone.now())
    sending.go(bridge.pk, timezone.now())
    assert Parcel.objects.get().lost_at is not None
    assert sending.due(timezone.now() + timedelta(days=2)) == []


def test_new_cases_of_a_category_go_by_themselves_and_confidential_ones_never(
    county: Two, town: Organisation, hole: Category, complaint: Category, berta: Operator, kemal: Operator
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, categories=[hole, complaint])
    Bridge.categories.through.objects.create(bridge=bridge, category=complaint)  # even if somebody forced it
    report(hole, text="Loch")
    secret = report(complaint, text="Quittenmarmelade")
    assert sending.go(bridge.pk, timezone.now()) == 1
    assert "Quittenmarmelade" not in json.dumps(there.requests)
    assert Passage.objects.get().operator is None
    bridge.mapping = {"complaint": "road"}
    with pytest.raises(NotNow):
        actions.hand_over(secret, bridge, operator=berta)
    actions.hand_over(secret, bridge, operator=kemal)  # one of its people may
    assert Passage.objects.count() == 2


def test_a_bridge_of_another_house_takes_nothing(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    bridge = county_bridge(other, county[1].url, berta)
    with pytest.raises(NotNow):
        actions.hand_over(report(hole), bridge, operator=berta)


def test_a_token_is_exchanged_for_the_number(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    there, server = county
    there.token = True
    bridge = county_bridge(town, server.url, berta)
    actions.hand_over(report(hole, text="Loch"), bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    assert Passage.objects.get().external_id == ""
    listening.ask(bridge.pk)
    assert Passage.objects.get().external_id == ""
    there.decided = True
    listening.ask(bridge.pk)
    assert Passage.objects.get().external_id == "1"


def test_pictures_go_as_files_and_always_the_covered_one(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    _there, server = county
    bridge = county_bridge(town, server.url, berta, config={"pictures": "upload"})
    case = report(hole, text="Loch")
    photo = covered(case)
    actions.hand_over(case, bridge, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 1
    body = server.asked[0].body
    assert files.path(photo.shown).read_bytes() in body
    assert files.path(photo.media).read_bytes() not in body
    assert b"img.jpg" not in body


def test_a_picture_goes_as_a_link_only_when_it_was_released(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, config={"pictures": "link"})
    hidden, shown = report(hole, text="Loch"), report(hole, text="Loch")
    covered(hidden)
    photo = covered(shown)
    cases.release(shown, "Ein Loch.", [photo.pk], operator=berta)
    for case in (hidden, shown):
        actions.hand_over(case, bridge, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 2
    assert "media_url" not in there.requests[0]
    assert there.requests[1]["media_url"].endswith(f"/melden/musterstadt/bild/{photo.pk}/")


def test_a_letter_waits_for_pictures_that_are_being_covered_but_not_for_ever(
    county: Two, town: Organisation, hole: Category, berta: Operator
) -> None:
    _there, server = county
    bridge = county_bridge(town, server.url, berta, config={"pictures": "upload"})
    case = report(hole, text="Loch")
    photo = covered(case)
    Photo.objects.filter(pk=photo.pk).update(shown=None, state="waiting")
    actions.hand_over(case, bridge, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 0
    assert Parcel.objects.get().tries == 0
    assert sending.go(bridge.pk, timezone.now() + timedelta(minutes=6)) == 1
    assert files.path(photo.media).read_bytes() not in server.asked[0].body


def test_where_only_released_text_may_go_the_words_of_citizens_stay(
    county: Two, town: Organisation, hole: Category, berta: Operator
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, released_only=True)
    case = report(hole, text="Ich, Vera, wohne gegenüber.", answers={"name": "Vera"})
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    assert "Vera" not in json.dumps(there.requests)


def test_answers_go_along_under_the_codes_of_our_questions(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta)
    actions.hand_over(report(hole, text="Loch", answers={"depth": "20"}), bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    assert there.requests[0]["attribute[depth]"] == "20"


def test_updates_are_exchanged_both_ways_where_the_server_can_each_once(
    county: Two, town: Organisation, hole: Category, berta: Operator, vera: Address
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, config={"updates": True})
    case = report(hole, text="Loch", contact=vera.contact, address=vera)
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    cases.add(case, vera.contact, text="Es ist größer geworden.")
    assert sending.go(bridge.pk, timezone.now()) == 1
    said = there.taken_updates[0]
    assert said["service_request_id"] == ["1"]
    assert "größer geworden" in said["description"][0]
    there.updates.append({"update_id": "77", "service_request_id": "1", "status": "OPEN", "description": "Wir kommen Dienstag."})
    there.updates.append({"update_id": said["update_id"][0], "service_request_id": "1", "status": "OPEN", "description": "Echo"})
    listening.ask(bridge.pk)
    listening.ask(bridge.pk)
    assert heard(vera).count("Wir kommen Dienstag.") == 1
    assert "Echo" not in heard(vera)
    assert sending.go(bridge.pk, timezone.now()) == 0  # what came from there does not go back


def test_without_that_extension_only_the_case_itself_goes(
    county: Two, town: Organisation, hole: Category, berta: Operator, vera: Address
) -> None:
    bridge = county_bridge(town, county[1].url, berta)
    case = report(hole, text="Loch", contact=vera.contact, address=vera)
    actions.hand_over(case, bridge, operator=berta)
    cases.add(case, vera.contact, text="mehr")
    assert Parcel.objects.count() == 1


def test_by_rule_their_end_and_their_words_are_notes_alone(
    county: Two, town: Organisation, hole: Category, berta: Operator, vera: Address
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, answers=False, closes=False)
    case = report(hole, text="Loch", contact=vera.contact, address=vera)
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    there.requests[0]["status_notes"] = "In Planung"
    listening.ask(bridge.pk)
    there.requests[0] |= {"status": "closed", "status_notes": "Fertig"}
    listening.ask(bridge.pk)
    case.refresh_from_db()
    assert case.state == Case.State.RECEIVED
    assert list(case.entries.filter(what="note").order_by("pk").values_list("text", flat=True)) == [
        "In Planung", "Dort ist das Anliegen abgeschlossen.\n\nFertig",
    ]  # fmt: skip
    assert heard(vera) == ""


def test_what_was_taken_back_hears_nothing_more_and_says_it_to_us_alone(
    county: Two, town: Organisation, hole: Category, berta: Operator, vera: Address
) -> None:
    there, server = county
    bridge = county_bridge(town, server.url, berta, config={"updates": True})
    case = report(hole, text="Loch", contact=vera.contact, address=vera)
    passage = actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    actions.take_back(passage, operator=berta)
    cases.add(case, vera.contact, text="mehr")
    assert sending.go(bridge.pk, timezone.now()) == 0
    hearing.answered(Passage.objects.select_related("bridge__actor").get(), "Doch noch etwas")
    assert case.entries.filter(what="note", text="Doch noch etwas").exists()
    assert there.taken_updates == []


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_can_be_reported_there_is_fetched_with_what_must_be_answered(county: Two, form: str) -> None:
    config = open311.Config(url=f"{county[1].url}/v2", form=form)
    assert open311.services(config) == [open311.Service("road", "Kreisstraßen", ("depth",)), open311.Service("tree", "Bäume")]


def test_discovery_names_the_address_of_production(elsewhere: Start) -> None:
    def tells(request: Request) -> Answer:
        ends = [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": "https://probe.example/v2",
                "type": "test",
                "formats": ["text/xml"],
            },
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": "https://echt.example/v2/",
                "type": "production",
                "formats": ["text/xml", "application/json"],
            },
        ]
        return Answer(200, json.dumps({"changeset": "2026-01-01T00:00:00Z", "endpoints": ends}).encode())

    assert open311.discover(f"{elsewhere(tells).url}/discovery.json") == ("https://echt.example/v2", "json")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[" * 5000, b'"x"', b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff\xfe", b"null", b"[[1]]"]
)
def test_an_unreadable_answer_never_counts_as_arrived(
    elsewhere: Start, town: Organisation, hole: Category, berta: Operator, body: bytes
) -> None:
    bridge = county_bridge(town, elsewhere(lambda request: Answer(200, body)).url, berta)
    actions.hand_over(report(hole, text="Loch"), bridge, operator=berta)
    assert sending.go(bridge.pk, timezone.now()) == 0
    parcel = Parcel.objects.get()
    assert (parcel.problem, parcel.doubt) == ("unreadable", True)


def test_no_word_of_the_case_stands_in_the_log(
    county: Two, town: Organisation, hole: Category, berta: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    county[0].broken = 2
    bridge = county_bridge(town, county[1].url, berta)
    actions.hand_over(report(hole, text="Quittenmarmelade", place="Marktstraße 12"), bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    listening.ask(bridge.pk)
    assert "bridges.failed" in caplog.text
    assert "Quitten" not in caplog.text
    assert "Marktstraße" not in caplog.text
    assert "geheim" not in caplog.text


def test_what_is_emptied_loses_their_words_too(county: Two, town: Organisation, hole: Category, berta: Operator) -> None:
    from buergerdraht.cases import persons

    there, server = county
    bridge = county_bridge(town, server.url, berta)
    case = report(hole, text="Loch")
    actions.hand_over(case, bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    there.requests[0]["status_notes"] = "Frau Geheimnis angerufen"
    listening.ask(bridge.pk)
    persons.empty(case)
    passage = Passage.objects.get()
    assert (passage.notes, passage.ended_at is not None) == ("", True)
    assert not Entry.objects.exclude(text="").filter(case=case).exists()


def test_a_bridge_without_whole_settings_says_so(town: Organisation, hole: Category, berta: Operator) -> None:
    bridge = county_bridge(town, "https://kreis.example", berta)
    Bridge.objects.update(config="{}")
    with pytest.raises(Trouble):
        letters.config(Bridge.objects.get())
    actions.hand_over(report(hole), bridge, operator=berta)
    sending.go(bridge.pk, timezone.now())
    assert Parcel.objects.get().problem == "misconfigured"
