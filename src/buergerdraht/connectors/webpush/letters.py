"""Bytes as base64url without padding, as browsers and push services write them."""

from __future__ import annotations

import base64
import re


def write(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(text: str, length: int) -> bytes:
    """Read exactly `length` bytes; raise ValueError for anything else. Padding is let pass, as some browsers add it."""
    bare = text.rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", bare):
        raise ValueError("no base64url")
    data = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    if len(data) != length:
        raise ValueError("wrong length")
    return data
