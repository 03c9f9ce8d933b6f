"""What differs between two documents, step by step, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from buergerdraht.dialogs import conditions, editing, kinds
from buergerdraht.dialogs.fields import FIELDS, HEAD
from buergerdraht.dialogs.forms import LANGUAGES, TRIGGERS
from buergerdraht.dialogs.labels import Labels

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing that is written differently: what, and the words before and after ("" where there were none)."""

    what: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class Difference:
    """A step that was added, removed, moved or changed; `step` "" is the dialog as a whole."""

    kind: str  # added, removed, moved, changed
    step: str
    title: str
    words: str
    changes: Sequence[Change] = ()


def differences(old: Values, new: Values) -> list[Difference]:
    """Compare two documents: first the whole, then the steps in their new order, then those that are gone."""
    before, after = _Reader(old, new), _Reader(new)
    found: list[Difference] = []
    if changes := list(_compared(before.head(), after.head())):
        found.append(Difference("changed", "", _("Auslöser und Einstellungen"), "", changes))
    moved = _moved([step["id"] for step in old["steps"]], [step["id"] for step in new["steps"]])
    for step in new["steps"]:
        name = step["id"]
        was = editing.step_of(old, name)
        if was is None:
            found.append(after.difference("added", step, _compared({}, after.step(step))))
        elif changes := list(_compared(before.step(was), after.step(step))):
            found.append(after.difference("changed", step, changes))
        elif name in moved:
            found.append(after.difference("moved", step, ()))
    there = {step["id"] for step in new["steps"]}
    found += [before.difference("removed", step, ()) for step in old["steps"] if step["id"] not in there]
    return found


class _Reader:
    """One of the two documents, its values told in words: what -> words. Goals are called as in the newer one: a way to a step whose
    text or place is another leads where it led."""

    def __init__(self, draft: Values, newer: Values | None = None) -> None:
        self.draft = draft
        self.language = draft.get("languages", ["de"])[0]
        self.labels = Labels(draft, self.language)
        self.newer = Labels(newer, self.language) if newer else self.labels

    def goal(self, name: str) -> str:
        return (self.newer if name in self.newer.steps else self.labels).goal(name)

    def difference(self, kind: str, step: Values, changes: Any) -> Difference:
        return Difference(kind, step["id"], str(kinds.title_of(step)), self.labels.step(step["id"]), list(changes))

    def head(self) -> dict[str, str]:
        found = dict(self._told(HEAD, self.draft))
        triggers = [f"{dict(TRIGGERS)[each['on']]}: {self._trigger(each)}".strip(": ") for each in self.draft.get("triggers", [])]
        return {**found, _("Auslöser"): "\n".join(triggers)} if triggers else found

    def step(self, step: Values) -> dict[str, str]:
        found = dict(self._told(FIELDS[step["kind"]], step))
        for option in step.get("options", []):
            name = _("Möglichkeit „%(title)s“") % {"title": self.labels.said(option.get("title")) or option["id"]}
            found[name] = self.goal(option["next"]) if option.get("next") else _("der Reihe nach")
            for part in ("title", "description"):
                found |= {f"{name}, {self._spoken(code)}": text for code, text in option.get(part, {}).items() if code != self.language}
            for code, words in option.get("words", {}).items():
                found[_("%(name)s, andere Wörter (%(language)s)") % {"name": name, "language": self._spoken(code)}] = ", ".join(words)
        for number, case in enumerate(step.get("cases", []), 1):
            when = _(" und ").join(conditions.sentence(each, self.draft, self.language, {}) for each in case["when"])
            found[_("Weg %(n)s") % {"n": number}] = f"{when} → {self.goal(case['next']) if case['next'] else _('der Reihe nach')}"
        for name in ("body", "take", "match"):
            found |= {f"{key}": str(value) for key, value in step.get(name, {}).items()}
        for number, file in enumerate(step.get("files", []), 1):
            found[_("Datei %(n)s") % {"n": number}] = self.labels.said(file.get("alt")) or file["file"][:8]
        return found

    def _told(self, specs: Sequence[Any], values: Values) -> Iterator[tuple[str, str]]:
        for spec in specs:
            group, _dot, name = spec.path.rpartition(".")
            value = (values.get(group, {}) if group else values).get(name)
            if value is None or value == "":
                continue
            if spec.shape in {"text", "line"}:
                yield from ((f"{spec.label} ({self._spoken(code)})", self.labels.bare(text)) for code, text in value.items())
            elif spec.shape == "goal":
                yield str(spec.label), self.goal(value)
            elif spec.shape == "flag":
                yield str(spec.label), _("ja")
            elif spec.shape == "many":
                yield str(spec.label), ", ".join(self._spoken(each) if spec.pick == "languages" else str(each) for each in value)
            elif spec.pick == "wants":
                yield str(spec.label), str(kinds.WANTS[value][0])
            else:
                yield str(spec.label), str(value)

    def _trigger(self, trigger: Values) -> str:
        words = " / ".join(", ".join(listed) for listed in trigger.get("words", {}).values())
        if words and trigger.get("fuzzy"):
            words = _("%(words)s (auch mit Tippfehlern und in kurzen Sätzen)") % {"words": words}
        return words or str(trigger.get("name") or trigger.get("time") or "") or " / ".join(trigger.get("title", {}).values())

    def _spoken(self, code: str) -> str:
        return LANGUAGES.get(code, code)


def _compared(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for what, words in new.items():
        if old.get(what, "") != words:
            yield Change(what, old.get(what, ""), words)
    yield from (Change(what, words, "") for what, words in old.items() if what not in new)


def _moved(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """What stands at another place among those that are in both."""
    both = set(old) & set(new)
    before, after = [each for each in old if each in both], [each for each in new if each in both]
    blocks = SequenceMatcher(a=before, b=after, autojunk=False).get_matching_blocks()
    kept = {name for block in blocks for name in after[block.b : block.b + block.size]}
    return both - kept
