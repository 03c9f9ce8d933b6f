"""What a person types may go out for longer than what a program says, where the provider grants it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender
from buergerdraht.connectors.messenger.config import MessengerConfig
from buergerdraht.contacts import actions, outreach
from buergerdraht.contacts.models import Address
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound

DAY = timedelta(days=1)


def written(organisation: Organisation, ago: timedelta, *, granted: bool = True, kind: str = "messenger") -> Address:
    """Somebody who wrote so long ago."""
    values = {"page_id": "111222333", "access_token": "ein-token", "app_secret": "wort", "human_agent": granted}
    config = channels.sealed(MessengerConfig.model_validate(values))
    channel = Channel.objects.create(organisation=organisation, kind=kind, name="Kanal", config=config, token=f"{kind}{granted}")
    return actions.meet(channel, Sender(address="7300000000000011"), timezone.now() - ago)


@pytest.mark.django_db
def test_a_typed_answer_goes_out_for_seven_days_and_a_programs_for_one(town: Organisation) -> None:
    address = written(town, 2 * DAY)
    assert not outreach.window(address).open
    assert outreach.window(address, by_person=True).open
    with pytest.raises(outreach.Refused, match="window_closed"):
        outreach.send(address, Content(text="von selbst"), purpose="service")
    outreach.send(address, Content(text="von Hand", by_person=True), purpose="reply")
    assert Outbound.objects.get().content.content["by_person"] is True
    Address.objects.update(last_inbound_at=timezone.now() - 8 * DAY)
    address.refresh_from_db()
    with pytest.raises(outreach.Refused, match="window_closed"):
        outreach.send(address, Content(text="zu spät", by_person=True), purpose="reply")


@pytest.mark.django_db
def test_a_failed_answer_may_be_sent_again_as_long(town: Organisation) -> None:
    address = written(town, 2 * DAY)
    letter = outreach.send(address, Content(text="von Hand", by_person=True), purpose="reply")
    Outbound.objects.filter(pk=letter.pk).update(state="failed")
    letter.refresh_from_db()
    outreach.retry(letter)
    Outbound.objects.filter(pk=letter.pk).update(state="failed")
    Address.objects.update(last_inbound_at=timezone.now() - 8 * DAY)
    letter.refresh_from_db()
    with pytest.raises(outreach.Refused, match="window_closed"):
        outreach.retry(letter)


@pytest.mark.django_db
def test_nobody_has_it_before_the_provider_granted_it(town: Organisation) -> None:
    assert not outreach.window(written(town, 2 * DAY, granted=False), by_person=True).open
    assert not outreach.window(written(town, 2 * DAY, kind="whatsapp"), by_person=True).open
