"""What Meta's error codes mean for us: one table for the answer to a call and for the errors inside a status.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buergerdraht.connectors import graph_errors
from buergerdraht.connectors.contract import SendError
from buergerdraht.connectors.graph_errors import AGAIN, BLOCKED, REFUSED, SETUP, TOKEN, UNKNOWN, Rule, code_of, words_of
from buergerdraht.connectors.http import Answered

__all__ = ["RULES", "code_of", "failure", "rule", "words_of"]

DAY = 86_400.0

_TEMPLATE = Rule("rejected", "template_refused", scope="template")
_VARIABLES = Rule("rejected", "template_refused")
_NOBODY = Rule("rejected", "not_reachable")

RULES: dict[int, Rule] = {
    0: TOKEN,
    190: TOKEN,
    3: SETUP,
    10: SETUP,
    131005: SETUP,
    33: SETUP,
    100: REFUSED,
    1: AGAIN,
    2: AGAIN,
    131016: AGAIN,
    133004: AGAIN,
    131000: AGAIN,
    131057: Rule("temporary", "unavailable", scope="channel", retry_after=60),
    2494100: Rule("temporary", "unavailable", scope="channel", retry_after=60),
    4: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    80007: Rule("temporary", "rate_limit", scope="channel", retry_after=60, limit=True),
    130429: Rule("temporary", "rate_limit", scope="channel", retry_after=1, limit=True),
    131056: Rule("temporary", "pair_limit", scope="pair", retry_after=6, limit=True),
    131048: BLOCKED,
    131064: BLOCKED,
    368: BLOCKED,
    131031: BLOCKED,
    130497: Rule("rejected", "country_refused"),
    131042: Rule("broken", "payment"),
    131045: SETUP,
    133010: SETUP,
    131037: SETUP,
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
    131008: REFUSED,
    131009: REFUSED,
    131051: REFUSED,
    135000: REFUSED,
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
    133016: SETUP,
    137000: Rule("rejected", "not_reachable"),
}


def rule(code: int) -> Rule:
    return SETUP if 200 <= code <= 299 else RULES.get(code, UNKNOWN)


def failure(answered: Answered, *secrets: str) -> SendError:
    """Turn an answer that is not a success into one of the four failures."""
    return graph_errors.failure(answered, _judge, *secrets)


def _judge(error: Mapping[str, Any]) -> Rule:
    return rule(code_of(error))
