"""What Threema's answers mean for us. They are a status and nothing else.

https://gateway.threema.ch/en/developer/api: 400 says two things at once, that there is no such recipient or that our account is not set up
for this mode; connector.py asks which.
"""

from __future__ import annotations

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered


def failure(answered: Answered, *, sending: bool = True) -> SendError:
    """Name the failure; `sending`: a message could be out although the answer says nothing of it."""
    status = answered.status
    details = f"HTTP {status}"
    if status == 401:
        return ChannelBroken("token_invalid", details)
    if status == 402:
        return ChannelBroken("credits", f"{details}, no credits")
    if status == 404:
        return AddressGone("not_reachable", details)
    if status == 413:
        return Rejected("content_refused", details)
    if status == 429:
        return Temporary("rate_limit", details, retry_after=answered.retry_after or 5.0, scope="channel", limit=True)
    if status == 400:
        return Rejected("unknown", details)
    if status >= 500 or status < 400:
        # 500 is Threema's own word for "not now". Any other was said by something in between, after who knows what.
        return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=sending and status not in {500, 503})
    return Rejected("unknown", details)
