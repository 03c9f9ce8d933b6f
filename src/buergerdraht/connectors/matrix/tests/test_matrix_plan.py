"""The plan for Matrix: every event keeps the homeserver's limits, and what cannot be tapped is written."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind
from buergerdraht.connectors.matrix.plan import plan

WORDS = st.text(alphabet=st.sampled_from("abc äß😀 .\n*_~`[]()<&\"'\\-"), max_size=400)
MEDIA = st.builds(
    Media,
    id=st.uuids().map(str),
    kind=st.sampled_from(list(MediaKind)),
    mime=st.sampled_from(["image/png", "video/mp4", "audio/ogg", "application/pdf", "image/svg+xml"]),
    size=st.integers(1, 60_000_000),
    file_name=st.sampled_from(["", "plan.pdf"]),
)
CONTENTS = st.builds(
    Content,
    title=st.text("ab😀 ", max_size=60),
    text=st.one_of(WORDS, st.integers(0, 9000).map(lambda count: '😀"& ' * count)),
    media=st.lists(MEDIA, max_size=3).map(tuple),
    choices=st.lists(st.builds(Choice, id=st.uuids().map(str), title=st.text("xyz", min_size=1, max_size=30)), max_size=12).map(tuple),
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus"))),
    footer=st.text("abc .", max_size=80),
    quote=st.sampled_from(["", "!raum:stadt.example/$alt"]),
)


def judge(kind: str, body: dict[str, Any]) -> None:
    """Hold an event against the specification, written down a second time on purpose."""
    written = json.dumps(body, ensure_ascii=False).encode()
    assert len(written) < 65_536 - 3_000
    assert kind in {"m.room.message", "m.sticker", "m.reaction"}
    assert not re.search(rb"[:\[, ]-?\d+\.\d+[,}\]]", re.sub(rb'"(\\.|[^"\\])*"', b'""', written)), "canonical JSON knows no fractions"
    if kind == "m.room.message":
        assert body["body"].strip()
        assert body["msgtype"] in {"m.text", "m.image", "m.video", "m.audio", "m.file", "m.location"}
        assert ("format" in body) == ("formatted_body" in body)


def said(body: dict[str, Any]) -> str:
    return str(body.get("body", ""))


@settings(max_examples=120, deadline=None)
@given(CONTENTS)
def test_every_event_keeps_the_limits_and_no_word_is_lost(content: Content) -> None:
    planned = plan(content)
    for part in planned.parts:
        judge(part.method, dict(part.body))
    shown = re.sub(r"\s", "", "".join(said(dict(part.body)) for part in planned.parts))
    for wanted in (content.title, content.footer, *(choice.title for choice in content.choices)):
        assert re.sub(r"\s", "", md.plain(md.read(wanted)) if wanted is content.title else wanted) in shown
    assert re.sub(r"\s", "", md.plain(md.strip(md.read(content.text)))) in shown
    assert [media.id for part in planned.parts for media in part.media] == [media.id for media in content.media]
    if planned.parts and content.quote:
        assert planned.parts[0].body["m.relates_to"] == {"m.in_reply_to": {"event_id": "$alt"}}


PICTURE = Media(id="p", kind=MediaKind.IMAGE, mime="image/png", size=10, file_name="platz.png")
STICKER = Media(id="s", kind=MediaKind.STICKER, mime="image/webp", size=10)
CHOICES = (Choice(id="a", title="Ja"), Choice(id="b", title="Nein"))


@pytest.mark.parametrize(
    ("content", "expected", "notes"),
    [
        (Content(text="Hallo"), ["m.text"], []),
        (Content(text="Was?", choices=CHOICES), ["m.text"], ["numbered"]),
        (Content(text="Hallo", media=(PICTURE,)), ["m.image"], []),
        (Content(media=(PICTURE,)), ["m.image"], []),
        (Content(text="Hallo", media=(PICTURE, PICTURE)), ["m.image", "m.image", "m.text"], []),
        (Content(text="Hallo", media=(STICKER,)), ["m.sticker", "m.text"], []),
        (Content(text="Wort " * 5000), ["m.text", "m.text"], ["split"]),
        (Content(location=Location(latitude=1, longitude=2)), ["m.location"], []),
        (Content(reaction="👍", quote="!raum:a/$alt"), ["m.reaction"], []),
        (Content(), [], ["empty"]),
    ],
)
def test_content_takes_the_best_form_there_is(content: Content, expected: list[str], notes: list[str]) -> None:
    planned = plan(content)
    assert [part.body.get("msgtype", part.method) for part in planned.parts] == expected
    assert [note.code for note in planned.notes] == notes


def test_choices_are_numbered_and_marks_are_written_twice() -> None:
    (part,) = plan(Content(title="Umfrage", text="**Was** tun?", choices=CHOICES, choices_label="Antwort")).parts
    assert part.body["body"] == "Umfrage\n\nWas tun?\n\nAntwort:\n1. Ja\n2. Nein"
    assert part.body["formatted_body"].startswith("<strong>Umfrage")


def test_a_caption_stands_beside_the_name_of_the_file() -> None:
    (part,) = plan(Content(text="Der Platz", media=(PICTURE,))).parts
    assert (part.body["body"], part.body["filename"], part.body["url"]) == ("Der Platz", "platz.png", "{media:p}")


def test_a_voice_message_is_told_as_one() -> None:
    voice = Media(id="v", kind=MediaKind.VOICE, mime="audio/ogg", size=10)
    (part,) = plan(Content(media=(voice,))).parts
    assert part.body["org.matrix.msc3245.voice"] == {}
