"""Channels, as another system sees them: which there are and whether they run. Never an access."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Query, Router, Schema

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.paging import Page, Paging, page
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

router = Router(tags=["channels"])


class ChannelShown(Schema):
    id: int
    kind: str
    messenger: str
    name: str
    state: Literal["setup", "running", "paused", "broken", "draining"]


@router.get("/channels", auth=needs("channels:read"), response=Page[ChannelShown], operation_id="channels")
def listing(request: ApiRequest, wanted: Query[Paging]) -> dict[str, Any]:
    """List the channels."""
    return page(request, Channel.objects.filter(organisation=request.organisation).defer("config"), wanted, _shown)


def _shown(channel: Channel) -> ChannelShown:
    return ChannelShown(
        id=channel.pk, kind=channel.kind, messenger=channels.title(channel.kind), name=channel.name, state=channel.state  # type: ignore[arg-type]
    )  # fmt: skip
