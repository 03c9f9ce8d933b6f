"""Search in the conversations' messages and names, as the inbox does it, on 1,000,000 messages.

Yardstick: the same words asked of the text index alone, by SQL, for one page of conversations.
"""

from __future__ import annotations

import time

from benchmarks.filled import signed_in, stage
from benchmarks.pages import Browser, Page
from benchmarks.stage import value
from benchmarks.table import Line, Options, judged, percentile

MOST = 200.0  # ms: a search is a page of the console
ASKED = {
    "ein Wort, das niemand sagt": "Giraffengehege",
    "ein seltenes Wort": "Nashornausstellung",
    "ein häufiges Wort": "Ausweis",
    "zwei Wörter": "Müll Termin",
    "der Anfang eines Worts": "Öffnungsz",
    "ein Name": "Greta Jäger",
}
BARE = """
select count(*) from (select distinct conversation_id from conversations_message
where to_tsvector('simple', coalesce(text, '')) @@ to_tsquery('simple', %s) limit 50) found
"""


def measure(options: Options) -> list[Line]:
    people = options.size(100_000, 2_000)
    times = 3 if options.quick else 30
    lines = []
    with stage(people) as place:
        place.web()
        browser = Browser(place.port, signed_in())
        for name, words in ASKED.items():
            page = Page(name, "/o/messung/posteingang/liste/", {"suche": words, "ansicht": "alle"})
            browser.ask(page)
            taken, bare = [], []
            for _ in range(times):
                taken.append(browser.ask(page) * 1000)
                bare.append(_bare(words))
            p95 = percentile(taken, 0.95)
            line = Line("search", f"{name}, p95", p95, "ms", percentile(bare, 0.95), budget="≤ 200 ms")
            lines.append(judged(line, p95 <= MOST))
    return lines


def _bare(words: str) -> float:
    began = time.perf_counter()
    value(BARE, " & ".join(f"{word}:*" for word in words.split()))
    return (time.perf_counter() - began) * 1000
