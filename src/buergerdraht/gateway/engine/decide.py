"""Decide what becomes of a letter when a call did not end with an accepted message. Pure; its table is in tests/test_decide.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary

MOST_TRIES = {"alert": 10, "reply": 8, "service": 6, "newsletter": 6}
BACKOFF = (1.0, 4.0, 15.0, 60.0, 180.0, 600.0)
DOUBT_SECONDS = 20.0  # how long a receipt with our token may take before a doubt is settled without it
DAY = 86_400.0
LIMIT_WAIT = {"pair_limit": 6.0, "rate_limit": 1.0}
PERSON_LIMIT_TRIES = 2  # the provider's cap on marketing to one person: later, twice at most


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known about the letter: its purpose, the tries that counted so far, and if receipts echo our token."""

    purpose: str
    tries: int = 0
    echoes_token: bool = False
    otherwise: bool = False  # a template stands by for a closed window
    strikes: int = 0  # limits met in a row for this address


@dataclass(frozen=True, slots=True)
class Decision:
    """`delay`: queued waits so long, doubt hopes so long. `waits`: who waits with it. `stops`: what else must not be tried.

    `turns`: go on with the template that stands by.
    """

    state: Literal["queued", "doubt", "unclear", "failed"]
    reason: str
    delay: float = 0.0
    burns: bool = False
    waits: Literal["message", "pair", "channel"] = "message"
    stops: Literal["", "address", "newsletter", "template", "channel"] = ""
    turns: bool = False


def decide(error: SendError, letter: Situation) -> Decision:
    """One of four failures, one decision."""
    match error:
        case ChannelBroken():
            return Decision("queued", error.reason, stops="channel")
        case AddressGone():
            return Decision("failed", error.reason, stops="address")
        case Rejected(scope="newsletter" | "template" as scope):
            return Decision("failed", error.reason, stops=scope)
        case Rejected(scope="window") if letter.otherwise:
            return Decision("queued", "", turns=True)
        case Rejected():
            return Decision("failed", "window_closed" if error.scope == "window" else error.reason)
        case Temporary(maybe_sent=True):
            return _doubt(letter)
        case Temporary(reason="person_limit"):
            return _person_limit(error, letter)
        case Temporary(limit=True):
            return _limit(error, letter)
        case Temporary():
            return _again(error, letter)
    return Decision("failed", error.reason)


def settle(letter: Situation) -> Decision:
    """No receipt settled the doubt: send alerts and answers again, hold and show newsletters (law 7)."""
    if letter.purpose == "newsletter" or letter.tries + 1 >= MOST_TRIES[letter.purpose]:
        return Decision("unclear", "unclear")
    return Decision("queued", "unavailable", delay=_backoff(letter.tries), burns=True)


def _doubt(letter: Situation) -> Decision:
    if letter.echoes_token:
        return Decision("doubt", "unclear", delay=DOUBT_SECONDS)
    return settle(letter)


def _limit(error: Temporary, letter: Situation) -> Decision:
    """Limits burn no tries (law 8)."""
    delay = error.retry_after
    if delay is None:
        delay = 4.0 ** min(letter.strikes, 5) if error.scope == "pair" else LIMIT_WAIT.get(error.reason, 1.0)
    return Decision("queued", error.reason, delay=delay, waits=error.scope)


def _person_limit(error: Temporary, letter: Situation) -> Decision:
    if letter.tries + 1 >= PERSON_LIMIT_TRIES:
        return Decision("failed", error.reason)
    return Decision("queued", error.reason, delay=max(error.retry_after or 0.0, DAY), burns=True)


def _again(error: Temporary, letter: Situation) -> Decision:
    if letter.tries + 1 >= MOST_TRIES[letter.purpose]:
        return Decision("failed", "tries_used_up")
    delay = _backoff(letter.tries) if error.retry_after is None else error.retry_after
    return Decision("queued", error.reason, delay=delay, burns=True, waits=error.scope)


def _backoff(tries: int) -> float:
    return BACKOFF[min(tries, len(BACKOFF) - 1)]
