"""Originals of case photos lie sealed: nobody reads them from the disk, and every reader we let in still does."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import AuditEntry, Operator
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.cases import opening, persons, photos, pulse
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.contacts.models import Contact
from buergerdraht.gateway import files, sealing
from buergerdraht.gateway.models import Media

DESK = "/o/musterstadt/anliegen/"


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    yield
    photos._rests.clear()


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
    assert (answer["Cache-Control"], answer.has_header("Content-Disposition")) == ("private, no-store", False)
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
    assert photos.seal(timezone.now() + photos.REST) == 1


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


# ── What cannot be done now ───────────────────────────────────────────────


def refusing(monkeypatch: pytest.MonkeyPatch, problem: OSError, bad: set[Any]) -> list[Any]:
    """Let some files not be sealed; returns the ids that were tried."""
    tried, seal = [], files.seal

    def tries(media: Media) -> None:
        tried.append(media.pk)
        if media.pk in bad:
            raise problem
        seal(media)

    monkeypatch.setattr(files, "seal", tries)
    return tried


def test_twenty_that_cannot_be_sealed_keep_no_other_waiting(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {original(pictured(case)).pk for _ in range(photos.PIECE)}
    good = pictured(case)
    tried, now = refusing(monkeypatch, PermissionError(13, "not yours"), bad), timezone.now()
    with caplog.at_level(logging.ERROR, "buergerdraht.cases"):
        assert [photos.seal(now) for _ in range(4)] == [0, 1, 0, 0]
    assert sealing.is_sealed(files.path(original(good)))
    assert (len(tried), len(caplog.records)) == (photos.PIECE + 1, photos.PIECE), "each is tried, and told of, once a pause"
    bad.clear()
    assert photos.seal(now + photos.SOONEST) == photos.PIECE


def test_the_longer_it_cannot_be_sealed_the_rarer_it_is_tried(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, PermissionError(13, "not yours"), {original(photo).pk})
    for hours, least in ((0, photos.SOONEST), (0.5, timedelta(minutes=30)), (1000, photos.LATEST)):
        now = photo.created_at + timedelta(hours=hours)
        Photo.objects.update(seals_at=now)
        photos.seal(now)
        photo.refresh_from_db()
        assert photo.seals_at == now + least


def test_a_full_disk_ends_the_round_and_rests_a_while(
    case: Case, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {original(pictured(case)).pk for _ in range(3)}
    tried, now = refusing(monkeypatch, OSError(28, "full"), bad), timezone.now()
    with caplog.at_level(logging.ERROR, "buergerdraht.cases"):
        assert [photos.seal(now) for _ in range(3)] == [0, 0, 0]
    assert (len(tried), len(caplog.records)) == (1, 1)
    bad.clear()
    assert photos.seal(now + photos.REST) == 3, "it was no picture's fault"


def test_where_a_key_is_missing_it_waits_until_there_is_one(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    files.seal(original(photo))
    Photo.objects.update(state=Photo.State.WAITING)
    now = timezone.now()
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, "buergerdraht.cases"):
        patch.setattr(settings, "VAULT_KEYS", ["fremd"])
        vault._keys.cache_clear()
        assert [photos.look(now) for _ in range(3)] == [0, 0, 0]
    vault._keys.cache_clear()
    photo.refresh_from_db()
    assert photo.state == Photo.State.WAITING
    assert [each.name for each in caplog.records] == ["buergerdraht.media", "buergerdraht.cases"], "which file, and which photo, once"
    assert photos.look(now + photos.SOONEST) == 1
    photo.refresh_from_db()
    assert photo.state == Photo.State.COVERED


def test_on_a_full_disk_a_photo_waits_to_be_covered(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    Photo.objects.update(state=Photo.State.WAITING)

    def full(*arguments: Any) -> None:
        raise OSError(28, "full")

    now = timezone.now()
    with monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        assert photos.look(now) == 0
    assert Photo.objects.get().state == Photo.State.WAITING
    assert photos.look(now + photos.REST) == 1


def test_a_photo_without_its_file_keeps_no_other_waiting_to_be_covered(case: Case) -> None:
    for _ in range(photos.PIECE):
        Photo.objects.create(case=case)
    Photo.objects.filter(pk=pictured(case).pk).update(state=Photo.State.WAITING)
    assert [photos.look(timezone.now()) for _ in range(2)] == [0, 1]
    assert Photo.objects.filter(state=Photo.State.FAILED).count() == photos.PIECE


# ── Whose original is gone, or not only ours ──────────────────────────────


def test_one_whose_original_is_gone_is_not_looked_for_again(case: Case, photo: Photo) -> None:
    other = pictured(case)
    files.remove(original(other))
    assert photos.seal(timezone.now()) == 1
    assert set(Photo.objects.values_list("sealed", flat=True)) == {True}
    third = pictured(case)
    Case.objects.update(state="done", done_at=timezone.now() - timedelta(days=91))
    assert photos.forget(timezone.now()) == 2
    third.refresh_from_db()
    assert (third.media, third.sealed) == (None, True)


def test_the_migration_settles_those_whose_original_is_gone(case: Case, photo: Photo) -> None:
    gone = [pictured(case), pictured(case), Photo.objects.create(case=case)]
    files.remove(original(gone[0]))
    Media.objects.filter(pk=original(gone[1]).pk).delete()
    import_module("buergerdraht.cases.migrations.0005_open_photos").settle(apps, None)
    assert set(Photo.objects.filter(sealed=True)) == set(gone)


def broadcast(media: Media) -> None:
    Broadcast.objects.create(organisation=media.organisation, title="Markt", versions={"de": {"media": [{"id": str(media.pk)}]}})


def published(media: Media) -> None:
    now = timezone.now()
    apps.get_model("website", "Published").objects.create(
        organisation_id=media.organisation_id, slug="markt", title="Markt", media=[media.pk], shown_from=now, changed_at=now
    )


def logo(media: Media) -> None:
    apps.get_model("website", "Look").objects.create(organisation_id=media.organisation_id, logo_id=media.pk)


def named(media: Media) -> None:
    apps.get_model("dialogs", "NamedFile").objects.create(organisation_id=media.organisation_id, name="markt", media_id=media.pk)


def covered(media: Media) -> None:
    Photo.objects.create(case=Case.objects.get(), shown=media, state=Photo.State.COVERED)


@pytest.mark.parametrize("shows", [broadcast, published, logo, named, covered])
def test_what_the_house_shows_elsewhere_is_neither_sealed_nor_deleted(case: Case, photo: Photo, shows: Callable[[Media], None]) -> None:
    media, own = original(photo), pictured(case)
    shows(media)
    plain = files.path(media).read_bytes()
    assert photos.seal(timezone.now()) == 1, "the other one"
    assert files.path(media).read_bytes() == plain
    assert sealing.is_sealed(files.path(original(own)))
    Case.objects.update(state="done", done_at=timezone.now() - timedelta(days=91))
    assert photos.forget(timezone.now()) == 2
    assert photos.forget(timezone.now()) == 0
    media.refresh_from_db()
    assert (media.state, files.path(media).read_bytes()) == (Media.State.READY, plain)
    assert not files.path(original(own)).exists()


def test_it_is_sealed_once_nothing_else_shows_it(photo: Photo) -> None:
    broadcast(original(photo))
    now = timezone.now()
    assert photos.seal(now) == 0
    Broadcast.objects.all().delete()
    assert photos.seal(now + photos.ELSEWHERE) == 1


def test_what_a_citizen_wrote_in_the_thread_is_sealed(case: Case, photo: Photo) -> None:
    conversation = apps.get_model("conversations", "Conversation").objects.create(
        organisation=case.organisation, contact=Contact.objects.create(organisation=case.organisation)
    )
    message = conversation.messages.create(organisation=case.organisation, author="citizen", at=timezone.now())
    message.media.add(original(photo))
    assert photos.seal(timezone.now()) == 1


def test_how_many_lie_open_is_counted_after_a_while(photo: Photo) -> None:
    now = timezone.now()
    assert photos.lying_open(now) == 0
    assert photos.lying_open(now + timedelta(hours=1)) == 1
    photos.seal(now)
    assert photos.lying_open(now + timedelta(hours=1)) == 0


@pytest.mark.parametrize("shows", [broadcast, published, logo, named])
def test_with_the_person_nothing_goes_that_the_house_shows_elsewhere(case: Case, photo: Photo, shows: Callable[[Media], None]) -> None:
    media = original(photo)
    shows(media)
    persons.empty(case)
    assert files.path(media).exists()
