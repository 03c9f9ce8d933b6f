"""Serve a file to those who may see it, so that it can do nothing but be looked at."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from buergerdraht.accounts.desk import DeskRequest, desk
from buergerdraht.accounts.models import Membership
from buergerdraht.accounts.rights import Right
from buergerdraht.gateway import files, sealing
from buergerdraht.gateway.models import Media

SHOWN = {"image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"}
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
BLOCK = 256 * 1024
# Rooms above say whether a member may see what a file hangs on. They register in their `apps.py`, because this room knows none of them.
GUARDS: list[Callable[[Membership, Media], bool]] = []


@require_safe
@desk(Right.READ)
def file(request: DeskRequest, media_id: uuid.UUID) -> HttpResponseBase:
    """A file of this organisation; `?klein` is its small picture."""
    media = Media.objects.filter(id=media_id, organisation=request.organisation, state=Media.State.READY).first()
    if media is None or not all(guard(request.membership, media) for guard in GUARDS):
        raise Http404
    small = "klein" in request.GET and media.mime.startswith("image/")
    path = files.small_path(media) if small else files.path(media)
    mime = "image/webp" if small else media.mime
    if not path.is_file():
        raise Http404
    return guarded(answer(request, path, mime), media, mime)


def guarded(response: HttpResponseBase, media: Media, mime: str) -> HttpResponseBase:
    """Headers that keep a file from running as a page of ours. What says why there is no file is kept by nobody."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if response.status_code >= 400:
        response.headers["Cache-Control"] = "private, no-store"
        return response
    shown = mime in SHOWN or mime.startswith(("audio/", "video/"))
    name = quote(media.file_name or f"{media.kind}-{str(media.id)[:8]}")
    response.headers["Content-Disposition"] = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "private, max-age=3600, immutable"
    response.headers["Accept-Ranges"] = "bytes"
    return response


def damaged() -> HttpResponse:
    """Say in one sentence that a sealed file cannot be opened here."""
    words = _("Diese Datei ist beschädigt oder mit einem fremden Schlüssel versiegelt und lässt sich nicht öffnen.")
    return HttpResponse(words, status=409, content_type="text/plain; charset=utf-8")


def answer(request: HttpRequest, path: Path, mime: str) -> HttpResponseBase:
    """The whole file or the piece that was asked for, opened where it is sealed. A damaged one is said to be one."""
    try:
        source = sealing.opened(path)
    except sealing.Damaged:
        return damaged()
    size = source.seek(0, SEEK_END)
    source.seek(0)
    wanted = request.headers.get("Range", "")
    if not wanted or not (found := RANGE.match(wanted)) or not any(found.groups()):
        return FileResponse(source, content_type=mime)
    first, last = _bounds(found.group(1), found.group(2), size)
    if first > last or first >= size:
        source.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_piece(source, first, last), status=206, content_type=mime)
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Content-Length"] = str(last - first + 1)
    return response


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:  # the last so many bytes
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _piece(source: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with source:
        source.seek(first)
        left = last - first + 1
        while left > 0 and (block := source.read(min(BLOCK, left))):
            left -= len(block)
            yield block
