"""What Telegram's answers mean for us.

https://core.telegram.org/bots/api#making-requests. Only `error_code` and `parameters` are promised; the words are not, so they
decide nothing but the finer reason of a 400.
"""

from __future__ import annotations

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, redact

_NOBODY = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty", "user_id_invalid")
_FILE = ("file", "photo", "video", "audio", "image", "sticker", "media", "dimensions", "document", "voice")


def failure(answered: Answered, *secrets: str) -> SendError:
    data = answered.json()
    words = str(data.get("description") or "")
    told = data.get("error_code")
    code: int = told if isinstance(told, int) else answered.status
    parameters = data.get("parameters") if isinstance(data.get("parameters"), dict) else {}
    details = redact(f"{code} {words}".strip(), *secrets)
    if code == 429:
        wait = (parameters or {}).get("retry_after", answered.retry_after)
        return Temporary("rate_limit", details, retry_after=float(wait or 1), scope="channel", limit=True)
    if code in {401, 404}:
        # 404 is what Telegram says where the token in the address is none.
        return ChannelBroken("token_invalid", details)
    if code == 403:
        return AddressGone("blocked", details)
    if code == 409:
        return Temporary("unavailable", details, retry_after=5, scope="channel")
    if code == 413:
        return Rejected("media_refused", details)
    if code == 400:
        return _refused(words.lower(), details)
    if code >= 500 or code < 400:
        # Without Telegram's own words it was a gateway, and the message may be out.
        unsure = not data and (code in {502, 504} or code < 400)
        return Temporary("unavailable", details, retry_after=answered.retry_after, maybe_sent=unsure)
    return Rejected("unknown", details)


def _refused(words: str, details: str) -> SendError:
    if any(sign in words for sign in _NOBODY):
        return AddressGone("not_reachable", details)
    if any(sign in words for sign in _FILE):
        return Rejected("media_refused", details)
    return Rejected("content_refused", details)
