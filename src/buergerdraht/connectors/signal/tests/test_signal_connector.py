"""Refusals become one of four failures, streams are read as they come, settings are checked, and nothing secret is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Malformed, Ref, Rejected, SendError, Temporary
from buergerdraht.connectors.contract import MediaKind as Kind
from buergerdraht.connectors.http import Answered, Http
from buergerdraht.connectors.signal import errors, streams
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.connector import Signal

US, ZOE = "+493023125110", "7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011"
TOKEN = "7ccae375-cd51-4c82-8b1e-7be3280aa485"


def failed(kind: str, **more: Any) -> dict[str, Any]:
    return {"response": {"timestamp": 0, "results": [{"recipientAddress": {"uuid": ZOE}, "type": kind, **more}]}}


def judged(problem: SendError) -> tuple[Any, ...]:
    more = (problem.retry_after, problem.maybe_sent, problem.scope, problem.limit) if isinstance(problem, Temporary) else ()
    return (type(problem), problem.reason, *more)


LATER = (Temporary, "unavailable", None, False, "message", False)
UNSURE = (Temporary, "unavailable", None, True, "message", False)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": -1, "message": "Failed to send message", "data": failed("UNREGISTERED_FAILURE")}, (AddressGone, "not_reachable")),
        ({"code": -1, "message": "Failed to send message", "data": failed("NETWORK_FAILURE")}, LATER),
        ({"code": -1, "message": "Failed to send message", "data": failed("INVALID_PRE_KEY_FAILURE")}, LATER),
        ({"code": -1, "message": "Failed to send message", "data": None}, LATER),
        ({"code": -1, "message": "Invalid textStyle syntax"}, (Rejected, "content_refused")),
        ({"code": -3, "message": "Failed to send: connection"}, LATER),
        ({"code": -4, "message": "Failed to send message due to untrusted identities"}, (Rejected, "identity_changed")),
        ({"code": -4, "message": "x", "data": failed("IDENTITY_FAILURE")}, (Rejected, "identity_changed")),
        (
            {"code": -5, "message": "x", "data": failed("RATE_LIMIT_FAILURE", token=TOKEN, retryAfterSeconds=86400)},
            (ChannelBroken, "captcha"),
        ),
        (
            {"code": -5, "message": "x", "data": failed("RATE_LIMIT_FAILURE", token=None, retryAfterSeconds=90)},
            (Temporary, "rate_limit", 90.0, False, "channel", True),
        ),
        ({"code": -5, "message": "x", "data": "?"}, (Temporary, "rate_limit", 3600.0, False, "channel", True)),
        ({"code": -6, "message": "Captcha rejected"}, (Rejected, "captcha_refused")),
        ({"code": -32602, "message": "Specified account does not exist"}, (ChannelBroken, "setup")),
        ({"code": -32602, "message": "Method requires valid account parameter"}, (ChannelBroken, "setup")),
        ({"code": -32601, "message": "Method not implemented"}, (ChannelBroken, "setup")),
        ({"code": -32603, "message": "Failed to send message: x (AttachmentInvalidException)"}, (Rejected, "media_refused")),
        ({"code": -32603, "message": "Failed to send message: null"}, UNSURE),
        ({"code": "?", "message": None}, (Rejected, "content_refused")),
    ],
)
def test_every_error_of_the_daemon_is_one_of_four_failures(error: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert judged(errors.rpc(error, US)) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, b'{"error": "x", "challenge_tokens": ["%s"], "account": "y"}' % TOKEN.encode(), (ChannelBroken, "captcha")),
        (429, b'{"error": "x", "challenge_tokens": [""]}', (Temporary, "rate_limit", 3600.0, False, "channel", True)),
        (400, b'{"error": "Failed to send message due to rate limiting"}', (Temporary, "rate_limit", 3600.0, False, "channel", True)),
        (400, b'{"error": "Failed to send message due to untrusted identities"}', (Rejected, "identity_changed")),
        (400, b'{"error": "Failed to send message"}', LATER),
        (400, b'{"error": "Failed to send (some) messages: Unregistered user \\"x\\""}', (AddressGone, "not_reachable")),
        (400, b'{"error": "User +491713920099 is not registered"}', (AddressGone, "not_reachable")),
        (400, b'{"error": "User +493023125110 is not registered."}', (ChannelBroken, "setup")),
        (400, b'{"error": "Number not registered with JSON-RPC"}', (ChannelBroken, "setup")),
        (400, b'{"error": "Captcha rejected, it may be outdated"}', (Rejected, "captcha_refused")),
        (400, b'{"error": "illegal base64 data at input byte 4"}', (Rejected, "media_refused")),
        (400, b'{"error": "Couldn\'t process request - invalid request"}', (Rejected, "content_refused")),
        (401, b"", (ChannelBroken, "token_invalid")),
        (404, b"404 page not found", (ChannelBroken, "setup")),
        (413, b"", (Rejected, "media_refused")),
        (500, b'{"error": "x"}', LATER),
        (502, b"<html>", UNSURE),
        (503, b"", LATER),
    ],
)
def test_every_refusal_of_the_rest_api_is_one_of_four_failures(status: int, body: bytes, expected: tuple[Any, ...]) -> None:
    assert judged(errors.rest(Answered(status, {}, body), US)) == expected


@pytest.mark.parametrize("words", ["User +491713920099 is not registered", "for +49 171 3920099: nobody"])
def test_no_number_is_told(words: str) -> None:
    for problem in (
        errors.rpc({"code": -1, "message": words}, US),
        errors.rest(Answered(400, {}, b'{"error": "%s"}' % words.encode()), US),
    ):
        assert "3920099" not in problem.details


@pytest.mark.parametrize("rest", [False, True])
@pytest.mark.parametrize("answer", [b"", b"[]", b"null", b"7", b'"x"', b"{}", b'{"result": {}}', b'[{"timestamp": "abc"}]', b"\xff"])
async def test_an_answer_that_says_nothing_leaves_a_doubt(provider: Any, http: Any, files: Any, rest: bool, answer: bytes) -> None:
    async with provider((201 if rest else 200, answer)) as cli:
        signal = Signal(SignalConfig(number=US, host=cli.url, rest_api=rest), http)
        with pytest.raises(Temporary) as problem:
            await signal.send(signal.plan(Content(text="Hallo")).parts[0], ZOE, token="t", files=files)
    assert problem.value.maybe_sent


@pytest.mark.parametrize("answer", [{"timestamp": "1796030000001"}, [{"timestamp": "1796030000001"}]])
async def test_both_answers_of_the_rest_api_are_understood(provider: Any, http: Any, files: Any, answer: Any) -> None:
    async with provider((201, answer)) as cli:
        signal = Signal(SignalConfig(number="+49 30 23125 110", host=cli.url, rest_api=True, access="desk:geheim"), http)
        sent = await signal.send(signal.plan(Content(text="*Hallo*")).parts[0], ZOE, token="t", files=files)
    assert sent.external_id == f"{ZOE}:1796030000001:us"
    assert cli.asked == [("POST", "/v2/send", {"number": US, "recipients": [ZOE], "message": "*Hallo*", "text_mode": "normal"})]
    assert cli.headers[0]["Authorization"] == "Basic ZGVzazpnZWhlaW0="


async def test_what_a_recipients_error_says_counts_though_the_answer_is_201(provider: Any, http: Any, files: Any) -> None:
    refused = [{"timestamp": "1796030000001", "errors": {"recipients": [{"uuid": ZOE, "reason": "UNREGISTERED_FAILURE"}]}}]
    async with provider((201, refused)) as cli:
        signal = Signal(SignalConfig(number=US, host=cli.url, rest_api=True), http)
        with pytest.raises(AddressGone):
            await signal.send(signal.plan(Content(text="Hallo")).parts[0], ZOE, token="t", files=files)


@pytest.mark.parametrize("name", ["", "../config", "a/b", "..", "a\\b", ".ssh"])
async def test_a_name_that_is_no_file_is_not_asked_for(http: Any, name: str) -> None:
    signal = Signal(SignalConfig(number=US, host="http://127.0.0.1:9"), http)
    with pytest.raises(Rejected):
        await signal.fetch(Ref(kind=Kind.IMAGE, external_id=name))


async def test_a_courtesy_that_is_refused_is_let_be(provider: Any, http: Any) -> None:
    error = {
        "jsonrpc": "2.0",
        "error": {"code": -1, "message": "Failed to send message", "data": failed("UNREGISTERED_FAILURE")},
        "id": "x",
    }
    async with provider((200, error)) as cli:
        await Signal(SignalConfig(number=US, host=cli.url), http).mark_read(f"{ZOE}:1796030000000", ZOE)
    assert cli.asked[0][2]["method"] == "sendReceipt"


# ── Settings and links ────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "030 23125110"},
        {"number": "+49abc"},
        {"host": "127.0.0.1:8080"},
        {"host": "http://["},
        {"captcha": "03AGdBq25"},
        {"captcha": "signalcaptcha://a b"},
        {"trust": "Zoë"},
        {"trust": "0171 3920011"},
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SignalConfig(**{"number": US, "host": "http://127.0.0.1:8080", **wrong})


def test_a_person_to_trust_may_be_written_as_people_write() -> None:
    config = SignalConfig(number=US, host="http://127.0.0.1:8080/", trust="+49 171 39200-11")
    assert (config.trust, config.host) == ("+491713920011", "http://127.0.0.1:8080")
    assert SignalConfig(number=US, host="https://cli.example", trust=ZOE.upper()).trust == ZOE


def test_the_link_opens_a_chat_and_needs_a_number() -> None:
    assert Signal(SignalConfig(number=US, host="http://127.0.0.1"), Http()).link("abo-markt", "ABO markt") == f"https://signal.me/#p/{US}"
    assert Signal(SignalConfig.model_construct(), Http()).link("", "") == ""
    assert Signal(SignalConfig.model_construct(), Http()).plan(Content(text="x")).parts


# ── Streams ───────────────────────────────────────────────────────────────


@pytest.fixture
async def teller(unused_tcp_port: int) -> AsyncIterator[Any]:
    """Tell these pieces as server-sent events."""
    pieces: list[bytes] = []
    seen: dict[str, str] = {}

    async def tell(request: web.Request) -> web.StreamResponse:
        seen.update(request.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response

    app = web.Application()
    app.router.add_get("/events", tell)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield f"http://127.0.0.1:{unused_tcp_port}/events", pieces, seen
    await runner.cleanup()


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b'id:1-1\nevent:receive\ndata:{"a":1}\n\n'], [("receive", b'{"a":1}', "1-1")]),
        ([b":\n", b"data: eins\n", b"\nda", b"ta: zwei\r\n\r\n"], [("", b"eins", ""), ("", b"zwei", "")]),
        ([b"id:7\ndata:a\ndata:b\n\n", b"data:c\n\n"], [("", b"a\nb", "7"), ("", b"c", "7")]),
        ([b"event:receive\n\n", b"data:halb"], []),
        ([b"data:" + b"x" * 200_000 + b"\n\n"], [("", b"x" * 200_000, "")]),
    ],
)
async def test_server_sent_events_are_read_as_they_come(teller: Any, pieces: list[bytes], told: list[Any]) -> None:
    url, wanted, seen = teller
    wanted.extend(pieces)
    assert [tuple(event) async for event in streams.server_sent(url, {}, "1-0")] == told
    assert seen["Last-Event-ID"] == "1-0"


async def test_a_line_without_end_is_given_up(teller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, wanted, _ = teller
    monkeypatch.setattr(streams, "LARGEST_FRAME", 1000)
    wanted.append(b"data:" + b"x" * 5000)
    with pytest.raises(Temporary):
        await anext(streams.server_sent(url, {}, ""))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, ChannelBroken),
        (200, ChannelBroken),
        (400, ChannelBroken),
        (404, ChannelBroken),
        (421, ChannelBroken),
        (500, Temporary),
        (503, Temporary),
    ],
)
def test_an_answer_that_begins_no_stream_is_judged(status: int, expected: type[SendError]) -> None:
    assert type(streams.refused(status)) is expected


async def test_a_frame_nobody_could_read_is_kept_as_a_problem() -> None:
    signal = Signal(SignalConfig(number=US, host="http://127.0.0.1"), Http())
    with pytest.raises(Malformed):
        signal.parse(b"<html>")
    (item,) = await signal._heard(b"<html>")
    assert item.problem.startswith("malformed")
