"""Turn content into a post, or a comment below one: one text, pictures with their descriptions (law 16).

https://developers.facebook.com/docs/pages-api/posts and https://developers.facebook.com/docs/pages-api/comments-mentions
"""

from __future__ import annotations

from typing import Any

from buergerdraht.connectors import choices as words
from buergerdraht.connectors import graph_posts
from buergerdraht.connectors.contract import Content, Note, Part, Plan, Shown
from buergerdraht.connectors.facebook_page import limits
from buergerdraht.connectors.markdown import Run, plain, safe_html

ONE_PICTURE = "Ein Kommentar zeigt höchstens ein Bild."
ALT_IN_COMMENT = "In Kommentaren lässt sich keine Bildbeschreibung mitsenden. Der Text sollte das Wichtige sagen."


def plan(content: Content) -> Plan:
    """Make one post; with `quote` a comment below what it names."""
    if content.reaction:
        return Plan(parts=(), notes=(words.error("no_reactions", graph_posts.NO_REACTIONS),))
    notes: list[Note] = []
    text = plain(graph_posts.runs(content, notes))
    media = graph_posts.pictures(content.media, limits.LIMITS, limits.PICTURES, notes)
    if not text.strip() and not media:
        notes.append(words.error("empty", words.EMPTY))
        return Plan(parts=(), notes=tuple(notes))
    body: dict[str, Any] = {"message": text} if text.strip() else {}
    if content.quote:
        graph_posts.too_long(text, limits.COMMENT, notes)
        if len(media) > 1:
            notes.append(words.error("too_many_files", ONE_PICTURE))
        if media and media[0].alt:
            notes.append(words.info("alt_not_sent", ALT_IN_COMMENT))
        body |= {"attachment_id": f"{{media:{media[0].id}}}"} if media else {}
    else:
        graph_posts.too_long(text, limits.LIMITS.text, notes)
        links = [choice.url for choice in content.choices if choice.url]
        if media:
            body["attached_media"] = [{"media_fbid": f"{{media:{one.id}}}"} for one in media]
        elif len(links) == 1 and content.preview_link:
            body["link"] = links[0]
    shows = Shown(kind="media" if media else "text", html=safe_html([Run(text)]), media=tuple(media))
    method = f"{content.quote}/comments" if content.quote else "feed"
    return Plan(parts=(Part(method=method, body=body, media=tuple(media), shows=shows),), notes=tuple(notes))
