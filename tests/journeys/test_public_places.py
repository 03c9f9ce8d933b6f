"""A broadcast in public: four places are set up, posted to once whatever happens, answered, blocked, broken and mended.

Facebook Page, Threads, Mastodon, and a Telegram channel, where nobody can answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, control, new_phone
from tests.journeys.walk import DESK, News, Office

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOPIC = "Hafen"
MOVED = News(TOPIC, {"de": ("Der Kran zieht um", "Ab Samstag am **Nordkai**.")}, link={"de": "Zum Plan"}, picture="Der Kran am neuen Platz")
OPEN, LIGHT, LATE, LAST = (  # each its own words: Facebook refuses the same post again
    News(TOPIC, {"de": (heading, "Heute Abend.")})
    for heading in ("Die Brücke ist offen", "Der Turm leuchtet", "Die Mole ist zu", "Die Fähre fährt")
)


@dataclass(frozen=True)
class Place:
    """A public place in the console (`kind`, `title` of the connector) and at its provider (`account`), and somebody who reads there.

    `settles`: what ended without an answer is settled by itself; else a person looks and decides.
    """

    kind: str
    title: str
    account: Mapping[str, Any]
    reader: Phone | None
    settles: bool

    @property
    def name(self) -> str:
        return f"Hafen auf {self.title}"

    def words(self, news: News) -> str:
        return f"{news.heading}: gelesen auf {self.title}."

    def posted(self) -> int:
        """Count what the provider took, whoever may have heard of it."""
        return sum(map(len, self._control("accepted").values()))

    def faults(self, **shares: float) -> None:
        self._control("faults", shares)

    def token(self, *, good: bool) -> None:
        self._control("token", {"good": good})

    def line(self, kemal: Page) -> Locator:
        """Its line on the page of a broadcast."""
        return kemal.locator(".post", has_text=self.name)

    def _control(self, what: str, wish: dict[str, Any] | None = None) -> Any:
        return control(self.account["simulator"], f"accounts/{self.account['id']}/{what}", wish)


def test_a_town_speaks_in_public_places(program: Program, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    places = [set_up(program, office.andrea, *each) for each in KINDS]
    ida = subscriber(program, office.andrea)
    everybody_reads_it_in_words_of_their_own(office, places, ida)
    it_stands_there_once_whatever_was_heard(office, places)
    for place in places:
        if place.reader:
            an_answer_is_given_in_public(office.andrea, place, place.reader)
            who_blocks_us_reads_nothing_and_comes_back(office, place, place.reader)
            whom_we_block_is_heard_by_nobody(office.andrea, place, place.reader)
    a_dead_token_is_an_alarm_and_nothing_is_lost(office, places)


# ── Set up ────────────────────────────────────────────────────────────────


def at_meta(account: Mapping[str, Any], door: str, number: str) -> dict[str, str]:
    return {
        number: account["id"], "app_id": account["data"]["app_id"], "access_token": account["token"], "app_secret": account["secret"],
        "host": f"{account['simulator']}/{door}",
    }  # fmt: skip


def at_mastodon(account: Mapping[str, Any]) -> dict[str, str]:
    return {"host": account["simulator"], "access_token": account["token"]}


def at_telegram(account: Mapping[str, Any]) -> dict[str, str]:
    return {"channel": "@hafen_aktuell", "bot_token": account["token"], "host": account["simulator"]}


# kind here, title, kind at the simulator, link of the profile, settled by itself, fields of the form
KINDS: list[tuple[Any, ...]] = [
    ("facebook_page", "Facebook-Seite", "facebook_page", "https://www.facebook.com/hafenamt", True,
     lambda account: at_meta(account, "graph-page", "page_id")),
    ("threads", "Threads", "threads", "https://www.threads.com/@hafenamt", True,
     lambda account: at_meta(account, "graph-threads", "user_id")),
    ("mastodon", "Mastodon", "mastodon", "{simulator}/@hafenamt", True, at_mastodon),
    ("telegram_channel", "Telegram-Kanal", "telegram", "", False, at_telegram),
]  # fmt: skip


def set_up(program: Program, andrea: Page, kind: str, title: str, *more: Any) -> Place:
    """Open an account at the provider, enter it in the console, let the provider know our webhook where it wants one, check and start."""
    played, profile, settles, fields = more
    wish = {"kind": played, "name": "Hafenamt", "username": "hafenamt", "channels": ["hafen_aktuell"]}
    account = {**control(program.phones, "accounts", wish), "simulator": program.phones}
    reader = None
    if profile:
        reader = Phone(program.phones, new_phone(program.phones, played, f"Rita {title[:4]}").person, account["id"])
        reader.follow(profile.format(simulator=program.phones))
    place = Place(kind, title, account, reader, settles)
    andrea.goto(f"{DESK}/einstellungen/kanaele/neu/{kind}/")
    andrea.fill("[name=name]", place.name)
    examine(andrea)
    for name, value in fields(account).items():
        field = andrea.locator(f"[name={name}]")
        if not field.is_visible():
            walk.unfold(andrea)
        field.fill(value)
    andrea.get_by_role("button", name="Kanal anlegen").click()
    andrea.wait_for_url(re.compile(r"/kanaele/\d+/$"))
    if andrea.locator("#made-verify_token").count():
        hook = {"url": andrea.locator("#webhook").inner_text(), "verify_token": andrea.locator("#made-verify_token").inner_text()}
        control(program.phones, f"accounts/{account['id']}/webhook", hook)
    andrea.get_by_role("button", name="Kanal starten").click()
    expect(andrea.get_by_text("Der Kanal läuft.")).to_be_visible()
    andrea.get_by_role("button", name="Jetzt prüfen").click()
    expect(andrea.locator("#check .is-bad")).to_have_count(0)
    examine(andrea)
    return place


def subscriber(program: Program, andrea: Page) -> Phone:
    """Somebody who gets the same news on her telephone; nobody subscribes in public."""
    link = walk.make_topic(andrea, TOPIC, "Harbour", "?start=")
    expect(andrea.locator(".qrs", has_text=re.compile("Mastodon|Threads|Facebook-Seite|Telegram-Kanal"))).to_have_count(0)
    ida = new_phone(program.phones, "telegram", "Ida Sand")
    ida.follow(link)
    ida.tap("Ja, bestätigen")
    ida.shows(f"Sie erhalten ab jetzt: {TOPIC}")
    return ida


# ── Posting ───────────────────────────────────────────────────────────────


def post(office: Office, news: News, places: list[Place], *, ends: bool = True) -> None:
    """Write to the subscribers and, in words of its own, to every one of these places. It ends when every post is out."""
    walk.write(office.kemal, news)
    for place in places:
        group = office.kemal.get_by_role("group", name=place.name, exact=True)
        group.get_by_label(place.name).check()
        if place.title == "Mastodon" and news.picture:
            group.locator("textarea").fill("x" * 501)
            expect(group).to_contain_text("zu lang")
            expect(office.kemal.locator(".checks")).to_contain_text(f"{place.name}: Der Beitrag hat")
        group.locator("textarea").fill(place.words(news))
    expect(office.kemal.locator(".checks")).not_to_contain_text("Der Beitrag hat")
    address = walk.hand_in(office.kemal)
    office.andrea.goto(address)
    expect(office.andrea.get_by_role("heading", name="Auch öffentlich")).to_be_visible()
    walk.release(office.andrea, address)
    expect(office.kemal.get_by_role("heading", name="Öffentlich", exact=True)).to_be_visible(timeout=30_000)
    if ends:
        walk.it_is_through(*office)


def it_is_published(kemal: Page, places: list[Place]) -> None:
    for place in places:
        expect(place.line(kemal)).to_contain_text("veröffentlicht", timeout=90_000)
        expect(place.line(kemal)).not_to_contain_text("nicht veröffentlicht")


def everybody_reads_it_in_words_of_their_own(office: Office, places: list[Place], ida: Phone) -> None:
    """The post stands there with its picture, the picture's words and the link; its address is on the page of the broadcast."""
    post(office, MOVED, places)
    ida.shows(MOVED.heading)
    for place in places:
        if place.reader is None:
            continue  # a channel has no telephone of its own at the double
        bubble = place.reader.shows(place.words(MOVED))
        assert walk.MORE in bubble["text"]
        assert (bubble["media"]["kind"], bubble["alt"]) == ("image", MOVED.picture)
    it_is_published(office.kemal, places)
    assert [place.posted() for place in places] == [1, 1, 1, 1]
    for place, address in zip(places, ("facebook.com/", None, "/@hafenamt/", "t.me/hafen_aktuell/"), strict=True):
        if address:
            expect(place.line(office.kemal).locator(f"a[href*='{address}']")).to_be_visible(timeout=30_000)
    expect(office.kemal.locator("#oe + *")).to_contain_text("4 von 4 veröffentlicht", timeout=30_000)
    examine(office.kemal)


