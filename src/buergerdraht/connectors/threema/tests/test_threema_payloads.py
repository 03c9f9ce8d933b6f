"""What comes in from Threema, container by container: the fixtures hold what is in the box, the tests seal it as an app does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey

from buergerdraht.connectors import learned
from buergerdraht.connectors.contract import Item, Location, Malformed, MediaKind, Receipt, Received, Ref, Sender, Unsigned, Wanting
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.threema import boxes, payloads
from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.connectors.threema.connector import Threema

FIXTURES = Path(__file__).parent.parent / "fixtures"
SECRET, THEIRS, OURS = "ein-geheimes-wort", bytes([2]) * 32, bytes([1]) * 32
BLOB, KEY = "00112233445566778899aabbccddeeff", "ab" * 32


@pytest.fixture(autouse=True)
def _no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "FOLDER", None)


def public(private: bytes) -> bytes:
    return bytes(PrivateKey(private).public_key)


def threema() -> Threema:
    found = Threema(ThreemaConfig(identity="*MUSTER1", secret=SECRET, private_key=OURS.hex()), Http())
    found.directory.note("ABCD1234", public(THEIRS))
    return found


def content(name: str) -> tuple[int, bytes]:
    data = json.loads((FIXTURES / f"{name}.json").read_text())
    if "json" in data:
        return int(data["type"], 16), json.dumps(data["json"]).encode()
    return int(data["type"], 16), data["text"].encode() if "text" in data else bytes.fromhex(data["hex"])


def body(kind: int, payload: bytes, **other: str) -> bytes:
    sealed = boxes.seal(kind, payload, THEIRS, public(OURS))
    form = {
        "from": "ABCD1234", "to": "*MUSTER1", "messageId": "0123456789abcdef", "date": "1790000000",
        "nonce": sealed.nonce.hex(), "box": sealed.box.hex(), "nickname": "Zoë", **other,
    }  # fmt: skip
    return urlencode({**form, "mac": payloads.mac(SECRET, form)}).encode()


def read(name: str) -> list[Item]:
    return threema().parse(body(*content(name)))


def received(name: str) -> Received:
    [item] = read(name)
    assert isinstance(item.event, Received), item.problem
    return item.event


def test_every_message_says_who_wrote_when_and_how_it_is_called() -> None:
    event = received("text")
    assert event.sender == Sender(address="ABCD1234", name="Zoë", handle="ABCD1234")
    assert event.external_id == "ABCD1234:0123456789abcdef"
    assert event.at.timestamp() == 1790000000


@pytest.mark.parametrize(
    ("name", "kind", "text", "quote"),
    [
        ("text", "text", "Ist die Straße gesperrt? 😀", ""),
        ("text_quoting_ours", "text", "Ja, genau das", "ABCD1234:8899aabbccddeeff"),
        ("text_that_only_looks_like_a_quote", "text", "> quote #8899\n\nJa", ""),
        ("text_with_bytes_that_are_none", "text", "Hallo\ufffd", ""),
        ("text_empty", "text", "", ""),
        ("poll", "unsupported", "", ""),
        ("group_text", "unsupported", "", ""),
        ("call", "unsupported", "", ""),
        ("kind_of_tomorrow", "unsupported", "", ""),
    ],
)
def test_words_come_in_as_they_are_and_the_unknown_as_a_placeholder(name: str, kind: str, text: str, quote: str) -> None:
    event = received(name)
    assert (event.kind, event.text, event.quote) == (kind, text, quote)


@pytest.mark.parametrize(("name", "raw_kind"), [("poll", "poll"), ("group_text", "group"), ("call", "call"), ("kind_of_tomorrow", "0x77")])
def test_a_placeholder_names_what_it_stands_for(name: str, raw_kind: str) -> None:
    assert received(name).raw_kind == raw_kind


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("location_bare", Location(latitude=51.5134, longitude=7.4653)),
        ("location_with_address", Location(latitude=51.5134, longitude=7.4653, address="Markt 1\n12345 Musterstadt")),
        ("location_with_name_and_address", Location(latitude=51.5134, longitude=7.4653, name="Rathaus", address="Markt 1")),
    ],
)
def test_places_are_read_with_name_and_address(name: str, place: Location) -> None:
    assert received(name).location == place


@pytest.mark.parametrize(
    ("name", "ref"),
    [
        ("photo_with_caption", Ref(kind=MediaKind.IMAGE, external_id=f"{BLOB}.{KEY}", mime="image/jpeg", size=4711, file_name="foto.jpg")),
        ("document", Ref(kind=MediaKind.DOCUMENT, external_id=f"{BLOB}.{KEY}", mime="application/pdf", size=9, file_name="antrag.pdf")),
        (
            "picture_sent_as_a_file",
            Ref(kind=MediaKind.DOCUMENT, external_id=f"{BLOB}.{KEY}", mime="image/png", size=9, file_name="a.png"),
        ),
        ("voice", Ref(kind=MediaKind.VOICE, external_id=f"{BLOB}.{KEY}", mime="audio/aac", size=900)),
        ("sticker", Ref(kind=MediaKind.STICKER, external_id=f"{BLOB}.{KEY}", mime="image/webp", size=900)),
        ("video_of_an_old_app", Ref(kind=MediaKind.VIDEO, external_id=f"{BLOB}.{KEY}", mime="video/mp4", size=900, file_name="v.mp4")),
        ("old_image", Ref(kind=MediaKind.IMAGE, external_id=f"{BLOB}.{'cd' * 24}.ABCD1234", mime="image/jpeg", size=4711)),
        ("old_video", Ref(kind=MediaKind.VIDEO, external_id=f"{BLOB}.{KEY}", mime="video/mp4", size=4711)),
        ("old_audio", Ref(kind=MediaKind.VOICE, external_id=f"{BLOB}.{KEY}", mime="audio/aac", size=4711)),
    ],
)
def test_files_are_named_so_that_they_can_be_fetched(name: str, ref: Ref) -> None:
    event = received(name)
    assert (event.kind, event.media) == ("media", (ref,))


def test_a_picture_brings_its_caption() -> None:
    assert received("photo_with_caption").text == "Das Schlagloch"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("receipt_received", [("ABCD1234:8899aabbccddeeff", "delivered")]),
        ("receipt_read_of_two", [("ABCD1234:8899aabbccddeeff", "read"), ("ABCD1234:0011223344556677", "read")]),
        ("receipt_thumb_up", [("ABCD1234:8899aabbccddeeff", "read"), ("👍", "ABCD1234:8899aabbccddeeff")]),
        ("receipt_thumb_down", [("ABCD1234:8899aabbccddeeff", "read"), ("👎", "ABCD1234:8899aabbccddeeff")]),
    ],
)
def test_receipts_climb_and_thumbs_are_reactions(name: str, expected: list[tuple[str, str]]) -> None:
    events: list[Any] = [item.event for item in read(name)]
    assert [(one.external_id, str(one.state)) if isinstance(one, Receipt) else (one.text, one.quote) for one in events] == expected


@pytest.mark.parametrize("name", ["typing", "profile_picture"])
def test_what_nobody_said_makes_no_item(name: str) -> None:
    assert read(name) == []


@pytest.mark.parametrize(
    "name",
    [
        "location_nowhere", "location_broken", "file_without_key", "file_leading_elsewhere", "file_that_is_a_list", "file_deeply_nested",
        "old_image_too_short", "receipt_of_tomorrow", "receipt_torn",
    ],
)  # fmt: skip
def test_what_is_broken_is_kept_with_a_problem_that_quotes_nobody(name: str) -> None:
    [item] = read(name)
    assert item.event is None
    assert item.problem
    assert "Norden" not in item.problem
    assert set(item.raw) <= {"type", "message", "state"}


# ── The envelope ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "other",
    [
        {"to": "*ANDERE1"}, {"from": "abc"}, {"from": "../../ab"}, {"messageId": "12"}, {"messageId": "g" * 16}, {"date": "gestern"},
        {"date": "-1"}, {"date": "999999999999"}, {"nonce": "00"}, {"box": ""}, {"box": "abc"}, {"box": "zz"},
    ],
    ids=str,
)  # fmt: skip
def test_a_signed_form_with_a_wrong_field_is_kept_and_never_refused(other: dict[str, str]) -> None:
    signed = body(1, b"Hallo", **other)
    threema().verify({}, signed)
    [item] = threema().parse(signed)
    assert item.event is None
    assert item.problem


def test_a_box_that_was_changed_on_the_way_stays_closed() -> None:
    connector, sealed = threema(), boxes.seal(1, b"Hallo", THEIRS, public(OURS))
    changed = sealed.box[:-1] + bytes([sealed.box[-1] ^ 1])
    broken = body(1, b"", nonce=sealed.nonce.hex(), box=changed.hex())
    with pytest.raises(Wanting):  # perhaps the sender has another key now: the directory is asked
        connector.parse(broken)
    connector.directory.answer("ABCD1234", public(THEIRS), [f"ABCD1234:{sealed.nonce.hex()}"])
    assert [item.problem for item in connector.parse(broken)] == ["box_closed"]


def test_a_sender_the_directory_does_not_know_is_kept_as_such() -> None:
    connector, nonce = threema(), "0f" * 24
    stranger = body(1, b"Hallo", **{"from": "FREMD001", "nonce": nonce})
    with pytest.raises(Wanting):
        connector.parse(stranger)
    connector.directory.answer("FREMD001", b"", [f"FREMD001:{nonce}"])
    assert [item.problem for item in connector.parse(stranger)] == ["sender_unknown"]


@pytest.mark.parametrize(
    "change",
    [
        lambda form: form.replace(b"date=1", b"date=2"),
        lambda form: form.replace(b"from=A", b"from=B"),
        lambda form: form.replace(b"&mac=", b"&mac=0"),
        lambda form: form.replace(b"&mac=", b"&mac=%C3%A4"),
        lambda form: form.partition(b"&mac=")[0],
    ],
    ids=["another day", "another sender", "another code", "a code of other letters", "no code"],
)
def test_a_form_that_is_not_signed_is_turned_away(change: Callable[[bytes], bytes]) -> None:
    signed = body(1, b"Hallo")
    threema().verify({}, signed)
    assert change(signed) != signed
    with pytest.raises(Unsigned):
        threema().verify({}, change(signed))


def test_the_nickname_is_not_signed_and_so_may_change() -> None:
    threema().verify({}, body(1, b"Hallo").replace(b"Zo%C3%AB", b"Zoe"))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda words: words.encode(errors="surrogatepass"))))
@settings(max_examples=200)
def test_any_bytes_are_unsigned_and_malformed_at_the_worst(data: bytes) -> None:
    connector = Threema(ThreemaConfig(identity="*MUSTER1", secret=SECRET, private_key=OURS.hex()), Http())
    with pytest.raises(Unsigned):
        connector.verify({}, data)
    with pytest.raises(Malformed):
        connector.parse(data)


@given(st.integers(0, 255), st.binary(max_size=300))
@settings(max_examples=300)
def test_whatever_is_in_a_box_parse_never_raises(kind: int, payload: bytes) -> None:
    connector = Threema(ThreemaConfig(identity="*MUSTER1", secret=SECRET, private_key=OURS.hex()), Http())
    connector.directory.note("ABCD1234", public(THEIRS))
    for item in connector.parse(body(kind, payload)):
        assert (item.event is None) == bool(item.problem)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))


@given(st.recursive(VALUES, lambda more: st.lists(more, max_size=3)), st.sampled_from("bkmnsjidtx"))
@settings(max_examples=200)
def test_a_file_with_any_value_in_any_field_never_raises(value: Any, name: str) -> None:
    told = {**json.loads((FIXTURES / "photo_with_caption.json").read_text())["json"], name: value}
    connector = Threema(ThreemaConfig(identity="*MUSTER1", secret=SECRET, private_key=OURS.hex()), Http())
    connector.directory.note("ABCD1234", public(THEIRS))
    [item] = connector.parse(body(0x17, json.dumps(told).encode()))
    assert (item.event is None) == bool(item.problem)
