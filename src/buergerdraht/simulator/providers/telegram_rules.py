"""What the Bot API accepts: texts with entities or HTML, keyboards, captions, and the words of its refusals."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

TEXT, CAPTION, CALLBACK_BYTES = 4096, 1024, 64
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline", "s": "strikethrough",
    "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-spoiler": "spoiler", "span": "spoiler",
}  # fmt: skip
LINK = re.compile(r"^(https?|tg|mailto)://?[^\s]+$")


class Refusal(Exception):
    """`{"ok": false}` with this code and description."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    def body(self) -> dict[str, Any]:
        result: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            result["parameters"] = self.parameters
        return result


def bad(words: str) -> Refusal:
    return Refusal(400, f"Bad Request: {words}")


def units(text: str) -> int:
    """Count the way Telegram does: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


class _Html(HTMLParser):
    """Reads Telegram's HTML: only its tags, all closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[tuple[str, int, dict[str, Any]]] = []
        self.entities: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}"')
        values = dict(attrs)
        extra = {"url": values["href"]} if tag == "a" and values.get("href") else {}
        self.open.append((tag, units(self.text), extra))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            raise bad(f'can\'t parse entities: Unmatched end tag "{tag}"')
        _, start, extra = self.open.pop()
        length = units(self.text) - start
        if length and (tag != "a" or extra):
            self.entities.append({"type": TAGS[tag], "offset": start, "length": length, **extra})

    def handle_data(self, data: str) -> None:
        self.text += data


def parse_text(text: Any, mode: Any, entities: Any) -> tuple[str, list[dict[str, Any]]]:
    """Give the plain text and its entities, as the phone shows them."""
    if not isinstance(text, str):
        raise bad("message text is empty")
    if mode in (None, ""):
        return text.strip(), _given(text, entities)
    if str(mode).upper() != "HTML":
        raise bad("unsupported parse_mode")
    parser = _Html()
    parser.feed(text)
    parser.close()
    if parser.open:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{parser.open[-1][0]}\"")
    return parser.text.strip(), sorted(parser.entities, key=lambda each: (each["offset"], -each["length"]))


def _given(text: str, entities: Any) -> list[dict[str, Any]]:
    found = decoded(entities) or []
    if not isinstance(found, list):
        raise bad("can't parse entities: expected an Array")
    for entity in found:
        if entity["offset"] < 0 or entity["offset"] + entity["length"] > units(text):
            raise bad("can't parse entities: entity is out of bounds")
    return found


def check_text(text: Any, mode: Any, entities: Any) -> tuple[str, list[dict[str, Any]]]:
    plain, found = parse_text(text, mode, entities)
    if not plain:
        raise bad("message text is empty")
    if units(plain) > TEXT:
        raise bad("message is too long")
    return plain, found


def check_caption(text: Any, mode: Any, entities: Any) -> tuple[str, list[dict[str, Any]]]:
    if text in (None, ""):
        return "", []
    plain, found = parse_text(text, mode, entities)
    if units(plain) > CAPTION:
        raise bad("message caption is too long")
    return plain, found


def decoded(value: Any) -> Any:
    """Forms carry structures as JSON text."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            raise bad("can't parse JSON object") from None
    return value


def check_markup(markup: Any) -> dict[str, Any] | None:
    markup = decoded(markup)
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    for row in markup.get("inline_keyboard") or []:
        for button in row:
            if not str(button.get("text", "")).strip():
                raise bad("inline keyboard button text is empty")
            kinds = [key for key in ("callback_data", "url", "web_app", "switch_inline_query") if button.get(key) is not None]
            if len(kinds) != 1:
                raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
            if "callback_data" in kinds and not 1 <= len(button["callback_data"].encode()) <= CALLBACK_BYTES:
                raise bad("BUTTON_DATA_INVALID")
            if "url" in kinds and not LINK.match(str(button["url"])):
                raise bad("inline keyboard button URL is invalid")
    for row in markup.get("keyboard") or []:
        for button in row:
            if not str(button if isinstance(button, str) else button.get("text", "")).strip():
                raise bad("keyboard button text is empty")
    return markup
