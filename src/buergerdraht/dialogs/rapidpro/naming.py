"""Make keys of what people wrote: readable, short, each once."""

from __future__ import annotations

import re
import unicodedata

from buergerdraht.dialogs.document import PLACES

LONGEST = 40
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})
FILLERS = frozenset(
    [
        "a", "an", "and", "bitte", "das", "der", "die", "du", "ein", "eine", "es", "hi", "hallo", "hello", "i", "ich", "ihr", "ihre", "in",
        "ist", "is", "mit", "please", "sie", "the", "to", "und", "we", "wir", "you", "your",
    ]
)  # fmt: skip


def key(text: str, otherwise: str = "", longest: int = LONGEST) -> str:
    """Make a name of a text ("Größe (cm)" -> "groesse_cm"), or give `otherwise` where no letter is left."""
    text = unicodedata.normalize("NFKD", text.casefold().translate(_GERMAN))
    words = re.findall(r"[a-z0-9]+", "".join(letter for letter in text if not unicodedata.combining(letter)))
    name = "_".join(words)
    if name and not name[0].isalpha():
        name = f"n_{name}"
    return name[:longest].rstrip("_") or otherwise


def words_key(text: str, otherwise: str) -> str:
    """Make a short name of a text's first telling words."""
    bare = re.sub(r"\{[{%].*?[}%]\}|https?://\S+", " ", text, flags=re.DOTALL)
    words = [word for word in re.findall(r"[^\W_]+", bare) if word.casefold() not in FILLERS]
    name = ""
    for word in words[:4]:
        longer = f"{name} {word}".strip()
        if len(key(longer)) > 28:
            break
        name = longer
    return key(name, otherwise, 30)


class Names:
    """Gives each name once."""

    def __init__(self) -> None:
        self.given: set[str] = set(PLACES)

    def give(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.given:
            tail = f"_{number}"
            name, number = f"{wanted[: LONGEST - len(tail)]}{tail}", number + 1
        self.given.add(name)
        return name
