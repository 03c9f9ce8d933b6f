"""Whether an authority's sentence can take the place of ours: it fills in the same, and names words we understand."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from buergerdraht.wording.shelves import SLOT, Shelf, Versions, forms, needed, slots

LONGEST = 4_000
ALWAYS = frozenset({"organisation", "privacy_url"})  # can be said in every sentence
SHOUTED = re.compile(r"\b[A-ZÄÖÜ]{3,}\b")

# Rooms that understand words: (a word that our sentence names, the authority's sentence) -> whether that names one which means the
# same to us; None where the word is none of theirs.
UNDERSTOOD: list[Callable[[str, str], bool | None]] = []


def allowed(versions: Versions) -> frozenset[str]:
    return frozenset.union(ALWAYS, *map(slots, forms(versions)))


def check(shelf: Shelf, key: str, text: str) -> str:
    """Give the text as it is kept, "" for ours again. Raises ValidationError with every reason."""
    text = text.replace("\r\n", "\n").replace("\0", "").strip()
    if key not in shelf.open:
        raise ValidationError(_("Diesen Satz gibt es bei uns nicht, oder er lässt sich nicht ändern."))
    if not text:
        return ""
    wrong = [*_length(text), *_slots(shelf.open[key], text), *_commands(shelf.open[key], text)]
    if wrong:
        raise ValidationError(wrong)
    return text


def _length(text: str) -> list[str]:
    return [_("Der Satz ist zu lang: höchstens %(n)s Zeichen.") % {"n": LONGEST}] if len(text) > LONGEST else []


def _slots(versions: Versions, text: str) -> list[str]:
    known, there = allowed(versions), slots(text)
    wrong = []
    if missing := sorted(needed(versions) - there):
        wrong.append(_("Es fehlt: %(names)s. Das füllt Bürgerdraht aus, und es muss gesagt werden.") % {"names": _named(missing)})
    if unknown := sorted(there - known):
        said = {"names": _named(unknown), "known": _named(sorted(known))}
        wrong.append(_("Unbekannt: %(names)s. Hier kann stehen: %(known)s.") % said)
    if re.search(r"[{}]", SLOT.sub("", text)):
        wrong.append(_("Geschweifte Klammern stehen nur um Platzhalter, zum Beispiel {organisation}."))
    return wrong


def _named(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _commands(versions: Versions, text: str) -> list[str]:
    """Whoever writes what the sentence tells them must be understood."""
    lost = [word for word in dict.fromkeys(SHOUTED.findall(" ".join(_german(versions)))) if not _names(word, text)]
    if not lost:
        return []
    return [_("Unser Satz nennt %(words)s. Ihrer muss dafür ein Wort nennen, das wir verstehen.") % {"words": ", ".join(lost)}]


def _german(versions: Versions) -> list[str]:
    found = versions.get("de", "")
    return [found] if isinstance(found, str) else list(found.values())


def _names(word: str, text: str) -> bool:
    told = [each for each in (understands(word, text) for understands in UNDERSTOOD) if each is not None]
    return not told or any(told)
