"""Write runs as signal-cli takes them: plain text with stretches, or the marks of signal-cli-rest-api.

Stretches are "start:length:STYLE" in UTF-16 units (signal-cli(1), --text-style). The marks are the rest-api's text_mode "styled":
`**bold** *italic* ~struck~ `code` ||spoiler||`, a backslash before one takes it literally. Its reader takes `**` for bold wherever it
stands, so some neighbours cannot be written. What we wrote is therefore read back, and without marks where it comes out otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from buergerdraht.connectors import markdown as md
from buergerdraht.connectors.markdown import Run

_STYLES = {"bold": "BOLD", "italic": "ITALIC", "strikethrough": "STRIKETHROUGH", "code": "MONOSPACE"}
_MARKS = {"BOLD": "**", "ITALIC": "*", "STRIKETHROUGH": "~", "MONOSPACE": "`"}
_NAMES = {mark: style for style, mark in _MARKS.items()}
_TOKEN = re.compile(r"\\(\*\*|\*|~|`|\|\||\|)|(\*\*|\*|~|`|\|\|)")


def size(runs: Sequence[Run]) -> int:
    """Count as the apps do: UTF-8 bytes."""
    return len(md.joined(runs).encode())


def addressed(runs: Sequence[Run]) -> list[Run]:
    """Write the addresses of links behind their titles: Signal links nothing but what looks like an address."""
    found: list[Run] = []
    for url, members in groupby(runs, key=lambda run: run.url):
        group = list(members)
        found += [run._replace(url="") for run in group]
        if url and (address := md.plain(group)[len(md.joined(group)) :]):
            found.append(Run(address))
    return md.merge(found)


def written(runs: Sequence[Run]) -> tuple[str, list[str]]:
    """Give the text and its stretches."""
    text, entities = md.telegram(runs)
    return text, [f"{one.offset}:{one.length}:{_STYLES[one.kind]}" for one in entities if one.kind in _STYLES]


def marked(text: str, stretches: Sequence[str]) -> str | None:
    """Write the text with the rest-api's marks; None where they could not be read back as they are meant."""
    places: dict[int, list[str]] = {}
    wanted = _simple(stretches)
    for stretch in wanted:
        start, length, style = stretch.split(":")
        places.setdefault(int(start) + int(length), []).insert(0, _MARKS[style])
    for stretch in sorted(wanted, key=lambda each: -int(each.split(":")[1])):
        start, _length, style = stretch.split(":")
        places.setdefault(int(start), []).append(_MARKS[style])
    pieces, units, last = [], text.encode("utf-16-le", "surrogatepass"), 0
    for at in sorted(places):
        pieces += [_escaped(units[2 * last : 2 * at].decode("utf-16-le", "surrogatepass")), *places[at]]
        last = at
    pieces.append(_escaped(units[2 * last :].decode("utf-16-le", "surrogatepass")))
    found = "".join(pieces)
    return found if _read(found) == (text, sorted(wanted)) else None


def _simple(stretches: Sequence[str]) -> list[str]:
    """Keep one style for each stretch, the first: bold and italic together could not be told from three stars."""
    first: dict[str, str] = {}
    for stretch in stretches:
        place, _, style = stretch.rpartition(":")
        first.setdefault(place, style)
    return [f"{place}:{style}" for place, style in first.items()]


def _escaped(text: str) -> str:
    return re.sub(r"\|\||[*~`]", lambda found: "\\" + found.group(), text)


def _read(source: str) -> tuple[str, list[str]]:
    """Read marks as the rest-api does."""
    begun: list[tuple[str, int]] = []  # marks, and where they began
    stretches: list[str] = []
    text, at = "", 0
    for found in _TOKEN.finditer(source):
        text += source[at : found.start()]
        at = found.end()
        if found.group(1):
            text += found.group(1)
            continue
        mark, here = found.group(2), md.units(text)
        if begun and begun[-1][0] == mark:
            start = begun.pop()[1]
            stretches.append(f"{start}:{here - start}:{_NAMES.get(mark, 'SPOILER')}")
        else:
            begun.append((mark, here))
    return text + source[at:], sorted(stretches)
