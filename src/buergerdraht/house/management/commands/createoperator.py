"""`buergerdraht createoperator`: a sign-in for the first administrator; further ones are invited in the console."""

import secrets
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role


class Command(BaseCommand):
    help = "Legt einen Zugang zu einer Organisation an"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="Kurzname der Organisation")
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--role", action="append", choices=Role.values, help="mehrfach möglich; sonst administrator")
        parser.add_argument(
            "--password-stdin", action="store_true", help="Kennwort von der Standardeingabe lesen; sonst wird eines erzeugt"
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"Die Organisation „{options['organisation']}“ gibt es nicht. Legen Sie sie mit createorganisation an.")
        email = options["email"].lower()
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"„{email}“ ist keine E-Mail-Adresse.") from None
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else secrets.token_urlsafe(12)
        with transaction.atomic():
            operator = Operator.objects.filter(email=email).first()
            if fresh := operator is None:
                operator = _create(email, options["name"], password)
            if operator.memberships.filter(organisation=organisation).exists():
                raise CommandError(f"{email} arbeitet schon für „{organisation.name}“. Rollen ändern Sie in der Konsole.")
            join(organisation, operator, options["role"] or [Role.ADMINISTRATOR.value])
        self.stdout.write(f"{operator.name} kann sich als {email} anmelden.")
        if fresh and not options["password_stdin"]:
            self.stdout.write(f"Kennwort (wird nur jetzt gezeigt): {password}")


def _create(email: str, name: str, password: str) -> Operator:
    try:
        validate_password(password)
    except ValidationError as problem:
        raise CommandError(" ".join(problem.messages)) from None
    return Operator.objects.create_user(email, password, name=name)
