"""What signal-cli's refusals mean for us.

signal-cli(1), exit codes; through JSON-RPC they are -1 (ours to mend), -3 (no connection), -4 (untrusted key), -5 (rate limit) and
-6 (riddle refused). The result of each recipient says more, where it is told: signal-cli-rest-api keeps only the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact

DAY = 86_400.0
USER, IO, UNTRUSTED, RATE, CAPTCHA, PARAMS, METHOD = -1, -3, -4, -5, -6, -32602, -32601
_FILE = ("attachment", "datauri", "data uri", "base64")
_ACCOUNT = ("account does not exist", "valid account parameter", "number not registered with json-rpc", "account is not registered")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{8,100}")


def limited(tokens: Iterable[Any], wait: Any, details: str) -> SendError:
    """Signal takes no more from this number for now; with a token it asks for a riddle to be solved.

    The token names the lock and opens nothing without the account, so operators may read it: they need it for the answer.
    """
    found = [token for token in tokens if isinstance(token, str) and _TOKEN.fullmatch(token)]
    if found:
        return ChannelBroken("captcha", f"Kennung der Sperre: {found[-1]}")
    seconds = float(wait) if isinstance(wait, int | float) and 0 < wait <= 30 * DAY else 3600.0
    return Temporary("rate_limit", details, retry_after=seconds, scope="channel", limit=True)


def result(found: Mapping[str, Any]) -> SendError | None:
    """Judge what became of a message for its one recipient; None: it went."""
    kind = str(found.get("type") or found.get("reason") or "").upper()
    if kind == "SUCCESS":
        return None
    if "RATE_LIMIT" in kind or "PROOF_REQUIRED" in kind:
        return limited([found.get("token")], found.get("retryAfterSeconds"), kind[:40])
    if "UNREGISTERED" in kind:
        return AddressGone("not_reachable", "UNREGISTERED_FAILURE")
    if "IDENTITY" in kind or "UNTRUSTED" in kind:
        return Rejected("identity_changed", "IDENTITY_FAILURE")
    # signal-cli asked Signal and was refused or not heard: nothing was taken. A lost answer would be a rare second copy.
    return Temporary("unavailable", redact(kind)[:40])


def rpc(error: Mapping[str, Any], number: str) -> SendError:
    """Judge a JSON-RPC error. `data.response.results` holds the recipients' results."""
    code, words = error.get("code"), str(error.get("message") or "")
    details = redact(f"{code} {words}".strip(), number)
    data = error.get("data")
    response = data.get("response") if isinstance(data, Mapping) else None
    results = response.get("results") if isinstance(response, Mapping) else None
    told = [one for one in results if isinstance(one, Mapping)] if isinstance(results, list) else []
    if code == RATE:
        return limited([one.get("token") for one in told], next((one.get("retryAfterSeconds") for one in told), None), details)
    for one in told:
        if (problem := result(one)) is not None:
            return problem
    if code == UNTRUSTED:
        return Rejected("identity_changed", details)
    if code == CAPTCHA:
        return Rejected("captcha_refused", details)
    if code == IO:
        return Temporary("unavailable", details)
    if code == METHOD:
        return ChannelBroken("setup", details)
    return _words(words, details, number) or Temporary("unavailable", details, maybe_sent=code not in {USER, PARAMS})


def rest(answered: Answered, number: str) -> SendError:
    """Judge a refusal of signal-cli-rest-api: mostly a 400 with words, a 429 with the riddle's tokens."""
    data = answered.json()
    words = str(data.get("error") or "")
    details = redact(f"{answered.status} {words}".strip(), number)
    if answered.status == 429 or "rate limit" in words.lower():
        tokens = data.get("challenge_tokens")
        return limited(tokens if isinstance(tokens, list) else [], answered.retry_after, details)
    if answered.status in {401, 403}:
        return ChannelBroken("token_invalid", details)
    if answered.status in {404, 405} and not words:
        return ChannelBroken("setup", details)
    if answered.status == 413:
        return Rejected("media_refused", details)
    if answered.status == 400:
        return _words(words, details, number) or Temporary("unavailable", details)
    unsure = not data and answered.status in {502, 504}
    return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=unsure or answered.status < 400)


def _words(words: str, details: str, number: str) -> SendError | None:
    """Read the words of a refusal, where nothing else is told."""
    low = words.lower()
    if any(sign in low for sign in _ACCOUNT) or (number in words and "not registered" in low):
        return ChannelBroken("setup", details)
    if "captcha" in low and ("reject" in low or "invalid" in low):
        return Rejected("captcha_refused", details)
    if "untrusted" in low:
        return Rejected("identity_changed", details)
    if "unregistered" in low or "not registered" in low:
        return AddressGone("not_reachable", details)
    if any(sign in low for sign in _FILE):
        return Rejected("media_refused", details)
    if low.startswith(("failed to send message", "failed to send (some)")):
        return None
    return Rejected("content_refused", details)
