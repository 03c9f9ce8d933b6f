"""Whoever reads the audit log reads words: every act that the rooms' sources write down by name is known to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from buergerdraht.accounts.words import ACTIONS, AREAS

SOURCE = Path(__file__).parent.parent / "src" / "buergerdraht"


def test_every_act_has_words() -> None:
    acts = {act for room in SOURCE.iterdir() if room.is_dir() for act in _acts(room)}
    assert len(acts) > 150, "the search finds them"
    assert sorted(acts - set(ACTIONS)) == []


def test_every_room_that_writes_can_be_chosen() -> None:
    assert {act.partition(".")[0] for act in ACTIONS} <= set(AREAS)


def _acts(room: Path) -> Iterator[str]:
    """Name what a room hands to `audit.record`: written there, or handed to a helper that puts the room's name before it."""
    paths = [path for path in room.rglob("*.py") if not {"tests", "migrations"} & set(path.parts)]
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    helpers: dict[str, tuple[str, int]] = {}
    for function in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and _is_record(node)):
            yield from _texts(call.args[1])
            if found := _place(function, call.args[1]):
                helpers[function.name] = found
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        prefix, place = helpers.get(_name(call), ("", -1))
        if 0 <= place < len(call.args) and not _is_record(call):
            yield from (prefix + text for text in _texts(call.args[place]))


def _is_record(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "audit.record"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts an expression may be, as far as they stand in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def _place(function: ast.FunctionDef, act: ast.expr) -> tuple[str, int] | None:
    """Give the words before the verb, and which of the function's arguments the verb is."""
    pieces = act.values if isinstance(act, ast.JoinedStr) else [ast.Constant(""), act]
    before, verb = pieces[0], pieces[-1].value if isinstance(pieces[-1], ast.FormattedValue) else pieces[-1]
    names = [argument.arg for argument in function.args.args]
    if isinstance(before, ast.Constant) and isinstance(verb, ast.Name) and verb.id in names:
        return str(before.value), names.index(verb.id)
    return None
