"""Whatever the content, every planned part keeps the documented limits of Messenger and Instagram, and nothing is lost (law 16)."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import graph_plan
from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Plan, TemplateUse
from buergerdraht.connectors.graph_plan import Style
from buergerdraht.connectors.instagram import limits as instagram
from buergerdraht.connectors.messenger import limits as messenger

STYLES = {"messenger": messenger.STYLE, "instagram": instagram.STYLE}
TEXT = st.text(alphabet=st.sampled_from("abcdeäöüß 😀é*_~`[]()\\-\n.,:<&"), max_size=60)
LONG = st.one_of(TEXT, st.tuples(TEXT, st.integers(1, 120)).map(lambda pair: pair[0] * pair[1]))
CHOICES = st.lists(
    st.builds(
        Choice,
        id=st.text("abc123", min_size=1, max_size=80),
        title=st.text("abc ä😀", min_size=1, max_size=26).filter(str.strip),
        description=st.one_of(st.just(""), st.text("abc ", max_size=100)),
        url=st.one_of(st.just(""), st.just("https://stadt.example/seite")),
    ),
    max_size=15,
)
MEDIA = st.lists(
    st.sampled_from(
        [
            Media(id="m1", kind=MediaKind.IMAGE, mime="image/jpeg", size=1000, alt="Ein Platz"),
            Media(id="m2", kind=MediaKind.VIDEO, mime="video/mp4", size=1000),
            Media(id="m3", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1000, file_name="plan.pdf"),
            Media(id="m4", kind=MediaKind.VOICE, mime="audio/mp4", size=1000),
            Media(id="m5", kind=MediaKind.IMAGE, mime="image/png", size=1000),
        ]
    ),
    max_size=5,
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
    quote=st.sampled_from(["", "m_X"]),
    by_person=st.booleans(),
)


def plan(content: Content, style: Style = messenger.STYLE) -> Plan:
    return graph_plan.plan(content, style)


def files(message: dict[str, Any]) -> list[dict[str, Any]]:
    one = message.get("attachment")
    found = message.get("attachments") or ([one] if one else [])
    return [each for each in found if each["type"] != "template"]


def texts(message: dict[str, Any]) -> list[str]:
    """All words of a part in the order the phone shows them."""
    payload = (message.get("attachment") or {}).get("payload") or {}
    offered = [one["title"] for one in message.get("quick_replies", [])]
    offered += [f"{one['title']} {one.get('url', '')}" for one in payload.get("buttons", [])]
    return [message.get("text", ""), payload.get("text", ""), *offered]


def judge(message: dict[str, Any], name: str) -> None:
    """Hold a part against the limits of Meta's pages, written down a second time on purpose."""
    ways = [key for key in ("text", "attachment", "attachments") if key in message]
    assert len(ways) == 1
    if "text" in message:
        assert message["text"].strip()
        assert len(message["text"]) <= 2000 if name == "messenger" else len(message["text"].encode()) <= 1000
    replies = message.get("quick_replies", [])
    assert len(replies) <= 13
    assert all(1 <= len(one["title"]) <= 20 and 1 <= len(one["payload"]) <= 1000 for one in replies)
    assert len({one["title"] for one in replies}) == len(replies)
    assert len(message.get("attachments", [])) <= (30 if name == "messenger" else 0)
    one = message.get("attachment") or {}
    if one.get("type") == "template":
        payload = one["payload"]
        assert payload["template_type"] == "button"
        assert 1 <= len(payload["text"]) <= 640
        assert 1 <= len(payload["buttons"]) <= 3
        assert all(1 <= len(button["title"]) <= 20 for button in payload["buttons"])
        assert all((button["type"] == "web_url") == ("url" in button) for button in payload["buttons"])


@pytest.mark.parametrize("name", STYLES)
@settings(max_examples=120)
@given(content=CONTENTS)
def test_every_part_keeps_the_limits_and_no_word_is_lost(name: str, content: Content) -> None:
    planned = plan(content, STYLES[name])
    messages = [dict(part.body)["message"] for part in planned.parts]
    for message in messages:
        judge(message, name)
    said = re.sub(r"\s", "", "".join(word for message in messages for word in texts(message)))
    for wanted in (content.title, content.text, content.footer):
        assert re.sub(r"\s", "", md.plain(md.read(wanted)) if wanted != content.footer else wanted) in said
    for choice in content.choices:
        assert re.sub(r"\s", "", choice.title) in said
        assert re.sub(r"\s", "", choice.description) in said
        assert choice.url in said
    assert sorted(media.id for part in planned.parts for media in part.media) == sorted(media.id for media in content.media)
    assert [one["payload"]["attachment_id"] for message in messages for one in files(message)] == [
        f"{{media:{media.id}}}" for media in content.media
    ]
    if content.location:
        assert "openstreetmap.org/?mlat=51.500000&mlon=7.400000" in said
    for part in planned.parts:
        assert part.body["messaging_type"] == "RESPONSE"
        assert (part.body.get("otherwise") == {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}) == content.by_person
    if planned.parts and content.quote:
        assert planned.parts[0].body["reply_to"] == {"mid": "m_X"}
    if len(planned.parts) > len(content.media) + 1:
        assert "split" in [note.code for note in planned.notes]


def some(count: int, *, url: str = "", title: str = "Wahl", description: str = "") -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{number}", title=f"{title} {number}", url=url, description=description) for number in range(count))


