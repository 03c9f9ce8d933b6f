"""Categories: a set of our own to begin with, and keeping them. What becomes confidential takes its cases along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.cases import questions
from buergerdraht.cases.models import Case, Category, Photo, Route
from buergerdraht.contacts.models import District

CONFIDENTIAL = Category.Visibility.CONFIDENTIAL
MOST_ROUTES = 30


@dataclass(frozen=True)
class Way:
    """Where a case goes other than to the category's team: from a district, or only while the office is closed."""

    team: Team
    district: District | None = None
    outside_hours: bool = False


@cache
def offered(form: str = "sie") -> dict[str, dict[str, Any]]:
    """The set to begin with: {key: columns of Category}, its words in a form of address."""
    loaded: dict[str, dict[str, Any]] = _in_form(yaml.safe_load((Path(__file__).parent / "categories.yaml").read_text("utf-8")), form)
    return loaded


def _in_form(found: Any, form: str) -> Any:
    """Put the one form of address in the place of every {sie, du}."""
    if isinstance(found, dict):
        return found[form] if set(found) == {"sie", "du"} else {key: _in_form(value, form) for key, value in found.items()}
    return [_in_form(each, form) for each in found] if isinstance(found, list) else found


@transaction.atomic
def put(organisation: Organisation, keys: Iterable[str], *, operator: Operator | None) -> list[Category]:
    """Add these of the set; what is there already stays as it is. A confidential one needs `people` before it can be used."""
    made = []
    for key in keys:
        fields = offered(organisation.address_form)[key]
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
    """Keep a category. Raises ValidationError where its questions cannot be read, or nobody may see what comes in; its code
    names the column.

    A key is never changed, and a confidential category never opened again once it has cases: they were promised so.
    """
    try:
        category.questions = questions.read(category.questions)
    except ValidationError as problem:
        raise ValidationError(problem.messages, code="questions") from problem
    old = Category.objects.select_for_update().filter(pk=category.pk).first()
    if old and old.key != category.key:
        raise ValidationError(_("Das Kürzel einer Kategorie bleibt, wie es ist: andere Systeme kennen es."), code="key")
    hidden = category.visibility == CONFIDENTIAL
    if old and old.visibility == CONFIDENTIAL and not hidden and category.cases.filter(emptied=False).exists():
        raise ValidationError(_("In dieser Kategorie liegen vertrauliche Anliegen. Sie bleibt vertraulich."), code="visibility")
    category.save()
    if people is not None:
        chosen = {each.pk for each in people}
        category.people.set(
            Membership.objects.filter(organisation=category.organisation_id, operator__in=chosen).values_list("operator", flat=True)
        )
    if hidden and category.active and not category.people.exists():
        raise ValidationError(_("Nennen Sie mindestens eine Person, die diese Anliegen sehen darf."), code="people")
    if hidden:
        _hide(category)
    audit.record(category.organisation, "cases.save_category", operator=operator, subject=f"category:{category.pk}")
    return category


def _hide(category: Category) -> None:
    """What came in before is confidential from now on: off the map, and nobody's but of the named."""
    rows = category.cases.filter(confidential=False)
    Photo.objects.filter(case__in=rows, released=True).update(released=False)
    rows.filter(public=Case.Public.RELEASED).update(public=Case.Public.HIDDEN, public_text="", released_at=None)
    Case.objects.filter(category=category).exclude(operator__in=category.people.all()).update(operator=None)
    rows.update(confidential=True)


@transaction.atomic
def lead(category: Category, ways: Iterable[Way], *, operator: Operator | None) -> None:
    """Say where its cases go, in this order; what was said before is gone. Teams and districts are those of its organisation."""
    here = category.organisation_id
    kept = [way for way in ways if way.team.organisation_id == here and (way.district is None or way.district.organisation_id == here)]
    Route.objects.filter(category=category).delete()
    Route.objects.bulk_create(
        Route(category=category, team=way.team, district=way.district, outside_hours=way.outside_hours, position=place)
        for place, way in enumerate(kept[:MOST_ROUTES])
    )
    audit.record(category.organisation, "cases.lead_category", operator=operator, subject=f"category:{category.pk}", routes=len(kept))


@transaction.atomic
def order(organisation: Organisation, numbers: Iterable[int], *, operator: Operator | None) -> None:
    """Put categories in this order; those that are not named come after, as they were."""
    rows = {row.pk: row for row in Category.objects.select_for_update().filter(organisation=organisation)}
    wanted = [rows[number] for number in dict.fromkeys(numbers) if number in rows]
    wanted += [row for row in rows.values() if row not in wanted]
    for place, row in enumerate(wanted):
        row.position = place
    Category.objects.bulk_update(wanted, ["position"])
    audit.record(organisation, "cases.order_categories", operator=operator)


@transaction.atomic
def remove(category: Category, *, operator: Operator | None) -> bool:
    """Delete a category nothing was ever reported in; any other is switched off. Returns whether it is gone."""
    row = Category.objects.select_for_update().get(pk=category.pk)
    audit.record(row.organisation, "cases.remove_category", operator=operator, subject=f"category:{row.pk}")
    if row.cases.exists():
        row.active = False
        row.save(update_fields=["active"])
        return False
    row.delete()
    return True
