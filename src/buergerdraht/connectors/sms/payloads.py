"""Read what a gateway tells us, by the paths of the Config: messages of citizens, and what became of ours.

`enclose` puts a call into one envelope: {"at", "proved", "query", "body"}; the word itself is not kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from buergerdraht.connectors.contract import Event, Item, Malformed, Receipt, ReceiptState, Received, Sender
from buergerdraht.connectors.sms.config import SmsConfig, listed
from buergerdraht.connectors.wire import item, load, moment, text, worth

MOST = 500  # items of one call
LONGEST = 10_000


def parse(body: bytes, config: SmsConfig) -> list[Item]:
    envelope = load(body)
    told = envelope.get("told")
    if told is None or not isinstance(envelope.get("at"), int):
        raise Malformed("no envelope")
    found = at(told, config.items) if config.items else told
    entries = found if isinstance(found, list) else [found]
    return worth([item(partial(_event, each, config, envelope["at"]), _raw(each)) for each in entries[:MOST]])


def _raw(value: Any) -> Any:
    return value if isinstance(value, Mapping) else {"value": str(value)[:200]}


def told(query: Mapping[str, str], body: bytes) -> Any:
    """Take a call apart, whatever its form: JSON, else a form, else the query. None where nothing is told."""
    if body.strip():
        try:
            found = json.loads(body)
            if isinstance(found, list) or (isinstance(found, dict) and found):
                return found
        except (ValueError, RecursionError):
            pass
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100)) if len(body) < 65_536 else {}
        return fields or None
    return dict(query) or None


def at(value: Any, path: str) -> Any:
    """Follow a path with dots; None where it leads nowhere."""
    for name in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def word(value: Any) -> str:
    """Take a text or a number as text."""
    if isinstance(value, bool) or value is None:
        return ""
    return text(str(value) if isinstance(value, int | float) else value).strip()


def _event(data: Any, config: SmsConfig, now: int) -> Event | None:
    if not isinstance(data, Mapping):
        raise TypeError("object expected")
    state = word(at(data, config.state))
    if at(data, config.in_text) is not None and at(data, config.in_from) is not None and not state:
        return _received(data, config, now)
    if state:
        return _receipt(data, config, state, now)
    raise LookupError("neither message nor state")


def _received(data: Any, config: SmsConfig, now: int) -> Event | None:
    number = e164(word(at(data, config.in_from)))
    if not number:
        return None  # a short code or a name: nobody to answer
    said = text(at(data, config.in_text))[:LONGEST].strip()
    name = word(at(data, config.in_id))[:120]
    if not name:
        when = word(at(data, config.in_time)) or str(now // 60)
        name = "sms:" + hashlib.sha256(f"{number} {when} {said}".encode()).hexdigest()[:40]
    kind = "text" if said else "unsupported"
    sender = Sender(address=number, handle=number)
    return Received(external_id=name, sender=sender, at=_time(data, config, now), kind=kind, text=said, raw_kind="" if said else "sms")


def _time(data: Any, config: SmsConfig, now: int) -> datetime:
    value = word(at(data, config.in_time))
    limit = moment(now)
    try:
        if re.fullmatch(r"\d{9,13}", value):
            return min(moment(int(value) // (1000 if len(value) > 11 else 1)), limit)
        found = datetime.fromisoformat(value)
        return min(found if found.tzinfo else found.replace(tzinfo=UTC), limit)
    except (ValueError, OverflowError):
        return limit


def _receipt(data: Any, config: SmsConfig, state: str, now: int) -> Event:
    name, key = word(at(data, config.state_id)), state.casefold()
    token = word(at(data, config.state_ref)) if config.state_ref else ""
    if not name:
        raise LookupError("id")
    if key in listed(config.delivered):
        return Receipt(external_id=name, state=ReceiptState.DELIVERED, at=moment(now), token=token)
    if key in listed(config.failed):
        return Receipt(external_id=name, state=ReceiptState.FAILED, at=moment(now), token=token, reason="not_reachable")
    if key in listed(config.sent):
        return Receipt(external_id=name, state=ReceiptState.SENT, at=moment(now), token=token)
    raise LookupError("unknown state")


def e164(value: str) -> str:
    """Write a number as +49…; "" where it is none. A number without its country is a German one."""
    digits = re.sub(r"[\s/().\-]", "", value)
    if not re.fullmatch(r"\+?\d{6,17}", digits):
        return ""
    if digits.startswith("+"):
        found = digits
    elif digits.startswith("00"):
        found = "+" + digits[2:]
    elif digits.startswith("0"):
        found = "+49" + digits[1:]
    else:
        found = "+" + digits
    return found if re.fullmatch(r"\+[1-9]\d{6,14}", found) else ""
