"""Whoever was not reached is tried on their next way, once; nobody gets a newsletter twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import actions, ledger, relaying, sending
from buergerdraht.broadcasts.models import Broadcast, Recipient
from buergerdraht.broadcasts.tests.conftest import person
from buergerdraht.connectors.contract import Content, Sender, to_json
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address, Contact, Relay, Topic, Way
from buergerdraht.gateway.models import Batch, Channel, Outbound

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(telegram: Channel, whatsapp: Channel, topic: Topic) -> Address:
    """Somebody who subscribed on WhatsApp and is known on Telegram, too."""
    address = person(whatsapp, topic, 1)
    reserve(address, telegram)
    return address


def reserve(address: Address, channel: Channel) -> Address:
    other = contacts.meet(channel, Sender(address=f"r{address.pk}"), timezone.now())
    contacts.absorb(address.contact, other.contact)
    return Address.objects.get(pk=other.pk)


def sent(town: Organisation, topic: Topic, **more: Any) -> Broadcast:
    """Send a broadcast as far as the queue."""
    broadcast = Broadcast.objects.create(
        organisation=town, title="Straße gesperrt", state="approved", versions={"de": to_json(Content(text="Gesperrt."))},
        audience={"topics": [topic.pk]}, **more,
    )  # fmt: skip
    sending.start(broadcast)
    broadcast.refresh_from_db()
    while sending.queue_piece(broadcast):
        pass
    return broadcast


def ended(state: str, reason: str = "", **more: Any) -> None:
    Outbound.objects.filter(state="queued").update(state=state, reason=reason, **more)


def ways(broadcast: Broadcast) -> list[str]:
    """Where letters of it went, in order."""
    return list(Outbound.objects.filter(batch=broadcast.pk).order_by("pk").values_list("channel__kind", flat=True))


def test_what_surely_failed_goes_on_by_the_next_way(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic)
    ended("failed", "not_reachable")
    assert relaying.look() == 1
    assert ways(broadcast) == ["whatsapp", "telegram"]
    assert relaying.look() == 0
    found = Recipient.objects.get(broadcast=broadcast)
    assert (found.channel.kind, found.outbound.state) == ("telegram", "queued")
    assert ledger.count(broadcast).total.total == 1
    assert ledger.count(broadcast).total.other_way == 1
    assert Relay.objects.get().reason == "not_reachable"


@pytest.mark.parametrize("reason", ["push_refused", "identity_changed", "key_changed", "unknown"])
def test_what_a_way_refuses_for_reasons_of_its_own_goes_on(town: Organisation, topic: Topic, both: Address, reason: str) -> None:
    sent(town, topic)
    ended("failed", reason)
    assert relaying.look() == 1


@pytest.mark.parametrize("reason", ["opted_out", "stopped", "cancelled", "barred", "paused", "expired"])
def test_who_said_no_is_not_asked_elsewhere(town: Organisation, topic: Topic, both: Address, reason: str) -> None:
    sent(town, topic, urgent=True)
    ended("failed", reason)
    assert relaying.look() == 0


def test_a_block_ends_newsletters_but_not_warnings(town: Organisation, topic: Topic, both: Address) -> None:
    sent(town, topic)
    ended("failed", "blocked")
    assert relaying.look() == 0
    warning = sent(town, topic, urgent=True)
    ended("failed", "blocked")
    assert relaying.look() == 1
    assert ways(warning) == ["whatsapp", "telegram"]


def test_silence_counts_only_for_what_is_urgent_and_after_patience(town: Organisation, topic: Topic, both: Address) -> None:
    sent(town, topic)
    ended("accepted", accepted_at=timezone.now() - timedelta(hours=1), receipt="sent")
    assert relaying.look() == 0
    sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(minutes=9))
    assert relaying.look() == 0
    assert relaying.look(timezone.now() + timedelta(minutes=2)) == 1


@pytest.mark.parametrize("receipt", ["delivered", "read"])
def test_what_arrived_goes_nowhere_else(town: Organisation, topic: Topic, both: Address, receipt: str) -> None:
    sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(hours=1), receipt=receipt)
    assert relaying.look() == 0


def test_a_messenger_without_receipts_is_believed(town: Organisation, topic: Topic, telegram: Channel, whatsapp: Channel) -> None:
    reserve(person(telegram, topic, 1), whatsapp)
    sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(hours=1))
    assert relaying.look() == 0


def test_a_channel_that_stands_still_holds_no_warning(town: Organisation, topic: Topic, both: Address, whatsapp: Channel) -> None:
    warning = sent(town, topic, urgent=True)
    Channel.objects.filter(pk=whatsapp.pk).update(state="broken")
    assert relaying.look() == 0
    assert relaying.look(timezone.now() + timedelta(minutes=3)) == 1
    states = dict(Outbound.objects.filter(batch=warning.pk).values_list("channel__kind", "state"))
    assert states == {"whatsapp": "cancelled", "telegram": "queued"}


def test_what_is_being_sent_in_this_moment_is_left(town: Organisation, topic: Topic, both: Address, whatsapp: Channel) -> None:
    sent(town, topic, urgent=True)
    ended("sending")
    Channel.objects.filter(pk=whatsapp.pk).update(state="broken")
    assert relaying.look(timezone.now() + timedelta(hours=1)) == 0


def test_only_chosen_ways_in_the_chosen_order(town: Organisation, topic: Topic, both: Address, telegram: Channel) -> None:
    second = Channel.objects.create(organisation=town, kind="telegram", name="Zweiter", config="{}", state="running")
    other = reserve(both, second)
    Way.objects.create(contact=both.contact, kind="alert", position=0, address=both)
    Way.objects.create(contact=both.contact, kind="alert", position=1, address=other)
    warning = sent(town, topic, urgent=True)
    ended("failed", "not_reachable")
    assert relaying.look() == 1
    assert Outbound.objects.filter(batch=warning.pk, state="queued").get().channel_id == second.pk
    ended("failed", "not_reachable")
    assert relaying.look() == 0  # the first Telegram was not chosen


def test_the_chain_ends_where_nobody_is_left(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic)
    for _way in range(3):
        ended("failed", "not_reachable")
        relaying.look()
    assert ways(broadcast) == ["whatsapp", "telegram"]
    assert ledger.count(broadcast).total.steps["failed"] == 1


def test_somebody_elses_way_is_never_taken(town: Organisation, topic: Topic, whatsapp: Channel, telegram: Channel) -> None:
    person(whatsapp, topic, 1)
    person(telegram, topic, 2)
    broadcast = sent(town, topic)
    Outbound.objects.filter(channel=whatsapp).update(state="failed", reason="not_reachable")
    assert relaying.look() == 0
    assert len(ways(broadcast)) == 2


def test_a_large_newsletter_is_looked_at_every_quarter_of_an_hour(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic)
    Broadcast.objects.filter(pk=broadcast.pk).update(size=ledger.LIVE + 1)
    now = timezone.now()
    assert relaying.look(now) == 0
    ended("failed", "not_reachable")
    assert relaying.look(now + timedelta(minutes=14)) == 0
    assert relaying.look(now + timedelta(minutes=15)) == 1


def test_an_urgent_one_is_looked_at_every_minute_in_its_first_hour(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic, urgent=True)
    ended("failed", "not_reachable")
    now = timezone.now()
    Broadcast.objects.filter(pk=broadcast.pk).update(looked_at=now, looked_for=5.0)
    assert relaying.look(now + timedelta(seconds=59)) == 0
    assert relaying.look(now + timedelta(seconds=60)) == 1


def test_later_looks_never_take_more_than_a_fortieth_of_the_time(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic, urgent=True)
    ended("failed", "not_reachable")
    now = timezone.now() + timedelta(hours=2)
    Broadcast.objects.filter(pk=broadcast.pk).update(looked_at=now, looked_for=3.0)
    assert relaying.look(now + timedelta(seconds=119)) == 0
    assert relaying.look(now + timedelta(seconds=120)) == 1
    broadcast.refresh_from_db()
    assert broadcast.looked_at == now + timedelta(seconds=120)
    assert 0 < broadcast.looked_for < 3


def test_many_are_sent_on_in_pieces(
    town: Organisation, topic: Topic, telegram: Channel, whatsapp: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "PIECE", 2)
    for number in range(5):
        reserve(person(whatsapp, topic, number), telegram)
    broadcast = sent(town, topic)
    ended("failed", "not_reachable")
    assert relaying.look() == 5
    assert sorted(ways(broadcast)) == ["telegram"] * 5 + ["whatsapp"] * 5


def test_the_organisation_says_how_long_it_waits(town: Organisation, topic: Topic, both: Address) -> None:
    Organisation.objects.filter(pk=town.pk).update(patience=30)
    sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(minutes=29))
    assert relaying.look() == 0
    assert relaying.look(timezone.now() + timedelta(minutes=2)) == 1


# ── Where the first letter goes, and what the figures say ─────────────────


def test_what_is_urgent_begins_with_the_first_chosen_way(town: Organisation, topic: Topic, both: Address) -> None:
    other = both.contact.addresses.exclude(pk=both.pk).get()
    for place, each in enumerate([other, both]):
        Way.objects.create(contact=both.contact, kind="alert", position=place, address=each)
    warning, newsletter = sent(town, topic, urgent=True), sent(town, topic)
    assert (ways(warning), ways(newsletter)) == (["telegram"], ["whatsapp"])
    Outbound.objects.filter(batch=warning.pk).update(state="failed", reason="not_reachable")
    assert relaying.look() == 1
    assert ways(warning) == ["telegram", "whatsapp"]


def test_a_channel_that_stands_still_is_not_the_first_to_be_tried(
    town: Organisation, topic: Topic, both: Address, whatsapp: Channel
) -> None:
    Channel.objects.filter(pk=whatsapp.pk).update(state="broken")
    assert ways(sent(town, topic, urgent=True)) == ["telegram"]


def test_who_blocked_us_where_they_subscribed_is_warned_elsewhere(town: Organisation, topic: Topic, both: Address) -> None:
    Address.objects.filter(pk=both.pk).update(state="gone")
    assert ways(sent(town, topic)) == []
    assert ways(sent(town, topic, urgent=True)) == ["telegram"]


def test_a_warning_goes_to_nobody_who_did_not_ask_and_to_each_once(
    town: Organisation, topic: Topic, both: Address, telegram: Channel, whatsapp: Channel
) -> None:
    person(telegram, topic, 7)
    contacts.meet(whatsapp, Sender(address="stranger"), timezone.now())
    Address.objects.filter(contact__addresses=person(whatsapp, topic, 8)).update(state="blocked")
    assert sorted(ways(sent(town, topic, urgent=True))) == ["telegram", "whatsapp"]


def test_an_audience_of_certain_channels_stays_there(town: Organisation, topic: Topic, both: Address, whatsapp: Channel) -> None:
    other = both.contact.addresses.exclude(pk=both.pk).get()
    Way.objects.create(contact=both.contact, kind="alert", position=0, address=other)
    audience = {"topics": [topic.pk], "channels": [whatsapp.pk]}
    warning = Broadcast.objects.create(
        organisation=town, title="Alarm", state="approved", versions={"de": to_json(Content(text="Alarm."))}, audience=audience, urgent=True
    )
    sending.start(warning)
    assert list(warning.pieces.values_list("channel__kind", flat=True)) == ["whatsapp"]


def test_a_place_that_everybody_reads_is_no_way(town: Organisation, topic: Topic, whatsapp: Channel) -> None:
    public = Channel.objects.create(organisation=town, kind="mastodon", name="Stadt", config="{}", state="running")
    reserve(person(whatsapp, topic, 1), public)
    broadcast = sent(town, topic, urgent=True)
    ended("failed", "not_reachable")
    assert relaying.look() == 0
    assert ways(broadcast) == ["whatsapp"]


def test_the_figures_say_who_was_reached_another_way_and_the_sums_stay_right(
    town: Organisation, topic: Topic, both: Address, telegram: Channel, whatsapp: Channel
) -> None:
    person(whatsapp, topic, 2)
    broadcast = sent(town, topic)
    mine = Outbound.objects.filter(batch=broadcast.pk, address_hash=both.address_hash)
    mine.update(state="failed", reason="not_reachable")
    assert relaying.look() == 1
    counted = ledger.count(broadcast)
    assert (counted.total.total, counted.total.other_way, counted.total.reached_other_way) == (2, 1, 0)
    assert {number: sums.other_way for number, sums in counted.channels.items()} == {telegram.pk: 1, whatsapp.pk: 0}
    ended("accepted", accepted_at=timezone.now())
    ledger.refresh(broadcast)
    Broadcast.objects.filter(pk=broadcast.pk).update(size=ledger.LIVE + 1)
    broadcast.refresh_from_db()
    kept = ledger.figures(broadcast)
    assert (kept.total.total, kept.total.other_way, kept.total.reached_other_way) == (2, 1, 1)
    found = Recipient.objects.get(broadcast=broadcast, relays=1)
    assert [(each.channel.kind, each.reason) for each in relaying.before(broadcast, [found.pk])[found.pk]] == [
        ("whatsapp", "not_reachable")
    ]


def test_figures_kept_before_knew_nothing_of_other_ways(town: Organisation, topic: Topic, both: Address) -> None:
    broadcast = sent(town, topic)
    ledger.refresh(broadcast)
    broadcast.refresh_from_db()
    broadcast.figures["rows"] = [row[:4] for row in broadcast.figures["rows"]]
    broadcast.size = ledger.LIVE + 1
    assert (ledger.figures(broadcast).total.total, ledger.figures(broadcast).total.other_way) == (1, 0)


@pytest.mark.parametrize("second", [("failed", "not_reachable"), ("queued", "")])
def test_what_arrives_late_counts_and_the_second_letter_is_taken_back(
    town: Organisation, topic: Topic, both: Address, second: tuple[str, str]
) -> None:
    warning = sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(minutes=11))
    assert relaying.look() == 1
    first, other = Outbound.objects.filter(batch=warning.pk).order_by("pk")
    Outbound.objects.filter(pk=other.pk).update(state=second[0], reason=second[1])
    Outbound.objects.filter(pk=first.pk).update(receipt="delivered", delivered_at=timezone.now())
    assert relaying.look(timezone.now() + timedelta(minutes=1)) == 0
    found = Recipient.objects.get(broadcast=warning)
    assert (found.channel.kind, found.outbound_id, found.relays) == ("whatsapp", first.pk, 0)
    counted = ledger.count(warning).total
    assert (counted.total, counted.delivered, counted.other_way) == (1, 1, 0)
    other.refresh_from_db()
    assert other.state == ("cancelled" if second[0] == "queued" else "failed")


def test_a_second_letter_that_is_under_way_is_left_to_arrive(town: Organisation, topic: Topic, both: Address) -> None:
    warning = sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(minutes=11))
    relaying.look()
    ended("sending")
    Outbound.objects.filter(batch=warning.pk, state="accepted").update(receipt="delivered")
    relaying.look(timezone.now() + timedelta(minutes=1))
    assert Recipient.objects.get(broadcast=warning).channel.kind == "telegram"


# ── Nothing is given up for a way that cannot be taken ────────────────────


def silent(topic: Topic, telegram: Channel, whatsapp: Channel) -> Address:
    """Somebody on Telegram, whose window on WhatsApp is long closed: there is no template."""
    address = person(telegram, topic, 1)
    Address.objects.filter(pk=reserve(address, whatsapp).pk).update(last_inbound_at=timezone.now() - timedelta(days=3))
    return address


def test_a_warning_waits_where_it_is_if_no_other_way_may_be_taken(
    town: Organisation, topic: Topic, telegram: Channel, whatsapp: Channel
) -> None:
    silent(topic, telegram, whatsapp)
    warning = sent(town, topic, urgent=True)
    Channel.objects.filter(pk=telegram.pk).update(state="paused")
    assert relaying.look(timezone.now() + timedelta(minutes=3)) == 0
    assert Outbound.objects.get(batch=warning.pk).state == "queued"
    assert not Relay.objects.exists()


def test_what_was_accepted_stays_so_where_the_next_way_may_not_be_taken(
    town: Organisation, topic: Topic, telegram: Channel, whatsapp: Channel
) -> None:
    address = person(whatsapp, topic, 1)
    messenger = Channel.objects.create(organisation=town, kind="messenger", name="Seite", config="{}", state="running")
    Address.objects.filter(pk=reserve(address, messenger).pk).update(last_inbound_at=timezone.now() - timedelta(days=3))
    warning = sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now() - timedelta(hours=1))
    assert relaying.look() == 0
    assert dict(ledger.count(warning).total.steps) == {"accepted": 1}


@pytest.mark.parametrize("refused", [{"no_newsletter": True}, {"last_inbound_at": None}])
def test_a_way_that_is_refused_does_not_end_the_chain(
    town: Organisation, topic: Topic, both: Address, telegram: Channel, refused: dict[str, Any]
) -> None:
    second = Channel.objects.create(organisation=town, kind="messenger", name="Seite", config="{}", state="running")
    Address.objects.filter(pk=reserve(both, second).pk).update(**refused)
    Way.objects.bulk_create(
        Way(contact=both.contact, kind="alert", position=place, address=each)
        for place, each in enumerate([both, *both.contact.addresses.exclude(pk=both.pk).order_by("-channel__kind")])
    )
    Address.objects.filter(channel=telegram).update(**({"no_newsletter": True} if "no_newsletter" in refused else {}))
    third = Channel.objects.create(organisation=town, kind="telegram", name="Dritter", config="{}", state="running")
    Way.objects.create(contact=both.contact, kind="alert", position=9, address=reserve(both, third))
    warning = sent(town, topic, urgent=True)
    Channel.objects.filter(pk=telegram.pk).update(state="broken")
    ended("failed", "not_reachable")
    assert relaying.look() == 1
    assert Outbound.objects.get(batch=warning.pk, state="queued").channel_id == third.pk


def test_a_way_lost_between_the_two_questions_gives_nothing_up(
    town: Organisation, topic: Topic, telegram: Channel, whatsapp: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(topic, telegram, whatsapp)
    warning = sent(town, topic, urgent=True)
    Channel.objects.filter(pk=telegram.pk).update(state="paused")
    monkeypatch.setattr(relaying.outreach, "refusals", lambda selection: [""])
    assert relaying.look(timezone.now() + timedelta(minutes=3)) == 0
    assert Outbound.objects.get(batch=warning.pk).state == "queued"
    assert not Relay.objects.exists()


def test_nothing_goes_on_after_a_broadcast_was_stopped(town: Organisation, topic: Topic, both: Address, editor: Operator) -> None:
    warning = sent(town, topic, urgent=True)
    ended("failed", "not_reachable")
    seen = Broadcast.objects.select_related("organisation").get(pk=warning.pk)  # as a look at it holds it
    actions.stop(warning, operator=editor)
    sending.round_of_all()
    assert relaying._all_of(seen, timezone.now()) == 0
    assert ways(warning) == ["whatsapp"]
    assert Batch.objects.get(pk=warning.pk).state == "done"


def test_what_is_unclear_and_urgent_goes_on_and_need_not_be_decided(town: Organisation, topic: Topic, both: Address) -> None:
    sent(town, topic)
    ended("unclear", "unclear")
    assert relaying.look() == 0
    warning = sent(town, topic, urgent=True)
    ended("unclear", "unclear")
    assert relaying.look() == 1
    assert list(Outbound.objects.filter(batch=warning.pk).order_by("pk").values_list("state", flat=True)) == ["accepted", "queued"]


@pytest.mark.parametrize(("state", "minutes"), [("broken", 3), ("running", 11)])
def test_what_was_tried_in_vain_goes_on_too(
    town: Organisation, topic: Topic, both: Address, whatsapp: Channel, state: str, minutes: int
) -> None:
    warning = sent(town, topic, urgent=True)
    Outbound.objects.filter(batch=warning.pk).update(tries=1)
    Channel.objects.filter(pk=whatsapp.pk).update(state=state)
    assert relaying.look(timezone.now() + timedelta(minutes=1)) == 0
    assert relaying.look(timezone.now() + timedelta(minutes=minutes)) == 1
    states = dict(Outbound.objects.filter(batch=warning.pk).values_list("channel__kind", "state"))
    assert states == {"whatsapp": "cancelled", "telegram": "queued"}


def test_of_what_left_in_part_nothing_is_sent_again(town: Organisation, topic: Topic, both: Address, whatsapp: Channel) -> None:
    warning = sent(town, topic, urgent=True)
    Outbound.objects.filter(batch=warning.pk).update(tries=1, parts_done=1)
    Channel.objects.filter(pk=whatsapp.pk).update(state="broken")
    assert relaying.look(timezone.now() + timedelta(hours=1)) == 0


def test_what_is_urgent_goes_before_a_newsletter_that_is_under_way(
    town: Organisation, topic: Topic, telegram: Channel, both: Address
) -> None:
    """Law 8: also where it goes on by another way. Answers, an emergency's among them, still go first."""
    reader = person(telegram, topic, 7)
    newsletter, warning = sent(town, topic), sent(town, topic, urgent=True)
    Outbound.objects.filter(batch=warning.pk, channel=both.channel).update(state="failed", reason="not_reachable")
    assert relaying.look() == 1
    outreach.send(reader, Content(text="Rufen Sie die 112."), purpose="service")
    on_telegram = Outbound.objects.filter(channel=telegram, state="queued").order_by("priority", "pk")
    assert list(on_telegram.values_list("batch", flat=True)) == [None, warning.pk, warning.pk, newsletter.pk]


