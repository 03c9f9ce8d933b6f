"""What everything that speaks Telegram's Bot API shares: the wire, its failures, texts with their stretches. No connector.

https://core.telegram.org/bots/api#making-requests. Only `error_code` and `parameters` are promised; the words are not, so they
decide nothing but the finer reason of a 400.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import SecretStr

from buergerdraht.connectors.contract import AddressGone, ChannelBroken, Files, Part, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Answered, Call, Http, Upload, redact
from buergerdraht.connectors.markdown import Run, telegram

FOREVER = 24 * 365  # hours; a file id stays valid as long as the bot
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


def bot_token(value: SecretStr) -> SecretStr:
    """Check a token's shape; raise ValueError with a German sentence."""
    number, _, key = value.get_secret_value().strip().partition(":")
    if not number.isdigit() or len(key) < 8 or any(sign in key for sign in " /?#%"):
        raise ValueError("Das ist kein Bot-Token. Es sieht aus wie 123456789:AAE…")
    return SecretStr(f"{number}:{key}")


class Bot(NamedTuple):
    """One bot on the wire. Its token stands in the address, so callers name what they call."""

    host: str
    token: str
    http: Http

    async def call(self, method: str, body: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> Answered:
        url = f"{self.host}/bot{self.token}/{method}"
        if not files:
            return await self.http.call(Call("POST", url, method, json=body))
        form: dict[str, str | Upload] = {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}
        return await self.http.call(Call("POST", url, method, form={**form, **files}, seconds=120))

    async def ask(self, method: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call a method that sends nothing to anybody; raise one of the four failures."""
        answered = await self.call(method, body or {})
        data = answered.json()
        if answered.status >= 400 or data.get("ok") is not True:
            raise self.failure(answered, sending=False)
        result = data.get("result")
        return result if isinstance(result, dict) else {}

    async def send(self, part: Part, chat: int | str, files: Files) -> list[Mapping[str, Any]]:
        """Send a part, its files uploaded once and for all; give the messages it became."""
        known = {media.id: await files.uploaded(media) for media in part.media}
        fresh = {media.id: Upload(await files.read(media), media.file_name, media.mime) for media in part.media if not known[media.id]}
        body = filled(part.body, {key: value or f"attach://{key}" for key, value in known.items()})
        answered = await self.call(part.method, {"chat_id": chat, **body}, fresh)
        if answered.status >= 400 or answered.json().get("ok") is not True:
            raise self.failure(answered)
        result = answered.json().get("result")
        messages = [one for one in (result if isinstance(result, list) else [result]) if isinstance(one, Mapping)]
        for media, message in zip(part.media, messages, strict=False):
            if media.id in fresh and (found := file_id(message)):
                await files.remember(media, found, hours=FOREVER)
        return messages

    def failure(self, answered: Answered, *, sending: bool = True) -> SendError:
        found = failure(answered, self.token)
        if not sending and isinstance(found, Temporary):
            found.maybe_sent = False
        return found


def stretches(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Write the marks of a text as the API takes them."""
    _, entities = telegram(runs)
    return [{"type": one.kind, "offset": one.offset, "length": one.length, **({"url": one.url} if one.url else {})} for one in entities]


def filled(body: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Put Telegram's ids, or the name of an attachment, where our media belong."""
    places = {f"{{media:{key}}}": value for key, value in ids.items()}

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return places.get(value, value)
        if isinstance(value, Mapping):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list | tuple) else value

    filled: dict[str, Any] = fill(body)
    return filled


def file_id(message: Mapping[str, Any]) -> str:
    """Find the id under which Telegram keeps the file just sent."""
    for kind in ("photo", "video", "audio", "voice", "document", "animation", "sticker"):
        found = message.get(kind)
        if isinstance(found, list) and found:
            found = found[-1]
        if isinstance(found, Mapping):
            return str(found.get("file_id") or "")
    return ""
