"""Sending with full bookkeeping by one engine process, beside a bare aiohttp loop against the same provider.

The letters lie in the outbox of so many WhatsApp numbers that no number's limit binds: eight that were granted 1,000 a second, and once
a hundred with the ordinary 80. Rate: letters accepted between the first and the last tenth, by the times in the table. CPU: all that
engine and PostgreSQL took from start to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from benchmarks.machine import spent
from benchmarks.stage import Partner, Stage, run, until, value
from benchmarks.table import Line, Options, compare, median
from benchmarks.town import NEWS, channels, ids, organisation
from buergerdraht.accounts import vault
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Batch, Channel

LATENCIES = (0.02, 0.05, 0.1)
FEW, HIGH = 8, 1_000.0
MANY = 100
CONCURRENCY = 500
LEAST = 0.8
RATE = """
with t as (select percentile_disc(array[0.1, 0.9]) within group (order by accepted_at) as at from gateway_outbound where id > %s)
select (select count(*) from gateway_outbound, t where id > %s and accepted_at > t.at[1] and accepted_at <= t.at[2])
       / extract(epoch from t.at[2] - t.at[1])::float8 from t
"""


@dataclass(frozen=True, slots=True)
class Round:
    rate: float
    engine: float  # CPU, microseconds per message
    postgres: float
    provider: float
    memory: float
    whole: float = 0.0  # messages a second from the start of the channels to the last answer in the table


def measure(options: Options) -> list[Line]:
    lines: list[Line] = []
    rows = options.size(16_000, 2_000)
    with Stage() as stage:
        partner = stage.provider()
        owner = organisation()
        few = channels(owner, FEW, partner.address, state="paused", rate=HIGH)
        many = channels(owner, MANY, partner.address, state="paused")
        stage.start("engine")
        shapes = [(few, latency) for latency in LATENCIES]
        for made, latency in shapes[:1] if options.quick else [*shapes, (many, LATENCIES[1])]:
            bare, ours = [], []
            for _ in range(options.repeats()):
                bare.append(_bare(stage, partner, latency, 1.5 if options.quick else 4.0))
                ours.append(_ours(stage, partner, made, latency, rows))
            name = f"{latency * 1000:.0f} ms Antwortzeit" + (f", {MANY} Nummern" if made is many else "")
            lines += _lines(name, latency, bare, ours)
    return lines


def _bare(stage: Stage, partner: Partner, latency: float, seconds: float) -> Round:
    before = partner.tell(latency=latency, reset=True)
    done = stage.ask("benchmarks.bare_send", f"{partner.address}/v25.0/1000001/messages", seconds, CONCURRENCY)
    after = partner.tell()
    count = max(done["count"], 1)
    provider = (after["cpu"] - before["cpu"]) / max(after["count"], 1) * 1e6
    return Round(done["count"] / done["seconds"], done["cpu"] / count * 1e6, 0.0, provider, 0.0)


def _ours(stage: Stage, partner: Partner, made: Sequence[Channel], latency: float, rows: int) -> Round:
    last = value("select coalesce(max(id), 0) from gateway_outbound")
    put(made, rows, first=last)
    run("vacuum analyze gateway_outbound, gateway_part")
    partner.tell(latency=latency, reset=True)
    watch = stage.look()
    before = watch.taken() | {"provider": partner.tell()["cpu"]}
    released = timezone.now()
    set_state(made, "running")
    until(lambda: partner.tell()["count"] >= rows, 30 + rows / 100, "die Sendungen beim Anbieter", every=0.2)
    until(lambda: not _open(last), 30, "die Annahmen in der Tabelle", every=0.2)
    after = watch.taken() | {"provider": partner.tell()["cpu"]}
    taken = {name: seconds / rows * 1e6 for name, seconds in spent(before, after).items()}
    rate = value(RATE, last, last)
    end = value("select max(accepted_at) from gateway_outbound where id > %s", last)
    whole = rows / (end - released).total_seconds()
    set_state(made, "paused")
    return Round(rate, taken["engine"], taken["postgres"], taken["provider"], watch.largest("engine"), whole)


def put(made: Sequence[Channel], rows: int, *, first: int = 0, purpose: str = "newsletter") -> None:
    """Letters of one batch to people who get no other, in turn over the channels."""
    owner = made[0].organisation
    stored = outbox.store(owner, NEWS)
    batch = Batch.objects.create(id=1 + (Batch.objects.aggregate(last=Max("id"))["last"] or 0), organisation=owner).pk
    letters = []
    for number in range(first, first + rows):
        address = f"+49{1_510_000_000 + number}"
        sealed, hashed = vault.encrypt(address), vault.lookup(owner.pk, address)
        letters.append(outbox.Letter(made[number % len(made)].pk, sealed, hashed, stored.pk, purpose, batch))
    outbox.put_many(letters)


def set_state(made: Sequence[Channel], state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update gateway_channel set state = %s where id = any(%s)", [state, ids(made)])
        cursor.execute("select pg_notify('channel', '')")


def _open(last: int) -> int:
    return int(value("select count(*) from gateway_outbound where id > %s and state <> 'accepted'", last))


def _lines(name: str, latency: float, bare: Sequence[Round], ours: Sequence[Round]) -> list[Line]:
    mean = {field: median([getattr(one, field) for one in ours]) for field in Round.__slots__}
    plain = {field: median([getattr(one, field) for one in bare]) for field in Round.__slots__}
    points = {"latency": latency, "rates": [one.rate for one in ours], "bare": [one.rate for one in bare], **mean}
    note = (
        f"Anbieter {mean['provider']:.0f} µs, PostgreSQL {mean['postgres']:.0f} µs je Nachricht, RSS {mean['memory']:.0f} MB; "
        f"mit Anlauf und Ende {mean['whole']:.0f}/s"
    )
    budget = "≥ 0,8 × bloßes aiohttp"
    return [
        compare(Line("send", name, mean["rate"], "Nachrichten/s", plain["rate"], budget=budget, note=note, points=points), least=LEAST),
        compare(Line("send", f"{name}, CPU des Versands", mean["engine"], "µs/Nachricht", plain["engine"])),
    ]
