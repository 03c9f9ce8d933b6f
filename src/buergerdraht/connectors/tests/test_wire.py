"""What a provider's body may hold that no table, no calendar and no other reader takes."""

from __future__ import annotations

import json

import pytest

from buergerdraht.connectors import wire
from buergerdraht.connectors.contract import encode


def test_a_body_with_half_a_letter_is_read_whole_and_can_be_kept() -> None:
    body = json.dumps({"text": "a\ud800b", "list": ["\udfff"], "\ud800": 1, "number": 10**30}).encode()
    assert wire.load(body) == {"text": "a\ufffdb", "list": ["\ufffd"], "\ufffd": 1, "number": str(10**30)}
    encode([wire.item(lambda: None, wire.load(body))])


@pytest.mark.parametrize("seconds", [1749416383749416383, -(10**18), 10**40, "1" * 30])
def test_a_moment_no_calendar_holds_is_a_broken_item_and_no_fall(seconds: object) -> None:
    broken = wire.item(lambda: wire.moment(seconds), {"date": seconds})  # type: ignore[arg-type, return-value]
    assert broken.event is None
    assert broken.problem
