"""Kept views: filters of the list under a name, one's own or everybody's."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership
from buergerdraht.accounts.rights import Right, may
from buergerdraht.cases.actions import NotNow
from buergerdraht.cases.list_forms import FilterForm
from buergerdraht.cases.models import View

MOST = 30  # of one person, and of everybody
LONGEST = 600  # letters of View.query


def seen(membership: Membership) -> QuerySet[View]:
    """One's own and everybody's."""
    return View.objects.filter(Q(operator=membership.operator_id) | Q(operator=None), organisation=membership.organisation_id)


def droppable(membership: Membership) -> QuerySet[View]:
    rows = seen(membership)
    return rows if may(membership, Right.MANAGE) else rows.filter(operator=membership.operator_id)


@transaction.atomic
def keep(membership: Membership, name: str, query: str, *, everybody: bool = False) -> View:
    """Keep filters; the same name again replaces them. Raises NotNow where it is not one's own to keep, or there are too many."""
    if everybody and not may(membership, Right.MANAGE):
        raise NotNow(_("Ansichten für alle legt an, wer die Einstellungen verwaltet."))
    plain = FilterForm(membership, QueryDict(query).dict()).asked.query
    if len(plain) > LONGEST:
        raise NotNow(_("Diese Auswahl ist zu lang, um sie aufzuheben."))
    owner = None if everybody else membership.operator
    mine = View.objects.filter(organisation=membership.organisation_id, operator=owner)
    if mine.exclude(name=name).count() >= MOST:
        raise NotNow(_("Mehr als %(most)s Ansichten passen nicht. Löschen Sie zuerst eine.") % {"most": MOST})
    row, _made = View.objects.update_or_create(organisation=membership.organisation, operator=owner, name=name, defaults={"query": plain})
    audit.record(membership.organisation, "cases.keep_view", operator=membership.operator, subject=f"case_view:{row.pk}")
    return row


@transaction.atomic
def drop(membership: Membership, view: View) -> None:
    audit.record(membership.organisation, "cases.drop_view", operator=membership.operator, subject=f"case_view:{view.pk}")
    view.delete()
