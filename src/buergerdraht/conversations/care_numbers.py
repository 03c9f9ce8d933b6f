"""Find numbers that a citizen should not send by messenger, by their check digits. Pure, and quick where there are none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Span = tuple[int, int, str]  # from, to, flag

# The first look, at every message: four digits close together. Most messages have none.
_DIGITS = re.compile(r"\d(?:[^\d\n]{0,3}\d){3}", re.ASCII)
_APART = r"[ .\-\u00a0\u202f]?"
_IBAN = re.compile(rf"(?<![a-z0-9])[a-z]{{2}}{_APART}\d{{2}}(?={_APART}[a-z0-9])", re.IGNORECASE | re.ASCII)
_ALONE, _ENDS = r"(?<![\w+])(?<!\d[ .\-])", rf"(?!{_APART}\d)(?!\w)"  # not a piece of a telephone number
_CARD = re.compile(rf"{_ALONE}[2-6](?:{_APART}\d){{14,18}}{_ENDS}", re.ASCII)
_TAX = re.compile(rf"{_ALONE}[1-9](?:{_APART}\d){{10}}{_ENDS}", re.ASCII)
_INSURED = re.compile(rf"(?<!\w)[a-z](?:{_APART}\d){{9}}(?!\w)", re.IGNORECASE | re.ASCII)
_DOCUMENT = re.compile(r"(?<!\w)[0-9cfghjklmnprtvwxyz]{9}\d?(?:d|<<)?(?!\w)", re.IGNORECASE | re.ASCII)
_NEAR_DOCUMENT = re.compile(
    r"ausweis|reisepass|\bpass(?:nummer|nr)?\b|passport|identity card|\bid card|kimlik|паспорт|جواز|هوية", re.IGNORECASE
)
# ISO 13616 lengths of the countries whose accounts are used here.
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GE": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27, "LI": 21,
    "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "XK": 20,
}  # fmt: skip
_SEPARATORS = " .-\u00a0\u202f"


def find(text: str) -> list[Span]:
    """Find the numbers of a text in their order, none within another."""
    if _DIGITS.search(text) is None:
        return []
    found: list[Span] = []
    before = -1
    while before < len(found):  # what stood beside a number may be one itself, once that is taken out
        before = len(found)
        for search, flag in _FINDERS:
            for start, end in list(search(text)):
                found.append((start, end, flag))
                text = text[:start] + "\n" * (end - start) + text[end:]
    return sorted(found)


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for begin in _IBAN.finditer(text):
        length = _LENGTHS.get("".join(letter for letter in begin[0] if letter.isalpha()).upper())
        if length is None:
            continue
        signs, end = _gather(text, begin.start(), length)
        if len(signs) == length and not text[end : end + 1].isalnum() and iban_fits(signs):
            yield begin.start(), end


def _gather(text: str, start: int, length: int) -> tuple[str, int]:
    """Read letters and digits over single separators."""
    signs, place = "", start
    while len(signs) < length and place < len(text):
        letter = text[place]
        if letter.isascii() and letter.isalnum():
            signs += letter
        elif letter not in _SEPARATORS or (place and text[place - 1] in _SEPARATORS):
            break
        place += 1
    return signs, place


def _matching(pattern: re.Pattern[str], fits: Callable[[str], bool]) -> Callable[[str], Iterator[tuple[int, int]]]:
    def search(text: str) -> Iterator[tuple[int, int]]:
        for found in pattern.finditer(text):
            if fits("".join(letter for letter in found[0] if letter.isalnum()).upper()):
                yield found.span()

    return search


def _documents(text: str) -> Iterator[tuple[int, int]]:
    """Serial numbers of identity cards and passports: with their check digit anywhere, the bare nine signs beside the word for it."""
    for found in _DOCUMENT.finditer(text):
        signs = found[0].rstrip("<dD").upper()
        mixed = any(each.isdigit() for each in signs) and any(each.isalpha() for each in signs)
        checked = len(signs) == 10 and (mixed or len(found[0]) > 10) and document_fits(signs)
        if checked or (len(signs) == 9 and mixed and _NEAR_DOCUMENT.search(text)):
            yield found.span()


# ── Check digits ──────────────────────────────────────────────────────────


def iban_fits(signs: str) -> bool:
    """ISO 7064 mod 97: the number with its first four signs at the end leaves 1."""
    moved = signs[4:] + signs[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def tax_fits(digits: str) -> bool:
    """The German tax number for life: eleven digits, one of them twice or three times among the first ten, ISO 7064 mod 11, 10."""
    counts = sorted((digits[:10].count(each) for each in set(digits[:10])), reverse=True)
    if counts[0] not in {2, 3} or (len(counts) > 1 and counts[1] > 1):
        return False
    product = 10
    for digit in digits[:10]:
        rest = (int(digit) + product) % 10 or 10
        product = rest * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def insured_fits(signs: str) -> bool:
    """The number on a health insurance card: a letter, eight digits and a check digit over their cross sums."""
    digits = f"{ord(signs[0]) - 64:02d}{signs[1:9]}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(signs[9])


def card_fits(digits: str) -> bool:
    """A payment card: of a known maker, with the length and the Luhn sum of one."""
    visa_or_like = len(digits) in {16, 19} and (digits[0] in "46" or "51" <= digits[:2] <= "55" or "22" <= digits[:2] <= "27")
    if not (visa_or_like or (len(digits) == 15 and digits[:2] in {"34", "37"})):
        return False
    doubled = (int(digit) * 2 if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def document_fits(signs: str) -> bool:
    """ICAO 9303: weights 7, 3, 1; letters count from 10."""
    return sum(int(sign, 36) * (7, 3, 1)[place % 3] for place, sign in enumerate(signs[:9])) % 10 == int(signs[9])


_FINDERS: tuple[tuple[Callable[[str], Iterator[tuple[int, int]]], str], ...] = (
    (_ibans, "iban"),
    (_matching(_CARD, card_fits), "card"),
    (_matching(_TAX, tax_fits), "tax"),
    (_matching(_INSURED, insured_fits), "health"),
    (_documents, "identity"),
)
