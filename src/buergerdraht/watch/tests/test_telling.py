"""Who is told, what they are told, and that no address leads us into our own house."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from buergerdraht.accounts.models import AuditEntry, Membership, Operator, Organisation
from buergerdraht.gateway import outward, signing
from buergerdraht.watch import actions, telling
from buergerdraht.watch.models import Alarm, AlarmReceiver

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]


@pytest.fixture
def listener() -> Iterator[SimpleNamespace]:
    """A receiver on this machine that remembers what it got and answers as told."""
    heard: list[tuple[dict[str, str], bytes]] = []
    state = SimpleNamespace(heard=heard, status=204, location="")

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(({k.lower(): v for k, v in self.headers.items()}, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(state.status)
            if state.location:
                self.send_header("location", state.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/alarm?token=geheim"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def alarm(town) -> Alarm:
    now = timezone.now()
    return Alarm.objects.create(
        organisation=town.organisation, channel=town.channel, kind="failures_high", level="fault", since=now, seen_at=now, raised_at=now,
        values={"failed": 10, "total": 30, "reason": "payment"},
    )  # fmt: skip


def hook(town, url: str) -> AlarmReceiver:
    return AlarmReceiver.objects.create(organisation=town.organisation, way="webhook", url=url)


# ── The webhook ───────────────────────────────────────────────────────────


def test_a_signature_is_what_standard_webhooks_wants() -> None:
    """The example that the libraries of Standard Webhooks test themselves with."""
    headers = signing.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_carries_ids_and_numbers_and_proves_itself(town, alarm: Alarm, listener, settings) -> None:
    settings.ALARM_NETWORKS = LOOPBACK
    receiver = hook(town, listener.url)
    telling.tell(alarm.pk, receiver.pk, telling.RAISED)
    headers, body = listener.heard[0]
    said = hmac.digest(
        b64decode(receiver.secret[6:]), f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body, hashlib.sha256
    )
    assert headers["webhook-signature"] == f"v1,{b64encode(said).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 10
    told = json.loads(body)
    assert told["type"] == "alarm.raised"
    assert told["data"] == {
        "alarm": alarm.pk, "kind": "failures_high", "level": "fault", "organisation": town.organisation.pk, "channel": town.channel.pk,
        "since": told["data"]["since"], "ended_at": None, "values": {"failed": 10, "total": 30, "reason": "payment"},
    }  # fmt: skip
    assert b"Musterstadt" not in body
    assert b"Nummer" not in body
    receiver.refresh_from_db()
    alarm.refresh_from_db()
    assert receiver.told_at
    assert alarm.told_at
    assert receiver.problem == ""


def test_a_repetition_has_the_same_id(town, alarm: Alarm, listener, settings) -> None:
    settings.ALARM_NETWORKS = LOOPBACK
    receiver = hook(town, listener.url)
    for _ in range(2):
        telling.tell(alarm.pk, receiver.pk, telling.RAISED)
    assert listener.heard[0][0]["webhook-id"] == listener.heard[1][0]["webhook-id"]


@pytest.mark.parametrize(
    ("status", "problem", "final"),
    [
        (500, "broken", False),
        (503, "broken", False),
        (429, "refused", False),
        (404, "refused", True),
        (302, "redirected", True),
        (410, "gone", True),
    ],
)
def test_a_failure_is_noted_and_tried_again_where_that_may_help(
    town, alarm: Alarm, listener, settings, status: int, problem: str, final: bool
) -> None:
    settings.ALARM_NETWORKS = LOOPBACK
    listener.status, listener.location = status, listener.url
    receiver = hook(town, listener.url)
    with pytest.raises(outward.Undelivered) as failure:
        telling.tell(alarm.pk, receiver.pk, telling.RAISED)
    assert isinstance(failure.value, outward.Final) is final
    assert len(listener.heard) == 1  # a redirect is not followed
    receiver.refresh_from_db()
    alarm.refresh_from_db()
    assert receiver.problem == problem
    assert receiver.active is (status != 410)
    assert alarm.told_at is None
    if final:
        telling.tell_later.func(alarm.pk, receiver.pk, telling.RAISED)  # the job ends
    else:
        with pytest.raises(outward.Undelivered):
            telling.tell_later.func(alarm.pk, receiver.pk, telling.RAISED)  # the job is repeated
        assert telling.AGAIN.get_retry_decision(exception=failure.value, job=SimpleNamespace(attempts=0)) is not None


# ── The mail ──────────────────────────────────────────────────────────────


def test_a_mail_says_what_happened_and_what_to_do(town, alarm: Alarm) -> None:
    receiver = AlarmReceiver.objects.create(organisation=town.organisation, way="operator", operator=town.operator)
    telling.tell(alarm.pk, receiver.pk, telling.RAISED)
    (sent,) = mail.outbox
    assert sent.to == ["a@musterstadt.example"]
    assert sent.subject == "[Bürgerdraht] Alarm: Viele Nachrichten scheitern (Nummer)"
    assert "scheiterten 10 von 30 Nachrichten" in sent.body
    assert "Was zu tun ist:" in sent.body
    assert "/o/musterstadt/zustellung/" in sent.body
    Alarm.objects.update(ended_at=timezone.now())
    telling.tell(alarm.pk, receiver.pk, telling.ENDED)
    assert mail.outbox[1].subject.startswith("[Bürgerdraht] Entwarnung:")


def test_who_no_longer_manages_is_not_told(town, alarm: Alarm) -> None:
    receiver = AlarmReceiver.objects.create(organisation=town.organisation, way="operator", operator=town.operator)
    Membership.objects.update(roles=["viewer"])
    with pytest.raises(outward.Final, match="no_right"):
        telling.tell(alarm.pk, receiver.pk, telling.RAISED)
    assert not mail.outbox
    receiver.refresh_from_db()
    assert not receiver.active


def test_nobody_hears_late_of_what_is_over(town, alarm: Alarm) -> None:
    receiver = AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="b@musterstadt.example")
    Alarm.objects.update(ended_at=timezone.now())
    for event in (telling.RAISED, telling.ENDED):
        telling.tell(alarm.pk, receiver.pk, event)
    assert not mail.outbox


def test_only_the_organisation_concerned_is_told(town, alarm: Alarm, jobs: Callable[[str], list[dict[str, object]]]) -> None:
    other = Organisation.objects.create(slug="nachbarstadt", name="Nachbarstadt", languages=["de"])
    AlarmReceiver.objects.create(organisation=other, way="email", email="x@nachbarstadt.example")
    mine = AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="b@musterstadt.example")
    quiet = AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="c@musterstadt.example", warnings=False)
    telling.queue(alarm, telling.RAISED)
    assert [job["receiver_id"] for job in jobs("watch.tell")] == [mine.pk, quiet.pk]
    alarm.level = "warning"
    assert telling.receivers(alarm) == [mine.pk]


def test_what_concerns_the_installation_goes_to_its_own_addresses(town, settings, jobs: Callable[[str], list[dict[str, object]]]) -> None:
    AlarmReceiver.objects.create(organisation=town.organisation, way="email", email="b@musterstadt.example")
    now = timezone.now()
    alarm = Alarm.objects.create(kind="worker_missing", level="fault", since=now, seen_at=now, raised_at=now)
    telling.at_once(alarm, telling.RAISED)
    assert mail.outbox[0].to == ["b@musterstadt.example"]
    settings.ALARM_MAIL = ["betrieb@rechenzentrum.example"]
    telling.at_once(alarm, telling.RAISED)
    assert [each.to for each in mail.outbox[1:]] == [["betrieb@rechenzentrum.example"]]
    telling.queue(alarm, telling.ENDED)
    assert len(jobs("watch.tell_house")) == 1
    assert not jobs("watch.tell")


# ── The operator's verbs ──────────────────────────────────────────────────


def test_a_receiver_is_added_tried_changed_and_dropped_with_its_traces(town, listener, settings) -> None:
    settings.ALARM_NETWORKS = LOOPBACK
    receiver = actions.add_receiver(town.organisation, actions.Way(url=listener.url), operator=town.operator)
    assert actions.test_alarm(receiver, operator=town.operator) == ""
    told = json.loads(listener.heard[0][1])
    assert (told["type"], told["data"]["kind"], told["data"]["alarm"]) == ("alarm.test", "test", None)
    listener.status = 500
    assert actions.test_alarm(receiver, operator=town.operator) == "broken"
    secret = receiver.secret
    actions.renew_secret(receiver, operator=town.operator)
    receiver.refresh_from_db()
    assert receiver.secret != secret
    actions.change_receiver(receiver, operator=town.operator, active=False, warnings=False)
    actions.drop_receiver(receiver, operator=town.operator)
    assert not AlarmReceiver.objects.exists()
    assert not Alarm.objects.exists()
    entries = list(AuditEntry.objects.order_by("number"))
    assert [entry.action.removeprefix("watch.") for entry in entries] == [
        "add_receiver", "test_alarm", "test_alarm", "renew_secret", "change_receiver", "drop_receiver",
    ]  # fmt: skip
    assert "token=geheim" not in json.dumps([entry.details for entry in entries])


def test_a_test_mail_says_that_nothing_is_wrong(town) -> None:
    receiver = actions.add_receiver(town.organisation, actions.Way(to=town.operator), operator=town.operator)
    assert actions.test_alarm(receiver, operator=town.operator) == ""
    (sent,) = mail.outbox
    assert sent.subject == "[Bürgerdraht] Probealarm (Musterstadt)"
    assert "Es ist alles in Ordnung." in sent.body
    assert "Seit" not in sent.body


@pytest.mark.parametrize(
    "way",
    [
        actions.Way(),
        actions.Way(email="a@b.example", url="https://b.example/"),
        actions.Way(url="https://10.0.0.1/"),
        actions.Way(email="keine"),
    ],
)
def test_who_cannot_be_told_cannot_be_added(town, way: actions.Way) -> None:
    with pytest.raises(ValidationError):
        actions.add_receiver(town.organisation, way, operator=town.operator)


def test_the_same_address_stands_once_and_strangers_do_not(town) -> None:
    actions.add_receiver(town.organisation, actions.Way(email="b@musterstadt.example"), operator=town.operator)
    with pytest.raises(ValidationError, match="schon auf der Liste"):
        actions.add_receiver(town.organisation, actions.Way(email="b@musterstadt.example"), operator=town.operator)
    stranger = Operator.objects.create_user("x@nachbarstadt.example", "geheim", name="Xaver")
    with pytest.raises(ValidationError, match="verwaltet"):
        actions.add_receiver(town.organisation, actions.Way(to=stranger), operator=town.operator)


def test_times_are_said_in_german_time(town, alarm: Alarm) -> None:
    alarm.since = datetime.fromisoformat("2026-11-24T10:05:00+00:00")
    assert "Seit 24.11.2026, 11:05" in telling.words(alarm, town.organisation, telling.RAISED)[1]
