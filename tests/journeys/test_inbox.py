"""The inbox as a day goes: three operators, one of them with a telephone, ten citizens, and a network that fails in between.

Night is what the office hours say, and what a team promises stands in the settings: both are set there and put back. Where only time
could do it, rows are moved back in the program's database: a day for the window of WhatsApp, minutes for the deadline.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import LiteralString
from zoneinfo import ZoneInfo

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect
from tests.browser import examine
from tests.conftest import Program
from tests.journeys.phones import Phone, new_phone

from buergerdraht.house import postgres

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DESK = "/o/musterstadt"
INBOX = f"{DESK}/posteingang/"
HOURS = f"{DESK}/einstellungen/zeiten/"
TELEPHONE: ViewportSize = {"width": 390, "height": 800}
READ = 1800  # ms after which words count as read
TICK = 75_000  # ms in which the minute of the timetable surely comes
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHAIN = "Achtung, bitte an alle weiterleiten: Ab morgen wird der Messenger gebührenpflichtig, wenn ihr das nicht an zwanzig Leute schickt!"
WROTE_YESTERDAY: LiteralString = """update contacts_address set last_inbound_at = last_inbound_at - interval '25 hours'
    where contact_id = (select contact_id from conversations_conversation where id = %s)"""
WAITED: LiteralString = """update conversations_conversation
    set waiting_since = waiting_since - interval '5 minutes', due_at = due_at - interval '5 minutes' where id = %s"""


@dataclass(frozen=True)
class Town:
    """Who takes part."""

    program: Program
    andrea: Page
    kemal: Page
    maria: Page  # with a telephone

    def citizen(self, kind: str, name: str) -> Phone:
        return new_phone(self.program.phones, kind, name)

    def moved_back(self, query: LiteralString, thread: int) -> None:
        """Let time have passed: move moments of a thread back."""
        with psycopg.connect(postgres.place(self.program.folder).url(), autocommit=True) as database:
            assert database.execute(query, [thread]).rowcount == 1


def test_a_day_at_the_desk(program: Program, sign_in: Callable[[str], Page]) -> None:
    town = Town(program, sign_in("andrea"), sign_in("kemal"), sign_in("maria"))
    town.maria.set_viewport_size(TELEPHONE)
    with (
        changed(town.andrea, HOURS, dict.fromkeys(DAYS, "")),
        changed(town.andrea, f"{DESK}/einstellungen/posteingang/", {"undo_seconds": "1"}),  # replies leave soon
        promised(town.andrea, "Bürgeramt"),
    ):
        someone_has_waited_for_minutes(town)
        wanda = town.citizen("whatsapp", "Wanda Waage")
        thread = it_appears_to_all(town, wanda)
        one_writes_and_the_other_takes_over(town)
        saved_answers_go_out(town, wanda)
        a_colleague_is_mentioned_and_given_the_thread(town, thread)
        maria_answers_on_her_telephone(town, wanda)
        pictures_and_voices_go_both_ways(town)
        tilo = town.citizen("telegram", "Tilo Tannhaus")
        the_network_fails_and_comes_back(town, tilo)
        a_reply_waits_for_the_citizen(town)
        chain_letters_are_set_aside(town)
        an_emergency_stands_on_top(town)
        two_threads_become_one(town)
        what_was_said_is_found(town)
        stop_in_the_middle(town, tilo)
        the_deadline_was_warned_of(town)
    at_night_citizens_hear_when_somebody_is_there(town)


# ── The settings of a day ─────────────────────────────────────────────────


@contextmanager
def changed(page: Page, place: str, values: dict[str, str]) -> Iterator[None]:
    """Change settings as an administrator does, and put them back."""
    page.goto(place)
    before = {name: page.locator(f'[name="{name}"]').input_value() for name in values}
    try:
        _fill(page, values)
        yield
    finally:
        page.goto(place)
        _fill(page, before)


def _fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.fill(f'[name="{name}"]', value)
    page.get_by_role("button", name="Speichern", exact=True).click()
    expect(page.get_by_text(re.compile(r"Gespeichert\.|Es gab nichts zu ändern\."))).to_be_visible()


@contextmanager
def promised(page: Page, team: str) -> Iterator[None]:
    """Let a team promise an answer in ten minutes and be warned of it after one."""
    place = f"{DESK}/einstellungen/posteingang/teams/"
    page.goto(place)
    row = page.locator("tbody tr", has=page.get_by_role("rowheader", name=team))
    names = [row.locator(f'[name$="{name}"]').get_attribute("name") or "" for name in ("answer_minutes", "warn_minutes")]
    with changed(page, place, dict(zip(names, ("10", "9"), strict=True))):
        yield


# ── Who answers ───────────────────────────────────────────────────────────


def it_appears_to_all(town: Town, wanda: Phone) -> str:
    """A message appears on everybody's screen; two open it. Gives the thread's address."""
    andrea, kemal, maria = town.andrea, town.kemal, town.maria
    for page in (andrea, kemal, maria):
        page.goto(f"{INBOX}?ansicht=neu")
        expect(page.locator("#liste")).to_be_visible()
    wanda.write("Wann hat das Bürgeramt am Freitag offen?")
    for page in (maria, andrea, kemal):
        expect(row(page, "Wanda Waage")).to_contain_text("Wann hat das Bürgeramt am Freitag offen?")
    for page in (andrea, kemal):
        row(page, "Wanda Waage").click()
        expect(verlauf(page)).to_contain_text("Wann hat das Bürgeramt")
        expect(page.locator("#kopf")).to_contain_text("noch bei niemandem")
    return andrea.url.split("?")[0]


def one_writes_and_the_other_takes_over(town: Town) -> None:
    """The second one's field is locked until they take it over knowingly; nobody's words are lost."""
    andrea, kemal = town.andrea, town.kemal
    andrea.locator("#antwort").press_sequentially("Guten Tag, das Bürgeramt")
    pen = kemal.locator("#stift")
    expect(pen).to_contain_text("Andrea Berger schreibt gerade eine Antwort.")
    expect(kemal.locator("#antwort")).not_to_be_editable()
    expect(kemal.locator("#antwortform .sendbtn")).to_be_disabled()
    expect(row(town.maria, "Wanda Waage")).to_contain_text("Andrea Berger antwortet")
    examine(kemal)
    pen.get_by_role("button", name="Übernehmen").click()
    expect(andrea.locator("#stift")).to_contain_text("Kemal Özdemir schreibt gerade eine Antwort.")
    expect(andrea.locator("#antwort")).not_to_be_editable()
    expect(andrea.locator("#antwort")).to_have_value("Guten Tag, das Bürgeramt")
    expect(kemal.locator("#antwort")).to_be_editable()


def saved_answers_go_out(town: Town, wanda: Phone) -> None:
    """Two texts one says often, one of them with the person's name, found by a slash."""
    kemal = town.kemal
    field = kemal.locator("#antwort")
    field.fill("")
    for word, title in (("/gruss", "Begrüßung"), ("/zeiten", "Öffnungszeiten")):
        field.press_sequentially(word)
        expect(kemal.get_by_role("option", name=re.compile(title))).to_have_attribute("aria-selected", "true")
        if word == "/gruss":
            examine(kemal)
        field.press("Enter")
    expect(field).to_have_value(re.compile(r"Wanda Waage.*freitags bis 12\.30 Uhr", re.DOTALL))
    send(kemal)
    assert "Wanda Waage" in wanda.shows("freitags bis 12.30 Uhr")["text"]
    expect(verlauf(town.andrea)).to_contain_text("freitags bis 12.30 Uhr")


