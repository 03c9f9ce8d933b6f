"""Wrong configuration stops the start with one sentence and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WRONG = [
    ({"DATABASE_URL": "mysql://localhost/x"}, "läuft nur auf PostgreSQL"),
    ({"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/x"}, "Die Datenbank antwortet nicht"),
    ({"BUERGERDRAHT_BIND": "8000"}, "BUERGERDRAHT_BIND muss die Form Rechner:Port haben"),
    ({"BUERGERDRAHT_PUBLIC_URL": "stadt.example"}, "BUERGERDRAHT_PUBLIC_URL muss mit http:// oder https:// beginnen"),
    ({"BUERGERDRAHT_SECRET_KEY_FILE": "/gibt/es/nicht"}, "BUERGERDRAHT_SECRET_KEY_FILE nennt die Datei"),
    ({"BUERGERDRAHT_LOG": "viel"}, "BUERGERDRAHT_LOG muss eines von"),
    ({"BUERGERDRAHT_DATA": "/proc/nicht/hier"}, "BUERGERDRAHT_DATA nennt den Ordner"),
    ({"BUERGERDRAHT_ALARM_NETWORKS": "zehn"}, "BUERGERDRAHT_ALARM_NETWORKS muss Netze nennen"),
    ({"BUERGERDRAHT_LOG_FORMAT": "xml"}, "BUERGERDRAHT_LOG_FORMAT muss eines von"),
]


@pytest.mark.parametrize(("environment", "sentence"), WRONG)
def test_wrong_configuration_is_said_in_a_sentence(environment: dict[str, str], sentence: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "buergerdraht", "showmigrations"],
        env={**os.environ, "BUERGERDRAHT_DATA": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
