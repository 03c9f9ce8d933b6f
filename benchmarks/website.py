"""Public pages through the product's own port, as a link in a crisis brings them: one web process, the readers in another, two cores.

Yardstick: the same process's `/healthz`, which asks nothing of anybody. Beside it: the same pages made by Django each time.
"""

from __future__ import annotations

import json

from benchmarks.stage import Stage
from benchmarks.table import Line, Options, judged, median
from benchmarks.town import organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.contacts.models import Topic
from buergerdraht.website import publishing
from buergerdraht.website.models import Look

PART = "website"
LEAST = 2000.0  # pages a second
CONNECTIONS = 64
TEXT = "Der Wochenmarkt zieht um. Ab Samstag finden Sie die Stände auf dem **Rathausplatz**, wie immer von 8 bis 13 Uhr. " * 6


def measure(options: Options) -> list[Line]:
    seconds, rounds = (1.0 if options.quick else 10.0), options.repeats()
    with Stage(pattern="website", prepare=lambda: fill(options.size(500, 20))) as place:
        place.web()
        home = "/p/messung/"
        pages = [home, f"{home}abo", f"{home}nachrichten/", f"{home}impressum", f"{home}nachrichten/feed.atom"]
        wishes = {"host": "127.0.0.1", "port": place.port, "seconds": seconds, "connections": CONNECTIONS}
        bare = [_asked(place, wishes | {"paths": ["/healthz"]}) for _ in range(rounds)]
        kept = [_asked(place, wishes | {"paths": pages}) for _ in range(rounds)]
        each = [f"{home}nachrichten/?worte=Markt{number}" for number in range(200)]  # a search is never kept
        made = [_asked(place, wishes | {"paths": each, "seconds": min(seconds, 5.0)}) for _ in range(rounds)]
    plain = median([found["rate"] for found in bare])
    rate, slow = median([found["rate"] for found in kept]), median([found["rate"] for found in made])
    wait = median([found["p99"] for found in kept]) * 1000
    note = f"p99 {wait:.0f} ms, {CONNECTIONS} Verbindungen, ein Web-Prozess"
    line = judged(Line(PART, "öffentliche Seiten aus dem Speicher", rate, "Seiten/s", plain, budget="≥ 2.000/s", note=note), rate >= LEAST)
    return [line, Line(PART, "Suche im Archiv, jedes Mal von Django gemacht", slow, "Seiten/s", note=f"{len(each)} verschiedene")]


def _asked(place: Stage, wishes: dict[str, object]) -> dict[str, float]:
    found = place.ask("benchmarks.readers", json.dumps(wishes))
    if found["ok"] != found["answered"]:
        raise RuntimeError(f"Nicht jede Antwort war eine Seite: {found['statuses']}")
    return found


def fill(rows: int) -> None:
    """An authority with topics, colours and messages of two languages."""
    owner = organisation()
    topics = [
        Topic.objects.create(organisation=owner, key=f"thema-{number}", title={"de": f"Thema {number}", "en": f"Topic {number}"})
        for number in range(6)
    ]
    Look.objects.create(organisation=owner, facts={"street": "Rathausplatz 1", "city": "12345 Musterstadt"})
    for number in range(rows):
        said = {"title": f"Meldung Nummer {number}", "text": TEXT}
        audience = {"topics": [topics[number % 6].pk]}
        publishing.publish(
            Broadcast.objects.create(organisation=owner, title="Meldung", versions={"de": said, "en": said}, audience=audience)
        )
