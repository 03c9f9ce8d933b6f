"""`buergerdraht doctor`: what is wrong, and what to do."""

from typing import Any

from django.core.management.base import BaseCommand

from buergerdraht.house import doctor


class Command(BaseCommand):
    help = "Prüft Konfiguration, Datenbank, Ordner, Schlüssel und Kanäle und sagt, was zu tun ist"

    def handle(self, *arguments: Any, **options: Any) -> None:
        if code := doctor.report(self.stdout.write):
            raise SystemExit(code)
