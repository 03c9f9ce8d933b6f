"""The phone page: simulated citizens' phones side by side. Static files of our own; everything moves through the control API."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def routes() -> list[web.RouteDef]:
    return [web.get("/", page), web.get("/_static/{name}", asset)]


async def page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(FOLDER / "phones.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


async def asset(request: web.Request) -> web.StreamResponse:
    path = FOLDER / request.match_info["name"]
    if path.parent != FOLDER or not path.is_file():
        return web.Response(status=404)
    return web.FileResponse(path, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
