"""What is known while one flow is brought over: the whole export, the flow, the board, and what its texts may speak of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.document import END
from buergerdraht.dialogs.rapidpro import expressions, languages, report
from buergerdraht.dialogs.rapidpro.board import Board, Draft, Texts
from buergerdraht.dialogs.rapidpro.expressions import Scope
from buergerdraht.dialogs.rapidpro.naming import key
from buergerdraht.dialogs.rapidpro.reading import Flow, Node, Raw, Router, text
from buergerdraht.dialogs.rapidpro.report import Mark, Ref

MOST_TEXT, MOST_WORD, MOST_LANGUAGES = 10_000, 80, 20
SAME_LANGUAGE = gettext_lazy("Für diese Sprache gibt es schon einen Text; sie lässt sich bei uns nicht von ihr unterscheiden.")
NO_LANGUAGE = gettext_lazy("Die Sprache „%(code)s“ ist unbekannt.")
EMPTY = gettext_lazy("Die Übersetzung ist leer.")
TOO_LONG = gettext_lazy("Der Text ist länger als 10.000 Zeichen. Bitte kürzen.")


@dataclass
class House:
    """What the flows of one export share."""

    keys: dict[str, str] = field(default_factory=dict)  # a flow's uuid or name -> its dialog's key
    interactive: Mapping[str, Raw] = field(default_factory=dict)
    categories: set[str] = field(default_factory=set)  # results whose category is spoken of
    values: set[str] = field(default_factory=set)  # results that are spoken of at all
    choices: set[str] = field(default_factory=set)  # results that are chosen from options


@dataclass
class Context:
    house: House
    flow: Flow
    board: Board = field(default_factory=Board)
    base: str = "de"
    languages: list[str] = field(default_factory=list)
    takes: dict[str, str] = field(default_factory=dict)  # what calls bring: their path -> our answer
    paths: dict[str, str] = field(default_factory=dict)  # the same answer -> where it stands in what comes back
    whole: dict[str, Any] = field(default_factory=dict)  # remind, expired ... of the dialog
    lasts: dict[str, str] = field(default_factory=dict)  # node -> the answer before it

    def __post_init__(self) -> None:
        self.base = languages.ours(self.flow.language) or self._guessed() or "de"
        self.languages = [self.base]
        self._takes()

    def _guessed(self) -> str:
        """The language of a flow that names none: that of a translation which says the same."""
        for node in self.flow.nodes.values():
            for action in node.actions:
                said = text(action.raw, "text").strip()
                for code, (_ref, values) in self.flow.localized.of(action.uuid, "text").items():
                    if said and values[:1] == [said] and languages.ours(code):
                        return languages.ours(code)
        return ""

    def _takes(self) -> None:
        """What calls bring: `webhook.json.x`, `results.name.extra.x`, and Glific's `results.name.x`."""
        asked = [action for node in self.flow.nodes.values() for action in node.actions if action.type in {"call_webhook", "call_resthook"}]
        named = "|".join({key(text(each.raw, "result_name")) for each in asked} - {""}) or "-"
        glific = rf"|results\.(?:{named})(?!\.(?:value|category|categories|category_localized|input|extra|name|node_uuid|created_on)\b)"
        for path in sorted({each for said in strings(self.flow.raw) for each in expressions.paths(said)}):
            found = re.match(rf"(?:webhook(?:\.json)?|legacy_extra|results\.\w+\.extra{glific})\.(.+)$", path, re.IGNORECASE)
            if found and found[1].lower() not in {"status", "json", "headers"}:
                name = key(f"webhook_{found[1]}", "webhook")
                self.takes[path.lower()], self.paths[name] = name, found[1]

    def scope(self, node: Node | None = None) -> Scope:
        return Scope(last=self.last(node) if node else "", takes=self.takes)

    def last(self, node: Node) -> str:
        """The name of the answer that was given last before a node, where there is only one it can be."""
        if node.uuid not in self.lasts:
            before: dict[str, list[Node]] = {}
            for each in self.flow.nodes.values():
                for goal in each.exits.values():
                    before.setdefault(goal, []).append(each)
            names, seen, waiting = set(), set(), [node.uuid]
            for uuid in waiting:
                for each in before.get(uuid, []):
                    if each.uuid in seen:
                        continue
                    seen.add(each.uuid)
                    if each.router and each.router.waits:
                        names.add(saved(each, each.router))
                    else:
                        waiting.append(each.uuid)
            self.lasts[node.uuid] = names.pop() if len(names) == 1 else ""
        return self.lasts[node.uuid]

    def target(self, node: Node, category: str) -> str:
        """Where a category of a node's router leads."""
        found = node.router.categories.get(category) if node.router else None
        return self.way(node, found.exit) if found else END

    def way(self, node: Node, exit_: str) -> str:
        goal = node.exits.get(exit_, "")
        return entry(goal) if goal in self.flow.nodes else END

    def through(self, node: Node, category: str) -> str:
        """Where a category leads, by way of a step that keeps its name, where somebody asks for it."""
        goal, router = self.target(node, category), node.router
        if router is None or category not in router.categories or not self.asked(router):
            return goal
        name = expressions.category(router.result)
        place = f"{node.uuid}#{category}"
        values = {"what": "answer", "name": name, "value": router.categories[category].name}
        return self.board.put(Draft(place, "set", values, {"next": goal}, wish=f"keep_{name}"[:36]))

    def asked(self, router: Router) -> bool:
        return bool(router.result) and expressions.answer(router.result) in self.house.categories

    def ledger_mark(self, *marks: Mark) -> None:
        """Say at once what became of an item that no step hangs on."""
        self.flow.ledger.mark(marks)

    # ── Texts ──

    def texts(self, base: str, place: tuple[str, str], scope: Scope, index: int = 0) -> tuple[Texts, str, list[Mark]]:
        """Give a text in all languages, what was lost in it, and what became of its translations. `place`: item and property."""
        filled = expressions.translate(base, scope)
        why = [filled.why] if filled.why else []
        texts: Texts = {self.base: filled.text} if filled.text.strip() else {}
        if len(filled.text) > MOST_TEXT:
            texts, why = {}, [*why, str(TOO_LONG)]
        marks = []
        for code, ref, values in self.translations(place):
            said = values[index] if index < len(values) else ""
            marks.append(self._translated(texts, code, ref, expressions.translate(said, scope)))
        return texts, " ".join(why), marks

    def _translated(self, texts: Texts, code: str, ref: Ref, filled: expressions.Filled) -> Mark:
        language = languages.ours(code)
        if not language or (language not in self.languages and len(self.languages) >= MOST_LANGUAGES):
            return report.left(ref, NO_LANGUAGE % {"code": code[:20]})
        if not filled.text.strip() or len(filled.text) > MOST_TEXT:
            return report.left(ref, EMPTY if not filled.text.strip() else TOO_LONG)
        if texts.get(language) == filled.text:
            return report.taken(ref)
        if language in texts:
            return report.left(ref, SAME_LANGUAGE)
        texts[language] = filled.text
        if language not in self.languages:
            self.languages.append(language)
        return report.changed(ref, filled.why) if filled.why else report.taken(ref)

    def translations(self, place: tuple[str, str]) -> Iterator[tuple[str, Ref, list[str]]]:
        for code, (ref, values) in self.flow.localized.of(*place).items():
            yield code, ref, values


def saved(node: Node, router: Router) -> str:
    """The name under which a question's answer is kept."""
    return expressions.answer(router.result) if router.result else f"answer_{node.number + 1}"


def entry(uuid: str) -> str:
    """The key of a node's first step."""
    return f"N:{uuid}"


def strings(value: Any) -> Iterator[str]:
    """All strings in plain values that hold an expression."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if "@" in each:
                yield each
        elif isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