def a_colleague_is_mentioned_and_given_the_thread(town: Town, thread: str) -> None:
    kemal, maria = town.kemal, town.maria
    rung = bell_count(maria)
    kemal.get_by_label("Interne Notiz", exact=True).check()
    field = kemal.locator("#antwort")
    field.press_sequentially("@Mar")
    kemal.get_by_role("option", name=re.compile("Maria Nowak")).click()
    field.press_sequentially(" kannst du das weiter übernehmen?")
    kemal.get_by_role("button", name="Notiz speichern").click()
    expect(verlauf(kemal).locator(".msg--note").last).to_contain_text("kannst du das weiter übernehmen?")
    maria.wait_for_function("known => Number(document.querySelector('#glocke .count').textContent) > known", arg=rung)
    kemal.get_by_role("button", name="Unterhaltung übergeben").click()
    examine(kemal)
    kemal.select_option("#an", label="Maria Nowak")
    kemal.locator("#uebergabe").get_by_role("button", name="Übergeben").click()
    expect(kemal.locator("#kopf")).to_contain_text("bei Maria Nowak")
    expect(kemal.locator("#kopf")).to_contain_text("Maria Nowak kümmert sich darum.")
    expect(town.andrea.locator("#kopf")).to_contain_text("bei Maria Nowak")
    maria.locator("#glocke").click()
    lines = maria.locator("#hinweisliste .bell__line", has_text="Wanda Waage")
    expect(lines.filter(has_text="Kemal Özdemir hat Ihnen die Unterhaltung zugewiesen")).to_be_visible()
    mentioned = lines.filter(has_text="Kemal Özdemir hat Sie in einer Notiz erwähnt")
    examine(maria)
    maria.set_viewport_size(TELEPHONE)
    mentioned.click()
    maria.wait_for_url(re.compile(re.escape(thread)))


