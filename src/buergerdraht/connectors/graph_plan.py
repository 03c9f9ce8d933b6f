"""Turn content into messages of Messenger and Instagram: what fits stays together, what does not is split or written out (law 16).

https://developers.facebook.com/docs/messenger-platform/reference/send-api
Neither shows marks in a text, captions below a picture, or a place: addresses follow their titles, words a picture, a place is a link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from buergerdraht.connectors import choices as words
from buergerdraht.connectors import graph_templates
from buergerdraht.connectors.choices import title
from buergerdraht.connectors.contract import Choice, Content, Limits, Location, Media, MediaKind, Note, Part, Plan, Shown, TemplateUse
from buergerdraht.connectors.markdown import Run, plain, read, safe_html, split

RESPONSE = {"messaging_type": "RESPONSE"}
# What a person typed may go out for seven days; the connector turns to this where the first way is closed.
BY_PERSON = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
OTHERWISE = "otherwise"  # the key of a part's body under which that stands; no provider sees it

PLACE = "Der Ort steht als Link auf eine Karte im Text, weil es hier keine Ortsnachrichten gibt."
AS_FILE = "„{name}“ wird als Datei gesendet, nicht als Bild oder Ton."
NO_TEMPLATES = "Hier gibt es keine Vorlagen: Es wird der Text gesendet."
HEART = "Hier gibt es als Reaktion nur ein Herz."


class Style(NamedTuple):
    """What one of the two allows beyond `Limits`."""

    limits: Limits
    size: Callable[[Sequence[Run]], int]  # letters or bytes, as the provider counts
    button_text: int  # words above buttons
    quick_replies: int
    quick_reply_title: int
    payload: int
    images_together: int
    hearts: bool = False  # the only reaction there is
    link_buttons: bool = True


def characters(runs: Sequence[Run]) -> int:
    return len(plain(runs))


def octets(runs: Sequence[Run]) -> int:
    return len(plain(runs).encode("utf-8", "surrogatepass"))


def plan(content: Content, style: Style) -> Plan:
    if content.reaction:
        return _reaction(content, style)
    if content.template is not None and style.limits.templates:
        return _template(content, content.template, style)
    notes: list[Note] = []
    if content.template is not None:
        notes.append(words.info("no_templates", NO_TEMPLATES))
    media = [_checked(one, style, notes) for one in content.media]
    parts = [*_files(media, style), *_texts(content, style, notes)]
    if not parts:
        notes.append(words.error("empty", words.EMPTY))
    elif content.quote:
        parts[0] = _with(parts[0], reply_to={"mid": content.quote})
    if content.by_person:
        parts = [_with(part, **{OTHERWISE: BY_PERSON}) for part in parts]
    return Plan(parts=tuple(parts), notes=tuple(notes))


# ── Words and what can be tapped ──────────────────────────────────────────


class Offered(NamedTuple):
    """How choices appear: below the words as buttons, as answers above the keyboard, or written out."""

    buttons: Sequence[Choice] = ()
    replies: Sequence[Choice] = ()
    written: Sequence[Run] = ()


def _texts(content: Content, style: Style, notes: list[Note]) -> list[Part]:
    offered = _offered(content, style, notes)
    runs = words.stacked(words.body(content), _place(content.location, notes), offered.written)
    if (offered.buttons or offered.replies) and not runs:
        runs = [Run(content.choices_label.strip() or "Auswahl")]
    last = style.button_text if offered.buttons else None
    pieces = split(runs, style.limits.text, style.size, last=last)
    if len(pieces) > 1:
        notes.append(words.info("split", words.SPLIT, parts=str(len(pieces))))
    if not pieces:
        return []
    texts = [_text(piece) for piece in pieces[:-1]]
    if offered.buttons:
        return [*texts, _buttons(pieces[-1], offered.buttons)]
    return [*texts, _text(pieces[-1], offered.replies)]


def _offered(content: Content, style: Style, notes: list[Note]) -> Offered:
    """Choose the best form: buttons stay, quick replies vanish once something is said; what fits neither is numbered."""
    every = list(content.choices)
    replies = [choice for choice in every if not choice.url]
    links = [choice for choice in every if choice.url]
    if every and _on_buttons(every, style):
        return Offered(buttons=every, written=words.as_descriptions(every))
    if links:
        notes.append(words.info("links_as_text", words.LINKS))
    as_links = words.as_links(links)
    if not replies:
        return Offered(written=as_links)
    described = words.as_descriptions(replies)
    if _on_buttons(replies, style):
        return Offered(buttons=replies, written=words.stacked(described, as_links))
    if _as_replies(replies, style):
        return Offered(replies=replies, written=words.stacked(described, as_links))
    notes.append(words.warning("numbered", words.NUMBERED))
    return Offered(written=words.stacked(words.as_numbers(replies, content.choices_label), as_links))


def _on_buttons(choices: Sequence[Choice], style: Style) -> bool:
    return (
        len(choices) <= style.limits.buttons
        and words.distinct(choices)
        and all(len(title(choice)) <= style.limits.button_title for choice in choices)
        and all(0 < len(choice.id) <= style.payload for choice in choices if not choice.url)
        and all(choice.url.startswith(("https://", "http://")) and style.link_buttons for choice in choices if choice.url)
    )


def _as_replies(choices: Sequence[Choice], style: Style) -> bool:
    return (
        len(choices) <= style.quick_replies
        and words.distinct(choices)
        and all(len(title(choice)) <= style.quick_reply_title and 0 < len(choice.id) <= style.payload for choice in choices)
    )


def _place(place: Location | None, notes: list[Note]) -> list[Run]:
    """Write a place as its name and a link to a map of everybody's."""
    if place is None:
        return []
    notes.append(words.info("place_as_link", PLACE))
    at = f"{place.latitude:.6f}", f"{place.longitude:.6f}"
    url = f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=17/{at[0]}/{at[1]}"
    named = [part for part in (place.name.strip(), place.address.strip()) if part]
    return words.stacked([Run("\n".join(named))] if named else [], [Run(url, url=url)])


