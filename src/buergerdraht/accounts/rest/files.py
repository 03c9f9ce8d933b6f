"""Give a file to another system: its bytes and its kind, never anything that a browser would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404

BINARY: dict[str, Any] = {
    "responses": {200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
}


def sent(path: Path, mime: str) -> FileResponse:
    """Send it to be kept, not to be shown."""
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, content_type=mime)
