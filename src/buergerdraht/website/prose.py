"""Long texts of an organisation as safe HTML."""

from __future__ import annotations

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")
TAGS = {"p", "br", "strong", "em", "s", "code", "ul", "ol", "li", "a", "h2", "h3", "h4", "blockquote"}
BARE = re.compile(r"(?<![(\[<\w/\"'])(https?://[^\s<>()\[\]]*[^\s<>()\[\].,;:!?\"'*_~])")  # a messenger makes a link of it by itself


def prose(text: str) -> SafeString:
    """Render Markdown; headings start at the second level, and only links with an honest scheme stay."""
    html = _markdown.render(BARE.sub(r"<\1>", text)).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    clean = nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto", "tel"}, link_rel="noopener")
    return mark_safe(clean)  # noqa: S308 - cleaned the line before
