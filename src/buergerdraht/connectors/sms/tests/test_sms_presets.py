"""Gateways by their names: called, answered and heard as their documentation says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Content, Receipt, ReceiptState, Received
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.connectors.sms.connector import Sms
from buergerdraht.connectors.sms.presets import PRESETS

ZOE = "+4917139200122"


def usual() -> dict[str, Any]:
    """What a form sends along: every field as it was drawn."""
    fields = SmsConfig.model_fields.items()
    return {name: field.default for name, field in fields if isinstance(field.default, str)}


def made(gateway: str, **more: Any) -> SmsConfig:
    return SmsConfig.model_validate({**usual(), "sender": "+49 30 23125110", "access": "name:wort", "gateway": gateway, **more})


def there(gateway: str, url: str) -> SmsConfig:
    """A preset whose gateway stands here."""
    config = made(gateway)
    return config.model_copy(update={"url": url + "/sms", "check_url": config.check_url and url + "/check"})


async def send(config: SmsConfig, http: Http, files: Any) -> Any:
    connector = Sms(config, http)
    return await connector.send(connector.plan(Content(text="Grüße")).parts[0], ZOE, token="12.0", files=files)


SENT: dict[str, tuple[int, Any, dict[str, Any], tuple[str, str], str]] = {
    "seven": (
        200, {"success": "100", "total_price": 0.075, "messages": [{"id": "77149843739", "success": True}]},
        {"to": ZOE, "from": "+493023125110", "text": "Grüße"}, ("X-Api-Key", "name:wort"), "77149843739",
    ),
    "sipgate": (204, b"", {"smsId": "s0", "recipient": ZOE, "message": "Grüße"}, ("Authorization", "Basic bmFtZTp3b3J0"), "sms:12.0"),
    "link": (
        200, {"statusCode": 2000, "statusMessage": "OK", "transferId": "0059d0b20100a0a8b803", "smsCount": 1},
        {"recipientAddressList": ["4917139200122"], "messageContent": "Grüße", "clientMessageId": "12.0"},
        ("Authorization", "Bearer name:wort"), "0059d0b20100a0a8b803",
    ),
}  # fmt: skip


@pytest.mark.parametrize("gateway", PRESETS)
async def test_a_named_gateway_is_called_as_it_documents(provider: Any, http: Http, files: Any, gateway: str) -> None:
    status, answer, body, (header, value), name = SENT[gateway]
    async with provider((status, answer)) as double:
        sent = await send(there(gateway, double.url), http, files)
    assert (double.asked, double.headers[0][header], sent.external_id) == ([("POST", "/sms", body)], value, name)


@pytest.mark.parametrize(
    ("gateway", "answer", "problem"),
    [
        ("seven", {"success": "202"}, AddressGone),
        ("seven", {"success": "500"}, ChannelBroken),
        ("link", {"statusCode": 4002, "statusMessage": "invalid recipient"}, AddressGone),
        ("link", {"statusCode": 4013, "statusMessage": "limit"}, ChannelBroken),
    ],
)
async def test_a_named_gateway_says_no_with_a_success(
    provider: Any, http: Http, files: Any, gateway: str, answer: Any, problem: type[Exception]
) -> None:
    async with provider((200, answer)) as double:
        with pytest.raises(problem):
            await send(there(gateway, double.url), http, files)


TOLD: list[tuple[str, dict[str, Any], Any]] = [
    ("seven", {"data": {"id": "681590", "sender": "4917139200122", "system": "491771783130", "text": "Hallo", "time": "1605878104"},
               "webhook_event": "sms_mo"}, (Received, "681590", ZOE, "Hallo")),
    ("seven", {"data": {"msg_id": "77149843739", "status": "DELIVERED", "timestamp": "2021-08-24 08:08:00.000000"}, "webhook_event": "dlr"},
     (Receipt, "77149843739", ReceiptState.DELIVERED, "")),
    ("seven", {"data": {"msg_id": "77149843739", "status": "NOTDELIVERED"}}, (Receipt, "77149843739", ReceiptState.FAILED, "")),
    ("link", {"messageType": "text", "notificationId": "02c1d0051949fe70cbfa", "senderAddress": "4917139200122",
              "recipientAddress": "493023125110", "textMessageContent": "Hallo"}, (Received, "02c1d0051949fe70cbfa", ZOE, "Hallo")),
    ("link", {"messageType": "deliveryReport", "notificationId": "5280675327899111111", "transferId": "00670eb55d00349e1111",
              "senderAddress": "4917139200122", "deliveryReportMessageStatus": "delivered", "clientMessageId": "12.0"},
     (Receipt, "00670eb55d00349e1111", ReceiptState.DELIVERED, "12.0")),
]  # fmt: skip


@pytest.mark.parametrize(("gateway", "body", "wanted"), TOLD)
def test_a_named_gateway_is_heard_as_it_documents(gateway: str, body: dict[str, Any], wanted: Any) -> None:
    connector = Sms(made(gateway), Http())
    word = connector.config.hook_word
    enclosed = connector.enclose(Called(method="POST", query={"wort": word}, body=json.dumps(body).encode()))
    assert enclosed is not None
    connector.verify({}, enclosed)
    [item] = connector.parse(enclosed)
    event = item.event
    if isinstance(event, Received):
        assert (Received, event.external_id, event.sender.address, event.text) == wanted
    else:
        assert isinstance(event, Receipt)
        assert (Receipt, event.external_id, event.state, event.token) == wanted


def test_what_a_named_gateway_hears_of_us_is_what_it_wants() -> None:
    assert json.loads(Sms(made("link"), Http()).taken) == {"statusCode": 2000, "statusMessage": "OK"}
    assert Sms(made("seven"), Http()).taken == "OK"


def test_who_reports_no_delivery_is_not_said_to() -> None:
    assert not Sms(made("sipgate"), Http()).limits.delivered
    assert Sms(made("link"), Http()).limits.delivered


def test_what_somebody_entered_stays_and_another_choice_takes_the_rest() -> None:
    mine = '{"smsId": "s7", "recipient": "{to}", "message": "{text}"}'
    config = made("sipgate", template=mine)
    assert (config.template, config.answer_id) == (mine, "-")
    changed = SmsConfig.model_validate({**dict(made("link")), "gateway": "seven"})
    assert (changed.digits, changed.auth_header, changed.answer_ok) == ("plus", "X-Api-Key", "success=100")


def test_another_gateway_needs_its_address() -> None:
    with pytest.raises(ValidationError, match="wohin gesendet wird"):
        made("other")
