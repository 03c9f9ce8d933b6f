"""Whether a value can be right, given where the counter stood before. Pure: the codes are spoken by the screens and the dialogs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

LOWER, MUCH, SAME, DIGITS = "lower", "much", "same", "digits"
TIMES = 5  # so many times of what is usual is doubtful
TIMES_OWN = 10  # where "usual" is only what the same counter did before
ROLLED = Decimal("0.1")  # a counter that begins anew stood in its last tenth before, and now stands in its first
LEAST_DAYS = 14  # a value that stays the same for longer is doubtful
MODEST = Decimal(10)  # below this nothing is much


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a counter. `yearly`: what is used in a year, as a rule; `own`: only reckoned from its earlier values."""

    value: Decimal | None = None
    read_on: date | None = None
    digits: int = 0
    yearly: Decimal | None = None
    own: bool = False


def per_year(values: list[tuple[date, Decimal]]) -> Decimal | None:
    """Reckon from earlier values, the newest first, what a counter does in a year; None where they tell too little."""
    if len(values) < 2:
        return None
    used, days = values[0][1] - values[-1][1], (values[0][0] - values[-1][0]).days
    return used * 365 / days if used > 0 and days >= LEAST_DAYS * 2 else None


def judge(value: Decimal, on: date, before: Before) -> list[str]:
    """Say why a value is doubtful; nothing where it can be right."""
    if before.digits and value >= Decimal(10) ** before.digits:
        return [DIGITS]
    if before.value is None or before.read_on is None:
        return []
    used, days = value - before.value, (on - before.read_on).days
    if used < 0 and _rolled(value, before):
        used += Decimal(10) ** before.digits
    if used < 0:
        return [LOWER]
    if used == 0 and days > LEAST_DAYS:
        return [SAME]
    usual = (before.yearly or Decimal(0)) * max(days, 1) / 365
    return [MUCH] if before.yearly and used > max(usual * (TIMES_OWN if before.own else TIMES), MODEST) else []


def _rolled(value: Decimal, before: Before) -> bool:
    if not before.digits or before.value is None:
        return False
    whole = Decimal(10) ** before.digits
    return before.value >= whole * (1 - ROLLED) and value <= whole * ROLLED
