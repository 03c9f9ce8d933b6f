"""A channel is lost, by a ban or for long: its subscribers go on by ways of their own, the others are invited anew.

Nobody loses a topic or a consent: who has another address is subscribed there, and comes back when the channel does; who has none
stays subscribed and is silent until they write from elsewhere with a code, or subscribe anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator
from buergerdraht.contacts import actions, ledger
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Subscription
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel
from buergerdraht.gateway.queries import queries

SQL = queries(Path(__file__).with_name("lost.sql"))
PIECE = 1000


@dataclass(frozen=True)
class Figures:
    """People with confirmed subscriptions on a channel: those with another way, those without, those who went on already."""

    other_way: int
    no_way: int
    moved: int


def figures(channel: Channel) -> Figures:
    with connection.cursor() as cursor:
        cursor.execute(SQL["figures"], _values(channel))
        return Figures(*cursor.fetchone())


def _values(channel: Channel) -> dict[str, Any]:
    running = channels.people(channel.organisation).filter(state=Channel.State.RUNNING).exclude(pk=channel.pk)
    others = [each.pk for each in running if channels.lasts(each.kind)]
    return {"channel": channel.pk, "organisation": channel.organisation_id, "others": others}


def reroute(channel: Channel, *, operator: Operator) -> int:
    """Let everybody who has another way go on there. Returns how many people; in pieces, each with its proofs."""
    if channel.state == Channel.State.RUNNING:
        raise ValueError("the channel runs")
    return _all(channel, "reroute", "lost", operator)


def bring_back(channel: Channel, *, operator: Operator) -> int:
    """Let those who went on elsewhere come back to a channel that runs again, unless they chose another since."""
    if channel.state != Channel.State.RUNNING:
        raise ValueError("the channel stands still")
    return _all(channel, "bring_back", "back", operator)


def _all(channel: Channel, query: str, word: str, operator: Operator) -> int:
    total = 0
    while number := _piece(channel, query, word, operator):
        total += number
    audit.record(channel.organisation, f"contacts.{query}", operator=operator, subject=f"channel:{channel.pk}", people=total)
    return total


@transaction.atomic
def _piece(channel: Channel, query: str, word: str, operator: Operator) -> int:
    """Move the subscriptions of some people, and write down for each that their consent goes on at the new place."""
    actions.shut_gate(channel.organisation)
    with connection.cursor() as cursor:
        cursor.execute(SQL[query], _values(channel) | {"limit": PIECE})
        moved = [number for (number,) in cursor.fetchall()]
    rows = Subscription.objects.filter(pk__in=moved).select_related("contact", "topic", "address__channel").order_by("contact_id")
    by_address: dict[int, tuple[Address, list[str]]] = {}
    for row in rows:
        found = by_address.setdefault(row.address_id, (row.address, []))
        found[1].append(ledger.topic_purpose(row.topic.key))
    for address, purposes in by_address.values():
        proof = Proof(channel=address.channel, evidence=f"{word}:channel:{channel.pk}", operator=operator)
        ledger.write(address.contact, address, "confirm", purposes, proof)
    return len({row.contact_id for row in rows})


def invitation(channel: Channel, title: str, page: str) -> str:
    """The words by which people are invited to the other ways, for page and post."""
    named = f"{title} ({channel.name})" if channel.name != title else title
    return _(
        "Auf %(named)s erreichen wir Sie zurzeit nicht. So bekommen Sie unsere Nachrichten weiter: Wählen Sie unter %(page)s einen "
        "anderen Weg. Ihre Themen sind in einer Minute wieder eingestellt."
    ) % {"named": named, "page": page}
