"""Turn content into WhatsApp's messages: what fits stays together, what does not is split or written out (law 16).

https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from buergerdraht.connectors import choices as words
from buergerdraht.connectors import graph_templates
from buergerdraht.connectors.choices import title
from buergerdraht.connectors.contract import Choice, Content, Location, Media, MediaKind, Note, Part, Plan, Shown, TemplateUse
from buergerdraht.connectors.markdown import Run, read, safe_html, split, whatsapp, whatsapp_size
from buergerdraht.connectors.whatsapp import limits

LIMITS = limits.LIMITS
_CAPTIONED = {MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT}


size = whatsapp_size


def plan(content: Content) -> Plan:
    if content.reaction:
        return Plan(parts=(_reaction(content),))
    if content.template is not None:
        return _template(content, content.template)
    notes: list[Note] = []
    media = [_checked(one, notes) for one in content.media]
    parts = _parts(content, media, notes)
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    if content.quote and parts:
        parts[0] = _with(parts[0], context={"message_id": content.quote})
    return Plan(parts=tuple(parts), notes=tuple(notes))


class Draft(NamedTuple):
    """What is left to be arranged beside the text."""

    content: Content
    media: list[Media]
    place: list[Part]
    footer: str  # where it has a place of its own
    notes: list[Note]


def _parts(content: Content, media: list[Media], notes: list[Note]) -> list[Part]:
    """Order the pieces: media, text, place; what can be tapped stands last."""
    choices, written = _arranged(content.choices, content.choices_label, notes)
    footer = content.footer.strip()
    own_footer = bool(choices) and 0 < len(footer) <= limits.FOOTER
    runs = words.stacked(words.body(content, footer=not own_footer), written)
    place = [_location(content.location)] if content.location else []
    if choices:
        return _with_choices(Draft(content, media, place, footer if own_footer else "", notes), choices, runs)
    if len(media) == 1 and media[0].kind in _CAPTIONED and size(runs) <= LIMITS.caption:
        return [_media(media[0], runs), *place]
    texts = split(runs, LIMITS.text, size)
    _note_split(texts, notes)
    return [*(_media(one) for one in media), *(_text(piece, content.preview_link) for piece in texts), *place]


def _with_choices(draft: Draft, choices: Mapping[str, Any], runs: list[Run]) -> list[Part]:
    """Hang the choices on the last piece of the text; a single picture becomes its header."""
    runs = runs or [Run(draft.content.choices_label.strip() or "Auswahl")]
    pieces = split(runs, LIMITS.text, size, last=limits.INTERACTIVE_BODY)
    _note_split(pieces, draft.notes)
    media = draft.media
    headed = choices["type"] != "list" and len(media) == 1 and len(pieces) == 1 and media[0].kind in _CAPTIONED
    return [
        *(_media(one) for one in ([] if headed else media)),
        *(_text(piece, draft.content.preview_link) for piece in pieces[:-1]),
        *draft.place,
        _interactive(choices, pieces[-1], draft.footer, media[0] if headed else None),
    ]


def _note_split(pieces: Sequence[Any], notes: list[Note]) -> None:
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))


# ── Choices ───────────────────────────────────────────────────────────────


def _arranged(choices: Sequence[Choice], label: str, notes: list[Note]) -> tuple[dict[str, Any], list[Run]]:
    """Choose the best form: what is tapped (empty: nothing), and what must be written out."""
    replies = [choice for choice in choices if not choice.url]
    links = [choice for choice in choices if choice.url]
    if len(links) == 1 and not replies and len(title(links[0])) <= LIMITS.button_title and not links[0].description:
        return {"type": "cta_url", "choices": links}, []
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    if not replies:
        return {}, words.as_links(links)
    if _fits_buttons(replies):
        return {"type": "button", "choices": replies}, words.as_links(links)
    if _fits_list(replies):
        return {"type": "list", "choices": replies, "label": label.strip()[: limits.LIST_BUTTON] or "Auswahl"}, words.as_links(links)
    notes.append(words.warning("numbered", words.NUMBERED))
    return {}, words.stacked(words.as_numbers(replies, label), words.as_links(links))


def _fits_buttons(choices: Sequence[Choice]) -> bool:
    return (
        len(choices) <= LIMITS.buttons
        and words.distinct(choices)
        and all(
            len(title(choice)) <= LIMITS.button_title and 0 < len(choice.id) <= limits.CHOICE_ID and not choice.description
            for choice in choices
        )
    )


def _fits_list(choices: Sequence[Choice]) -> bool:
    return (
        len(choices) <= LIMITS.list_rows
        and words.distinct(choices)
        and all(
            len(title(choice)) <= limits.LIST_TITLE
            and len(choice.description.strip()) <= limits.LIST_DESCRIPTION
            and 0 < len(choice.id) <= limits.LIST_ID
            for choice in choices
        )
    )


def _interactive(choices: Mapping[str, Any], runs: Sequence[Run], footer: str, header: Media | None) -> Part:
    kind, offered = choices["type"], choices["choices"]
    body: dict[str, Any] = {"type": kind}
    if header is not None:
        body["header"] = {"type": header.kind.value, header.kind.value: _file(header)}
    body["body"] = {"text": whatsapp(runs)}
    if footer:
        body["footer"] = {"text": footer}
    body["action"] = _action(kind, offered, choices.get("label", ""))
    return Part(
        method="messages",
        body={"type": "interactive", "interactive": body},
        media=(header,) if header else (),
        shows=Shown(
            html=safe_html(runs),
            footer=footer,
            media=(header,) if header else (),
            buttons=tuple(offered),
            list_label=choices.get("label", ""),
        ),
    )


def _action(kind: str, offered: Sequence[Choice], label: str) -> dict[str, Any]:
    if kind == "cta_url":
        return {"name": "cta_url", "parameters": {"display_text": title(offered[0]), "url": offered[0].url}}
    if kind == "button":
        return {"buttons": [{"type": "reply", "reply": {"id": choice.id, "title": title(choice)}} for choice in offered]}
    rows = [
        {"id": choice.id, "title": title(choice), **({"description": choice.description.strip()} if choice.description.strip() else {})}
        for choice in offered
    ]
    return {"button": label, "sections": [{"title": label, "rows": rows}]}


# ── Single kinds ──────────────────────────────────────────────────────────


def _text(runs: Sequence[Run], preview: bool) -> Part:
    written = whatsapp(runs)
    body: dict[str, Any] = {"body": written}
    if "://" in written:
        body["preview_url"] = preview
    return Part(method="messages", body={"type": "text", "text": body}, shows=Shown(html=safe_html(runs)))


def _file(media: Media) -> dict[str, Any]:
    found: dict[str, Any] = {"id": f"{{media:{media.id}}}"}
    if media.kind is MediaKind.DOCUMENT:
        found["filename"] = media.file_name or "Dokument"
    if media.kind is MediaKind.VOICE:
        found["voice"] = True
    return found


def _media(media: Media, caption: Sequence[Run] = ()) -> Part:
    kind = "audio" if media.kind is MediaKind.VOICE else media.kind.value
    file = _file(media)
    if caption:
        file["caption"] = whatsapp(caption)
    return Part(
        method="messages",
        body={"type": kind, kind: file},
        media=(media,),
        shows=Shown(kind="media", html=safe_html(caption), media=(media,)),
    )


def _checked(media: Media, notes: list[Note]) -> Media:
    """Say what WhatsApp will refuse; send a voice recording in a foreign format as a sound file."""
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    mime = media.mime.split(";")[0].strip()
    if media.kind is MediaKind.VOICE and mime not in LIMITS.mimes["voice"]:
        notes.append(
            words.info("voice_as_audio", "Die Aufnahme erscheint als Tondatei, weil WhatsApp Sprachnachrichten nur als OGG annimmt.")
        )
        media = Media(id=media.id, kind=MediaKind.AUDIO, mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt)
    if mime not in LIMITS.mimes[media.kind.value]:
        notes.append(words.error("media_type", words.WRONG_TYPE, name=words.name_of(media)))
    largest = LIMITS.media[media.kind.value]
    if media.size > largest:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(largest)))
    return media


def _location(place: Location) -> Part:
    body: dict[str, Any] = {"latitude": place.latitude, "longitude": place.longitude}
    body |= {name: value for name, value in (("name", place.name), ("address", place.address)) if value}
    return Part(method="messages", body={"type": "location", "location": body}, shows=Shown(kind="location", location=place))


def _reaction(content: Content) -> Part:
    body = {"type": "reaction", "reaction": {"message_id": content.quote, "emoji": content.reaction}}
    return Part(method="messages", body=body, shows=Shown(kind="reaction", html=safe_html([Run(content.reaction)])))


def _with(part: Part, **more: Any) -> Part:
    return Part(method=part.method, body={**part.body, **more}, media=part.media, shows=part.shows)


# ── Templates ─────────────────────────────────────────────────────────────


def _template(content: Content, use: TemplateUse) -> Plan:
    """Fill an approved template. `content.text`, where given, is its filled text for the preview only."""
    components = [part for part in (_header(use), graph_templates.with_values("body", use.body), *graph_templates.for_buttons(use)) if part]
    template: dict[str, Any] = {"name": use.name, "language": {"code": use.language}}
    if components:
        template["components"] = components
    media = (use.header_media,) if use.header_media else ()
    notes: list[Note] = []
    for one in media:
        _checked(one, notes)
    for name, value in (*use.header.items(), *use.body.items()):
        if not value.strip():
            notes.append(words.error("variable_empty", "Die Angabe „{name}“ der Vorlage fehlt.", name=name))
        elif "\n" in value or "\t" in value or "    " in value:
            notes.append(words.error("variable_lines", "Die Angabe „{name}“ der Vorlage darf keinen Zeilenumbruch enthalten.", name=name))
    shows = Shown(kind="template", html=safe_html(read(content.text)), footer=content.footer, media=media, buttons=content.choices)
    part = Part(method="messages", body={"type": "template", "template": template}, media=media, shows=shows)
    if content.quote:
        part = _with(part, context={"message_id": content.quote})
    return Plan(parts=(part,), notes=tuple(notes))


def _header(use: TemplateUse) -> dict[str, Any]:
    if use.header_media is None:
        return graph_templates.with_values("header", use.header)
    kind = use.header_media.kind.value
    return {"type": "header", "parameters": [{"type": kind, kind: _file(use.header_media)}]}
