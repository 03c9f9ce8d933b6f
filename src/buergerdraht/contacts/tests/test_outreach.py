"""The one door out: who may be written to, when, and why not (law 10)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content, Sender, TemplateUse
from buergerdraht.contacts import actions, audience, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, District, Topic
from buergerdraht.contacts.outreach import Letter, Refused, Standing, quiet_until, refusal
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel, Outbound

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FINE = {"state": "active", "contact_state": "active", "paused_until": None, "no_newsletter": False, "confirmed": True}
ANSWERS = ("reply", "service")


@pytest.mark.parametrize(
    ("change", "newsletter", "alert", "answer"),
    [
        ({}, "", "", ""),
        ({"state": "gone"}, "blocked", "blocked", "blocked"),
        ({"state": "blocked"}, "barred", "barred", "barred"),
        ({"contact_state": "erased"}, "stopped", "stopped", "stopped"),
        ({"contact_state": "stopped", "confirmed": False}, "stopped", "stopped", ""),
        ({"contact_state": "new", "confirmed": False}, "no_consent", "no_consent", ""),
        ({"no_newsletter": True}, "opted_out", "", ""),
        ({"paused_until": NOW + timedelta(days=1)}, "paused", "", ""),
        ({"paused_until": NOW - timedelta(days=1)}, "", "", ""),
    ],
)  # fmt: skip
def test_refusal_table(change: dict[str, object], newsletter: str, alert: str, answer: str) -> None:
    standing = Standing(**{**FINE, **change})
    assert refusal(standing, "newsletter", NOW) == newsletter
    assert refusal(standing, "alert", NOW) == alert
    assert {refusal(standing, purpose, NOW) for purpose in ANSWERS} == {answer}


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
    quiet, urgent = (
        outreach.send_many([Letter(subscriber, stored)], purpose="newsletter", batch=1, urgent=each)[0] for each in (False, True)
    )
    assert quiet.not_before is not None
    assert urgent.not_before is None


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
    letters = [Letter(good, inside), Letter(stopped, inside), Letter(far, inside), Letter(near, inside, outside)]
    found = outreach.send_many(letters, purpose="newsletter", batch=7)
    assert [each.reason if isinstance(each, Refused) else each.content_id for each in found] == [
        inside.id,
        "stopped",
        "no_template",
        outside.id,
    ]
    row = Outbound.objects.get(id=found[0].id)
    assert (row.address, row.batch, row.purpose) == ("1", 7, "newsletter")
    assert outreach.send_many([], purpose="newsletter", batch=7) == []


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
