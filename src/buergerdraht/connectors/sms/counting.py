"""Count as networks count: 3GPP TS 23.038 (the 7-bit alphabet and its extension), TS 23.040 (160/70 alone, 153/67 joined)."""

from __future__ import annotations

from typing import NamedTuple

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
ALONE_7, JOINED_7 = 160, 153
ALONE_16, JOINED_16 = 70, 67


class Counted(NamedTuple):
    """How many SMS a text takes, how many units are left in the last, and which signs made it large."""

    parts: int
    left: int
    strange: tuple[str, ...] = ()


def count(text: str) -> Counted:
    strange = tuple(dict.fromkeys(sign for sign in text if sign not in BASIC and sign not in EXTENDED))
    if strange:
        return Counted(*_fill([2 if ord(sign) > 0xFFFF else 1 for sign in text], ALONE_16, JOINED_16), strange)
    return Counted(*_fill([2 if sign in EXTENDED else 1 for sign in text], ALONE_7, JOINED_7))


def _fill(sizes: list[int], alone: int, joined: int) -> tuple[int, int]:
    """Fill parts; a sign of two units is never torn."""
    total = sum(sizes)
    if total <= alone:
        return 1, alone - total
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return parts, joined - used
