"""Whatever the content, every planned part keeps WhatsApp's documented limits, and nothing is lost (law 16)."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, TemplateUse
from buergerdraht.connectors.whatsapp.plan import plan

TEXT = st.text(alphabet=st.sampled_from("abcdeäöüß 😀é*_~`[]()\\-\n.,:<&"), max_size=60)
LONG = st.one_of(TEXT, st.tuples(TEXT, st.integers(1, 150)).map(lambda pair: pair[0] * pair[1]))
CHOICES = st.lists(
    st.builds(
        Choice,
        id=st.text("abc123", min_size=1, max_size=80),
        title=st.text("abc ä😀", min_size=1, max_size=40).filter(str.strip),
        description=st.one_of(st.just(""), st.text("abc ", max_size=100)),
        url=st.one_of(st.just(""), st.just("https://stadt.example/seite")),
    ),
    max_size=14,
)
MEDIA = st.lists(
    st.sampled_from(
        [
            Media(id="m1", kind=MediaKind.IMAGE, mime="image/jpeg", size=1000, alt="Ein Platz"),
            Media(id="m2", kind=MediaKind.VIDEO, mime="video/mp4", size=1000),
            Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1000, file_name="plan.pdf"),
            Media(id="m4", kind=MediaKind.VOICE, mime="audio/ogg", size=1000),
            Media(id="m5", kind=MediaKind.STICKER, mime="image/webp", size=1000),
        ]
    ),
    max_size=4,
    unique_by=lambda media: media.id,
)
CONTENTS = st.builds(
    Content,
    title=TEXT,
    text=LONG,
    media=MEDIA,
    choices=CHOICES,
    choices_label=st.text("abc ", max_size=30),
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus"))),
    footer=st.text("abc .", max_size=80),
    quote=st.sampled_from(["", "wamid.X"]),
)


def texts(body: dict[str, Any]) -> list[str]:
    """All words of a part in the order the phone shows them."""
    part = body[body["type"]]
    if body["type"] == "text":
        return [part["body"]]
    if body["type"] != "interactive":
        return [part.get("caption", "")]
    action = part["action"]
    offered = [button["reply"]["title"] for button in action.get("buttons", [])]
    offered += [f"{row['title']} {row.get('description', '')}" for section in action.get("sections", []) for row in section["rows"]]
    offered += [action["parameters"]["display_text"], action["parameters"]["url"]] if "parameters" in action else []
    return [part["body"]["text"], part.get("footer", {}).get("text", ""), *offered]


def judge(body: dict[str, Any]) -> None:
    """Hold a part against the limits of Meta's pages, written down a second time on purpose."""
    kind = body["type"]
    part = body[kind]
    if kind == "text":
        assert 1 <= len(part["body"]) <= 4096
    if kind in {"image", "video", "document"}:
        assert len(part.get("caption", "")) <= 1024
    if kind in {"audio", "sticker"}:
        assert "caption" not in part
    if kind == "interactive":
        assert 1 <= len(part["body"]["text"]) <= 1024
        assert len(part.get("footer", {}).get("text", "")) <= 60
        action = part["action"]
        if part["type"] == "button":
            replies = [button["reply"] for button in action["buttons"]]
            assert 1 <= len(replies) <= 3
            assert all(1 <= len(reply["title"]) <= 20 and 1 <= len(reply["id"]) <= 256 for reply in replies)
            assert len({reply["title"] for reply in replies}) == len(replies)
        elif part["type"] == "list":
            rows = [row for section in action["sections"] for row in section["rows"]]
            assert 1 <= len(rows) <= 10
            assert 1 <= len(action["button"]) <= 20
            assert all(
                1 <= len(row["title"]) <= 24 and len(row.get("description", "")) <= 72 and 1 <= len(row["id"]) <= 200 for row in rows
            )
            assert len({row["id"] for row in rows}) == len(rows)
            assert "header" not in part or part["header"]["type"] == "text"
        else:
            assert 1 <= len(action["parameters"]["display_text"]) <= 20


