"""No room left on the disk, of the database and of the files (F8): no 200 without a commit, a clear word, and it goes on by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import report
import wire
from django.conf import LazySettings
from parts import ECHO, Part, Server, address_of, broadcast_settled, compare, found_town, pointed, providing, running, settled, until, write
from report import Outcome
from storm import UNANSWERED, Storm, stored

from buergerdraht.connectors.contract import MediaKind, Ref
from buergerdraht.gateway import files, media_job
from buergerdraht.gateway.models import Media, Outbound
from buergerdraht.house import postgres

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")]


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of this size."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small disk: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()


@pytest.fixture
def cramped(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A copy of our PostgreSQL on a small disk, and the disk."""
    server.stop()
    used = sum(path.stat().st_size for path in server.place.data.rglob("*") if path.is_file()) >> 20
    folder = server.place.data.parent / "small"
    with small_disk(folder, used + 60) as disk:
        subprocess.run(["cp", "-a", server.place.data, disk / "postgres"], check=True)
        small = Server(postgres.Place(disk / "postgres", disk / "run"))
        small.start()
        with pointed(small.url):
            yield small, disk
        if small.child is not None and small.child.poll() is None:
            postgres.stop(small.child)
    shutil.rmtree(folder, ignore_errors=True)


def readiness(web: Part) -> int:
    """What /readyz answers."""
    try:
        with urllib.request.urlopen(f"{address_of(web)}/readyz", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code
    except OSError:
        return UNANSWERED


def test_a_full_disk_of_the_database_stops_the_200s_and_nothing_is_lost(cramped: tuple[Server, Path]) -> None:
    server, disk = cramped
    people = report.size(2_000, 10_000)
    with providing() as provider, running(server, "web", "engine") as parts:
        channel = found_town(provider.port)[ECHO]
        write(channel, range(people))
        with Storm(f"{address_of(parts['web'])}/webhook/{ECHO}/{ECHO}-token", rate=60) as storm:
            until(lambda: sum(provider.accepted.values()) > 100 and storm.counted[200] > 20, 30, "the start")
            with filled(disk):
                began = time.monotonic()
                until(lambda: storm.counted[503] > 0, 60, "the first refusal")
                noticed = time.monotonic() - began
                until(lambda: readiness(parts["web"]) == 503, 60, "/readyz")
                alarmed = time.monotonic() - began
                time.sleep(report.size(3, 30))
                held = set(storm.answers.values()) <= {200, 503}
            began, known = time.monotonic(), len(storm.believed())
            if server.child is not None and server.child.poll() is not None:
                server.start()
            until(lambda: len(storm.believed()) > known, 60, "storing again")
            recovery = time.monotonic() - began
            until(broadcast_settled, 60 + people / 100, "the broadcast")
        until(settled, 60, "the last answers")
        lost = storm.believed() - stored(server)
    sums, rows = compare(provider), Outbound.objects.count()
    report.record(
        Outcome(
            "F8", "disk of the database full", of=people, lost=sums.lost + len(lost) + people - rows, doubled=sums.doubled,
            unclear=sums.unclear, recovery=recovery, passes="no 200 without a commit, /readyz says so <= 60 s, goes on by itself",
            met=held and not lost and not sums.lost and not sums.failed and not sums.doubled and rows == people and alarmed <= 60,
            more={"noticed": round(noticed, 1), "alarmed": round(alarmed, 1), **storm.figures},
        )
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_for_files_keeps_photos_expected(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is there, the photo follows when there is room again."""
    document = b"%PDF-1.4\n" + b"0" * 400_000

    async def fetch(self: wire.Wire, ref: Ref) -> tuple[bytes, str]:
        return document, ref.mime

    monkeypatch.setattr(wire.Wire, "fetch", fetch)
    wire.register()
    channel = found_town(1)[ECHO]
    media = files.expect(channel, Ref(kind=MediaKind.DOCUMENT, external_id="p1", mime="application/pdf"))
    with small_disk(tmp_path / "small", 2) as disk:
        settings.MEDIA_FOLDER = disk / "media"
        with filled(disk):
            assert media_job.run_once() == 1
            media.refresh_from_db()
            assert (media.state, media.tries) == ("pending", 0)
            assert media.retry_at is not None
        assert not [path for path in disk.rglob("*") if path.is_file()], "half a file is left"
        Media.objects.update(retry_at=None)
        media_job.run_once()
        media.refresh_from_db()
        assert media.state == "ready"
        assert files.path(media).stat().st_size == len(document)
