"""What every test stands on: a PostgreSQL (DATABASE_URL, else our own, mostly without fsync), a data folder of its own, quick passwords."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import LazySettings, settings
from hypothesis import HealthCheck
from hypothesis import settings as properties

from buergerdraht.gateway.database import keep_plans
from buergerdraht.house import postgres
from buergerdraht.settings import database, networks

LONG = {"faults", "machines"}
INSIDE = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,198.18.0.0/15"
properties.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no verdict by how busy a machine is
properties.load_profile("house")
_servers: list[tuple[Popen[bytes], Path]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded PostgreSQL before the first connection; xdist's workers inherit its address."""
    if not os.environ.get("DATABASE_URL"):
        folder = Path(tempfile.mkdtemp(prefix="buergerdraht-test-"))
        folder.chmod(0o755)
        where = postgres.place(folder, durable=bool(os.environ.get("BUERGERDRAHT_FAULTS")))  # figures are taken with fsync
        _servers.append((postgres.start(where), folder))
        os.environ["DATABASE_URL"] = where.url()
        settings.DATABASES["default"].update(database(where.url()))
    # The providers of tests stand on this machine, or on others in it.
    os.environ.setdefault("BUERGERDRAHT_CHANNEL_NETWORKS", INSIDE)
    settings.CHANNEL_NETWORKS = networks("BUERGERDRAHT_CHANNEL_NETWORKS")
    keep_plans()  # as a worker does: what is asked prepared must say its types
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure(config: pytest.Config) -> None:
    while _servers:
        child, folder = _servers.pop()
        postgres.stop(child)
        os.environ.pop("DATABASE_URL", None)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_folder_for_files(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_FOLDER = tmp_path / "media"


def chromium() -> str | None:
    """Find the browser for the journeys."""
    named = os.environ.get("CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits longest, end with the journeys, whose town goes on living; leave those out where there is no browser."""
    items.sort(
        key=lambda item: 2 if "journeys" in item.path.parts else not (LONG & set(item.path.parts) or item.path.name == "test_bench.py")
    )
    if chromium() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium() is None:
        terminalreporter.section("KEIN CHROMIUM GEFUNDEN", sep="!", red=True, bold=True)
        terminalreporter.line("Die Wege im Browser wurden NICHT geprüft. Installieren Sie das Paket „chromium“ oder setzen Sie CHROMIUM.")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The Chromium to drive, for tests marked `browser`."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium")
    return path
