"""The pages of cases in an authority with 200,000 of them: list with filters, search, board, map, figures; each asked in turn.

The places lie as people live: most of them in few spots. Yardstick: the bare database, one indexed page of the newest cases by SQL.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from benchmarks.filled import signed_in
from benchmarks.pages import Browser, Page
from benchmarks.stage import Stage, run, value
from benchmarks.table import Line, Options, judged, median, percentile
from benchmarks.town import organisation
from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role, Team
from buergerdraht.cases import categories
from buergerdraht.cases.models import Category, Ground
from buergerdraht.contacts.models import District

MOST = 300.0  # ms
PART = "cases"
OPEN_EACH = 12  # one in so many is still open
SPOTS = 400  # where most things happen
WORDS = """Schlagloch Laterne Müll Sofa Ast Gehweg Radweg Ampel Spielplatz Glasscherben Bank Gully Graffiti Parkplatz Baustelle Schild
kaputt dunkel gefährlich seit gestern Wochen neben vor hinter Schule Kirche Bäckerei Haltestelle bitte beheben"""
RARE = "Nashornausstellung"
COLUMNS = """organisation_id, number, category_id, confidential, state, priority, text, answers, public, public_text, place, latitude,
longitude, district_id, team_id, operator_id, due_at, warn_at, origin, reporter, received_at, answered_at, done_at, changed_at, emptied,
released_at"""
BARE = """
select number, state, place, received_at from cases_case where organisation_id = %s
order by received_at desc, id desc limit 50
"""
FOLLOW_UPS = """
insert into cases_entry (case_id, what, data, text, told, at)
select id, 'moved', '{"from": "received", "to": "progress"}'::jsonb, '', '', received_at from cases_case
union all
select id, 'moved', '{"from": "done", "to": "progress"}'::jsonb, '', '', received_at from cases_case where id %% 40 = 0
"""


@dataclass(frozen=True)
class Town:
    """What cases lie in."""

    owner: Organisation
    categories: list[Category]
    districts: list[int]
    teams: list[int]
    me: int


def measure(options: Options) -> list[Line]:
    rows, times = options.size(200_000, 2_000), 3 if options.quick else 30
    with Stage(pattern=f"cases {rows}", prepare=lambda: fill(rows)) as place:
        place.web()
        browser = Browser(place.port, signed_in())
        pages = _pages()
        for page in pages:
            browser.ask(page)
        found: dict[str, list[float]] = {page.name: [] for page in pages}
        bare = []
        for _ in range(times):
            for page in pages:
                found[page.name].append(browser.ask(page) * 1000)
            bare.append(_bare())
    plain = percentile(bare, 0.95)
    return [_line(name, taken, plain) for name, taken in found.items()]


def _line(name: str, taken: list[float], plain: float) -> Line:
    p95 = percentile(taken, 0.95)
    line = Line(PART, f"{name}, p95", p95, "ms", plain, budget="≤ 300 ms", note=f"Mitte {median(taken):.0f} ms")
    return judged(line, p95 <= MOST)


def _bare() -> float:
    owner = value("select min(id) from accounts_organisation")
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(BARE, [owner])
        cursor.fetchall()
    return (time.perf_counter() - began) * 1000


def _pages() -> list[Page]:
    here = "/o/messung/anliegen/"
    team, district, number = (
        value(f"select {column}({what}) from {table}")  # noqa: S608 - our own names
        for column, what, table in (("min", "id", "accounts_team"), ("min", "id", "contacts_district"), ("max", "number", "cases_case"))
    )
    asked = {
        "Liste": "", "Liste, alle": "?stand=alle", "Liste, abgeschlossene": "?stand=abgeschlossen", "Liste, Kategorie": "?kategorie=road",
        "Liste, Team und Ortsteil": f"?team={team}&ortsteil={district}", "Liste, meine": "?wer=meine",
        "Liste, überfällig nach Frist": "?frist=ueberfaellig&sortierung=frist", "Liste, hohe Priorität, alle": "?stand=alle&prio=3",
        "Liste, alle nach Frist": "?stand=alle&sortierung=frist",
        "Liste, zuletzt geändert": "?stand=alle&sortierung=geaendert", "Liste, ein Monat": "?stand=alle&von=2026-03-01&bis=2026-03-31",
        "Liste, nichts passt": "?stand=confirmed&prio=1&herkunft=open311&oeffentlich=withdrawn",
        "Suche, häufiges Wort": "?stand=alle&worte=Schlagloch", "Suche, seltenes Wort": f"?stand=alle&worte={RARE}",
        "Suche, zwei Anfänge": "?stand=alle&worte=Latern+Schul", "Suche, Nummer": f"?worte={number}", "Tafel": "tafel/",
    }  # fmt: skip
    return [Page(name, f"{here}{query}") for name, query in asked.items()] + _maps()


def _maps() -> list[Page]:
    """What the map fetches: points of the whole town, of a street, where how many are, and the list beside it."""
    here, town, street = "/o/messung/anliegen/karte/", "bbox=6.9,50.9,7.3,51.3&zoom=11", "bbox=7.1,51.1,7.11,51.105&zoom=16"
    return [
        Page("Karte, ganze Stadt, offene", f"{here}punkte/?{town}"),
        Page("Karte, ganze Stadt, alle", f"{here}punkte/?{town}&stand=alle"),
        Page("Karte, eine Straße, alle", f"{here}punkte/?{street}&stand=alle"),
        Page("Karte, Dichte, alle", f"{here}dichte/?{town}&stand=alle"),
        Page("Karte, Liste daneben", f"{here}liste/?{town}"),
    ]


# ── The town ──────────────────────────────────────────────────────────────


def fill(rows: int) -> None:
    """Write an authority with so many cases of five years by COPY."""
    owner = organisation()
    Ground.objects.create(organisation=owner, latitude=51.1, longitude=7.1)
    categories.put(owner, categories.offered(), operator=None)
    operator = Operator.objects.create_user("messung@musterstadt.example", None, name="Maria Messung")
    join(owner, operator, [Role.ADMINISTRATOR.value, Role.AGENT.value])
    teams = [Team.objects.create(organisation=owner, name=f"Team {number}").pk for number in range(12)]
    districts = [District.objects.create(organisation=owner, name=f"Ortsteil {number}").pk for number in range(20)]
    town = Town(owner, list(Category.objects.filter(organisation=owner)), districts, teams, operator.pk)
    _cases(town, rows)
    run(FOLLOW_UPS)
    run("vacuum analyze cases_case, cases_entry")


def _cases(town: Town, rows: int) -> None:
    chance = random.Random(11)
    spots = [(51.0 + chance.random() * 0.2, 7.0 + chance.random() * 0.2) for _ in range(SPOTS)]
    now = datetime.now(UTC)
    with connection.cursor() as cursor, cursor.copy(f"copy cases_case ({COLUMNS}) from stdin") as copy:
        for number in range(rows):
            received = now - timedelta(days=5 * 365) * (1 - (number + chance.random()) / rows)
            copy.write_row(_row(town, number, received, chance.choice(spots), chance, now, rows))


def _row(
    town: Town, number: int, at: datetime, spot: tuple[float, float], chance: random.Random, now: datetime, rows: int
) -> tuple[object, ...]:
    category = chance.choice(town.categories)
    hidden = category.visibility == "confidential"
    open_ = chance.randrange(OPEN_EACH) == 0 or now - at < timedelta(days=7)
    state = chance.choice(["received", "confirmed", "progress", "waiting"] if open_ else ["done", "done", "done", "rejected"])
    due = at + timedelta(days=chance.randint(2, 30))
    done = None if open_ else min(at + timedelta(hours=chance.expovariate(1 / 120)), now)
    released = not hidden and chance.random() < 0.5
    words = chance.choices(WORDS.split(), k=chance.randint(4, 25)) + ([RARE] if number == rows // 3 else [])
    north, east = (side + chance.gauss(0, 0.002) for side in spot)
    return (
        town.owner.pk, f"{at.year}-{number:06}", category.pk, hidden, state, chance.choice([1, 2, 2, 2, 2, 2, 3]), " ".join(words), "{}",
        "released" if released else "hidden", "Text" if released else "", f"Musterweg {number % 300}", north, east,
        chance.choice(town.districts), chance.choice(town.teams), town.me if chance.random() < 0.02 else None, due,
        at + (due - at) * 3 / 4, chance.choice(["chat", "chat", "web", "operator"]), "", at,
        None if state == "received" else min(at + timedelta(hours=chance.expovariate(1 / 20)), now), done, done or at, False,
        at if released else None,
    )  # fmt: skip
