"""Lend a file to a provider that takes no upload and fetches for itself (Threads): for an hour, under an address nobody can guess.

Bare ASGI under `/leihe/`: the address says all there is to know, and no table is asked. Only what a public post shows is ever lent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.core import signing

from buergerdraht.connectors.contract import Media
from buergerdraht.gateway import files, sealing

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = "/leihe/"
SALT = "gateway.lending"
SECONDS = 3600
MIMES = {"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/quicktime"}
_ID = re.compile(r"[0-9a-f-]{36}")


def address(organisation_id: int, media: Media) -> str:
    """Make the address of a picture or film; raises ValueError for anything else."""
    mime = media.mime.split(";")[0].strip()
    if mime not in MIMES:
        raise ValueError("only pictures and films are lent")
    return f"{settings.PUBLIC_URL}{PATH}{signing.dumps([organisation_id, media.id, mime], salt=SALT)}"


async def app(scope: Scope, receive: Any, send: Send) -> None:
    """Answer GET and HEAD; whatever is not lent, or no longer, does not exist."""
    found = await asyncio.to_thread(_found, str(scope["path"]).removeprefix(PATH)) if scope["method"] in {"GET", "HEAD"} else None
    body, mime = found or (b"not found", "text/plain")
    headers = [
        (b"content-type", mime.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex"),
        (b"cache-control", b"private, no-store"),
    ]
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _found(token: str) -> tuple[bytes, str] | None:
    try:
        organisation, media, mime = signing.loads(token, salt=SALT, max_age=SECONDS)
        if mime not in MIMES or not _ID.fullmatch(str(media)):
            return None
        return sealing.read(files.place(int(organisation), str(media))), str(mime)
    except (signing.BadSignature, OSError, TypeError, ValueError):
        return None
