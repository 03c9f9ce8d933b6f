"""Originals of case photos lie sealed: nobody reads them from the disk, and every reader we let in still does."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import AuditEntry, Operator
from buergerdraht.cases import opening, persons, photos, pulse
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.gateway import files, sealing
from buergerdraht.gateway.models import Media

DESK = "/o/musterstadt/anliegen/"


@pytest.fixture
def case(hole: Category) -> Case:
    return opening.open(opening.Matter(category=hole, at=timezone.now(), text="Loch"))


@pytest.fixture
def photo(case: Case) -> Photo:
    return pictured(case)


@pytest.fixture
def client(kemal: Operator) -> Client:
    client = Client()
    client.force_login(kemal)
    return client


def pictured(case: Case) -> Photo:
    out = io.BytesIO()
    Image.new("RGB", (120, 80), "red").save(out, "PNG")
    media = files.store(case.organisation, out.getvalue(), "foto.png")
    return Photo.objects.create(case=case, media=media, state=Photo.State.COVERED)


def original(photo: Photo) -> Media:
    assert photo.media is not None
    return photo.media


def test_the_original_and_its_small_picture_are_sealed_within_moments(photo: Photo) -> None:
    media = original(photo)
    plain, small = files.path(media).read_bytes(), files.small_path(media).read_bytes()
    assert pulse.cover() == 1
    for path, inside in ((files.path(media), plain), (files.small_path(media), small)):
        assert path.read_bytes().startswith(sealing.MARK)
        assert inside[:16] not in path.read_bytes()
        assert sealing.read(path) == inside
    assert photos.seal(timezone.now()) == 0, "once is enough"
    assert not list(files.path(media).parent.glob("*.part"))


def test_those_from_before_are_sealed_piece_by_piece(case: Case) -> None:
    for _ in range(photos.PIECE + 2):
        pictured(case)
    assert [photos.seal(timezone.now()) for _ in range(3)] == [photos.PIECE, 2, 0]
    assert all(sealing.is_sealed(files.path(original(each))) for each in Photo.objects.all())


def test_one_that_was_sealed_when_the_process_fell_is_only_noted(photo: Photo) -> None:
    files.seal(original(photo))
    sealed = files.path(original(photo)).read_bytes()
    assert photos.seal(timezone.now()) == 1
    assert files.path(original(photo)).read_bytes() == sealed


def test_whoever_works_on_the_case_sees_it_and_that_is_written_down(client: Client, case: Case, photo: Photo) -> None:
    plain = files.read(original(photo))
    photos.seal(timezone.now())
    answer = client.get(f"{DESK}{case.number}/foto/{photo.pk}/original/")
    assert b"".join(answer) == plain
    assert answer["Content-Type"] == "image/png"
    assert AuditEntry.objects.filter(action="cases.original").count() == 1


def test_it_is_covered_by_hand_as_before(photo: Photo, kemal: Operator) -> None:
    photos.seal(timezone.now())
    photos.cover_by_hand(photo, [[0.1, 0.1, 0.5, 0.5]], operator=kemal)
    photo.refresh_from_db()
    assert photo.shown
    assert not sealing.is_sealed(files.path(photo.shown)), "the covered one may be seen"


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data[:40], lambda data: data[:60] + b"x" + data[61:]])
def test_a_damaged_one_is_said_to_be_one(client: Client, case: Case, photo: Photo, spoil: Callable[[bytes], bytes]) -> None:
    photos.seal(timezone.now())
    path = files.path(original(photo))
    path.write_bytes(spoil(path.read_bytes()))
    answer = client.get(f"{DESK}{case.number}/foto/{photo.pk}/original/")
    assert answer.status_code == 409
    assert "beschädigt" in answer.content.decode()
    covers = {name: ["10", ""] for name in ("links", "oben", "breite", "hoehe")}
    refused = client.post(f"{DESK}{case.number}/foto/{photo.pk}/", covers)
    assert refused.status_code == 422
    assert "lässt sich nicht lesen" in refused.content.decode()


def test_the_bytes_of_one_are_worth_nothing_in_the_place_of_another(case: Case, photo: Photo) -> None:
    other = pictured(case)
    photos.seal(timezone.now())
    files.path(original(other)).write_bytes(files.path(original(photo)).read_bytes())
    with pytest.raises(sealing.Damaged):
        files.read(original(other))


def test_after_a_new_key_the_old_ones_open_what_they_sealed(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = files.read(original(photo))
    photos.seal(timezone.now())
    old = list(settings.VAULT_KEYS)
    try:
        for keys, opens in ((["neu", *old], True), (["fremd"], False)):
            monkeypatch.setattr(settings, "VAULT_KEYS", keys)
            vault._keys.cache_clear()
            if opens:
                assert files.read(original(photo)) == plain
            else:
                with pytest.raises(sealing.Damaged):
                    files.read(original(photo))
    finally:
        monkeypatch.undo()
        vault._keys.cache_clear()


def test_on_a_full_disk_it_stays_as_it_was_and_is_tried_again(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = files.path(original(photo)).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr(sealing.os, "fsync", full)
        assert photos.seal(timezone.now()) == 0
    assert files.path(original(photo)).read_bytes() == plain
    assert not list(files.path(original(photo)).parent.glob("*.part"))
    assert photos.seal(timezone.now()) == 1


def test_what_was_not_written_as_it_should_never_takes_its_place(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = files.path(original(photo)).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(vault, "seal", lambda data, bound=None: b"0" * 64)
        assert photos.seal(timezone.now()) == 0
    assert files.path(original(photo)).read_bytes() == plain


def test_it_goes_after_its_time_and_with_the_person(case: Case, photo: Photo) -> None:
    second = pictured(case)
    photos.seal(timezone.now())
    places = [path(original(each)) for each in (photo, second) for path in (files.path, files.small_path)]
    assert all(each.exists() for each in places)
    Case.objects.update(state="done", done_at=timezone.now() - timedelta(days=91))
    assert photos.forget(timezone.now()) == 2
    assert not any(each.exists() for each in places)
    third = pictured(case)
    photos.seal(timezone.now())
    path = files.path(original(third))
    persons.empty(case)
    assert not path.exists()


def test_one_deleted_meanwhile_does_not_come_back(photo: Photo) -> None:
    media = original(photo)
    files.remove(media)
    files.seal(media)
    assert photos.seal(timezone.now()) == 0
    assert not files.path(media).exists()


def test_a_reader_of_files_is_given_whole_or_in_pieces(client: Client, case: Case, rf: Any) -> None:
    from buergerdraht.gateway import file_views

    media = original(pictured(case))
    plain = files.read(media)
    files.seal(media)
    assert b"".join(file_views.answer(rf.get("/"), files.path(media), media.mime)) == plain  # type: ignore[arg-type]
    piece = file_views.answer(rf.get("/", headers={"Range": "bytes=5-14"}), files.path(media), media.mime)
    assert piece.status_code == 206
    assert b"".join(piece) == plain[5:15]  # type: ignore[arg-type]
