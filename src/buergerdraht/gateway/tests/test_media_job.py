from __future__ import annotations

import hashlib
import io
import threading
from datetime import timedelta

import pytest
from django.utils import timezone
from double import Provider
from PIL import Image

from buergerdraht.connectors.contract import ChannelBroken, MediaKind, Ref, Rejected, Temporary
from buergerdraht.gateway import files, media_job
from buergerdraht.gateway.models import Channel, Media

pytestmark = pytest.mark.django_db(transaction=True)


def photo() -> bytes:
    out = io.BytesIO()
    image = Image.new("RGB", (64, 48), "teal")
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def expected(channel: Channel, external_id: str, **more: object) -> Media:
    return files.expect(channel, Ref(kind=MediaKind.IMAGE, external_id=external_id, mime="image/jpeg", **more))  # type: ignore[arg-type]


def test_a_citizens_photo_is_fetched_apart_and_loses_its_exif(channel: Channel, provider: Provider) -> None:
    """Law 15."""
    provider.files["p1"] = photo()
    media = expected(channel, "p1", sha256=hashlib.sha256(photo()).hexdigest())
    assert media.state == "pending"
    assert media_job.run_once() == 1
    media.refresh_from_db()
    assert (media.state, media.mime, media.width) == ("ready", "image/jpeg", 64)
    assert b"SecretCamera" not in files.path(media).read_bytes()


@pytest.mark.parametrize("problem", [Temporary("unavailable"), ChannelBroken("token_invalid")])
def test_a_fetch_that_fails_is_tried_again_later(channel: Channel, provider: Provider, problem: Exception) -> None:
    provider.files["p1"] = [problem, photo()]
    media = expected(channel, "p1")
    media_job.run_once()
    media.refresh_from_db()
    assert (media.state, media.tries) == ("pending", 1)
    assert media_job.run_once() == 0
    Media.objects.update(retry_at=None)
    media_job.run_once()
    media.refresh_from_db()
    assert media.state == "ready"


def test_a_weekend_without_an_operator_costs_no_photo(channel: Channel, provider: Provider) -> None:
    provider.files["p1"] = [*(ChannelBroken("token_invalid") for _ in range(media_job.MOST_TRIES - 1)), photo()]
    media, waited = expected(channel, "p1"), timedelta()
    while media.state == "pending":
        Media.objects.update(retry_at=None)
        media_job.run_once()
        media.refresh_from_db()
        waited += media.retry_at - timezone.now() if media.retry_at else timedelta()
    assert media.state == "ready"
    assert waited > timedelta(days=3)


def test_what_is_gone_or_harmful_is_said_to_be_so(channel: Channel, provider: Provider) -> None:
    provider.files |= {"gone": Rejected("media_refused"), "bad": b"<html><script>alert(1)</script>", "changed": photo()}
    media = [expected(channel, "gone"), expected(channel, "bad"), expected(channel, "changed", sha256="0" * 64)]
    media_job.run_once()
    for one in media:
        one.refresh_from_db()
    assert [(one.state, one.problem) for one in media] == [("failed", "media_refused"), ("failed", "media_refused"), ("pending", "")]


def test_a_file_that_spoils_its_try_spoils_no_other(channel: Channel, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.files |= {"bad": photo(), "good": photo()}
    bad, good = expected(channel, "bad"), expected(channel, "good")
    kept = files.keep

    def keep(media: Media, looked: files.Looked) -> None:
        if media.pk == bad.pk:
            raise OverflowError
        kept(media, looked)

    monkeypatch.setattr(files, "keep", keep)
    assert media_job.run_once() == 2
    Media.objects.filter(pk=bad.pk).update(tries=media_job.MOST_TRIES - 1, retry_at=None)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == ("pending", "ready")
    assert media_job.run_once() == 1
    bad.refresh_from_db()
    assert (bad.state, bad.problem) == ("failed", "unknown")


def test_no_mistake_ends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, calls = threading.Event(), []

    def fail() -> int:
        calls.append(1)
        if len(calls) == 2:
            stop.set()
        raise RuntimeError

    monkeypatch.setattr(media_job, "run_once", fail)
    monkeypatch.setattr(media_job, "POLL_SECONDS", 0)
    media_job.run(stop)
    assert len(calls) == 2