PICTURE = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=10, alt="Der Markt")
OTHER = Media(id="m2", kind=MediaKind.IMAGE, mime="image/png", size=10)
LINK = Choice(id="u", title="Mehr", url="https://a.example")


def forms(content: Content, style: Style) -> list[str]:
    found = []
    for part in plan(content, style).parts:
        message = part.body["message"]
        kind = "attachments" if "attachments" in message else message.get("attachment", {}).get("type", "text")
        found.append("replies" if "quick_replies" in message else "buttons" if kind == "template" else kind)
    return found


@pytest.mark.parametrize(
    ("content", "expected", "notes"),
    [
        (Content(text="Hallo"), ["text"], []),
        (Content(text="Hallo", choices=some(3)), ["buttons"], []),
        (Content(text="Hallo", choices=some(2, description="mehr dazu")), ["buttons"], []),
        (Content(text="Hallo", choices=some(4)), ["replies"], []),
        (Content(text="Hallo", choices=some(13)), ["replies"], []),
        (Content(text="Hallo", choices=some(14)), ["text"], ["numbered"]),
        (Content(text="Hallo", choices=some(2, title="Ein sehr langer Titel")), ["text"], ["numbered"]),
        (Content(text="Hallo", choices=(*some(2), LINK)), ["buttons"], []),
        (Content(text="Hallo", choices=(*some(3), LINK)), ["buttons"], ["links_as_text"]),
        (Content(text="Hallo", choices=(*some(5), LINK)), ["replies"], ["links_as_text"]),
        (Content(text="Wort " * 200, choices=some(2)), ["text", "buttons"], ["split"]),
        (Content(text="Hallo", media=(PICTURE,)), ["image", "text"], ["alt_not_sent"]),
        (Content(text="Hallo", media=(PICTURE,), choices=some(2)), ["image", "buttons"], ["alt_not_sent"]),
        (Content(choices=some(2)), ["buttons"], []),
        (Content(location=Location(latitude=1, longitude=2)), ["text"], ["place_as_link"]),
        (Content(), [], ["empty"]),
    ],
)
def test_content_takes_the_best_form_there_is(content: Content, expected: list[str], notes: list[str]) -> None:
    assert forms(content, messenger.STYLE) == expected
    assert [note.code for note in plan(content).notes] == notes


def test_pictures_go_together_on_messenger_and_one_by_one_on_instagram() -> None:
    content = Content(text="Zwei", media=(PICTURE, OTHER))
    assert forms(content, messenger.STYLE) == ["attachments", "text"]
    assert forms(content, instagram.STYLE) == ["image", "image", "text"]


def test_instagram_counts_bytes() -> None:
    content = Content(text="ä" * 600)
    assert len(plan(content, instagram.STYLE).parts) == 2
    assert len(plan(content, messenger.STYLE).parts) == 1


@pytest.mark.parametrize(
    ("media", "style", "level", "code"),
    [
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=26_000_000), "messenger", "error", "media_size"),
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/png", size=9_000_000), "messenger", "info", "as_document"),
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/webp", size=10), "messenger", "info", "as_document"),
        (Media(id="m", kind=MediaKind.IMAGE, mime="image/webp", size=10), "instagram", "error", "media_type"),
        (Media(id="m", kind=MediaKind.VOICE, mime="audio/ogg", size=10), "instagram", "error", "media_type"),
        (Media(id="m", kind=MediaKind.DOCUMENT, mime="application/zip", size=10), "instagram", "error", "media_type"),
        (Media(id="m", kind=MediaKind.DOCUMENT, mime="application/pdf", size=26_000_000), "instagram", "error", "media_size"),
    ],
)
def test_what_is_refused_is_said_in_the_editor(media: Media, style: str, level: str, code: str) -> None:
    notes = plan(Content(text="Hallo", media=(media,)), STYLES[style]).notes
    assert (level, code) in [(note.level, note.code) for note in notes]


def test_a_reaction_is_an_action_and_on_instagram_a_heart() -> None:
    (part,) = plan(Content(reaction="👍", quote="m_IN1")).parts
    assert part.body == {"sender_action": "react", "payload": {"message_id": "m_IN1", "reaction": "👍"}}
    planned = plan(Content(reaction="👍", quote="m_IN1"), instagram.STYLE)
    assert planned.parts[0].body["payload"]["reaction"] == "love"
    assert [note.code for note in planned.notes] == ["heart"]


def test_a_template_is_filled_on_messenger_and_spoken_on_instagram() -> None:
    use = TemplateUse(name="termin", language="de", body={"1": "Ada"}, buttons={"0": "ja"})
    (part,) = plan(Content(template=use, text="Hallo Ada", by_person=True)).parts
    assert part.body == {
        "messaging_type": "UTILITY",
        "message": {
            "template": {
                "name": "termin",
                "language": {"code": "de"},
                "components": [
                    {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]},
                    {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "ja"}]},
                ],
            }
        },
    }
    spoken = plan(Content(template=use, text="Hallo Ada"), instagram.STYLE)
    assert spoken.parts[0].body["message"] == {"text": "Hallo Ada"}
    assert [note.code for note in spoken.notes] == ["no_templates"]
    missing = plan(Content(template=TemplateUse(name="t", language="de", body={"1": " "}))).notes
    assert [(note.level, note.code) for note in missing] == [("error", "variable_empty")]
