"""The small map page that the chat links to: a tap or a street sets the place, and the chat goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import intake, report, spotting
from buergerdraht.cases.models import Category, Draft
from buergerdraht.cases.tests.conftest import Say, moment


@pytest.fixture
def draft(hole: Category, say: Say) -> Draft:
    say("paula", "melden")
    say("paula", "Schlagloch")
    return Draft.objects.select_related("contact__organisation").get()


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "de"})


def page(draft: Draft) -> str:
    return spotting.link(draft).removeprefix("http://localhost:8000")


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def placed(draft: Draft) -> report.Report:
    draft.refresh_from_db()
    return report.load(draft.content)


def test_the_link_leads_to_a_map_and_a_field(draft: Draft, client: Client) -> None:
    answer = client.get(page(draft))
    assert "data-map" in text(answer)
    assert 'name="place"' in text(answer)
    assert answer["X-Robots-Tag"] == "noindex"
    assert "geolocation=(self)" in answer["Permissions-Policy"]


def test_a_tap_sets_the_place_and_the_chat_asks_on(draft: Draft, client: Client) -> None:
    done = text(client.post(page(draft), {"latitude": "51.10101", "longitude": "7.1"}))
    assert "Gehen Sie zurück in den Chat" in done
    assert "Marktstraße 12" in done
    kept = placed(draft)
    assert (kept.place, kept.latitude, kept.longitude) == ("Marktstraße 12", 51.10101, 7.1)
    assert "Beschreiben Sie bitte" in moment()


def test_a_place_without_a_house_is_a_marked_one(draft: Draft, client: Client) -> None:
    client.post(page(draft), {"latitude": "51.15", "longitude": "7.15"})
    assert placed(draft).place == "Markierter Ort"


def test_a_typed_street_does_the_same(draft: Draft, client: Client) -> None:
    client.post(page(draft), {"place": "Marktstr 14a"})
    assert placed(draft).place == "Marktstraße 14a"
    client.post(page(draft), {"place": "51.1234, 7.1234"})
    assert placed(draft).latitude == 51.1234


def test_a_place_beyond_the_border_is_asked_about_in_the_chat(draft: Draft, client: Client) -> None:
    client.post(page(draft), {"latitude": "51.1", "longitude": "7.3"})
    assert "Zuständig ist: Nachbarstadt" in moment()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "wo das ist"), ({"place": "Xylophonallee 3"}, "kennen wir nicht"), ({"latitude": "200", "longitude": "7"}, "wo das ist"),
        ({"latitude": "nan", "longitude": "inf"}, "wo das ist"), ({"latitude": "51"}, "wo das ist"),
    ],
)  # fmt: skip
def test_what_is_no_place_is_said(draft: Draft, client: Client, given: dict[str, str], sentence: str) -> None:
    assert sentence in text(client.post(page(draft), given), 422)
    assert placed(draft).place == ""


def test_the_link_is_good_for_a_day_and_for_this_draft_only(draft: Draft, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    address = page(draft)
    Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    assert client.get(address.replace("musterstadt", "nachbarstadt")).status_code == 404
    assert client.get(f"{address[:-3]}x/").status_code == 404
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(signing.time, "time", later.timestamp)
    assert "gilt nicht mehr" in text(client.get(address), 404)
    monkeypatch.undo()
    draft.delete()
    assert "gilt nicht mehr" in text(client.post(address, {"latitude": "51.1", "longitude": "7.1"}), 404)
    assert intake.place_on_map(draft.pk or 0, 51.1, 7.1) == ""


def test_a_link_of_another_kind_does_not_open_it(draft: Draft, client: Client) -> None:
    other = signing.dumps(draft.pk, salt="buergerdraht.cases.status")
    assert client.get(f"/melden/musterstadt/ort/{other}/").status_code == 404
