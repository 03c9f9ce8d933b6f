"""What Messenger and Instagram tell us, kind by kind. Each fixture is named after what it shows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Changed, Item, Malformed, MediaKind, Receipt, Received, encode, seen_id
from buergerdraht.connectors.graph_payloads import About, parse

MESSENGER = Path(__file__).parent.parent / "fixtures"
INSTAGRAM = MESSENGER.parent.parent / "instagram" / "fixtures"
PERSON, APP = "7300000000000011", "730000000000017"
ABOUT = {MESSENGER: About("page", APP), INSTAGRAM: About("instagram", APP)}
EVERY = [(folder, path.stem) for folder in ABOUT for path in sorted(folder.glob("*.json"))]
BROKEN = {"many_events_some_broken", "event_of_tomorrow"}


def items(name: str, folder: Path = MESSENGER) -> list[Item]:
    return parse((folder / f"{name}.json").read_bytes(), ABOUT[folder])


def the(name: str, folder: Path = MESSENGER) -> Any:
    (found,) = items(name, folder)
    assert not found.problem
    return found.event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"kind": "text", "text": "Wann hat das Bürgerbüro auf?", "external_id": "m_IN1"}),
        ("text_quoting", {"text": "Ja, gern", "quote": "m_OUT9"}),
        ("quick_reply", {"kind": "choice", "choice": "thema:3", "text": "Müll"}),
        ("two_images_with_words", {"kind": "media", "text": "Schlagloch am Markt"}),
        ("shared_link", {"kind": "text", "text": "Siehe\nUmleitung in der Altstadt\nhttps://zeitung.example/umleitung"}),
        ("shared_reel", {"kind": "unsupported", "raw_kind": "reel", "text": "Ein Film"}),
        ("edit", {"kind": "edit", "quote": "m_IN1", "text": "Berichtigt"}),
        ("get_started", {"kind": "start", "start": "thema_3", "external_id": "m_IN14"}),
        ("get_started_without_word", {"kind": "start", "start": ""}),
        ("postback", {"kind": "choice", "choice": "ja", "text": "Ja", "external_id": "m_IN15"}),
        ("postback_without_mid", {"kind": "choice", "choice": "ja"}),
        ("referral", {"kind": "start", "start": "thema_4"}),
        ("advertisement", {"kind": "text", "text": "Hallo", "start": ""}),
        ("reaction", {"kind": "reaction", "text": "❤", "quote": "m_OUT9"}),
        ("reaction_removed", {"kind": "reaction", "text": "", "quote": "m_OUT9"}),
        ("empty_message", {"kind": "unsupported", "raw_kind": "empty"}),
        ("nul_and_half_surrogate", {"kind": "text", "text": "ab\ufffdc"}),
    ],
)
def test_every_kind_of_message_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name)
    assert isinstance(event, Received)
    assert {key: getattr(event, key) for key in expected} == expected
    assert event.sender.address == PERSON
    assert event.at == datetime(2026, 11, 28, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"kind": "text", "text": "Wann öffnet das Freibad?"}),
        ("story_reply", {"kind": "text", "text": "Wie schön!", "raw_kind": "story_reply"}),
        ("story_mention", {"kind": "unsupported", "raw_kind": "story_mention"}),
        ("shared_post", {"kind": "unsupported", "raw_kind": "ig_post", "text": "Unser Markt"}),
        ("unsent", {"kind": "deletion", "quote": "ig_IN1", "external_id": "ig_IN1:deleted"}),
        ("unsupported", {"kind": "unsupported", "raw_kind": "is_unsupported"}),
        ("link_to_a_chat", {"kind": "start", "start": "thema_3"}),
        ("first_message_after_a_link", {"kind": "text", "text": "Hallo", "start": "thema_3"}),
    ],
)
def test_every_kind_of_message_on_instagram_is_read(name: str, expected: dict[str, Any]) -> None:
    event = the(name, INSTAGRAM)
    assert {key: getattr(event, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "kind", "file_name"),
    [
        ("image", MediaKind.IMAGE, ""),
        ("voice", MediaKind.VOICE, ""),
        ("video", MediaKind.VIDEO, ""),
        ("document", MediaKind.DOCUMENT, "antrag.pdf"),
        ("sticker", MediaKind.STICKER, ""),
        ("sticker_as_image", MediaKind.STICKER, ""),
    ],
)
def test_files_are_kept_to_be_fetched(name: str, kind: MediaKind, file_name: str) -> None:
    event = the(name)
    (ref,) = event.media
    assert (event.kind, ref.kind, ref.file_name) == ("media", kind, file_name)
    assert ref.url.startswith("https://")
    assert 0 < len(ref.external_id) <= 64


def test_a_place_is_a_place() -> None:
    place = the("place").location
    assert (place.latitude, place.longitude) == (51.5, 7.4)


def test_where_somebody_came_from_is_kept() -> None:
    assert the("advertisement").referral["ad_id"] == "6045246247433"


def test_named_messages_are_reported_one_by_one_and_a_moment_as_a_moment() -> None:
    first, second = (item.event for item in items("delivered"))
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert [(one.external_id, one.state, one.until) for one in (first, second)] == [
        ("m_OUT1", "delivered", None),
        ("m_OUT2", "delivered", None),
    ]
    for name, state, seconds in (("delivered_without_mids", "delivered", 5), ("read", "read", 9)):
        event = the(name)
        at = datetime(2026, 11, 28, 10, 0, seconds, tzinfo=UTC)
        assert (event.external_id, event.state, event.until, event.at, event.address) == ("", state, at, at, PERSON)
    seen = the("seen", INSTAGRAM)
    assert (seen.external_id, seen.state, seen.until) == ("", "read", datetime(2026, 11, 28, 10, 0, tzinfo=UTC))


def test_an_echo_of_ours_is_nothing_new_and_a_colleagues_is() -> None:
    assert items("echo_of_ours") == []
    event = the("echo_of_a_colleague")
    assert (event.what, event.values["address"], event.values["text"]) == ("echo", PERSON, "Von Hand geantwortet")
    stranger = parse((MESSENGER / "echo_of_a_colleague.json").read_bytes(), About("page"))
    assert stranger == []  # while nobody told us our number, ours cannot be told from theirs


@pytest.mark.parametrize(
    ("name", "effect"),
    [("page_blocked", "pause_channel"), ("page_unblocked", "resume_channel"), ("page_warned", ""), ("taken_by_another_app", "")],
)
def test_what_happens_to_the_page_is_told_in_words(name: str, effect: str) -> None:
    event = the(name)
    assert isinstance(event, Changed)
    assert (event.what, event.effect) == ("account", effect)
    assert event.text


def test_what_is_none_of_our_business_makes_no_item() -> None:
    assert items("marketing_optin") == []


def test_an_event_of_tomorrow_is_kept() -> None:
    (item,) = items("event_of_tomorrow")
    assert item.problem == "KeyError 'hologram'"
    assert item.event is None


def test_a_broken_event_spoils_no_other_and_quotes_nobody() -> None:
    found = items("many_events_some_broken")
    assert [item.event.text for item in found if isinstance(item.event, Received)] == ["eins", "zwei"]
    problems = [item.problem for item in found if item.problem]
    assert len(problems) == 3
    assert not any(word in problem for problem in problems for word in ("Absender", "keine", "quatsch"))


@pytest.mark.parametrize(("folder", "name"), EVERY, ids=[f"{folder.parent.name}-{name}" for folder, name in EVERY])
def test_the_same_body_twice_names_the_same_events(folder: Path, name: str) -> None:
    once, again = items(name, folder), items(name, folder)
    assert once == again
    names = [seen_id(item.event) for item in once if item.event]
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(msgspec.json.decode(encode(item)) for item in once)
    if name not in BROKEN:
        assert not [item.problem for item in once if item.problem]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object": "instagram", "entry": []}', b'{"object": "page"}', b"\xff", b"{" * 5000])
def test_a_body_of_somebody_else_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, About("page"))


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["sender", "id", "mid", "message", "text", "attachments", "payload", "url", "type", "delivery", "mids", "watermark", "read",
         "postback", "referral", "ref", "reaction", "timestamp", "reply_to", "quick_reply", "is_echo", "app_id", "coordinates"]
    ), inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(ANY, max_size=4))
def test_whatever_stands_in_an_event_parse_survives_it(events: list[Any]) -> None:
    body = json.dumps({"object": "page", "entry": [{"messaging": events}, {"messaging": events[:1] and events[0]}, *events]}).encode()
    for item in parse(body, About("page", APP)):
        assert item.event is not None or item.problem
        encode(item)
