"""What of a mail is read at all: looked at on its bytes, for the library takes minutes over what nobody would write."""

from __future__ import annotations

import re

PARTS = 200
STRUCTURED = 2_000  # bytes of a header that says what a mail or a part is, or who sent it
HEADER = 8_000  # bytes of every other that we read
_READ = re.compile(
    rb"^(?:(from|content-[a-z-]+)|subject|references|in-reply-to|message-id|date|authentication-results|auto-submitted|precedence|list-id"
    rb"|x-auto-response-suppress|return-path|delivered-to|x-original-to|envelope-to|original-recipient|final-recipient"
    rb"|original-rcpt-to):[^\n]*(?:\n[ \t][^\n]*)*",
    re.I | re.M,
)
_BOUNDARY = re.compile(rb"boundary(?:\*\d*\*?)?\s*=\s*(?:\"([^\"\n]{1,200})\"|([^\s;\"]{1,200}))", re.I)


def excess(data: bytes) -> str:
    """Say what a mail has too much of, for the operators' eyes; "" where it may be read."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if any(len(found[0]) > (STRUCTURED if found[1] else HEADER) for found in _READ.finditer(lines)):
        return "a header is too long"
    boundaries = {found[1] or found[2] for found in _BOUNDARY.finditer(lines)}
    if len(boundaries) > PARTS or _parts(lines, boundaries) > PARTS:
        return "too many parts"
    return ""


def _parts(lines: bytes, boundaries: set[bytes]) -> int:
    """Count the lines that begin a part."""
    dashed = re.finditer(rb"^--([^\n]{1,200}?)[ \t]*$", lines, re.M)
    return sum(found[1] in boundaries for found in dashed)
