"""Photos of meters, read on this machine: how many are read right, how many are given back to be typed, how many are read wrong.

The photos are drawn (see buergerdraht/meters/tests/pictures.py): drums and displays, clean, light (a little dull, tilted, dirty) and hard
(dark, blurred, glaring); every seventh lies on its side or on its head. Yardstick: Tesseract alone on the photo as it is; of what it finds
the first number with as many digits as the meter has. A reading with a doubtful decimal counts as right as far as it goes. Each core
reads one photo at a time.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from benchmarks.spread import spread
from benchmarks.table import Line, Options, judged, median, percentile
from buergerdraht.meters import reader, tesseract
from buergerdraht.meters.tests.pictures import KINDS, SEVERITIES, Shot, gallery

SEED = 2026  # not the one the reader was tuned with
RIGHT, TYPED, WRONG = "richtig gelesen", "zum Tippen zurückgegeben", "falsch gelesen"
MOST_WRONG = 1.0  # %
NAMES = {"drum-dark": "weiß auf schwarz", "drum-light": "schwarz auf weiß", "drum-boxes": "einzelne Fenster", "lcd": "Anzeige"}
WORDS = {"clean": "gute Fotos", "light": "mäßige Fotos", "hard": "schlechte Fotos"}


@dataclass(frozen=True)
class Tried:
    """One photo and what became of it, here and with Tesseract alone."""

    shot: Shot
    end: str
    bare: str
    took: float
    bare_took: float


def measure(options: Options) -> list[Line]:
    if not tesseract.installed():
        raise RuntimeError("Es fehlt Tesseract: apt install tesseract-ocr")
    tried = spread(_try, gallery(options.size(240, 12), seed=SEED))
    lines = [
        _line(f"{WORDS[severity]}, {end}", _of(tried, severity=severity), end) for severity in SEVERITIES for end in (RIGHT, TYPED, WRONG)
    ]
    lines += [_line(f"{NAMES[kind]}, {RIGHT}", _of(tried, kind=kind), RIGHT) for kind in KINDS]
    wrong = _line(f"alle, {WRONG}", tried, WRONG, budget=f"≤ {MOST_WRONG:.0f} %")
    lines += [_line(f"alle, {RIGHT}", tried, RIGHT), judged(wrong, wrong.figure <= MOST_WRONG)]
    took, bare = [each.took for each in tried], [each.bare_took for each in tried]
    lines.append(judged(Line("meters", "je Foto, Mitte", median(took), "ms", median(bare), note="auf jedem Kern eines zugleich"), None))
    lines.append(judged(Line("meters", "je Foto, p95", percentile(took, 0.95), "ms", percentile(bare, 0.95)), None))
    return lines


def _try(shot: Shot) -> Tried:
    found, took = _timed(lambda: reader.read(shot.image, digits=shot.digits, decimals=shot.decimals))
    end = TYPED if found is None else RIGHT if _fits(found.text.replace(",", ""), shot.text) else WRONG
    bare, bare_took = _timed(lambda: _bare(shot))
    return Tried(shot, end, TYPED if bare is None else RIGHT if bare == shot.text else WRONG, took, bare_took)


def _timed(act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return act(), (time.perf_counter() - began) * 1000


def _fits(read: str, text: str) -> bool:
    return len(read) == len(text) and all(one in (other, "?") for one, other in zip(read, text, strict=True))


def _bare(shot: Shot) -> str | None:
    """Tesseract alone: the first number of the meter's length."""
    words = tesseract.read([Image.open(io.BytesIO(shot.image))], tesseract.SPARSE)[0]
    return next((word.text for word in words if len(word.text) == len(shot.text)), None)


def _of(tried: Iterable[Tried], *, kind: str = "", severity: str = "") -> list[Tried]:
    return [each for each in tried if kind in ("", each.shot.wish.kind) and severity in ("", each.shot.wish.severity)]


def _line(name: str, tried: list[Tried], end: str, budget: str = "") -> Line:
    ends, bare = Counter(each.end for each in tried), Counter(each.bare for each in tried)
    whole = max(len(tried), 1)
    note = f"{ends[end]} von {len(tried)}"
    return judged(Line("meters", name, 100 * ends[end] / whole, "%", 100 * bare[end] / whole, budget=budget, note=note), None)
