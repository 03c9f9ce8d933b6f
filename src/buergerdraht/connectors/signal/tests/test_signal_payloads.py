"""What signal-cli tells is read as what it is; what is none of our business makes nothing; nothing breaks the reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Changed, Event, Item, Malformed, Receipt, Received, seen_id
from buergerdraht.connectors.signal.payloads import READERS, is_old, parse

FIXTURES = Path(__file__).parents[1] / "fixtures"
US, ZOE, AT = "+493023125110", "7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011", 1796030000000
OURS = f"{ZOE}:{AT - 60000}:us"


def items(name: str) -> list[Item]:
    return parse((FIXTURES / f"{name}.json").read_bytes(), US)


def received(name: str) -> Received:
    found = items(name)
    assert len(found) == 1
    assert not found[0].problem
    event = found[0].event
    assert isinstance(event, Received)
    return event


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("text", {"kind": "text", "text": "Wann öffnet das Rathaus?", "external_id": f"{ZOE}:{AT}"}),
        ("text_as_json_rpc_notice", {"kind": "text", "text": "Hallo"}),
        ("text_mentioning", {"text": "😀 @Stadt Musterstadt weiß Bescheid"}),
        ("quote_of_ours", {"kind": "text", "text": "2", "quote": OURS}),
        ("quote_of_their_own", {"quote": f"{ZOE}:{AT - 70000}"}),
        ("photo_with_words", {"kind": "media", "text": "Die Laterne hier"}),
        ("photo_to_be_seen_once", {"kind": "unsupported", "raw_kind": "viewOnce", "media": ()}),
        ("place", {"kind": "location", "text": "Marktplatz 1\n\nhttps://maps.google.com/maps?q=51.177600%2C10.451500"}),
        ("sticker", {"kind": "unsupported", "raw_kind": "sticker"}),
        ("poll", {"kind": "unsupported", "raw_kind": "pollCreate"}),
        ("reaction_to_ours", {"kind": "reaction", "text": "👍", "quote": OURS}),
        ("reaction_taken_back", {"kind": "reaction", "text": "", "quote": OURS}),
        ("deleted", {"kind": "deletion", "quote": f"{ZOE}:{AT - 5000}", "external_id": f"{ZOE}:{AT}"}),
        ("edited", {"kind": "edit", "text": "Wann öffnet das Bürgeramt?", "quote": f"{ZOE}:{AT - 5000}", "external_id": f"{ZOE}:{AT}"}),
        ("call", {"kind": "unsupported", "raw_kind": "callMessage"}),
    ],
)
def test_a_message_is_read_as_what_it_is(name: str, fields: dict[str, Any]) -> None:
    event = received(name)
    assert {field: getattr(event, field) for field in fields} == fields
    assert event.sender.address == ZOE
    assert event.at == datetime.fromtimestamp(AT / 1000, UTC)


def test_a_person_is_known_by_their_signal_id_and_a_number_they_show_is_an_alias() -> None:
    hidden, shown = received("text").sender, received("text_with_known_number").sender
    assert (hidden.address, hidden.aliases, hidden.handle, hidden.name) == (ZOE, (), "", "Zoë Beispiel")
    assert (shown.address, shown.aliases, shown.handle) == (ZOE, ("+491713920011",), "+491713920011")


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("photo_with_words", [("image", "4F3xY.jpg", "image/jpeg", "")]),
        ("two_photos", [("image", "a1.jpg", "image/jpeg", ""), ("image", "a2.png", "image/png", "karte.png")]),
        ("voice", [("voice", "vv.m4a", "audio/aac", "")]),
        ("sound_with_a_name", [("audio", "so.mp3", "audio/mpeg", "lied.mp3")]),
        ("document", [("document", "do.pdf", "application/pdf", "antrag.pdf")]),
        ("long_text", [("document", "long.txt", "text/x-signal-plain", "")]),
    ],
)
def test_files_are_named_for_later(name: str, files: list[tuple[str, str, str, str]]) -> None:
    assert [(str(ref.kind), ref.external_id, ref.mime, ref.file_name) for ref in received(name).media] == files


def test_a_place_and_a_contact_are_taken_out_of_their_wrapping() -> None:
    place, card = received("place").location, received("contact").cards[0]
    assert place is not None
    assert (place.latitude, place.longitude) == (51.1776, 10.4515)
    assert (card.name, card.phones, card.emails) == ("Max Muster", ("+491713920012",), ("max@beispiel.example",))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("receipt_delivered", [(OURS, "delivered"), (f"{ZOE}:{AT - 50000}:us", "delivered")]),
        ("receipt_read", [(OURS, "read")]),
        ("receipt_viewed", [(OURS, "read")]),
        ("receipt_with_known_number", [(OURS, "delivered"), (f"+491713920011:{AT - 60000}:us", "delivered")]),
    ],
)
def test_receipts_name_our_messages(name: str, told: list[tuple[str, str]]) -> None:
    events = [item.event for item in items(name)]
    assert [(event.external_id, str(event.state)) for event in events if isinstance(event, Receipt)] == told
    assert len({seen_id(event) for event in events if event}) == len(events)


@pytest.mark.parametrize(
    "name",
    ["typing", "story", "call_ended", "group_message", "timer_changed", "profile_key_only", "own_device_read", "text_of_another_account",
     "message_of_tomorrow"],
)  # fmt: skip
def test_what_is_none_of_our_business_makes_nothing(name: str) -> None:
    assert items(name) == []


def test_what_another_device_of_ours_wrote_is_an_echo_and_nobodys_message() -> None:
    event = items("own_device_wrote")[0].event
    assert isinstance(event, Changed)
    assert (event.what, event.effect) == ("echo", "")
    assert "Von Hand" not in event.text


@pytest.mark.parametrize("name", ["broken_message", "undecryptable", "error"])
def test_what_cannot_be_read_is_kept_as_a_problem_that_quotes_nobody(name: str) -> None:
    found = items(name)
    assert [bool(item.problem) and item.event is None for item in found] == [True]
    assert "kein Text" not in found[0].problem
    assert ZOE not in found[0].problem


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff", b'{"envelope": 7}', b'{"hello": "world"}', b'{"params": 1}'])
def test_what_is_not_from_signal_cli_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, US)


def test_what_was_handed_over_long_ago_is_old_and_what_waited_long_is_not() -> None:
    told = json.loads((FIXTURES / "text.json").read_text())
    now = int(datetime.now(UTC).timestamp() * 1000)
    for days, old in ((0, False), (9, False), (11, True)):
        told["envelope"]["serverDeliveredTimestamp"] = now - days * 86_400_000
        assert is_old(json.dumps(told).encode()) is old
    assert not is_old(b"<html>")
    assert not is_old(b'{"envelope": {"serverDeliveredTimestamp": "x"}}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "timestamp",
    "message",
    "attachments",
    "quote",
    "reaction",
    "sticker",
    "groupInfo",
    "mentions",
    "contacts",
    "viewOnce",
    "remoteDelete",
    "dataMessage",
    "targetSentTimestamp",
    "when",
    "timestamps",
    "isRead",
    "sentMessage",
    "offerMessage",
    "id",
    "name",
    "phone",
]


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*READERS, "source", "sourceUuid", "sourceNumber", "sourceName", "timestamp", "x"]),
                    JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6), max_size=6)
)  # fmt: skip
def test_every_foreign_envelope_is_read_or_kept(envelope: dict[str, Any]) -> None:
    body = json.dumps({"envelope": envelope, "account": US}).encode()
    for item in parse(body, US):
        assert (item.event is None) == bool(item.problem)
        assert msgspec.json.decode(msgspec.json.encode(item), type=Item) == item


@settings(max_examples=100)
@given(st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.json"))), st.data())
def test_a_known_envelope_with_one_foreign_value_spoils_nothing(name: str, data: st.DataObject) -> None:
    told = json.loads((FIXTURES / f"{name}.json").read_text())
    where = told
    while True:
        key = data.draw(st.sampled_from(sorted(where)))
        if isinstance(where[key], dict) and where[key] and data.draw(st.booleans()):
            where = where[key]
            continue
        where[key] = data.draw(JSON)
        break
    try:
        found = parse(json.dumps(told).encode(), US)
    except Malformed:
        return
    for item in found:
        assert (item.event is None) == bool(item.problem)
        assert item.event is None or isinstance(item.event, Event)
        msgspec.json.encode(item)
