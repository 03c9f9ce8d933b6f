"""What Meta's error codes mean for us: one table for the answer to a call and for the errors inside a status.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact

DAY = 86_400.0


class Rule(NamedTuple):
    """One of the four failures. `scope` is what waits (Temporary) or what else should not be tried (Rejected)."""

    kind: Literal["temporary", "rejected", "gone", "broken"]
    reason: str
    scope: str = "message"
    retry_after: float | None = None
    limit: bool = False


_AGAIN = Rule("temporary", "unavailable")
_TOKEN = Rule("broken", "token_invalid")
_SETUP = Rule("broken", "setup")
_BLOCKED = Rule("broken", "account_blocked")
_REFUSED = Rule("rejected", "content_refused")
_TEMPLATE = Rule("rejected", "template_refused", scope="template")
_VARIABLES = Rule("rejected", "template_refused")
_NOBODY = Rule("rejected", "not_reachable")

RULES: dict[int, Rule] = {
    0: _TOKEN,
    190: _TOKEN,
    3: _SETUP,
    10: _SETUP,
    131005: _SETUP,
    33: _SETUP,
    100: _REFUSED,
    1: _AGAIN,
    2: _AGAIN,
    131016: _AGAIN,
    133004: _AGAIN,
    131000: _AGAIN,
    131057: Rule("temporary", "unavailable", scope="channel", retry_after=60),
    2494100: Rule("temporary", "unavailable", scope="channel", retry_after=60),
    4: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    80007: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    130429: Rule("temporary", "rate_limit", scope="channel", retry_after=1, limit=True),
    131056: Rule("temporary", "pair_limit", scope="pair", retry_after=6, limit=True),
    131048: _BLOCKED,
    131064: _BLOCKED,
    368: _BLOCKED,
    131031: _BLOCKED,
    130497: Rule("rejected", "country_refused"),
    131042: Rule("broken", "payment"),
    131045: _SETUP,
    133010: _SETUP,
    131037: _SETUP,
    131047: Rule("rejected", "window_closed", scope="window"),
    131026: _NOBODY,  # no proof of a block: old app, terms not accepted, no WhatsApp
    131021: _NOBODY,
    131030: _NOBODY,
    131062: _NOBODY,
    130403: Rule("gone", "blocked"),  # we have blocked this person
    131050: Rule("rejected", "opted_out", scope="newsletter"),
    131049: Rule("temporary", "person_limit", retry_after=DAY),
    130472: Rule("rejected", "person_limit"),
    131063: _TEMPLATE,
    131008: _REFUSED,
    131009: _REFUSED,
    131051: _REFUSED,
    135000: _REFUSED,
    131052: Rule("rejected", "media_refused"),
    131053: Rule("rejected", "media_refused"),
    132000: _VARIABLES,
    132005: _VARIABLES,
    132008: _VARIABLES,
    132012: _VARIABLES,
    132018: _VARIABLES,
    132001: _TEMPLATE,
    132007: _TEMPLATE,
    132015: _TEMPLATE,
    132016: _TEMPLATE,
    132068: _TEMPLATE,
    132069: Rule("temporary", "rate_limit", retry_after=3600, limit=True),
    133016: _SETUP,
    137000: Rule("rejected", "not_reachable"),
}

# A code of ours that no table knows: no automatic try (it may have been charged or delivered), the code is shown.
_UNKNOWN = Rule("rejected", "unknown")


def rule(code: int) -> Rule:
    if 200 <= code <= 299:
        return _SETUP
    return RULES.get(code, _UNKNOWN)


def code_of(error: Mapping[str, Any]) -> int:
    try:
        return int(error.get("code", -1))
    except (TypeError, ValueError):
        return -1


def words_of(error: Mapping[str, Any]) -> str:
    """The provider's own words with the code in front, without any number or token."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, Mapping) else ""
    words = details or error.get("message") or error.get("title") or ""
    return redact(f"{code_of(error)} {words}".strip())


def failure(answered: Answered, *secrets: str) -> SendError:
    """Turn an answer that is not a success into one of the four failures."""
    error = answered.json().get("error")
    if isinstance(error, Mapping) and code_of(error) != -1:
        found = rule(code_of(error))
        if found is _UNKNOWN and (answered.status >= 500 or error.get("is_transient") is True):
            found = _AGAIN
        return raised(found, redact(words_of(error), *secrets), answered.retry_after)
    return _by_status(answered)


def _by_status(answered: Answered) -> SendError:
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
