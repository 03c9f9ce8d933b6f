"""Find contacts whose names and numbers are encrypted: by keyed hashes of folded words and of normalised numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.db.models import QuerySet

from buergerdraht.accounts import vault
from buergerdraht.contacts.models import Contact

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def fold(text: str) -> str:
    """Fold case, accents and umlauts away, so that "Jürgen" is found as "juergen"."""
    text = unicodedata.normalize("NFC", text).casefold().translate(_GERMAN)
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", "".join(letters)))


def number(text: str) -> str:
    """Reduce a phone number to its international digits: "0171 39200-12" and "+49 171 3920012" become one. "" where it is none."""
    if not re.fullmatch(r"[+\d][\d\s()/.\-]{5,}", text.strip()):
        return ""
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    if text.strip().startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return "49" + digits[1:] if digits.startswith("0") else digits


def keys(organisation_id: int, name: str, handles: Iterable[str]) -> list[int]:
    """Make the search keys of a contact: each word of its name, each number or @name."""
    words = set(fold(name).split())
    for handle in handles:
        words.add(_handle(handle))
    return sorted(_key(organisation_id, word) for word in words if word)


def search(organisation_id: int, query: str) -> QuerySet[Contact]:
    """Find the contacts that carry every word of the query, or its number."""
    return among(Contact.objects.filter(organisation_id=organisation_id), organisation_id, query)


def among(contacts: QuerySet[Contact], organisation_id: int, query: str) -> QuerySet[Contact]:
    """Find them among some of an organisation's contacts."""
    words = [number(query)] if number(query) else [_handle(word) if word.startswith("@") else word for word in _words(query)]
    if not words:
        return contacts.none()
    return contacts.filter(search__contains=[_key(organisation_id, word) for word in words])


def _words(query: str) -> list[str]:
    return [folded for word in query.split() for folded in ([word.casefold()] if word.startswith("@") else fold(word).split())]


def _handle(handle: str) -> str:
    return number(handle) or ("@" + handle.strip().lstrip("@").casefold() if handle.strip() else "")


def _key(organisation_id: int, word: str) -> int:
    return int.from_bytes(vault.lookup(organisation_id, "search " + word)[:8], "big", signed=True)
