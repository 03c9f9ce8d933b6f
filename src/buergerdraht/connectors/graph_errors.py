"""How Meta's providers say that a call failed, and what we make of it: each has a table of its own codes over these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact


class Rule(NamedTuple):
    """One of the four failures. `scope` is what waits (Temporary) or what else should not be tried (Rejected)."""

    kind: Literal["temporary", "rejected", "gone", "broken"]
    reason: str
    scope: str = "message"
    retry_after: float | None = None
    limit: bool = False


AGAIN = Rule("temporary", "unavailable")
TOKEN = Rule("broken", "token_invalid")
SETUP = Rule("broken", "setup")
BLOCKED = Rule("broken", "account_blocked")
REFUSED = Rule("rejected", "content_refused")
# A code of ours that no table knows: no automatic try (it may have been charged or delivered), the code is shown.
UNKNOWN = Rule("rejected", "unknown")

# What Graph says wherever it is asked: https://developers.facebook.com/docs/graph-api/guides/error-handling
RULES: dict[int, Rule] = {
    0: TOKEN,
    102: TOKEN,
    190: TOKEN,
    463: TOKEN,
    467: TOKEN,
    3: SETUP,
    33: SETUP,
    100: REFUSED,
    1: AGAIN,
    2: AGAIN,
    1200: AGAIN,
    368: BLOCKED,
    506: REFUSED,  # the same post again
    4: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    17: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    32: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    613: Rule("temporary", "rate_limit", scope="channel", retry_after=5, limit=True),
    551: Rule("gone", "blocked"),  # they blocked us, or their account is gone
    1545041: Rule("rejected", "window_closed", scope="window"),
}

# Where a code means several things, its subcode tells which.
SUBRULES: dict[tuple[int, int], Rule] = {
    (10, 2018278): Rule("rejected", "window_closed", scope="window"),
    (10, 2018065): Rule("rejected", "window_closed", scope="window"),
    (10, 2534022): Rule("rejected", "window_closed", scope="window"),
    (10, 2018108): Rule("gone", "blocked"),  # they take no messages from us
    (200, 1545041): Rule("gone", "blocked"),  # they are not available
    (10, 1893063): BLOCKED,
    (100, 2018001): Rule("gone", "not_reachable"),
    (551, 1545041): Rule("rejected", "window_closed", scope="window"),
}


def rule(error: Mapping[str, Any]) -> Rule:
    """Find what an error of Messenger, Instagram or a Page means."""
    code = code_of(error)
    if found := SUBRULES.get((code, code_of(error, "error_subcode"))):
        return found
    if code == 10 or 200 <= code <= 299:  # a right we lack; with a subcode it may be about this one person, and stops nobody else
        return SETUP if code_of(error, "error_subcode") in {-1, 0} else UNKNOWN
    return RULES.get(code, UNKNOWN)


def code_of(error: Mapping[str, Any], name: str = "code") -> int:
    try:
        return int(error.get(name, -1))
    except (TypeError, ValueError):
        return -1


def words_of(error: Mapping[str, Any]) -> str:
    """The provider's own words with the code in front, without any number or token."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, Mapping) else ""
    words = details or error.get("message") or error.get("title") or ""
    return redact(f"{code_of(error)} {words}".strip())


def failure(answered: Answered, judge: Callable[[Mapping[str, Any]], Rule], *secrets: str) -> SendError:
    """Turn an answer that is not a success into one of the four failures."""
    error = answered.json().get("error")
    if isinstance(error, Mapping) and code_of(error) != -1:
        found = judge(error)
        if found is UNKNOWN and (answered.status >= 500 or error.get("is_transient") is True):
            found = AGAIN
        return raised(found, redact(words_of(error), *secrets), answered.retry_after)
    return by_status(answered)


def by_status(answered: Answered) -> SendError:
    """Judge an answer that is not Meta's: a partner's gateway or something between us."""
    status = answered.status
    details = f"HTTP {status}"
    if status in {401, 403}:
        return ChannelBroken("token_invalid", details)
    if status == 404:
        return ChannelBroken("setup", details)
    if status == 429:
        return Temporary("rate_limit", details, retry_after=answered.retry_after or 5, scope="channel", limit=True)
    if status == 413:
        return Rejected("media_refused", details)
    if status >= 500 or status < 400:
        # A gateway that gave up, or a success nobody can read: the message may be out.
        return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=status in {502, 504} or status < 400)
    return Rejected("unknown", details)


def raised(found: Rule, details: str, retry_after: float | None = None) -> SendError:
    if found.kind == "temporary":
        return Temporary(
            found.reason,
            details,
            retry_after=retry_after or found.retry_after,
            scope=found.scope,  # type: ignore[arg-type]
            limit=found.limit,
        )
    if found.kind == "gone":
        return AddressGone(found.reason, details)
    if found.kind == "broken":
        return ChannelBroken(found.reason, details)
    return Rejected(found.reason, details, scope=found.scope)  # type: ignore[arg-type]
