"""What has been kept long enough goes, and only that; every run leaves a line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.forms import RETENTION
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Consent, Contact, Subscription, Topic
from buergerdraht.conversations import care, recording
from buergerdraht.conversations.models import Conversation, Draft, Message, Notice
from buergerdraht.gateway import files
from buergerdraht.gateway.models import InboundEvent, Media, Outbound
from buergerdraht.privacy import retention
from buergerdraht.privacy.models import Erasure, RetentionRun
from buergerdraht.privacy.tests.conftest import Citizen, message

pytestmark = pytest.mark.django_db


def test_nothing_young_goes(citizen: Citizen) -> None:
    before = (Message.objects.count(), Outbound.objects.count(), InboundEvent.objects.count(), Media.objects.count())
    run = retention.run(citizen.town)
    assert run.counts == {}
    assert (Message.objects.count(), Outbound.objects.count(), InboundEvent.objects.count(), Media.objects.count()) == before


def test_a_year_later_only_the_subscriber_is_left(citizen: Citizen) -> None:
    run = retention.run(citizen.town, timezone.now() + timedelta(days=366))
    assert not Message.objects.exists()
    assert not InboundEvent.objects.exists()
    assert Contact.objects.count() == 1
    assert Outbound.objects.get().address == ""
    assert {"messages", "deliveries", "events"} <= set(run.counts)
    assert RetentionRun.objects.count() == 1


def test_the_organisation_decides_but_never_for_ever(town_like: Organisation) -> None:
    each = next(each for each in retention.CLASSES if each.key == "messages")
    for value, days in ((30, 30), (0, 365), ("x", 365), (True, 365), (99999, 365)):
        town_like.retention = {"messages": value}
        assert retention.days(town_like, each) == days


def test_unconfirmed_wishes_lapse_and_silent_strangers_are_erased(citizen: Citizen) -> None:
    topic = Topic.objects.get()
    stranger = actions.meet(citizen.channel, Sender(address="DE.2"), timezone.now())
    actions.subscribe(stranger.contact, [topic], stranger, Proof(channel=citizen.channel, evidence="e"))
    retention.run(citizen.town, timezone.now() + timedelta(days=4))
    assert Subscription.objects.count() == 1
    assert Consent.objects.filter(act="withdraw").count() == 1
    retention.run(citizen.town, timezone.now() + timedelta(days=400))
    assert Contact.objects.count() == 1
    assert Erasure.objects.get().wish == "retention"


@pytest.fixture
def town_like() -> Organisation:
    return Organisation(slug="x", name="X", languages=["de"])


def test_what_is_sensitive_goes_after_a_month_and_the_message_stays(citizen: Citizen) -> None:
    said = recording.record(message(citizen.channel, "9", "Meine IBAN ist DE89 3704 0044 0532 0130 00, danke"))
    said.media.add(files.store(citizen.town, b"%PDF-1.4 geheim", "kontoauszug.pdf"))
    recording.record(message(citizen.channel, "9", "Nur eine Frage"))
    before = timezone.now() + timedelta(days=29)
    assert "sensitive" not in retention.run(citizen.town, before).counts
    run = retention.run(citizen.town, timezone.now() + timedelta(days=31))
    assert run.counts["sensitive"] == 1
    said.refresh_from_db()
    assert (said.text, said.flags) == (f"Meine IBAN ist {care.HIDDEN}, danke", ["iban"])
    assert (said.media.get().state, said.media.get().file_name) == ("deleted", "")
    assert Message.objects.filter(text="Nur eine Frage").exists()
    assert "sensitive" not in retention.run(citizen.town, timezone.now() + timedelta(days=31)).counts


def test_an_earlier_wording_goes_with_it(citizen: Citizen) -> None:
    said = recording.record(message(citizen.channel, "8", "DE89370400440532013000"))
    said.data["earlier"] = [{"text": "DE89370400440532013000", "at": said.at.isoformat()}]
    said.save()
    retention.run(citizen.town, timezone.now() + timedelta(days=31))
    said.refresh_from_db()
    assert "DE89" not in str(said.data) + said.text


def test_drafts_and_notices_do_not_outlive_their_time(citizen: Citizen) -> None:
    thread = Conversation.objects.get()
    Draft.objects.create(conversation=thread, operator=citizen.operator, text="Liebe Frau Zwetschgenmus")
    Notice.objects.create(organisation=citizen.town, operator=citizen.operator, conversation=thread, kind="assigned")
    retention.run(citizen.town, timezone.now() + timedelta(days=31))
    assert not Notice.objects.exists()
    assert Draft.objects.exists()
    retention.run(citizen.town, timezone.now() + timedelta(days=364))
    assert Draft.objects.exists()
    Draft.objects.update(at=timezone.now() - timedelta(days=366))
    retention.run(citizen.town)
    assert not Draft.objects.exists()


def test_the_settings_offer_every_class_with_its_days() -> None:
    assert {each.key: each.days for each in retention.CLASSES} == {key: days for key, (_title, days) in RETENTION.items()}