def maria_answers_on_her_telephone(town: Town, wanda: Phone) -> None:
    maria = town.maria
    expect(maria.locator("#kopf")).to_contain_text("bei Ihnen")
    expect(verlauf(maria)).to_contain_text("kannst du das weiter übernehmen?")
    wanda.write("Danke, und am Samstag?")
    expect(verlauf(maria)).to_contain_text("Danke, und am Samstag?")
    maria.fill("#antwort", "Samstags ist leider geschlossen.")
    maria.wait_for_timeout(READ)
    send(maria)
    wanda.shows("Samstags ist leider geschlossen.")
    assert not [each for each in wanda.received() if "kannst du das" in each.get("text", "")]
    examine(maria)
    maria.set_viewport_size(TELEPHONE)
    maria.get_by_role("button", name="Erledigt", exact=True).click()
    expect(maria.locator("#kopf")).to_contain_text("erledigt")
    maria.locator('[data-key="back"]').click()
    expect(maria.locator("#liste")).to_be_visible()
    expect(row(maria, "Wanda Waage")).to_have_count(0)


# ── What is sent ──────────────────────────────────────────────────────────


def pictures_and_voices_go_both_ways(town: Town) -> None:
    andrea, fina = town.andrea, town.citizen("whatsapp", "Fina Fernblick")
    fina.photo("So sieht es hier aus. Ist das so geplant?")  # a question, so it is for people
    fina.voice()
    open_thread(andrea, "Fina Fernblick")
    thread = verlauf(andrea)
    expect(thread.locator("img[alt*='Fina Fernblick']")).to_be_visible()
    expect(thread.get_by_role("group", name=re.compile("Sprachnachricht von Fina Fernblick"))).to_be_visible()
    examine(andrea)
    thread.locator("a[data-picture]").click()
    expect(andrea.get_by_role("dialog", name=re.compile("Bild"))).to_be_visible()
    andrea.keyboard.press("Escape")
    andrea.set_input_files("#datei", {"name": "karte.png", "mimeType": "image/png", "buffer": plan()})
    andrea.locator("#anhaenge input").fill("Lageplan mit der Baustelle")
    andrea.fill("#antwort", "Hier ist der Plan.")
    andrea.wait_for_timeout(READ)
    send(andrea)
    assert fina.shows("Hier ist der Plan.")["media"]["kind"] == "image"
    andrea.locator("#aufnahme").click()
    andrea.wait_for_timeout(1500)
    andrea.locator("#aufnahme").click()
    expect(andrea.locator("#anhaenge li")).to_have_count(1)
    send(andrea)
    fina.sees(lambda bubble: (bubble.get("media") or {}).get("kind") in {"voice", "audio"}, "a voice message")
    expect(thread.get_by_role("group", name=re.compile("Sprachnachricht von Andrea Berger"))).to_be_visible()


def plan() -> bytes:
    """A picture of a plan, as far as a grey area is one."""
    made = BytesIO()
    Image.new("RGB", (320, 200), (200, 205, 210)).save(made, "PNG")
    return made.getvalue()


