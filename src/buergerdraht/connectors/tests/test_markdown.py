"""The Markdown subset: what it reads, that it loses nothing, and that a cut never breaks anything."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.markdown import Run

WORDS = st.text(alphabet=st.sampled_from("ab äß😀👨‍👩‍👧é*_~`[]()\\-\n.:/ \u0301🇩🇪1<>&\"'"), max_size=120)
SOURCES = st.lists(
    st.one_of(
        WORDS, st.sampled_from(["**fett**", "_schräg_", "~~weg~~", "`x = 1`", "[Stadt](https://stadt.example/a_b)", "\n\n", "- Punkt\n"])
    ),
    max_size=30,
).map("".join)


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(
    ("source", "runs"),
    [
        ("schlicht", [Run("schlicht")]),
        ("**fett** und _schräg_", [Run("fett", bold=True), Run(" und "), Run("schräg", italic=True)]),
        ("**fett _und schräg_**", [Run("fett ", bold=True), Run("und schräg", bold=True, italic=True)]),
        ("~~alt~~ neu", [Run("alt", struck=True), Run(" neu")]),
        ("`**roh**`", [Run("**roh**", code=True)]),
        ("[Rathaus](https://rathaus.example)", [Run("Rathaus", url="https://rathaus.example")]),
        ("[**Rathaus**](https://rathaus.example)", [Run("Rathaus", bold=True, url="https://rathaus.example")]),
        ("[](https://rathaus.example)", [Run("https://rathaus.example", url="https://rathaus.example")]),
        ("[böse](javascript:alert(1))", [Run("[böse](javascript:alert(1))")]),
        (r"5 \* 3 und \_so\_", [Run("5 * 3 und _so_")]),
        ("datei_mit_strichen", [Run("datei_mit_strichen")]),
        ("** nicht fett **", [Run("** nicht fett **")]),
        ("**offen", [Run("**offen")]),
        ("**über\n\nAbsatz**", [Run("**über\n\nAbsatz**")]),
        ("- eins\n- zwei", [Run("• eins\n• zwei")]),
        ("2 - 1 = 1", [Run("2 - 1 = 1")]),
    ],
)
def test_the_subset_is_read_as_written_down(source: str, runs: list[Run]) -> None:
    assert md.read(source) == runs


@pytest.mark.parametrize(
    ("source", "whatsapp", "plain"),
    [
        ("**Hallo** _du_ ~~da~~ `x`", "*Hallo* _du_ ~da~ `x`", "Hallo du da x"),
        ("**Haus**tür und vor_**mittag**", "Haustür und vor_*mittag*", "Haustür und vor_mittag"),
        ("**zwei\nZeilen**", "*zwei*\n*Zeilen*", "zwei\nZeilen"),
        ("**fett _beides_**", "*fett* *_beides_*", "fett beides"),
        ("[Rathaus](https://rathaus.example)", "Rathaus: https://rathaus.example", "Rathaus: https://rathaus.example"),
        ("[rathaus.example](https://rathaus.example/)", "rathaus.example", "rathaus.example"),
        ("[Anruf](tel:+493023125100)", "Anruf: +493023125100", "Anruf: +493023125100"),
        ("[ein **fetter** Titel](https://a.example)", "ein *fetter* Titel: https://a.example", "ein fetter Titel: https://a.example"),
    ],
)
def test_each_messenger_gets_its_own_marks(source: str, whatsapp: str, plain: str) -> None:
    assert md.whatsapp(md.read(source)) == whatsapp
    assert md.plain(md.read(source)) == plain


def test_telegram_counts_in_utf16_units() -> None:
    text, entities = md.telegram(md.read("😀 **fett** [Stadt](https://a.example)"))
    assert text == "😀 fett Stadt"
    assert entities == [md.Entity("bold", 3, 4), md.Entity("text_link", 8, 5, "https://a.example")]


@given(SOURCES)
def test_reading_keeps_every_letter_in_order(source: str) -> None:
    shown = letters(md.joined(md.read(source))).replace("•", "-")
    source_letters = iter(letters(source))
    assert all(letter in source_letters for letter in shown), "letters appear that nobody typed, or in another order"
    marks = set("*_~`[]()\\-•")
    typed = [letter for letter in letters(re.sub(r"\]\((?:https?://|mailto:|tel:)\S*?\)", "]", source)) if letter not in marks]
    assert len([letter for letter in shown if letter not in marks]) >= len(typed)


@given(SOURCES)
def test_the_preview_is_safe_and_says_the_same(source: str) -> None:
    written = md.safe_html(md.read(source))
    tags = re.findall(r"<(/?[a-z]+)([^<>]*)>", written)
    assert {name.lstrip("/") for name, _ in tags} <= {"strong", "em", "s", "code", "a", "br"}
    assert all(not rest or re.fullmatch(r' href="(https?|mailto|tel):[^"<>]*" rel="[a-z ]+" target="_blank"', rest) for _, rest in tags)
    assert letters(html.unescape(re.sub(r"<[^<>]*>", "", written))) == letters(md.joined(md.read(source)))


@given(SOURCES, st.integers(600, 900))
def test_pieces_keep_the_limit_and_lose_nothing(source: str, limit: int) -> None:
    runs = md.read(source * 12)
    pieces = md.split(runs, limit, md.whatsapp_size)
    assert all(len(md.whatsapp(piece)) <= limit for piece in pieces)
    assert letters("".join(md.joined(piece) for piece in pieces)) == letters(md.joined(runs))
    assert {run.url for run in runs} <= {run.url for piece in pieces for run in piece} | {""}


@given(SOURCES, st.integers(601, 2000), st.integers(600, 900))
def test_the_last_piece_keeps_a_limit_of_its_own(source: str, limit: int, last: int) -> None:
    runs = md.read(source * 12)
    pieces = md.split(runs, max(limit, last), lambda part: len(md.plain(part)), last=last)
    assert all(len(md.plain(piece)) <= max(limit, last) for piece in pieces)
    assert not pieces or len(md.plain(pieces[-1])) <= last
    assert letters("".join(md.joined(piece) for piece in pieces)) == letters(md.joined(runs))


def test_a_long_text_is_cut_between_paragraphs_then_sentences_then_words() -> None:
    paragraphs = "\n\n".join(f"Absatz {number}. " + "Wort " * 60 for number in range(10))
    pieces = md.split(md.read(paragraphs), 1000, lambda part: len(md.plain(part)))
    assert len(pieces) > 2
    assert all(md.joined(piece).startswith("Absatz") for piece in pieces)


def test_links_survive_a_cut() -> None:
    text = "Wort " * 150 + "[das Rathaus der Stadt](https://rathaus.example) " + "Wort " * 150
    pieces = md.split(md.read(text), 770, lambda part: len(md.whatsapp(part)))
    assert [run.url for piece in pieces for run in piece if run.url] == ["https://rathaus.example"]


def test_endless_marks_are_read_in_good_time() -> None:
    for endless in ("**a " * 5000, "_" * 20_000, "[" * 20_000, "`a" * 10_001, "_a " * 9000):
        assert md.read(endless)
