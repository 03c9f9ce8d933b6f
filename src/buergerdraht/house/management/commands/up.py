"""`buergerdraht up`: everything in one, watched over."""

from typing import Any

from django.core.management.base import BaseCommand

from buergerdraht.house import program


class Command(BaseCommand):
    help = "Startet alles: Datenbank (wo DATABASE_URL fehlt), Web, Versand und Eingang, und hält es am Laufen"
    requires_system_checks = ()  # the start must be quick; make check looks

    def handle(self, *arguments: Any, **options: Any) -> None:
        program.up()
