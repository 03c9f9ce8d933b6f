"""Whatever the content, every planned call keeps Telegram's documented limits and fields, and nothing is lost (law 16)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind
from buergerdraht.connectors.telegram.plan import plan

SPEC = Path(__file__).resolve().parents[6] / "shared/data/specs/telegram-bot-api-10.1.json"
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
    Media(id="m6", kind=MediaKind.IMAGE, mime="image/tiff", size=1000),
    *(Media(id=f"p{number}", kind=MediaKind.IMAGE, mime="image/png", size=10) for number in range(12)),
]
CONTENTS = st.builds(
    Content,
    title=TEXT,
    text=LONG,
    media=st.lists(st.sampled_from(FILES), max_size=14, unique_by=lambda media: media.id),
    choices=CHOICES,
    choices_label=st.text("abc ", max_size=30),
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus"))),
    footer=st.text("abc .", max_size=80),
    preview_link=st.booleans(),
    quote=st.sampled_from(["", "7:5"]),
)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def judge(method: str, body: dict[str, Any]) -> None:
    """Hold a call against the limits of Telegram's page, written down a second time on purpose."""
    if method == "sendMessage":
        assert 1 <= units(body["text"]) <= 4096
        within(body["text"], body.get("entities", []))
    assert units(body.get("caption", "")) <= 1024
    within(body.get("caption", ""), body.get("caption_entities", []))
    if method == "sendMediaGroup":
        assert 2 <= len(body["media"]) <= 10
        assert "reply_markup" not in body
        kinds = {one["type"] for one in body["media"]}
        assert kinds <= {"photo", "video"} or kinds in ({"document"}, {"audio"})
        for one in body["media"]:
            assert units(one.get("caption", "")) <= 1024
    for row in body.get("reply_markup", {}).get("inline_keyboard", []):
        for button in row:
            assert button["text"]
            assert ("url" in button) != ("callback_data" in button)
            assert 1 <= len(button.get("callback_data", "x").encode()) <= 64


def within(text: str, entities: list[dict[str, Any]]) -> None:
    assert len(entities) <= 100
    for one in entities:
        assert one["length"] > 0
        assert one["offset"] + one["length"] <= units(text)


def said(body: dict[str, Any]) -> str:
    words = [body.get("text", ""), body.get("caption", ""), *(one.get("caption", "") for one in body.get("media", []))]
    words += [one.get("url", "") for one in [*body.get("entities", []), *body.get("caption_entities", [])]]
    for one in body.get("media", []):
        words += [entity.get("url", "") for entity in one.get("caption_entities", [])]
    for row in body.get("reply_markup", {}).get("inline_keyboard", []):
        words += [button["text"] + button.get("url", "") for button in row]
    return "".join(words)


@settings(max_examples=150)
@given(CONTENTS)
def test_every_call_keeps_the_limits_and_no_word_is_lost(content: Content) -> None:
    planned = plan(content)
    for part in planned.parts:
        judge(part.method, dict(part.body))
    shown = re.sub(r"\s", "", "".join(said(dict(part.body)) for part in planned.parts))
    texts = re.sub(r"\s", "", "".join(str(part.body.get("text", part.body.get("caption", ""))) for part in planned.parts))
    captions = re.sub(
        r"\s", "", "".join(one.get("caption", "") for part in planned.parts for one in part.body.get("media", []) if isinstance(one, dict))
    )
    for wanted in (md.joined(md.read(content.title)), md.joined(md.read(content.text)), content.footer):
        assert re.sub(r"\s", "", wanted) in texts + captions
    for choice in content.choices:
        assert re.sub(r"\s", "", choice.title) in shown
        assert re.sub(r"\s", "", choice.description) in shown
        assert choice.url in shown
    assert [media.id for part in planned.parts for media in part.media] == [media.id for media in content.media]
    if planned.parts and content.quote:
        assert planned.parts[0].body["reply_parameters"]["message_id"] == 5


@pytest.mark.skipif(not SPEC.exists(), reason="the field tables of the Bot API are not here")
@settings(max_examples=60)
@given(CONTENTS)
def test_every_call_has_the_fields_of_the_bot_api(content: Content) -> None:
    methods = json.loads(SPEC.read_text())["methods"]
    for part in plan(content).parts:
        fields = {field["name"]: field["required"] for field in methods[part.method]["fields"]}
        given_names = {*part.body, "chat_id"}
        assert given_names <= set(fields)
        assert {name for name, required in fields.items() if required} <= given_names


def some(count: int, *, url: str = "") -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"Wahl {number}", url=url) for number in range(count))


def pictures(count: int) -> tuple[Media, ...]:
    return tuple(Media(id=f"p{number}", kind=MediaKind.IMAGE, mime="image/png", size=10) for number in range(count))


PDF = Media(id="d", kind=MediaKind.DOCUMENT, mime="application/pdf", size=10)


@pytest.mark.parametrize(
    ("content", "expected", "notes"),
    [
        (Content(text="Hallo"), ["sendMessage"], []),
        (Content(text="Hallo", choices=some(12)), ["sendMessage"], []),
        (Content(text="Hallo", choices=(Choice(id="x" * 65, title="Ja"),)), ["sendMessage"], ["numbered"]),
        (Content(text="Hallo", media=pictures(1)), ["sendPhoto"], []),
        (Content(text="Hallo", media=pictures(1), choices=some(2)), ["sendPhoto"], []),
        (Content(text="Wort " * 300, media=pictures(1)), ["sendPhoto", "sendMessage"], []),
        (Content(text="Hallo", media=pictures(3)), ["sendMediaGroup"], []),
        (Content(text="Hallo", media=pictures(3), choices=some(2)), ["sendMediaGroup", "sendMessage"], []),
        (Content(text="Hallo", media=pictures(11)), ["sendMediaGroup", "sendPhoto", "sendMessage"], []),
        (Content(text="Hallo", media=(*pictures(2), PDF)), ["sendMediaGroup", "sendDocument", "sendMessage"], []),
        (Content(text="Wort " * 1000), ["sendMessage", "sendMessage"], ["split"]),
        (Content(location=Location(latitude=1, longitude=2)), ["sendLocation"], []),
        (Content(location=Location(latitude=1, longitude=2, name="Rathaus")), ["sendVenue"], []),
        (Content(reaction="👍", quote="7:5"), ["setMessageReaction"], []),
        (Content(), [], ["empty"]),
    ],
)
def test_content_takes_the_best_form_there_is(content: Content, expected: list[str], notes: list[str]) -> None:
    planned = plan(content)
    assert [part.method for part in planned.parts] == expected
    assert [note.code for note in planned.notes] == notes


def test_a_link_without_preview_says_so() -> None:
    part = plan(Content(text="https://stadt.example", preview_link=False)).parts[0]
    assert part.body["link_preview_options"] == {"is_disabled": True}
