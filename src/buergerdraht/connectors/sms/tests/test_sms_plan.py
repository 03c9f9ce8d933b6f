"""What becomes of a content as SMS, counted a second time, and what the editor is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, TemplateUse
from buergerdraht.connectors.sms.counting import count
from buergerdraht.connectors.sms.plan import plan

PNG = Media(id="m1", kind=MediaKind.IMAGE, mime="image/png", size=4)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzäöüÄÖÜßàéèùìòñÑåÅøØæÆΔΦΓΛΩΠΨΣΘΞÇÉ"
PLAIN = set(LETTERS + "0123456789 \n\r.,:;!?-+/()%&'\"#*<=>@_$£¥§¿¡¤")


def units(text: str) -> tuple[int, int]:
    """How many SMS at the least and at the most: a sign that is not torn may cost one unit a part."""
    if all(sign in PLAIN or sign in "^{}\\[~]|€\f" for sign in text):
        total, alone, joined = sum(2 if sign in "^{}\\[~]|€\f" else 1 for sign in text), 160, 153
    else:
        total, alone, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return (1, 1) if total <= alone else (-(-total // joined), -(-total // (joined - 1)))


TEXT = st.text(st.sampled_from(sorted(PLAIN - {"\r"})), max_size=600) | st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]), max_size=300
)


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_counting_agrees_with_the_standard(text: str) -> None:
    low, high = units(text)
    assert low <= count(text).parts <= high


@pytest.mark.parametrize(
    ("text", "parts", "left"),
    [
        ("", 1, 160), ("a" * 160, 1, 0), ("a" * 161, 2, 145), ("€" * 80, 1, 0), ("€" * 81, 2, 143), ("a" * 152 + "€" + "a" * 10, 2, 141),
        ("я" * 70, 1, 0), ("я" * 71, 2, 63), ("😀" * 35, 1, 0), ("😀" * 36, 2, 61), ("ä" * 160, 1, 0),
    ],
)  # fmt: skip
def test_the_edges_of_an_sms(text: str, parts: int, left: int) -> None:
    found = count(text)
    assert (found.parts, found.left) == (parts, left)


CHOICES = st.lists(
    st.builds(Choice, id=st.text(min_size=1, max_size=5), title=TEXT.map(lambda text: text.strip()[:40]).filter(bool),
              url=st.sampled_from(["", "https://stadt.example/x"])),
    max_size=5,
)  # fmt: skip
CONTENTS = st.builds(
    Content, title=TEXT | st.just(""), text=TEXT | st.just("Wort " * 700), choices=CHOICES.map(tuple),
    footer=st.sampled_from(["", "Abmelden: STOPP"]), media=st.sampled_from([(), (PNG,)]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(CONTENTS)
def test_no_word_is_lost_and_no_sms_is_too_long(content: Content) -> None:
    planned = plan(content)
    texts = [str(part.body["text"]) for part in planned.parts]
    assert all(text.strip() and units(text)[0] <= 10 for text in texts)
    said = re.sub(r"\s", "", "".join(texts))
    for wanted in (content.title, content.text):
        assert re.sub(r"\s", "", md.plain(md.strip(md.read(wanted)))) in said
    for choice in content.choices:
        assert re.sub(r"\s", "", choice.title) in said
        assert choice.url in said
    assert re.sub(r"\s", "", content.footer) in said


def some(number: int, **more: str) -> tuple[Choice, ...]:
    return tuple(Choice(id=f"c{each}", title=f"Wahl {each}", **more) for each in range(number))


@pytest.mark.parametrize(
    ("content", "texts", "notes"),
    [
        (Content(text="Hallo"), ["Hallo"], []),
        (Content(title="Sturm", text="**Fenster** zu.", footer="Abmelden: STOPP"), ["Sturm\n\nFenster zu.\n\nAbmelden: STOPP"], []),
        (Content(text="Ja?", choices=some(2)), ["Ja?\n\n1 Wahl 0\n2 Wahl 1"], ["numbered"]),
        (Content(text="Da", choices=some(1, url="https://stadt.example")), ["Da\n\nWahl 0: https://stadt.example"], []),
        (Content(text="Bild", media=(PNG,)), ["Bild"], ["files_left_out"]),
        (Content(media=(PNG,)), [], ["only_files"]),
        (Content(text="a" * 200), ["a" * 200], ["sms_parts"]),
        (Content(text="Grüße 👋"), ["Grüße 👋"], ["strange_signs"]),
        (Content(text="x", template=TemplateUse(name="a", language="de")), ["x"], ["no_templates"]),
        (Content(reaction="👍", quote="a"), [], ["no_reactions"]),
        (Content(), [], ["empty"]),
    ],
)
def test_a_content_is_said_in_words(content: Content, texts: list[str], notes: list[str]) -> None:
    planned = plan(content)
    assert [part.body["text"] for part in planned.parts] == texts
    assert [note.code for note in planned.notes] == notes


def test_the_editor_learns_what_it_costs_and_why() -> None:
    planned = plan(Content(text="Grüße 👋 „so“ " * 10))
    assert planned.notes[0].values == {"parts": "3"}
    assert planned.notes[1].values["signs"].startswith("„👋“ „„“")
    assert "👋" in str(planned.parts[0].body["text"])  # nothing is changed silently


def test_a_place_is_a_link() -> None:
    planned = plan(Content(location=Location(latitude=51.5, longitude=7.4, name="Rathaus")))
    assert planned.parts[0].body["text"] == "Rathaus\nhttps://www.openstreetmap.org/?mlat=51.5&mlon=7.4#map=17/51.5/7.4"


def test_a_very_long_text_becomes_several_messages() -> None:
    planned = plan(Content(text="Wort " * 700))
    assert len(planned.parts) == 3
    assert planned.notes[0].values == {"parts": "23"}
