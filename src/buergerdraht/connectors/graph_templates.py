"""Templates of WhatsApp and Messenger: read from the account, and filled.

https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from buergerdraht.connectors.contract import Choice, Template, TemplateUse
from buergerdraht.connectors.wire import UNREADABLE, text

Get = Callable[[str, str], Awaitable[dict[str, Any]]]
_FIELDS = "id,name,language,category,status,components,quality_score,parameter_format"
_PAGES = 200  # 6,000 templates at the most are 60 pages; a loop in the provider's cursors must end


async def fetch(get: Get, owner: str) -> list[Template]:
    """Fetch all pages of an account's or a Page's templates; one that nobody can read spoils no other."""
    found: list[Template] = []
    after = ""
    for _ in range(_PAGES):
        page = await get(f"{owner}/message_templates?limit=100&fields={_FIELDS}" + (f"&after={quote(after)}" if after else ""), "templates")
        for one in page.get("data") or []:
            try:
                found.append(template(one))
            except UNREADABLE:
                continue
        paging = page.get("paging") or {}
        following = (paging.get("cursors") or {}).get("after") or ""
        if not paging.get("next") or not following or following == after:
            break
        after = following
    return found


def template(data: Mapping[str, Any]) -> Template:
    parts = {str(part.get("type", "")).upper(): part for part in data.get("components") or [] if isinstance(part, Mapping)}
    header, body = parts.get("HEADER", {}), text((parts.get("BODY") or {}).get("text"))
    header_kind = text(header.get("format")).lower()
    header_text = text(header.get("text"))
    buttons = (parts.get("BUTTONS") or {}).get("buttons") or []
    quality = data.get("quality_score") or {}
    return Template(
        external_id=text(str(data.get("id") or "")),
        name=text(data["name"]),
        language=text(data["language"]),
        category=text(data.get("category")).lower(),
        status=text(data.get("status")).lower(),
        header=header_text,
        header_kind=header_kind,
        body=body,
        footer=text((parts.get("FOOTER") or {}).get("text")),
        buttons=tuple(_button(index, one) for index, one in enumerate(buttons)),
        variables=variables(body),
        quality=text(quality.get("score")) if isinstance(quality, Mapping) else "",
    )


def _button(index: int, data: Mapping[str, Any]) -> Choice:
    return Choice(id=str(index), title=text(data.get("text")), description=text(data.get("type")).lower(), url=text(data.get("url")))


def variables(body: str) -> tuple[str, ...]:
    """Find the placeholders in order of appearance, each once."""
    return tuple(dict.fromkeys(re.findall(r"\{\{\s*(\w+)\s*\}\}", body)))


# ── Filled ────────────────────────────────────────────────────────────────


def with_values(component: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Write variables by name or by position, whichever the template was made with."""
    if not values:
        return {}
    if all(name.isdigit() for name in values):
        ordered = sorted(values.items(), key=lambda pair: int(pair[0]))
        return {"type": component, "parameters": [{"type": "text", "text": value} for _, value in ordered]}
    return {"type": component, "parameters": [{"type": "text", "parameter_name": name, "text": value} for name, value in values.items()]}


def for_buttons(use: TemplateUse) -> list[dict[str, Any]]:
    """Fill buttons: "0" a payload of a quick reply, "url:0" the ending of an address."""
    found = []
    for key, value in use.buttons.items():
        kind, _, index = key.rpartition(":")
        if kind == "url":
            found.append({"type": "button", "sub_type": "url", "index": index, "parameters": [{"type": "text", "text": value}]})
        else:
            found.append(
                {"type": "button", "sub_type": "quick_reply", "index": index, "parameters": [{"type": "payload", "payload": value}]}
            )
    return found
