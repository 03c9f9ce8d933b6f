"""`buergerdraht demo`: Musterstadt, filled and running. `__main__` sets the addresses before the settings are read."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from buergerdraht.house.demo import evening


class Command(BaseCommand):
    help = "Startet die Musterstadt mit simulierten Telefonen"
    requires_system_checks = ()  # the start must be quick; make check looks

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="Port der Konsole; die Telefone liegen auf dem nächsten")

    def handle(self, *arguments: Any, **options: Any) -> None:
        evening.run()
