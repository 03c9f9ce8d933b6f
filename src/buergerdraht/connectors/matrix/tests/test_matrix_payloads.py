"""What a homeserver pushes, kind by kind. Each fixture is named after what it shows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Changed, Gone, Item, Malformed, MediaKind, Receipt, ReceiptState, Received, encode
from buergerdraht.connectors.matrix.payloads import parse

FIXTURES = Path(__file__).parent.parent / "fixtures"
US, ADA, ROOM = "@rathaus:stadt.example", "@ada:stadt.example", "!n8f:stadt.example"
AT = datetime.fromtimestamp(1796022000, UTC)


def items(name: str) -> list[Item]:
    return parse((FIXTURES / f"{name}.json").read_bytes(), US)


def the(name: str) -> Any:
    (found,) = items(name)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "kind", "words", "raw"),
    [
        ("text", "text", "Wann ist Markt?", "m.text"),
        ("text_with_html", "text", "**Wann** ist Markt?", "m.text"),
        ("emote", "text", "winkt", "m.emote"),
        ("reply", "text", "Danke", "m.text"),
        ("reply_with_the_old_copy_above", "text", "Danke", "m.text"),
        ("thread", "text", "Noch etwas", "m.text"),
        ("edit", "edit", "Wann ist Wochenmarkt?", "m.text"),
        ("image", "media", "", "m.image"),
        ("image_with_caption", "media", "Hier ist das Loch", "m.image"),
        ("file_that_is_encrypted", "unsupported", "", "m.image"),
        ("sticker", "media", "", "m.sticker"),
        ("location", "location", "", "m.location"),
        ("reaction", "reaction", "👍", "m.reaction"),
        ("deletion", "deletion", "", "m.room.redaction"),
        ("encrypted", "unsupported", "", "m.room.encrypted"),
        ("poll_is_unsupported", "unsupported", "", "m.poll.start"),
        ("message_of_tomorrow", "unsupported", "Ein Hologramm", "m.hologram"),
        ("event_of_tomorrow", "unsupported", "Ein Gedanke", "m.telepathy"),
        ("invitation", "start", "", "m.room.member"),
    ],
)
def test_every_kind_is_read(name: str, kind: str, words: str, raw: str) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert (event.kind, event.text, event.raw_kind) == (kind, words, raw)
    assert (event.external_id, event.at, event.sender.handle) == (f"{ROOM}/$e1", AT, ADA)


def test_who_wrote_is_reached_in_the_room_they_wrote_in() -> None:
    sender = the("text").sender
    assert (sender.address, sender.aliases) == (f"{ADA} {ROOM}", (ADA,))


@pytest.mark.parametrize(
    ("name", "quote"),
    [
        ("text", ""),
        ("reply", "$alt"),
        ("reply_with_the_old_copy_above", "$alt"),
        ("thread", ""),
        ("edit", "$alt"),
        ("reaction", "$alt"),
        ("deletion", "$alt"),
        ("deletion_since_room_version_11", "$alt"),
    ],
)
def test_what_a_message_refers_to_is_named_as_we_name_it(name: str, quote: str) -> None:
    assert the(name).quote == (f"{ROOM}/{quote}" if quote else "")


@pytest.mark.parametrize(
    ("name", "kind", "file_name", "mime"),
    [
        ("image_with_caption", MediaKind.IMAGE, "loch.jpg", "image/jpeg"),
        ("video", MediaKind.VIDEO, "film.mp4", "video/mp4"),
        ("audio", MediaKind.AUDIO, "lied.mp3", "audio/mpeg"),
        ("voice", MediaKind.VOICE, "sprache.ogg", "audio/ogg"),
        ("file", MediaKind.DOCUMENT, "antrag.pdf", "application/pdf"),
        ("sticker", MediaKind.STICKER, "Daumen hoch", "image/webp"),
    ],
)
def test_files_are_named_for_fetching(name: str, kind: MediaKind, file_name: str, mime: str) -> None:
    (ref,) = the(name).media
    assert (ref.kind, ref.file_name, ref.mime) == (kind, file_name, mime)
    assert ref.external_id.startswith("mxc://stadt.example/")


def test_a_place_is_read() -> None:
    place = the("location").location
    assert (place.latitude, place.longitude) == (51.5135, 7.4653)


@pytest.mark.parametrize(
    "name",
    ["notice_of_an_automaton", "deleted_before_we_saw_it", "call_is_not_ours", "name_of_the_room", "our_own_notice",
     "invitation_into_a_room_of_many", "new_picture_of_a_member", "we_joined", "ping"],
)  # fmt: skip
def test_what_is_none_of_our_business_is_no_problem(name: str) -> None:
    assert items(name) == []


def test_an_invitation_is_accepted_by_the_engine_and_tells_the_name() -> None:
    event = the("invitation")
    assert (event.callback, event.sender.name) == (f"join:{ADA} {ROOM}", "Ada Muster")


@pytest.mark.parametrize("name", ["invitation_encrypted", "encrypted"])
def test_a_room_we_cannot_read_is_no_address(name: str) -> None:
    event = the(name)
    assert event.callback == f"unreadable:{ADA} {ROOM}"
    assert (event.sender.address, event.sender.aliases) == (ADA, ())


def test_who_accepts_our_invitation_is_reached_in_that_room() -> None:
    event = the("joined_our_room")
    assert isinstance(event, Changed)
    assert event.what == "address"
    assert event.values == {"old": ADA, "new": f"{ADA} {ROOM}", "handle": ADA}


@pytest.mark.parametrize(
    ("name", "address"),
    [("left", f"{ADA} {ROOM}"), ("invitation_declined", ADA), ("we_were_banned", f"{ADA} {ROOM}")],
)
def test_who_leaves_declines_or_bans_us_is_gone(name: str, address: str) -> None:
    event = the(name)
    assert isinstance(event, Gone)
    assert (event.address, event.back, event.reason) == (address, False, "blocked")


def test_who_comes_back_is_back() -> None:
    moved, back = (one.event for one in items("back_in_the_room"))
    assert isinstance(moved, Changed)
    assert isinstance(back, Gone)
    assert (back.back, back.address) == (True, f"{ADA} {ROOM}")
    assert moved.external_id != back.external_id


def test_our_own_message_settles_its_doubt() -> None:
    event = the("our_own_message")
    assert isinstance(event, Receipt)
    assert (event.external_id, event.token, event.state) == (f"{ROOM}/$e1", "42.0", ReceiptState.SENT)


def test_read_marks_are_told_for_the_message_and_for_all_before_it() -> None:
    events = [one.event for one in items("read_marks")]
    told = [(one.external_id, one.address, one.until is not None) for one in events if isinstance(one, Receipt)]
    bela = f"@bela:stadt.example {ROOM}"
    assert told == [(f"{ROOM}/$alt", f"{ADA} {ROOM}", False), ("", f"{ADA} {ROOM}", True), (f"{ROOM}/$alt", bela, False), ("", bela, True)]


@pytest.mark.parametrize("name", ["read_mark_before_matrix_1_13", "read_mark_twice_named"])
def test_read_marks_are_known_by_the_old_name_and_not_told_twice(name: str) -> None:
    assert len(items(name)) == 2


def test_a_broken_item_spoils_no_other() -> None:
    broken, sound = items("two_messages_one_broken")
    assert (broken.event, broken.problem) == (None, "ValueError")
    assert isinstance(sound.event, Received)
    assert sound.event.text == "Ich komme durch"
    (mark,) = items("broken_read_mark")
    assert mark.problem.startswith("AttributeError")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"events":{}}', b'{"events":null}', b'{"update_id":1}', b'{"object":"page"}'])
def test_what_is_no_homeservers_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, US)


NAMES = ["type", "room_id", "sender", "content", "event_id", "membership", "body", "msgtype", "url", "m.relates_to", "key", "state_key"]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)),
    max_leaves=12,
)


@given(JSON, st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.json"))), st.integers(0, 60))
def test_no_transaction_whatever_makes_parsing_fall_over(value: Any, name: str, place: int) -> None:
    data = json.loads((FIXTURES / f"{name}.json").read_text())
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []:
            places.append((node, key))
            walk(node[key])

    walk(data)
    node, key = places[place % len(places)]
    node[key] = value
    try:
        found = parse(json.dumps(data).encode(), US)
    except Malformed:
        assert not isinstance(data.get("events"), list)
        return
    for one in found:
        assert encode(msgspec.json.decode(encode(one), type=Item)) == encode(one)
