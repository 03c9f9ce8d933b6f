"""What Graph accepts of messages on Messenger and Instagram, and the errors it answers with. Codes and limits as Meta documents them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from buergerdraht.simulator.town import Account, Town

HOUR = 3600
WINDOW_SECONDS, HUMAN_SECONDS = 24 * HOUR, 7 * 24 * HOUR
BUTTON_TEXT, TITLE, PAYLOAD, QUICK_REPLIES, ELEMENTS, ELEMENT_TEXT = 640, 20, 1000, 13, 10, 80
SIZES = {"image": 8 << 20, "video": 25 << 20, "audio": 25 << 20, "file": 25 << 20}
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class Refusal(Exception):
    """The answer is an error: HTTP status, code, subcode, words."""

    def __init__(self, status: int, code: int, message: str, subcode: int = 0, *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.subcode, self.retry_after = status, code, message, subcode, retry_after

    def body(self) -> dict[str, Any]:
        kind = "OAuthException" if self.status < 500 else "FacebookApiException"
        error: dict[str, Any] = {"message": f"(#{self.code}) {self.message}", "type": kind, "code": self.code, "fbtrace_id": "SIMULATED"}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.status >= 500:
            error["is_transient"] = True
        return {"error": error}


def invalid(words: str) -> Refusal:
    return Refusal(400, 100, words)


@dataclass(frozen=True)
class Rules:
    """Where the two differ."""

    text: int
    in_bytes: bool = False
    mimes: tuple[str, ...] = ()  # of files; empty: any
    images_together: int = 1
    templates: bool = False
    reactions: tuple[str, ...] = ()  # empty: any emoji
    usual: str = ""  # the type of a message that names none; empty: it must


def check_message(town: Town, account: Account, rules: Rules, message: Any) -> str:
    """See that a message is well formed; returns text, image, video, audio, file, images, button, generic or template."""
    if not isinstance(message, dict):
        raise invalid("param message must be an object")
    ways = [name for name in ("text", "attachment", "attachments", "template", "sticker_id") if message.get(name) is not None]
    if len(ways) != 1:
        raise invalid("message must have exactly one of text, attachment")
    _check_replies(message)
    match ways[0]:
        case "text":
            _need(message, "text", rules.text, in_bytes=rules.in_bytes)
            return "text"
        case "attachment":
            return _check_attachment(town, account, rules, message["attachment"])
        case "attachments":
            return _check_images(town, account, rules, message["attachments"])
        case "template" if rules.templates:
            _check_template(account, message["template"])
            return "template"
    raise invalid(f"{ways[0]} is not supported")


def _need(where: dict[str, Any], name: str, longest: int, *, in_bytes: bool = False) -> str:
    value = where.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"param {name} must be a non-empty string")
    if (len(value.encode()) if in_bytes else len(value)) > longest:
        raise invalid(f"Length of param {name} must be less than or equal to {longest}")
    return value


def _check_replies(message: dict[str, Any]) -> None:
    replies = message.get("quick_replies")
    if replies is None:
        return
    if not isinstance(replies, list) or not 1 <= len(replies) <= QUICK_REPLIES:
        raise invalid(f"param quick_replies must have 1 to {QUICK_REPLIES} elements")
    for reply in replies:
        if reply.get("content_type") == "text":
            _need(reply, "title", TITLE)
            _need(reply, "payload", PAYLOAD)
        elif reply.get("content_type") not in {"user_phone_number", "user_email"}:
            raise invalid("content_type of a quick reply is not valid")


def _check_attachment(town: Town, account: Account, rules: Rules, part: Any) -> str:
    if not isinstance(part, dict) or not isinstance(part.get("payload"), dict):
        raise invalid("param attachment must have type and payload")
    kind, payload = part.get("type"), part["payload"]
    if kind in SIZES:
        _check_file(town, account, rules, str(kind), payload)
        return str(kind)
    if kind != "template":
        raise invalid(f"attachment type {kind!r} is not supported")
    match payload.get("template_type"):
        case "button":
            _need(payload, "text", BUTTON_TEXT)
            _check_buttons(payload.get("buttons"), least=1)
            return "button"
        case "generic":
            elements = payload.get("elements")
            if not isinstance(elements, list) or not 1 <= len(elements) <= ELEMENTS:
                raise invalid(f"elements: 1 to {ELEMENTS}")
            for element in elements:
                _need(element, "title", ELEMENT_TEXT)
                _check_buttons(element.get("buttons") or [], least=0)
            return "generic"
    raise invalid("template_type is not supported")


def _check_buttons(buttons: Any, *, least: int) -> None:
    if not isinstance(buttons, list) or not least <= len(buttons) <= 3:
        raise invalid(f"param buttons must have {least} to 3 elements")
    for button in buttons:
        _need(button, "title", TITLE)
        if button.get("type") == "postback":
            _need(button, "payload", PAYLOAD)
        elif button.get("type") == "web_url":
            if urlsplit(str(button.get("url", ""))).scheme not in {"http", "https"}:
                raise invalid("button url is not valid")
        else:
            raise invalid("button type is not supported")


def _check_file(town: Town, account: Account, rules: Rules, kind: str, payload: dict[str, Any]) -> None:
    if ("attachment_id" in payload) == ("url" in payload):
        raise invalid("payload must have exactly one of attachment_id, url")
    if "url" in payload:
        if urlsplit(str(payload["url"])).scheme not in {"http", "https"}:
            raise invalid("payload.url is not a URL")
        return
    file = town.files.get(str(payload["attachment_id"]))
    if file is None or file.account != account.id or file.expires < town.clock():
        raise Refusal(400, 100, "Attachment not found or expired", 2018074)
    if account.data.get("attachments", {}).get(file.id) != kind:
        raise invalid("attachment type does not match the uploaded attachment")


def check_upload(rules: Rules, kind: str, mime: str, size: int) -> None:
    if kind not in SIZES:
        raise invalid("attachment type is not supported")
    if size > SIZES[kind] or not size:
        raise Refusal(400, 100, "File size is not accepted", 2018047)
    if kind != "file" and mime.partition("/")[0] != kind:
        raise Refusal(400, 100, "File type does not match the attachment type", 2018047)
    if kind == "file" and rules.mimes and mime not in rules.mimes:
        raise Refusal(400, 100, "File type is not supported", 2018047)


def _check_images(town: Town, account: Account, rules: Rules, parts: Any) -> str:
    if not isinstance(parts, list) or not 1 <= len(parts) <= rules.images_together or rules.images_together < 2:
        raise invalid(f"param attachments must have 1 to {rules.images_together} elements")
    for part in parts:
        if _check_attachment(town, account, rules, part) != "image":
            raise invalid("only images can be sent together")
    return "images"


def _check_template(account: Account, part: Any) -> None:
    if not isinstance(part, dict):
        raise invalid("param template must be an object")
    name, code = part.get("name"), (part.get("language") or {}).get("code")
    found = next((each for each in account.templates if each["name"] == name and each["language"] == code), None)
    if found is None or found["status"] != "APPROVED":
        raise invalid("Template does not exist or is not approved")
    given = {str(each.get("type", "")).lower(): each.get("parameters") or [] for each in part.get("components") or []}
    for component in found["components"]:
        kind = str(component["type"]).lower()
        wanted = list(dict.fromkeys(VARIABLE.findall(component.get("text", "")))) if kind in {"header", "body"} else []
        parameters = given.get(kind, [])
        if len(parameters) != len(wanted) or any(not each.get("text") for each in parameters):
            raise invalid(f"Number of parameters of {kind} does not match: expected {len(wanted)}")


def check_time(account: Account, body: dict[str, Any], seconds: float, usual: str = "") -> None:
    """See whether this may still go to somebody who wrote so many seconds ago. `usual`: the type of what names none."""
    kind = body.get("messaging_type", usual)
    if kind in {"RESPONSE", "UPDATE"}:
        if seconds > WINDOW_SECONDS:
            raise outside()
    elif kind == "MESSAGE_TAG":
        if body.get("tag") != "HUMAN_AGENT":
            raise invalid("The message tag is no longer supported")
        if not account.data.get("human_agent"):
            raise Refusal(403, 10, "Application does not have permission for this action")
        if seconds > HUMAN_SECONDS:
            raise outside()
    elif kind != "UTILITY" or "template" not in body["message"]:
        raise invalid("param messaging_type is not valid")


def outside() -> Refusal:
    return Refusal(400, 10, "This message is sent outside of allowed window.", 2018278)
