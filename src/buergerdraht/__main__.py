"""The program: `buergerdraht <command>`. Wrong configuration ends in a sentence, never in a traceback."""

from __future__ import annotations

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


def _database(command: str) -> AbstractContextManager[object]:
    """Lend the command the embedded database where it needs one and none runs; read the settings, so that their faults show here."""
    place = settings.POSTGRES
    return nullcontext() if place is None or command in OWN_DATABASE | NO_DATABASE else postgres.serving(place)


if __name__ == "__main__":
    main()
