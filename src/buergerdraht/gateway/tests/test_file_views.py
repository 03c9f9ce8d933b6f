from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from PIL import Image

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.gateway import file_views, files, sealing
from buergerdraht.gateway.models import Media

urlpatterns = [path("o/<slug:organisation>/datei/<uuid:media_id>", file_views.file)]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def only_this_view(settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.LOGIN_URL = "/konto/"


@pytest.fixture
def browser(organisation: Organisation) -> Client:
    operator = Operator.objects.create_user("anna@musterstadt.example", "geheim", name="Anna Beispiel")
    Membership.objects.create(organisation=organisation, operator=operator, roles=["viewer"])
    browser = Client()
    browser.force_login(operator)
    return browser


def stored(organisation: Organisation, data: bytes, name: str) -> tuple[Media, str]:
    media = files.store(organisation, data, name)
    return media, f"/o/{organisation.slug}/datei/{media.id}"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(out, "PNG")
    return out.getvalue()


def test_a_file_comes_with_headers_that_keep_it_a_file(organisation: Organisation, browser: Client) -> None:
    _, url = stored(organisation, picture(), "Markt ä.png")
    answer = browser.get(url)
    assert answer.status_code == 200
    assert b"".join(answer).startswith(b"\x89PNG")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["Content-Disposition"] == "inline; filename*=UTF-8''Markt%20%C3%A4.png"
    small = browser.get(url + "?klein")
    assert (small["Content-Type"], Image.open(io.BytesIO(b"".join(small))).width) == ("image/webp", 480)


def test_documents_that_could_be_pages_are_downloads(organisation: Organisation, browser: Client) -> None:
    _, url = stored(organisation, b"Name;Ort\n", "liste.csv")
    assert browser.get(url)["Content-Disposition"].startswith("attachment")


def test_players_get_the_piece_they_ask_for(organisation: Organisation, browser: Client) -> None:
    sound = b"OggS" + bytes(range(200)) * 10
    _, url = stored(organisation, sound, "ansage.ogg")
    answer = browser.get(url, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, b"".join(answer), answer["Content-Range"]) == (206, sound[10:20], f"bytes 10-19/{len(sound)}")
    assert b"".join(browser.get(url, headers={"Range": "bytes=-5"})) == sound[-5:]
    assert browser.get(url, headers={"Range": "bytes=999999-"}).status_code == 416


def test_files_of_others_are_not_found(organisation: Organisation, browser: Client) -> None:
    """Law 13."""
    other = Organisation.objects.create(slug="nachbarort", name="Nachbarort")
    media, url = stored(other, picture(), "geheim.png")
    assert browser.get(url).status_code == 404
    assert browser.get(f"/o/{organisation.slug}/datei/{media.id}").status_code == 404
    own, own_url = stored(organisation, picture(), "a.png")
    assert Client().get(own_url).status_code == 302
    files.remove(own)
    assert browser.get(own_url).status_code == 404


def test_what_is_refused_is_kept_by_nobody_and_saved_under_no_name(organisation: Organisation, browser: Client) -> None:
    media, url = stored(organisation, picture(), "a.png")
    files.seal(media)
    files.path(media).write_bytes(files.path(media).read_bytes()[:-1])
    pieces = stored(organisation, b"OggS" + bytes(200), "ansage.ogg")[1]
    for answer, status in ((browser.get(url), 409), (browser.get(pieces, headers={"Range": "bytes=999-"}), 416)):
        assert (answer.status_code, answer["Cache-Control"]) == (status, "private, no-store")
        assert not answer.has_header("Content-Disposition")
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_that_is_sealed_while_it_is_opened_comes_as_it_was(
    organisation: Organisation, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    media, url = stored(organisation, picture(), "a.png")
    plain, opens = files.read(media), Path.open

    def opened(path: Path, *arguments: Any, **more: Any) -> Any:
        handle = opens(path, *arguments, **more)
        monkeypatch.setattr(Path, "open", opens)
        files.seal(media)
        return handle

    monkeypatch.setattr(Path, "open", opened)
    assert b"".join(browser.get(url)) == plain
    assert sealing.is_sealed(files.path(media))
