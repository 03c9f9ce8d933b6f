"""Look at a page as many people would: axe in light and dark, no sideways scroll on a small telephone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 700}
FINDINGS = """async tags => (await axe.run(document, {runOnly: {type: "tag", values: tags}})).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`))"""
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll("main")]
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => `${each.tagName} ${each.scrollWidth} > ${each.clientWidth}`)"""


def examine(page: Page) -> None:
    """Find nothing wrong with the page as it stands: light, dark, and on a small telephone."""
    page.evaluate("() => document.fonts.ready.then(() => true)")
    for size, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if not page.evaluate("() => Boolean(window.axe)"):
            page.evaluate(AXE.read_text())  # through the debugger: the page's own policy lets no foreign script in
        where = f"{page.url} ({scheme}, {size['width']} px)"
        findings = page.evaluate(FINDINGS, TAGS) + page.evaluate(SIDEWAYS) * (size is NARROW)
        assert not findings, "\n".join([where, *findings])
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
