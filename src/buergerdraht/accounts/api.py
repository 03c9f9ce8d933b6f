"""What a system may ask about itself and the house it works for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Query, Router, Schema

from buergerdraht.accounts.models import Team
from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Page, Paging, page

router = Router(tags=["token"])


class OwnToken(Schema):
    """The token of this call, without itself."""

    name: str
    prefix: str
    organisation: str
    organisation_name: str
    scopes: list[str]
    expires_at: datetime


@router.get("/token", auth=needs(), response=OwnToken, operation_id="token")
def own(request: ApiRequest) -> OwnToken:
    """Say whose token this is, what it may do and how long: a good first call."""
    token = request.token
    return OwnToken(
        name=token.name, prefix=token.prefix, organisation=token.organisation.slug, organisation_name=token.organisation.name,
        scopes=token.scopes, expires_at=token.expires_at,
    )  # fmt: skip


class TeamShown(Schema):
    id: int
    name: str


@router.get("/teams", auth=needs(), response=Page[TeamShown], operation_id="teams")
def teams(request: ApiRequest, wanted: Query[Paging]) -> dict[str, Any]:
    """List the desks that conversations and cases are given to."""
    rows = Team.objects.filter(organisation=request.organisation)
    return page(request, rows, wanted, lambda row: TeamShown(id=row.pk, name=row.name))
