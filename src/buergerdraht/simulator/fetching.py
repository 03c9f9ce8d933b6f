"""Fetch a file as a provider does that takes addresses instead of files."""

from __future__ import annotations

import aiohttp

SECONDS = 10.0


class NotFetched(Exception):
    """Nothing lies there for anybody."""


async def fetched(url: str) -> tuple[bytes, str]:
    """Give what lies at an address, and its type."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session, session.get(url) as answer:
            if answer.status != 200:
                raise NotFetched
            return await answer.read(), answer.content_type
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise NotFetched from None
