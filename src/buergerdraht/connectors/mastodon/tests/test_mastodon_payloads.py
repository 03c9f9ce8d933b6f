"""Every kind of notification, read on its own; nothing a stranger writes makes the reader fall."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors.contract import PUBLIC, MediaKind, Received
from buergerdraht.connectors.mastodon.payloads import plain, read

FIXTURES = Path(__file__).parent.parent / "fixtures"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def only(name: str) -> Received:
    (found,) = read([fixture(name)], "musterstadt")
    assert isinstance(found.event, Received), found.problem
    return found.event


def test_a_mention_is_a_message_of_who_wrote_it() -> None:
    event = only("mention")
    assert (event.external_id, event.text, event.kind, event.raw_kind) == ("110000000000002001", "Wann öffnet das Bad?", "text", "public")
    assert event.at == datetime(2026, 11, 10, 9, 15, 30, 123000, UTC)
    assert (event.sender.address, event.sender.name, event.sender.handle) == ("@zoe@leute.example", "Zoë", "@zoe@leute.example")


def test_an_answer_names_the_post_it_answers() -> None:
    assert only("mention_answering_a_post").quote == "110000000000001000"


@pytest.mark.parametrize("name", ["direct_message", "followers_only"])
def test_what_was_not_said_in_public_has_an_address_of_its_own(name: str) -> None:
    event = only(name)
    assert (event.raw_kind, event.sender.address) == ("direct", "direct:@zoe@leute.example")
    assert not set(event.sender.aliases) & set(only("mention").sender.aliases)


def test_pictures_are_named_to_be_fetched_and_what_has_no_address_is_left_out() -> None:
    event = only("mention_with_picture")
    assert [(ref.kind, ref.external_id, ref.url) for ref in event.media] == [(MediaKind.IMAGE, "77", "https://files.social.example/77.jpg")]


def test_html_becomes_text_with_whole_addresses() -> None:
    event = only("mention_with_links_and_breaks")
    assert event.text == "Siehe https://www.musterstadt.example/bad?x=1\nDanke & Gruß\n\nZoë"


def test_a_warning_stands_before_the_text() -> None:
    assert only("mention_under_a_warning").text.startswith("Ärger\n\n")


@pytest.mark.parametrize("name", ["favourite", "kind_of_tomorrow"])
def test_other_notifications_are_none_of_our_business(name: str) -> None:
    assert read([fixture(name)]) == []


@pytest.mark.parametrize("name", ["mention_without_account", "mention_with_a_wrong_time"])
def test_a_broken_one_is_kept_and_spoils_no_other(name: str) -> None:
    first, second = read([fixture("mention"), fixture(name)])
    assert first.problem
    assert first.raw
    assert second.event is not None


def test_the_oldest_is_told_first() -> None:
    newer = fixture("mention")
    newer["status"]["id"] = "110000000000002002"
    assert [item.event.external_id for item in read([newer, fixture("mention")]) if isinstance(item.event, Received)] == [
        "110000000000002001", "110000000000002002",
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "status", "account", "id", "acct", "content",
        "visibility", "created_at", "media_attachments", "url"]), inner, max_size=6),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(JSON, max_size=4))
def test_hostile_notifications_never_break_the_reader(page: list[Any]) -> None:
    for each in page:
        if isinstance(each, dict):
            each["type"] = "mention"
    assert len(read(page)) == len(page)


@given(st.text(alphabet="<>/pabrscript &;#x\n\"'", max_size=200))
def test_hostile_html_leaves_no_tag_that_was_one(words: str) -> None:
    assert isinstance(plain(words), str)


def test_nobody_can_be_called_like_the_public() -> None:
    told = fixture("mention")
    told["status"]["account"]["acct"] = PUBLIC
    (found,) = read([told])
    assert isinstance(found.event, Received)
    assert found.event.sender.address != PUBLIC
