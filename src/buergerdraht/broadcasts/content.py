"""What a recipient gets: the version in their language, and the template for a closed window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import Choice, Content, Media, TemplateUse, content_from_json
from buergerdraht.gateway.models import Channel, MessageTemplate

SOURCES = ("title", "text", "link", "fixed")  # what a template's variable is filled from
FOOTERS = {"de": "Abmelden: STOPP", "en": "Unsubscribe: STOP", "ar": "لإلغاء الاشتراك: STOP"}


def languages(broadcast: Broadcast) -> list[str]:
    """List the languages that have a text, the fall-back first."""
    written = [language for language, version in broadcast.versions.items() if version.get("text") or version.get("title")]
    first = broadcast.organisation.language
    return sorted(written, key=lambda language: (language != first, language))


def fallback(broadcast: Broadcast, language: str) -> str:
    """Say in which language somebody gets it: their own, else the first of the organisation, else any that is written."""
    written = languages(broadcast)
    return language if language in written else (written[0] if written else broadcast.organisation.language)


def version(broadcast: Broadcast, language: str) -> Content:
    """Give the content in a language as it will be sent, with the way out in its footer."""
    language = fallback(broadcast, language)
    content = content_from_json(broadcast.versions.get(language, {}))
    return msgspec.structs.replace(content, footer=FOOTERS.get(language, FOOTERS["de"]))


def template(broadcast: Broadcast, channel: Channel, language: str) -> Content | None:
    """Give the template chosen for a channel, its variables filled from the version in a language; None where none was chosen."""
    chosen = broadcast.templates.get(str(channel.pk))
    if not chosen:
        return None
    spoken = fallback(broadcast, language)
    found = find_template(channel, chosen["name"], spoken, chosen["language"])
    if found is None:
        return None
    content = version(broadcast, spoken)
    header = content.media[0] if found.template.get("header_kind", "").upper() in {"IMAGE", "VIDEO", "DOCUMENT"} and content.media else None
    body = {name: fill(source, content) for name, source in chosen.get("body", {}).items()}
    return Content(template=TemplateUse(name=found.name, language=found.language, body=body, header_media=header))


def find_template(channel: Channel, name: str, spoken: str, chosen: str) -> MessageTemplate | None:
    """Find an approved template of that name in the spoken language, else in the chosen one."""
    approved = MessageTemplate.objects.filter(channel=channel, name=name, status__iexact="approved", paused=False)
    rows = {row.language: row for row in approved}
    near = [row for language, row in rows.items() if language.split("_")[0] == spoken.split("-")[0]]
    return near[0] if near else rows.get(chosen)


def fill(source: Mapping[str, str], content: Content) -> str:
    """Fill one variable. Templates take no line breaks and no empty values."""
    link = next((choice.url for choice in content.choices if choice.url), "")
    texts = {"title": content.title, "text": content.text, "link": link, "fixed": source.get("value", "")}
    return " ".join(texts.get(source.get("from", "fixed"), "").split()) or "–"


def from_form(title: str, text: str, media: list[Media], choices: list[Choice]) -> dict[str, Any]:
    """Build a version as it is kept."""
    result: dict[str, Any] = msgspec.to_builtins(Content(title=title, text=text, media=media, choices=choices))
    return result
