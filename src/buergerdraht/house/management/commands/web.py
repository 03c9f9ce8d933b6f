"""`buergerdraht web`: webhooks, live updates, console."""

from typing import Any, ClassVar

from django.core.management.base import BaseCommand

from buergerdraht.house import program


class Command(BaseCommand):
    help = "Bedient Webhooks und Konsole"
    requires_system_checks: ClassVar[list[str]] = []

    def handle(self, *arguments: Any, **options: Any) -> None:
        program.web()
