"""How some gateways are called, by their own documentation. None was tried with an account of ours.

Each preset says only where it differs from the Config's own defaults. https://docs.seven.io/en/rest-api/endpoints/sms and …/webhooks;
https://api.sipgate.com/v2/doc (sessions/sms; reports and incoming texts are not told); LINK Mobility's "SMS messaging" (formerly websms) at
api.linkmobility.eu, where sender names are a matter of the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "seven": {
        "url": "https://gateway.seven.io/api/sms",
        "auth": "header",
        "template": '{"to": "{to}", "from": "{from}", "text": "{text}"}',
        "answer_id": "messages.0.id",
        "answer_ok": "success=100",
        "no_number": '"success":"202", "success": "202"',
        "no_money": '"success":"500", "success": "500"',
        "in_from": "data.sender",
        "in_text": "data.text",
        "in_id": "data.id",
        "in_time": "data.time",
        "state_id": "data.msg_id",
        "state": "data.status",
        "state_ref": "-",
        "failed": "NOTDELIVERED, EXPIRED, REJECTED, FAILED",
        "sent": "TRANSMITTED, BUFFERED, ACCEPTED",
        "check_url": "https://gateway.seven.io/api/balance",
        "check_shows": "amount",
    },
    "sipgate": {
        "url": "https://api.sipgate.com/v2/sessions/sms",
        "auth": "basic",
        "template": '{"smsId": "s0", "recipient": "{to}", "message": "{text}"}',
        "answer_id": "-",
        "state_ref": "-",
        "delivered": "-",
        "check_url": "https://api.sipgate.com/v2/authorization/userinfo",
    },
    "link": {
        "url": "https://api.linkmobility.eu/rest/smsmessaging/text",
        "template": '{"recipientAddressList": ["{to}"], "messageContent": "{text}", "clientMessageId": "{id}"}',
        "digits": "bare",
        "answer_id": "transferId",
        "answer_ok": "statusCode=2000|2001",
        "no_number": '"statusCode":4002, "statusCode": 4002',
        "no_money": '"statusCode":4013, "statusCode": 4013',
        "in_from": "senderAddress",
        "in_text": "textMessageContent",
        "in_id": "notificationId",
        "in_time": "-",
        "state_id": "transferId",
        "state": "deliveryReportMessageStatus",
        "state_ref": "clientMessageId",
        "failed": "undelivered, expired, deleted, rejected",
        "sent": "accepted",
        "hook_answer": '{"statusCode":2000,"statusMessage":"OK"}',
    },
}
NAMES = frozenset(name for preset in PRESETS.values() for name in preset)


def filled(given: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Put a preset's values where nobody entered anything else: `usual` are the Config's defaults, which a form sends along."""
    found = dict(given)
    preset = PRESETS.get(str(given.get("gateway") or ""))
    for name in NAMES if preset is not None else ():
        untouched = {None, "", usual.get(name), *(other.get(name) for other in PRESETS.values())}
        if found.get(name) in untouched:
            found[name] = preset.get(name, usual.get(name)) if preset is not None else None
    return found
