"""What the tests of citizens say and hear."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.connectors.contract import Received, Sender
from buergerdraht.contacts import actions, outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.gateway.models import Channel, Outbound

Say = Callable[..., bool]
numbers = itertools.count(1)


def message(channel: Channel, text: str = "", *, sender: Sender | None = None, **fields: Any) -> Incoming:
    """Let a citizen write, as the ingest would bring it."""
    event = Received(
        external_id=f"m{next(numbers)}", sender=sender or Sender(address="4711", name="Aylin Öztürk", handle="@aylin"),
        at=fields.pop("at", timezone.now()), text=text, kind="choice" if fields.get("choice") else fields.pop("kind", "text"), **fields,
    )  # fmt: skip
    address = actions.meet(channel, event.sender, event.at)
    return Incoming(channel=channel, event=event, contact=address.contact, address=address)


def heard(channel: Channel) -> list[str]:
    """What was queued, oldest first."""
    return [row.content.content["text"] for row in Outbound.objects.filter(channel=channel).select_related("content").order_by("id")]


def last(channel: Channel) -> str:
    return heard(channel)[-1]


def titles(channel: Channel) -> list[str]:
    row = Outbound.objects.filter(channel=channel).select_related("content").latest("id")
    return [choice["title"] for choice in row.content.content.get("choices", [])]


class Answer(NamedTuple):
    reason: str
    contact_id: int | None


CHOSEN = "select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) with ordinality as c(address_id, contact_id, channel_id, position)"


@transaction.atomic
def send_to(people: Sequence[Address], words: Sequence[outreach.Words], **more: Any) -> list[Answer]:
    """Queue one newsletter for many as they stand in memory, and say what became of each."""
    rows = list(zip(*((each.pk, each.contact_id, each.channel_id) for each in people), strict=True))
    town = people[0].channel.organisation
    with connection.cursor() as cursor:
        cursor.execute("create temp table answers (position bigint, reason text, contact_id bigint) on commit drop")
        selection = outreach.Selection(town, 7, CHOSEN, [list(row) for row in rows], words, **more)
        outreach.send_selected(selection, "insert into answers select position, reason, contact_id from answer")
        cursor.execute("select reason, contact_id from answers order by position")
        answers = [Answer(*row) for row in cursor.fetchall()]
        cursor.execute("drop table answers")
    return answers
