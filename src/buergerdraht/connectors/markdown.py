"""The small Markdown subset, read once into runs and written for each messenger.

`**bold** _italic_ ~~struck~~ `code` [title](url)` and lists by `- `; a backslash takes a mark literally. A text becomes a flat
list of `Run`s. Cutting happens on runs, never on markup, so no piece is left with half a mark and no letter is lost (law 16).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

LONGEST_URL = 500  # longer ones stay literal text, so that a link always fits into a part


class Run(NamedTuple):
    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    url: str = ""

    @property
    def style(self) -> Style:
        return Style(*self[1:])


class Style(NamedTuple):
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    url: str = ""


class Entity(NamedTuple):
    """A stretch of Telegram's: offset and length in UTF-16 units."""

    kind: str
    offset: int
    length: int
    url: str = ""


# ── Reading ───────────────────────────────────────────────────────────────

_LIST = re.compile(r"(?m)^([ \t]*)- (?=\S)")
_LINK = re.compile(r"\[([^\[\]\n]{0,300})\]\(((?:https?://|mailto:|tel:)[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)\)")
_MARKS = re.compile(r"\\[\\`*_~\[\]()\-]|\*\*|~~|_|`|\[")
_STYLES = {"**": "bold", "~~": "struck", "_": "italic"}


def read(source: str) -> list[Run]:
    """Read the subset. Whatever is not a mark of it stays as it was typed."""
    source = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return merge(_inline(_LIST.sub(r"\1• ", source), Style()))


def _inline(source: str, style: Style) -> list[Run]:
    runs: list[Run] = []
    barren: dict[str, int] = {}  # up to where a mark is known to find no end: keeps endless marks from taking endless time
    at = literal = 0
    while found := _MARKS.search(source, at):
        taken = _taken(source, found, style, barren)
        if taken is None:
            at = found.end()
            continue
        inner, at = taken
        runs.append(Run(source[literal : found.start()], *style))
        runs.extend(inner)
        literal = at
    runs.append(Run(source[literal:], *style))
    return runs


def _taken(source: str, found: re.Match[str], style: Style, barren: dict[str, int]) -> tuple[list[Run], int] | None:
    """Read what begins at a mark: its runs and where it ends, or None where it is just a letter."""
    mark, start = found.group(), found.end()
    if mark.startswith("\\"):
        return [Run(mark[1], *style)], start
    if mark == "[":
        return _link(source, found.start(), style)
    if mark == "`":
        end = source.find("`", start)
        inner = source[start:end]
        return ([Run(inner, code=True, url=style.url)], end + 1) if end > start and "\n" not in inner else None
    return _styled(source, found, style, barren)


def _link(source: str, start: int, style: Style) -> tuple[list[Run], int] | None:
    found = _LINK.match(source, start)
    if not found or style.url or len(found.group(2)) > LONGEST_URL:
        return None
    title = found.group(1).strip() or found.group(2)
    return _inline(title, style._replace(url=found.group(2))), found.end()


def _styled(source: str, found: re.Match[str], style: Style, barren: dict[str, int]) -> tuple[list[Run], int] | None:
    mark, start = found.group(), found.end()
    name = _STYLES[mark]
    if getattr(style, name) or start < barren.get(mark, 0) or source[start : start + 1].strip() == "":
        return None
    if mark == "_" and source[found.start() - 1 : found.start()].isalnum():
        return None
    stop = source.find("\n\n", start)
    stop = len(source) if stop < 0 else stop
    end = source.find(mark, start, stop)
    while end > 0 and not _closes(source, mark, start, end):
        end = source.find(mark, end + 1, stop)
    if end <= start:
        barren[mark] = stop
        return None
    return _inline(source[start:end], Style(**{**style._asdict(), name: True})), end + len(mark)


def _closes(source: str, mark: str, start: int, end: int) -> bool:
    if end <= start or source[end - 1].isspace() or source[end - 1] == "\\":
        return False
    return mark != "_" or not source[end + 1 : end + 2].isalnum()


