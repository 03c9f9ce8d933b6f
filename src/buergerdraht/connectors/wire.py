"""Read foreign JSON with care: what every parser of a provider's body needs, and nothing of any provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import msgspec

from buergerdraht.connectors.contract import Event, Item, Malformed

# What a reader of foreign data may stumble over. Anything else is our own fault and must be seen.
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def load(body: bytes) -> dict[str, Any]:
    """Read a JSON object, or raise Malformed. What the quick reader refuses (half surrogates, NaN), the patient one may take."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            data = storable(json.loads(body))  # only what comes this way can hold half a letter: nobody after it needs to look
        except (ValueError, RecursionError) as problem:
            raise Malformed("not JSON") from problem
    if not isinstance(data, dict):
        raise Malformed("not an object")
    return data


def text(value: Any) -> str:
    """Take a string as the database can store it: no NUL, no half surrogate."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text expected, found {type(value).__name__}")
    words: str = value.replace("\0", "")
    return words if words.isascii() else words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment(seconds: Any) -> datetime:
    """Read Unix seconds, as number or text (law 14: the provider's time counts)."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except OSError as problem:  # a number of seconds that this machine's calendar does not hold
        raise ValueError("no moment") from problem


def storable(value: Any) -> Any:
    """Make foreign data fit a JSON column, whatever strings it holds."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(str(key)): storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner) for inner in value]
    if (isinstance(value, float) and not isfinite(value)) or (isinstance(value, int) and abs(value) >= 2**63):
        return str(value)
    return value


def number(value: Any) -> float:
    """Read a finite number."""
    found = float(value)
    if not isfinite(found):
        raise ValueError("finite number expected")
    return found


def item(read: Callable[[], Event | None], raw: Any) -> Item:
    """Read one item on its own: a broken one is kept with the reason and spoils no other (law 3)."""
    try:
        return Item(event=read())
    except UNREADABLE as problem:
        # The words of a KeyError name a field, those of a ValueError may quote a citizen: keep the former only.
        words = str(problem) if isinstance(problem, LookupError | TypeError | AttributeError) else ""
        kept = storable(raw) if isinstance(raw, Mapping) else {"value": storable(raw)}
        return Item(raw=kept, problem=text(f"{type(problem).__name__} {words}").strip()[:200])


def listed(value: Any) -> list[Any]:
    """Take a list, or nothing where the field is missing; raise where it is something else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"list expected, found {type(value).__name__}")
    return value


def worth(items: Iterable[Item]) -> list[Item]:
    """Leave out what was read and is none of our business: neither an event nor a problem."""
    return [one for one in items if one.event is not None or one.problem]
