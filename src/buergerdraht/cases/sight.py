"""Who may see which cases: the one way to them for every list, count, map, search, export and feed."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.cases.models import Case, Category, Photo
from buergerdraht.gateway.models import Media


def visible(membership: Membership, prefix: str = "") -> Q:
    """What this member may see: everything but confidential matters, and of those the ones whose category names them."""
    named = Category.people.through.objects.filter(operator=membership.operator_id).values("category")
    return Q(**{f"{prefix}confidential": False}) | Q(**{f"{prefix}category__in": named})


def cases(membership: Membership) -> QuerySet[Case]:
    return Case.objects.filter(visible(membership), organisation=membership.organisation_id)


def shared(organisation: Organisation) -> QuerySet[Case]:
    """The cases another system of the authority may see: it is no person, so nobody named it for a confidential one."""
    return Case.objects.filter(organisation=organisation, confidential=False)


def may_have_photo(membership: Membership, media: Media) -> bool:
    """Whether a picture may be looked at: one of a confidential matter only by its people, wherever else it may hang."""
    held = Photo.objects.filter(Q(media=media) | Q(shown=media), case__organisation=membership.organisation_id)
    hidden = held.exclude(case__in=cases(membership).values("pk"))
    return not hidden.exists()
