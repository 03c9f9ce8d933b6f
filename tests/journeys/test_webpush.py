"""A browser signs up for push messages, gets them, says to which topics, loses its subscription and begins again.

A browser without a maker's push service cannot subscribe by itself, so the page is given the subscription that the simulator's service
hands out; what is decrypted there is put into the real service worker, which has to show and keep it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys import walk
from tests.journeys.phones import Phone, control, new_phone
from tests.journeys.walk import News, Office

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANNEL = "Push"
PUSH = "/p/musterstadt/push"


def dike(heading: str) -> News:
    """News of the dike, under a heading of its own."""
    versions = {
        "de": (heading, "Der **Deichweg** ist bis Freitag gesperrt."),
        "en": ("Dike closed", "The dike path is closed until Friday."),
    }
    return News("Deich", versions, link={"de": "Mehr dazu", "en": "More"}, picture="Der Deich")


TIDE = dike("Deichtor gesperrt")
# What the browser's own part would do, with the service of the simulator in the place of a maker's.
BROWSER = """told => {
    const own = { ...told, toJSON: () => told, options: {}, unsubscribe: async () => { sessionStorage.removeItem("an"); return true; } };
    PushManager.prototype.subscribe = async () => { sessionStorage.setItem("an", "1"); return own; };
    PushManager.prototype.getSubscription = async () => (sessionStorage.getItem("an") ? own : null);
    Notification.requestPermission = async () => "granted";
}"""


def test_a_browser_is_told_by_push(program: Program, browser: Browser, sign_in: Callable[[str], Page]) -> None:
    office = Office(sign_in("kemal"), sign_in("andrea"))
    walk.make_topic(office.andrea, "Deich", "Dike")
    pia = new_phone(program.phones, "webpush", "Pia Puschel")
    page = open_page(browser, program, pia)
    subscribe(page, pia)
    walk.broadcast(office, TIDE)
    it_arrives_and_nobody_says_whether_it_was_read(office, pia)
    the_worker_shows_and_keeps_it(page, pia)
    it_is_there_without_a_network(page)
    a_service_that_is_busy_is_asked_again(office, pia)
    one_service_that_refuses_us_stops_nobody_else(office, pia)
    a_device_that_forbids_it_is_gone_and_begins_again(program, browser, office, pia)
    page.context.close()


def open_page(browser: Browser, program: Program, pia: Phone) -> Page:
    wish = {"person": pia.person, "host": program.phones}
    told = control(program.phones, f"accounts/{pia.account}/subscribe", wish)
    context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", base_url=program.console, permissions=["notifications"])
    page = context.new_page()
    page.add_init_script(f"({BROWSER})({json.dumps(told)})")
    page.goto(PUSH)
    expect(page.get_by_role("button", name="Benachrichtigungen einschalten")).to_be_visible()
    examine(page)
    return page


def our_topic(page: Page) -> Locator:
    return page.get_by_role("checkbox", name="Deich", exact=True)


def subscribe(page: Page, pia: Phone) -> None:
    page.get_by_role("button", name="Benachrichtigungen einschalten").click()
    expect(page.locator("#meldung")).to_have_text("Wählen Sie mindestens ein Thema.")
    our_topic(page).check()
    page.get_by_role("button", name="Benachrichtigungen einschalten").click()
    expect(page.locator("#meldung")).to_contain_text("Push ist eingerichtet.")
    examine(page)
    pia.shows("*Push ist eingerichtet*")
    page.reload()
    expect(our_topic(page)).to_be_checked()
    expect(page.get_by_role("button", name="Auswahl speichern")).to_be_visible()


def it_arrives_and_nobody_says_whether_it_was_read(office: Office, pia: Phone) -> None:
    bubble = pia.shows(TIDE.heading)
    assert "[Der Deich]" in bubble["text"]
    assert [(each["title"], each["url"][:8]) for each in bubble["buttons"]] == [("Mehr dazu", "https://")]
    walk.it_is_counted(office, CHANNEL, ["1", "0", "1", "–", "–", "0", "0"])


def the_worker_shows_and_keeps_it(page: Page, pia: Phone) -> None:
    """Put into the browser what its service would hand on: the worker keeps it, and the page that is open draws it."""
    payload = {"title": TIDE.heading, "text": "Der Deichweg ist bis Freitag gesperrt.", "tag": "t1",
               "actions": [{"action": "open0", "title": "Mehr dazu", "url": "https://www.musterstadt.example/deich"}]}  # fmt: skip
    deliver(page, json.dumps(payload))
    shown = page.locator("#nachrichten li")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Der Deichweg ist bis Freitag gesperrt.")
    expect(shown.get_by_role("link", name="Mehr dazu")).to_have_attribute("href", "https://www.musterstadt.example/deich")
    deliver(page, json.dumps({**payload, "text": "Der Deichweg ist wieder frei."}))
    expect(shown).to_contain_text("wieder frei")
    expect(shown).to_have_count(1)
    deliver(page, "kaputt {")
    expect(shown).to_have_count(2)
    examine(page)


def deliver(page: Page, data: str) -> None:
    debugger = page.context.new_cdp_session(page)
    found: list[str] = []
    debugger.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(each["registrationId"] for each in told["registrations"])
    )
    debugger.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    origin = page.evaluate("() => location.origin")
    debugger.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": found[-1], "data": data})
    debugger.detach()


def it_is_there_without_a_network(page: Page) -> None:
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_contain_text("Musterstadt")
    expect(page.locator("#nachrichten li").last).to_contain_text("wieder frei")
    expect(page.locator("#meldung")).to_contain_text("Ohne Internet")
    page.context.set_offline(False)
    page.reload()
    expect(our_topic(page)).to_be_checked()


def a_service_that_is_busy_is_asked_again(office: Office, pia: Phone) -> None:
    faults = f"accounts/{pia.account}/faults"
    control(pia.simulator, faults, {"too_many": 1, "retry_after": 2})
    walk.broadcast(office, dike("Deich wieder offen"))
    office.kemal.wait_for_timeout(1500)
    assert not any("wieder offen" in bubble["text"] for bubble in pia.received())
    control(pia.simulator, faults, {"too_many": 0, "retry_after": 0})
    pia.shows("Deich wieder offen")
    assert sum("wieder offen" in bubble["text"] for bubble in pia.received()) == 1


def one_service_that_refuses_us_stops_nobody_else(office: Office, pia: Phone) -> None:
    """Anybody may name a service of their own: a refusal is that device's alone, the channel runs on, and later it is served again."""
    token = f"accounts/{pia.account}/token"
    control(pia.simulator, token, {"good": False})
    walk.broadcast(office, dike("Deich im Wind"))
    walk.it_is_counted(office, CHANNEL, ["1", "0", "0", "–", "–", "1", "0"])
    walk.channel_page(office.andrea, CHANNEL)
    expect(office.andrea.get_by_role("button", name="Anhalten")).to_be_visible()  # it runs
    control(pia.simulator, token, {"good": True})
    walk.broadcast(office, dike("Deich ohne Wind"))
    pia.shows("Deich ohne Wind")


def a_device_that_forbids_it_is_gone_and_begins_again(program: Program, browser: Browser, office: Office, pia: Phone) -> None:
    walk.nothing_comes_while_blocked(office, pia, dike("Deich im Nebel"), CHANNEL, ["1", "0", "0", "–", "–", "1", "0"])
    page = open_page(browser, program, pia)
    our_topic(page).check()
    page.get_by_role("button", name="Benachrichtigungen einschalten").click()
    expect(page.locator("#meldung")).to_contain_text("Push ist eingerichtet.")
    walk.broadcast(office, dike("Deich in der Sonne"))
    pia.shows("Deich in der Sonne")
    page.get_by_role("button", name="Auf diesem Gerät beenden").click()
    expect(page.locator("#meldung")).to_have_text("Auf dieses Gerät kommt nichts mehr.")
    expect(page.get_by_role("button", name="Benachrichtigungen einschalten")).to_be_visible()
    page.context.close()
