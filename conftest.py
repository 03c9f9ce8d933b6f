"""What every test stands on: a PostgreSQL (DATABASE_URL, else our own without fsync), a data folder of its own, quick passwords."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import LazySettings, settings

from buergerdraht.house import postgres
from buergerdraht.settings import database

_servers: list[tuple[Popen[bytes], Path]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded PostgreSQL before the first connection; xdist's workers inherit its address."""
    if not os.environ.get("DATABASE_URL"):
        folder = Path(tempfile.mkdtemp(prefix="buergerdraht-test-"))
        folder.chmod(0o755)
        where = postgres.place(folder, durable=False)
        _servers.append((postgres.start(where), folder))
        os.environ["DATABASE_URL"] = where.url()
        settings.DATABASES["default"].update(database(where.url()))
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
