"""Two records become one while a warning is under way: whoever was reached is not tried again, and whoever was not still is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import ledger, relaying, sending
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.broadcasts.tests.conftest import person
from buergerdraht.connectors.contract import Content, Sender, to_json
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import records
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(town: Organisation) -> Channel:
    return Channel.objects.create(organisation=town, kind="telegram", name="Zweiter", config="{}", state="running")


@pytest.fixture
def mine(telegram: Channel, topic: Topic) -> Address:
    return person(telegram, topic, 1)


@pytest.fixture
def theirs(whatsapp: Channel, second: Channel, topic: Topic) -> Address:
    """Who is known on a second way, too."""
    address = person(whatsapp, topic, 2)
    contacts.absorb(address.contact, contacts.meet(second, Sender(address="r2"), timezone.now()).contact)
    return address


@pytest.fixture
def warning(town: Organisation, topic: Topic, mine: Address, theirs: Address) -> Broadcast:
    broadcast = Broadcast.objects.create(
        organisation=town, title="Rauch", state="approved", versions={"de": to_json(Content(text="Fenster schließen."))},
        audience={"topics": [topic.pk]}, urgent=True,
    )  # fmt: skip
    sending.start(broadcast)
    while sending.queue_piece(broadcast):
        pass
    return broadcast


def stands(address: Address, state: str, reason: str = "", **more: Any) -> None:
    letters = Outbound.objects.filter(channel=address.channel, batch__isnull=False)
    letters.update(state=state, reason=reason, accepted_at=timezone.now(), **more)


def join(mine: Address, theirs: Address) -> Contact:
    contacts.absorb(Contact.objects.get(pk=mine.contact_id), Contact.objects.get(pk=theirs.contact_id))
    return Contact.objects.get(pk=mine.contact_id)


def ways(warning: Broadcast) -> list[str]:
    return list(Outbound.objects.filter(batch=warning.pk).order_by("pk").values_list("channel__name", flat=True))


def test_whoever_was_reached_on_neither_way_is_tried_on_the_third(
    warning: Broadcast, mine: Address, theirs: Address, second: Channel
) -> None:
    stands(mine, "failed", "opted_out")
    stands(theirs, "failed", "not_reachable")
    sent = ways(warning)
    person = join(mine, theirs)
    assert relaying.look() == 1
    assert ways(warning) == [*sent, second.name]
    assert Recipient.objects.get(broadcast=warning, contact=person).channel == second
    assert Recipient.objects.filter(broadcast=warning).count() == 2


def test_whoever_was_reached_as_the_other_record_is_not_tried_again(warning: Broadcast, mine: Address, theirs: Address) -> None:
    stands(mine, "failed", "not_reachable")
    stands(theirs, "accepted", receipt="delivered")
    person = join(mine, theirs)
    assert relaying.look() == 0
    assert Recipient.objects.get(broadcast=warning, contact=person).channel == theirs.channel


def test_where_it_failed_as_the_other_record_it_is_not_tried_again(warning: Broadcast, mine: Address, theirs: Address) -> None:
    stands(mine, "failed", "not_reachable")
    stands(theirs, "failed", "not_reachable")
    sent = ways(warning)
    join(mine, theirs)
    assert relaying.look() == 1
    assert ways(warning) == [*sent, "Zweiter"]
    Outbound.objects.filter(state="queued").update(state="failed", reason="not_reachable")
    assert relaying.look(timezone.now() + timedelta(minutes=30)) == 0


def test_what_arrives_late_counts_for_the_person(warning: Broadcast, mine: Address, theirs: Address) -> None:
    stands(mine, "queued")
    stands(theirs, "failed", "not_reachable")
    person = join(mine, theirs)
    stands(mine, "failed", "not_reachable")
    stands(theirs, "accepted", receipt="delivered")
    relaying.look()
    row = Recipient.objects.get(broadcast=warning, contact=person)
    assert (row.channel, row.relays) == (theirs.channel, 0)


# ── Joined after the audience was frozen, before the letters are made ─────


@pytest.fixture
def frozen(town: Organisation, topic: Topic, mine: Address, theirs: Address) -> Broadcast:
    """A warning whose audience stands, and of which nothing is queued yet."""
    broadcast = Broadcast.objects.create(
        organisation=town, title="Rauch", state="approved", versions={"de": to_json(Content(text="Fenster schließen."))},
        audience={"topics": [topic.pk]}, urgent=True,
    )  # fmt: skip
    sending.start(broadcast)
    return Broadcast.objects.get(pk=broadcast.pk)


def queue(broadcast: Broadcast) -> None:
    while sending.queue_piece(broadcast):
        pass


def test_whoever_became_another_record_is_followed_and_sent_on(
    frozen: Broadcast, town: Organisation, theirs: Address, second: Channel
) -> None:
    person = Contact.objects.create(organisation=town)
    contacts.absorb(person, Contact.objects.get(pk=theirs.contact_id))
    queue(frozen)
    assert Recipient.objects.get(broadcast=frozen, contact=person).channel == theirs.channel
    stands(theirs, "failed", "not_reachable")
    assert relaying.look() == 1
    assert Recipient.objects.get(broadcast=frozen, contact=person).channel == second


@pytest.mark.parametrize("before", [False, True])
def test_whoever_is_chosen_twice_as_one_person_gets_it_once(frozen: Broadcast, mine: Address, theirs: Address, before: bool) -> None:
    if before:  # one of the two is queued already
        assert sending.queue_piece(frozen, sending.Pace(people=1)) == 1
    person = join(mine, theirs)
    queue(frozen)
    assert len(ways(frozen)) == 1
    counted = ledger.count(frozen).total
    assert (counted.total, counted.steps["queued"], dict(counted.reasons)) == (2, 1, {"joined": 1})
    assert Recipient.objects.get(broadcast=frozen, contact=person).refused == ""
    stands(mine, "failed", "not_reachable")
    assert relaying.look() == 1  # the way that was left out is there for them


def test_two_who_became_a_third_get_it_once(frozen: Broadcast, town: Organisation, mine: Address, theirs: Address) -> None:
    person = Contact.objects.create(organisation=town)
    for each in (mine, theirs):
        contacts.absorb(person, Contact.objects.get(pk=each.contact_id))
    queue(frozen)
    assert len(ways(frozen)) == 1
    assert Recipient.objects.filter(broadcast=frozen, contact=person).count() == 1
    assert ledger.count(frozen).total.total == 2


def test_an_address_that_was_parted_off_takes_nobody_along(frozen: Broadcast, theirs: Address, second: Channel) -> None:
    operator = Operator.objects.create_user("amt@musterstadt.example", "geheim", name="Amt")
    records.part(theirs, operator=operator)
    queue(frozen)
    assert Recipient.objects.get(broadcast=frozen, channel=theirs.channel).contact is None
