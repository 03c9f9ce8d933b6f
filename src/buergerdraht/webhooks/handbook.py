"""The parts of the handbook's page that are written from the tables here, so that it says what is done."""

from __future__ import annotations

import re

from buergerdraht.webhooks.kinds import KINDS, PREFIX
from buergerdraht.webhooks.sending import DELAYS

UNITS = ((3600, "Stunde", "Stunden"), (60, "Minute", "Minuten"), (1, "Sekunde", "Sekunden"))


def filled(text: str) -> str:
    """Fill what stands between the marks of the page, in German."""
    for mark, said in (("kinds", f"\n{kinds()}\n"), ("delays", delays())):
        text = re.sub(f"(<!-- {mark} -->).*?(<!-- /{mark} -->)", lambda found, said=said: found[1] + said + found[2], text, flags=re.DOTALL)  # type: ignore[misc]
    return text


def kinds() -> str:
    rows = [f"| `{PREFIX}{what}` | {each.title} | `/api/v1/{each.path}` |" for what, each in KINDS.items()]
    return "\n".join(["| Ereignis (`type`) | Wann | `url` in `data` |", "|---|---|---|", *rows])


def delays() -> str:
    said = [_spoken(int(each.total_seconds())) for each in DELAYS]
    return ", ".join(said[:-1]) + f" und {said[-1]}"


def _spoken(seconds: int) -> str:
    size, one, many = next(unit for unit in UNITS if seconds % unit[0] == 0)
    return f"{seconds // size} {one if seconds == size else many}"
