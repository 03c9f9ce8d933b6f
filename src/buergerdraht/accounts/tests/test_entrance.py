"""Signing in: password, second step, limits, and what is not offered."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from buergerdraht.accounts import tasks
from buergerdraht.accounts.models import Membership, Operator, Organisation, Role

PASSWORD = "Zwetschgen-im-Herbst"
EMAIL = "leitung@musterstadt.example"


@pytest.fixture
def operator(db: None) -> Operator:
    cache.clear()
    town = Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de"])
    operator = Operator.objects.create_user(EMAIL, PASSWORD, name="Andrea Berger")
    Membership.objects.create(organisation=town, operator=operator, roles=[Role.ADMINISTRATOR])
    return operator


def sign_in(client: Client, password: str = PASSWORD):  # type: ignore[no-untyped-def]
    return client.post("/konto/anmelden/", {"login": EMAIL, "password": password})


def test_the_password_opens_the_desk(operator: Operator) -> None:
    client = Client()
    assert sign_in(client).status_code == 302
    assert client.get("/o/musterstadt/einstellungen/").status_code == 200


@pytest.mark.parametrize("language", ["de", "en"])
def test_whoever_signs_in_too_often_reads_so_on_a_page_and_when_to_come_back(operator: Operator, language: str) -> None:
    client = Client(headers={"accept-language": language})
    answers = [client.post("/konto/anmelden/", {"login": f"p{number}@musterstadt.example", "password": "x"}) for number in range(31)]
    assert [each.status_code for each in answers] == [200] * 30 + [429]
    page = answers[-1].content.decode()
    assert answers[-1].headers["Retry-After"] == "60"
    assert 'class="kern-btn' in page
    assert f'lang="{language}"' in page


def test_guessing_is_stopped_even_for_the_right_password(operator: Operator) -> None:
    client = Client()
    for _try in range(5):
        assert sign_in(client, "falsch-geraten").status_code == 200
    assert sign_in(client).status_code != 302
    assert "_auth_user_id" not in client.session


def test_guesses_are_not_forgotten_because_many_others_are_counted(operator: Operator) -> None:
    client = Client()
    for _try in range(5):
        sign_in(client, "falsch-geraten")
    for number in range(400):  # sorted behind all that was counted of the sign-in
        cache.set(f"~{number}", 1, 3600)
    assert sign_in(client).status_code != 302


def test_what_counts_no_more_is_deleted(db: None) -> None:
    cache.set("guessed", 1, 3600)
    cache.set("still", 1, 3600)
    with connection.cursor() as cursor:
        cursor.execute("update cache set expires = now() - interval '1 second' where cache_key like '%guessed'")
        tasks.forget_what_was_counted(0)
        cursor.execute("select cache_key from cache where cache_key like '%guessed' or cache_key like '%still'")
        assert [key for (key,) in cursor.fetchall()] == [":1:still"]


def test_a_second_step_is_asked_where_it_is_set_up(operator: Operator) -> None:
    secret = generate_totp_secret()
    TOTP.activate(operator, secret)
    client = Client()
    response = sign_in(client)
    assert response.status_code == 302
    assert response["Location"].startswith("/konto/zweiter-schritt/eingeben/")
    assert client.get("/o/musterstadt/einstellungen/").status_code == 302
    assert client.post("/konto/zweiter-schritt/eingeben/", {"code": "000000"}).status_code == 200
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert client.post("/konto/zweiter-schritt/eingeben/", {"code": code}).status_code == 302
    assert client.get("/o/musterstadt/einstellungen/").status_code == 200
    assert get_adapter() is not None


def test_a_forgotten_password_is_set_anew_by_mail(operator: Operator) -> None:
    client = Client()
    assert client.post("/konto/passwort/vergessen/", {"email": EMAIL}).status_code == 302
    path = re.search(r"/konto/passwort/neu/\S+", mail.outbox[0].body)
    assert path is not None
    form = client.get(path.group(), follow=True)
    assert form.status_code == 200
    answer = client.post(form.request["PATH_INFO"], {"password1": "Quitten-und-Mirabellen", "password2": "Quitten-und-Mirabellen"})
    assert answer.status_code == 302
    operator.refresh_from_db()
    assert operator.check_password("Quitten-und-Mirabellen")


@pytest.mark.parametrize("path", [
    "/konto/profil/", "/konto/passwort/", "/konto/geraete/", "/konto/zweiter-schritt/", "/konto/zweiter-schritt/einrichten/",
    "/konto/abmelden/", "/konto/bestaetigen/",
])  # fmt: skip
def test_the_pages_of_ones_own_account_open(operator: Operator, path: str) -> None:
    client = Client()
    sign_in(client)
    response = client.get(path, follow=True)
    assert response.status_code == 200
    assert b"ui/tokens.css" in response.content


@pytest.mark.parametrize(
    "path", ["texte/", "zeiten/", "regeln/", "team/", "team/einladen/", "protokoll/", "protokoll/?pruefen", "protokoll.csv"]
)
def test_the_settings_open(operator: Operator, path: str) -> None:
    client = Client()
    sign_in(client)
    assert client.get(f"/o/musterstadt/einstellungen/{path}").status_code == 200


def test_nobody_signs_up_alone(db: None) -> None:
    for path in ("/konto/signup/", "/accounts/signup/", "/konto/registrieren/"):
        assert Client().get(path).status_code == 404


def test_pages_forbid_foreign_and_inline_code(db: None) -> None:
    policy = Client().get("/konto/anmelden/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
