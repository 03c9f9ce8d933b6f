"""What a Mastodon server's answers mean for us.

https://docs.joinmastodon.org/api/guidelines/ and https://docs.joinmastodon.org/methods/statuses/#create
"""

from __future__ import annotations

from datetime import UTC, datetime

from buergerdraht.connectors.contract import ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact

_LONGEST_WAIT = 1800.0  # the longest span a server counts over


def failure(answered: Answered, *secrets: str, media: bool = False) -> SendError:
    """`media`: a file was being uploaded, so what is refused is the file."""
    details = redact(f"{answered.status} {answered.json().get('error') or ''}".strip(), *secrets)
    match answered.status:
        case 429:
            return Temporary("rate_limit", details, retry_after=_wait(answered), scope="channel", limit=True)
        case 401:
            return ChannelBroken("token_invalid", details)
        case 403:
            return ChannelBroken("setup", details)
        case 413:
            return Rejected("media_refused", details)
        case 400 | 404 | 410 | 422:
            # 404 is what a server says where the post to be answered is gone: the person is still there.
            return Rejected("media_refused" if media else "content_refused", details)
        case code if code >= 500 or code < 400:
            # The key makes a repeated call safe, so nobody needs to be in doubt about it.
            return Temporary("unavailable", details, retry_after=answered.retry_after)
    return Rejected("unknown", details)


def _wait(answered: Answered) -> float:
    """Read when the server counts anew: a moment, as ISO 8601."""
    if answered.retry_after is not None:
        return answered.retry_after
    try:
        reset = datetime.fromisoformat(answered.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return 60.0
    moment = reset if reset.tzinfo else reset.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 1.0), _LONGEST_WAIT)
