"""What is asked of another system, and what its answer means. No table, no network: both are made and read here, and sent in `calls`.

An address is made so that nothing a citizen wrote can leave the place the editor meant: the host is the administrator's, every value
is escaped, and what would climb out of a path, split it or leave a gap in it is refused. No secret is in a request: they are added
where it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, Final, Literal, Protocol, TextIO
from urllib.parse import quote, unquote

import msgspec
from liquid.ast import Node
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.stringify import to_liquid_string
from yarl import URL

from buergerdraht.dialogs import document, filling

LARGEST_BODY = 64 * 1024
LARGEST_ANSWER = 256 * 1024
LONGEST_URL = 2_000
LONGEST_VALUE = 500
AGAIN = frozenset({408, 425, 429})  # not a no, but "not now"
YES: Final = "yes"
NO: Final = "no"
FAILURE: Final = "failure"
GAP = "\ue000"  # stands where a value was empty, until it is known whether that may be
BARE = frozenset(
    {"echo", "liquid", "cycle", "increment", "decrement", "include", "render", "tablerow", "ifchanged"}
)  # would not be escaped


class Where(Protocol):
    """What is known of a system: its base address, "https://host/base"."""

    @property
    def url(self) -> str: ...


class Refused(Exception):
    """This request must not be made. `reason` is a word for the log, never what a citizen wrote."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Request(msgspec.Struct, frozen=True):
    """What is sent. Made into plain values and back by `kept` and `reopened`."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""


class Outcome(msgspec.Struct, frozen=True):
    """How a call ended. `reason` says more of a failure or a no; `answers` are there only after a yes."""

    kind: Literal["yes", "no", "failure"]
    reason: str = ""
    answers: dict[str, str] = {}
    status: int | None = None
    milliseconds: int = 0


def kept(request: Request) -> dict[str, Any]:
    """Give a request as plain values for JSON."""
    found: dict[str, Any] = msgspec.to_builtins(request)
    return found


def reopened(values: Mapping[str, Any]) -> Request:
    """Make a request of what `kept` gave."""
    return msgspec.convert(values, Request)


# ── The question ──────────────────────────────────────────────────────────


def build(step: document.Call, system: Where, facts: Mapping[str, Any]) -> Request:
    """Make the request of a step. Raises Refused where what is filled in would lead elsewhere."""
    url = _address(system.url, _filled(step.path, facts))
    if step.method == "GET":
        return Request("GET", url, {"Accept": "application/json"})
    body = json.dumps(_nested({key: filling.fill(text, facts) for key, text in step.body.items()}), ensure_ascii=False).encode()
    if len(body) > LARGEST_BODY:
        raise Refused("body")
    return Request(step.method, url, {"Accept": "application/json", "Content-Type": "application/json"}, body)


def within(url: str, base: str) -> bool:
    """Tell whether an address still belongs to a system: same scheme, host and port, and below its path."""
    ours, theirs = URL(base), URL(url)
    return theirs.origin() == ours.origin() and f"{theirs.raw_path}/".startswith(ours.raw_path.rstrip("/") + "/")


def _filled(path: str, facts: Mapping[str, Any]) -> str:
    if "{" not in path:
        return path
    try:
        return str(ADDRESSES.from_string(path).render(**facts))
    except (LiquidError, ArithmeticError, ValueError, TypeError):
        raise Refused("path") from None


def _address(base: str, path: str) -> str:
    """Put a filled path behind the base. It is looked at as the other side may read it, unescaped as often as it likes."""
    stem, mark, query = path.strip().lstrip("/").partition("?")
    plain = stem
    for _time in range(4):
        plain = unquote(plain)
    segments = plain.replace("\\", "/").split("/")
    climbs = any(segment.strip() in {".", ".."} for segment in segments)
    gaps = GAP in plain or "" in segments[:-1]
    query = query.replace(GAP, "")  # a parameter may be empty, a part of the path may not
    strange = any(not sign.isprintable() for sign in plain + unquote(query))
    if climbs or gaps or strange or "#" in path or path.startswith("//"):
        raise Refused("path")
    signs = "/:@!$&'()*+,;=-._~%"
    url = base.rstrip("/") + ("/" + quote(stem, safe=signs) if stem else "") + (mark + quote(query, safe=signs + "?") if query else "")
    if len(url) > LONGEST_URL or not within(url, base):
        raise Refused("path")
    return url


def _nested(values: Mapping[str, str]) -> dict[str, Any]:
    """Turn "customer.number" into an object within the object."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        *ways, last = key.split(".")
        place = found
        for way in ways:
            place = place.setdefault(way, {})
            if not isinstance(place, dict):
                raise Refused("body")
        if last in place:
            raise Refused("body")
        place[last] = value
    return found


