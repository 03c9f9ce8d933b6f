"""Who stands in for somebody who is away: what would go to them goes to the deputy."""

from __future__ import annotations

from datetime import date

from buergerdraht.accounts.models import Membership, Operator
from buergerdraht.cases.models import Deputy

FAR = 5  # deputies of deputies: further nobody is looked for


def of(organisation: int, operator: Operator, day: date) -> Operator:
    """Find who works for somebody on a day: themselves, their deputy, or the deputy's deputy. Who left the house stands in for nobody."""
    here, seen = operator, {operator.pk}
    for _round in range(FAR):
        row = (
            Deputy.objects.filter(organisation=organisation, operator=here, first__lte=day, last__gte=day).select_related("deputy").first()
        )
        if row is None or row.deputy_id in seen:
            return here
        if not Membership.objects.filter(organisation=organisation, operator=row.deputy_id, operator__is_active=True).exists():
            return here
        here = row.deputy
        seen.add(here.pk)
    return here
