"""The first steps of a new installation, and the doctor's word on it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.gateway.models import Channel, Media
from buergerdraht.house import doctor

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    output = StringIO()
    call_command(*words, stdout=output)
    return output.getvalue()


def examined() -> str:
    lines: list[str] = []
    doctor.report(lines.append)
    return "\n".join(lines)


def test_an_organisation_and_its_first_operator_are_made() -> None:
    assert "Weiter mit: buergerdraht createoperator stadt" in run("createorganisation", "stadt", "Stadt", "--languages", "de,en")
    said = run("createoperator", "stadt", "Anna@Stadt.example", "Anna Amt")
    password = said.split("gezeigt): ")[1].strip()
    operator = Operator.objects.get(email="anna@stadt.example")
    assert operator.check_password(password)
    assert Membership.objects.get(operator=operator).roles == ["administrator"]
    assert AuditEntry.objects.filter(organisation__slug="stadt").count() == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("createoperator", "nirgends", "a@stadt.example", "A"), "gibt es nicht"),
        (("createoperator", "stadt", "keine-adresse", "A"), "keine E-Mail-Adresse"),
        (("createorganisation", "Stadt Eins", "Stadt"), ""),
        (("createorganisation", "stadt", "Noch eine"), ""),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], sentence: str) -> None:
    Organisation.objects.create(slug="stadt", name="Stadt")
    with pytest.raises(CommandError, match=sentence or None):
        run(*words)


def test_the_doctor_says_what_is_missing_and_what_to_do() -> None:
    Organisation.objects.create(slug="stadt", name="Stadt")
    said = examined()
    assert "✓ PostgreSQL" in said
    assert "✗ Stadt: Niemand hat die Rolle Administration." in said
    assert "→ buergerdraht createoperator stadt" in said
    assert "! Stadt: Impressum oder Datenschutztext fehlt." in said


def test_the_doctor_asks_the_channels_and_leaves_paused_ones_alone() -> None:
    town = Organisation.objects.create(slug="stadt", name="Stadt")
    Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}", state="paused")
    assert "! Stadt, Bot: von Hand angehalten." in examined()


def test_the_doctor_counts_faults_in_its_exit_code() -> None:
    Organisation.objects.create(slug="stadt", name="Stadt")
    with pytest.raises(SystemExit) as ended:
        run("doctor")
    assert ended.value.code == 1


def test_the_doctor_counts_originals_that_lie_open() -> None:
    town = Organisation.objects.create(slug="stadt", name="Stadt")
    category, now = Category.objects.create(organisation=town, key="road", title={"de": "Straße"}), timezone.now()
    case = Case.objects.create(organisation=town, number="1", category=category, received_at=now)
    Photo.objects.create(case=case, media=Media.objects.create(organisation=town, kind="image", state="ready"))
    assert "versiegelt" not in examined()
    Photo.objects.update(created_at=now - timedelta(hours=1))
    assert "! Noch nicht versiegelte Originale von Fotos zu Anliegen: 1." in examined()
