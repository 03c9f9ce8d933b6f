"""The door: a file in, dialogs and their reports out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from buergerdraht.dialogs.document import Dialog, Unreadable
from buergerdraht.dialogs.rapidpro import choosing, expressions, mapping, reading
from buergerdraht.dialogs.rapidpro.context import House, strings
from buergerdraht.dialogs.rapidpro.naming import Names, key
from buergerdraht.dialogs.rapidpro.reading import Export, Flow
from buergerdraht.dialogs.rapidpro.report import Ledger, Report

REST = gettext_lazy("Neben den Abläufen")


@dataclass(frozen=True)
class Imported:
    """What became of one flow. Without a dialog the report says why; the last one may be for what belongs to no flow."""

    dialog: Dialog | None
    name: str
    report: Report


def bring(export: bytes | Mapping[str, Any]) -> list[Imported]:
    """Bring over every flow of an export. Never raises: a file that is none comes back as one without a dialog, with the reason."""
    try:
        found = reading.read(export)
    except Unreadable as problem:
        return [Imported(None, "", Ledger().close(problem.problems[0][1]))]
    house, names = _house(found), Names()
    keys = [names.give(key(flow.name, f"dialog_{place + 1}")) for place, flow in enumerate(found.flows)]
    for flow, name in zip(found.flows, keys, strict=True):
        house.keys.setdefault(flow.name, name)
    for flow, name in zip(found.flows, keys, strict=True):
        if flow.uuid:
            house.keys.setdefault(flow.uuid, name)
    brought = [Imported(*_split(*mapping.dialog_of(flow, house, name), flow.name)) for flow, name in zip(found.flows, keys, strict=True)]
    if found.rest.items:
        brought.append(Imported(None, str(REST), found.rest.close()))
    return brought


def _split(dialog: Dialog | None, report: Report, name: str) -> tuple[Dialog | None, str, Report]:
    return dialog, name, report


def _house(export: Export) -> House:
    """Look over all flows: what one keeps, another may speak of."""
    house = House(interactive=export.interactive)
    for flow in export.flows:
        for path in {each.lower() for said in _spoken(flow) for each in expressions.paths(said)}:
            parts = path.split(".")
            if "results" not in parts[:3]:
                continue
            rest = parts[parts.index("results") + 1 :]
            if rest:
                house.values.add(expressions.answer(rest[0]))
            if len(rest) > 1 and rest[1].startswith("categor"):
                house.categories.add(expressions.answer(rest[0]))
        for router in (node.router for node in flow.nodes.values() if node.router and not mapping.outcome_of(node)):
            if router.waits and router.result and choosing.chosen(router):
                house.choices.add(expressions.answer(router.result))
            if any(case.type == "has_category" for case in router.cases):
                _asks_category(house, expressions.path_of(router.operand))
    return house


def _spoken(flow: Flow) -> Iterator[str]:
    """All expressions of a flow, but what a router asks of the call in its own node."""
    yield from strings(flow.raw.get("localization"))
    for node in flow.nodes.values():
        for action in node.actions:
            yield from strings(action.raw)
        if node.router:
            yield from (each for case in node.router.cases for each in case.arguments)
            if not mapping.outcome_of(node):
                yield node.router.operand


def _asks_category(house: House, path: str) -> None:
    parts = path.split(".")
    if "results" in parts and parts[-1] != "results":
        house.categories.add(expressions.answer(parts[parts.index("results") + 1]))
