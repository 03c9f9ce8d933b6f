"""Files at Meta: their ids put into a message, and what people sent fetched from where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from buergerdraht.connectors.contract import Ref, Rejected, Temporary
from buergerdraht.connectors.http import Call, Http

_META = ("fbcdn.net", "fbsbx.com", "facebook.com", "cdninstagram.com", "instagram.com", "threads.net", "threads.com")


def filled(body: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """Put the provider's ids where our media belong."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return ids.get(value, value)
        if isinstance(value, Mapping):
            return {key: fill(inner) for key, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list | tuple) else value

    found: dict[str, Any] = fill(body)
    return found


async def fetched(http: Http, ref: Ref, host: str, largest: int) -> tuple[bytes, str]:
    """Fetch a file from where the message said it lies. It carries its own key in its address and ends after some days."""
    if not is_metas(ref.url, host):
        raise Rejected("media_refused", "foreign host")
    outside = urlsplit(ref.url).netloc != urlsplit(host).netloc  # a redirect could lead anywhere, and into our own network
    answered = await http.call(Call("GET", ref.url, "media", seconds=120, largest=largest, outside=outside))
    if answered.status == 200:
        return answered.body, answered.headers.get("content-type", "").split(";")[0].strip() or ref.mime
    if answered.status in {403, 404, 410}:
        raise Rejected("media_refused", f"HTTP {answered.status}")
    raise Temporary("unavailable", f"HTTP {answered.status}")


def is_metas(url: str, host: str) -> bool:
    """Say whether a file lies with Meta, or where calls go anyway: a body, though signed, must not lead us into our own network."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    name = (parts.hostname or "").lower()
    if parts.scheme in {"http", "https"} and parts.netloc == urlsplit(host).netloc and parts.scheme == urlsplit(host).scheme:
        return True
    return parts.scheme == "https" and any(name == known or name.endswith(f".{known}") for known in _META)