# ── Doubled only where it was wished ──────────────────────────────────────


def test_who_wished_it_gets_what_is_urgent_once_on_each_way(
    town: Organisation, topic: Topic, both: Address, telegram: Channel, whatsapp: Channel
) -> None:
    third = Channel.objects.create(organisation=town, kind="sms", name="SMS", config="{}", state="running")
    reserve(both, third)
    reserve(person(whatsapp, topic, 2), telegram)  # somebody who did not
    Contact.objects.filter(pk=both.contact_id).update(everywhere=True)
    warning, newsletter = sent(town, topic, urgent=True), sent(town, topic)
    ended("accepted", accepted_at=timezone.now(), receipt="read")
    assert relaying.look() == 1
    ended("accepted", accepted_at=timezone.now())
    for minute in range(1, 5):
        relaying.look(timezone.now() + timedelta(minutes=minute))
        ended("accepted", accepted_at=timezone.now())
    assert sorted(ways(warning)) == ["sms", "telegram", "whatsapp", "whatsapp"]
    assert sorted(ways(newsletter)) == ["whatsapp", "whatsapp"]
    assert dict(ledger.count(warning).total.steps) == {"read": 2}  # one row each, standing where they read it


def test_all_ways_means_the_chosen_ones_and_none_that_refuses(town: Organisation, topic: Topic, both: Address, telegram: Channel) -> None:
    Contact.objects.filter(pk=both.contact_id).update(everywhere=True)
    Way.objects.create(contact=both.contact, kind="alert", position=0, address=both)
    warning = sent(town, topic, urgent=True)
    ended("accepted", accepted_at=timezone.now())
    assert relaying.look() == 0
    Way.objects.all().delete()
    contacts.stop(both.contact, evidence="m9", channel=telegram)
    assert relaying.look(timezone.now() + timedelta(minutes=1)) == 0
    assert ways(warning) == ["whatsapp"]
