"""The first page of setting cases up: what is there, and what is missing before citizens can report."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Organisation
from buergerdraht.accounts.rights import Right
from buergerdraht.cases import ground
from buergerdraht.cases.models import Category, Deputy, Doorway, Shape


@dataclass(frozen=True)
class Part:
    """One thing to set up. `done`: it is there; `needed`: without it nobody can report."""

    title: str
    said: str
    address: str
    icon: str
    done: bool
    needed: bool = False


@require_safe
@desk(Right.MANAGE)
def setup(request: DeskRequest) -> HttpResponse:
    found = parts(request.organisation)
    missing = [part for part in found if part.needed and not part.done]
    return render(request, "cases/setup.html", {"parts": found, "missing": missing, "here": "setup"})


def parts(organisation: Organisation) -> list[Part]:
    """Say of each part whether it is there."""
    return [*_of_categories(organisation), *_of_ground(organisation), _of_deputies(organisation)]


def _of_categories(organisation: Organisation) -> list[Part]:
    active = Category.objects.filter(organisation=organisation, active=True)
    number = active.count()
    alone = active.filter(team=None, refusal={}).exclude(visibility=Category.Visibility.CONFIDENTIAL).count()
    said = ngettext("Eine Kategorie kann gemeldet werden.", "%(n)s Kategorien können gemeldet werden.", number) % {"n": number}
    teams = ngettext("Eine Kategorie hat noch kein Team.", "%(n)s Kategorien haben noch kein Team.", alone) % {"n": alone}
    return [
        Part(_("Kategorien"), said if number else _("Solange es keine gibt, kann niemand etwas melden."), "cases:categories", "archive",
             bool(number), needed=True),
        Part(_("Teams"), teams if alone else _("Jede Kategorie hat ein Team.") if number else _("Kommt mit den Kategorien."),
             "cases:categories", "people", bool(number) and not alone),
    ]  # fmt: skip


def _of_ground(organisation: Organisation) -> list[Part]:
    row = ground.of(organisation)
    shapes, houses = (
        Shape.objects.filter(district__organisation=organisation).count(),
        Doorway.objects.filter(organisation=organisation).count(),
    )
    area = _("Die Fläche ist eingetragen.") if row.area else _("Ohne Fläche gilt jeder Ort als Ihr Gebiet.")
    if shapes:
        area += " " + ngettext("Ein Ortsteil hat einen Umriss.", "%(n)s Ortsteile haben einen Umriss.", shapes) % {"n": shapes}
    known = ngettext("Eine Adresse ist bekannt.", "%(n)s Adressen sind bekannt.", houses) % {"n": houses}
    known = known if houses else _("Ohne Adressen finden wir getippte Straßen nicht auf der Karte.")
    page = _("Karte und Liste sind für alle zu sehen.") if row.public else _("Karte und Liste sind noch nicht öffentlich.")
    return [
        Part(_("Gebiet"), area, "cases:ground", "globe", bool(row.area)),
        Part(_("Adressen"), known, "cases:doorways", "pin", bool(houses)),
        Part(_("Öffentliche Seite"), page, "cases:ground", "eye", row.public),
    ]


def _of_deputies(organisation: Organisation) -> Part:
    number = Deputy.objects.filter(organisation=organisation).count()
    said = ngettext("Eine Vertretung ist eingetragen.", "%(n)s Vertretungen sind eingetragen.", number) % {"n": number}
    return Part(
        _("Vertretung"), said if number else _("Wer im Urlaub ist, kann sich vertreten lassen."), "cases:deputies", "swap", bool(number)
    )