def it_stands_there_once_whatever_was_heard(office: Office, places: list[Place]) -> None:
    """The line is cut after the post was taken, or the answer is that it failed: it is settled by asking, or by a person who looks."""
    for news, fault in ((OPEN, "reset"), (LIGHT, "fumbled")):
        before = [place.posted() for place in places]
        torn = [place for place in places if place.settles or fault == "reset"]  # Telegram's own word that it failed is believed
        for place in torn:
            place.faults(**{fault: 1.0})
        post(office, news, places)
        for place in places:
            if place in torn and not place.settles:
                expect(place.line(office.kemal)).to_contain_text("ungeklärt", timeout=60_000)
                examine(office.kemal)
                place.line(office.kemal).get_by_role("button", name="Steht schon da").click()
        it_is_published(office.kemal, places)
        for place in torn:
            place.faults(**{fault: 0.0})
        assert [place.posted() for place in places] == [number + 1 for number in before]


# ── Answers ───────────────────────────────────────────────────────────────


def an_answer_is_given_in_public(andrea: Page, place: Place, rita: Phone) -> None:
    """What somebody asks below the post comes to people, with the post above it; the answer is public, and the field says so."""
    question = f"Auch bei Regen auf {place.title}? STOPP"
    rita.answer(rita.shows(place.words(MOVED)), question)
    andrea.goto(f"{DESK}/posteingang/?ansicht=alle")
    andrea.locator("#zeilen .conv", has_text=question).first.click(timeout=40_000)
    thread = andrea.locator("#verlauf")
    expect(thread).to_contain_text(question)
    expect(thread).to_contain_text(place.words(MOVED))
    expect(andrea.get_by_text("Ihre Antwort ist öffentlich.")).to_be_visible()
    examine(andrea)
    walk.answer(andrea, f"Ja, bei jedem Wetter, {place.title}.")
    rita.shows(f"Ja, bei jedem Wetter, {place.title}.")
    assert not [each for each in rita.received() if "abgemeldet" in each["text"]]  # nothing was begun there that could end


