"""Which of several words somebody meant: number, title, synonym, slip of the finger. One meaning, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from buergerdraht.contacts.words import plain

NEAR = 84  # of 100: one slip in six letters
SHORT = 4  # words this short must be exact
KEYCAPS = re.compile(r"^(\d)\ufe0f?\u20e3$")
ORDINALS = {
    "erste": 1, "erster": 1, "erstens": 1, "eins": 1, "first": 1, "one": 1, "zweite": 2, "zweiter": 2, "zwei": 2, "second": 2, "two": 2,
    "dritte": 3, "dritter": 3, "drei": 3, "third": 3, "three": 3, "vierte": 4, "vier": 4, "four": 4, "funfte": 5, "funf": 5, "five": 5,
    "sechs": 6, "six": 6, "sieben": 7, "seven": 7, "acht": 8, "eight": 8, "neun": 9, "nine": 9, "zehn": 10, "ten": 10,
}  # fmt: skip
FILLERS = frozenset(
    [
        "ich",
        "mochte",
        "will",
        "bitte",
        "die",
        "der",
        "das",
        "den",
        "nummer",
        "nr",
        "option",
        "punkt",
        "please",
        "the",
        "number",
        "i",
        "want",
        "would",
        "like",
        "hatte",
        "gern",
        "gerne",
    ]
)


def choose(text: str, options: Sequence[Sequence[str]]) -> str:
    """Name the option (id, title, other words ...) that a typed text means, or ""."""
    if number := number_of(text):
        return options[number - 1][0] if number <= len(options) else ""
    said = plain(text)
    if not said:
        return ""
    bare = _bare(said)
    spoken = [(option[0], word) for option in options for word in (plain(each) for each in option[1:]) if word]
    for wanted in (said, bare):
        if found := {name for name, word in spoken if word == wanted}:
            return _only(found)
    within = {name for name, word in spoken if len(word) > SHORT and f" {word} " in f" {said} "}
    if only := _only(within):
        return only
    if len(bare) > SHORT:
        starts = {name for name, word in spoken if word.startswith(bare)}
        return _only(starts) or _near(bare, spoken)
    return ""


def number_of(text: str) -> int:
    """Read a message that is nothing but a number of a list: "2", "2.", "2️⃣", "Nummer 2", "die zweite"; else 0."""
    text = text.strip()
    if found := KEYCAPS.match(text):
        return int(found[1])
    words = [word for word in plain(text).split() if word not in FILLERS]
    if len(words) != 1:
        return 0
    if re.fullmatch(r"[0-9]{1,2}", words[0]):
        return int(words[0])
    return ORDINALS.get(words[0], 0)


def near(text: str, among: Sequence[str], cutoff: float = NEAR, most: int = 3) -> list[str]:
    """Give those of many words that are like a text, the best first."""
    folded = {plain(each): each for each in among}
    found = process.extract(plain(text), list(folded), scorer=fuzz.WRatio, score_cutoff=cutoff, limit=most)
    return [folded[word] for word, _score, _place in found]


def like(said: str, word: str) -> bool:
    """Say whether a word was meant although a finger slipped. Both plain."""
    return said == word or (min(len(said), len(word)) > SHORT and fuzz.ratio(said, word) >= NEAR)


def _near(said: str, spoken: Sequence[tuple[str, str]]) -> str:
    """The one option that is like it; where two are as near, none."""
    scores: dict[str, float] = {}
    for name, word in spoken:
        if len(word) > SHORT:
            scores[name] = max(scores.get(name, 0.0), fuzz.ratio(said, word))
    best = sorted(scores.items(), key=lambda each: -each[1])[:2]
    if not best or best[0][1] < NEAR or (len(best) == 2 and best[0][1] - best[1][1] < 5):
        return ""
    return best[0][0]


def _bare(said: str) -> str:
    return " ".join(word for word in said.split() if word not in FILLERS) or said


def _only(found: set[str]) -> str:
    return next(iter(found)) if len(found) == 1 else ""