def merge(runs: Sequence[Run]) -> list[Run]:
    """Join neighbours of one style and drop empty ones."""
    merged: list[Run] = []
    for run in runs:
        if merged and merged[-1].style == run.style:
            merged[-1] = merged[-1]._replace(text=merged[-1].text + run.text)
        elif run.text:
            merged.append(run)
    return merged


def strip(runs: Sequence[Run]) -> list[Run]:
    """Take blank space from both ends."""
    text = joined(runs)
    return part(runs, len(text) - len(text.lstrip()), len(text.rstrip()))


def joined(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs)


# ── Cutting ───────────────────────────────────────────────────────────────


def part(runs: Sequence[Run], start: int, stop: int) -> list[Run]:
    """Take the letters from `start` to `stop`. A link that is cut keeps its address on the last piece."""
    found: list[Run] = []
    position = 0
    for run in runs:
        low, high = max(start - position, 0), min(stop - position, len(run.text))
        if low < high:
            piece = run._replace(text=run.text[low:high])
            found.append(piece._replace(url="") if high < len(run.text) else piece)
        position += len(run.text)
    return found


def split(runs: Sequence[Run], limit: int, size: Callable[[Sequence[Run]], int], *, last: int | None = None) -> list[list[Run]]:
    """Cut into pieces of at most `limit`, the last at most `last`, on paragraphs, lines, sentences or words where it can be."""
    rest, pieces = strip(runs), []
    while rest and size(rest) > (limit if last is None else last):
        most = _fitting(rest, limit, size)
        if most >= len(joined(rest)):  # fits into a piece, but not into the last: leave a tail for it
            most = len(joined(rest)) - _tail(rest, last or limit, size)
            cut = _forward(joined(rest), most)
        else:
            cut = _boundary(rest, most)
        pieces.append(strip(part(rest, 0, cut)))
        rest = strip(part(rest, cut, len(joined(rest))))
    return [piece for piece in [*pieces, rest] if piece]


def _fitting(runs: Sequence[Run], limit: int, size: Callable[[Sequence[Run]], int]) -> int:
    """Find the most letters from the front that fit; at least one."""
    low, high = 1, len(joined(runs))
    while low < high:
        middle = (low + high + 1) // 2
        if size(part(runs, 0, middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def _tail(runs: Sequence[Run], limit: int, size: Callable[[Sequence[Run]], int]) -> int:
    """Find the most letters from the end that fit; at least one."""
    total = len(joined(runs))
    low, high = 1, total - 1
    while low < high:
        middle = (low + high + 1) // 2
        if size(part(runs, total - middle, total)) <= limit:
            low = middle
        else:
            high = middle - 1
    return max(low, 1)


_BREAKS = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.!?…:;]) "), re.compile(r"\s"))


def _boundary(runs: Sequence[Run], most: int) -> int:
    """Move a cut back to the best break; a paragraph may be half a part away, a word at most the whole."""
    text = joined(runs)
    for pattern, nearest in zip(_BREAKS, (most // 2, most // 2, most * 2 // 3, 1), strict=True):
        ends = [found.start() for found in pattern.finditer(text, 0, most + 1) if found.start() >= nearest]
        if ends and text[: ends[-1]].strip():
            return ends[-1]
    return _whole(text, most)


def _forward(text: str, least: int) -> int:
    """Move a cut forward to the next break, so that the tail stays small enough."""
    for pattern in _BREAKS:
        found = pattern.search(text, least)
        if found and found.start() < least + (len(text) - least) // 2 and text[found.end() :].strip():
            return found.start() or _whole(text, least)
    return _whole(text, least) if _whole(text, least) >= least else least


def _whole(text: str, cut: int) -> int:
    """Move a hard cut back so that no sign built of several characters is torn, where one begins near by."""
    at = cut
    while at > max(cut - 12, 1) and _tears(text, at):
        at -= 1
    return at if at >= 1 and not _tears(text, at) else cut


def _tears(text: str, at: int) -> bool:
    if at <= 0 or at >= len(text):
        return False
    after, before = text[at], text[at - 1]
    return (
        bool(unicodedata.combining(after)) or after in "\u200d\ufe0f\u20e3" or before == "\u200d" or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


# ── Writing ───────────────────────────────────────────────────────────────


def plain(runs: Sequence[Run]) -> str:
    """Write for messengers without marks: addresses follow their titles."""
    return "".join(_with_address(run.text, run, index, runs) for index, run in enumerate(runs))


def whatsapp(runs: Sequence[Run]) -> str:
    """Write WhatsApp's marks, line by line, because they do not reach over a line's end.

    https://faq.whatsapp.com/539178204879377
    """
    return _whatsapp(runs, glued=_glued(runs))


def whatsapp_size(runs: Sequence[Run]) -> int:
    """Count what `whatsapp` writes at the most. It never shrinks when a letter is added, so that a cut may move."""
    return len(_whatsapp(runs, glued=[False] * len(runs)))


def _whatsapp(runs: Sequence[Run], *, glued: Sequence[bool]) -> str:
    pieces = []
    for index, run in enumerate(runs):
        marked = run.text if glued[index] else "\n".join(_marked(line, run) for line in run.text.split("\n"))
        pieces.append(_with_address(marked, run, index, runs))
    return "".join(pieces)


def _glued(runs: Sequence[Run]) -> list[bool]:
    """Say which runs touch a letter: there WhatsApp would show the marks themselves."""
    ends = ["", *(run.text[-1:] for run in runs)]
    starts = [*(run.text[:1] for run in runs), ""]
    return [
        (ends[index].isalnum() and starts[index].isalnum()) or (ends[index + 1].isalnum() and starts[index + 1].isalnum())
        for index in range(len(runs))
    ]


def _marked(line: str, run: Run) -> str:
    words = line.strip()
    if not words:
        return line
    marks = "`" if run.code else "*" * run.bold + "_" * run.italic + "~" * run.struck
    start = line.index(words)
    return line[:start] + marks + words + marks[::-1] + line[start + len(words) :]


def _with_address(written: str, run: Run, index: int, runs: Sequence[Run]) -> str:
    """Add a link's address after the last run of its title, unless the title says it already."""
    if not run.url or (index + 1 < len(runs) and runs[index + 1].url == run.url):
        return written
    title = "".join(_title(runs, index))
    shown = _bare(run.url)
    return written if _bare(title.strip()) == shown else f"{written}: {run.url.removeprefix('mailto:').removeprefix('tel:')}"


def _title(runs: Sequence[Run], index: int) -> list[str]:
    words: list[str] = []
    url = runs[index].url
    while index >= 0 and runs[index].url == url:
        words.insert(0, runs[index].text)
        index -= 1
    return words


def _bare(url: str) -> str:
    return re.sub(r"^(https?://|mailto:|tel:)", "", url).rstrip("/")


def telegram(runs: Sequence[Run]) -> tuple[str, list[Entity]]:
    """Write plain text and the stretches beside it: nothing to escape, nothing to break.

    https://core.telegram.org/bots/api#messageentity
    """
    entities: list[Entity] = []
    offset = 0
    for run in runs:
        lead = units(run.text[: len(run.text) - len(run.text.lstrip())])
        length = units(run.text.strip())
        kinds = ["code"] if run.code else [name for name, on in _telegram_kinds(run) if on]
        if length:
            entities += [Entity(kind, offset + lead, length) for kind in kinds]
            if run.url.startswith("http") and not run.code:
                entities.append(Entity("text_link", offset + lead, length, run.url))
        offset += units(run.text)
    return joined(runs), entities


def _telegram_kinds(run: Run) -> list[tuple[str, bool]]:
    return [("bold", run.bold), ("italic", run.italic), ("strikethrough", run.struck)]


def units(text: str) -> int:
    """Count as Telegram counts: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def safe_html(runs: Sequence[Run]) -> str:
    """Write HTML for the preview: every letter escaped, only our own tags, links that tell nothing."""
    return "".join(_html(run) for run in runs)


def _html(run: Run) -> str:
    written = html.escape(run.text).replace("\n", "<br>")
    tags = [("code", run.code), ("s", run.struck), ("em", run.italic), ("strong", run.bold)]
    for tag, on in tags:
        if on:
            written = f"<{tag}>{written}</{tag}>"
    if run.url:
        written = f'<a href="{html.escape(run.url)}" rel="noopener noreferrer nofollow" target="_blank">{written}</a>'
    return written
