"""For a closed window goes the template that was chosen, as the provider's list stores it, in the person's language."""

from __future__ import annotations

import pytest
from django.utils import timezone

from buergerdraht.broadcasts import content, ledger, sending
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Template, to_json
from buergerdraht.contacts.models import Address
from buergerdraht.gateway.models import Channel, MessageTemplate, Outbound


def keep(channel: Channel, language: str, status: str) -> None:
    template = Template(
        external_id=language, name="neuigkeiten", language=language, category="marketing", status=status, body="Neu: {{1}}", variables=["1"]
    )
    MessageTemplate.objects.create(
        channel=channel, name=template.name, language=language, category="marketing", status=status, template=to_json(template),
        synced_at=timezone.now(),
    )  # fmt: skip


def choose(broadcast: Broadcast, channel: Channel) -> None:
    broadcast.templates = {str(channel.pk): {"name": "neuigkeiten", "language": "de", "body": {"1": {"from": "fixed", "value": "Markt"}}}}
    broadcast.save(update_fields=["templates"])


@pytest.mark.parametrize("status", ["approved", "APPROVED"])
def test_an_approved_template_goes_outside_the_window(released: Broadcast, people: list[Address], whatsapp: Channel, status: str) -> None:
    keep(whatsapp, "de", status)
    choose(released, whatsapp)
    Address.objects.filter(channel=whatsapp).update(last_inbound_at=None)
    sending.round_of_all()
    sent = Outbound.objects.filter(batch=released.pk, channel=whatsapp).select_related("content")
    assert sent
    assert all(each.content.content["template"]["body"] == {"1": "Markt"} for each in sent)
    assert not ledger.count(released).total.reasons


def test_a_template_that_is_not_approved_is_no_template(released: Broadcast, people: list[Address], whatsapp: Channel) -> None:
    keep(whatsapp, "de", "pending")
    choose(released, whatsapp)
    assert content.template(released, whatsapp, "de") is None
