"""The pages of bridges, and the block on the page of a case."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.bridges import actions, sending
from buergerdraht.bridges.models import Bridge, Parcel, Passage
from buergerdraht.bridges.tests.conftest import Answer, Elsewhere, Request, report
from buergerdraht.cases import arranging
from buergerdraht.cases.models import Case, Category

Start = Callable[[Callable[[Request], Answer]], Elsewhere]
PAGES = "/o/musterstadt/einstellungen/weitergabe/"


@pytest.fixture
def desk(berta: Operator) -> Client:
    client = Client()
    client.force_login(berta)
    return client


@pytest.fixture
def agent(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


@pytest.fixture
def bridge(town: Organisation, berta: Operator) -> Bridge:
    config = {
        "url": "https://zammad.example",
        "token": "streng-geheim",
        "group": "Bauhof",
        "customer": "a@b.example",
        "secret": "ganz-geheim",
    }
    return actions.add(town, "zammad", actions.Setup("Helpdesk", config), operator=berta)


def filled(**values: Any) -> dict[str, Any]:
    return {"name": "Stadtwerke", "url": "https://zammad.example", "token": "streng-geheim", "group": "Bauhof", "customer": "a@b.example",
            "closed": "closed", "secret": "ganz-geheim", "answers": "on", "closes": "on", "pictures": "on"} | values  # fmt: skip


def test_a_bridge_is_set_up_and_its_secrets_are_never_shown_again(desk: Client, hole: Category) -> None:
    assert "Noch keine Brücke" in desk.get(PAGES).content.decode()
    answer = desk.post(f"{PAGES}neu/zammad/", filled(categories=[hole.pk]), follow=True)
    assert answer.status_code == 200
    made = Bridge.objects.get()
    assert list(made.categories.all()) == [hole]
    assert made.actor.is_active is False
    for address in (PAGES, f"{PAGES}{made.pk}/"):
        page = desk.get(address).content.decode()
        assert "Stadtwerke" in page
        assert "geheim" not in page
    assert "geheim" not in str(list(AuditEntry.objects.values()))
    assert b"geheim" not in bytes(Bridge.objects.raw("SELECT id, config::text AS raw FROM bridges_bridge")[0].raw, "utf-8")


def test_a_page_that_comes_back_has_all_but_the_secrets_and_says_so_beside_them(desk: Client, hole: Category) -> None:
    answer = desk.post(f"{PAGES}neu/zammad/", filled(customer="keine Adresse", categories=[hole.pk]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Bridge.objects.exists()
    for kept in ("Stadtwerke", "https://zammad.example", "keine Adresse"):
        assert f'value="{kept}"' in page
    assert "geheim" not in page.replace("Geheimes", "")
    assert page.count("Bitte noch einmal eintragen") == 4, "for both secrets: above the form and beside the field"
    assert '<a href="#id_customer">' in page


def test_the_mailbox_has_its_own_part_of_the_page(desk: Client) -> None:
    page = desk.get(f"{PAGES}neu/mail/").content.decode()
    heads = [
        page.index(head)
        for head in (">Wohin<", ">Antworten lesen (IMAP)<", 'name="host"', ">Über einen eigenen Server senden (SMTP)<", 'name="smtp_host"')
    ]
    assert heads == sorted(heads)


def test_an_empty_secret_is_kept_and_does_not_go_along_to_another_machine(desk: Client, bridge: Bridge) -> None:
    address = f"{PAGES}{bridge.pk}/"
    assert desk.post(address, filled(name="Neu", token="", secret="")).status_code == 302
    bridge.refresh_from_db()
    assert (bridge.name, json.loads(bridge.config)["token"]) == ("Neu", "streng-geheim")
    bridge.actor.refresh_from_db()
    assert bridge.actor.name == "Neu"
    answer = desk.post(address, filled(token="", secret="", url="https://boese.example"))
    assert answer.status_code == 422
    assert "anderen Rechner" in answer.content.decode()
    bridge.refresh_from_db()
    assert json.loads(bridge.config)["url"] == "https://zammad.example"


@pytest.mark.parametrize(
    "url",
    ["http://zammad.example", "https://10.0.0.7", "https://127.0.0.1", "https://a:b@zammad.example", "nichts", "https://x.example/?a=b"],
)
def test_an_address_that_may_not_be_called_is_refused_beside_its_field(desk: Client, url: str) -> None:
    answer = desk.post(f"{PAGES}neu/zammad/", filled(url=url))
    assert answer.status_code == 422
    assert "Stadtwerke" in answer.content.decode()  # nothing typed is lost
    assert not Bridge.objects.exists()


def test_two_of_one_name_and_an_unknown_kind_are_refused(desk: Client, bridge: Bridge) -> None:
    answer = desk.post(f"{PAGES}neu/zammad/", filled(name="Helpdesk"))
    assert answer.status_code == 422
    assert "gibt es schon" in answer.content.decode()
    assert desk.get(f"{PAGES}neu/otrs/").status_code == 404


def test_a_mailbox_needs_a_name_and_is_not_the_office_itself(desk: Client) -> None:
    values = {
        "name": "Bauhof",
        "to": "bauhof@amt.example",
        "own": "bauhof@amt.example",
        "host": "imap.amt.example",
        "port": "993",
        "tls": "on",
    }
    answer = desk.post(f"{PAGES}neu/mail/", values)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "im Kreis" in page
    assert "Anmeldename und Kennwort" in page
    assert desk.post(f"{PAGES}neu/mail/", values | {"own": "anliegen@stadt.example", "host": ""}).status_code == 302
    assert Bridge.objects.get().ask_at is None  # nothing to read


def test_the_list_of_another_server_is_fetched_and_chosen_from(desk: Client, elsewhere: Start, hole: Category, complaint: Category) -> None:
    server = elsewhere(
        lambda request: Answer(200, b'[{"service_code": "road", "service_name": "Kreisstra\xc3\x9fen", "metadata": "false"}]')
    )
    values = {"name": "Landkreis", "url": f"{server.url}/v2", "form": "json", "photos": "none"}
    made = desk.post(f"{PAGES}neu/open311/", values)
    assert made.status_code == 302
    bridge = Bridge.objects.get()
    assert "Holen Sie zuerst die Liste" in desk.get(f"{PAGES}{bridge.pk}/").content.decode()
    page = desk.post(f"{PAGES}{bridge.pk}/pruefen/", follow=True).content.decode()
    assert "Verbunden" in page
    assert "Kreisstraßen (road)" in page
    assert desk.post(f"{PAGES}{bridge.pk}/zuordnung/", {"pothole": "erfunden"}).status_code == 422
    assert desk.post(f"{PAGES}{bridge.pk}/zuordnung/", {"pothole": "road"}).status_code == 302
    bridge.refresh_from_db()
    assert bridge.mapping == {"pothole": "road"}


def test_a_failed_try_says_why_and_stays_in_the_list(desk: Client, bridge: Bridge, settings: LazySettings) -> None:
    settings.CALL_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    config = json.loads(bridge.config) | {"url": "http://127.0.0.1:9"}
    Bridge.objects.update(config=json.dumps(config))
    page = desk.post(f"{PAGES}{bridge.pk}/pruefen/", follow=True).content.decode()
    assert "antwortet niemand" in page
    assert "gestört" in desk.get(PAGES).content.decode()


def test_a_bridge_at_rest_sends_nothing_until_it_is_opened_again(desk: Client, bridge: Bridge, hole: Category, berta: Operator) -> None:
    actions.hand_over(report(hole), bridge, operator=berta)
    desk.post(f"{PAGES}{bridge.pk}/aus/")
    assert sending.due(timezone.now()) == []
    assert "ruht" in desk.get(PAGES).content.decode()
    desk.post(f"{PAGES}{bridge.pk}/an/")
    assert sending.due(timezone.now()) == [bridge.pk]


def test_only_who_manages_sees_the_settings(agent: Client, bridge: Bridge) -> None:
    for address in (PAGES, f"{PAGES}neu/mail/", f"{PAGES}{bridge.pk}/"):
        assert agent.get(address).status_code == 403


def test_a_case_is_handed_over_from_its_page_and_shows_what_did_not_arrive(agent: Client, bridge: Bridge, hole: Category) -> None:
    case = report(hole, text="Loch")
    page = f"/o/musterstadt/anliegen/{case.number}/"
    assert "Weitergeben an" in agent.get(page).content.decode()
    assert agent.post(f"/o/musterstadt/anliegen/weitergabe/{case.pk}/", {"bruecke": bridge.pk}).status_code == 302
    parcel = Parcel.objects.get()
    assert "Ist unterwegs" in agent.get(page).content.decode()
    Parcel.objects.update(lost_at=timezone.now(), problem="refused")
    shown = agent.get(page).content.decode()
    assert "kam dort nicht an" in shown
    assert "abgelehnt" in shown
    agent.post(f"/o/musterstadt/anliegen/weitergabe/{parcel.pk}/noch-einmal/")
    assert Parcel.objects.get().lost_at is None
    agent.post(f"/o/musterstadt/anliegen/weitergabe/{Passage.objects.get().pk}/zurueck/")
    assert "Beendet" in agent.get(page).content.decode()


def test_what_lies_at_a_neighbours_goes_there_by_itself_and_the_page_says_whose_it_is(
    desk: Client, agent: Client, hole: Category, town: Organisation, berta: Operator
) -> None:
    for name in ("Nachbarstadt", "Kreis Musterland"):
        arranging.add_neighbour(town, {"name": name, "ars": "", "link": "", "area": None}, operator=berta)
    page = "/o/musterstadt/anliegen/{}/".format
    alone = report(hole, text="Loch", beyond="Nachbarstadt")
    assert "Zuständig: Nachbarstadt." in agent.get(page(alone.number)).content.decode()
    assert "nicht eingerichtet" in agent.get(page(alone.number)).content.decode()

    assert "Kreis Musterland" in desk.get(f"{PAGES}neu/zammad/").content.decode()
    desk.post(f"{PAGES}neu/zammad/", filled(neighbours=["Nachbarstadt"]))
    theirs, elsewhere, ours = (report(hole, text="Loch", beyond=name) for name in ("Nachbarstadt", "Kreis Musterland", ""))
    assert Passage.objects.get().case == theirs
    assert "Zuständig:" not in agent.get(page(theirs.number)).content.decode()
    assert "Geben Sie es weiter" in agent.get(page(elsewhere.number)).content.decode()
    assert "Zuständig:" not in agent.get(page(ours.number)).content.decode()
    shown = desk.get(f"{PAGES}{Bridge.objects.get().pk}/").content.decode()
    assert re.search(r'value="Nachbarstadt"[^>]*checked', shown)
    assert not re.search(r'value="Kreis Musterland"[^>]*checked', shown)


def test_once_its_place_is_put_right_a_case_no_longer_says_that_it_lies_elsewhere(agent: Client, hole: Category) -> None:
    case = report(hole, text="Loch", beyond="Nachbarstadt", latitude=51.1, longitude=7.3)
    page = f"/o/musterstadt/anliegen/{case.number}/"
    assert "Zuständig: Nachbarstadt." in agent.get(page).content.decode()
    Case.objects.update(longitude=7.1)
    assert "Zuständig:" not in agent.get(page).content.decode()
    Case.objects.update(longitude=7.35)
    assert "Zuständig: Nachbarstadt." in agent.get(page).content.decode()


def test_a_confidential_case_goes_only_after_a_warning_and_is_in_no_list_of_others(
    desk: Client, agent: Client, bridge: Bridge, complaint: Category
) -> None:
    Membership.objects.filter(operator__name="Berta Beispiel").update(roles=["administrator", "agent"])
    case: Case = report(complaint, text="Quittenmarmelade")
    address = f"/o/musterstadt/anliegen/weitergabe/{case.pk}/"
    assert desk.post(address, {"bruecke": bridge.pk}).status_code == 404  # not one of its people
    asked = agent.post(address, {"bruecke": bridge.pk})
    assert "Trotzdem weitergeben" in asked.content.decode()
    assert not Passage.objects.exists()
    agent.post(address, {"bruecke": bridge.pk, "sicher": "ja"})
    passage = Passage.objects.get()
    assert case.number not in desk.get(f"{PAGES}{bridge.pk}/").content.decode()
    assert "0 Anliegen" in desk.get(PAGES).content.decode()
    assert desk.post(f"/o/musterstadt/anliegen/weitergabe/{passage.pk}/zurueck/").status_code == 404
    assert desk.post(f"/o/musterstadt/anliegen/weitergabe/{Parcel.objects.get().pk}/noch-einmal/").status_code == 404
