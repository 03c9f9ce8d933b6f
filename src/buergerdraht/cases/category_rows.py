"""The rows of a category's form, as many as there are: its questions, and the teams it goes to. Plain fields: no script is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Organisation, Team
from buergerdraht.cases import questions
from buergerdraht.cases.categories import MOST_ROUTES, Way
from buergerdraht.cases.models import Category, Route
from buergerdraht.contacts.models import District

WANTS = {
    questions.TEXT: gettext_lazy("Text"),
    questions.NUMBER: gettext_lazy("Zahl"),
    questions.YES_NO: gettext_lazy("Ja oder Nein"),
    questions.CHOICE: gettext_lazy("Auswahl"),
    questions.DATE: gettext_lazy("Datum"),
}
Post = Mapping[str, Any]
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass
class QuestionRow:
    """A question as it is typed: `options` one a line, the same line in each language."""

    key: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    want: str = questions.TEXT
    options: dict[str, str] = field(default_factory=dict)
    required: bool = False
    error: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(text.strip() for text in [*self.texts.values(), *self.options.values()])

    def raw(self) -> dict[str, Any]:
        """Give it as `questions.read` takes it."""
        lines = {language: [line.strip() for line in text.splitlines()] for language, text in self.options.items()}
        most = max((len(each) for each in lines.values()), default=0)
        options = [{lang: each[place] for lang, each in lines.items() if place < len(each) and each[place]} for place in range(most)]
        made = {"key": self.key, "text": {lang: text.strip() for lang, text in self.texts.items() if text.strip()}, "want": self.want,
                "required": self.required}  # fmt: skip
        return made | ({"options": [each for each in options if each]} if self.want == questions.CHOICE else {})


@dataclass
class RouteRow:
    district: str = ""
    outside_hours: bool = False
    team: str = ""
    error: str = ""


# ── Questions ─────────────────────────────────────────────────────────────


def kept_questions(category: Category) -> list[QuestionRow]:
    """The questions as they are kept."""
    return [
        QuestionRow(key=each["key"], texts=each["text"], want=each["want"], required=each.get("required", False), options=_lines(each))
        for each in category.questions
    ]


def _lines(question: Mapping[str, Any]) -> dict[str, str]:
    options = question.get("options", [])
    languages = {language for option in options for language in option}
    return {language: "\n".join(option.get(language, "") for option in options) for language in languages}


def typed_questions(post: Post, languages: Sequence[str]) -> list[QuestionRow]:
    """The questions as they were typed."""
    return [
        QuestionRow(
            key=post.get(f"q-{number}-key", "")[:30],
            texts={language: post.get(f"q-{number}-text_{language}", "")[:300] for language in languages},
            want=post.get(f"q-{number}-want", questions.TEXT),
            options={language: post.get(f"q-{number}-options_{language}", "")[:2_000] for language in languages},
            required=f"q-{number}-required" in post,
        )
        for number in range(_count(post, "q", questions.MOST * 2))
    ]


def read_questions(rows: Sequence[QuestionRow], old: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Read what was typed; empty rows are left out, texts in languages that are switched off stay.

    Raises ValidationError; the row knows why.
    """
    known = {each["key"]: each for each in old}
    used = {row.key for row in rows if row.key}
    raws = []
    for row in [each for each in rows if not each.is_empty]:
        row.key = row.key or _free_key(row, used)
        raw = row.raw()
        raw["text"] = {**known.get(row.key, {}).get("text", {}), **raw["text"]} if raw["text"] else {}
        raws.append(raw)
        try:
            questions.read([raw])
        except ValidationError as problem:
            row.error = problem.messages[0].partition(": ")[2] or problem.messages[0]
            row.error = row.error[:1].upper() + row.error[1:]
    return questions.read(raws)


def _free_key(row: QuestionRow, used: set[str]) -> str:
    """A short name of its first words that no other has."""
    words = next((text for text in row.texts.values() if text.strip()), "")
    stem = slugify(words.translate(GERMAN)).replace("-", "_").lstrip("0123456789_")[:24] or "frage"
    key = next(each for each in (stem, *(f"{stem}_{number}" for number in range(2, 99))) if each not in used)
    used.add(key)
    return key


# ── Routes ────────────────────────────────────────────────────────────────


def kept_routes(category: Category) -> list[RouteRow]:
    rows = Route.objects.filter(category=category) if category.pk else Route.objects.none()
    return [RouteRow(str(row.district_id or ""), row.outside_hours, str(row.team_id)) for row in rows]


def typed_routes(post: Post) -> list[RouteRow]:
    return [
        RouteRow(post.get(f"r-{number}-district", ""), f"r-{number}-outside" in post, post.get(f"r-{number}-team", ""))
        for number in range(_count(post, "r", MOST_ROUTES))
    ]


def read_routes(rows: Sequence[RouteRow], organisation: Organisation) -> list[Way]:
    """Read what was typed. Raises ValidationError; the row knows why."""
    teams = {str(row.pk): row for row in Team.objects.filter(organisation=organisation)}
    districts = {str(row.pk): row for row in District.objects.filter(organisation=organisation)}
    ways = []
    for row in rows:
        if not row.team and not row.district and not row.outside_hours:
            continue
        if row.team not in teams:
            row.error = _("Wählen Sie ein Team.")
        elif row.district and row.district not in districts:
            row.error = _("Diesen Ortsteil gibt es nicht.")
        elif not row.district and not row.outside_hours:
            row.error = _("Wählen Sie einen Ortsteil, die Schließzeit oder beides; sonst genügt das Team der Kategorie.")
        else:
            ways.append(Way(teams[row.team], districts.get(row.district), row.outside_hours))
    if any(row.error for row in rows):
        raise ValidationError(_("Eine Weiche ist nicht vollständig."))
    return ways


# ── Both ──────────────────────────────────────────────────────────────────


def _count(post: Post, letter: str, most: int) -> int:
    text = post.get(f"{letter}-count", "0")
    return min(int(text), most) if text.isdecimal() and len(text) < 4 else 0


def turned(rows: list[Any], verb: str, place: str, new: Any) -> list[Any]:
    """Add, remove or move a row: "add", "remove", "up", "down"."""
    if verb == "add":
        return [*rows, new]
    number = int(place) if place.isdecimal() and len(place) < 4 else len(rows)
    if number >= len(rows):
        return rows
    row, rest = rows[number], rows[:number] + rows[number + 1 :]
    if verb == "remove":
        return rest
    there = max(number - 1, 0) if verb == "up" else number + 1
    return [*rest[:there], row, *rest[there:]]
