"""What WhatsApp posts to a webhook, as bytes: receipts and citizens' messages, signed as Meta signs."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass

ENVELOPE = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"90000001","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",'
    b'"metadata":{"display_phone_number":"4930%b","phone_number_id":"%b"},%b}}]}]}'
)
STATUS = (
    b'{"id":"%b","status":"%b","timestamp":"%d","recipient_id":"%b","recipient_user_id":"","biz_opaque_callback_data":"%b",'
    b'"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}}'
)
MESSAGE = (
    b'"contacts":[{"profile":{"name":"Vera Beispiel"},"wa_id":"%b"}],'
    b'"messages":[{"from":"%b","id":"%b","timestamp":"%d","type":"text","text":{"body":"%b"}}]'
)
HEAD = (
    b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nUser-Agent: facebookexternalua\r\n"
    b"X-Hub-Signature-256: sha256=%b\r\nContent-Length: %d\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the provider reports for one number, and with which secret."""

    path: str
    secret: str
    phone: str  # phone_number_id

    def request(self, inner: bytes) -> bytes:
        """A whole HTTP request with this value in WhatsApp's envelope."""
        body = ENVELOPE % (self.phone.encode(), self.phone.encode(), inner)
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest().encode()
        return HEAD % (self.path.encode(), signature, len(body)) + body


def status(wamid: bytes, state: bytes, to: bytes, token: bytes) -> bytes:
    return STATUS % (wamid, state, int(time.time()), to, token)


def statuses(written: Sequence[bytes]) -> bytes:
    return b'"statuses":[%b]' % b",".join(written)


def message(number: bytes, wamid: bytes, words: bytes) -> bytes:
    return MESSAGE % (number, number, wamid, int(time.time()), words)
