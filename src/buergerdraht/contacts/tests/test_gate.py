"""A stop and a batch of newsletters that meet in the same moment: none slips past (law 9)."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.contacts.outreach import Words
from buergerdraht.contacts.tests.town import Answer, send_to
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db(transaction=True)


def _thread(verb: object) -> threading.Thread:
    def run() -> None:
        try:
            verb()  # type: ignore[operator]
        finally:
            connection.close()

    return threading.Thread(target=run)


@pytest.fixture
def reader(transactional_db: None) -> Address:
    town = Organisation.objects.create(slug="m", name="M", languages=["de"])
    channel = Channel.objects.create(organisation=town, kind="telegram", name="Bot", config="{}")
    topic = Topic.objects.create(organisation=town, key="t", title={"de": "T"})
    address = actions.meet(channel, Sender(address="1"), timezone.now())
    proof = Proof(channel=channel, evidence="e")
    actions.subscribe(address.contact, [topic], address, proof)
    actions.confirm(address.contact, address, proof)
    return address


def test_a_batch_begun_before_the_stop_is_taken_back(reader: Address) -> None:
    stored = outbox.store(reader.organisation, Content(text="x"))
    contact = Contact.objects.get()
    stop = _thread(lambda: actions.stop(contact, evidence="m", channel=reader.channel))
    with transaction.atomic():
        send_to([reader], [Words(reader.channel_id, "de", stored.id)])
        stop.start()
        stop.join(0.3)
        assert stop.is_alive()  # it waits for the batch, then takes it back
    stop.join(20)
    assert not stop.is_alive()
    assert Outbound.objects.get().state == "cancelled"


def test_a_batch_begun_during_the_stop_is_refused(reader: Address) -> None:
    stored = outbox.store(reader.organisation, Content(text="x"))
    found: list[Answer] = []
    batch = _thread(lambda: found.extend(send_to([reader], [Words(reader.channel_id, "de", stored.id)])))
    contact = Contact.objects.get()
    with transaction.atomic():
        actions.stop(contact, evidence="m", channel=reader.channel)
        batch.start()
        batch.join(0.3)
        assert batch.is_alive()
    batch.join(20)
    assert [answer.reason for answer in found] == ["stopped"]
    assert not Outbound.objects.exists()


def test_two_first_messages_at_once_make_one_person(reader: Address) -> None:
    threads = [_thread(lambda: actions.meet(reader.channel, Sender(address="neu", name="Neu"), timezone.now())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert Address.objects.count() == 2
    assert Contact.objects.count() == 2
