"""Numbers as people write them here: 1.234,5 and 1234,5 and 1234.5."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext as _

LARGEST = Decimal(10) ** 10
SHAPES = (
    re.compile(r"\d+"),
    re.compile(r"\d{1,3}(\.\d{3}){2,}"),  # points between thousands
    re.compile(r"(\d{1,3}(\.\d{3})+|\d+),\d{1,3}"),
)
EITHER = re.compile(r"\d{1,3}\.\d{3}")  # a thousand and more here, some and a fraction for a program
POINT = re.compile(r"\d+\.\d{1,3}")  # a point for a comma, as programs write it


def number(text: str) -> Decimal:
    """Read a counter's value. Raises ValueError with a sentence: nothing is guessed, because ten times too much is a bill."""
    plain = text.strip().replace(" ", "")
    if EITHER.fullmatch(plain) and not plain.startswith("0"):
        values = {"text": text, "large": plain.replace(".", ""), "small": plain.replace(".", ",")}
        raise ValueError(_("Ist mit „%(text)s“ %(large)s oder %(small)s gemeint?") % values)
    if any(shape.fullmatch(plain) for shape in SHAPES):
        found = Decimal(plain.replace(".", "").replace(",", "."))
    elif POINT.fullmatch(plain):
        found = Decimal(plain)
    else:
        raise ValueError(_("„%(text)s“ ist keine Zahl wie 1234,5.") % {"text": text})
    if found >= LARGEST:
        raise ValueError(_("„%(text)s“ ist zu groß.") % {"text": text})
    return found.quantize(Decimal("0.001"))


def shown(value: Decimal) -> str:
    """Write a value the German way, without idle zeros."""
    return f"{value.normalize():f}".replace(".", ",")
