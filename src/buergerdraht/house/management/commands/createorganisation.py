"""`buergerdraht createorganisation`: the first step of a new installation."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.db import transaction

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Organisation

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
            validate_slug(options["slug"])
        except ValidationError:
            raise CommandError("Der Kurzname darf nur Buchstaben, Ziffern, Binde- und Unterstriche enthalten.") from None
        if Organisation.objects.filter(slug=options["slug"]).exists():
            raise CommandError(f"Die Organisation „{options['slug']}“ gibt es schon.")
        with transaction.atomic():
            organisation = Organisation.objects.create(
                slug=options["slug"], name=options["name"], land=options["land"], languages=options["languages"].split(",")
            )
            audit.record(organisation, "accounts.create_organisation", subject=f"organisation:{organisation.pk}")
        self.stdout.write(
            f"„{organisation.name}“ ist angelegt. Weiter mit: buergerdraht createoperator {organisation.slug} <E-Mail> <Name>"
        )
