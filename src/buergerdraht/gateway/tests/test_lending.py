"""A lent file is fetched by whoever has its address, for an hour, and by nobody else."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
from PIL import Image

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Media, MediaKind
from buergerdraht.connectors.lending import Lender
from buergerdraht.gateway import files, lending
from buergerdraht.gateway.engine.uploads import Uploads


async def get(path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    await lending.app({"type": "http", "method": method, "path": path}, None, send)
    return said[0]["status"], dict(said[0]["headers"]), said[1]["body"]


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def media(organisation: Organisation) -> Media:
    return files.value(files.store(organisation, picture(), "markt.png", alt="Der Markt"))


def path(organisation: Organisation, media: Media) -> str:
    return "/" + lending.address(organisation.pk, media).split("/", 3)[3]


@pytest.mark.django_db
def test_whoever_has_the_address_sees_the_picture(organisation: Organisation, media: Media) -> None:
    status, headers, body = asyncio.run(get(path(organisation, media)))
    assert (status, headers[b"content-type"]) == (200, media.mime.encode())
    assert Image.open(io.BytesIO(body)).size == (8, 8)
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert asyncio.run(get(path(organisation, media), "HEAD"))[::2] == (200, b"")


@pytest.mark.django_db
def test_nobody_else_does(organisation: Organisation, media: Media, monkeypatch: pytest.MonkeyPatch) -> None:
    right = path(organisation, media)
    other = path(Organisation(pk=organisation.pk + 1), media)
    for wrong in (right[:-2], right[:-1] + "!", "/leihe/", f"/leihe/{media.id}", "/leihe/../settings", other, right + "/x"):
        assert asyncio.run(get(wrong))[0] == 404, wrong
    assert asyncio.run(get(right, "POST"))[0] == 404
    monkeypatch.setattr(lending, "SECONDS", -1)
    assert asyncio.run(get(right))[0] == 404


@pytest.mark.django_db
def test_a_file_that_was_deleted_is_gone(organisation: Organisation, media: Media) -> None:
    right = path(organisation, media)
    files.place(organisation.pk, media.id).unlink()
    assert asyncio.run(get(right))[0] == 404


def test_only_pictures_and_films_are_lent() -> None:
    with pytest.raises(ValueError, match="pictures"):
        lending.address(1, Media(id="x", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1))
    assert issubclass(Uploads, Lender)
