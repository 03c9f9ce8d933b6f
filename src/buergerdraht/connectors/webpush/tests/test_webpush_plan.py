"""Whatever the content, every notification fits into one record, and nothing is lost (law 16)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, TemplateUse
from buergerdraht.connectors.webpush.plan import plan, sealed_text

TAG = "x" * 32
TEXT = st.text(alphabet=st.sampled_from('abcdeäöüß 😀é*_~`[]()\\"-\n.,:<&'), max_size=60)
LONG = st.one_of(TEXT, st.tuples(TEXT, st.integers(1, 200)).map(lambda pair: pair[0] * pair[1]))
FILES = [
    Media(id="m1", kind=MediaKind.IMAGE, mime="image/jpeg", size=1000, alt="Ein Platz"),
    Media(id="m2", kind=MediaKind.DOCUMENT, mime="application/pdf", size=1000, file_name="plan.pdf"),
]
CHOICES = st.lists(
    st.builds(
        Choice,
        id=st.text("abc123", min_size=1, max_size=20),
        title=st.text("abc ä😀", min_size=1, max_size=70).filter(str.strip),
        description=st.text("abc ", max_size=60),
        url=st.sampled_from(["", "https://stadt.example/seite", "https://stadt.example/" + "x" * 600]),
    ),
    max_size=8,
)
CONTENTS = st.builds(
    Content,
    title=LONG,
    text=LONG,
    media=st.lists(st.sampled_from(FILES), max_size=2, unique_by=lambda media: media.id),
    choices=CHOICES,
    location=st.one_of(st.none(), st.just(Location(latitude=51.5, longitude=7.4, name="Rathaus"))),
    footer=st.text("abc .", max_size=80),
    urgent=st.booleans(),
)


def squeezed(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


@settings(max_examples=150, deadline=None)
@given(CONTENTS)
def test_every_notification_fits_and_says_who_and_what(content: Content) -> None:
    for part in plan(content).parts:
        assert len(sealed_text(part.body, TAG)) <= 3990
        assert part.body["title"] or part.body["text"]
        assert len(part.body.get("actions", [])) <= 2
        assert all(action["url"].startswith("https://") for action in part.body.get("actions", []))
        assert bool(part.body.get("urgent")) == content.urgent
        json.loads(sealed_text(part.body, TAG))


@settings(max_examples=150, deadline=None)
@given(text=st.text("abcäöü 😀\n.", min_size=1, max_size=400).filter(str.strip), times=st.integers(1, 40))
def test_no_letter_of_a_text_is_lost(text: str, times: int) -> None:
    found = "".join(part.body["text"] for part in plan(Content(text=text * times)).parts)
    assert squeezed(found) == squeezed(text * times)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Content(text="Was?", choices=(Choice(id="a", title="Ja"),)), "no_answers"),
        (Content(text="Der Platz", media=(FILES[0],)), "no_media"),
        (Content(text="x " * 3000), "split"),
        (Content(text="x", choices=tuple(Choice(id=str(n), title="Mehr", url="https://a.example") for n in range(3))), "links_as_text"),
        (Content(text="x", template=TemplateUse(name="a", language="de")), "no_templates"),
        (Content(text="x", quote="push:1"), "no_quotes"),
        (Content(), "empty"),
        (Content(reaction="👍", quote="push:1"), "no_reactions"),
    ],
)
def test_the_editor_is_told_what_a_device_cannot_show(content: Content, code: str) -> None:
    assert code in [note.code for note in plan(content).notes]


def test_what_cannot_be_shown_is_said_in_words() -> None:
    choices = (Choice(id="a", title="Ja"), Choice(id="b", title="Nein"))
    content = Content(text="Fest", media=tuple(FILES), choices=choices, choices_label="Kommen Sie?")
    assert plan(content).parts[0].body["text"] == "Fest\n\n[Ein Platz]\n\n[plan.pdf]\n\nKommen Sie?:\n1. Ja\n2. Nein"


def test_links_become_buttons_of_the_last_notification() -> None:
    content = Content(
        title="Straße gesperrt", text="Bis Freitag.", choices=(Choice(id="a", title="Zur Karte", url="https://stadt.example/k"),)
    )
    assert plan(content).parts[0].body == {
        "title": "Straße gesperrt",
        "text": "Bis Freitag.",
        "actions": [{"action": "open0", "title": "Zur Karte", "url": "https://stadt.example/k"}],
        "url": "https://stadt.example/k",
    }


def test_the_preview_shows_nothing_as_markup_that_was_written() -> None:
    assert "<script>" not in plan(Content(text="<script>alert(1)</script>")).parts[0].shows.html
