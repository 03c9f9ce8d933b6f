"""What the live stream says of threads: a row for whoever may see it, nothing to others, `gone` to those who could until now."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from buergerdraht.accounts.models import Membership, Operator, Organisation, Team
from buergerdraht.connectors.contract import MediaKind, Ref, Sender
from buergerdraht.conversations import confidential, holding, merging, telling
from buergerdraht.conversations.models import Conversation, Desk, Message
from buergerdraht.conversations.tests.conftest import Write, broadcast
from buergerdraht.gateway import live
from buergerdraht.gateway.hub import Hub, Listener, Said

Heard = list[tuple[str, dict[str, Any]]]


def said(town: Organisation, topic: str, only: frozenset[int] | None = None, **values: Any) -> Said:
    return Said(town.pk, topic, values, only)


def to(operator: Operator, town: Organisation, events: list[Said]) -> Heard:
    teams = frozenset(operator.memberships.get().teams.values_list("id", flat=True))
    ready = telling.prepare(town.pk, events, frozenset({"de", "en"}))
    return [(each.topic, {**each.values, **each.drawn.get("de", {})}) for each in ready if each.hears(operator.pk, teams)]


@pytest.mark.django_db
def test_a_row_is_drawn_in_the_listeners_language(town: Organisation, thread: Conversation, andrea: Operator) -> None:
    [(topic, values)] = to(andrea, town, [said(town, "conversation", conversation=thread.pk)] * 3)
    assert (topic, values["conversation"]) == ("conversation", thread.pk)
    assert f'id="u-{thread.pk}"' in values["row"]
    assert "Emine Yıldırım" in values["row"]


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow(town: Organisation, write: Write, django_assert_max_num_queries: Any) -> None:
    numbers = [write("Hallo", sender=Sender(address=f"5{number}")).conversation.pk for number in range(20)]
    with django_assert_max_num_queries(7):
        telling.prepare(town.pk, [said(town, "conversation", conversation=number) for number in numbers], frozenset({"de"}))


@pytest.mark.django_db
def test_nothing_of_a_confidential_thread_is_said_to_others(
    town: Organisation, write: Write, andrea: Operator, kemal: Operator, thread: Conversation
) -> None:
    message = write("Bild", kind="media", media=[Ref(kind=MediaKind.IMAGE, external_id="x")])
    outbound = broadcast(message.conversation.last_address)
    outbound.batch = None
    outbound.save()
    Message.objects.filter(pk=message.pk).update(outbound=outbound)
    Conversation.objects.filter(pk=thread.pk).update(confidential=True)
    thread.named.add(kemal)
    told = [
        said(town, "conversation", conversation=thread.pk), said(town, "message", conversation=thread.pk, message=message.pk),
        said(town, "receipt", outbound=outbound.pk), said(town, "draft", conversation=thread.pk),
        said(town, "presence", conversation=thread.pk), said(town, "message", media=str(message.media.get().pk)),
    ]  # fmt: skip
    assert to(andrea, town, told) == []
    assert len(to(kemal, town, told)) == 6
    assert to(andrea, town, [said(town, "receipt", outbound=outbound.pk + 1)]) == [("receipt", {"outbound": outbound.pk + 1})]


@pytest.mark.django_db
def test_a_file_that_arrived_names_its_message(town: Organisation, write: Write, andrea: Operator) -> None:
    message = write("Bild", kind="media", media=[Ref(kind=MediaKind.IMAGE, external_id="x")])
    file = str(message.media.get().pk)
    expected = {"media": file, "conversation": message.conversation_id, "message": message.pk}
    assert to(andrea, town, [said(town, "message", media=file)]) == [("message", expected)]


@pytest.mark.django_db
def test_a_thread_that_is_no_more_is_gone_for_everybody(town: Organisation, thread: Conversation, andrea: Operator) -> None:
    number = thread.pk
    thread.delete()
    assert to(andrea, town, [said(town, "conversation", conversation=number)]) == [("gone", {"conversation": number})]


# ── At the hub ────────────────────────────────────────────────────────────


def in_thread(work: Callable[[], object]) -> None:
    def whole() -> None:
        work()
        connection.close()

    thread = threading.Thread(target=whole)
    thread.start()
    thread.join()


def events(page: Listener) -> Heard:
    """What a page got, besides what every page gets."""
    found = []
    while not page.waiting.empty():
        for block in page.waiting.get_nowait().decode().strip().split("\n\n"):
            if block.startswith("event: "):
                topic, data = block.removeprefix("event: ").split("\ndata: ")
                found.append((topic, json.loads(data)))
    return [(topic, values) for topic, values in found if topic not in {"hello", "counts"}]


def hear(people: list[Membership], work: Callable[[], object]) -> list[Heard]:
    """Let pages listen while something is done; what each of them got."""
    pages = [Listener(each.organisation_id, each.operator_id, frozenset(team.pk for team in each.teams.all())) for each in people]

    async def story() -> None:
        hub = Hub()
        async with hub.join(pages[0]), hub.join(pages[1]):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(in_thread, work)
            await asyncio.sleep(0.8)
        await hub.close()

    asyncio.run(story())
    return [events(page) for page in pages]


@pytest.fixture
def both(andrea: Operator, kemal: Operator) -> list[Membership]:
    return [andrea.memberships.prefetch_related("teams").get(), kemal.memberships.prefetch_related("teams").get()]


@pytest.mark.django_db(transaction=True)
def test_a_thread_made_confidential_leaves_the_screens_of_others(both: list[Membership], thread: Conversation, kemal: Operator) -> None:
    andreas, kemals = hear(both, lambda: confidential.confide(thread, [], by=kemal))
    assert andreas == [("gone", {"conversation": thread.pk})]
    assert {topic for topic, _ in kemals} == {"conversation", "message"}
    again, _mine = hear(both, lambda: holding.note(thread, "Nur für uns", operator=kemal))
    assert again == []


@pytest.mark.django_db(transaction=True)
def test_a_thread_handed_to_another_team_leaves_the_screens_of_the_first(
    town: Organisation, andrea: Operator, kemal: Operator, thread: Conversation
) -> None:
    Desk.objects.create(organisation=town, teams_apart=True)
    first, other = (Team.objects.create(organisation=town, name=name) for name in ("Bürgeramt", "Presse"))
    andrea.memberships.get().teams.add(first)
    kemal.memberships.get().teams.add(other)
    both = [each.memberships.prefetch_related("teams").get() for each in (andrea, kemal)]
    Conversation.objects.filter(pk=thread.pk).update(team=first)
    andreas, kemals = hear(both, lambda: holding.assign(thread, by=andrea, team=other))
    assert andreas == [("gone", {"conversation": thread.pk})]
    assert ("conversation", thread.pk) in [(topic, values["conversation"]) for topic, values in kemals]
    assert not [values for _, values in kemals if "team_was" in values]


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_became_part_of_another_is_gone_from_every_screen(
    both: list[Membership], town: Organisation, write: Write, thread: Conversation, andrea: Operator
) -> None:
    other = write("Ich bin es auch", sender=Sender(address="4712", name="Emine Yıldırım")).conversation
    andreas, kemals = hear(both, lambda: merging.merge(thread, other, operator=andrea))
    for heard in (andreas, kemals):
        assert ("gone", {"conversation": other.pk}) in heard
        assert thread.pk in [values["conversation"] for topic, values in heard if topic == "conversation"]
        assert ("gone", {"conversation": thread.pk}) not in heard


@pytest.mark.django_db(transaction=True)
def test_notices_are_for_those_they_name(both: list[Membership], town: Organisation, kemal: Operator) -> None:
    andreas, kemals = hear(both, lambda: live.tell(town.pk, "notice", only=[kemal.pk], conversation=1))
    assert (andreas, kemals) == ([], [("notice", {"conversation": 1})])


@pytest.mark.django_db(transaction=True)
def test_whose_teams_change_hears_nothing_until_they_were_looked_up(
    both: list[Membership], town: Organisation, thread: Conversation
) -> None:
    def change() -> None:
        both[0].teams.add(Team.objects.create(organisation=town, name="Presse"))
        live.tell(town.pk, "conversation", conversation=thread.pk)

    andreas, kemals = hear(both, change)
    assert [topic for topic, _ in kemals] == ["conversation"]
    assert andreas == []
