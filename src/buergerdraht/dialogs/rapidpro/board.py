"""The drafts of a dialog's steps while a flow is brought over: who leads to whom, in which order they are read, what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from buergerdraht.dialogs.document import END, PLACES
from buergerdraht.dialogs.rapidpro.naming import Names
from buergerdraht.dialogs.rapidpro.reading import Node, Router
from buergerdraht.dialogs.rapidpro.report import Mark, Ref

WAIT, TICKET = "?wait", "?ticket"  # not steps yet: what they become depends on what stands around them
Texts = dict[str, str]


@dataclass
class Quick:
    """A quick reply: what can be tapped."""

    ref: Ref
    title: Texts
    said: str  # as it stands in the file
    description: Texts = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)


@dataclass
class Draft:
    """A step to be. `goals` are by place: "next", "otherwise", "options.0", "cases.1" ...; `marks` count once the step is kept."""

    key: str
    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    wish: str = ""
    quick: list[Quick] = field(default_factory=list)
    node: Node | None = None  # of what waits

    @property
    def text(self) -> Texts:
        found: Texts = self.values.get("text", {})
        return found

    @property
    def router(self) -> Router:
        assert self.node is not None
        assert self.node.router is not None
        return self.node.router


class Board:
    def __init__(self) -> None:
        self.drafts: dict[str, Draft] = {}
        self.other: dict[str, str] = {}  # a key that stands for another

    def put(self, draft: Draft) -> str:
        self.drafts[draft.key] = draft
        return draft.key

    def found(self, key: str) -> str:
        """Follow a key to a draft or a place. What goes round in circles without a step in it is the end."""
        seen: set[str] = set()
        while key not in self.drafts and key not in PLACES:
            if key in seen or key not in self.other:
                return END
            seen.add(key)
            key = self.other[key]
        return key

    def goals(self, draft: Draft) -> Iterator[str]:
        for goal in draft.goals.values():
            yield self.found(goal)

    def before(self) -> dict[str, list[Draft]]:
        """Who leads to each draft."""
        found: dict[str, list[Draft]] = {key: [] for key in self.drafts}
        for draft in self.drafts.values():
            for goal in self.goals(draft):
                if goal in found:
                    found[goal].append(draft)
        return found

    def ordered(self, start: str) -> list[Draft]:
        """The drafts that are reached, breadth-first; what simply follows stands right behind, so that it reads like a conversation."""
        order: dict[str, Draft] = {}
        waiting = [self.found(start)]
        for key in waiting:
            while key in self.drafts and key not in order:
                draft = order[key] = self.drafts[key]
                waiting += [self.found(goal) for place, goal in draft.goals.items() if place != "next"]
                key = self.found(draft.goals["next"]) if "next" in draft.goals else END
        return list(order.values())


def written(board: Board, order: list[Draft]) -> list[dict[str, Any]]:
    """Write drafts as the plain steps of a document, with names for keys."""
    names = Names()
    called = {draft.key: names.give(draft.wish or draft.kind) for draft in order}
    steps = []
    for draft, follower in zip(order, [*order[1:], None], strict=True):
        step: dict[str, Any] = {"id": called[draft.key], "kind": draft.kind, **draft.values}
        for place, goal in draft.goals.items():
            found = board.found(goal)
            name = called.get(found, found)
            if place == "next":
                behind = called[follower.key] if follower else END
                if name != behind:
                    step["next"] = name
            elif "." in place:
                list_name, index = place.split(".")
                step[list_name][int(index)]["next"] = name
            elif not (place == "otherwise" and name == "person"):
                step[place] = name
        steps.append(step)
    return steps
