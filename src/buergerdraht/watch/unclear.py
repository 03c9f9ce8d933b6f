"""Letters that may or may not have arrived (law 7), over all broadcasts and conversations: listed with what is known, and decided."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import sight
from buergerdraht.gateway.models import Outbound
from buergerdraht.watch import words

PIECE = 500
SECONDS = 20.0  # a request decides no longer than this; the rest is left for the next
OF_MANY = Q(batch__isnull=False)


@dataclass(frozen=True)
class Wish:
    """Which of them: of a channel, of a broadcast, or `single` ones that belong to none; or just some."""

    channel: int | None = None
    broadcast: int | None = None
    single: bool = False
    ids: Sequence[int] = ()


@dataclass(frozen=True)
class Row:
    letter: Outbound
    contact: int | None
    name: str
    title: str
    broadcast: int | None
    conversation: int | None
    purpose: str
    known: str
    mine: bool  # this operator may decide it


@dataclass
class Outcome:
    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    left: int = 0

    @property
    def reasons(self) -> list[tuple[Reason, int]]:
        return [(REASONS.get(code, REASONS["unknown"]), number) for code, number in self.refused.most_common()]


def letters(organisation: Organisation, wish: Wish) -> QuerySet[Outbound]:
    """Choose unclear letters, oldest first, by the index that holds nothing else."""
    rows = Outbound.objects.filter(organisation=organisation, state=Outbound.State.UNCLEAR)
    if wish.ids:
        rows = rows.filter(pk__in=wish.ids)
    if wish.channel:
        rows = rows.filter(channel=wish.channel)
    if wish.single:
        rows = rows.filter(batch=None)
    elif wish.broadcast:
        rows = rows.filter(batch=wish.broadcast)
    return rows.order_by("id")


def seen(membership: Membership) -> Q:
    """Which letters a member may know of: all but those of threads hidden from them. A broadcast's letter is no secret."""
    return OF_MANY | Q(message=None) | sight.visible(membership, "message__conversation__")


def decidable(membership: Membership) -> Q:
    """Who manages decides all; who writes broadcasts those of broadcasts; who answers those of conversations."""
    if may(membership, Right.MANAGE):
        return seen(membership)
    allowed = Q(pk__in=[])
    if may(membership, Right.WRITE):
        allowed |= OF_MANY
    if may(membership, Right.ANSWER):
        allowed |= ~OF_MANY
    return allowed & seen(membership)


def rows(organisation: Organisation, membership: Membership, found: Sequence[Outbound]) -> list[Row]:
    """Tell of each letter whom it is for and what is known: three queries for a page. Names only for those who see contacts."""
    names = may(membership, Right.CONTACTS)
    keys = {(letter.channel_id, bytes(letter.address_hash)) for letter in found}
    addresses = Address.objects.filter(
        organisation=organisation, channel__in={key[0] for key in keys}, address_hash__in=[k[1] for k in keys]
    )
    people = {(each.channel_id, bytes(each.address_hash)): each for each in addresses.select_related("contact")}
    titles = dict(organisation.broadcasts.filter(pk__in={letter.batch for letter in found}).values_list("pk", "title"))
    threads = dict(sight.messages(membership).filter(outbound__in=found).values_list("outbound", "conversation"))
    allowed = set(letters(organisation, Wish(ids=[each.pk for each in found])).filter(decidable(membership)).values_list("pk", flat=True))
    result = []
    for letter in found:
        address = people.get((letter.channel_id, bytes(letter.address_hash)))
        result.append(
            Row(
                letter=letter,
                contact=address.contact_id if address and names else None,
                name=(address.contact.name or address.handle) if address and names else "",
                title=titles.get(letter.batch, "") if letter.batch else "",
                broadcast=letter.batch if letter.batch in titles else None,
                conversation=threads.get(letter.pk),
                purpose=str(words.PURPOSES[Outbound.Purpose(letter.purpose)]),
                known=words.known(letter),
                mine=letter.pk in allowed,
            )
        )
    return result


def broadcasts(organisation: Organisation) -> list[Broadcast]:
    """Name the broadcasts that have unclear letters."""
    numbers = Outbound.objects.filter(organisation=organisation, state=Outbound.State.UNCLEAR, batch__isnull=False)
    return list(organisation.broadcasts.filter(pk__in=numbers.values("batch").distinct()).only("title").order_by("-pk"))


def decide(organisation: Organisation, found: QuerySet[Outbound], *, again: bool, operator: Operator) -> Outcome:
    """Send them again, or take them as arrived; piece by piece, each with its entry in the log. What may not be sent stays unclear."""
    outcome = Outcome()
    began, last = time.monotonic(), 0
    while ids := list(found.filter(pk__gt=last).values_list("pk", flat=True)[:PIECE]):
        if time.monotonic() - began > SECONDS:
            outcome.left = found.filter(pk__gt=last).count()
            break
        last = ids[-1]
        with transaction.atomic():
            done, refused = _settle(ids, again)
            audit.record(
                organisation, "watch.settle", operator=operator, again=again, letters=done, refused=sum(refused.values()),
                first=ids[0], last=last,
            )  # fmt: skip
        outcome.done += done
        outcome.refused += refused
    return outcome


def _settle(ids: Sequence[int], again: bool) -> tuple[int, Counter[str]]:
    """Settle a piece at once; those that stay are asked one by one why."""
    found = Outbound.objects.filter(pk__in=ids)
    done, refused = outreach.settle_many(found, again=again), Counter[str]()
    for letter in found.filter(state=Outbound.State.UNCLEAR).order_by("pk"):
        try:
            outreach.settle(letter, again=again)
            done += 1
        except outreach.Refused as problem:
            refused[problem.reason] += 1
    return done, refused
