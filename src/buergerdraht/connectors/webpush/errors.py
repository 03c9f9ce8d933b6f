"""What a push service's answer means for us.

RFC 8030, section 5 and 8.4; RFC 8292, section 2 and 4.2.
"""

from __future__ import annotations

from collections import OrderedDict

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered

REMEMBERED = 10_000  # devices
TURNED = 3  # devices that took our messages before and refuse now


def failure(answered: Answered) -> SendError:
    """Decide by the status alone: the words of the many services differ, and may quote the address."""
    details = f"HTTP {answered.status}"
    match answered.status:
        case 404 | 410:
            return AddressGone("blocked", details)
        case 413:
            return Rejected("content_refused", details)
        case 429:
            # It is this device's limit, and its service may be anybody's: the tries count, or it would be asked for ever.
            return Temporary("rate_limit", details, retry_after=answered.retry_after or 10.0)
        case status if status >= 500 or status == 408:
            # A gateway may have handed it on all the same; sent again it replaces itself, so nothing is in doubt.
            return Temporary("unavailable", details, retry_after=answered.retry_after)
    return Rejected("content_refused", details)


class Trust:
    """Whether it is our signature that is refused, or one device's subscription.

    Addresses come from outside: anybody can name a server of their own, or a device that belongs to another key, and both refuse us.
    So a 401 or 403 says something of us only where devices that took our messages before refuse one after the other.
    """

    def __init__(self) -> None:
        self._took: OrderedDict[str, str] = OrderedDict()  # endpoint -> its origin
        self._turned: set[str] = set()

    def took(self, endpoint: str, origin: str) -> None:
        self._turned.clear()
        self._took[endpoint] = origin
        self._took.move_to_end(endpoint)
        while len(self._took) > REMEMBERED:
            self._took.popitem(last=False)

    def refused(self, endpoint: str, origin: str, status: int) -> SendError:
        details = f"HTTP {status}"
        if endpoint in self._took:
            self._turned.add(endpoint)
            return ChannelBroken("token_invalid", details) if len(self._turned) >= TURNED else Rejected("push_refused", details)
        if origin in self._took.values():  # the service knows us, so the device was signed up under another key
            return AddressGone("not_reachable", details)
        return Rejected("push_refused", details)