@settings(max_examples=150)
@given(CONTENTS)
def test_every_part_keeps_the_limits_and_no_word_is_lost(content: Content) -> None:
    planned = plan(content)
    for part in planned.parts:
        judge(dict(part.body))
    said = re.sub(r"[\s*_~`]", "", "".join(word for part in planned.parts for word in texts(dict(part.body))))
    for wanted in (content.title, content.text, content.footer):
        assert re.sub(r"[\s*_~`]", "", md.plain(md.read(wanted)) if wanted != content.footer else wanted) in said
    for choice in content.choices:
        assert re.sub(r"\s", "", choice.title) in said
        assert re.sub(r"\s", "", choice.description) in said
        assert choice.url in said
    assert sorted(media.id for part in planned.parts for media in part.media) == sorted(media.id for media in content.media)
    assert sum(part.body["type"] == "location" for part in planned.parts) == (content.location is not None)
    if planned.parts and content.quote:
        assert planned.parts[0].body["context"] == {"message_id": "wamid.X"}


def kinds(content: Content) -> list[str]:
    return [part.body["interactive"]["type"] if part.body["type"] == "interactive" else part.body["type"] for part in plan(content).parts]


def some(count: int, *, url: str = "", title: str = "Wahl") -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"{title} {number}", url=url) for number in range(count))


PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=10, alt="Der Markt")


@pytest.mark.parametrize(
    ("content", "expected", "notes"),
    [
        (Content(text="Hallo"), ["text"], []),
        (Content(text="Hallo", choices=some(3)), ["button"], []),
        (Content(text="Hallo", choices=some(4)), ["list"], []),
        (Content(text="Hallo", choices=some(11)), ["text"], ["numbered"]),
        (Content(text="Hallo", choices=some(2, title="Ein sehr langer Titel, der")), ["text"], ["numbered"]),
        (Content(text="Hallo", choices=some(1, url="https://a.example")), ["cta_url"], []),
        (Content(text="Hallo", choices=some(2, url="https://a.example")), ["text"], ["links_as_text"]),
        (Content(text="Hallo", choices=(*some(2), Choice(id="u", title="Mehr", url="https://a.example"))), ["button"], ["links_as_text"]),
        (Content(text="Hallo", media=(PICTURE,)), ["image"], ["alt_not_sent"]),
        (Content(text="Hallo", media=(PICTURE,), choices=some(2)), ["button"], ["alt_not_sent"]),
        (Content(text="Hallo", media=(PICTURE,), choices=some(5)), ["image", "list"], ["alt_not_sent"]),
        (Content(text="Wort " * 300, media=(PICTURE,)), ["image", "text"], ["alt_not_sent"]),
        (Content(text="Wort " * 300, choices=some(2)), ["text", "button"], ["split"]),
        (Content(text="Wort " * 1000), ["text", "text"], ["split"]),
        (Content(reaction="👍", quote="wamid.X"), ["reaction"], []),
        (Content(), [], ["empty"]),
    ],
)
def test_content_takes_the_best_form_there_is(content: Content, expected: list[str], notes: list[str]) -> None:
    assert kinds(content) == expected
    assert [note.code for note in plan(content).notes] == notes


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/gif", size=10), "media_type"),
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=6_000_000), "media_size"),
        (Media(id="m", kind=MediaKind.VIDEO, mime="video/mp4", size=17_000_000), "media_size"),
        (Media(id="m", kind=MediaKind.DOCUMENT, mime="application/zip", size=10), "media_type"),
    ],
)
def test_what_whatsapp_refuses_is_said_in_the_editor(media: Media, code: str) -> None:
    notes = plan(Content(text="Hallo", media=(media,))).notes
    assert [(note.level, note.code) for note in notes] == [("error", code)]


def test_a_template_is_filled_by_name_or_by_position() -> None:
    use = TemplateUse(
        name="termin",
        language="de",
        body={"name": "Ada", "zeit": "10 Uhr"},
        header_media=PICTURE,
        buttons={"0": "stop_news", "url:1": "abc"},
    )
    body = plan(Content(template=use)).parts[0].body
    assert body["template"] == {
        "name": "termin",
        "language": {"code": "de"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": "{media:m1}"}}]},
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "parameter_name": "name", "text": "Ada"},
                    {"type": "text", "parameter_name": "zeit", "text": "10 Uhr"},
                ],
            },
            {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "stop_news"}]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "abc"}]},
        ],
    }
    placed = plan(Content(template=TemplateUse(name="t", language="de", body={"2": "b", "10": "c", "1": "a"}))).parts[0].body
    assert [one["text"] for one in placed["template"]["components"][0]["parameters"]] == ["a", "b", "c"]


def test_a_missing_variable_forbids_sending() -> None:
    notes = plan(Content(template=TemplateUse(name="t", language="de", body={"1": " "}))).notes
    assert [(note.level, note.code) for note in notes] == [("error", "variable_empty")]
