"""The main task by keyboard alone: find who waits longest, read, reply, note, label, done, next. No mouse touches these pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone

pytestmark = [pytest.mark.browser, pytest.mark.slow]

INBOX = "/o/musterstadt/posteingang/"
PHONE = {"width": 390, "height": 800}


def focused(page: Page) -> str:
    """Say what has the focus: its id, or what it is."""
    return str(page.evaluate("() => document.activeElement.id || document.activeElement.tagName"))


def settled(page: Page, what: str) -> None:
    """Wait until what has this id has the focus."""
    expect(page.locator(f"#{what}")).to_be_focused()


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def tab_to(page: Page, wanted: Locator) -> None:
    """Go to it as somebody without a mouse does."""
    for _ in range(40):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the Tab key does not lead there")


def test_the_main_task_by_keyboard_alone(program: Program, sign_in: Callable[[str], Page]) -> None:
    citizen = new_phone(program.phones, "telegram", "Thea Tastenfrei")
    citizen.write("Wann hat das Bürgerbüro geöffnet?")
    kemal = sign_in("kemal")
    kemal.goto(INBOX)
    expect(kemal.locator("a.conv").first).to_be_visible()
    the_list_of_keys_shows_what_there_is(kemal)
    reply_by_keyboard(kemal, citizen)
    note_by_keyboard(kemal)
    finish_by_keyboard(kemal)


def the_list_of_keys_shows_what_there_is(kemal: Page) -> None:
    keys(kemal, "?")
    dialog = kemal.get_by_role("dialog", name="Tasten")
    expect(dialog.get_by_text("Nächste in der Liste")).to_be_visible()
    expect(dialog.get_by_text("Interne Notiz schreiben")).to_have_count(0)  # no thread is open
    examine(kemal)
    keys(kemal, "Escape")
    expect(dialog).to_be_hidden()


def reply_by_keyboard(kemal: Page, citizen: Phone) -> None:
    """Find the person by the palette, take the thread, answer with Strg+Enter."""
    keys(kemal, "Control+k")
    settled(kemal, "pal")
    kemal.keyboard.type("Tastenfrei")
    option = kemal.get_by_role("option", name=re.compile("Thea Tastenfrei")).first
    expect(option).to_have_attribute("aria-selected", "true")
    assert kemal.get_attribute("#pal", "aria-activedescendant") == option.get_attribute("id")
    examine(kemal)
    keys(kemal, "Enter")
    kemal.wait_for_url(re.compile(r"/posteingang/\d+/$"))
    expect(kemal).to_have_title(re.compile("Thea Tastenfrei"))
    keys(kemal, "t")
    expect(kemal.locator("#kopf")).to_contain_text("bei Ihnen")
    keys(kemal, "r")
    settled(kemal, "antwort")
    kemal.keyboard.type("Montags bis freitags von 8 bis 16 Uhr. jk?")  # letters in a field are letters
    kemal.wait_for_timeout(1800)  # the citizen's words were before one's eyes
    keys(kemal, "Control+Enter")
    expect(kemal.locator("#verlauf")).to_contain_text("Montags bis freitags")
    settled(kemal, "antwort")  # the new field, not nowhere
    assert kemal.input_value("#antwort") == ""
    citizen.shows("Montags bis freitags")
    citizen.write("Danke! Auch am Samstag?")
    expect(kemal.locator("#said")).to_contain_text("Neue Nachricht: Thea Tastenfrei: Danke! Auch am Samstag?")
    assert focused(kemal) == "antwort"  # what comes does not take the focus away


def note_by_keyboard(kemal: Page) -> None:
    keys(kemal, "Escape")
    settled(kemal, "th")
    keys(kemal, "n")
    settled(kemal, "antwort")
    kemal.keyboard.type("Samstags nur nach Vereinbarung.")
    keys(kemal, "Control+Enter")
    expect(kemal.locator("#verlauf .msg--note")).to_contain_text("Samstags nur nach Vereinbarung.")
    settled(kemal, "antwort")


def finish_by_keyboard(kemal: Page) -> None:
    """Label it, close it, go on to who waits now."""
    keys(kemal, "Escape")
    settled(kemal, "th")
    keys(kemal, "l")
    dialog = kemal.get_by_role("dialog", name="Etiketten")
    expect(dialog).to_be_visible()
    tab_to(kemal, dialog.locator('[name="neu"]'))
    kemal.keyboard.type("Öffnungszeiten")
    kemal.evaluate("window.head = document.querySelector('#kopf'), dispatchEvent(new Event('live:hello'))")  # as after a gap
    kemal.wait_for_function("() => !window.head.isConnected")  # where the dialog was opened from is gone
    keys(kemal, "Enter")
    expect(dialog).to_be_hidden()
    expect(kemal.locator("#kopf")).to_contain_text("Öffnungszeiten")
    kemal.wait_for_function("() => document.activeElement !== document.body")  # on the undo, or the thread's name: never nowhere
    examine(kemal)
    keys(kemal, "e")
    expect(kemal.locator('[data-key="reopen"]')).to_be_visible()
    assert focused(kemal) != "BODY"
    here = kemal.url
    keys(kemal, "w")
    kemal.wait_for_url(lambda url: url != here)
    expect(kemal.locator("#th")).to_be_visible()


def test_moving_in_the_list_reads_nothing_and_enter_opens(program: Program, sign_in: Callable[[str], Page]) -> None:
    for name in ("Lena Liste", "Lars Liste"):
        new_phone(program.phones, "telegram", name).write("Guten Tag")
    kemal = sign_in("kemal")
    kemal.goto(f"{INBOX}?ansicht=alle")
    expect(kemal.locator("a.conv").nth(1)).to_be_visible()
    keys(kemal, "j")
    first = focused(kemal)
    keys(kemal, "j")
    second = focused(kemal)
    assert first.startswith("u-")
    assert second.startswith("u-")
    assert first != second
    assert kemal.url.endswith("?ansicht=alle")
    keys(kemal, "k")
    assert focused(kemal) == first
    keys(kemal, "Enter")
    settled(kemal, "th")
    name = kemal.locator("#th .ellip").inner_text()
    expect(kemal).to_have_title(re.compile(re.escape(name)))
    keys(kemal, "Escape")
    settled(kemal, first)
    keys(kemal, "g", "e")
    expect(kemal.locator("#liste")).to_have_attribute("data-view", "erledigt")


def test_letters_can_be_switched_off(sign_in: Callable[[str], Page]) -> None:
    kemal = sign_in("kemal")
    kemal.goto(INBOX)
    expect(kemal.locator("#liste")).to_be_visible()
    keys(kemal, "?", "Tab")
    switch = kemal.get_by_role("switch", name="Buchstaben allein als Befehle benutzen")
    switch.focus()
    keys(kemal, "Space", "Escape")
    keys(kemal, "/")
    assert focused(kemal) != "suche"
    keys(kemal, "?")
    expect(kemal.get_by_role("dialog", name="Tasten")).to_be_hidden()
    keys(kemal, "Control+k")
    settled(kemal, "pal")
    kemal.keyboard.type("Tasten zeigen")
    keys(kemal, "Enter")
    expect(kemal.get_by_role("dialog", name="Tasten")).to_be_visible()
    switch.focus()
    keys(kemal, "Space", "Escape", "/")
    settled(kemal, "suche")


def test_the_way_past_the_list_is_short(sign_in: Callable[[str], Page]) -> None:
    kemal = sign_in("kemal")
    kemal.goto(f"{INBOX}naechste/")
    expect(kemal.locator("#th")).to_be_visible()
    names = []
    for _ in range(4):
        keys(kemal, "Tab")
        names.append(kemal.evaluate("() => document.activeElement.textContent.trim()"))
    assert names == ["Zum Inhalt springen", "Zur Liste der Unterhaltungen", "Zur Unterhaltung", "Zum Antwortfeld"]
    keys(kemal, "Enter", "Tab")
    assert kemal.evaluate("() => document.activeElement.closest('#antwortfeld') !== null")


def test_a_phone_leads_from_the_list_to_the_field_and_back(program: Program, sign_in: Callable[[str], Page]) -> None:
    new_phone(program.phones, "telegram", "Pia Phon").write("Hallo")
    kemal = sign_in("kemal")
    kemal.set_viewport_size(PHONE)
    kemal.goto(f"{INBOX}?ansicht=neu")
    kemal.locator("a.conv").first.click()
    expect(kemal.locator("#antwort")).to_be_in_viewport(ratio=0.9)
    expect(kemal.locator("a.conv").first).to_be_hidden()
    settled(kemal, "th")
    kemal.set_viewport_size({"width": 390, "height": 420})  # as the keyboard comes out
    kemal.locator("#antwort").focus()
    expect(kemal.locator("#antwort")).to_be_in_viewport(ratio=0.9)
    expect(kemal.locator('[data-key="send"]')).to_be_in_viewport(ratio=0.9)
    assert kemal.evaluate("() => document.documentElement.scrollHeight <= innerHeight + 1")
    kemal.set_viewport_size(PHONE)
    kemal.go_back()
    expect(kemal.locator("a.conv").first).to_be_visible()


def test_the_bell_rings_on_every_page_and_says_it_in_the_title(program: Program, sign_in: Callable[[str], Page]) -> None:
    new_phone(program.phones, "telegram", "Gisela Glocke").write("Guten Tag")
    kemal, andrea = sign_in("kemal"), sign_in("andrea")
    kemal.goto("/o/musterstadt/kontakte/")
    before = rung(kemal)
    keys(andrea, "Control+k")
    settled(andrea, "pal")
    andrea.keyboard.type("Gisela Glocke")
    expect(andrea.get_by_role("option", name=re.compile("Gisela Glocke")).first).to_have_attribute("aria-selected", "true")
    keys(andrea, "Enter")
    andrea.wait_for_url(re.compile(r"/posteingang/\d+/$"))
    thread = andrea.url
    keys(andrea, "a")
    settled(andrea, "an")
    andrea.keyboard.type("Kemal")
    keys(andrea, "Tab", "Enter")
    expect(andrea.locator("#kopf")).to_contain_text("bei Kemal")
    expect(kemal).to_have_title(re.compile(rf"^\({before + 1}\) "))
    kemal.locator("#glocke").focus()
    keys(kemal, "Enter")
    line = kemal.locator(f'a.bell__line[href="{thread.removeprefix(program.console)}"]')
    expect(line).to_contain_text("Gisela Glocke")
    examine(kemal)
    line.focus()
    keys(kemal, "Enter")
    kemal.wait_for_url(thread)
    expect(kemal.locator("#verlauf")).to_contain_text("Guten Tag")
    kemal.wait_for_function("before => Number(/^\\((\\d+)\\) /.exec(document.title)?.[1] ?? 0) === before", arg=before)  # opened is seen


def rung(page: Page) -> int:
    """Read from the title how much is unseen."""
    found = re.match(r"\((\d+)\) ", page.title())
    return int(found[1]) if found else 0


def test_without_a_connection_the_app_says_so_and_keeps_nothing_else(sign_in: Callable[[str], Page]) -> None:
    kemal = sign_in("kemal")
    for path in ("/konto/profil/", "/ohne-verbindung/"):
        kemal.goto(path)
        examine(kemal)
    kemal.goto(INBOX)
    kemal.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    kemal.reload()
    expect(kemal.locator("#liste")).to_be_visible()
    kept = kemal.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys())"
        ".map(each => new URL(each.url).pathname)))).flat()"
    )
    assert "/ohne-verbindung/" in kept
    assert [path for path in kept if not path.startswith("/static/") and path != "/ohne-verbindung/"] == []
    kemal.context.set_offline(True)
    kemal.reload()
    expect(kemal.get_by_role("heading", name="Keine Verbindung")).to_be_visible()
    expect(kemal.get_by_text("Ihr Entwurf ist gespeichert")).to_be_visible()
    kemal.context.set_offline(False)
    kemal.get_by_role("link", name="Noch einmal versuchen").click()
    expect(kemal.locator("#liste")).to_be_visible()


def test_the_worker_shows_what_wakes_it(program: Program, sign_in: Callable[[str], Page]) -> None:
    """As a push service would wake it."""
    kemal = sign_in("kemal")
    kemal.goto(INBOX)
    kemal.context.grant_permissions(["notifications"])
    kemal.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    worker: list[str] = []
    protocol = kemal.context.new_cdp_session(kemal)
    protocol.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: worker.extend(each["registrationId"] for each in told["registrations"])
    )
    protocol.send("ServiceWorker.enable")
    kemal.wait_for_timeout(500)
    told = {"kind": "test", "title": "Probe", "body": "", "place": "/konto/profil/"}
    wish = {"origin": program.console, "registrationId": worker[0], "data": json.dumps(told)}
    protocol.send("ServiceWorker.deliverPushMessage", wish)
    kemal.wait_for_timeout(1500)
    shown = kemal.evaluate(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(each => [each.title, each.tag, each.data.place])"
    )
    assert shown == [["Probe", "test", "/konto/profil/"]]
