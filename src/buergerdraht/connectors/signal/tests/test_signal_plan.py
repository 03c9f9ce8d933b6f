"""Whatever the content, every message keeps what the apps bear, and nothing is lost (law 16)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, TemplateUse
from buergerdraht.connectors.signal.plan import plan
from buergerdraht.connectors.signal.styles import addressed, marked, written

TEXT = st.text(alphabet=st.sampled_from("abcdeäöüß 😀é*_~`[]()\\-\n.,:<&|"), max_size=60)
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
    *(Media(id=f"p{number}", kind=MediaKind.IMAGE, mime="image/png", size=10) for number in range(12)),
]
PLACE = Location(latitude=51.5, longitude=7.4, name="Rathaus", address="Markt 1")
CONTENTS = st.builds(
    Content,
    title=TEXT,
    text=LONG,
    media=st.lists(st.sampled_from(FILES), max_size=14, unique_by=lambda media: media.id),
    choices=CHOICES,
    choices_label=st.text("abc ", max_size=30),
    location=st.one_of(st.none(), st.just(PLACE)),
    footer=st.text("abc .", max_size=80),
    quote=st.sampled_from(["", "7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011:5"]),
)
STYLES = {"BOLD", "ITALIC", "STRIKETHROUGH", "MONOSPACE", "SPOILER"}


def judge(body: dict[str, Any]) -> None:
    """Hold a message against what the apps bear, written down a second time on purpose."""
    assert len(body["message"].encode()) <= 2000
    assert body["message"] or body["files"]
    assert len(body.get("files", [])) <= 10
    units = len(body["message"].encode("utf-16-le")) // 2
    for stretch in body.get("styles", []):
        start, length, style = stretch.split(":")
        assert int(length) > 0
        assert int(start) + int(length) <= units
        assert style in STYLES


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(max_examples=150)
@given(CONTENTS)
def test_every_message_keeps_the_limits_and_no_word_is_lost(content: Content) -> None:
    planned = plan(content)
    for part in planned.parts:
        judge(dict(part.body))
    said = bare("".join(part.body["message"] for part in planned.parts))
    for wanted in (md.joined(md.read(content.title)), content.footer, *(choice.title for choice in content.choices)):
        assert bare(wanted) in said
    assert bare(md.plain(md.read(content.text)).strip()) in said
    for choice in content.choices:
        assert bare(choice.description) in said
        assert choice.url in said
    if content.location:
        assert "openstreetmap.org/?mlat=51.500000&mlon=7.400000" in said
        assert "RathausMarkt1" in said
    assert [media.id for part in planned.parts for media in part.media] == [media.id for media in content.media]
    assert [place for part in planned.parts for place in part.body.get("files", [])] == [f"{{media:{media.id}}}" for media in content.media]
    if planned.parts and content.quote:
        assert [part.body.get("quote", "") for part in planned.parts] == [content.quote, *[""] * (len(planned.parts) - 1)]


def test_the_usual_newsletter_is_one_message() -> None:
    content = Content(
        title="Markt",
        text="Ab **Donnerstag** am [Rathaus](https://stadt.example/markt).",
        media=(FILES[0],),
        choices=(Choice(id="a", title="Lageplan"), Choice(id="b", title="Händler", description="wer kommt")),
        choices_label="Mehr",
        footer="Abmelden: STOPP",
    )
    planned = plan(content)
    assert [(part.method, dict(part.body)) for part in planned.parts] == [
        (
            "send",
            {
                "message": "Markt\n\nAb Donnerstag am Rathaus: https://stadt.example/markt.\n\nAbmelden: STOPP\n\n"
                "Mehr:\n1. Lageplan\n2. Händler – wer kommt",
                "styles": ["0:5:BOLD", "10:10:BOLD", "63:15:ITALIC"],
                "files": ["{media:m1}"],
            },
        )
    ]
    assert {note.code for note in planned.notes} == {"slow", "alt_not_sent", "numbered"}


def test_an_answer_to_one_person_is_not_warned_of_slowness() -> None:
    assert [note.code for note in plan(Content(text="Um acht.")).notes] == []


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (Content(), {"empty"}),
        (Content(text="x" * 2001), {"split"}),
        (Content(text="x", template=TemplateUse(name="t", language="de")), {"no_templates"}),
        (Content(media=(Media(id="x", kind=MediaKind.VIDEO, mime="video/mp4", size=25_000_001),)), {"media_size"}),
        (Content(media=(FILES[3],)), {"as_audio"}),
        (Content(text="x", choices=(Choice(id="1", title="Seite", url="https://stadt.example"),)), {"links_as_text"}),
    ],
)
def test_what_signal_does_otherwise_is_said(content: Content, codes: set[str]) -> None:
    assert {note.code for note in plan(content).notes} == codes


def test_a_reaction_is_a_call_of_its_own() -> None:
    part = plan(Content(reaction="👍", quote="7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011:5")).parts[0]
    assert (part.method, dict(part.body)) == ("sendReaction", {"emoji": "👍", "quote": "7b0c3a52-91d4-4e0f-8a53-2f6d1c9be011:5"})


@pytest.mark.parametrize(
    ("source", "marks"),
    [
        ("**fett** und _schräg_", "**fett** und *schräg*"),
        ("~~weg~~ und `code`", "~weg~ und `code`"),
        ("**👋🏾 hallo** 😀 _du_", "**👋🏾 hallo** 😀 *du*"),
        (r"**2\*3** = 6", r"**2\*3** = 6"),
        ("**_beides_** ja", "**beides** ja"),  # three stars are not told apart
        (r"**a\*** b", None),  # its two stars would be taken together
    ],
)
def test_marks_of_the_rest_api_are_written_or_left_out(source: str, marks: str | None) -> None:
    text, styles = written(addressed(md.read(source)))
    assert marked(text, styles) == marks


def test_a_backslash_before_a_mark_would_take_it_literally() -> None:
    assert marked("a\\ b", ["0:2:BOLD"]) is None
    assert marked("a\\ b", ["0:1:BOLD"]) == "**a**\\ b"


@settings(max_examples=200)
@given(TEXT)
def test_marks_say_the_same_text_whatever_stands_in_it(source: str) -> None:
    text, styles = written(addressed(md.read(source)))
    found = marked(text, styles)
    assert found is None or again(found)[0] == text


def again(source: str) -> tuple[str, list[str]]:
    """Read marks letter by letter, a second time and otherwise than we do."""
    text, open_, found, at = "", [], [], 0
    while at < len(source):
        two, one = source[at : at + 2], source[at]
        if one == "\\" and at + 1 < len(source) and source[at + 1] in "*`~|":
            length = 2 if source[at + 1 : at + 3] in {"**", "||"} else 1
            text, at = text + source[at + 1 : at + 1 + length], at + 1 + length
            continue
        mark = two if two in {"**", "||"} else one if one in "*~`" else ""
        if not mark:
            text, at = text + one, at + 1
            continue
        at += len(mark)
        if open_ and open_[-1] == mark:
            found.append(open_.pop())
        else:
            open_.append(mark)
    return text, found
