"""Who manages a house says which systems may be asked; nobody reads a secret again, and nothing leads into our own house."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import include, path

from buergerdraht import urls
from buergerdraht.accounts import audit
from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.dialogs import systems, systems_urls
from buergerdraht.dialogs.models import Dialog, System, SystemCall
from buergerdraht.dialogs.tests.test_calls import Works

urlpatterns = [path("o/<slug:organisation>/", include((systems_urls.urlpatterns, "dialogs"))), *urls.urlpatterns]
pytestmark = pytest.mark.urls(__name__)
DESK = "/o/musterstadt/einstellungen/systeme/"
OWN = ["10.20.0.0/16"]


@pytest.fixture(autouse=True)
def _networks(settings: Any) -> None:
    settings.CALL_NETWORKS = [ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def anna(town: Organisation) -> Membership:
    operator = Operator.objects.create_user("anna@musterstadt.example", name="Anna")
    return Membership.objects.create(organisation=town, operator=operator, roles=["administrator"])


@pytest.fixture
def desk(anna: Membership) -> Client:
    return signed_in(anna)


@pytest.fixture
def works(town: Organisation, anna: Membership) -> System:
    entry = systems.Entry("Stadtwerke", "https://stadtwerke.example/api/")
    return systems.add(town, "works", entry, operator=anna.operator)


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.operator)
    return client


def fields(**more: Any) -> dict[str, Any]:
    return {"title": "Stadtwerke", "key": "works", "url": "https://stadtwerke.example/api", **more}


# ── The pages ─────────────────────────────────────────────────────────────


def test_where_there_is_none_the_page_says_what_to_do(desk: Client) -> None:
    assert "Noch kein System" in desk.get(DESK).content.decode()


def test_a_system_is_added_and_found_in_the_list_and_in_the_log(desk: Client, town: Organisation) -> None:
    answer = desk.post(f"{DESK}neu/", fields())
    system = System.objects.get()
    assert answer["Location"] == f"{DESK}{system.pk}/"
    assert (system.organisation, system.key, system.url, system.active) == (town, "works", "https://stadtwerke.example/api", True)
    page = desk.get(DESK).content.decode()
    assert "stadtwerke.example" in page
    assert "noch nie gefragt" in page
    assert AuditEntry.objects.get(action="dialogs.add_system").details == {"host": "stadtwerke.example"}
    assert audit.verify(town).broken_at == 0


def test_the_short_name_is_there_once(desk: Client, works: System) -> None:
    answer = desk.post(f"{DESK}neu/", fields(title="Andere"))
    assert answer.status_code == 422
    assert "gibt es schon" in answer.content.decode()
    assert desk.post(f"{DESK}neu/", fields(key="Groß-X")).status_code == 422


WRONG = [
    "http://stadtwerke.example", "https://name:wort@stadtwerke.example", "https://10.1.1.1/", "https://169.254.169.254/latest", "https://[::1]/",
    "https://stadtwerke.example/?a=1", "https://stadtwerke.example/#x", "ftp://stadtwerke.example", "stadtwerke", "https://", "https://10.20.1.1/",
    "javascript:alert(1)", "https://[::ffff:10.20.1.1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
def test_an_address_that_must_not_be_called_is_refused(desk: Client, url: str) -> None:
    answer = desk.post(f"{DESK}neu/", fields(url=url))
    assert answer.status_code == 422
    assert not System.objects.exists()


@pytest.mark.parametrize("url", ["https://10.20.1.1/api", "http://10.20.1.1:8080/api", "http://fachverfahren.example/api"])
def test_in_a_network_that_the_installation_allows_it_may_stand(desk: Client, url: str) -> None:
    assert desk.post(f"{DESK}neu/", fields(url=url, networks=OWN)).status_code == 302
    assert System.objects.get().networks == OWN


def test_a_network_that_the_installation_does_not_allow_cannot_be_named(desk: Client, settings: Any) -> None:
    assert desk.post(f"{DESK}neu/", fields(networks=["0.0.0.0/0"])).status_code == 422
    settings.CALL_NETWORKS = []
    assert "eigenen Netz" not in desk.get(f"{DESK}neu/").content.decode()
    with pytest.raises(ValidationError, match=r"10\.20"):
        systems.checked(systems.Entry("x", "https://10.20.1.1/", OWN))


def test_a_secret_is_written_and_never_shown_again(desk: Client, works: System) -> None:
    desk.post(f"{DESK}{works.pk}/geheimnis/", {"name": "Authorization", "value": "Bearer streng-geheim"})
    works.refresh_from_db()
    assert systems.headers_of(works) == {"Authorization": "Bearer streng-geheim"}
    page = desk.get(f"{DESK}{works.pk}/").content.decode()
    assert "gesetzt" in page
    assert "streng-geheim" not in page
    assert "streng-geheim" not in str(AuditEntry.objects.values_list("details", flat=True))
    desk.post(f"{DESK}{works.pk}/geheimnis/", {"entfernen": "Authorization"})
    works.refresh_from_db()
    assert works.secrets == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("Host", "x"), ("Content-Length", "1"), ("transfer-encoding", "x"), ("A B", "x"), ("X-Key", "a\nb"), ("X-Key", "ä"), ("X:", "x")],
)
def test_a_header_that_would_change_the_request_is_refused(desk: Client, works: System, name: str, value: str) -> None:
    answer = desk.post(f"{DESK}{works.pk}/geheimnis/", {"name": name, "value": value})
    works.refresh_from_db()
    assert (answer.status_code, works.secrets) == (422, "")


def test_a_secret_does_not_go_along_to_another_host(desk: Client, works: System) -> None:
    desk.post(f"{DESK}{works.pk}/geheimnis/", {"name": "X-Key", "value": "geheim"})
    desk.post(f"{DESK}{works.pk}/", fields(url="https://stadtwerke.example/api/v2"))
    works.refresh_from_db()
    assert works.secrets
    page = desk.post(f"{DESK}{works.pk}/", fields(url="https://fremd.example/api"), follow=True).content.decode()
    works.refresh_from_db()
    assert (works.url, works.secrets) == ("https://fremd.example/api", "")
    assert "gelten dort nicht" in page


def test_switched_off_is_said_and_can_be_undone(desk: Client, works: System) -> None:
    assert "Dialoge fragen dieses System nicht" in desk.post(f"{DESK}{works.pk}/aus/", follow=True).content.decode()
    works.refresh_from_db()
    assert not works.active
    desk.post(f"{DESK}{works.pk}/an/")
    works.refresh_from_db()
    assert works.active


def test_a_system_that_a_dialog_calls_is_not_removed(desk: Client, works: System, town: Organisation) -> None:
    steps = [{"id": "a", "kind": "call", "system": "works"}]
    dialog = Dialog.objects.create(organisation=town, key="zaehler", title="Zähler melden", draft={"steps": steps})
    assert "noch gebraucht: Zähler melden" in desk.post(f"{DESK}{works.pk}/entfernen/", follow=True).content.decode()
    dialog.draft = {"steps": []}
    dialog.save()
    desk.post(f"{DESK}{works.pk}/entfernen/")
    assert not System.objects.exists()


def test_the_last_calls_are_listed_with_outcome_and_time(desk: Client, works: System) -> None:
    SystemCall.objects.create(system=works, step="kunde", outcome="failure", reason="timeout", milliseconds=10_042)
    page = desk.get(f"{DESK}{works.pk}/").content.decode()
    for words in ("kunde", "Störung", "keine Antwort in der vorgesehenen Zeit", "10.042"):
        assert words in page


# ── With sample data ──────────────────────────────────────────────────────


@pytest.fixture
def running(works: System) -> Iterator[System]:
    Works.heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Works) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        works.url, works.networks = f"http://127.0.0.1:{server.server_port}/api", ["127.0.0.0/8"]
        works.save()
        yield works
        server.shutdown()


def tried(desk: Client, system: System, **more: str) -> str:
    return desk.post(f"{DESK}{system.pk}/pruefen/", {"method": "GET", "path": "kunden/4711", **more}).content.decode()


def test_a_try_shows_status_time_and_what_a_dialog_would_get(desk: Client, running: System) -> None:
    page = tried(desk, running, take="name = customer.name\n\nda = customer")
    for words in ("Status 200", " ms", "Paula Geheim", "Das bekäme der Dialog"):
        assert words in page
    assert SystemCall.objects.values_list("step", "outcome").get() == ("", "yes")
    assert AuditEntry.objects.get(action="dialogs.try_system").details == {"method": "GET"}
    assert "Paula" not in desk.get(f"{DESK}{running.pk}/").content.decode()


def test_without_a_wish_a_try_shows_what_stands_where(desk: Client, running: System) -> None:
    assert "customer.name" in tried(desk, running)


def test_a_try_sends_what_was_written(desk: Client, running: System) -> None:
    tried(desk, running, method="POST", body="kunde.nummer = 4711\nart = a=b")
    assert json.loads(Works.heard[0]["body"]) == {"kunde": {"nummer": "4711"}, "art": "a=b"}


@pytest.mark.parametrize("wrong", [{"path": "../admin"}, {"take": "ohne gleich"}, {"take": "Groß = a"}, {"method": "DELETE"}])
def test_a_try_that_makes_no_sense_is_told_beside_the_field_and_not_made(desk: Client, running: System, wrong: dict[str, str]) -> None:
    answer = desk.post(f"{DESK}{running.pk}/pruefen/", {"method": "GET", "path": "x", **wrong})
    assert (answer.status_code, Works.heard) == (422, [])


# ── Who may ───────────────────────────────────────────────────────────────


def test_who_does_not_manage_sees_nothing_and_a_strangers_system_is_not_there(works: System, kemal: Membership, desk: Client) -> None:
    assert signed_in(kemal).get(DESK).status_code == 403
    assert signed_in(kemal).post(f"{DESK}{works.pk}/aus/").status_code == 403
    other = Organisation.objects.create(slug="kreis", name="Kreis")
    theirs = System.objects.create(organisation=other, key="x", title="Fremd", url="https://fremd.example")
    for verb in ("", "geheimnis/", "pruefen/", "aus/", "entfernen/"):
        assert desk.post(f"{DESK}{theirs.pk}/{verb}", fields()).status_code == 404
    assert "Fremd" not in desk.get(DESK).content.decode()
