"""`buergerdraht web`: webhooks, live updates, console."""

from typing import Any

from django.core.management.base import BaseCommand

from buergerdraht.house import program


class Command(BaseCommand):
    help = "Bedient Webhooks und Konsole"

    def handle(self, *arguments: Any, **options: Any) -> None:
        program.web()