def the_network_fails_and_comes_back(town: Town, tilo: Phone) -> None:
    """What happens meanwhile is there afterwards without a reload; what was sent into the gap goes out once."""
    andrea, kemal = town.andrea, town.kemal
    tilo.write("Ist der Wertstoffhof morgen offen?")
    open_thread(kemal, "Tilo Tannhaus")
    kemal.evaluate("() => { window.untouched = true; }")
    kemal.wait_for_timeout(READ)
    kemal.context.set_offline(True)
    kemal.fill("#antwort", "Ja, von 8 bis 16 Uhr.")
    kemal.get_by_role("button", name="Senden", exact=True).click()
    expect(kemal.locator("#antwort-fehler")).to_contain_text("Keine Verbindung. Ihr Text ist noch da")
    tilo.edit("Ist der Wertstoffhof morgen offen?", "Ist der Wertstoffhof am Montag offen?")
    tilo.write("Und was kostet Bauschutt?")
    expect(row(andrea, "Tilo Tannhaus")).to_contain_text("Und was kostet Bauschutt?")
    expect(verlauf(kemal)).not_to_contain_text("Bauschutt")
    kemal.context.set_offline(False)
    expect(verlauf(kemal)).to_contain_text("Und was kostet Bauschutt?")
    expect(verlauf(kemal)).to_contain_text("Ist der Wertstoffhof am Montag offen?")
    expect(kemal.locator("#antwort")).to_have_value("Ja, von 8 bis 16 Uhr.")
    kemal.wait_for_timeout(READ)
    send(kemal)
    tilo.shows("Ja, von 8 bis 16 Uhr.")
    assert kemal.evaluate("() => window.untouched")
    assert len([each for each in tilo.received() if "Ja, von 8 bis 16 Uhr." in each.get("text", "")]) == 1


def a_reply_waits_for_the_citizen(town: Town) -> None:
    """A day later the window is closed: a template goes out, the reply follows by itself when the citizen answers."""
    andrea, paul = town.andrea, town.citizen("whatsapp", "Paul Parkmann")
    paul.write("Wann wird unsere Straße gekehrt?")
    number = open_thread(andrea, "Paul Parkmann")
    town.moved_back(WROTE_YESTERDAY, number)
    andrea.reload()
    field = andrea.locator("#antwortfeld")
    expect(field).to_contain_text("Das Antwortfenster ist geschlossen.")
    andrea.locator("#vorlagenfelder input").first.fill("Ihre Frage zur Straßenreinigung")
    andrea.fill("#antwort", "Am Donnerstag, bitte lassen Sie die Straße frei.")
    andrea.wait_for_timeout(READ)
    examine(andrea)
    field.get_by_role("button", name="Vorlage senden").first.click()
    expect(field).to_contain_text("Eine Antwort wartet.")
    expect(verlauf(andrea).locator(".msg--parked")).to_contain_text("wartet, geht hinaus, sobald die Person antwortet")
    paul.shows("Ihre Frage zur Straßenreinigung")
    assert not [each for each in paul.received() if "Am Donnerstag" in each.get("text", "")]
    examine(andrea)
    paul.write("Ja, bitte!")
    paul.shows("Am Donnerstag, bitte lassen Sie die Straße frei.")
    expect(verlauf(andrea).locator(".msg--parked")).to_have_count(0)
    expect(verlauf(andrea)).to_contain_text("Am Donnerstag, bitte lassen Sie die Straße frei.")
    expect(field).not_to_contain_text("Eine Antwort wartet.")
    expect(field).to_contain_text("Antwortfenster noch 23 Std.")


# ── Care ──────────────────────────────────────────────────────────────────


