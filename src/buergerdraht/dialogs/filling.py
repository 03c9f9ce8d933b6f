"""Fill texts with what is known: Liquid, with bounds. A placeholder that names nothing becomes nothing; `checking` finds it before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TextIO

from liquid import Environment
from liquid.ast import Node
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate

MOST = 10_000  # characters a filled text may have
MARKS = re.compile(r"[\\`*_~\[\]]")
TARGET = re.compile(r"(?<!\\)\]\((?:https?://|mailto:|tel:)[^\s()<>]*")  # where a link of the editor's leads


class _Bounded(Environment):
    """Liquid with bounds, without what would write a value past the place where values are escaped."""

    loop_iteration_limit = 500
    local_namespace_limit = 20_000
    output_stream_limit = MOST
    context_depth_limit = 10

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for name in ("echo", "liquid", "cycle", "include", "render"):
            self.tags.pop(name, None)


class Ours(str):
    """Words of the authority's own: where they are filled into a text, their marks (bold, links) stay marks."""

    __slots__ = ()


class _SaidNode(OutputNode):
    """A value in a text that is said: what a citizen wrote is shown as they wrote it, and makes nothing bold and no link."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        text = to_liquid_string(value, autoescape=False)
        return buffer.write(text if isinstance(value, Ours) else escaped(text))

    async def render_to_output_async(self, context: RenderContext, buffer: TextIO) -> int:
        return self.render_to_output(context, buffer)


class _Said(Output):
    node_class: type[Node] = _SaidNode  # type: ignore[assignment]


class _Spoken(_Bounded):
    """Liquid for texts that are said."""

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_Said)


LIQUID, SPOKEN = _Bounded(), _Spoken()


@lru_cache(maxsize=4_000)
def _parsed(text: str, spoken: bool = False) -> BoundTemplate:
    return (SPOKEN if spoken else LIQUID).from_string(text)


def fill(text: str, facts: Mapping[str, Any]) -> str:
    """Fill a text. One that cannot be filled is given back without its placeholders: the citizen is never shown an error."""
    return _filled(text, facts, spoken=False)


def say(text: str, facts: Mapping[str, Any]) -> str:
    """Fill a text of our Markdown that is said to somebody: what is filled in has no marks, unless it is `Ours`."""
    return TARGET.sub(lambda found: re.sub(r"\\([\\`*_~\[\]])", r"\1", found[0]), _filled(text, facts, spoken=True))


def escaped(text: str) -> str:
    """Take what somebody wrote literally where Markdown is read."""
    return MARKS.sub(r"\\\g<0>", text)


def owned(value: Any) -> Any:
    """Mark rows of the authority's tables as its own words; what citizens answered stays as it is."""
    if isinstance(value, Mapping) and "words" not in value:  # a place has words, and they are the citizen's
        return {name: Ours(each) if isinstance(each, str) else each for name, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [owned(each) for each in value]
    return value


def _filled(text: str, facts: Mapping[str, Any], *, spoken: bool) -> str:
    if "{" not in text:
        return text
    try:
        return str(_parsed(text, spoken).render(**facts))
    except (LiquidError, ArithmeticError, ValueError, TypeError):
        return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)


def problem(text: str) -> str:
    """Say what is wrong with a text's placeholders, or ""."""
    if "{" not in text:
        return ""
    try:
        _parsed(text)
    except LiquidError as found:
        return str(found).split("\n")[0][:200]
    return ""


def names(text: str) -> Iterator[str]:
    """Give the names a text asks for: "answers.street", "contact.name"."""
    if "{" not in text or problem(text):
        return
    for name, found in _parsed(text).analyze(include_partials=False).globals.items():
        for each in found:
            segments = [str(part) for part in each.segments]
            yield ".".join(segments) if segments else name
