"""No provider knows another: what two of them need stands beside their folders."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
FOLDERS = [*sorted(path.parent.name for path in HERE.glob("*/connector.py")), "by_hand"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_provider_knows_no_other(name: str) -> None:
    others = [f"buergerdraht.connectors.{each}" for each in FOLDERS if each != name]
    found = [
        (path.name, module)
        for path in (HERE / name).rglob("*.py")
        if "tests" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for module in _imported(node)
        if any(module == other or module.startswith(f"{other}.") for other in others)
    ]
    assert found == []


def test_what_stands_beside_the_folders_knows_none_of_them() -> None:
    inside = [f"buergerdraht.connectors.{each}" for each in FOLDERS]
    for path in HERE.glob("*.py"):
        if path.name != "conftest.py":
            modules = [module for node in ast.walk(ast.parse(path.read_text("utf-8"))) for module in _imported(node)]
            assert not [module for module in modules if any(module.startswith(f"{each}.") or module == each for each in inside)], path.name


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []
