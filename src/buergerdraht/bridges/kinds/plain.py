"""Text out of what others wrote: HTML without its tags, without what no database keeps, not longer than anybody reads."""

from __future__ import annotations

from html.parser import HTMLParser

LONGEST = 4000
JOINER = "\u200d"  # holds signs of a picture together
BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "h1", "h2", "h3", "h4", "ul", "ol", "hr", "blockquote"})
SILENT = frozenset({"script", "style", "head", "title", "template"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        if tag in BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT and self.silent:
            self.silent -= 1
        if tag in BREAKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(" ".join(data.split("\n")) if data.strip() else " ")


def from_html(text: str) -> str:
    """Read what HTML says."""
    reader = _Text()
    reader.feed(text)
    reader.close()
    return tidy("".join(reader.pieces))


def tidy(text: str) -> str:
    """Take out what is no text, and empty lines in a row."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        " " if sign.isspace() and sign != "\n" else sign for sign in joined if sign.isprintable() or sign.isspace() or sign == JOINER
    )
    lines: list[str] = []
    for line in kept.split("\n"):
        bare = " ".join(line.split())
        if bare or (lines and lines[-1]):
            lines.append(bare)
    return "\n".join(lines).strip()[:LONGEST]
