"""Who may see which thread: the list's condition and the live stream's say the same for everybody."""

from __future__ import annotations

import itertools

import pytest

from buergerdraht.accounts.models import Operator, Organisation, Team
from buergerdraht.connectors.contract import Sender
from buergerdraht.conversations import sight
from buergerdraht.conversations.models import Conversation, Desk
from buergerdraht.conversations.tests.conftest import Write


@pytest.mark.parametrize("apart", [False, True])
def test_what_is_listed_is_what_is_heard_of(town: Organisation, write: Write, andrea: Operator, kemal: Operator, apart: bool) -> None:
    Desk.objects.create(organisation=town, teams_apart=apart)
    teams = [Team.objects.create(organisation=town, name=name) for name in ("Bürgeramt", "Presse")]
    andrea.memberships.get().teams.add(teams[0])
    ways = itertools.product([None, *teams], [None, andrea, kemal], [False, True], [None, andrea, kemal])
    for number, (team, operator, confidential, named) in enumerate(ways):
        conversation = write("Hallo", sender=Sender(address=f"6{number}")).conversation
        Conversation.objects.filter(pk=conversation.pk).update(team=team, operator=operator, confidential=confidential)
        if named:
            conversation.named.add(named)
    heard = sight.sights(town, Conversation.objects.values_list("pk", flat=True))
    for each in (andrea, kemal):
        membership = each.memberships.select_related("organisation").get()
        listed = set(sight.conversations(membership).values_list("pk", flat=True))
        assert listed == {number for number, seen in heard.items() if seen.allows(each.pk, sight.teams_of(membership))}
        assert 0 < len(listed) < len(heard)


def test_another_house_has_no_sight_of_ours(write: Write, neighbour: Organisation) -> None:
    assert sight.sights(neighbour, [write("Hallo").conversation.pk]) == {}
