"""What every messenger's plan needs: the body of a content as runs, and choices a messenger cannot show as words."""

from __future__ import annotations

from collections.abc import Sequence

from buergerdraht.connectors.contract import Choice, Content, Media, Note
from buergerdraht.connectors.markdown import Run, joined, merge, read, strip


def body(content: Content, *, footer: bool = True) -> list[Run]:
    """Set title, text and footer below one another: bold, as written, italic."""
    blocks = [
        [run._replace(bold=True) for run in strip(read(content.title))],
        strip(read(content.text)),
        [Run(content.footer.strip(), italic=True)] if footer and content.footer.strip() else [],
    ]
    return stacked(*blocks)


def stacked(*blocks: Sequence[Run]) -> list[Run]:
    """Join blocks with an empty line between them."""
    runs: list[Run] = []
    for block in blocks:
        if joined(block).strip():
            runs += [Run("\n\n"), *block] if runs else list(block)
    return merge(runs)


def as_links(choices: Sequence[Choice]) -> list[Run]:
    """Write choices that open a page as lines with their address, linked where the messenger can."""
    return _lines([[Run(title(choice), url=choice.url), *_described(choice)] for choice in choices])


def as_numbers(choices: Sequence[Choice], label: str = "") -> list[Run]:
    """Write choices as a numbered list."""
    lines = [[Run(f"{number}. {title(choice)}"), *_described(choice)] for number, choice in enumerate(choices, 1)]
    return _lines([[Run(f"{label}:")], *lines] if label.strip() else lines)


def as_descriptions(choices: Sequence[Choice]) -> list[Run]:
    """Write what buttons cannot say: their descriptions."""
    return _lines([[Run(title(choice), bold=True), *_described(choice)] for choice in choices if choice.description.strip()])


def title(choice: Choice) -> str:
    return choice.title.strip() or choice.id


def _described(choice: Choice) -> list[Run]:
    return [Run(f" – {choice.description.strip()}")] if choice.description.strip() else []


def _lines(lines: Sequence[Sequence[Run]]) -> list[Run]:
    runs: list[Run] = []
    for line in lines:
        runs += [Run("\n"), *line] if runs else list(line)
    return merge(runs)


def distinct(choices: Sequence[Choice]) -> bool:
    """Say whether a press can be told from another: titles and ids all differ."""
    return len({title(choice) for choice in choices}) == len(choices) == len({choice.id for choice in choices})


def info(code: str, text: str, **values: str) -> Note:
    return Note(level="info", code=code, text=text, values=values)


def warning(code: str, text: str, **values: str) -> Note:
    return Note(level="warning", code=code, text=text, values=values)


def error(code: str, text: str, **values: str) -> Note:
    return Note(level="error", code=code, text=text, values=values)


NUMBERED = "Die Auswahl wird als nummerierte Liste gezeigt, weil sie hier nicht auf Knöpfe passt."
LINKS = "Links stehen hier im Text, nicht auf Knöpfen."
SPLIT = "Der Text ist zu lang für eine Nachricht und wird auf {parts} verteilt."
EMPTY = "Die Nachricht ist leer."
ALT = "Die Bildbeschreibung kann hier nicht mitgesendet werden. Der Text sollte das Wichtige sagen."
TOO_LARGE = "„{name}“ ist zu groß: Hier sind höchstens {limit} MB erlaubt."
WRONG_TYPE = "„{name}“ hat ein Format, das hier nicht angenommen wird."


def name_of(media: Media) -> str:
    return media.file_name or media.kind.value


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".rstrip("0").rstrip(".").replace(".", ",")