def chain_letters_are_set_aside(town: Town) -> None:
    """What three people send alike lies aside; nobody answered, and nobody's list of what is new was filled."""
    andrea, names = town.andrea, ("Karla Kettner", "Kuno Kettner", "Kira Kettner")
    phones = [town.citizen(kind, name) for kind, name in zip(("whatsapp", "telegram", "whatsapp"), names, strict=True)]
    andrea.goto(f"{INBOX}?ansicht=neu")
    for name, phone in zip(names, phones, strict=True):  # one after the other: what several hands write down at once is counted after it
        for before in names[: names.index(name)]:
            expect(row(andrea, before)).to_have_count(1)
        phone.write(CHAIN)
    andrea.goto(f"{INBOX}?ansicht=beiseite")
    for name in names:
        expect(row(andrea, name)).to_contain_text("Kettenbrief")
    row(andrea, "Kira Kettner").click()
    expect(andrea.locator("#kopf")).to_contain_text("Beiseitegelegt: Kettenbrief.")
    examine(andrea)
    andrea.goto(f"{INBOX}?ansicht=neu")
    for name in names:
        expect(row(andrea, name)).to_have_count(0)
    assert not all(phone.received() for phone in phones)  # the copy that told was not even greeted


def an_emergency_stands_on_top(town: Town) -> None:
    """Whoever calls for help is told 110 and 112 at once, and stands above everything that is no emergency."""
    maria, gero = town.maria, town.citizen("telegram", "Gero Gasner")
    maria.goto(f"{INBOX}?ansicht=neu")
    gero.write("Hilfe, es brennt bei uns im Treppenhaus!")
    assert "110" in gero.shows("112")["text"]
    expect(row(maria, "Gero Gasner")).to_contain_text("Notfall")
    urgent = maria.locator("#zeilen .conv").evaluate_all("rows => rows.map(row => row.classList.contains('is-urgent'))")
    assert urgent == sorted(urgent, reverse=True)
    maria.locator("#glocke").click()
    told = maria.locator("#hinweisliste .bell__line", has_text="Gero Gasner").filter(has_text="Klingt nach einem Notfall")
    told.click()
    expect(maria.locator("#th")).to_contain_text("Gero Gasner")
    expect(maria.locator("#kopf")).to_contain_text("Die Antwort mit 110 und 112 ging sofort hinaus")
    examine(maria)
    maria.set_viewport_size(TELEPHONE)
    maria.get_by_role("button", name="Entwarnung").click()
    expect(maria.locator("#kopf .careline")).to_have_count(0)


# ── Several ways, old words, an end ───────────────────────────────────────


def two_threads_become_one(town: Town) -> None:
    """Both are seen beside each other before; afterwards the answer goes to where she wrote last."""
    andrea, kemal = town.andrea, town.kemal
    first, second = town.citizen("whatsapp", "Zora Zweifach"), town.citizen("telegram", "Zora Zweifach-Telegram")
    first.write("Ich ziehe um, was muss ich tun?")
    time.sleep(1.1)  # Telegram tells whole seconds
    second.write("Hier noch einmal wegen des Umzugs, über Telegram.")
    other = open_thread(kemal, "Zora Zweifach-Telegram")
    open_thread(andrea, "Zora Zweifach")
    andrea.locator('[data-key="more"]').click()
    andrea.get_by_role("link", name="Zusammenführen").click()
    dialog = andrea.get_by_role("dialog")
    dialog.get_by_label("Name oder vollständige Nummer").fill("Zora Zweifach-Telegram")
    dialog.get_by_role("button", name="Suchen").click()
    dialog.locator(".hold__hit").first.click()
    expect(dialog).to_contain_text("Ist das dieselbe Person?")
    for words in ("Ich ziehe um, was muss ich tun?", "Hier noch einmal wegen des Umzugs, über Telegram."):
        expect(dialog).to_contain_text(words)
    examine(andrea)
    dialog.get_by_role("button", name="Zusammenführen").click()
    for words in ("Ich ziehe um, was muss ich tun?", "Hier noch einmal wegen des Umzugs, über Telegram."):
        expect(verlauf(andrea)).to_contain_text(words)
    kemal.wait_for_url(lambda url: f"/{other}/" not in url)  # what stood open there is gone
    expect(andrea.locator("#adresse option:checked")).to_contain_text("Telegram")  # where she wrote last
    andrea.fill("#antwort", "Bringen Sie den Ausweis und die Bestätigung des Vermieters mit.")
    andrea.wait_for_timeout(READ)
    send(andrea)
    second.shows("Bestätigung des Vermieters")
    assert not [each for each in first.received() if "Vermieters" in each.get("text", "")]


