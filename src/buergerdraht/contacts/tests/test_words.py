"""A command is a whole message, in any language, however it is typed; never a word in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buergerdraht.contacts import words
from buergerdraht.contacts.words import STOP, command

STOPS = [
    "stop",
    "Stopp",
    "Abmelden",
    "ENDE",
    "unsubscribe",
    "dur",
    "إيقاف",
    "стоп",
    "відписатися",
    "désabonner",
    "arrêt",
    "dezabonare",
    "停止",
    "wypisz mnie",
]
DRESS = [
    "{}",
    " {} ",
    "{}!",
    "{}!!!",
    "{}.",
    "„{}“",
    '"{}"',
    "'{}'",
    "*{}*",
    "🛑 {} 🛑",
    "{} 😡",
    "/{}",
    "bitte {}",
    "{} bitte",
    "\u200f{}\u200e",
    "{}\n",
    "({})",
]
SENTENCES = [
    "Wann hält der Bus am Stop Rathaus?",
    "Bitte stoppen Sie die Bauarbeiten in der Gartenstraße",
    "Am Ende der Straße liegt Müll",
    "Wie kann ich meinen Hund abmelden?",
    "I need help with my passport application",
    "Das hilft mir nicht weiter",
    "Stop making noise at night please, town hall",
    "Der Termin ist am Ende des Monats",
    "Ich brauche Hilfe beim Ausfüllen",
    "Löschen Sie bitte den Eintrag meiner Nachbarin",
    "Anmeldung",
    "anmelden",
    "Ich möchte mich anmelden",
    "Pause in der Kita, wie lange?",
    "durch",
    "Durlach",
    "stopfen",
    "Haltestelle",
    "Endeffekt",
    "Danke",
    "fine",
    "Fine.",
    "Wo finde ich das Impressum der Stadt?",
    "Themen der Ratssitzung",
    "Wetter",
    "Kunden",
    "",
    "   ",
    "👍",
    "?",
    "123",
]


@pytest.mark.parametrize("word", STOPS)
@pytest.mark.parametrize("dress", DRESS)
def test_a_stop_is_heard_in_any_dress(word: str, dress: str) -> None:
    for spelled in (word, word.upper(), word.lower(), word.capitalize()):
        assert command(dress.format(spelled)) == STOP


@pytest.mark.parametrize(
    "text",
    ["stpo", "sotp", "STOOOOP", "stop stop stop", "s t o p", "abmedlen", "abmeldn", "unsubscibe", "Hallo, bitte STOP", "/stop@MusterBot"],
)
def test_a_slip_of_the_finger_still_stops(text: str) -> None:
    assert command(text) == STOP


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_never_a_command(sentence: str) -> None:
    assert command(sentence) == ""


@given(
    st.sampled_from(STOPS),
    st.lists(
        st.sampled_from(["Straße", "Müll", "Rathaus", "Ausweis", "Kita", "Bürgermeister", "Radweg", "morgen", "heute"]),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_a_stop_word_beside_others_never_counts(word: str, others: list[str], first: bool) -> None:
    assert command(" ".join([word, *others] if first else [*others, word])) == ""


@given(
    st.sampled_from(STOPS),
    st.text(st.characters(categories=["Po", "Ps", "Pe", "So", "Zs"]), max_size=6),
    st.text(st.characters(categories=["Po", "So", "Zs"]), max_size=6),
)
def test_punctuation_and_emoji_never_hide_a_stop(word: str, before: str, after: str) -> None:
    assert command(before + word + after) == STOP


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert command(text) in {
        "",
        words.STOP,
        words.HELP,
        words.PRIVACY,
        words.IMPRINT,
        words.ACCESS,
        words.ERASE,
        words.TOPICS,
        words.LANGUAGE,
        words.PAUSE,
        words.GO_ON,
        words.WAYS,
    }


def test_no_word_means_two_commands() -> None:
    names = (
        words.STOP,
        words.HELP,
        words.PRIVACY,
        words.IMPRINT,
        words.ACCESS,
        words.ERASE,
        words.TOPICS,
        words.LANGUAGE,
        words.PAUSE,
        words.GO_ON,
        words.START,
    )
    seen: dict[str, str] = {}
    for name in names:
        for word in words._listed(name):
            assert seen.setdefault(word, name) == name, word
