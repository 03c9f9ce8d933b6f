"""How fast letters enter the outbox, beside a bare COPY of rows of the same size."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection

from benchmarks.stage import Stage
from benchmarks.table import Line, Options, compare, median
from benchmarks.town import NEWS, channels, organisation
from buergerdraht.accounts import vault
from buergerdraht.gateway import outbox

YARDSTICK = "create temporary table yardstick (id bigserial, address bytea, hash bytea, content bigint, purpose text)"


def measure(options: Options) -> list[Line]:
    rows = options.size(20_000, 2_000)
    with Stage():
        owner = organisation()
        channel = channels(owner, 1, "")[0]
        stored = outbox.store(owner, NEWS)
        sealed, hashed = vault.encrypt("+491510000001"), vault.lookup(owner.pk, "+491510000001")
        letters = [outbox.Letter(channel.pk, sealed, hashed, stored.pk, "newsletter") for _ in range(rows)]
        with connection.cursor() as cursor:
            cursor.execute(YARDSTICK)
        ours, bare = [], []
        for _ in range(options.repeats()):
            ours.append(rows / seconds(lambda: outbox.put_many(letters)))
            bare.append(rows / seconds(lambda: _copy(rows, (sealed, hashed, stored.pk, "newsletter"))))
    return [compare(Line("outbox", "Briefe in den Ausgang legen", median(ours), "Zeilen/s", median(bare), note="Maßstab: bloßes COPY"))]


def _copy(rows: int, row: tuple[object, ...]) -> None:
    with connection.cursor() as cursor, cursor.copy("copy yardstick (address, hash, content, purpose) from stdin") as copy:
        for _ in range(rows):
            copy.write_row(row)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
