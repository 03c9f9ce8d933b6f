"""Who may see which thread: asked here by every list, counter, search, export, address and live update, and nowhere else.

Without more, everybody with the right to read sees all of their organisation. Where teams are apart (`Desk.teams_apart`), an
operator sees what belongs to their teams or to no team, and what is their own. A confidential thread is for the named people only,
whatever their role.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from buergerdraht.accounts.models import ApiToken, Membership, Operator, Organisation
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.gateway.models import Media

# Rooms above say which files are the house's own, whatever thread they were sent to. They register in their `apps.py`.
OPEN: list[Callable[[Membership, Media], bool]] = []


def conversations(membership: Membership) -> QuerySet[Conversation]:
    """The threads this member may see."""
    return Conversation.objects.filter(visible(membership), organisation=membership.organisation_id)


def messages(membership: Membership) -> QuerySet[Message]:
    """The messages this member may see."""
    return Message.objects.filter(visible(membership, "conversation__"), organisation=membership.organisation_id)


def may_have_file(membership: Membership, media: Media) -> bool:
    """Whether a file may be looked at: in a thread one may see, or in none. A broadcast's files are everybody's."""
    if any(opens(membership, media) for opens in OPEN):
        return True
    held = Message.objects.filter(media=media, organisation=membership.organisation_id)
    return held.filter(visible(membership, "conversation__")).exists() or not held.exclude(author=Message.Author.BROADCAST).exists()


def hidden(membership: Membership) -> list[int]:
    """The threads this member may not see: few, so that figures leave them out instead of looking all others up."""
    rows = Conversation.objects.filter(~visible(membership), organisation=membership.organisation_id)
    return list(rows.values_list("pk", flat=True))


def hidden_contacts(membership: Membership) -> QuerySet[Contact]:
    """Whose thread this member may not see."""
    return Contact.objects.filter(veil(membership), organisation=membership.organisation_id)


def veil(membership: Membership) -> Q:
    """The same as a condition on contacts. Whoever has no thread is hidden from nobody."""
    rows = Conversation.objects.filter(~visible(membership), organisation=membership.organisation_id, contact=OuterRef("pk"))
    return Q(Exists(rows))


def system_veil(token: ApiToken) -> Q:
    """The contacts whose thread another system may not see."""
    seen = _open_to_systems(token.organisation, list(token.teams.values_list("pk", flat=True)))
    return Q(Exists(Conversation.objects.filter(~seen, organisation=token.organisation_id, contact=OuterRef("pk"))))


def visible(membership: Membership, to: str = "") -> Q:
    """The condition on a conversation; `to` is the way to it from the rows asked for, e.g. "conversation__"."""
    mine, number = membership.operator_id, OuterRef(f"{to}pk")
    named = Exists(Conversation.named.through.objects.filter(conversation=number, operator=mine))
    seen = Q(**{f"{to}confidential": False})
    if Desk.of(membership.organisation).teams_apart:
        teams = Q(**{f"{to}team": None}) | Q(**{f"{to}operator": mine})
        teams |= Q(**{f"{to}team__in": list(teams_of(membership))})
        seen &= teams
    return seen | Q(named)


def shared(organisation: Organisation, teams: Collection[int]) -> QuerySet[Conversation]:
    """The threads another system of the authority may see: never a confidential one; where teams are apart, its teams' and nobody's."""
    return Conversation.objects.filter(_open_to_systems(organisation, teams), organisation=organisation)


def _open_to_systems(organisation: Organisation, teams: Collection[int]) -> Q:
    seen = Q(confidential=False)
    return seen & (Q(team=None) | Q(team__in=teams)) if Desk.of(organisation).teams_apart else seen


def beside(organisation: Organisation, teams: Collection[int]) -> Q:
    """The condition on rows with a `contact`: what another system may see of what lies beside a thread. Of whoever has none, all."""
    whose = Conversation.objects.filter(contact=OuterRef("contact"))
    return Exists(shared(organisation, teams).filter(contact=OuterRef("contact"))) | ~Exists(whose)


def teams_of(membership: Membership) -> frozenset[int]:
    """Ask once per membership object for its teams; a request has its own."""
    known: frozenset[int] | None = vars(membership).get("_team_ids")
    if known is None:
        known = vars(membership)["_team_ids"] = frozenset(membership.teams.values_list("id", flat=True))
    return known


@dataclass(frozen=True, slots=True)
class Sight:
    """Who may hear of a thread: everybody of the organisation, or these teams' members and these operators."""

    everybody: bool
    teams: frozenset[int] = frozenset()
    operators: frozenset[int] = frozenset()

    def allows(self, operator: int, teams: frozenset[int]) -> bool:
        return self.everybody or operator in self.operators or not self.teams.isdisjoint(teams)


EVERYBODY = Sight(True)


def sights(organisation: Organisation, numbers: Iterable[int]) -> dict[int, Sight]:
    """Say for many threads who may hear of them, in a fixed number of queries; who is not in the answer does not exist here."""
    rows = list(
        Conversation.objects.filter(organisation=organisation, pk__in=set(numbers)).values_list("pk", "team", "operator", "confidential")
    )
    named: dict[int, set[int]] = {}
    for number, operator in Conversation.named.through.objects.filter(conversation__in=[row[0] for row in rows]).values_list(
        "conversation", "operator"
    ):
        named.setdefault(number, set()).add(operator)
    apart = Desk.of(organisation).teams_apart
    found = {}
    for number, team, operator, confidential in rows:
        people = frozenset(named.get(number, ()))
        if confidential:
            found[number] = Sight(False, operators=people)
        elif apart and team is not None:
            found[number] = Sight(False, frozenset({team}), people | ({operator} if operator else frozenset()))
        else:
            found[number] = EVERYBODY
    return found


def may_see(conversation: Conversation, operator: Operator) -> bool:
    """Whether this operator may see this thread: for notices and mentions, where there is no request."""
    membership = (
        Membership.objects.filter(organisation=conversation.organisation_id, operator=operator).select_related("organisation").first()
    )
    return membership is not None and conversations(membership).filter(pk=conversation.pk).exists()
