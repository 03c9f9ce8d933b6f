"""The chat page as a messenger: what it hands in is read as carefully as a provider's word, what it shows loses nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from buergerdraht.connectors.contract import (
    AddressGone,
    Choice,
    Content,
    Location,
    Malformed,
    Media,
    MediaKind,
    Receipt,
    ReceiptState,
    Received,
    Unsigned,
    seen_id,
)
from buergerdraht.connectors.http import Http
from buergerdraht.connectors.webchat import payloads
from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.connectors.webchat.connector import WebChat
from buergerdraht.connectors.webchat.plan import plan

FIXTURES = Path(__file__).parents[1] / "fixtures"
VISIT = "A" * 43
CHAT = WebChat(WebChatConfig(), Http())
NAMES = st.sampled_from(["visit", "items", "kind", "id", "at", "text", "files", "part", "state"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


def parsed(name: str) -> list[Any]:
    return CHAT.parse((FIXTURES / f"{name}.json").read_bytes())


def test_a_text_comes_in_with_who_wrote_and_what_operators_see_of_them() -> None:
    event = parsed("text")[0].event
    assert isinstance(event, Received)
    assert (event.kind, event.text, event.sender.address, event.sender.language) == ("text", "Wann hat das Bürgerbüro auf?", VISIT, "de")
    assert event.at == datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
    assert event.sender.handle.startswith("Webchat ")
    assert VISIT not in event.external_id + event.sender.handle


def test_a_press_names_the_choice_and_the_message_it_stood_under() -> None:
    event = parsed("choice")[0].event
    assert (event.kind, event.choice, event.text, event.quote) == ("choice", "topic:verkehr", "Verkehr", "chat:41.0")


def test_a_photo_is_a_file_to_be_fetched_with_its_words() -> None:
    event = parsed("photo")[0].event
    assert (event.kind, event.text) == ("media", "Hier ist das Loch")
    assert [(ref.kind, ref.mime, ref.size, ref.file_name) for ref in event.media] == [(MediaKind.IMAGE, "image/jpeg", 81234, "loch.jpg")]


def test_receipts_name_our_part_and_climb() -> None:
    assert [(item.event.external_id, item.event.state) for item in parsed("receipts")] == [
        ("chat:41.0", ReceiptState.DELIVERED),
        ("chat:41.1", ReceiptState.READ),
    ]


def test_a_broken_item_spoils_no_other_and_quotes_nobody() -> None:
    """Law 3."""
    items = parsed("one_broken")
    assert [bool(item.event) for item in items] == [True, False, True]
    assert "Meine Nummer" not in items[1].problem


def test_a_kind_of_tomorrow_is_kept_as_a_placeholder() -> None:
    event = parsed("kind_of_tomorrow")[0].event
    assert (event.kind, event.raw_kind) == ("unsupported", "hologram")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"{}", b'{"visit": 7, "items": []}', b"[1]", f'{{"visit": "{VISIT}"}}'.encode()]
)  # fmt: skip
def test_what_is_no_body_of_the_page_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        CHAT.parse(body)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_whatever_comes_parsing_raises_only_malformed(data: Any) -> None:
    for body in (json.dumps(data).encode(), json.dumps({"visit": VISIT, "items": [data]}).encode()):
        try:
            CHAT.parse(body)
        except Malformed:
            continue


def test_the_same_message_has_the_same_id_and_another_visit_another() -> None:
    """Law 2."""
    assert payloads.external_id(VISIT, "12345678") == payloads.external_id(VISIT, "12345678")
    assert payloads.external_id(VISIT, "12345678") != payloads.external_id("B" * 43, "12345678")


def test_nobody_outside_posts_in_the_pages_name() -> None:
    with pytest.raises(Unsigned):
        CHAT.verify({"x-anything": "1"}, b"{}")


async def test_a_message_is_there_as_soon_as_it_is_sent(files: Any) -> None:
    part = CHAT.plan(Content(text="Hallo")).parts[0]
    assert (await CHAT.send(part, VISIT, token="41.0", files=files)).external_id == "chat:41.0"
    with pytest.raises(AddressGone):
        await CHAT.send(part, "kein Besuch", token="41.0", files=files)


@pytest.mark.parametrize("sites", ["stadt.example", "http://stadt.example", "https://a.example/b", "https://*", "'unsafe-inline'", "*"])
def test_a_site_that_is_none_may_not_frame_the_page(sites: str) -> None:
    with pytest.raises(ValidationError):
        WebChatConfig(sites=sites)


def test_sites_are_kept_as_the_policy_wants_them() -> None:
    found = WebChatConfig(sites="https://www.Stadt.example/, https://*.stadt.example https://www.stadt.example")
    assert found.sites == "https://www.stadt.example https://*.stadt.example"


# ── What is shown ─────────────────────────────────────────────────────────

TEXT = st.text(alphabet=st.sampled_from("abcäöü 😀*_~`[]()<&\n."), max_size=80)
CONTENTS = st.builds(
    Content,
    title=TEXT,
    text=st.tuples(TEXT, st.integers(1, 600)).map(lambda pair: pair[0] * pair[1]),
    media=st.lists(st.just(Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=10, alt="Platz")), max_size=1),
    choices=st.lists(
        st.builds(
            Choice,
            id=st.text("abc", min_size=1, max_size=250),
            title=st.text("abc ", min_size=1, max_size=100).filter(str.strip),
            url=st.sampled_from(["", "https://stadt.example", "javascript:alert(1)"]),
        ),
        max_size=15,
    ),
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus"))),
)


@settings(max_examples=150, deadline=None)
@given(CONTENTS)
def test_every_bubble_is_safe_and_within_its_limits(content: Content) -> None:
    for part in plan(content).parts:
        assert len(part.shows.buttons) <= 12
        assert all(not choice.url or choice.url.startswith(("https://", "http://", "mailto:", "tel:")) for choice in part.shows.buttons)
        assert "<script" not in part.shows.html
        assert 'href="javascript' not in part.shows.html


def test_everything_stands_in_one_bubble() -> None:
    place, yes = Location(latitude=1, longitude=2), Choice(id="a", title="Ja")
    parts = plan(Content(title="Fest", text="Kommt!", choices=(yes,), location=place, footer="STOPP")).parts
    assert len(parts) == 1
    assert parts[0].shows.location is not None
    assert [choice.title for choice in parts[0].shows.buttons] == ["Ja"]


def test_too_many_choices_are_numbered_and_the_editor_is_told() -> None:
    found = plan(Content(text="Was?", choices=tuple(Choice(id=str(n), title=f"Wahl {n}") for n in range(13))))
    assert "13. Wahl 12" in found.parts[0].shows.html
    assert [note.code for note in found.notes] == ["numbered"]


def test_nothing_to_say_is_an_error() -> None:
    assert [note.code for note in plan(Content()).notes] == ["empty"]


def test_receipts_are_told_apart_by_state() -> None:
    events = [item.event for item in parsed("receipts")]
    assert all(isinstance(event, Receipt) for event in events)
    assert len({seen_id(event) for event in events}) == 2
