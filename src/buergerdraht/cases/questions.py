"""A category's own questions: what they may be, and whether an answer fits. Data and pure rules.

A question is {"key", "text": {language: text}, "want", "options": [{language: text}], "required"}; answers are {key: words}, as the
citizen read or wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TEXT, NUMBER, YES_NO, CHOICE, DATE = "text", "number", "yes_no", "choice", "date"
WANTS = (TEXT, NUMBER, YES_NO, CHOICE, DATE)
MOST = 10  # nobody answers more in a chat
MOST_OPTIONS = 9  # of a list of ten: the tenth leaves it out
LONGEST = 500  # letters of an answer
KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")
YES = ("ja", "nein", "yes", "no")
KNOWN = {"key", "text", "want", "options", "required"}
WRONG: dict[str, Promise] = {
    "answer_missing": gettext_lazy("Bitte beantworten Sie „%(question)s“."),
    "answer_number": gettext_lazy("Bitte geben Sie eine Zahl ein."),
    "answer_date": gettext_lazy("Bitte geben Sie ein Datum ein, zum Beispiel 24.11.2026."),
    "answer_yes_no": gettext_lazy("Bitte antworten Sie mit Ja oder Nein."),
    "answer_choice": gettext_lazy("Möglich sind: %(options)s."),
}


def read(raw: object) -> list[dict[str, Any]]:
    """Read the questions of a category, whole. Raises ValidationError with a sentence that names the question."""
    if not isinstance(raw, list) or len(raw) > MOST:
        raise ValidationError(_("Fragen sind eine Liste von höchstens %(most)s.") % {"most": MOST})
    found = [_one(each, place) for place, each in enumerate(raw, 1)]
    keys = [each["key"] for each in found]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ValidationError(_("Zwei Fragen haben dasselbe Kürzel „%(key)s“.") % {"key": twice})
    return found


def _one(raw: object, place: int) -> dict[str, Any]:
    if not isinstance(raw, Mapping) or set(raw) - KNOWN:
        raise _wrong(place, _("sie ist nicht lesbar."))
    key, want = raw.get("key"), raw.get("want", TEXT)
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise _wrong(place, _("das Kürzel besteht aus kleinen Buchstaben, Ziffern und Unterstrichen."))
    if not _texts(raw.get("text")):
        raise _wrong(place, _("ihr Text fehlt."))
    if want not in WANTS:
        raise _wrong(place, _("sie kann nach Text, Zahl, Ja oder Nein, Auswahl oder Datum fragen."))
    options = raw.get("options", [])
    if not isinstance(options, list) or not all(_texts(each) for each in options):
        raise _wrong(place, _("eine Möglichkeit ist leer."))
    if want == CHOICE and not 2 <= len(options) <= MOST_OPTIONS:
        raise _wrong(place, _("eine Auswahl hat zwei bis %(most)s Möglichkeiten.") % {"most": MOST_OPTIONS})
    if want != CHOICE and options:
        raise _wrong(place, _("nur eine Auswahl hat Möglichkeiten."))
    if not isinstance(raw.get("required", False), bool):
        raise _wrong(place, _("ob sie beantwortet werden muss, ist ja oder nein."))
    made = {"key": key, "text": dict(raw["text"]), "want": want, "required": raw.get("required", False)}
    return made | ({"options": [dict(each) for each in options]} if options else {})


def _texts(raw: object) -> bool:
    return isinstance(raw, Mapping) and bool(raw) and all(isinstance(text, str) and text.strip() for text in raw.values())


def _wrong(place: int, sentence: str) -> ValidationError:
    return ValidationError(_("Frage %(place)s: %(sentence)s") % {"place": place, "sentence": sentence})


def plainly(key: str, **values: str) -> str:
    """Say what is wrong as our own people and other programs read it."""
    return str(WRONG[key]) % values


def check(
    questions: Iterable[Mapping[str, Any]], answers: Mapping[str, str], language: str = "de", say: Callable[..., str] = plainly
) -> dict[str, str]:
    """Keep the answers that fit, in the order of the questions; what nobody asked is left out.

    Raises ValidationError, {key: sentence}, where one is missing or does not fit.
    """
    kept: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for question in questions:
        key, given = str(question["key"]), str(answers.get(question["key"], "")).strip()[:LONGEST]
        if not given:
            if question.get("required"):
                wrong[key] = say("answer_missing", question=said(question["text"], language))
        elif misfit := _misfit(question, given):
            options = ", ".join(said(option, language) for option in question.get("options", ()))
            wrong[key] = say(misfit, options=options)
        else:
            kept[key] = given
    if wrong:
        raise ValidationError(wrong)
    return kept


def _misfit(question: Mapping[str, Any], given: str) -> str:
    """Name what is wrong with an answer, or ""."""
    want = question["want"]
    if want == NUMBER and not _is_number(given):
        return "answer_number"
    if want == DATE and not _is_date(given):
        return "answer_date"
    if want == YES_NO and given.casefold() not in YES:
        return "answer_yes_no"
    if want == CHOICE and not any(given in option.values() for option in question.get("options", ())):
        return "answer_choice"
    return ""


def said(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("de") or next(iter(texts.values()), "")


def _is_number(text: str) -> bool:
    """German or international: 1.234,5 or 1234.5."""
    plain = text.replace(".", "").replace(",", ".") if "," in text else text
    try:
        return Decimal(plain.replace(" ", "")).is_finite()
    except InvalidOperation:
        return False


def _is_date(text: str) -> bool:
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    try:
        date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(text)
    except ValueError:
        return False
    return True