def who_blocks_us_reads_nothing_and_comes_back(office: Office, place: Place, rita: Phone) -> None:
    """Nobody is told of a block in public: the next post stands there for all the others. Let in again, she is heard as before."""
    rita.block()
    before = len(rita.received())
    post(office, LATE, [place])
    it_is_published(office.kemal, [place])
    assert len(rita.received()) == before
    rita.unblock()
    rita.answer(rita.shows(place.words(MOVED)), f"Wieder da auf {place.title}")
    office.andrea.goto(f"{DESK}/posteingang/?ansicht=alle")
    expect(office.andrea.locator("#zeilen .conv", has_text=f"Wieder da auf {place.title}")).to_be_visible(timeout=40_000)


def whom_we_block_is_heard_by_nobody(andrea: Page, place: Place, rita: Phone) -> None:
    """Blocked here, she can still write below our posts, for they are public; nobody of us is called, and we cannot answer her."""
    andrea.locator("#zeilen .conv", has_text=f"Wieder da auf {place.title}").first.click()
    walk.we_block(andrea)
    rita.answer(rita.shows(place.words(MOVED)), "Und jetzt?")
    walk.it_is_only_kept(andrea, "Und jetzt?")


# ── Broken and mended ─────────────────────────────────────────────────────


def a_dead_token_is_an_alarm_and_nothing_is_lost(office: Office, places: list[Place]) -> None:
    """The channels stop and say why, and an alarm calls people; with good tokens and started again, each posts what waited, once."""
    kemal, andrea = office
    before = [place.posted() for place in places]
    for place in places:
        place.token(good=False)
    post(office, LAST, places, ends=False)
    for place in places:
        why = "Die Anmeldung beim Dienst gilt nicht mehr. Der Beitrag erscheint, sobald es wieder geht."
        expect(place.line(kemal)).to_contain_text(why, timeout=60_000)
    examine(kemal)
    what_is_being_typed_stays_while_the_numbers_go_on(kemal, places[0])
    the_alarm_names(andrea, places)
    for place in places:
        begin = walk.it_stands_still(andrea, place.name)
        expect(andrea.locator("main")).to_contain_text("Die Anmeldung beim Dienst gilt nicht mehr")
        andrea.get_by_role("button", name="Jetzt prüfen").click()
        expect(andrea.locator("#check .is-bad").first).to_be_visible()
        examine(andrea)
        place.token(good=True)
        begin.click()
        expect(andrea.get_by_text("Der Kanal läuft.")).to_be_visible()
    it_is_published(kemal, places)
    assert [place.posted() for place in places] == [number + 1 for number in before]


def what_is_being_typed_stays_while_the_numbers_go_on(kemal: Page, place: Place) -> None:
    """The page draws its figures anew every two seconds; a reason that is half written outlives that, and so does its caret."""
    place.line(kemal).get_by_text("Dort auslassen").click()
    reason = place.line(kemal).get_by_label("Grund")
    reason.fill("Der Dienst ist gestört")
    reason.press("Home")
    kemal.evaluate("document.querySelector('#progress > *').dataset.drawn = 'before'")
    expect(kemal.locator("#progress > [data-drawn]")).to_have_count(0, timeout=15_000)
    expect(reason).to_be_focused()
    reason.press_sequentially("Doch: ")
    expect(reason).to_have_value("Doch: Der Dienst ist gestört")
    reason.fill("")


def the_alarm_names(andrea: Page, places: list[Place]) -> None:
    """It is looked for once a minute."""
    andrea.goto(f"{DESK}/zustellung/alarme/")
    for _ in range(90):
        shown = andrea.locator("main").inner_text()
        if all(place.name in shown for place in places):
            break
        andrea.wait_for_timeout(1000)
        andrea.reload()
    for place in places:
        expect(andrea.locator("main")).to_contain_text(place.name)
    expect(andrea.locator("main")).to_contain_text("Der Kanal steht still")
    examine(andrea)
