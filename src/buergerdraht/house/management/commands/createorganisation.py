"""`buergerdraht createorganisation`: the first step of a new installation."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from buergerdraht.accounts.actions import create_organisation

LANDS = ["BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"]


class Command(BaseCommand):
    help = "Legt eine Organisation an"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="Kurzname in Adressen, z. B. musterstadt")
        parser.add_argument("name", help="z. B. „Stadt Musterstadt“")
        parser.add_argument("--land", default="NW", choices=LANDS, help="Bundesland, für die Feiertage")
        parser.add_argument("--languages", default="de", help="Sprachen, die erste gilt im Zweifel: de,en,ar")

    def handle(self, *arguments: Any, **options: Any) -> None:
        try:
            languages = options["languages"].split(",")
            organisation = create_organisation(options["slug"], options["name"], land=options["land"], languages=languages)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None
        self.stdout.write(
            f"„{organisation.name}“ ist angelegt. Weiter mit: buergerdraht createoperator {organisation.slug} <E-Mail> <Name>"
        )
