"""Every picture a screen names is drawn."""

from __future__ import annotations

import re
from pathlib import Path

from buergerdraht.dialogs import reading

HOUSE = Path(__file__).parents[1] / "src/buergerdraht"
NAMED = re.compile(r"""(?:{% icon |\bicon=)["']([\w-]+)["']""")


def test_every_icon_a_template_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', (HOUSE / "ui/static/ui/icons.svg").read_text()))
    named = {(name, path.name) for path in HOUSE.glob("*/templates/**/*.html") for name in NAMED.findall(path.read_text())}
    assert len(named) > 100
    assert not {each for each in named if each[0] not in drawn}


def test_every_dialog_that_comes_with_the_house_has_a_picture_that_is_drawn() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', (HOUSE / "ui/static/ui/icons.svg").read_text()))
    dialogs = list(HOUSE.glob("blueprints/data/*/dialogs/*.yaml"))
    named = {found for path in dialogs for found in re.findall(r"^icon: (.+)$", path.read_text(), flags=re.MULTILINE)}
    assert len(named) > 5
    assert named <= reading.ICONS <= drawn
