"""Read their expressions: what stands between the words of a text, and the tree of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ROOTS = frozenset(
    [
        "child", "contact", "fields", "globals", "input", "legacy_extra", "locals", "node", "optin", "parent", "results", "resume", "run",
        "ticket", "trigger", "urns", "webhook",
    ]
)  # fmt: skip
DEEPEST, LONGEST = 40, 4_000
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.|"")*")|(?P<name>[^\W\d]\w*)|(?P<sign>=>|<=|>=|!=|[-+*/^&=<>(),.\[\]]))"""
)
_PATH = re.compile(r"@([A-Za-z_]\w*(?:\.\w+)*)")
_LEVELS: tuple[tuple[str, ...], ...] = (("=", "!="), ("<", "<=", ">", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))


class Unparsed(Exception):
    """An expression that is none."""


@dataclass(frozen=True)
class Tree:
    """`text` and `number` are constants, `path` is a name with dots, `call` a function, `at` a part of a list, `sign` an operation."""

    kind: Literal["text", "number", "word", "path", "call", "at", "sign"]
    value: str = ""
    parts: tuple[Tree, ...] = ()


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split a text: (False, words) and (True, expression without its @)."""
    plain, place = "", 0
    while place < len(text):
        at = text.find("@", place)
        if at < 0:
            break
        plain += text[place:at]
        expression = ""
        if text.startswith("@@", at):
            plain, place = plain + "@", at + 2
            continue
        if text.startswith("@(", at):
            end = _closing(text, at + 1) or (text.find("\n", at) + 1 or len(text) + 1) - 1  # one that is never closed: its line
            expression, place = text[at + 1 : end], end
        elif (found := _PATH.match(text, at)) and found[1].split(".")[0].lower() in ROOTS:
            expression, place = found[1], found.end()
        if not expression:
            plain, place = plain + "@", at + 1
            continue
        if plain:
            yield False, plain
        plain = ""
        yield True, expression
    if plain + text[place:]:
        yield False, plain + text[place:]


def _closing(text: str, begins: int) -> int:
    """Find where the bracket that opens at `begins` is closed; 0 where it is not."""
    depth, quoted = 0, False
    for place in range(begins, len(text)):
        letter = text[place]
        if letter == '"' and not (quoted and text[place - 1] == "\\"):
            quoted = not quoted
        elif not quoted and letter == "(":
            depth += 1
        elif not quoted and letter == ")":
            depth -= 1
            if not depth:
                return place + 1
    return 0


def tree(expression: str) -> Tree:
    """Read one expression. Raises Unparsed."""
    if len(expression) > LONGEST:
        raise Unparsed
    reader = _Reader(list(_tokens(expression)))
    found = reader.level(0, 0)
    if reader.place != len(reader.tokens):
        raise Unparsed
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    place = 0
    expression = expression.rstrip()
    while place < len(expression):
        found = _TOKEN.match(expression, place)
        if found is None or found.lastgroup is None:
            raise Unparsed
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place = tokens, 0

    def sign(self, *wanted: str) -> str:
        """Take the next token where it is one of these signs."""
        if self.place < len(self.tokens) and self.tokens[self.place] in {("sign", each) for each in wanted}:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""

    def must(self, wanted: str) -> None:
        if not self.sign(wanted):
            raise Unparsed

    def level(self, level: int, depth: int) -> Tree:
        if depth > DEEPEST:
            raise Unparsed
        if level == len(_LEVELS):
            return self.single(depth)
        found = self.level(level + 1, depth)
        while sign := self.sign(*_LEVELS[level]):
            found = Tree("sign", sign, (found, self.level(level + 1, depth)))
        return found

    def single(self, depth: int) -> Tree:
        if self.sign("-"):
            return Tree("sign", "-", (Tree("number", "0"), self.level(len(_LEVELS) - 1, depth + 1)))
        if self.sign("("):
            found = self.level(0, depth + 1)
            self.must(")")
            return self.tail(found, depth)
        if self.place >= len(self.tokens):
            raise Unparsed
        kind, value = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return Tree("number", value)
        if kind == "text":
            return Tree("text", re.sub(r'\\n|\\(.)|""', lambda found: "\n" if found[0] == "\\n" else found[1] or '"', value[1:-1]))
        if kind != "name":
            raise Unparsed
        if value.lower() in {"true", "false", "null"}:
            return Tree("word", value.lower())
        if self.sign("("):
            return self.tail(Tree("call", value.lower(), self.arguments(depth)), depth)
        return self.tail(Tree("path", value), depth)

    def arguments(self, depth: int) -> tuple[Tree, ...]:
        found: list[Tree] = []
        if self.sign(")"):
            return ()
        while True:
            found.append(self.level(0, depth + 1))
            if not self.sign(","):
                self.must(")")
                return tuple(found)

    def tail(self, found: Tree, depth: int) -> Tree:
        """Take what follows: `.name` and `[0]`."""
        while True:
            if self.sign("."):
                kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
                if kind not in {"name", "number"} or found.kind not in {"path", "at"}:
                    raise Unparsed
                self.place += 1
                found = self.further(found, value)
            elif self.sign("["):
                inner = self.level(0, depth + 1)
                self.must("]")
                found = (
                    self.further(found, inner.value) if found.kind == "path" and inner.kind == "text" else Tree("at", "", (found, inner))
                )
            else:
                return found

    @staticmethod
    def further(found: Tree, name: str) -> Tree:
        if found.kind != "path":
            raise Unparsed
        return Tree("path", f"{found.value}.{name}")
