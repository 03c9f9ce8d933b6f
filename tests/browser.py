"""Look at a page as many people would: axe in light and dark, no sideways scroll on a small telephone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 700}, {"width": 390, "height": 844}
# On a bare picture axe never ends: what is no page fails here instead of holding up everything.
FINDINGS = """async tags => (await Promise.race([
    axe.run(document, {runOnly: {type: "tag", values: tags}}),
    new Promise((_, late) => setTimeout(() => late(new Error("axe did not end within a minute")), 60000)),
  ])).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\\s+/g, " ")}`))"""
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll("main")]
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => `${each.tagName} ${each.scrollWidth} > ${each.clientWidth}`)"""


# Colours on their way from light to dark are neither.
SETTLED = """() => {
  const moving = document.getAnimations().filter((each) => each instanceof CSSTransition);
  const through = Promise.all(moving.map((each) => each.finished.catch(() => null)));
  return Promise.race([through, new Promise((done) => setTimeout(done, 1500))]).then(() => true);
}"""


def examine(page: Page, *more: tuple[dict[str, int], str]) -> None:
    """Find nothing wrong with the page as it stands: light, dark, and on a small telephone; `more` sizes and schemes where asked."""
    page.evaluate("() => document.fonts.ready.then(() => true)")
    for size, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark"), *more):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if not page.evaluate("() => Boolean(window.axe)"):
            page.evaluate(AXE.read_text())  # through the debugger: the page's own policy lets no foreign script in
        page.evaluate(SETTLED)
        where = f"{page.url} ({scheme}, {size['width']} px)"
        findings = page.evaluate(FINDINGS, TAGS)
        if findings and all(each.startswith("target-size") for each in findings):  # the head that stays lay over it: scrolling frees it
            page.evaluate("() => scrollTo(0, 0)")
            findings = page.evaluate(FINDINGS, TAGS)
        findings += page.evaluate(SIDEWAYS) * (size is not WIDE)
        assert not findings, "\n".join([where, *findings])
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
