"""What the Cloud API accepts, and the errors it answers with. Codes and limits as Meta documents them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from buergerdraht.simulator.town import Account, Town

WINDOW_SECONDS = 24 * 3600
TEXT, CAPTION, BODY, HEADER, FOOTER, BUTTON = 4096, 1024, 1024, 60, 60, 20
ROWS, SECTIONS, ROW_TITLE, ROW_TEXT, SECTION_TITLE = 10, 10, 24, 72, 24
MEDIA = {
    "image": ({"image/jpeg", "image/png"}, 5 << 20),
    "video": ({"video/mp4", "video/3gpp"}, 16 << 20),
    "audio": ({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, 16 << 20),
    "document": (
        {
            "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        },
        100 << 20,
    ),
    "sticker": ({"image/webp"}, 500 << 10),
}  # fmt: skip
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class Refusal(Exception):
    """The answer is an error: HTTP status, code, words."""

    def __init__(self, status: int, code: int, message: str, details: str = "", *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details, self.retry_after = status, code, message, details, retry_after

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.message}", "type": "OAuthException", "code": self.code, "fbtrace_id": "SIMULATED",
        }  # fmt: skip
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}


def invalid(details: str) -> Refusal:
    return Refusal(400, 100, "Invalid parameter", details)


def missing(name: str) -> Refusal:
    return Refusal(400, 131008, "Required parameter is missing", f"{name} is required.")


def need(where: dict[str, Any], name: str, longest: int, place: str, *, empty: bool = False) -> str:
    """Demand a text of a bounded length."""
    value = where.get(name)
    if value is None or (not empty and value == ""):
        raise missing(f"{place}.{name}")
    if not isinstance(value, str):
        raise invalid(f"{place}.{name} must be a string.")
    if len(value) > longest:
        raise Refusal(400, 131009, "Parameter value is not valid", f"{place}.{name} is longer than {longest} characters.")
    return value


def check(town: Town, account: Account, body: Any) -> str:
    """See that a message is well formed; returns its type. Windows, rates and people are asked elsewhere."""
    if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
        raise invalid("messaging_product must be 'whatsapp'.")
    if body.get("recipient_type", "individual") != "individual":
        raise invalid("recipient_type must be 'individual'.")
    if len(str(body.get("biz_opaque_callback_data", ""))) > 512:
        raise invalid("biz_opaque_callback_data is longer than 512 characters.")
    kind = body.get("type", "text")
    if kind not in CHECKS:
        raise Refusal(400, 131051, "Unsupported message type", f"{kind!r} is not supported.")
    part = body.get(kind)
    if kind != "contacts" and not isinstance(part, dict):
        raise missing(kind)
    context = body.get("context")
    if context is not None and not (isinstance(context, dict) and isinstance(context.get("message_id"), str)):
        raise invalid("context.message_id must be a message id.")
    CHECKS[kind](town, account, part)
    return str(kind)


def _text(town: Town, account: Account, part: dict[str, Any]) -> None:
    need(part, "body", TEXT, "text")


def _media(kind: str) -> Any:
    def inspect(town: Town, account: Account, part: dict[str, Any]) -> None:
        find_media(town, account, kind, part)
        if "caption" in part:
            if kind in {"audio", "sticker"}:
                raise invalid(f"{kind} takes no caption.")
            need(part, "caption", CAPTION, kind, empty=True)

    return inspect


def find_media(town: Town, account: Account, kind: str, part: dict[str, Any]) -> None:
    if ("id" in part) == ("link" in part):
        raise missing(f"{kind}: exactly one of id, link")
    if "link" in part:
        if urlsplit(str(part["link"])).scheme not in {"http", "https"}:
            raise invalid(f"{kind}.link is not a URL.")
        return
    file = town.files.get(str(part["id"]))
    if file is None or file.account != account.id or file.expires < town.clock():
        raise Refusal(400, 131053, "Media upload error", "The media id does not exist or has expired.")
    mimes, largest = MEDIA[kind]
    if file.mime.split(";")[0] not in mimes or len(file.data) > largest:
        raise Refusal(400, 131053, "Media upload error", f"{file.mime} of {len(file.data)} bytes cannot be sent as {kind}.")


def _location(town: Town, account: Account, part: dict[str, Any]) -> None:
    for name, most in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(part.get(name, ""))
        except (TypeError, ValueError):
            raise missing(f"location.{name}") from None
        if abs(value) > most:
            raise invalid(f"location.{name} is out of range.")


def _contacts(town: Town, account: Account, part: Any) -> None:
    if not isinstance(part, list) or not part:
        raise missing("contacts")
    for each in part:
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name") or len([key for key, value in name.items() if value]) < 2:
            raise missing("contacts.name: formatted_name and one more part")


def _reaction(town: Town, account: Account, part: dict[str, Any]) -> None:
    need(part, "message_id", 128, "reaction")
    need(part, "emoji", 16, "reaction", empty=True)


def _interactive(town: Town, account: Account, part: dict[str, Any]) -> None:
    kind, action = part.get("type"), part.get("action")
    if not isinstance(action, dict):
        raise missing("interactive.action")
    header = part.get("header")
    if header is not None:
        if header.get("type") == "text":
            need(header, "text", HEADER, "interactive.header")
        elif header.get("type") in {"image", "video", "document"} and kind != "list":
            find_media(town, account, header["type"], header.get(header["type"]) or {})
        else:
            raise invalid("interactive.header.type is not valid here.")
    if not isinstance(part.get("body"), dict):
        raise missing("interactive.body")
    need(part["body"], "text", BODY, "interactive.body")
    if part.get("footer") is not None:
        need(part["footer"], "text", FOOTER, "interactive.footer")
    match kind:
        case "button":
            _buttons(action)
        case "list":
            _list(action)
        case "cta_url":
            parameters = action.get("parameters") or {}
            need(parameters, "display_text", BUTTON, "interactive.action.parameters")
            if urlsplit(need(parameters, "url", 2000, "interactive.action.parameters")).scheme not in {"http", "https"}:
                raise invalid("interactive.action.parameters.url is not a URL.")
        case "location_request_message":
            if action.get("name") != "send_location":
                raise invalid("interactive.action.name must be send_location.")
        case "contact_request":
            if action.get("name") != "request_contact_info":
                raise invalid("interactive.action.name must be request_contact_info.")
        case _:
            raise invalid(f"interactive.type {kind!r} is not supported.")


def _buttons(action: dict[str, Any]) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise invalid("interactive.action.buttons: 1 to 3 buttons.")
    seen: set[tuple[str, str]] = set()
    for button in buttons:
        reply = button.get("reply") if isinstance(button, dict) and button.get("type") == "reply" else None
        if not isinstance(reply, dict):
            raise missing("interactive.action.buttons.reply")
        pair = need(reply, "id", 256, "reply"), need(reply, "title", BUTTON, "reply")
        if any(pair[0] == old[0] or pair[1] == old[1] for old in seen):
            raise Refusal(400, 131009, "Parameter value is not valid", "Buttons need different ids and titles.")
        seen.add(pair)


def _list(action: dict[str, Any]) -> None:
    need(action, "button", BUTTON, "interactive.action")
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= SECTIONS:
        raise invalid("interactive.action.sections: 1 to 10 sections.")
    ids: list[str] = []
    for section in sections:
        if len(sections) > 1 or section.get("title"):
            need(section, "title", SECTION_TITLE, "section")
        for row in section.get("rows") or []:
            ids.append(need(row, "id", 200, "row"))
            need(row, "title", ROW_TITLE, "row")
            if row.get("description") is not None:
                need(row, "description", ROW_TEXT, "row", empty=True)
    if not 1 <= len(ids) <= ROWS or len(set(ids)) != len(ids):
        raise invalid("interactive.action.sections: 1 to 10 rows with different ids.")


def _template(town: Town, account: Account, part: dict[str, Any]) -> None:
    name = need(part, "name", 512, "template")
    language = part.get("language") or {}
    code = need(language, "code", 12, "template.language")
    found = next((each for each in account.templates if each["name"] == name and each["language"] == code), None)
    if found is None:
        raise Refusal(404, 132001, "Template name does not exist in the translation", f"template name ({name}) does not exist in {code}")
    if found["status"] == "PAUSED":
        raise Refusal(400, 132015, "Template is paused", "Template is paused due to low quality.")
    if found["status"] != "APPROVED":
        code_ = 132016 if found["status"] == "DISABLED" else 132001
        raise Refusal(400 if code_ == 132016 else 404, code_, "Template is not approved", f"Its status is {found['status']}.")
    given = {str(each.get("type", "")).lower(): each for each in part.get("components") or []}
    for component in found["components"]:
        _component(town, account, component, given)


def _component(town: Town, account: Account, component: dict[str, Any], given: dict[str, dict[str, Any]]) -> None:
    kind = str(component["type"]).lower()
    parameters = (given.get(kind) or {}).get("parameters") or []
    if kind == "header" and component.get("format", "TEXT") != "TEXT":
        wanted = str(component["format"]).lower()
        if len(parameters) != 1 or parameters[0].get("type") != wanted:
            raise Refusal(400, 132012, "Parameter format does not match", f"header: expected one {wanted}.")
        find_media(town, account, wanted, parameters[0].get(wanted) or {})
        return
    if kind not in {"header", "body"}:
        return
    wanted_names = list(dict.fromkeys(VARIABLE.findall(component.get("text", ""))))
    if len(parameters) != len(wanted_names):
        raise Refusal(400, 132000, "Number of parameters does not match", f"{kind}: expected {len(wanted_names)}, got {len(parameters)}.")
    named = any(not name.isdigit() for name in wanted_names)
    for parameter in parameters:
        text = parameter.get("text")
        if parameter.get("type") == "text" and (not text or re.search(r"[\n\t]| {5}", text)):
            raise Refusal(400, 132012, "Parameter format does not match", f"{kind}: no empty text, line break, tab or five spaces.")
        if named and parameter.get("parameter_name") not in wanted_names:
            raise Refusal(400, 132000, "Number of parameters does not match", f"{kind}: parameter_name is missing or unknown.")


CHECKS: dict[str, Any] = {
    "text": _text, "location": _location, "contacts": _contacts, "reaction": _reaction, "interactive": _interactive,
    "template": _template, **{kind: _media(kind) for kind in MEDIA},
}  # fmt: skip
