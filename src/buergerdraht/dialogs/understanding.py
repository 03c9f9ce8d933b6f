"""Understand an answer of one kind. Either it is one, with its value and how we show it, or a code says why not (`texts.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import dateparser
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import iban
from stdnum.exceptions import ValidationError as Wrong

from buergerdraht.contacts import words
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs import matching, patterns, sentences
from buergerdraht.dialogs.document import AskStep, Check
from buergerdraht.dialogs.walk import Said, World

LONGEST = 2_000
SHORT = 300  # of an answer that is no free text: what comes later belongs to no number, day or street
SPOKEN_KINDS = {"photo": "image", "photos": "image", "document": "document", "voice": "voice"}
SPOKEN = {  # what one says to "is that right?", beside yes and no
    **dict.fromkeys(
        ["stimmt", "das stimmt", "ja stimmt", "ja das stimmt", "stimmt so", "richtig", "korrekt", "passt", "genau", "ja genau"], True
    ),
    **dict.fromkeys(["correct", "right", "that s right", "exactly", "ja bitte", "yes please"], True),
    **dict.fromkeys(["stimmt nicht", "das stimmt nicht", "nein stimmt nicht", "falsch", "nein danke", "nicht richtig"], False),
    **dict.fromkeys(["wrong", "not right", "that s wrong", "no thanks", "no thank you"], False),
}
WEEKDAYS = {
    "montag": 0, "dienstag": 1, "mittwoch": 2, "donnerstag": 3, "freitag": 4, "samstag": 5, "sonnabend": 5, "sonntag": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
}  # fmt: skip
MONTHS = {
    "de": ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"],
    "en": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
}
DAYS = {
    "de": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}


@dataclass(frozen=True)
class Got:
    value: Any
    shown: str


@dataclass(frozen=True)
class Miss:
    """`code` is a sentence of texts.yaml, with `values` for it; `near` are words that may have been meant."""

    code: str
    values: dict[str, str]
    near: Sequence[str] = ()


def miss(code: str, **values: str) -> Miss:
    return Miss(code, values)


def understand(step: AskStep, said: Said, world: World, language: str) -> Got | Miss:
    """Understand what was said as the kind of answer that a step wants."""
    if step.want in SPOKEN_KINDS:
        return miss(f"want_{step.want}")  # files are gathered by the machine; what comes here is something else
    if step.want == "place":
        return _place(said)
    text = said.text.strip()
    if not text:
        return miss("want_text_not_voice" if said.kind in {"media", "sticker"} else "not_understood")
    if len(text) > LONGEST:
        return miss("too_long", most=str(LONGEST))
    if step.want != "text":
        text = " ".join(text.split())[:SHORT]
    return READERS[step.want](text, step.check, world, language)


# ── Kinds ─────────────────────────────────────────────────────────────────


def _text(text: str, check: Check, world: World, language: str) -> Got | Miss:
    if check.pattern and not patterns.whole(check.pattern, text):
        return miss("not_fitting")
    if check.table:
        return _in_table(text, check, world)
    return Got(text, text)


def _number(text: str, check: Check, world: World, language: str) -> Got | Miss:
    found = number_in(text, language)
    if found is None:
        return miss("not_a_number")
    if -found.as_tuple().exponent > check.decimals:  # type: ignore[operator]
        return miss("too_many_decimals", most=str(check.decimals)) if check.decimals else miss("whole_number")
    least, most = _bound(check.least), _bound(check.most)
    if least is not None and found < least:
        return miss("too_little", least=shown_number(least, language))
    if most is not None and found > most:
        return miss("too_much", most=shown_number(most, language))
    unit = check.unit.get(language) or next(iter(check.unit.values()), "")
    return Got(str(found), f"{shown_number(found, language)} {unit}".strip())


def _date(text: str, check: Check, world: World, language: str) -> Got | Miss:
    today = world.now.date()
    found = date_in(text, today)
    if found is None:
        return miss("not_a_date", example=shown_date(today + timedelta(days=7), language))
    least, most = _last_day(check.least, today), _last_day(check.most, today)
    if least and found < least:
        return miss("too_early", least=shown_date(least, language))
    if most and found > most:
        return miss("too_late", most=shown_date(most, language))
    return Got(found.isoformat(), shown_date(found, language))


def _time(text: str, check: Check, world: World, language: str) -> Got | Miss:
    found = time_in(text)
    if found is None:
        return miss("not_a_time")
    spoken = found.strftime("%H:%M")
    if check.least and spoken < check.least:
        return miss("too_early", least=check.least)
    if check.most and spoken > check.most:
        return miss("too_late", most=check.most)
    return Got(spoken, f"{spoken} Uhr" if language == "de" else spoken)


def _email(text: str, check: Check, world: World, language: str) -> Got | Miss:
    found = re.search(r"[^\s<>,;]+@[^\s<>,;]+", text)
    try:
        address = validate_email(found[0].rstrip(".!?") if found else text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return miss("not_an_email")
    return Got(address.normalized, address.normalized)


def _phone(text: str, check: Check, world: World, language: str) -> Got | Miss:
    try:
        number = phonenumbers.parse(text, "DE")
    except phonenumbers.NumberParseException:
        return miss("not_a_phone")
    if not phonenumbers.is_possible_number(number):
        return miss("not_a_phone")
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return Got(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), shown)


def _iban(text: str, check: Check, world: World, language: str) -> Got | Miss:
    found = re.search(r"[A-Za-z]{2}\s*\d{2}[\sA-Za-z0-9-]{8,40}", text)
    try:
        number = iban.validate(iban.compact((found[0] if found else text).replace("-", "")))
    except Wrong:
        return miss("not_an_iban")
    return Got(number, f"{number[:4]} … {number[-4:]}")


def _postcode(text: str, check: Check, world: World, language: str) -> Got | Miss:
    found = re.search(r"(?<!\d)\d{5}(?!\d)", text)
    if not found:
        return miss("not_a_postcode")
    return _in_table(found[0], check, world) if check.table else Got(found[0], found[0])


def _street(text: str, check: Check, world: World, language: str) -> Got | Miss:
    """A street of this town, with its number where one is given: "Marktstr. 5a" is Marktstraße 5a."""
    found = re.match(r"^(.*?)[\s,]*(\d+\s*[a-zA-Z]?(?:\s*[-/]\s*\d+\s*[a-zA-Z]?)?)?\s*$", text)
    name, number = (found[1], re.sub(r"\s+", "", found[2] or "")) if found else (text, "")
    if not check.table:
        return Got(text, text) if re.search(r"[^\W\d_]{3}", text) else miss("not_a_street")
    column = check.column or "street"
    streets = list(dict.fromkeys(row.get(column, "") for row in world.table(check.table)))
    wanted = _street_word(name)
    same = [street for street in streets if _street_word(street) == wanted]
    if not same:
        folded = {_street_word(street): street for street in streets if street}
        alike = matching.near(wanted, list(folded), 78)
        close = [each for each in alike if matching.like(each, wanted)]
        if len(close) != 1:
            return Miss("street_unknown", {}, [f"{folded[each]} {number}".strip() for each in alike])
        same = [folded[close[0]]]
    shown = f"{same[0]} {number}".strip()
    return Got(shown, shown)


def _meter_number(text: str, check: Check, world: World, language: str) -> Got | Miss:
    number = re.sub(r"[\s.\-/]", "", text).upper()
    if not re.fullmatch(r"[0-9A-Z]{4,20}", number) or not re.search(r"\d{3}", number):
        return miss("not_a_meter_number")
    return _in_table(number, check, world) if check.table else Got(number, number)


def _yes_no(text: str, check: Check, world: World, language: str) -> Got | Miss:
    said = yes_or_no(text)
    if said is None:
        return miss("yes_or_no")
    return Got(said, sentences.ours("yes" if said else "no", language, "sie"))


def _place(said: Said) -> Got | Miss:
    if said.place is None:
        if len(said.text.strip()) >= 4 and not said.choice:
            return Got({"words": said.text.strip()}, said.text.strip())
        return miss("want_place")
    latitude, longitude, name = said.place
    return Got({"latitude": latitude, "longitude": longitude, "words": name}, name or f"{latitude:.5f}, {longitude:.5f}")


READERS: dict[str, Callable[[str, Check, World, str], Got | Miss]] = {
    "text": _text, "number": _number, "date": _date, "time": _time, "email": _email, "phone": _phone, "iban": _iban,
    "postcode": _postcode, "street": _street, "meter_number": _meter_number, "yes_no": _yes_no,
}  # fmt: skip


# ── Parts that others need too ────────────────────────────────────────────


def yes_or_no(text: str) -> bool | None:
    said = words.command(text, (words.YES, words.NO))
    return said == words.YES if said else SPOKEN.get(plain(text))


def number_in(text: str, language: str) -> Decimal | None:
    """Read the one number in a message: "12.345,5 kWh", "1,234.5", "ca. 80"."""
    found = re.findall(r"-?\d[\d.,'’\u00a0\u202f ]*", text)
    if len(found) != 1:
        return None
    digits = re.sub(r"['’\s\u00a0\u202f]", "", found[0]).rstrip(".,")
    point, comma = digits.rfind("."), digits.rfind(",")
    if point >= 0 and comma >= 0:
        digits = digits.replace(".", "").replace(",", ".") if comma > point else digits.replace(",", "")
    elif comma >= 0:
        digits = digits.replace(",", ".") if language != "en" or not _grouped(digits, ",") else digits.replace(",", "")
    elif point >= 0 and language != "en" and _grouped(digits, "."):
        digits = digits.replace(".", "")
    try:
        return Decimal(digits) if len(digits) <= 20 else None
    except InvalidOperation:
        return None


def _grouped(digits: str, mark: str) -> bool:
    return bool(re.fullmatch(r"-?[1-9]\d{0,2}(" + re.escape(mark) + r"\d{3})+", digits))


def shown_number(value: Decimal, language: str) -> str:
    shown = f"{value:,f}"
    return shown if language == "en" else shown.replace(",", "\u2009").replace(".", ",").replace("\u2009", ".")


def date_in(text: str, today: date) -> date | None:
    """Read a day: "12.5.", "morgen", "nächsten Montag", "in zwei Wochen"; without a year the next one."""
    said = plain(text)
    for name, number in WEEKDAYS.items():
        if re.fullmatch(rf"(am |on |diesen |nachsten |nachster |kommenden |next |this )*{name}", said):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    if len(text) > 100:
        return None  # a letter, and no day
    bare = re.sub(r"^\s*(am|den|der|on|the|ab|vom|zum)\s+", "", text.strip(), flags=re.IGNORECASE)
    bare = re.sub(rf"^({'|'.join(WEEKDAYS)}|mo|di|mi|do|fr|sa|so)[.,]*\s*(?:,|den|dem|the)?\s+(?=\d)", "", bare, flags=re.IGNORECASE)
    if numeric := re.fullmatch(r"(\d{1,2})\.\s*(\d{1,2})\.?\s*(\d{4}|\d{2})?\.?", bare):
        return _day(numeric, today)
    found = dateparser.parse(
        bare,
        languages=["de", "en"],
        settings={
            "PREFER_DATES_FROM": "future", "DATE_ORDER": "DMY", "REQUIRE_PARTS": ["day", "month"],
            "RELATIVE_BASE": datetime.combine(today, time(12)), "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )  # fmt: skip
    return found.date() if found else None


def _day(found: re.Match[str], today: date) -> date | None:
    """Make a day of "3.12." or "3.12.26"; without a year the next one there is."""
    day, month, year = int(found[1]), int(found[2]), found[3]
    for candidate in [int(year) % 100 + 2000 if len(year) == 2 else int(year)] if year else range(today.year, today.year + 9):
        try:
            made = date(candidate, month, day)
        except ValueError:
            continue
        if year or made >= today:
            return made
    return None


def time_in(text: str) -> time | None:
    """Read a time of day: "14:30", "14.30 Uhr", "halb drei" is too unsure, "9 Uhr", "2 pm"."""
    found = re.fullmatch(
        r"\D{0,12}?(\d{1,2})(?:[:.h ](\d{2}))?\s*(uhr|am|pm|a\.m\.|p\.m\.|h)?(?:\s*(\d{2}))?\W*", text.strip()[:60], re.IGNORECASE
    )
    if not found:
        return None
    hour, minute = int(found[1]), int(found[2] or found[4] or 0)
    if (found[3] or "").lower().startswith("p") and hour < 12:
        hour += 12
    return time(hour, minute) if hour < 24 and minute < 60 else None


def end_of(end: str, today: date) -> date | None:
    """Read an end of a range of days: "today", "+14", "-1", "2026-12-24"."""
    if not end:
        return None
    if end == "today":
        return today
    if re.fullmatch(r"[+-]\d{1,5}", end):
        return today + timedelta(days=int(end))
    return date.fromisoformat(end)


def _last_day(end: str, today: date) -> date | None:
    """An end of a range of days; one that cannot be read stops nobody (`checking` finds it)."""
    try:
        return end_of(end, today)
    except (ValueError, OverflowError):
        return None


def _bound(end: str) -> Decimal | None:
    try:
        return Decimal(end) if end and Decimal(end).is_finite() else None
    except InvalidOperation:
        return None


def day_in_words(day: date, language: str) -> str:
    """Name a day that is near, without its year: German, else English."""
    if language == "de":
        return f"{DAYS['de'][day.weekday()]}, {day.day}. {MONTHS['de'][day.month - 1]}"
    return f"{DAYS['en'][day.weekday()]}, {day.day} {MONTHS['en'][day.month - 1]}"


def shown_date(day: date, language: str) -> str:
    if language in DAYS:
        return f"{day_in_words(day, language)} {day.year}"
    return f"{day:%d.%m.%Y}"


def _in_table(text: str, check: Check, world: World) -> Got | Miss:
    column = check.column or check.table
    known = list(dict.fromkeys(row.get(column, "") for row in world.table(check.table)))
    folded = {plain(each): each for each in known if each}
    if found := folded.get(plain(text)):
        return Got(found, found)
    alike = matching.near(text, known, 80)
    return Miss("not_in_table", {}, alike)


def _street_word(name: str) -> str:
    """Fold what people write differently: Str., Straße, Strasse."""
    said = plain(name)
    return re.sub(r"(str|strasse)$", "strasse", re.sub(r"\s+", "", said))
