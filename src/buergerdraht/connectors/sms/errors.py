"""What a gateway's answers mean for us: by HTTP status, and by the words that the Config names."""

from __future__ import annotations

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered
from buergerdraht.connectors.sms.config import SmsConfig, listed


def failure(answered: Answered, config: SmsConfig) -> SendError:
    """Decide; nothing of the answer is kept but its status, because it may name number and text."""
    status, said = answered.status, answered.body[:4000].decode("utf-8", "replace").casefold()
    details = f"HTTP {status}"
    if status == 429:
        return Temporary("rate_limit", details, retry_after=answered.retry_after or 2.0, scope="channel", limit=True)
    if status >= 500:
        return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=status in {502, 504})
    if status in {401, 403}:
        return ChannelBroken("token_invalid", details)
    if status == 402 or any(word in said for word in listed(config.no_money)):
        return ChannelBroken("credits", details)
    if any(word in said for word in listed(config.no_number)):
        return AddressGone("not_reachable", details)
    if status in {404, 405}:
        return ChannelBroken("setup", details)
    if 300 <= status < 400:
        return ChannelBroken("setup", details)
    return Rejected("content_refused" if status >= 400 else "unknown", details)