def what_was_said_is_found(town: Town) -> None:
    """By words, in whatever state the thread is; it opens where they were said."""
    kemal = town.kemal
    kemal.goto(f"{INBOX}?ansicht=neu")
    kemal.fill("#suche", "Wertstoffhof Montag")
    found = row(kemal, "Tilo Tannhaus")
    expect(found).to_contain_text("Ist der Wertstoffhof am Montag offen?")
    examine(kemal)
    found.click()
    expect(verlauf(kemal).locator(".is-found")).to_contain_text("Wertstoffhof am Montag")


def stop_in_the_middle(town: Town, tilo: Phone) -> None:
    """Whoever says STOP while an answer is being written hears the farewell; the operator sees it, and loses no word."""
    kemal = town.kemal
    kemal.fill("#antwort", "Bauschutt kostet 12 Euro.")
    tilo.write("STOPP")
    tilo.shows("abgemeldet")
    expect(verlauf(kemal)).to_contain_text("STOPP")
    expect(verlauf(kemal)).to_contain_text("Sie sind abgemeldet")
    expect(kemal.locator("#angaben")).to_contain_text("hat sich abgemeldet")
    expect(kemal.locator("#antwort")).to_have_value("Bauschutt kostet 12 Euro.")
    examine(kemal)


# ── Time passes ───────────────────────────────────────────────────────────


def someone_has_waited_for_minutes(town: Town) -> None:
    """A question for a team that promises an answer in ten minutes, asked five minutes ago."""
    andrea = town.andrea
    town.citizen("whatsapp", "Sina Saumnis").write("Ich brauche einen neuen Personalausweis, was kostet das?")
    andrea.goto(f"{INBOX}?ansicht=alle")
    asked = row(andrea, "Sina Saumnis")
    expect(asked).to_contain_text("Bürgeramt")
    town.moved_back(WAITED, int(asked.get_attribute("data-number") or 0))


def the_deadline_was_warned_of(town: Town) -> None:
    """The team's bell said so while there was still time."""
    maria = town.maria
    maria.goto(f"{INBOX}?ansicht=alle")
    expect(row(maria, "Sina Saumnis")).to_contain_text("Frist")
    maria.locator("#glocke").click()
    line = maria.locator("#hinweisliste .bell__line", has_text="Sina Saumnis")
    expect(line.filter(has_text="Die Antwort wird bald fällig")).to_be_visible(timeout=TICK)
    expect(row(maria, "Sina Saumnis").locator(".conv__soon")).to_be_visible()  # not overdue yet


def at_night_citizens_hear_when_somebody_is_there(town: Town) -> None:
    """It is night where the office opens in six hours. Operators see the question all the same."""
    opens = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(hours=6)
    hours = dict.fromkeys(DAYS, f"{opens:%H}:00–{opens:%H}:45")
    with changed(town.andrea, HOURS, hours):
        nora = town.citizen("whatsapp", "Nora Nachtigall")
        nora.write("Ist noch jemand da?")
        away = nora.shows(f"{opens:%H}:00 Uhr")["text"]
        open_thread(town.andrea, "Nora Nachtigall")
        expect(verlauf(town.andrea)).to_contain_text("Ist noch jemand da?")
        expect(verlauf(town.andrea).locator(".msg--bot")).to_contain_text(away.splitlines()[0])


# ── What every step uses ──────────────────────────────────────────────────


def row(page: Page, name: str) -> Locator:
    return page.locator("#zeilen .conv", has=page.locator(".conv__who", has_text=re.compile(rf"{re.escape(name)}\s*$")))


def verlauf(page: Page) -> Locator:
    return page.locator("#verlauf")


def send(page: Page) -> None:
    page.get_by_role("button", name="Senden", exact=True).click()
    expect(page.locator("#antwort")).to_have_value("")


def bell_count(page: Page) -> int:
    """How many notices the bell shows."""
    return int(page.locator("#glocke .count").text_content() or 0)


def open_thread(page: Page, name: str) -> int:
    """Find somebody in the list of all and open their thread; its number."""
    page.goto(f"{INBOX}?ansicht=alle")
    row(page, name).first.click()
    page.wait_for_url(re.compile(r"/posteingang/\d+/"))
    expect(page.locator("#th")).to_contain_text(name)
    return int(re.findall(r"/posteingang/(\d+)/", page.url)[0])
