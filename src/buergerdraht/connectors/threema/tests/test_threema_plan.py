"""Whatever the content, every planned message keeps Threema's documented limits, and nothing is lost (law 16)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Part
from buergerdraht.connectors.threema.plan import plan

TEXT = st.text(alphabet=st.sampled_from("abcdeäöüß 😀é*_~`[]()\\-\n.,:<&"), max_size=60)
LONG = st.one_of(TEXT, st.tuples(TEXT, st.integers(1, 150)).map(lambda pair: pair[0] * pair[1]))
CHOICES = st.lists(
    st.builds(
        Choice,
        id=st.text("abcü123", min_size=1, max_size=70),
        title=st.text("abc ä😀", min_size=1, max_size=70).filter(str.strip),
        description=st.one_of(st.just(""), st.text("abc ", max_size=100)),
        url=st.one_of(st.just(""), st.just("https://stadt.example/seite")),
    ),
    max_size=14,
)
FILES = [
    Media(id="m1", kind=MediaKind.IMAGE, mime="image/jpeg", size=1000, alt="Ein Platz"),
    Media(id="m2", kind=MediaKind.VIDEO, mime="video/mp4", size=1000),
    Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1000, file_name="plan.pdf"),
    Media(id="m4", kind=MediaKind.VOICE, mime="audio/ogg", size=1000),
    Media(id="m5", kind=MediaKind.STICKER, mime="image/webp", size=1000),
]
CONTENTS = st.builds(
    Content,
    title=TEXT,
    text=LONG,
    media=st.lists(st.sampled_from(FILES), max_size=5, unique_by=lambda media: media.id),
    choices=CHOICES,
    choices_label=st.text("abc ", max_size=30),
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus", address="Markt 1\n12345 Stadt"))),
    footer=st.text("abc .", max_size=80),
    quote=st.sampled_from(["", "ABCD1234:8899aabbccddeeff"]),
)


def judge(part: Part) -> None:
    """Hold a message against the limits of Threema's page, written down a second time on purpose."""
    body: Any = part.body
    if part.method == "text":
        assert 1 <= len(body["text"].encode()) <= 3500
    elif part.method == "file":
        assert len(part.media) == 1
        assert body["shown"] in {0, 1, 2}
        assert len(body.get("caption", "").encode()) <= 1000
    else:
        assert part.method == "location"
        point, *lines = body["text"].split("\n")
        assert re.fullmatch(r"-?\d+\.\d+,-?\d+\.\d+", point)
        assert len(lines) <= 2


def letters(words: str) -> str:
    """What a text says, without marks and spaces."""
    return re.sub(r"[\s*_~`\\\[\]()•\-]", "", words)


@given(CONTENTS)
@settings(max_examples=200, deadline=None)
def test_every_plan_keeps_the_limits_and_says_everything(content: Content) -> None:
    planned = plan(content, end_to_end=True)
    for part in planned.parts:
        judge(part)
    said = letters("".join(str(part.body.get("text", "")) + str(part.body.get("caption", "")) for part in planned.parts))
    assert {media.id for part in planned.parts for media in part.media} == {media.id for media in content.media}
    for word in re.findall(r"[a-eäöüß]+", content.text):
        assert letters(word) in said
    for choice in content.choices:
        assert letters(choice.title.strip()) in said
    assert bool(planned.parts) != any(note.code == "empty" for note in planned.notes)


@given(CONTENTS)
@settings(max_examples=100, deadline=None)
def test_without_end_to_end_only_text_is_planned_and_what_is_missing_is_said(content: Content) -> None:
    planned = plan(content, end_to_end=False)
    for part in planned.parts:
        judge(part)
        assert part.method == "text"
    assert bool(content.media or content.location) == any(note.code == "only_text" for note in planned.notes)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 3500, 1), ("a" * 3501, 2), ("ä" * 1750, 1), ("ä" * 1751, 2), ("😀" * 875, 1), ("😀" * 876, 2)],
    ids=["3500 bytes", "3501", "umlauts", "one more", "emoji", "one emoji more"],
)
def test_texts_are_counted_in_bytes(text: str, parts: int) -> None:
    planned = plan(Content(text=text), end_to_end=True)
    assert len(planned.parts) == parts
    assert "".join(part.body["text"] for part in planned.parts) == text
    assert any(note.code == "split" for note in planned.notes) == (parts > 1)


def test_a_caption_that_is_too_long_follows_its_picture() -> None:
    short, long = (plan(Content(text=text, media=(FILES[0],)), end_to_end=True) for text in ("ä" * 500, "ä" * 501))
    assert [part.method for part in short.parts] == ["file"]
    assert [part.method for part in long.parts] == ["file", "text"]
    assert "caption" not in long.parts[0].body


def test_code_has_no_mark_and_links_show_their_address() -> None:
    [part] = plan(Content(text="Geben Sie `STOPP` ein: [Stadt](https://stadt.example)"), end_to_end=True).parts
    assert part.body["text"] == "Geben Sie STOPP ein: Stadt: https://stadt.example"


@pytest.mark.parametrize(("emoji", "state"), [("👍", 3), ("👎", 4)])
def test_thumbs_are_receipts(emoji: str, state: int) -> None:
    [part] = plan(Content(reaction=emoji, quote="ABCD1234:8899aabbccddeeff"), end_to_end=True).parts
    assert (part.method, part.body) == ("receipt", {"state": state, "message": "8899aabbccddeeff"})


@pytest.mark.parametrize(("emoji", "end_to_end"), [("❤️", True), ("👍", False)])
def test_other_reactions_are_refused_with_the_reason(emoji: str, end_to_end: bool) -> None:
    planned = plan(Content(reaction=emoji, quote="ABCD1234:8899aabbccddeeff"), end_to_end=end_to_end)
    assert planned.parts == ()
    assert [(note.level, note.code) for note in planned.notes] == [("error", "no_reaction")]


def test_a_file_that_is_too_large_is_refused_before_it_is_sent() -> None:
    film = Media(id="m", kind=MediaKind.VIDEO, mime="video/mp4", size=20_000_000, file_name="film.mp4")
    assert [note.code for note in plan(Content(media=(film,)), end_to_end=True).notes if note.level == "error"] == ["media_size"]
