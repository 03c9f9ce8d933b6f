"""How a gateway is called, whatever its manners, and what its answers mean, against one that plays back answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.connectors.sms.connector import Sms

ZOE = "+4917139200122"


def config(url: str = "https://sms.example/v1", **more: Any) -> SmsConfig:
    return SmsConfig.model_validate({"sender": "+49 30 23125110", "url": url, "access": "name:wort", **more})


async def send(connector: Sms, files: Any, text: str = "Grüße & {to}", address: str = ZOE) -> Any:
    part = connector.plan(Content(text=text)).parts[0]
    return await connector.send(part, address, token="12.0", files=files)


async def test_json_with_a_bearer(provider: Any, http: Http, files: Any) -> None:
    async with provider((202, {"id": "sms-1"})) as gateway:
        sent = await send(Sms(config(f"{gateway.url}/messages"), http), files)
    assert sent.external_id == "sms-1"
    body = {"to": ZOE, "from": "+493023125110", "text": "Grüße & {to}", "reference": "12.0"}  # what a text says of places stays text
    assert gateway.asked[0] == ("POST", "/messages", body)
    assert gateway.headers[0]["Authorization"] == "Bearer name:wort"


async def test_json_of_any_shape(provider: Any, http: Http, files: Any) -> None:
    template = '{"messages": [{"destinations": [{"to": "{to}"}], "content": {"text": "{text}"}, "flash": false}], "x": 1}'
    async with provider((200, {"success": "100", "messages": [{"id": 77, "success": True}]})) as gateway:
        connector = Sms(
            config(gateway.url, template=template, auth="header", auth_header="X-Api-Key", digits="bare", answer_id="messages.0.id",
                   answer_ok="success=100"), http
        )  # fmt: skip
        sent = await send(connector, files)
    assert sent.external_id == "77"
    message = {"destinations": [{"to": "4917139200122"}], "content": {"text": "Grüße & {to}"}, "flash": False}
    assert gateway.asked[0][2] == {"messages": [message], "x": 1}
    assert gateway.headers[0]["X-Api-Key"] == "name:wort"


async def test_everything_in_the_address(provider: Any, http: Http, files: Any) -> None:
    async with provider((200, b"OK: 4711")) as gateway:
        connector = Sms(
            config(f"{gateway.url}/send?user=amt", method="GET", body="query", template="to={to}&msg={text}&sender={from}", digits="zeros",
                   auth="basic", answer_id="-"), http
        )  # fmt: skip
        sent = await send(connector, files)
    assert sent.external_id == "sms:12.0"
    method, address, _body = gateway.asked[0]
    assert method == "GET"
    assert parse_qs(urlsplit(address).query) == {
        "user": ["amt"], "to": ["004917139200122"], "msg": ["Grüße & {to}"], "sender": ["+493023125110"],
    }  # fmt: skip
    assert gateway.headers[0]["Authorization"] == "Basic bmFtZTp3b3J0"


async def test_a_form(http: Http, files: Any, aiohttp_form: Any) -> None:
    async with aiohttp_form as gateway:
        sent = await send(Sms(config(gateway.url, body="form", template="to={to}&text={text}&key=k"), http), files)
    assert sent.external_id == "f-1"
    assert gateway.forms == [{"to": ZOE, "text": "Grüße & {to}", "key": "k"}]


@pytest.fixture
def aiohttp_form() -> Any:
    from aiohttp import web

    class Gateway:
        def __init__(self) -> None:
            self.forms: list[dict[str, Any]] = []

        async def __aenter__(self) -> Gateway:
            async def take(request: web.Request) -> web.Response:
                assert request.content_type == "application/x-www-form-urlencoded"
                self.forms.append(dict(await request.post()))
                return web.json_response({"id": "f-1"})

            app = web.Application()
            app.router.add_post("/", take)
            self.runner = web.AppRunner(app)
            await self.runner.setup()
            await web.TCPSite(self.runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/"
            return self

        async def __aexit__(self, *problem: object) -> None:
            await self.runner.cleanup()

    return Gateway()


@pytest.mark.parametrize(
    ("status", "answer", "failure", "reason", "more"),
    [
        (401, {"error": "unauthorized"}, ChannelBroken, "token_invalid", {}),
        (403, {}, ChannelBroken, "token_invalid", {}),
        (402, {}, ChannelBroken, "credits", {}),
        (400, {"error": "no_credit"}, ChannelBroken, "credits", {}),
        (404, {}, ChannelBroken, "setup", {}),
        (400, {"error": "invalid_number"}, AddressGone, "not_reachable", {}),
        (400, {"error": "text_too_long"}, Rejected, "content_refused", {}),
        (429, {}, Temporary, "rate_limit", {"limit": True, "scope": "channel", "maybe_sent": False}),
        (500, {}, Temporary, "unavailable", {"maybe_sent": False}),
        (502, {}, Temporary, "unavailable", {"maybe_sent": True}),
        (503, {}, Temporary, "unavailable", {"maybe_sent": False}),
        (0, {}, Temporary, "unavailable", {"maybe_sent": True}),
        (200, {"success": "900"}, Rejected, "unknown", {}),
        (200, {"success": "900", "error": "Invalid_Number"}, AddressGone, "not_reachable", {}),
    ],
)
async def test_what_gateways_answer(
    provider: Any, http: Http, files: Any, status: int, answer: Any, failure: type[SendError], reason: str, more: dict[str, Any]
) -> None:
    async with provider((status, answer)) as gateway:
        with pytest.raises(failure) as problem:
            await send(Sms(config(gateway.url, answer_ok="success=100"), http), files)
    assert problem.value.reason == reason
    assert {name: getattr(problem.value, name) for name in more} == more
    assert ZOE not in problem.value.details


async def test_a_retry_after_is_kept(provider: Any, http: Http, files: Any) -> None:
    async with provider((429, {}, {"Retry-After": "7"})) as gateway:
        with pytest.raises(Temporary) as problem:
            await send(Sms(config(gateway.url), http), files)
    assert problem.value.retry_after == 7


@pytest.mark.parametrize("address", ["", "0171", "+49 171", "zoe@buerger.example", "+4917139200122\r\nX: y"])
async def test_what_is_no_number_is_not_called(http: Http, files: Any, address: str) -> None:
    with pytest.raises(AddressGone):
        await send(Sms(config(), http), files, address=address)


async def test_the_check_shows_the_balance(provider: Any, http: Http) -> None:
    async with provider((200, {"data": {"balance": 12.5}}), (401, {}), (500, {})) as gateway:
        connector = Sms(config(check_url=gateway.url, check_shows="data.balance"), http)
        sound, refused, away = await connector.check(), await connector.check(), await connector.check()
    assert sound.ok
    assert sound.facts["credits"] == "12.5"
    assert [(health.ok, health.findings[-1].code) for health in (refused, away)] == [(False, "token_invalid"), (False, "unavailable")]


async def test_the_check_says_what_it_cannot_know() -> None:
    health = await Sms(config(sender="Musterstadt"), Http()).check()
    assert health.ok
    assert [note.code for note in health.findings] == ["no_answers", "unchecked"]


NO_PLACE = {"template": '{"to": "{to}", "text": "{text}"}'}


@pytest.mark.parametrize(("more", "echoes"), [({}, True), ({"state_ref": ""}, False), ({"state_ref": "-"}, False), (NO_PLACE, False)])
def test_a_doubt_settles_itself_where_reports_name_our_id(more: dict[str, Any], echoes: bool) -> None:
    assert Sms(config(**more), Http()).limits.echoes_token is echoes


def test_a_link_opens_an_sms_with_its_words() -> None:
    assert Sms(config(), Http()).link("verkehr", "") == "sms:+493023125110?body=START%20verkehr"
    assert Sms(config(), Http()).link("", "Melden") == "sms:+493023125110?body=Melden"
    assert Sms(config(sender="Musterstadt"), Http()).link("", "") == ""
    assert Sms(SmsConfig.model_construct(), Http()).link("", "x") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "Stadt Musterstadt"},
        {"sender": "Bürgerbüro"},
        {"sender": "0171"},
        {"url": "sms.example"},
        {"template": '{"to": "{to}"}'},
        {"template": "{to}{text}"},
        {"body": "form", "template": "{to} {text}"},
        {"method": "GET"},
        {"access": ""},
        {"auth": "basic", "access": "ohne"},
        {"answer_id": "a b"},
        {"state": "a..b"},
        {"check_url": "ftp://sms.example"},
    ],
)
def test_a_set_up_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**wrong) if "url" not in wrong else config(wrong["url"])