# ── Single messages ───────────────────────────────────────────────────────


def _part(message: Mapping[str, Any], shows: Shown, media: Sequence[Media] = ()) -> Part:
    return Part(method="messages", body={**RESPONSE, "message": message}, shows=shows, media=tuple(media))


def _text(runs: Sequence[Run], replies: Sequence[Choice] = ()) -> Part:
    message: dict[str, Any] = {"text": plain(runs)}
    if replies:
        message["quick_replies"] = [{"content_type": "text", "title": title(choice), "payload": choice.id} for choice in replies]
    return _part(message, Shown(html=safe_html(runs), buttons=tuple(replies)))


def _buttons(runs: Sequence[Run], choices: Sequence[Choice]) -> Part:
    buttons = [
        {"type": "web_url", "url": choice.url, "title": title(choice)}
        if choice.url
        else {"type": "postback", "title": title(choice), "payload": choice.id}
        for choice in choices
    ]
    payload = {"template_type": "button", "text": plain(runs), "buttons": buttons}
    return _part({"attachment": {"type": "template", "payload": payload}}, Shown(html=safe_html(runs), buttons=tuple(choices)))


KINDS = {
    MediaKind.IMAGE: "image",
    MediaKind.VIDEO: "video",
    MediaKind.AUDIO: "audio",
    MediaKind.VOICE: "audio",
    MediaKind.DOCUMENT: "file",
    MediaKind.STICKER: "image",
}


def _attached(media: Media) -> dict[str, Any]:
    return {"type": KINDS[media.kind], "payload": {"attachment_id": f"{{media:{media.id}}}"}}


def _files(media: Sequence[Media], style: Style) -> list[Part]:
    """Send neighbouring pictures together where the provider takes several, everything else on its own."""
    parts: list[Part] = []
    for is_image, group in groupby(media, lambda one: one.kind is MediaKind.IMAGE):
        members, step = list(group), style.images_together if is_image else 1
        for start in range(0, len(members), step):
            some = members[start : start + step]
            message = {"attachment": _attached(some[0])} if len(some) == 1 else {"attachments": [_attached(one) for one in some]}
            parts.append(_part(message, Shown(kind="media", media=tuple(some)), some))
    return parts


def _checked(media: Media, style: Style, notes: list[Note]) -> Media:
    """Send as a file what is not shown as what it is; say what is refused."""
    limits = style.limits
    if media.alt and media.kind in {MediaKind.IMAGE, MediaKind.VIDEO}:
        notes.append(words.info("alt_not_sent", words.ALT))
    mime, kind = media.mime.split(";")[0].strip(), media.kind
    if kind is MediaKind.VOICE and mime not in limits.mimes["voice"]:
        kind = MediaKind.AUDIO
    if mime not in limits.mimes[kind.value] or media.size > limits.media[kind.value]:
        kind = MediaKind.DOCUMENT
    accepted = limits.mimes["document"]
    if kind is MediaKind.DOCUMENT and accepted and mime not in accepted:
        notes.append(words.error("media_type", words.WRONG_TYPE, name=words.name_of(media)))
    elif kind is MediaKind.DOCUMENT and media.kind is not kind:
        notes.append(words.info("as_document", AS_FILE, name=words.name_of(media)))
    if media.size > limits.media[kind.value]:
        notes.append(words.error("media_size", words.TOO_LARGE, name=words.name_of(media), limit=words.megabytes(limits.media[kind.value])))
    return Media(id=media.id, kind=kind, mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt)


def _reaction(content: Content, style: Style) -> Plan:
    notes = [words.info("heart", HEART)] if style.hearts and not content.reaction.startswith("❤") else []
    said = "love" if style.hearts else content.reaction
    body = {"sender_action": "react", "payload": {"message_id": content.quote, "reaction": said}}
    shows = Shown(kind="reaction", html=safe_html([Run("❤️" if style.hearts else content.reaction)]))
    return Plan(parts=(Part(method="messages", body=body, shows=shows),), notes=tuple(notes))


def _template(content: Content, use: TemplateUse, style: Style) -> Plan:
    """Fill an approved template. `content.text`, where given, is its filled text for the preview only."""
    notes: list[Note] = []
    media = (use.header_media,) if use.header_media else ()
    header = graph_templates.with_values("header", use.header)
    if use.header_media is not None:
        kind = KINDS[_checked(use.header_media, style, notes).kind]
        file = {"type": kind, kind: {"attachment_id": f"{{media:{use.header_media.id}}}"}}
        header = {"type": "header", "parameters": [file]}
    components = [part for part in (header, graph_templates.with_values("body", use.body), *graph_templates.for_buttons(use)) if part]
    for name, value in (*use.header.items(), *use.body.items()):
        if not value.strip():
            notes.append(words.error("variable_empty", "Die Angabe „{name}“ der Vorlage fehlt.", name=name))
    template: dict[str, Any] = {"name": use.name, "language": {"code": use.language}}
    if components:
        template["components"] = components
    shows = Shown(kind="template", html=safe_html(read(content.text)), footer=content.footer, media=media, buttons=content.choices)
    body = {"messaging_type": "UTILITY", "message": {"template": template}}
    return Plan(parts=(Part(method="messages", body=body, shows=shows, media=media),), notes=tuple(notes))


def _with(part: Part, **more: Any) -> Part:
    return Part(method=part.method, body={**part.body, **more}, media=part.media, shows=part.shows)
