"""Conditions of a fork as people read and write them: "Antwort: Was möchten Sie? ist Abholung"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from buergerdraht.contacts.words import plain
from buergerdraht.dialogs.labels import Labels

SPOKEN: Mapping[str, Mapping[str, str | Promise]] = {
    "hours": {"open": gettext_lazy("geöffnet"), "closed": gettext_lazy("geschlossen")},
    "weekday": {str(number): day for number, day in WEEKDAYS.items()},
    "outcome": {
        "yes": gettext_lazy("ja"),
        "no": gettext_lazy("nein"),
        "failure": gettext_lazy("Störung"),
        "locked": gettext_lazy("gesperrt"),
        "done": gettext_lazy("zu Ende gegangen"),
        "missing": gettext_lazy("gibt es nicht"),
    },
    "yes_no": {"yes": gettext_lazy("ja"), "no": gettext_lazy("nein")},
}
OTHERS = (
    ("hours:", gettext_lazy("Öffnungszeiten")), ("weekday:", gettext_lazy("Wochentag")), ("time:", gettext_lazy("Uhrzeit")),
    ("date:", gettext_lazy("Datum")), ("language:", gettext_lazy("Sprache")), ("channel:", gettext_lazy("Messenger")),
    ("outcome:", gettext_lazy("Ergebnis davor")),
)  # fmt: skip


def subjects(draft: Mapping[str, Any], language: str, topics: Mapping[str, str], chosen: str = "") -> list[tuple[str, str]]:
    """What can be looked at, with what is chosen already."""
    found = [(f"answer:{name}", _("Antwort: %(title)s") % {"title": title}) for name, title in Labels(draft, language).answers()]
    found += [(key, str(title)) for key, title in OTHERS]
    found += [(f"topic:{key}", _("Abo: %(title)s") % {"title": title}) for key, title in topics.items()]
    of, _colon, name = chosen.partition(":")
    titles = {
        "answer": _("Antwort: %(title)s"),
        "field": _("Angabe: %(title)s"),
        "label": _("Kennzeichen: %(title)s"),
        "topic": _("Abo: %(title)s"),
    }
    if chosen and chosen not in {key for key, _title in found}:
        found.append((chosen, titles.get(of, "%(title)s") % {"title": name}))
    return found


def subject(condition: Mapping[str, Any]) -> str:
    return f"{condition['of']}:{condition.get('name', '')}"


def shown(condition: Mapping[str, Any], draft: Mapping[str, Any], language: str) -> str:
    """The value as people write it."""
    value = str(condition.get("value", ""))
    words = _words(condition["of"], str(condition.get("name", "")), draft, language)
    if condition.get("op") == "one_of":
        return ", ".join(words.get(each.strip(), each.strip()) for each in value.split(","))
    return words.get(value, value)


def meant(on: str, op: str, value: str, draft: Mapping[str, Any]) -> dict[str, Any]:
    """A condition of what was written."""
    of, _colon, name = on.partition(":")
    found: dict[str, Any] = {"of": of or "hours", "name": name, "op": op or "is"}
    words = _keys(of, name, draft)
    if op == "one_of":
        found["value"] = ",".join(words.get(plain(each), each.strip()) for each in value.split(","))
    else:
        found["value"] = words.get(plain(value), value.strip())
    return {key: each for key, each in found.items() if each or key in {"of"}}


def sentence(condition: Mapping[str, Any], draft: Mapping[str, Any], language: str, topics: Mapping[str, str]) -> str:
    """Say a condition in a line."""
    from buergerdraht.dialogs.fields import OPERATIONS

    key = subject(condition)
    title = dict(subjects(draft, language, topics, key)).get(key, key)
    operation = str(dict(OPERATIONS).get(str(condition.get("op", "is")), ""))
    return f"{title} {operation} {shown(condition, draft, language)}".strip()


def end_shown(end: str) -> str:
    """An end of what is allowed, as people write it."""
    if end in {"today", "+0"}:
        return _("heute")
    if re.fullmatch(r"[+]\d+", end):
        return _("in %(n)s Tagen") % {"n": end[1:]}
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", end)
    return f"{int(found[3])}.{int(found[2])}.{found[1]}" if found else end.replace(".", ",")


def end_meant(words: str) -> str:
    """An end of what was written."""
    said = words.strip().lower()
    if said in {"heute", "today"}:
        return "today"
    if said in {"morgen", "tomorrow"}:
        return "+1"
    if found := re.fullmatch(r"in (\d{1,4}) (?:tag|tagen|days?)", said):
        return f"+{found[1]}"
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", said):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    return said.replace(",", ".")


def _keys(of: str, name: str, draft: Mapping[str, Any]) -> dict[str, str]:
    """What words mean as keys: those of every language of the dialog, and of every one our people may read the editor in."""
    found = {plain(title): key for language in draft.get("languages", ["de"]) for key, title in _words(of, name, draft, language).items()}
    for code, _name in settings.LANGUAGES:
        with override(code):
            found = {plain(title): key for key, title in _words(of, name, draft, code).items()} | found
    return found | ({"offen": "open", "zu": "closed"} if of == "hours" else {})


def _words(of: str, name: str, draft: Mapping[str, Any], language: str) -> Mapping[str, str]:
    """What keys mean in words: options of a choice, yes and no, days."""
    if of != "answer":
        return _said(of)
    for step in draft["steps"]:
        if (step.get("save") or step["id"]) == name:
            if step["kind"] == "choose":
                first = draft.get("languages", ["de"])[0]
                return {each["id"]: each["title"].get(language) or each["title"].get(first) or each["id"] for each in step["options"]}
            if step.get("want") == "yes_no":
                return _said("yes_no")
    return {}


def _said(of: str) -> Mapping[str, str]:
    return {key: str(words) for key, words in SPOKEN.get(of, {}).items()}
