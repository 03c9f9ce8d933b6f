"""What every messenger's journey has in common: a topic, a broadcast, an answer, a block, a channel that stands still and goes on.

What is a messenger's own stands in its journey.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect
from tests.browser import examine
from tests.journeys.phones import Phone, control

DESK = "/o/musterstadt"
MORE = "https://www.musterstadt.example/mehr"


class Office(NamedTuple):
    """Who writes, and who releases and answers."""

    kemal: Page
    andrea: Page


@dataclass(frozen=True)
class News:
    """A broadcast to all who want to know of `topic`, by language: heading and text, words of a link, words of a choice to be tapped.

    `picture` says what its picture shows; without it there is none.
    """

    topic: str
    versions: Mapping[str, tuple[str, str]]
    link: Mapping[str, str] = field(default_factory=dict)
    choice: Mapping[str, str] = field(default_factory=dict)
    picture: str = ""

    @property
    def heading(self) -> str:
        return self.versions["de"][0]


@dataclass(frozen=True)
class Trouble:
    """How the provider stops a channel (`what` of an account is set to `broken`), and how our pages say so, before and after a check."""

    channel: str
    what: str
    broken: Mapping[str, Any]
    mended: Mapping[str, Any]
    words: str | re.Pattern[str] = ""
    found: str = ""


# ── Topic and broadcast ───────────────────────────────────────────────────


def make_topic(andrea: Page, title: str, english: str, mark: str = "") -> str:
    """Open a topic of its own and read the one link off its page that has `mark` in it."""
    andrea.goto(f"{DESK}/themen/neu")
    andrea.get_by_label("Titel (Deutsch)").fill(title)
    andrea.get_by_label("Titel (English)").fill(english)
    andrea.get_by_role("button", name="Speichern").click()
    andrea.wait_for_url(re.compile(r"/themen/\d+/$"))
    examine(andrea)
    if not mark:
        return ""
    links = [link.get_attribute("href") or "" for link in andrea.locator(".qrs a[rel=noreferrer]").all()]
    [found] = [link for link in links if mark in link]
    return found


def write(kemal: Page, news: News) -> None:
    """Type in a broadcast, in every language it has, for those who want to know of its topic."""
    kemal.goto(f"{DESK}/rundnachrichten/neu/")
    kemal.fill("#title", news.heading)
    if news.picture:
        attach(kemal)
    for language, (heading, text) in news.versions.items():
        kemal.click(f"#tab-{language}")
        kemal.fill(f"#heading-{language}", heading)
        kemal.fill(f"#text-{language}", text)
        if news.picture:
            kemal.locator(f"[name^=alt_{language}_]").fill(news.picture)
        if news.link:
            kemal.fill(f"#label-{language}-0", news.link[language])
        if news.choice:
            _second_button(kemal, language, news.choice[language])
    if news.link:
        kemal.click("#tab-de")
        kemal.fill("#url-0", MORE)
    choose_topic(kemal, news.topic)
    kemal.check("#urgent")  # else the night's rest would hold it


def attach(kemal: Page) -> None:
    kemal.set_input_files("#attach-file", {"name": "bild.png", "mimeType": "image/png", "buffer": picture()})
    expect(kemal.locator(".upload img").first).to_be_visible()


def _second_button(kemal: Page, language: str, words: str) -> None:
    """One without an address: whoever taps it begins a conversation."""
    field_ = kemal.locator(f"#label-{language}-1")
    if not field_.is_visible():
        kemal.locator("fieldset", has=field_).get_by_role("button", name="Schaltfläche hinzufügen").click()
    field_.fill(words)


def choose_topic(kemal: Page, topic: str) -> None:
    kemal.locator("label.chip", has=kemal.locator("[name=topics]"), has_text=re.compile(f"^{topic}$")).click()


def hand_in(kemal: Page, size: int = 1) -> str:
    """Give it to whoever releases, once so many people are counted; gives its address."""
    expect(kemal.locator("#size")).to_contain_text(re.compile(rf"^\s*{size}\s*von"))
    examine(kemal)
    kemal.get_by_role("button", name="Zur Freigabe geben").click()
    expect(kemal.locator(".pagehead")).to_contain_text("wartet auf Freigabe")
    return kemal.url


def release(andrea: Page, address: str) -> None:
    andrea.goto(address)
    andrea.get_by_role("button", name="Freigeben", exact=True).click()
    expect(andrea.locator(".pagehead")).to_contain_text(re.compile("wird gesendet|gesendet"))


def broadcast(office: Office, news: News) -> None:
    """Write to all who want to know of it, and let it go. Its page stays open before Kemal."""
    write(office.kemal, news)
    release(office.andrea, hand_in(office.kemal))


def it_is_through(*pages: Page) -> None:
    """Wait until the page of a broadcast has turned by itself to its end."""
    for page in pages:
        expect(page.locator(".pagehead")).to_contain_text("gesendet")
        expect(page.locator(".pagehead")).not_to_contain_text("wird gesendet")
        page.wait_for_load_state()


def figures(kemal: Page, channel: str) -> Locator:
    """The row of a channel on the page of a broadcast: all, waiting, accepted, delivered, read, not reached, unclear."""
    return kemal.locator("#progress tbody tr", has_text=channel).locator("td")


def it_is_counted(office: Office, channel: str, counted: Sequence[str]) -> None:
    it_is_through(*office)
    expect(figures(office.kemal, channel)).to_have_text(list(counted))
    examine(office.kemal)


def reading_is_counted(office: Office, channel: str, phone: Phone, *, delivered: str = "1") -> None:
    """The figures fill by themselves while the telephone is read."""
    it_is_through(*office)
    expect(figures(office.kemal, channel)).to_have_text(["1", "0", "1", delivered, "0", "0", "0"])
    phone.read()
    expect(figures(office.kemal, channel)).to_have_text(["1", "0", "1", delivered, "1", "0", "0"])
    examine(office.kemal)


# ── The inbox ─────────────────────────────────────────────────────────────


def inbox(andrea: Page) -> None:
    """Open what is new, before it comes: it appears by itself."""
    andrea.goto(f"{DESK}/posteingang/?ansicht=neu")


def thread(andrea: Page, who: str, *said: str) -> Locator:
    """Open the thread that is found by a name or words, and see what was said in it."""
    andrea.locator("#liste .conv", has_text=who).click()
    found = andrea.locator("#verlauf")
    for words in said:
        expect(found).to_contain_text(words)
    return found


def answer(andrea: Page, text: str) -> None:
    andrea.fill("#antwort", text)
    andrea.get_by_role("button", name="Senden", exact=True).click()
    expect(andrea.locator("#verlauf")).to_contain_text(text)


# ── Blocked and back ──────────────────────────────────────────────────────


def nothing_comes_while_blocked(office: Office, phone: Phone, news: News, channel: str, counted: Sequence[str]) -> None:
    """Block us, be written to, let us in again: what was sent meanwhile never arrives, and the ledger says what anybody can know."""
    phone.block()
    before = len(phone.received())
    broadcast(office, news)
    it_is_through(*office)
    expect(figures(office.kemal, channel)).to_have_text(list(counted))
    assert len(phone.received()) == before
    phone.unblock()


def we_block(andrea: Page) -> None:
    """Block the person of the thread that is open; what they write from now on is kept, and nobody is called."""
    andrea.locator("[popovertarget=beiseite]:visible").first.click()
    andrea.get_by_label("Person blockieren wegen").select_option("insult")
    andrea.get_by_role("button", name="Blockieren", exact=True).click()
    expect(andrea.locator("main")).to_contain_text("Blockiert.")
    examine(andrea)


def it_is_only_kept(andrea: Page, words: str) -> None:
    """See that what a blocked person wrote is in the thread that is open and not among what is new; then let them in again."""
    expect(andrea.locator("#verlauf")).to_contain_text(words, timeout=40_000)
    thread = andrea.url
    inbox(andrea)
    expect(andrea.locator("#zeilen .conv", has_text=words)).to_have_count(0)
    andrea.goto(thread)
    andrea.get_by_role("button", name="Blockierung aufheben").click()
    expect(andrea.locator("#antwort")).to_be_visible()


def stop_is_heard(phone: Phone) -> None:
    phone.write("STOPP")
    phone.shows("Sie sind abgemeldet")


# ── Broken and mended ─────────────────────────────────────────────────────


def channel_page(andrea: Page, channel: str) -> str:
    andrea.goto(f"{DESK}/einstellungen/kanaele/")
    andrea.locator("main").get_by_role("link", name=channel).first.click()
    andrea.wait_for_url(re.compile(r"/kanaele/\d+/$"))
    return andrea.url


def unfold(page: Page) -> None:
    """Show the parts of a form that are folded away until they are needed."""
    folded = page.locator("form details.more:not([open]) > summary", has_text="Einstellungen zeigen")
    while folded.count():
        folded.first.click()


def it_stands_still(andrea: Page, channel: str) -> Locator:
    """Wait until the page of a channel offers to start it again; gives that button."""
    channel_page(andrea, channel)
    begin = andrea.get_by_role("button", name="Kanal starten")
    for _ in range(30):
        if begin.is_visible():
            break
        andrea.wait_for_timeout(500)
        andrea.reload()
    expect(begin).to_be_visible()
    return begin


def a_stopped_channel_loses_nothing(office: Office, phone: Phone, news: News, trouble: Trouble) -> None:
    """The channel stops and says why; mended and started, what waited goes out, once."""
    kemal, andrea = office
    account = f"accounts/{phone.account}/{trouble.what}"
    control(phone.simulator, account, dict(trouble.broken))
    broadcast(office, news)
    begin = it_stands_still(andrea, trouble.channel)
    expect(andrea.locator("main")).to_contain_text(trouble.words)
    examine(andrea)
    check = andrea.get_by_role("button", name="Jetzt prüfen")
    if trouble.found:
        check.click()
        expect(andrea.locator("#check")).to_contain_text(trouble.found)
        examine(andrea)
    seen = len(phone.received())
    control(phone.simulator, account, dict(trouble.mended))
    begin.click()
    phone.ends_with(news.heading)
    assert len(phone.received()) == seen + 1
    if trouble.found:
        check.click()
        expect(andrea.locator("#check")).not_to_contain_text(trouble.found)
    it_is_through(kemal)
    expect(figures(kemal, trouble.channel).nth(2)).to_have_text("1")


def picture() -> bytes:
    """Draw market stalls."""
    image = Image.new("RGB", (960, 720), "#cfe0ee")
    draw = ImageDraw.Draw(image)
    for left in range(60, 900, 210):
        draw.rectangle((left, 380, left + 170, 560), fill="#e8d9c3")
        draw.polygon([(left - 15, 380), (left + 85, 300), (left + 185, 380)], fill="#a4503f")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
