"""Templates say what a browser understands."""

from __future__ import annotations

from pathlib import Path

HOUSE = Path(__file__).parents[1] / "src/buergerdraht"


def test_no_template_hides_an_attribute_behind_backslashes() -> None:
    """Copied from a script, `href=\\"…\\"` is an address that begins with a quotation mark: the sheet or the page is never found."""
    templates = [path for path in HOUSE.glob("**/templates/**/*") if path.suffix in {".html", ".txt", ".xml"}]
    assert len(templates) > 200
    assert [str(path.relative_to(HOUSE)) for path in templates if '\\"' in path.read_text("utf-8")] == []
