"""Answers as JSON, quickly made."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web


def answered(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)
