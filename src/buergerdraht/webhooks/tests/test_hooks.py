"""What other systems are told, that they can trust it, and what happens where they do not listen."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cloudevents.v1.http import from_json
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.webhooks import actions, envelope, events, kinds, sending
from buergerdraht.webhooks.models import Delivery, Event, Hook

Listener = Any
Make = Callable[..., Hook]
Work = Callable[..., None]


def shift(hook: Hook, by: timedelta) -> None:
    """Let time pass for an address and all that waits for it."""
    for row in Delivery.objects.filter(hook=hook, next_at__isnull=False):
        Delivery.objects.filter(pk=row.pk).update(next_at=row.next_at - by)
    hook.refresh_from_db()
    Hook.objects.filter(pk=hook.pk).update(
        rests_until=hook.rests_until and hook.rests_until - by, failing_since=hook.failing_since and hook.failing_since - by
    )


# ── What is told ──────────────────────────────────────────────────────────


def test_an_event_is_signed_thin_and_as_both_standards_want_it(
    town: Organisation, make: Make, listener: Listener, settings: Any, work: Work
) -> None:
    settings.PUBLIC_URL = "https://draht.musterstadt.example"
    hook = make(listener.url)
    events.tell(town.pk, "case.moved", case=42)
    work()
    headers, body = listener.heard[0]
    said = Webhook(hook.secret).verify(body, headers)  # their library, not ours
    event = from_json(body)
    assert event["type"] == "de.buergerdraht.case.moved"
    assert event["source"] == "https://draht.musterstadt.example/o/musterstadt"
    assert event["subject"] == "case/42"
    assert event["specversion"] == "1.0"
    assert event.data == {"case": 42, "url": "https://draht.musterstadt.example/api/v1/cases/42"}
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == event["id"]
    assert set(said) == {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
    row = Delivery.objects.get()
    assert (row.tries, row.next_at, row.problem, row.done_at is not None) == (1, None, "", True)


def test_a_changed_body_an_old_time_and_another_secret_are_found_out(
    town: Organisation, make: Make, listener: Listener, work: Work
) -> None:
    hook = make(listener.url)
    events.tell(town.pk, "case.moved", case=42)
    work()
    headers, body = listener.heard[0]
    for wrong_body, wrong_headers in (
        (body.replace(b"42", b"43"), headers),
        (body, headers | {"webhook-timestamp": str(int(time.time()) - 3600)}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(hook.secret).verify(wrong_body, wrong_headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(32)).decode()).verify(body, headers)
    # And once by hand, from the text of the standard.
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = hmac.new(
        key, b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]), hashlib.sha256
    ).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"


def test_after_a_change_of_secret_both_sign_for_a_day(
    town: Organisation, make: Make, andrea: Operator, listener: Listener, work: Work
) -> None:
    old = make(listener.url)
    new = actions.rotate(old, operator=andrea)
    assert new.secret != old.secret
    events.tell(town.pk, "case.moved", case=1)
    work()
    headers, body = listener.heard[0]
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(body, headers)
    Hook.objects.update(old_until=timezone.now())
    events.tell(town.pk, "case.moved", case=2)
    work()
    headers, body = listener.heard[1]
    Webhook(new.secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(body, headers)


def test_only_who_wants_to_hear_is_told_and_no_other_house(
    town: Organisation, make: Make, listen: Callable[[], Listener], work: Work
) -> None:
    ours, else_, theirs = listen(), listen(), listen()
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt")
    make(ours.url, "case.moved", "case.opened")
    make(else_.url, "contact.created")
    make(theirs.url, "case.moved", organisation=other)
    events.tell(town.pk, "case.moved", case=1)
    events.tell(town.pk, "broadcast.started", broadcast=1)
    work()
    assert [len(each.heard) for each in (ours, else_, theirs)] == [1, 0, 0]
    assert Event.objects.count() == 1


def test_a_town_without_webhooks_asks_the_database_nothing(town: Organisation) -> None:
    events.tell(town.pk, "message.received", message=1, conversation=1)
    with CaptureQueriesContext(connection) as asked:
        began = time.perf_counter()
        for number in range(10_000):
            events.tell(town.pk, "message.received", message=number, conversation=1)
        spent = time.perf_counter() - began
    assert len(asked) == 0
    assert spent < 1.0, "a tenth of a millisecond each would already be seen on the way of a message"
    assert not Event.objects.exists()


def test_an_event_that_was_rolled_back_is_never_told(town: Organisation, make: Make, listener: Listener, work: Work) -> None:
    make(listener.url)
    with transaction.atomic():
        events.tell(town.pk, "case.moved", case=1)
        transaction.set_rollback(True)
    work()
    assert listener.heard == []


def test_a_kind_nobody_knows_is_a_mistake_of_ours(town: Organisation) -> None:
    with pytest.raises(ValueError, match="no such event"):
        events.tell(town.pk, "case.eaten", case=1)


@pytest.mark.parametrize("what", kinds.KINDS)
def test_every_kind_can_be_said_with_the_ids_of_its_address(town: Organisation, what: str) -> None:
    ids = {"case": 1, "conversation": 2, "message": 3, "contact": 4, "broadcast": 5, "channel": 6}
    said = envelope.said(Event(organisation=town, what=what, ids=ids, at=timezone.now()))
    assert said["subject"].split("/")[0] in ids
    assert "{" not in said["data"]["url"]


# ── Where nobody listens ──────────────────────────────────────────────────


def test_a_failed_event_is_tried_again_for_about_a_day_under_the_same_id(
    town: Organisation, make: Make, listener: Listener, work: Work
) -> None:
    hook = make(listener.url)
    listener.status = 500
    events.tell(town.pk, "case.moved", case=1)
    for tries in range(1, len(sending.DELAYS) + 2):
        work()
        row = Delivery.objects.get()
        assert (row.tries, row.status, row.problem) == (tries, 500, "broken")
        if row.next_at:
            expected = sending.DELAYS[tries - 1].total_seconds()
            assert 0.85 * expected < (row.next_at - timezone.now()).total_seconds() < 1.15 * expected
        Hook.objects.update(failing_since=timezone.now())  # only one event is bad here, not the address
        shift(hook, timedelta(days=1) - timedelta(seconds=60))
        Hook.objects.update(failing_since=timezone.now())
    assert Delivery.objects.get().next_at is None
    assert Delivery.objects.get().done_at is None
    assert len({headers["webhook-id"] for headers, _body in listener.heard}) == 1
    assert len(listener.heard) == len(sending.DELAYS) + 1 == 10
    assert timedelta(hours=22) < sum(sending.DELAYS, timedelta()) < timedelta(hours=26)


def test_a_failing_address_rests_and_everything_goes_once_it_is_back(
    town: Organisation, make: Make, listener: Listener, work: Work
) -> None:
    hook = make(listener.url)
    listener.status = 503
    for number in range(5):
        events.tell(town.pk, "case.moved", case=number)
    work()
    work()
    assert len(listener.heard) == 1, "one try tells that it is away"
    listener.status, listener.heard = 200, []
    shift(hook, timedelta(minutes=6))
    work()
    assert len(listener.heard) == 5
    hook.refresh_from_db()
    assert (hook.failures, hook.failing_since, hook.active) == (0, None, True)


def test_an_address_that_is_gone_is_switched_off_and_the_managers_hear_it(
    town: Organisation, make: Make, listener: Listener, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any, work: Work
) -> None:
    reader = Operator.objects.create_user("leser@musterstadt.example", name="Leser")
    Membership.objects.create(organisation=town, operator=reader, roles=["viewer"])
    hook = make(listener.url)
    listener.status = 410
    events.tell(town.pk, "case.moved", case=1)
    with django_capture_on_commit_callbacks(execute=True):
        work()
    hook.refresh_from_db()
    assert (hook.active, hook.reason) == (False, "gone")
    assert [mail.to for mail in mailoutbox] == [["andrea@musterstadt.example"]]
    assert "410" in mailoutbox[0].body
    assert "geheim" not in mailoutbox[0].body
    events.tell(town.pk, "case.moved", case=2)
    assert Event.objects.count() == 1, "nobody wants to hear any more"


def test_an_address_that_failed_a_whole_day_is_switched_off_and_what_waits_goes_when_it_is_on_again(
    town: Organisation, make: Make, andrea: Operator, listener: Listener, work: Work
) -> None:
    hook = make(listener.url)
    listener.status = 404
    events.tell(town.pk, "case.moved", case=1)
    work()
    assert Hook.objects.get().active
    shift(hook, timedelta(hours=24))
    work()
    hook.refresh_from_db()
    assert (hook.active, hook.reason) == (False, "failing")
    listener.status, listener.heard = 200, []
    shift(hook, timedelta(hours=1))
    work()
    assert listener.heard == []
    actions.switch(hook, True, operator=andrea)
    work()
    assert len(listener.heard) == 1


def test_a_slow_address_keeps_no_other_waiting(town: Organisation, make: Make, listen: Callable[[], Listener], work: Work) -> None:
    slow, quick = listen(), listen()
    slow.slow = 8.0
    make(slow.url)
    make(quick.url)
    post = sending.Post()
    for number in range(40):
        events.tell(town.pk, "case.moved", case=number)
    end = time.monotonic() + 6.0  # long before the slow one has heard anything, however busy the machine is
    while len(quick.heard) < 40 and time.monotonic() < end:
        post.beat()
        time.sleep(0.01)
    assert len(quick.heard) == 40
    assert len(slow.heard) == 0
    slow.slow = 0.0
    work(post, seconds=15)
    work(post, seconds=15)
    assert len(slow.heard) == 40


def test_what_a_worker_took_along_when_it_died_is_sent_by_another(town: Organisation, make: Make, listener: Listener, work: Work) -> None:
    hook = make(listener.url)
    events.tell(town.pk, "case.moved", case=1)
    lost = sending.take(hook.pk, timezone.now())
    assert lost is not None
    assert sending.take(hook.pk, timezone.now()) is None, "lent to one at a time"
    work()
    assert listener.heard == []
    shift(hook, sending.LENT)
    work()
    assert [headers["webhook-id"] for headers, _body in listener.heard] == [lost.letters[0].name]


@pytest.mark.parametrize(
    "url", ["http://musterstadt.example/x", "https://10.0.0.1/", "https://[::1]/", "ftp://a.example/", "https://a:b@c.example/", "nichts"]
)
def test_an_address_that_leads_into_a_house_is_refused(make: Make, settings: Any, url: str) -> None:
    settings.CALL_NETWORKS = []
    with pytest.raises(ValidationError):
        make(url)
    assert not Hook.objects.exists()


def test_an_address_that_became_an_inner_one_is_not_called(
    town: Organisation, make: Make, listener: Listener, settings: Any, work: Work
) -> None:
    make(listener.url)
    settings.CALL_NETWORKS = []
    events.tell(town.pk, "case.moved", case=1)
    work()
    assert listener.heard == []
    assert Delivery.objects.get().problem == "address_refused"


# ── Again ─────────────────────────────────────────────────────────────────


def test_all_since_a_moment_go_once_more_even_what_it_was_not_told(
    town: Organisation, make: Make, andrea: Operator, listen: Callable[[], Listener], work: Work
) -> None:
    one, other = listen(), listen()
    make(one.url)
    late = make(other.url, "case.opened")
    for number in range(3):
        events.tell(town.pk, "case.moved", case=number)
    Event.objects.filter(ids__case=0).update(at=timezone.now() - timedelta(days=2))
    late.events = ["case.moved"]
    actions.save(late, operator=andrea)
    assert actions.again(late, since=timezone.now() - timedelta(days=1), operator=andrea) == 2
    work()
    assert sorted(json.loads(body)["data"]["case"] for body in other.bodies()) == [1, 2]
    row = Delivery.objects.filter(hook=late).first()
    assert actions.again(late, delivery=row.pk, operator=andrea) == 1
    work()
    assert len(other.heard) == 3
    assert other.heard[2][0]["webhook-id"] in {headers["webhook-id"] for headers, _body in other.heard[:2]}


def test_a_probe_goes_to_one_address_and_asks_for_no_choice(
    make: Make, andrea: Operator, listen: Callable[[], Listener], work: Work
) -> None:
    one, other = listen(), listen()
    hook, _other = make(one.url), make(other.url)
    actions.probe(hook, operator=andrea)
    work()
    assert json.loads(one.bodies()[0])["type"] == "de.buergerdraht.test"
    assert other.heard == []


def test_events_are_forgotten_after_thirty_days(town: Organisation, make: Make, listener: Listener) -> None:
    make(listener.url)
    events.tell(town.pk, "case.moved", case=1)
    events.tell(town.pk, "case.moved", case=2)
    Event.objects.filter(ids__case=1).update(at=timezone.now() - timedelta(days=30, seconds=1))
    assert actions.old(timezone.now()) == 1
    assert [row.event.ids for row in Delivery.objects.select_related("event")] == [{"case": 2}]


def test_every_verb_stands_in_the_log_without_address_or_secret(make: Make, andrea: Operator, listener: Listener) -> None:
    hook = make(listener.url)
    actions.rotate(hook, operator=andrea)
    actions.switch(hook, False, operator=andrea)
    actions.delete(hook, operator=andrea)
    rows = AuditEntry.objects.filter(action__startswith="webhooks.").order_by("number")
    assert [row.action for row in rows] == ["webhooks.add", "webhooks.rotate", "webhooks.switch", "webhooks.delete"]
    assert "geheim" not in json.dumps([row.details for row in rows])
    kept = repr(list(Hook.objects.values_list()))
    assert "geheim" not in kept
