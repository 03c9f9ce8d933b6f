"""Give a file to another system: its bytes and its kind, never anything that a browser would run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from django.http import FileResponse, Http404
from django.utils.translation import gettext as _

from buergerdraht.accounts.rest.problems import Problem

BINARY: dict[str, Any] = {
    "responses": {200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
}


def sent(path: Path, mime: str, opened: Callable[[Path], BinaryIO] = lambda path: path.open("rb")) -> FileResponse:
    """Send it to be kept, not to be shown; `opened` gives what may be sealed as a file to read from."""
    try:
        return FileResponse(opened(path), as_attachment=True, content_type=mime)
    except FileNotFoundError as problem:
        raise Http404 from problem
    except OSError as problem:
        raise Problem(409, "not_ready", _("Die Datei ist beschädigt und lässt sich nicht öffnen.")) from problem
