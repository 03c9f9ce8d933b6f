"""The program: `buergerdraht <command>`. Wrong configuration ends in a sentence, never in a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db.utils import OperationalError

from buergerdraht.house import postgres

OWN_DATABASE = {"up", "demo"}  # start the embedded database themselves
NO_DATABASE = {"help", "makemessages", "compilemessages", "collectstatic", "--help", "--version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "demo":
        _stage(sys.argv[2:])
    try:
        with _database(command):
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, postgres.Unavailable) as problem:
        print(f"Bürgerdraht: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
    except OperationalError as problem:
        reason = str(problem).strip().splitlines()[0]
        print(f"Bürgerdraht: Die Datenbank antwortet nicht. Prüfen Sie DATABASE_URL und ob der Server läuft. ({reason})", file=sys.stderr)
        raise SystemExit(2) from None


def _stage(words: list[str]) -> None:
    """Set the demo's addresses for all its processes: the console on the port asked for, the phones on the next."""
    options = argparse.ArgumentParser(prog="buergerdraht demo", add_help=False)
    options.add_argument("--port", type=int, default=8000)
    port = options.parse_known_args(words)[0].port
    os.environ.setdefault("BUERGERDRAHT_DATA", "var/demo")
    os.environ["BUERGERDRAHT_BIND"] = f"127.0.0.1:{port}"
    os.environ["BUERGERDRAHT_PUBLIC_URL"] = f"http://localhost:{port}"
    os.environ["BUERGERDRAHT_SIMULATOR_URL"] = f"http://localhost:{port + 1}"


def _database(command: str) -> AbstractContextManager[object]:
    """Lend the command the embedded database where it needs one and none runs; read the settings, so that their faults show here."""
    place = settings.POSTGRES
    return nullcontext() if place is None or command in OWN_DATABASE | NO_DATABASE else postgres.serving(place)


if __name__ == "__main__":
    main()
