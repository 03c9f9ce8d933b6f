"""What every dialog says by itself keeps what it promises, in every language."""

from __future__ import annotations

import re

import pytest

from buergerdraht.contacts import words
from buergerdraht.dialogs import understanding
from buergerdraht.dialogs.sentences import _texts, ours

LANGUAGES = ["de", "en", "tr", "uk", "ru", "ar", "pl", "fr"]
EVERYBODY = [
    "tip", "not_understood", "pick_one", "want_text_not_voice", "yes", "no", "skip", "person", "choose", "old_choice", "handed",
    "handed_away", "lost", "done", "remind", "expired", "calling_wait", "menu_title", "open",
]  # fmt: skip
BUTTON = 20  # letters a button shows on the strictest messenger


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_in_the_tip_do_what_it_says(language: str) -> None:
    tip = ours("tip", language, "sie")
    said = re.findall(r"«([^»]+)»", tip) or re.findall(r"\b[^\W\d_a-z]{4,}\b", tip)
    meant = [words.command(each, (words.BACK, words.MENU, words.PERSON)) for each in said if each.upper() == each]
    assert sorted(meant) == [words.BACK, words.MENU, words.PERSON]


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_fit_and_are_understood_when_typed(language: str) -> None:
    assert all(len(ours(key, language, "sie")) <= BUTTON for key in ("yes", "no", "skip", "person", "choose", "open"))
    assert [understanding.yes_or_no(ours(key, language, "sie")) for key in ("yes", "no")] == [True, False]
    assert words.command(ours("skip", language, "sie"), (words.SKIP,)) == words.SKIP


@pytest.mark.parametrize("key", EVERYBODY)
def test_what_everybody_meets_is_there_in_every_language(key: str) -> None:
    assert set(LANGUAGES) <= set(_texts()[key])


def test_german_has_both_forms_or_none() -> None:
    for key, texts in _texts().items():
        german = texts["de"]
        if isinstance(german, dict) and key != "got_files":
            assert set(german) == {"sie", "du"}, key
        elif isinstance(german, str):
            assert not re.search(r"\b(Sie|Ihr|Ihre|Ihnen|du|dein|deine|dir)\b", german), key
