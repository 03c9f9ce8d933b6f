"""Categories: a set of our own to begin with, and keeping them. What becomes confidential takes its cases along."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.cases import questions
from buergerdraht.cases.models import Case, Category, Photo

CONFIDENTIAL = Category.Visibility.CONFIDENTIAL


@cache
def offered() -> dict[str, dict[str, Any]]:
    """The set to begin with: {key: columns of Category}."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "categories.yaml").read_text("utf-8"))
    return loaded


@transaction.atomic
def put(organisation: Organisation, keys: Iterable[str], *, operator: Operator | None) -> list[Category]:
    """Add these of the set; what is there already stays as it is. A confidential one needs `people` before it can be used."""
    made = []
    for key in keys:
        fields = offered()[key]
        ready = fields.get("visibility") != CONFIDENTIAL  # nobody would see what comes in
        row, new = Category.objects.get_or_create(
            organisation=organisation, key=key, defaults={**fields, "position": list(offered()).index(key), "active": ready}
        )
        if new:
            made.append(row)
    audit.record(organisation, "cases.put_categories", operator=operator, keys=[row.key for row in made])
    return made


@transaction.atomic
def save(category: Category, *, operator: Operator | None, people: Iterable[Operator] | None = None) -> Category:
    """Keep a category. Raises ValidationError where its questions cannot be read, or nobody may see what comes in.

    A key is never changed, and a confidential category never opened again once it has cases: they were promised so.
    """
    category.questions = questions.read(category.questions)
    old = Category.objects.select_for_update().filter(pk=category.pk).first()
    if old and old.key != category.key:
        raise ValidationError(_("Das Kürzel einer Kategorie bleibt, wie es ist: andere Systeme kennen es."))
    hidden = category.visibility == CONFIDENTIAL
    if old and old.visibility == CONFIDENTIAL and not hidden and category.cases.filter(emptied=False).exists():
        raise ValidationError(_("In dieser Kategorie liegen vertrauliche Anliegen. Sie bleibt vertraulich."))
    category.save()
    if people is not None:
        chosen = {each.pk for each in people}
        category.people.set(
            Membership.objects.filter(organisation=category.organisation_id, operator__in=chosen).values_list("operator", flat=True)
        )
    if hidden and category.active and not category.people.exists():
        raise ValidationError(_("Nennen Sie mindestens eine Person, die diese Anliegen sehen darf."))
    if hidden:
        _hide(category)
    audit.record(category.organisation, "cases.save_category", operator=operator, subject=f"category:{category.pk}")
    return category


def _hide(category: Category) -> None:
    """What came in before is confidential from now on: off the map, and nobody's but of the named."""
    rows = category.cases.filter(confidential=False)
    Photo.objects.filter(case__in=rows, released=True).update(released=False)
    rows.filter(public=Case.Public.RELEASED).update(public=Case.Public.HIDDEN, public_text="")
    Case.objects.filter(category=category).exclude(operator__in=category.people.all()).update(operator=None)
    rows.update(confidential=True)
