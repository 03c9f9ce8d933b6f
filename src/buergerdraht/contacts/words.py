"""Command words in many languages, and when a whole message is one. Inside a sentence they never count."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

STOP, HELP, PRIVACY, IMPRINT, ACCESS = "stop", "help", "privacy", "imprint", "access"
ERASE, TOPICS, LANGUAGE, PAUSE, GO_ON, START, HELLO, YES, NO, DONE = (
    "erase", "topics", "language", "pause", "go_on", "start", "hello", "yes", "no", "done",
)  # fmt: skip
BACK, MENU, PERSON, SKIP, MOVE, WAYS = "back", "menu", "person", "skip", "move", "ways"
NO_COMMANDS = {"polite", "ordinary", "slips_stop"}

_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": None})
_LATIN = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "œ": "oe", "æ": "ae"})


def plain(text: str) -> str:
    """Reduce a message to its bare words: no case, accents, punctuation, emoji or quotes; drawn-out letters shortened."""
    text = "".join(" " if unicodedata.category(letter) == "So" else letter for letter in text)  # some emoji normalise to letters
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"^\s*/(\w+)@\w+", r"\1", text)  # "/stop@MusterstadtBot"
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    text = unicodedata.normalize("NFC", "".join(letters)).translate(_ARABIC).translate(_LATIN)
    words = " ".join(re.findall(r"[^\W_]+", text))
    return re.sub(r"([^\W\d])\1{2,}", r"\1", words)


def command(text: str, among: tuple[str, ...] = (STOP, HELP, PRIVACY, IMPRINT, ACCESS, ERASE, TOPICS, LANGUAGE, PAUSE, GO_ON, WAYS)) -> str:
    """Name the command that the whole message is, or ""."""
    if len(text) > 200:
        return ""
    words = plain(text)
    bare = _bare(words)
    for name in among:
        known, slips = _known(name)
        if words in known or bare in known or bare in slips:
            return name
    return ""


def _bare(words: str) -> str:
    """Take away politeness and repetition: "Bitte STOPP!! stopp" is "stopp"."""
    polite = _listed("polite")
    for phrase in (each for each in polite if " " in each):
        words = f" {words} ".replace(f" {phrase} ", " ").strip()
    kept = [word for word in words.split() if word not in polite]
    if len(set(kept)) == 1:
        return kept[0]
    return " ".join(kept)


def names(word: str, text: str) -> bool | None:
    """Say whether a text names a command as a word does: in any of its languages. None where the word is no command."""
    meant = [name for name in _lists() if name not in NO_COMMANDS and plain(word) in _listed(name)]
    if not meant:
        return None
    said = f" {plain(text)} "
    return any(f" {phrase} " in said for name in meant for phrase in _listed(name))


@cache
def _known(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """Give a command's words, and the slips of the finger that still mean it."""
    known = _listed(name) | _listed(name, digraphs=True)
    slips = {slip for word in known for slip in _slips(word)} - _listed("ordinary") - _every()
    return known, frozenset(slips | (_listed("slips_stop") if name == STOP else set()))


@cache
def _every() -> frozenset[str]:
    """Give every word of every command: a slip of one is never another."""
    return frozenset(word for name in _lists() for word in _listed(name))


@cache
def _listed(name: str, digraphs: bool = False) -> frozenset[str]:
    words = _lists()[name].split(",")
    return frozenset(plain(_digraphs(word) if digraphs else word) for word in words) - {""}


@cache
def _lists() -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text("utf-8"))
    return loaded


def _digraphs(word: str) -> str:
    return word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


def _slips(word: str) -> set[str]:
    """Make the slips of a word: a letter left out, doubled, or two swapped. Never one replaced: "anmelden" is not "abmelden"."""
    if len(word) < 6 or " " in word or not word.isascii():
        return set()
    left_out = {word[:i] + word[i + 1 :] for i in range(1, len(word) - 1)}
    doubled = {word[: i + 1] + word[i:] for i in range(len(word))}
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    return left_out | doubled | swapped
