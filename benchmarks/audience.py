"""Who a broadcast goes to: counted as the composer does, and frozen with the rows made, no sending beside it.

Yardstick of counting: a bare count of the topic's subscriptions. Of the rows: as many bare rows with an index of their own, one INSERT.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.machine import spent
from benchmarks.population import broadcast, settle
from benchmarks.stage import Stage, run, value
from benchmarks.table import Line, Options, compare, judged, median
from benchmarks.town import channels, organisation
from buergerdraht.broadcasts import sending
from buergerdraht.contacts import audience

WHOLE = 1_000_000  # the budget speaks of so many
YARDSTICK = (
    "create table yardstick_letter (id bigserial primary key, channel bigint, address bytea, hash bytea, state text, at timestamptz)"
)
INSERT = """
insert into yardstick_letter (channel, address, hash, state, at)
select channel_id, address, address_hash, 'queued', now() from contacts_address order by id
"""


def measure(options: Options) -> list[Line]:
    people = options.size(1_000_000, 20_000)
    with Stage() as stage:
        owner = organisation()
        made = channels(owner, 20, "", state="paused")
        topic = settle(owner, made, people, {"alle": people})["alle"]
        wish = {"topics": [topic.pk]}
        counted, bare = [], []
        for _ in range(options.repeats()):
            counted.append(_seconds(lambda: _counted(owner, wish, people)))
            bare.append(_seconds(lambda: value("select count(*) from contacts_subscription where topic_id = %s", topic.pk)))
        run(YARDSTICK)
        run("create index on yardstick_letter (channel, id) where state = 'queued'")
        rows = _seconds(lambda: run(INSERT))
        row = broadcast(owner, topic)
        watch = stage.look()
        before = watch.taken() | {"hier": time.process_time()}
        frozen = _seconds(lambda: sending.start(row))
        queued = _seconds(lambda: _queue(people))
        taken = spent(before, watch.taken() | {"hier": time.process_time()})
    name = f"{people:,} Personen".replace(",", ".")
    limit = 30.0
    note = f"Kanäle angehalten; CPU: {taken['hier']:.1f} s hier, {taken['postgres']:.1f} s PostgreSQL"
    return [
        compare(Line("audience", f"zählen, {name}", median(counted), "s", median(bare))),
        compare(Line("audience", f"festhalten, {name}", frozen, "s", rows)),
        judged(
            Line("audience", f"festhalten und einreihen, {name}", frozen + queued, "s", rows, budget="≤ 30 s", note=note),
            frozen + queued <= limit if people >= WHOLE else None,
        ),
    ]


def _counted(owner: object, wish: dict[str, list[int]], people: int) -> None:
    total = audience.count(owner, wish).total  # type: ignore[arg-type]
    if total != people:
        raise RuntimeError(f"Gezählt wurden {total} statt {people}.")


def _queue(people: int) -> None:
    sending.round_of_all()
    queued = value("select count(*) from gateway_outbound where state = 'queued'")
    if queued != people:
        raise RuntimeError(f"Eingereiht wurden {queued} statt {people}.")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
