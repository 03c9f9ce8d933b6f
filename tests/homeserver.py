"""A real homeserver (Synapse) on this machine, in a folder and process of its own: it judges the connector for Matrix and its double."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from signedjson.key import generate_signing_key, write_signing_keys

SERVER = "stadt.example"
READY_WITHIN = 90.0


@dataclass(frozen=True)
class Homeserver:
    url: str
    folder: Path

    def said(self) -> str:
        return (self.folder / "output").read_text()


def settings(folder: Path, port: int, registrations: Mapping[str, str]) -> dict[str, object]:
    """A server for one town: no federation, nobody asked for anything, a narrow limit for those whom limits are for."""
    plenty = {"per_second": 1000, "burst_count": 1000}
    return {
        "server_name": SERVER,
        "pid_file": str(folder / "pid"),
        "listeners": [{"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "resources": [{"names": ["client"]}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "enable_registration": True,
        "enable_registration_without_verification": True,
        "enable_authenticated_media": True,
        "report_stats": False,
        "macaroon_secret_key": "a word of this folder only",
        "form_secret": "another word of this folder only",
        "suppress_key_server_warning": True,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "password_config": {"bcrypt_rounds": 4},
        "max_upload_size": "2M",
        "app_service_config_files": [str(folder / f"{name}.yaml") for name in registrations],
        "rc_message": plenty,
        "rc_registration": plenty,
        "rc_login": {"address": plenty, "account": plenty, "failed_attempts": plenty},
        "rc_joins": {"local": plenty, "remote": plenty},
        "rc_invites": {"per_room": plenty, "per_user": plenty, "per_issuer": plenty},
        "rc_room_creation": {"per_second": 0.2, "burst_count": 8},
    }


@contextmanager
def running_homeserver(folder: Path, port: int, registrations: Mapping[str, str]) -> Iterator[Homeserver]:
    """Start it and wait until it answers; `registrations` are the files of application services, by name."""
    for name, words in registrations.items():
        (folder / f"{name}.yaml").write_text(words)
    (folder / "homeserver.yaml").write_text(yaml.safe_dump(settings(folder, port, registrations)))
    handler = {"class": "logging.StreamHandler", "level": "WARNING"}
    log = {"version": 1, "handlers": {"console": handler}, "root": {"level": "WARNING", "handlers": ["console"]}}
    (folder / "log.yaml").write_text(yaml.safe_dump(log))
    with (folder / "signing.key").open("w") as file:
        write_signing_keys(file, [generate_signing_key("a_town")])
    output = (folder / "output").open("wb")
    command = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(folder / "homeserver.yaml")]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ}, stdout=output, stderr=output, start_new_session=True)
    found = Homeserver(f"http://127.0.0.1:{port}", folder)
    try:
        _wait(found, process)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        output.close()


def _wait(found: Homeserver, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{found.url}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, found.said()[-3000:]
            assert time.monotonic() < deadline, found.said()[-3000:]
            time.sleep(0.2)
