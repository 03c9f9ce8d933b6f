"""georeport, a stranger's client for Open311, reads our server over HTTP and understands every answer, in both forms.

It reads alone. What POSTs is held to the specification by `contract311` and test_open311_writing: of the clients that could judge it too,
`three` and `open311` were last kept for Python 2.
"""

from __future__ import annotations

from typing import Any

import pytest
from georeport import GeoReport
from requests import HTTPError

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions
from buergerdraht.cases.models import Category
from buergerdraht.cases.tests.town311 import released, report, take_part, with_picture

forms = pytest.mark.parametrize("form", ["json", "xml"])


def client(server: Any, form: str) -> GeoReport:
    return GeoReport(f"{server.url}/open311/v2", jurisdiction="musterstadt", output_format=form)


@forms
def test_it_finds_what_can_be_reported_and_what_is_asked_of_it(
    live_server: Any, form: str, town: Organisation, hole: Category, waste: Category
) -> None:
    take_part(town)
    judge = client(live_server, form)
    listed = judge.get_service_list()
    assert {each["service_code"]: each["service_name"] for each in listed} == {"pothole": "Schlagloch", "waste": "Wilder Müll"}
    found = judge.get_service_definition("waste")
    (asked,) = found["attributes"] if form == "json" else [found["attributes"]["attribute"]]
    assert (found["service_code"], asked["code"], asked["description"]) == ("waste", "kind", "Was liegt dort?")
    choices = asked["values"] if form == "json" else asked["values"]["value"]
    assert [each["name"] for each in choices] == ["Hausmüll", "Sperrmüll", "Gefährliches"]


@forms
def test_it_reads_reports_with_the_pictures_that_were_released(
    live_server: Any, form: str, town: Organisation, hole: Category, kemal: Operator
) -> None:
    take_part(town)
    shown, plain, hidden = released(hole, kemal), released(hole, kemal, "Noch eins"), report(hole)
    picture = with_picture(shown)
    with_picture(plain, show=False)
    judge = client(live_server, form)
    rows = {each["service_request_id"]: each for each in judge.get_service_requests(status="open")}
    assert set(rows) == {shown.number, plain.number}, "nobody released the third"
    assert rows[shown.number]["media_url"].endswith(f"/melden/musterstadt/bild/{picture.pk}/")
    assert not rows[plain.number]["media_url"]
    one = judge.get_service_request(shown.number)
    assert (one["description"], one["service_code"], one["status"]) == ("Loch in der Fahrbahn", "pothole", "open")
    assert (float(one["lat"]), float(one["long"])) == (51.101, 7.1)
    with pytest.raises(HTTPError, match="404"):
        judge.get_service_request(hidden.number)
    for case in (shown, plain):
        actions.move(case, "done", operator=kemal)
    assert {each["status"] for each in judge.get_service_requests(service_request_id=f"{shown.number},{plain.number}")} == {"closed"}


@forms
def test_it_is_told_by_the_status_what_was_wrong(live_server: Any, form: str, town: Organisation, hole: Category) -> None:
    take_part(town)
    judge = client(live_server, form)
    for call, status in (
        (lambda: judge.get_service_request("2026-99999"), 404),
        (lambda: judge.get_service_definition("dragon"), 404),
        (lambda: judge.get_service_requests(start_date="gestern"), 400),
    ):
        with pytest.raises(HTTPError) as caught:
            call()
        assert caught.value.response.status_code == status
