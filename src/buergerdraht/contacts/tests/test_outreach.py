"""The one door out: who may be written to, when, and why not (law 10)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender, TemplateUse
from buergerdraht.contacts import actions, audience, outreach, rules
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, District, Subscription, Topic
from buergerdraht.contacts.outreach import Refused, Words, quiet_until
from buergerdraht.contacts.tests.town import send_to
from buergerdraht.gateway import channels, outbox
from buergerdraht.gateway.models import Channel, Outbound

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANSWERS = ("reply", "service")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "contact", "wish", "newsletter", "alert", "answer"),
    [
        ({}, {}, True, "", "", ""),
        ({"state": "gone"}, {}, True, "blocked", "blocked", "blocked"),
        ({"state": "blocked"}, {}, True, "barred", "barred", "barred"),
        ({}, {"state": "erased"}, True, "stopped", "stopped", "stopped"),
        ({}, {"state": "stopped"}, False, "stopped", "stopped", ""),
        ({}, {"state": "new"}, False, "no_consent", "no_consent", ""),
        ({"no_newsletter": True}, {}, True, "opted_out", "", ""),
        ({}, {"paused_until": NOW + timedelta(days=1)}, True, "paused", "", ""),
        ({}, {"paused_until": NOW - timedelta(days=1)}, True, "", "", ""),
    ],
)  # fmt: skip
def test_refusal_table(
    subscriber: Address, address: dict[str, object], contact: dict[str, object], wish: bool, newsletter: str, alert: str, answer: str
) -> None:
    Address.objects.update(**address)
    Contact.objects.update(**contact)
    if not wish:
        Subscription.objects.update(confirmed_at=None)

    def asked(purpose: str) -> str:
        return Address.objects.annotate(refusal=rules.refusal(purpose, NOW)).get().refusal

    assert asked("newsletter") == newsletter
    assert asked("alert") == alert
    assert {asked(purpose) for purpose in ANSWERS} == {answer}


@pytest.mark.django_db
def test_a_window_is_judged_alike_for_one_and_for_many(whatsapp: Channel, telegram: Channel) -> None:
    for channel in (whatsapp, telegram):
        for hours in (0, 23.9, 24, 24.1, 900):
            actions.meet(channel, Sender(address=f"{channel.kind}{hours}"), NOW - timedelta(hours=hours))
    actions.meet(whatsapp, Sender(address="never"), NOW)
    Address.objects.filter(handle=b"", address_hash=vault.lookup(whatsapp.organisation_id, "never")).update(last_inbound_at=None)
    lengths = {channel.pk: channels.limits(channel).window_hours for channel in (whatsapp, telegram)}
    rows = Address.objects.select_related("channel").annotate(within=rules.within(lengths, NOW))
    assert {row.pk: row.within for row in rows} == {row.pk: outreach.window(row, NOW).open for row in rows}
    assert {row.within for row in rows} == {True, False}


def _quiet(begin: time, end: time) -> Organisation:
    return Organisation(quiet_from=begin, quiet_until=end)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-22T20:59:59+01:00", None),
        ("2026-11-22T21:00:00+01:00", "2026-11-23T07:00:00+01:00"),
        ("2026-11-23T03:00:00+01:00", "2026-11-23T07:00:00+01:00"),
        ("2026-11-23T07:00:00+01:00", None),
        ("2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),  # the night loses an hour
        ("2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),  # the night wins one
        ("2026-10-25T02:30:00+02:00", "2026-10-25T07:00:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25T07:00:00+01:00"),
    ],
)
def test_quiet_hours_end_at_seven_on_the_wall(at: str, until: str | None) -> None:
    found = quiet_until(_quiet(time(21), time(7)), datetime.fromisoformat(at))
    assert found == (datetime.fromisoformat(until) if until else None)


def test_quiet_hours_that_end_in_the_lost_or_doubled_hour() -> None:
    town = _quiet(time(22), time(2, 30))
    lost = quiet_until(town, datetime.fromisoformat("2026-03-28T23:00:00+01:00"))
    assert lost == datetime.fromisoformat("2026-03-29T02:30:00+01:00")
    assert quiet_until(town, datetime.fromisoformat("2026-10-25T02:10:00+02:00")) == datetime.fromisoformat("2026-10-25T02:30:00+01:00")
    assert quiet_until(town, datetime.fromisoformat("2026-10-25T02:10:00+01:00")) == datetime.fromisoformat("2026-10-25T02:30:00+01:00")


def test_quiet_hours_within_a_day_and_none() -> None:
    assert quiet_until(_quiet(time(12), time(14)), datetime(2026, 11, 22, 12, tzinfo=UTC)) == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert quiet_until(Organisation(), NOW) is None
    assert quiet_until(_quiet(time(8), time(8)), NOW) is None


@pytest.mark.django_db
def test_a_newsletter_waits_for_the_morning_and_a_reply_does_not(town: Organisation, subscriber: Address) -> None:
    local = timezone.localtime()
    town.quiet_from, town.quiet_until = (local - timedelta(hours=1)).time(), (local + timedelta(hours=1)).time()
    town.save()
    letter = outreach.send(subscriber, Content(text="x"), purpose="newsletter")
    assert timedelta(minutes=58) < letter.not_before - timezone.now() < timedelta(minutes=62)
    assert outreach.send(subscriber, Content(text="x"), purpose="reply").not_before is None
    assert outreach.send(subscriber, Content(text="x"), purpose="alert").not_before is None
    stored = outbox.store(town, Content(text="x"))
    words = [Words(subscriber.channel_id, "de", stored.pk)]
    for urgent in (False, True):
        send_to([subscriber], words, urgent=urgent)
    quiet, urgent_one = Outbound.objects.filter(batch=7).order_by("id")
    assert quiet.not_before is not None
    assert urgent_one.not_before is None


@pytest.mark.django_db
def test_the_window_counts_from_the_providers_time(whatsapp: Channel) -> None:
    address = actions.meet(whatsapp, Sender(address="+4917139200101"), timezone.now() - timedelta(hours=23))
    assert outreach.window(address).open
    assert not outreach.window(address, timezone.now() + timedelta(hours=2)).open
    outreach.send(address, Content(text="x"), purpose="reply")
    Address.objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(Refused, match="window_closed"):
        outreach.send(address, Content(text="x"), purpose="reply")
    outreach.send(address, Content(template=TemplateUse(name="t", language="de")), purpose="reply")


@pytest.mark.django_db
def test_telegram_knows_no_window(subscriber: Address) -> None:
    assert outreach.window(subscriber) == outreach.Window(True, None)


@pytest.mark.django_db
def test_the_signal_carries_what_was_sent(subscriber: Address) -> None:
    seen = []

    def listen(sender: object, **values: object) -> None:
        seen.append(values)

    outreach.sent.connect(listen)
    outbound = outreach.send(subscriber, Content(text="x"), purpose="reply")
    assert (seen[0]["outbound"], seen[0]["address"], seen[0]["purpose"]) == (outbound, subscriber, "reply")


def _subscribe(channel: Channel, key: str, topics: list[Topic], language: str = "de") -> Address:
    address = actions.meet(channel, Sender(address=key, language=language), timezone.now())
    proof = Proof(channel=channel, evidence="e")
    actions.subscribe(address.contact, topics, address, proof)
    actions.confirm(address.contact, address, proof)
    return address


@pytest.mark.django_db
def test_many_are_answered_one_by_one_in_order(town: Organisation, whatsapp: Channel, telegram: Channel, topics: list[Topic]) -> None:
    good, stopped = (_subscribe(telegram, key, topics) for key in ("1", "2"))
    far, near = (_subscribe(whatsapp, key, topics) for key in ("+491", "+492"))
    actions.stop(stopped.contact, evidence="m", channel=telegram)
    Address.objects.filter(id__in=[far.id, near.id]).update(last_inbound_at=timezone.now() - timedelta(days=2))
    inside, outside = outbox.store(town, Content(text="x")), outbox.store(town, Content(template=TemplateUse(name="t", language="de")))
    people = [good, stopped, far, near]
    answers = send_to(people, [Words(telegram.id, "de", inside.id), Words(whatsapp.id, "de", inside.id)])
    assert [answer.reason for answer in answers] == ["", "stopped", "no_template", "no_template"]
    row = Outbound.objects.get()
    assert (row.address, row.batch, row.purpose, row.content_id, row.otherwise_id) == ("1", 7, "newsletter", inside.id, None)
    Address.objects.filter(id=near.id).update(last_inbound_at=timezone.now())
    assert {answer.reason for answer in send_to([far, near], [Words(whatsapp.id, "de", inside.id, outside.id)])} == {""}
    shut, open_ = Outbound.objects.filter(channel=whatsapp).order_by("id")
    assert (shut.content_id, shut.otherwise_id) == (outside.id, None)
    assert (open_.content_id, open_.otherwise_id) == (inside.id, outside.id)  # the window may close before it goes


@pytest.mark.django_db
def test_who_speaks_none_of_the_languages_gets_the_first(town: Organisation, telegram: Channel, topics: list[Topic]) -> None:
    people = [_subscribe(telegram, language, topics, language) for language in ("en", "ar", "de")]
    german, english = outbox.store(town, Content(text="x")), outbox.store(town, Content(text="y"))
    send_to(people, [Words(telegram.id, "de", german.id), Words(telegram.id, "en", english.id)])
    assert list(Outbound.objects.order_by("id").values_list("content_id", flat=True)) == [english.id, german.id, german.id]


@pytest.mark.django_db
def test_who_was_erased_or_joined_with_another_since_they_were_chosen(telegram: Channel, topics: list[Topic]) -> None:
    gone, other, joined = (_subscribe(telegram, key, topics) for key in "123")
    words = [Words(telegram.id, "de", outbox.store(telegram.organisation, Content(text="x")).id)]
    was = Address.objects.get(pk=joined.pk)
    Address.objects.filter(pk=gone.pk).delete()
    actions.absorb(other.contact, joined.contact)
    assert send_to([gone, other, was], words) == [("stopped", None), ("", other.contact_id), ("joined", None)]
    assert send_to([was], words) == [("", other.contact_id)]


@pytest.mark.django_db
def test_a_wish_that_was_not_confirmed_is_no_consent(telegram: Channel, topics: list[Topic]) -> None:
    address = actions.meet(telegram, Sender(address="1"), timezone.now())
    actions.subscribe(address.contact, topics, address, Proof(channel=telegram, evidence="e"))
    with pytest.raises(Refused, match="no_consent"):
        outreach.send(address, Content(text="x"), purpose="newsletter")


@pytest.mark.django_db
def test_audiences_narrow_and_spare(town: Organisation, telegram: Channel, whatsapp: Channel, topics: list[Topic]) -> None:
    traffic, culture, _building = topics
    a = _subscribe(telegram, "1", [traffic])
    b = _subscribe(telegram, "2", [culture], "en")
    c = _subscribe(whatsapp, "+491", [traffic, culture])
    district = District.objects.create(organisation=town, name="Nord")
    Contact.objects.filter(id=c.contact_id).update(district=district)

    def chosen(**audience_: object) -> set[int]:
        return set(audience.select(town, audience_).values_list("id", flat=True))

    assert chosen() == {a.id, b.id, c.id}
    assert chosen(topics=[traffic.id]) == {a.id, c.id}
    assert chosen(topics=[traffic.id], channels=[whatsapp.id]) == {c.id}
    assert chosen(languages=["en"]) == {b.id}
    assert chosen(districts=[district.id]) == {c.id}
    assert chosen(exclude={"topics": [culture.id]}) == {a.id}
    assert chosen(exclude={"districts": [district.id], "languages": ["en"]}) == {a.id}
    assert chosen(exclude={"contacts": [a.contact_id]}) == {b.id, c.id}
    today = timezone.localdate().isoformat()
    assert chosen(joined_from=today, joined_until=today) == {a.id, b.id, c.id}
    assert chosen(joined_until="2020-01-01") == set()
    count = audience.count(town, {"topics": [traffic.id]})
    assert (count.total, count.of, count.by_channel) == (2, 3, {telegram.id: 1, whatsapp.id: 1})
    assert sum(count.by_language.values()) == 2


@pytest.mark.django_db
def test_audiences_leave_out_whom_we_may_not_write_to(town: Organisation, telegram: Channel, topics: list[Topic]) -> None:
    ids = [_subscribe(telegram, str(number), topics) for number in range(5)]
    Address.objects.filter(id=ids[0].id).update(state="gone")
    Address.objects.filter(id=ids[1].id).update(no_newsletter=True)
    actions.pause(ids[2].contact, timezone.now() + timedelta(days=1))
    actions.stop(ids[3].contact, evidence="e", channel=telegram)
    assert [address.id for address in audience.select(town, {})] == [ids[4].id]


@pytest.mark.django_db
def test_one_address_per_person(town: Organisation, telegram: Channel, whatsapp: Channel, topics: list[Topic]) -> None:
    one, two = _subscribe(telegram, "1", topics[:1]), _subscribe(whatsapp, "+491", topics[1:2])
    actions.absorb(one.contact, two.contact)
    assert audience.count(town, {}).total == 1


@pytest.mark.django_db
def test_another_town_sees_nobody(subscriber: Address) -> None:
    other = Organisation.objects.create(slug="anderswo", name="Anderswo", languages=["de"])
    assert audience.count(other, {"topics": [subscriber.contact.subscriptions.first().topic_id]}).total == 0
