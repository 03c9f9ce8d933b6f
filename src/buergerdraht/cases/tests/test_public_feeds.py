"""The feeds of what was released: four formats, the same content, known again by its ETag."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import actions, opening
from buergerdraht.cases.models import Case, Category, Ground

PAGE = "/melden/musterstadt/"
FEEDS = ["meldungen.atom", "meldungen.rss", "meldungen.json", "meldungen.geojson"]
ATOM, RSS_POINT = "{http://www.w3.org/2005/Atom}", "{http://www.georss.org/georss}point"
everyone = pytest.mark.parametrize("feed", FEEDS)


@pytest.fixture(autouse=True)
def _open(town: Organisation) -> None:
    Ground.objects.filter(organisation=town).update(public=True)


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "de"})


def released(category: Category, operator: Operator, words: str = "Loch & <mehr>") -> Case:
    matter = opening.Matter(
        category=category, at=timezone.now(), text="Ich, Berta Geheim", place="Marktstraße 12", latitude=51.101, longitude=7.1
    )
    case = opening.open(matter)
    actions.release(case, words, [], operator=operator)
    return case


def titles(body: bytes, feed: str) -> list[str]:
    if feed.endswith("json"):
        told = json.loads(body)
        return [each["title"] for each in told["items"]] if "items" in told else [each["properties"]["title"] for each in told["features"]]
    root = ElementTree.fromstring(body)  # noqa: S314 - our own
    return [each.text or "" for each in (*root.findall(f"{ATOM}entry/{ATOM}title"), *root.findall("channel/item/title"))]


@everyone
def test_it_holds_what_was_released_and_not_the_citizens_words(hole: Category, kemal: Operator, client: Client, feed: str) -> None:
    opening.open(opening.Matter(category=hole, at=timezone.now(), text="bleibt im Haus"))
    case = released(hole, kemal)
    answer = client.get(PAGE + feed)
    body = answer.content.decode()
    assert len(titles(answer.content, feed)) == 1
    assert titles(answer.content, feed)[0].startswith("Schlagloch")
    assert f"http://localhost:8000{PAGE}{case.number}/" in body
    assert "Loch &amp; &lt;mehr&gt;" in body or "Loch & <mehr>" in body
    assert "Berta" not in body
    assert "bleibt im Haus" not in body


def test_each_says_what_it_is(hole: Category, kemal: Operator, client: Client) -> None:
    released(hole, kemal)
    kinds = ["application/atom+xml", "application/rss+xml", "application/feed+json", "application/geo+json"]
    assert [client.get(PAGE + feed)["Content-Type"] for feed in FEEDS] == [f"{kind}; charset=utf-8" for kind in kinds]


@everyone
def test_a_category_alone(hole: Category, waste: Category, kemal: Operator, client: Client, feed: str) -> None:
    released(hole, kemal)
    released(waste, kemal)
    [title] = titles(client.get(f"{PAGE}{feed}?kategorie=waste").content, feed)
    assert title.startswith("Wilder Müll")
    assert titles(client.get(f"{PAGE}{feed}?kategorie=nichts").content, feed) == []


@everyone
def test_whoever_has_it_already_is_told_so_until_something_changes(hole: Category, kemal: Operator, client: Client, feed: str) -> None:
    case = released(hole, kemal)
    first = client.get(PAGE + feed)
    assert first["Last-Modified"]
    for known in (first["ETag"], f'"other", W/{first["ETag"]}', "*"):
        again = client.get(PAGE + feed, headers={"if-none-match": known})
        assert again.status_code == 304
        assert again.content == b""
    actions.hide(case, operator=kemal)
    later = client.get(PAGE + feed, headers={"if-none-match": first["ETag"], "if-modified-since": first["Last-Modified"]})
    assert later.status_code == 200
    assert titles(later.content, feed) == []


@everyone
def test_a_withdrawn_one_does_not_hide_behind_the_date(hole: Category, kemal: Operator, client: Client, feed: str) -> None:
    actions.hide(released(hole, kemal), operator=kemal)
    answer = client.get(PAGE + feed, headers={"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"})
    assert answer.status_code == 200


def test_no_feed_grows_without_end(hole: Category, kemal: Operator, client: Client) -> None:
    for _number in range(52):
        released(hole, kemal)
    assert [len(titles(client.get(PAGE + feed).content, feed)) for feed in FEEDS] == [50, 50, 50, 52]


def test_where_it_is_stands_in_each_as_its_format_wants(hole: Category, kemal: Operator, client: Client) -> None:
    released(hole, kemal)
    for feed in FEEDS[:2]:
        root = ElementTree.fromstring(client.get(PAGE + feed).content)  # noqa: S314 - our own
        [point] = list(root.iter(RSS_POINT))
        assert point.text == "51.101000 7.100000"  # latitude first
    [feature] = client.get(f"{PAGE}meldungen.geojson").json()["features"]
    assert feature["geometry"]["coordinates"] == [7.1, 51.101]  # longitude first
    assert client.get(f"{PAGE}meldungen.geojson")["Access-Control-Allow-Origin"] == "*"


@everyone
def test_letters_that_no_format_knows_do_not_break_it(hole: Category, kemal: Operator, client: Client, feed: str) -> None:
    released(hole, kemal, "Loch\x0b\x1b]]> ﷽ \u202e")
    assert len(titles(client.get(PAGE + feed).content, feed)) == 1
