"""What a homeserver checks of an event, and how it refuses. https://spec.matrix.org/v1.15/client-server-api/"""

from __future__ import annotations

import json
import re
from typing import Any

LARGEST_EVENT = 65_536
ENVELOPE = 1_000  # bytes of names, hashes and signatures around a content
UPLOAD = 50 << 20
PERSON = re.compile(r"^@[^\s/:]{1,255}:[A-Za-z0-9.\-:\[\]]{1,230}$")
MXC = re.compile(r"^mxc://([A-Za-z0-9.\-:\[\]]+)/([A-Za-z0-9_\-]+)$")
GEO = re.compile(r"^geo:-?\d{1,2}(\.\d+)?,-?\d{1,3}(\.\d+)?(,-?\d+(\.\d+)?)?(;[a-z0-9=.;-]*)?$")
FILES = {"m.image", "m.video", "m.audio", "m.file"}


class Refusal(Exception):
    """An answer in a homeserver's words."""

    def __init__(self, status: int, errcode: str, error: str, /, **more: Any) -> None:
        super().__init__(errcode)
        self.status, self.errcode, self.error, self.more = status, errcode, error, more

    def body(self) -> dict[str, Any]:
        return {"errcode": self.errcode, "error": self.error, **self.more}

    def headers(self) -> dict[str, str]:
        wait = self.more.get("retry_after_ms")
        return {} if wait is None else {"Retry-After": str(-(-int(wait) // 1000))}


def bad(words: str) -> Refusal:
    return Refusal(400, "M_BAD_JSON", words)


def forbidden(words: str) -> Refusal:
    return Refusal(403, "M_FORBIDDEN", words)


def limited(seconds: float) -> Refusal:
    return Refusal(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=max(1, round(seconds * 1000)))


def content_of(raw: bytes) -> dict[str, Any]:
    """Read a body that must be an object."""
    if not raw:
        raise Refusal(400, "M_NOT_JSON", "Content not JSON.")
    try:
        content = json.loads(raw)
    except ValueError:
        raise Refusal(400, "M_NOT_JSON", "Content not JSON.") from None
    if not isinstance(content, dict):
        raise bad("Content must be a JSON object.")
    return content


def check(kind: str, content: dict[str, Any]) -> None:
    """Refuse what no app could show. A homeserver itself looks at less: it takes any object, so this is stricter on purpose."""
    if len(json.dumps(content, ensure_ascii=False).encode()) + ENVELOPE > LARGEST_EVENT:
        raise Refusal(413, "M_TOO_LARGE", "event too large")
    if _has_float(content):
        raise bad("Floats are not allowed in events")  # canonical JSON knows integers only
    if kind == "m.reaction":
        _reaction(content)
    elif kind == "m.sticker":
        _file(content)
    elif kind == "m.room.message":
        _message(content)
    else:
        raise bad(f"nothing is known of {kind}")


def _has_float(value: Any) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, dict):
        return any(_has_float(each) for each in value.values())
    return isinstance(value, list) and any(_has_float(each) for each in value)


def _message(content: dict[str, Any]) -> None:
    kind = content.get("msgtype")
    if not isinstance(kind, str) or not isinstance(content.get("body"), str):
        raise bad("msgtype and body are needed")
    if not content["body"].strip():
        raise bad("body is empty")
    if ("format" in content) != ("formatted_body" in content) or content.get(
        "format", "org.matrix.custom.html"
    ) != "org.matrix.custom.html":
        raise bad("format and formatted_body belong together")
    if not isinstance(content.get("formatted_body", ""), str):
        raise bad("formatted_body is no text")
    if kind in FILES:
        _file(content)
    elif kind == "m.location":
        if not GEO.match(str(content.get("geo_uri"))):
            raise bad("geo_uri is none")
    elif kind not in {"m.text", "m.notice", "m.emote"}:
        raise bad(f"nothing is known of {kind}")


def _file(content: dict[str, Any]) -> None:
    if not MXC.match(str(content.get("url"))):
        raise bad("url is none of a file")
    info = content.get("info", {})
    if not isinstance(info, dict) or not isinstance(info.get("mimetype", ""), str) or not isinstance(info.get("size", 0), int):
        raise bad("info is wrong")
    if not isinstance(content.get("filename", ""), str) or not isinstance(content.get("body"), str):
        raise bad("a file has a name")


def _reaction(content: dict[str, Any]) -> None:
    relation = content.get("m.relates_to")
    if not isinstance(relation, dict) or relation.get("rel_type") != "m.annotation":
        raise bad("a reaction annotates")
    if not isinstance(relation.get("key"), str) or not relation["key"] or not str(relation.get("event_id", "")).startswith("$"):
        raise bad("a reaction has a key and an event")
