"""How fast letters enter the outbox, beside a bare COPY of rows of the same size in the same run: `make bench`.

Makes its rows in a transaction that is rolled back, on the database of DATABASE_URL or the embedded one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection, transaction

from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel

ROWS, ROUNDS = 20_000, 3


class Undone(Exception):
    """Leaves the transaction without a trace."""


def main() -> None:
    try:
        with transaction.atomic():
            _measure()
            raise Undone
    except Undone:
        return


def _measure() -> None:
    organisation = Organisation.objects.create(slug="benchmark", name="Benchmark")
    channel = Channel.objects.create(organisation=organisation, kind="telegram", name="Benchmark", config="{}")
    stored = outbox.store(organisation, Content(text="Der Wochenmarkt zieht um"))
    sealed, hashed = vault.encrypt("700000001"), vault.lookup(organisation.pk, "700000001")
    letters = [outbox.Letter(channel.pk, sealed, hashed, stored.pk, "newsletter", 1) for _ in range(ROWS)]
    with connection.cursor() as cursor:
        cursor.execute("create temporary table yardstick (id bigserial, address bytea, hash bytea, content bigint, purpose text)")
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(lambda: outbox.put_many(letters)))
        bare.append(_seconds(lambda: _copy(sealed, hashed, stored.pk)))
    fast, yardstick = ROWS / sorted(ours)[ROUNDS // 2], ROWS / sorted(bare)[ROUNDS // 2]
    print(f"{'Teil':<28}{'Zeilen/s':>12}{'bloßes COPY':>14}{'Verhältnis':>12}")
    print(f"{'Briefe in den Postausgang':<28}{fast:>12,.0f}{yardstick:>14,.0f}{fast / yardstick:>12.2f}")


def _copy(sealed: bytes, hashed: bytes, content: int) -> None:
    with connection.cursor() as cursor, cursor.copy("copy yardstick (address, hash, content, purpose) from stdin") as copy:
        for _ in range(ROWS):
            copy.write_row((sealed, hashed, content, "newsletter"))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
