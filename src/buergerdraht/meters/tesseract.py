"""Ask Tesseract on this machine. Pictures go in through its input and text comes back: nothing is written to the disk."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import dataclass

from PIL import Image

PATIENCE = 20.0  # seconds for one call
SINGLE, LINE, SPARSE = 10, 7, 11  # Tesseract's page segmentation: one letter, one line, text here and there


class Missing(Exception):
    """Tesseract is not installed here, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Word:
    """What was read on a page, and how sure Tesseract is (0 to 100)."""

    text: str
    sure: float


def installed() -> bool:
    return shutil.which("tesseract") is not None


def read(pages: list[Image.Image], mode: int, *, digits_only: bool = True) -> list[list[Word]]:
    """Read every page. Raises Missing."""
    if not pages:
        return []
    letters = ["-c", "tessedit_char_whitelist=0123456789"] if digits_only else []
    command = ["tesseract", "stdin", "stdout", "--psm", str(mode), "--dpi", "200", *letters, "tsv"]
    data = io.BytesIO()
    pages[0].save(data, "TIFF", save_all=True, append_images=pages[1:], dpi=(200, 200))
    calm = {**os.environ, "OMP_THREAD_LIMIT": "1"}  # its threads cost more than they bring on pictures this small
    try:
        answer = subprocess.run(command, input=data.getvalue(), capture_output=True, timeout=PATIENCE, env=calm, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Missing from problem
    return _words(answer.stdout.decode(errors="replace"), len(pages))


def _words(table: str, pages: int) -> list[list[Word]]:
    found: list[list[Word]] = [[] for _ in range(pages)]
    for line in table.splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) == 12 and fields[0] == "5" and fields[11].strip() and 1 <= int(fields[1]) <= pages:
            found[int(fields[1]) - 1].append(Word(fields[11].strip(), max(0.0, float(fields[10]))))
    return found