class _EscapedNode(OutputNode):
    """A value in an address: every sign that means something there is escaped; where it is empty, a gap is marked."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(quote(to_liquid_string(self.expression.evaluate(context), autoescape=False).strip(), safe="") or GAP)

    async def render_to_output_async(self, context: RenderContext, buffer: TextIO) -> int:
        return self.render_to_output(context, buffer)


class _Escaped(Output):
    node_class: type[Node] = _EscapedNode  # type: ignore[assignment]


class _Addresses(filling._Bounded):
    """Liquid for addresses: what would write a value without escaping it is not there."""

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_Escaped)
        for name in BARE:
            self.tags.pop(name, None)


ADDRESSES = _Addresses()


# ── The answer ────────────────────────────────────────────────────────────


def judge(step: document.Call, status: int, body: bytes) -> Outcome:
    """Say what an answer means: 2xx is a yes where `accept` agrees, 4xx a no, all else a failure."""
    if 400 <= status < 500 and status not in AGAIN:
        return Outcome(NO, "status", status=status)
    if not 200 <= status < 300:
        return Outcome(FAILURE, "redirect" if 300 <= status < 400 else "status", status=status)
    if len(body) > LARGEST_ANSWER:
        return Outcome(FAILURE, "too_large", status=status)
    if not step.accept.strip() and not step.take:
        return Outcome(YES, status=status)  # nobody asks what it said
    try:
        result = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
        accepted = _accepted(step.accept.strip(), result)
    except (msgspec.MsgspecError, LiquidError, ValueError, ArithmeticError, TypeError, RecursionError):
        return Outcome(FAILURE, "unreadable", status=status)
    if not accepted:
        return Outcome(NO, "accept", status=status)
    return Outcome(YES, answers={name: spoken(found_at(result, path)) for name, path in step.take.items()}, status=status)


def _accepted(accept: str, result: Any) -> bool:
    """Ask the condition. One that cannot be read is an error, never a yes; "false" is not a yes either."""
    if not accept:
        return True
    text = accept if "{" in accept else "{{ " + accept + " }}"
    return str(filling.LIQUID.from_string(text).render(result=result)).strip() not in {"", "false"}


def found_at(result: Any, path: str) -> Any:
    """Find what stands at "customer.name" or "items.0.price"; None where nothing does."""
    for part in path.split(".") if path else ():
        if isinstance(result, Mapping):
            result = result.get(part)
        elif isinstance(result, list) and part.isdecimal() and len(part) < 6 and int(part) < len(result):
            result = result[int(part)]
        else:
            return None
    return result


def spoken(value: Any) -> str:
    """Turn a value into an answer: text as it is, numbers without tricks, yes and no as conditions know them, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)[:LONGEST_VALUE]
        case float():
            return _decimal(value)[:LONGEST_VALUE]
        case list():
            words = [spoken(each) for each in value[:50] if not isinstance(each, list | Mapping)]
            return ", ".join(word for word in words if word)[:LONGEST_VALUE]
        case str():
            return "".join(sign for sign in value[: LONGEST_VALUE * 2] if sign.isprintable() or sign == "\n").strip()[:LONGEST_VALUE]
    return ""


def _decimal(value: float) -> str:
    """12.50 as "12.5", 3.0 as "3", and no 1e+21."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def paths(body: bytes, most: int = 40) -> list[tuple[str, str]]:
    """List what stands where in an answer, as `take` names it: for the one who sets a system up."""
    try:
        return list(islice(_leaves(msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf")), ""), most))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    found = value.items() if isinstance(value, Mapping) else enumerate(value[:5]) if isinstance(value, list) else None
    if found is None:
        yield path, spoken(value)
        return
    for key, within_it in found:
        yield from _leaves(within_it, f"{path}.{key}" if path else str(key))
