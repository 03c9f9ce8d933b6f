"""The main pages of the console on 100,000 contacts and 1,000,000 messages, one operator, each page 30 times in turn.

Yardstick: the sign-in page, which asks the database for nothing of ours.
"""

from __future__ import annotations

from benchmarks.filled import signed_in, stage
from benchmarks.pages import Browser, Page
from benchmarks.stage import value
from benchmarks.table import Line, Options, judged, median, percentile

MOST = 200.0  # ms
SIGN_IN = Page("Anmeldung", "/konto/anmelden/")


def measure(options: Options) -> list[Line]:
    people = options.size(100_000, 2_000)
    times = 3 if options.quick else 30
    with stage(people) as place:
        place.web()
        browser, stranger = Browser(place.port, signed_in()), Browser(place.port, {})
        pages = _pages()
        for page in pages:
            browser.ask(page)
            stranger.ask(SIGN_IN)
        found: dict[str, list[float]] = {page.name: [] for page in (*pages, SIGN_IN)}
        for _ in range(times):
            for page in pages:
                found[page.name].append(browser.ask(page) * 1000)
            found[SIGN_IN.name].append(stranger.ask(SIGN_IN) * 1000)
    plain = percentile(found.pop(SIGN_IN.name), 0.95)
    return [_line(name, taken, plain) for name, taken in found.items()]


def _line(name: str, taken: list[float], plain: float) -> Line:
    p95 = percentile(taken, 0.95)
    return judged(Line("console", f"{name}, p95", p95, "ms", plain, budget="≤ 200 ms", note=f"Mitte {median(taken):.0f} ms"), p95 <= MOST)


def _pages() -> list[Page]:
    desk = "/o/messung"
    thread = value("select id from conversations_conversation where state = 'open' order by id limit 1")
    contact = value("select max(id) from contacts_contact")
    sent = value("select max(id) from broadcasts_broadcast")
    channel = value("select min(id) from gateway_channel")
    return [
        Page("Heute", f"{desk}/"),
        Page("Posteingang", f"{desk}/posteingang/"),
        Page("Posteingang, alle erledigten", f"{desk}/posteingang/?ansicht=erledigt"),
        Page("Unterhaltung", f"{desk}/posteingang/{thread}/"),
        Page("Kontakte", f"{desk}/kontakte/"),
        Page("Kontakte, nach Namen", f"{desk}/kontakte/", {"q": "Emine Çelik"}),
        Page("Kontakt", f"{desk}/kontakte/{contact}/"),
        Page("Rundnachrichten", f"{desk}/rundnachrichten/"),
        Page("Rundnachricht mit Ergebnis", f"{desk}/rundnachrichten/{sent}/"),
        Page("Kanäle", f"{desk}/einstellungen/kanaele/"),
        Page("Kanal", f"{desk}/einstellungen/kanaele/{channel}/"),
        Page("Zustellung", f"{desk}/zustellung/"),
        Page("Protokoll", f"{desk}/einstellungen/protokoll/"),
    ]
