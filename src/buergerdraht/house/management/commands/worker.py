"""`buergerdraht worker`: inbound events and the timetable."""

from typing import Any

from django.core.management.base import BaseCommand

from buergerdraht.house import program


class Command(BaseCommand):
    help = "Verarbeitet, was eingeht, und den Zeitplan"
    requires_system_checks = ()  # the start must be quick; make check looks

    def handle(self, *arguments: Any, **options: Any) -> None:
        program.worker()
