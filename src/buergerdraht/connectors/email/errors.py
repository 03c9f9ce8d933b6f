"""What a mail server's answers mean for us.

RFC 5321 4.2 (reply codes), RFC 3463 (enhanced status codes), RFC 7504. Words decide only where a server gives no enhanced code.
"""

from __future__ import annotations

import re
from typing import Literal

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import redact

Stage = Literal["greeting", "sign_in", "sender", "receiver", "data"]
NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})  # RFC 3463 3.2, RFC 7505
LATER = 600.0  # seconds: greylisting asks for minutes
BREATH = 60.0
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_NOBODY = re.compile(r"user unknown|unknown (user|recipient)|no such (user|mailbox|recipient)|does not exist|recipient not found", re.I)
_TOO_MANY = re.compile(r"\brate\b|too many|throttl|too much mail|limit exceeded|exceeded .{0,20}limit|try again later.{0,20}volume", re.I)


def enhanced(words: str) -> str:
    """Find the enhanced status code in a server's words; "" where there is none."""
    found = _ENHANCED.search(words)
    return found[0] if found else ""


def failure(code: int, words: str, stage: Stage) -> SendError:
    """Decide by reply code, enhanced code and what was asked."""
    status = enhanced(words)
    details = redact(f"{code} {status or _brief(words)}".strip())
    if code == 421 or 400 <= code < 500:
        return _later(code, words, details, stage)
    if stage in {"greeting", "sign_in"} or code in {530, 534, 535, 538}:
        return ChannelBroken("token_invalid" if code in {530, 534, 535, 538} else "setup", details)
    if stage == "sender" and not (code == 552 or status.startswith("5.3")):
        return ChannelBroken("setup", details)
    if status in NOBODY or (stage == "receiver" and not status and code in {550, 551, 553} and _NOBODY.search(words)):
        return AddressGone("not_reachable", details)
    if code == 552 or status in {"5.2.2", "5.2.3", "5.3.4"}:
        return Rejected("not_reachable" if status == "5.2.2" else "media_refused", details)
    return Rejected("content_refused", details)


def is_policy(problem: SendError) -> bool:
    """Whether a refusal was about us rather than about one mail: many in a row stop the channel."""
    return isinstance(problem, Rejected) and problem.reason == "content_refused" and " 5.7." in f" {problem.details}"


def _later(code: int, words: str, details: str, stage: Stage) -> SendError:
    if _TOO_MANY.search(words):
        return Temporary("rate_limit", details, retry_after=BREATH, scope="channel", limit=True)
    if code == 421 or stage != "receiver":
        return Temporary("unavailable", details)
    return Temporary("unavailable", details, retry_after=LATER)


def _brief(words: str) -> str:
    """A server's words may name the citizen: keep what is no address."""
    return re.sub(r"\S*@\S*", "…", " ".join(words.split()))[:120]
