"""What steps and answers are called where people choose among them: by their first words, never by an id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from buergerdraht.dialogs import kinds
from buergerdraht.dialogs.document import END, MENU, PERSON

SHORT = 48  # characters
SLOT = re.compile(r"\{\{\s*([\w.]+)[^}]*\}\}|\{%.*?%\}")
MARKS = re.compile(r"[*_~`]{1,2}")
ANSWERS = {"ask", "choose", "book", "meter"}


class Labels:
    """The names of a draft's steps and answers in one language."""

    def __init__(self, draft: Mapping[str, Any], language: str) -> None:
        self.draft, self.language = draft, language
        self.first = draft.get("languages", ["de"])[0]
        self.numbers = {step["id"]: number for number, step in enumerate(draft["steps"], 1)}
        self.steps = {step["id"]: step for step in draft["steps"]}
        self._answers: dict[str, str] | None = None

    def said(self, texts: Mapping[str, str] | None) -> str:
        """A text in the language at hand, else in the dialog's first."""
        texts = texts or {}
        return texts.get(self.language) or texts.get(self.first) or next(iter(texts.values()), "")

    def step(self, name: str) -> str:
        """A step by its first words."""
        step = self.steps.get(name)
        if step is None:
            return _("gibt es nicht: %(name)s") % {"name": name}
        text = next((line for line in self.said(step.get("text")).split("\n") if line.strip()), "")
        return _short(self.bare(text)) or str(kinds.title_of(step))

    def numbered(self, name: str) -> str:
        return f"{self.numbers[name]} · {self.step(name)}" if name in self.numbers else self.step(name)

    def goal(self, name: str) -> str:
        """Where a way leads."""
        places = {END: _("Ende"), PERSON: _("ein Mensch übernimmt"), MENU: _("zurück zur ersten Auswahl")}
        return places.get(name) or self.numbered(name)

    def goals(self, at: str, chosen: str = "") -> list[tuple[str, str]]:
        """All places a step's way can lead to."""
        number = self.numbers.get(at, 0)
        following = next((name for name, place in self.numbers.items() if place == number + 1), END)
        found = [("", _("weiter der Reihe nach: %(step)s") % {"step": self.goal(following)})]
        found += [(name, self.numbered(name)) for name in self.numbers if name != at]
        found += [(place, self.goal(place)) for place in (END, PERSON, MENU)]
        if chosen and chosen not in {name for name, _title in found}:
            found.append((chosen, self.goal(chosen)))
        return found

    def answers(self, want: str = "") -> list[tuple[str, str]]:
        """The answers this dialog keeps: name and title."""
        if want:
            return [(step.get("save") or step["id"], self._title(step)) for step in self.draft["steps"] if step.get("want") == want]
        if self._answers is None:
            self._answers = {}
            for step in self.draft["steps"]:
                name = step.get("save") or step["id"]
                if step["kind"] in ANSWERS:
                    self._answers[name] = self._title(step)
                elif step["kind"] == "set" and step.get("what") == "answer":
                    self._answers[step.get("name", "")] = step.get("name", "")
                elif step["kind"] == "call":
                    self._answers |= {each: each for each in step.get("take", {})}
        return list(self._answers.items())

    def kept(self) -> list[tuple[str, str]]:
        """All that a walk keeps as words, name and title: the answers, the numbers of cases, what belongs to an appointment."""
        booked = [step.get("save") or step["id"] for step in self._of("book")]
        return [
            *self.answers(),
            *((step.get("save", "case"), self._number(step)) for step in self._of("case")),
            *((f"{name}_code", _("Termin: Code zum Absagen")) for name in booked),
            *((f"{name}_where", _("Termin: Ort")) for name in booked),
        ]

    def slots(self) -> list[tuple[str, str]]:
        """What texts can be filled with: words and placeholder."""
        found = [(_("Antwort: %(title)s") % {"title": title}, f"{{{{ answers.{name} }}}}") for name, title in self.answers()]
        found += [(self._number(step), f"{{{{ answers.{step.get('save', 'case')} }}}}") for step in self._of("case")]
        for step in self._of("book"):
            name = step.get("save") or step["id"]
            found += [
                (_("Termin: Code zum Absagen"), f"{{{{ answers.{name}_code }}}}"),
                (_("Termin: Ort"), f"{{{{ answers.{name}_where }}}}"),
            ]
        return [
            *found, (_("Vorname"), "{{ contact.first_name }}"), (_("Name"), "{{ contact.name }}"),
            (_("Ihre Verwaltung"), "{{ organisation.name }}"),
        ]  # fmt: skip

    def slot(self, name: str) -> str:
        """A placeholder in words."""
        known = {placeholder[3:-3]: words for words, placeholder in self.slots()}
        name = name.removeprefix("raw.").removeprefix("answers.")
        table, _dot, column = name.partition(".")
        if column and any(step.get("save", "row") == table for step in self._of("look_up")):
            return _("Tabelle: %(column)s") % {"column": column}
        return known.get(f"answers.{name}") or known.get(name) or name

    def bare(self, text: str) -> str:
        """A text without marks, its placeholders in words."""
        slots = [f"[{self.slot(found[1])}]" if found[1] else "" for found in SLOT.finditer(text)]
        plain = [MARKS.sub("", part) for part in SLOT.sub("\0", text).split("\0")]
        return "".join(part for pair in zip(plain, [*slots, ""], strict=True) for part in pair).strip()

    def _title(self, step: Mapping[str, Any]) -> str:
        words = self.said(step.get("title")) or next((line for line in self.said(step.get("text")).split("\n") if line.strip()), "")
        return _short(MARKS.sub("", words)) or str(kinds.title_of(step))

    def _number(self, step: Mapping[str, Any]) -> str:
        return _("Nummer des Anliegens")

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [step for step in self.draft["steps"] if step["kind"] == kind]


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHORT else f"{text[: SHORT - 1].rsplit(' ', 1)[0]}\u00a0…"
