"""What signal-cli takes: its refusals, marks and stretches of text, attachments as data URIs, and who may be meant."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

LONGEST_TEXT = 2000  # bytes; signal-cli makes a file of the rest, which apps show as one text
LONGEST_BODY = 65_536
LARGEST_FILE = 100 << 20
STYLES = {"BOLD": "bold", "ITALIC": "italic", "STRIKETHROUGH": "strikethrough", "MONOSPACE": "code", "SPOILER": "spoiler"}
MARKS = {"**": "BOLD", "*": "ITALIC", "~": "STRIKETHROUGH", "`": "MONOSPACE", "||": "SPOILER"}
DATA_URI = re.compile(r"data:([^;,]+/[^;,]+)?(?:;filename=([^;,]*))?;base64,(.*)", re.DOTALL)
STRETCH = re.compile(r"(\d+):(\d+):(.+)")
STICKER = re.compile(r"([\da-f]{2})+:\d+")
EMPTY = "Sending empty message is not allowed, either a message, attachment or sticker must be given."
USER, IO, UNTRUSTED, RATE, CAPTCHA = -1, -3, -4, -5, -6
BAD_REQUEST, NO_METHOD, BAD_PARAMS, INTERNAL = -32600, -32601, -32602, -32603


class Refusal(Exception):
    """A JSON-RPC error of signal-cli; the rest-api keeps the words, and of a rate limit the tokens."""

    def __init__(self, code: int, message: str, results: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.results = code, message, results

    def body(self) -> dict[str, Any]:
        data = None if self.results is None else {"response": {"timestamp": 0, "results": self.results}}
        return {"code": self.code, "message": self.message, "data": data}


class Attached(NamedTuple):
    data: bytes
    mime: str
    name: str


def attachment(given: Any) -> Attached:
    """Read a data URI. A path would be one on signal-cli's own disk, where nothing of ours lies."""
    found = DATA_URI.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise Refusal(INTERNAL, "Failed to send message: attachment is no file (AttachmentInvalidException)")
    try:
        data = base64.b64decode(found[3], validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(INTERNAL, "Failed to send message: attachment invalid (AttachmentInvalidException)") from None
    if not data or len(data) > LARGEST_FILE:
        raise Refusal(INTERNAL, "Failed to send message: attachment size (AttachmentInvalidException)")
    return Attached(data, found[1] or "text/plain", found[2] or "")


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def entities(text: str, given: Any) -> list[dict[str, Any]]:
    """Check stretches and give them as the phone draws them."""
    found = []
    for each in [given] if isinstance(given, str) else given or []:
        parts = STRETCH.fullmatch(each) if isinstance(each, str) else None
        if parts is None:
            raise Refusal(USER, f"Invalid textStyle syntax ({each}) expected 'start:length:STYLE'")
        if parts[3] not in STYLES:
            raise Refusal(USER, f"Invalid style: {parts[3]}")
        if int(parts[1]) + int(parts[2]) > units(text):
            raise Refusal(USER, "Invalid textStyle: beyond the message")
        found.append({"type": STYLES[parts[3]], "offset": int(parts[1]), "length": int(parts[2])})
    return found


def styled(source: str) -> tuple[str, list[str]]:
    """Read the rest-api's marks, sign by sign: what opens pairs with the innermost of its kind; what is left open shows nothing."""
    opened: list[tuple[str, int]] = []  # marks, and where they began
    stretches: list[str] = []
    text, literal, at = "", False, 0
    while at < len(source):
        sign, pair = source[at], source[at : at + 2]
        if sign == "\\" and source[at + 1 : at + 2] in ("*", "`", "~", "|"):
            literal, at = True, at + 1
            continue
        mark = pair if pair in ("**", "||") else sign if sign in "*~`" else ""
        at += len(mark) or 1
        if not mark or literal:
            text += mark or sign
        elif opened and opened[-1][0] == mark:
            start = opened.pop()[1]
            stretches.append(f"{start}:{units(text) - start}:{MARKS[mark]}")
        else:
            opened.append((mark, units(text)))
        literal = False
    return text, stretches


def listed(value: Any) -> list[Any]:
    """Take what may be given alone or as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def whole(value: Any, name: str) -> int:
    if type(value) is not int:
        raise Refusal(USER, f"Invalid {name}")
    return value
