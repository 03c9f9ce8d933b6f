"""Turn content into one post: five hundred characters, pictures that Threads fetches for itself (law 16).

https://developers.facebook.com/docs/threads/posts
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors import graph_posts
from buergerdraht.connectors.contract import Content, MediaKind, Note, Part, Plan, Shown
from buergerdraht.connectors.markdown import Run, plain, safe_html
from buergerdraht.connectors.threads import limits

_URL = re.compile(r"https?://[^\s<>\"]+")
TOO_MANY_LINKS = "Ein Beitrag auf Threads darf höchstens {n} verschiedene Links enthalten."
ALT_TOO_LONG = "Die Beschreibung von „{name}“ ist länger als {limit} Zeichen."


def length(text: str) -> int:
    """Count as Threads counts: a picture sign as the bytes it takes."""
    return sum(len(sign.encode()) if ord(sign) > 0xFFFF or unicodedata.category(sign) in {"So", "Sk"} else 1 for sign in text)


def plan(content: Content) -> Plan:
    """Make one post; with `quote` an answer to what it names. What does not fit forbids sending."""
    if content.reaction:
        return Plan(parts=(), notes=(words.error("no_reactions", graph_posts.NO_REACTIONS),))
    notes: list[Note] = []
    text = plain(graph_posts.runs(content, notes))
    media = graph_posts.pictures(content.media, limits.LIMITS, limits.PICTURES, notes)
    if not text.strip() and not media:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    if length(text) > limits.LIMITS.text:
        notes.append(words.error("too_long", graph_posts.TOO_LONG, length=str(length(text)), limit=str(limits.LIMITS.text)))
    if len(set(_URL.findall(text))) > limits.LINKS:
        notes.append(words.error("too_many_links", TOO_MANY_LINKS, n=str(limits.LINKS)))
    for one in media:
        if len(one.alt) > limits.ALT:
            notes.append(words.error("alt_too_long", ALT_TOO_LONG, name=words.name_of(one), limit=str(limits.ALT)))
    body: dict[str, Any] = {"text": text} if text.strip() else {}
    if content.quote:
        body["reply_to_id"] = content.quote
    children = [_child(one.kind, one.id, one.alt.strip()) for one in media]
    if not children:
        body["media_type"] = "TEXT"
    elif len(children) == 1:
        body |= children[0]
    else:
        body |= {"media_type": "CAROUSEL", "children": children}
    shows = Shown(kind="media" if media else "text", html=safe_html([Run(text)]), media=tuple(media))
    return Plan(parts=(Part(method="threads", body=body, media=tuple(media), shows=shows),), notes=tuple(notes))


def _child(kind: MediaKind, number: str, alt: str) -> dict[str, Any]:
    name = "VIDEO" if kind is MediaKind.VIDEO else "IMAGE"
    return {"media_type": name, f"{name.lower()}_url": f"{{media:{number}}}", **({"alt_text": alt} if alt else {})}
