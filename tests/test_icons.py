"""Every picture a screen names is drawn."""

from __future__ import annotations

import re
from pathlib import Path

HOUSE = Path(__file__).parents[1] / "src/buergerdraht"
NAMED = re.compile(r"""(?:{% icon |\bicon=)["']([\w-]+)["']""")


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', (HOUSE / "ui/static/ui/icons.svg").read_text()))
    named = {(name, path.name) for path in HOUSE.glob("*/templates/**/*.html") for name in NAMED.findall(path.read_text())}
    assert len(named) > 100
    assert not {each for each in named if each[0] not in drawn}
