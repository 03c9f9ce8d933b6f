from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from double import body_of, sign

from buergerdraht.connectors.contract import Gone, Receipt, ReceiptState, Received, Sender
from buergerdraht.gateway import webhook
from buergerdraht.gateway.models import Channel, InboundEvent

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/webhook/double/channel-token"


@pytest.fixture(autouse=True)
def fresh_store(channel: Channel) -> Iterator[None]:
    webhook._store = None
    yield
    webhook._store = None


def message(number: int) -> bytes:
    return body_of(Received(external_id=f"m{number}", sender=Sender(address="anna"), at=datetime.now(UTC), text="Grüße"))


async def call(
    path: str = URL, body: bytes = b"[]", *, method: str = "POST", signature: str | None = None, query: str = "", pieces: int = 1
) -> Any:
    """One request as a server would hand it over; returns status, body."""
    headers = [(b"content-length", str(len(body)).encode()), (b"X-Signature", (sign(body) if signature is None else signature).encode())]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    step = max(len(body) // pieces, 1)
    parts = [body[start : start + step] for start in range(0, len(body), step)] or [b""]
    waiting = [{"type": "http.request", "body": part, "more_body": number < len(parts) - 1} for number, part in enumerate(parts)]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(told: Any) -> None:
        sent.append(told)

    await webhook.app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def run(*calls: Any) -> list[Any]:
    async def all_of_them() -> list[Any]:
        try:
            return await asyncio.gather(*calls)
        finally:
            await webhook.close()

    return asyncio.run(all_of_them())


def test_a_signed_body_is_stored_as_it_came_before_the_answer() -> None:
    """Law 1."""
    body = message(1)
    assert run(call(body=body, pieces=7)) == [(200, b"")]
    event = InboundEvent.objects.get()
    assert (bytes(event.body), event.state, event.source) == (body, "new", "webhook")


def test_many_at_once_are_all_stored() -> None:
    bodies = [message(number) for number in range(400)]
    assert set(run(*(call(body=body) for body in bodies))) == {(200, b"")}
    assert {bytes(event.body) for event in InboundEvent.objects.all()} == set(bodies)


def test_a_wrong_or_missing_signature_is_401_with_a_constant_body() -> None:
    """Law 1."""
    body = message(1)
    answers = run(call(body=body, signature="0" * 64), call(body=body, signature=""), call(body=body + b" ", signature=sign(body)))
    assert set(answers) == {(401, b"unsigned")}
    assert not InboundEvent.objects.exists()


def test_unknown_channels_are_404() -> None:
    paths = ["/webhook/double/other", "/webhook/nobody/channel-token", "/webhook/double", "/webhook/double/a/b", "/webhook/double/\0"]
    assert {status for status, _ in run(*(call(path) for path in paths))} == {404}


def test_a_malformed_but_signed_body_is_400_and_kept_for_replay() -> None:
    assert run(call(body=b"\x00{not json")) == [(400, b"malformed")]
    event = InboundEvent.objects.get()
    assert (event.state, bytes(event.body)) == ("kept", b"\x00{not json")
    assert event.problem.startswith("malformed")


def test_the_handshake_echoes_only_to_who_knows_the_word() -> None:
    answers = run(
        call(method="GET", query="token=s3cret&challenge=12345"),
        call(method="GET", query="token=wrong&challenge=12345"),
        call(method="PUT"),
    )
    assert [status for status, _ in answers] == [200, 403, 405]
    assert answers[0][1] == b"12345"


def test_too_large_and_too_slow_bodies_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BODY_SECONDS", 0.2)
    assert run(call(body=b" " * (webhook.LARGEST + 1))) == [(413, b"too large")]

    async def slow() -> int:
        known = {"type": "http", "method": "POST", "path": URL, "query_string": b"", "headers": []}
        answered: list[Any] = []

        async def never() -> Any:
            await asyncio.sleep(60)

        async def send(told: Any) -> None:
            answered.append(told)

        await webhook.app(known, never, send)
        return answered[0]["status"]

    assert run(slow()) == [408]


def test_a_database_that_is_away_is_503_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 1: never 200 without the commit."""
    real = webhook.conninfo

    async def story() -> list[int]:
        answers = [(await call(body=message(1)))[0]]
        with_nobody = "host=127.0.0.1 port=1 connect_timeout=1"
        monkeypatch.setattr(webhook, "conninfo", lambda name: with_nobody)
        await asyncio.to_thread(terminate)
        answers.append((await call(body=message(2)))[0])
        answers.append((await call(body=message(2)))[0])
        answers.append((await call("/webhook/double/unseen"))[0])
        monkeypatch.setattr(webhook, "conninfo", real)
        answers.append((await call(body=message(2)))[0])
        return answers

    assert run(story()) == [[200, 503, 503, 503, 200]]
    assert InboundEvent.objects.count() == 2


def terminate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'buergerdraht webhook%%'")
    connection.close()


def test_one_bad_row_does_not_keep_out_its_neighbours() -> None:
    async def story() -> list[Any]:
        await call(body=message(0))  # the channel is known now
        known = webhook.store().known
        connector = known["double", "channel-token"].connector
        known["double", "second"] = webhook.Known(2**70, connector, time.monotonic() + 60)  # no such number fits the column
        return await asyncio.gather(call(body=message(1)), call("/webhook/double/second", message(2)), call(body=message(3)))

    assert [status for status, _ in run(story())[0]] == [200, 503, 200]
    assert InboundEvent.objects.count() == 3


def test_a_body_of_nothing_but_receipts_goes_in_their_lane() -> None:
    at = datetime.now(UTC)
    receipt = Receipt(external_id="x", state=ReceiptState.SENT, at=at)
    received = Received(external_id="m", sender=Sender(address="anna"), at=at)
    gone = Gone(address="anna", at=at, external_id="g")
    bodies = [body_of(receipt, receipt), body_of(receipt, received), body_of(received), body_of(gone), b"[]", b'[{"event": null}]', b"{"]
    run(*(call(body=body) for body in bodies))
    lanes = {bytes(event.body): event.lane for event in InboundEvent.objects.all()}
    assert [lanes[body] for body in bodies] == ["receipt", *["message"] * 6]
