"""A frequent word is found as a rare one is: the same conversations, the newest first, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.conversations import listing, searching
from buergerdraht.conversations.models import Conversation
from buergerdraht.conversations.tests.conftest import Write

WORDS = ["Der Ausweis ist abgelaufen", "Wann ist Markt?", "ausweise abholen", "Kein Ausweis da"]


@pytest.fixture
def talks(write: Write) -> list[int]:
    """Eight conversations in all states, the last the newest."""
    made = []
    now = timezone.now()
    for number in range(8):
        sender = Sender(address=f"70{number}", name=f"Person {number}" if number != 5 else "Karla Ausweis")
        conversation = write(WORDS[number % 4], sender=sender).conversation
        at = now - timedelta(hours=8 - number)
        Conversation.objects.filter(pk=conversation.pk).update(state=Conversation.State.values[number % 3], last_at=at)
        made.append(conversation.pk)
    return made


@pytest.fixture(params=[5_000, 1], ids=["gathered", "walked"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_GATHERED", request.param)


def _found(town: Organisation, andrea: Operator, query: str, offset: int = 0) -> tuple[list[int], bool]:
    membership = andrea.memberships.select_related("organisation").get(organisation=town)
    rows, more = listing.rows(membership, listing.Asked(query=query), offset, 4)
    return [row.conversation.pk for row in rows], more


@pytest.mark.usefixtures("_both_ways")
def test_words_and_names_are_found_newest_first_in_every_state(town: Organisation, andrea: Operator, talks: list[int]) -> None:
    expected = [talks[number] for number in (7, 6, 5, 4, 3, 2, 0)]  # 5 by its name alone
    assert _found(town, andrea, "Ausweis") == (expected[:4], True)
    assert _found(town, andrea, "Ausweis", 4) == (expected[4:], False)


@pytest.mark.usefixtures("_both_ways")
def test_every_word_must_be_said_in_one_message(town: Organisation, andrea: Operator, talks: list[int]) -> None:
    assert _found(town, andrea, "ausweis abgelaufen")[0] == [talks[4], talks[0]]


@pytest.mark.usefixtures("_both_ways")
def test_another_towns_messages_are_not_found(neighbour: Organisation, stranger: Operator, talks: list[int]) -> None:
    assert _found(neighbour, stranger, "Ausweis") == ([], False)
