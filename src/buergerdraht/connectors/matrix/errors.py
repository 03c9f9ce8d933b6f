"""What a homeserver's answers mean for us.

https://spec.matrix.org/v1.15/client-server-api/#standard-error-response. Only `errcode` decides; the words are for people.
"""

from __future__ import annotations

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact

# The account itself is refused: nothing goes out until an operator has looked.
_BROKEN = {
    "M_UNKNOWN_TOKEN": "token_invalid",
    "M_MISSING_TOKEN": "token_invalid",
    "M_USER_DEACTIVATED": "account_blocked",
    "M_USER_SUSPENDED": "account_blocked",
    "M_USER_LOCKED": "account_blocked",
    "M_CONSENT_NOT_GIVEN": "setup",
    "M_EXCLUSIVE": "setup",
    "M_APPSERVICE_LOGIN_UNSUPPORTED": "setup",
}
_REFUSED = {
    "M_TOO_LARGE": "content_refused",
    "M_BAD_JSON": "content_refused",
    "M_NOT_JSON": "content_refused",
    "M_INVALID_PARAM": "content_refused",
    "M_MISSING_PARAM": "content_refused",
    "M_DUPLICATE_ANNOTATION": "content_refused",
    "M_UNSUPPORTED_ROOM_VERSION": "not_reachable",
}


def code(answered: Answered) -> str:
    """Give the standard word of an error, "" where it is none of a homeserver's."""
    return str(answered.json().get("errcode") or "")[:80]


def failure(answered: Answered, *secrets: str) -> SendError:
    data = answered.json()
    word = code(answered)
    details = redact(f"{answered.status} {word} {data.get('error') or ''}".strip(), *secrets)
    if answered.status == 429 or word == "M_LIMIT_EXCEEDED":
        return Temporary("rate_limit", details, retry_after=wait(answered), scope="channel", limit=True)
    if word in _BROKEN or answered.status == 401:
        return ChannelBroken(_BROKEN.get(word, "token_invalid"), details)
    if word in _REFUSED:
        return Rejected(_REFUSED[word], details)
    if answered.status == 413:
        return Rejected("content_refused", details)
    if word == "M_FORBIDDEN":
        return AddressGone("blocked", details)
    if word == "M_NOT_FOUND":
        return AddressGone("not_reachable", details)
    if answered.status >= 500 or word in {"M_UNKNOWN", "M_RESOURCE_LIMIT_EXCEEDED"} or not word:
        # Without a homeserver's words it was something before it, and the message may be out.
        unsure = not word and (answered.status in {502, 504} or answered.status < 400)
        return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=unsure)
    return Rejected("content_refused" if answered.status == 400 else "unknown", details)


def wait(answered: Answered) -> float:
    """Say how many seconds the homeserver wants to be left alone."""
    told = answered.json().get("retry_after_ms")
    if isinstance(told, int | float) and not isinstance(told, bool) and told >= 0:
        return min(float(told) / 1000, 3600.0)
    return answered.retry_after or 1.0
