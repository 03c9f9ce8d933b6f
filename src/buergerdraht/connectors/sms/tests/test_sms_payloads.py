"""What a gateway tells us, call by call. Each fixture is named after what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.called import Called
from buergerdraht.connectors.contract import Item, Malformed, Receipt, Received, Unsigned, encode
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.sms import payloads
from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.connectors.sms.connector import Sms

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOW = 1_795_939_300
ZOE = "+4917139200122"


def config(**more: Any) -> SmsConfig:
    values = {"sender": "+49 30 23125110", "url": "https://sms.example/v1", "access": "ein-token", "hook_word": "das-wort-der-meldungen"}
    return SmsConfig.model_validate({**values, **more})


def parsed(told: Any, **more: Any) -> list[Item]:
    return payloads.parse(json.dumps({"at": NOW, "proved": True, "told": told}).encode(), config(**more))


def the(name: str) -> Any:
    found = parsed(json.loads((FIXTURES / f"{name}.json").read_text()))
    assert len(found) == 1
    assert not found[0].problem
    return found[0].event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("message", {"kind": "text", "text": "Wann hat das Bürgerbüro auf?", "external_id": "mo-1"}),
        ("message_without_country", {"text": "Hallo", "external_id": "mo-2"}),
        ("message_without_id", {"text": "Hallo"}),
        ("message_without_words", {"kind": "unsupported", "raw_kind": "sms"}),
    ],
)
def test_a_message_is_read_and_its_sender_is_a_number(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert (event.sender.address, event.sender.handle) == (ZOE, ZOE)


def test_a_message_without_an_id_has_the_same_name_when_it_comes_again() -> None:
    assert the("message_without_id").external_id == the("message_without_id").external_id


def test_a_name_nobody_can_answer_makes_no_item() -> None:
    assert parsed(json.loads((FIXTURES / "message_from_a_name.json").read_text())) == []


@pytest.mark.parametrize(
    ("name", "state", "token", "reason"),
    [
        ("report_delivered", "delivered", "12.0", ""),
        ("report_sent", "sent", "12.0", ""),
        ("report_failed", "failed", "", "not_reachable"),
    ],
)
def test_a_report_climbs(name: str, state: str, token: str, reason: str) -> None:
    event = the(name)
    assert isinstance(event, Receipt)
    assert (event.external_id, event.state, event.token, event.reason) == ("sms-1", state, token, reason)


def test_a_broken_report_spoils_no_other() -> None:
    found = parsed(json.loads((FIXTURES / "reports_in_a_list.json").read_text()), items="results")
    assert [bool(item.problem) for item in found] == [False, True, True, False]
    assert "teleported" not in found[1].problem


def test_a_state_nobody_knows_is_kept() -> None:
    (item,) = parsed(json.loads((FIXTURES / "report_of_tomorrow.json").read_text()))
    assert item.problem
    assert item.raw["status"] == "teleported"


def test_other_names_are_a_matter_of_the_config() -> None:
    paths = {"state_id": "data.msg_id", "state": "data.status", "in_from": "data.sender", "in_text": "data.text", "in_id": "data.id"}
    (report,) = parsed({"webhook_event": "dlr", "data": {"msg_id": 77, "status": "DELIVERED"}}, **paths)
    assert isinstance(report.event, Receipt)
    assert (report.event.external_id, report.event.state) == ("77", "delivered")
    (message,) = parsed({"webhook_event": "mo", "data": {"id": 5, "sender": "4917139200122", "text": "Ja"}}, **paths)
    assert isinstance(message.event, Received)
    assert (message.event.external_id, message.event.sender.address) == ("5", ZOE)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+49 171 392001-22", ZOE), ("0049171 39200122", ZOE), ("017139200122", ZOE), ("4917139200122", ZOE), ("+431234567", "+431234567"),
        ("12345", ""), ("Stadt", ""), ("+0171392", ""), ("", ""), ("+49171392001221234567", ""),
    ],
)  # fmt: skip
def test_numbers_are_written_one_way(written: str, number: str) -> None:
    assert payloads.e164(written) == number


# ── The way in ────────────────────────────────────────────────────────────

WORD = {"wort": "das-wort-der-meldungen"}
BODY = b'{"id": "mo-1", "from": "+4917139200122", "text": "Hallo"}'


@pytest.mark.parametrize(
    "called",
    [
        Called(method="POST", query=WORD, body=BODY),
        Called(method="POST", query=WORD, body=b"id=mo-1&from=%2B4917139200122&text=Hallo"),
        Called(method="GET", query={**WORD, "id": "mo-1", "from": "+4917139200122", "text": "Hallo"}),
    ],
)
def test_a_call_is_heard_whatever_its_form(called: Called) -> None:
    connector = Sms(config(), Http())
    enclosed = connector.enclose(called)
    assert enclosed is not None
    assert b"das-wort" not in enclosed  # it is looked at, and not stored
    connector.verify({}, enclosed)
    (item,) = connector.parse(enclosed)
    assert isinstance(item.event, Received)
    assert item.event.text == "Hallo"


@pytest.mark.parametrize(
    ("query", "headers", "hook_header", "passes"),
    [
        ({}, {}, "", False),
        ({"wort": "falsch"}, {}, "", False),
        ({"wort": ""}, {}, "", False),
        ({}, {"x-wort": "das-wort-der-meldungen"}, "X-Wort", True),
        ({}, {"authorization": "Bearer das-wort-der-meldungen"}, "Authorization", True),
        ({}, {"x-wort": "falsch"}, "X-Wort", False),
        ({}, {"x-wort": "das-wort-der-meldungen"}, "", False),
    ],
)
def test_only_who_knows_the_word_is_believed(query: dict[str, str], headers: dict[str, str], hook_header: str, passes: bool) -> None:
    connector = Sms(config(hook_header=hook_header), Http())
    enclosed = connector.enclose(Called(method="POST", query=query, body=BODY))
    assert enclosed is not None
    if passes:
        connector.verify(headers, enclosed)
    else:
        with pytest.raises(Unsigned):
            connector.verify(headers, enclosed)


def test_nobody_proves_themselves_from_within() -> None:
    connector = Sms(config(), Http())
    enclosed = connector.enclose(Called(method="POST", body=b'{"proved": true, "at": 1, "told": {}}'))
    assert enclosed is not None
    with pytest.raises(Unsigned):
        connector.verify({}, enclosed)


@pytest.mark.parametrize(
    "called",
    [
        Called(method="GET"),
        Called(method="GET", query=WORD),
        Called(method="POST", query=WORD, tail="x", body=BODY),
        Called(method="PUT", body=BODY),
    ],
)
def test_what_tells_nothing_is_not_stored(called: Called) -> None:
    assert Sms(config(), Http()).enclose(called) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"told": {}}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_envelope_is_malformed(body: bytes) -> None:
    connector = Sms(config(), Http())
    with pytest.raises(Malformed):
        connector.parse(body)
    with pytest.raises(Unsigned):
        connector.verify({}, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "text", "status", "time", "x"]), inner),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["", "x", "x.0"]))
def test_no_call_breaks_the_reader(told: Any, items: str) -> None:
    connector = Sms(config(items=items), Http())
    enclosed = connector.enclose(Called(method="POST", query=WORD, body=json.dumps(told).encode()))
    if enclosed is None:
        return
    for item in connector.parse(enclosed):
        encode(item)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    connector = Sms(config(), Http())
    enclosed = connector.enclose(Called(method="POST", query=WORD, body=body))
    for item in connector.parse(enclosed) if enclosed else []:
        encode(item)
