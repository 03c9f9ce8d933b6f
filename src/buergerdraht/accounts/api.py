"""What a system may ask about itself."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Schema

from buergerdraht.accounts.rest.door import ApiRequest, needs

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
