"""What it costs to look for people whom a broadcast did not reach: the first look, which sends some on, and every later one.

An urgent broadcast to everybody, sent: of a hundred people 90 have it, 4 are silent, 2 failed; every tenth has another way.
Yardstick: a bare count of the recipients joined with their letters, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from benchmarks.machine import spent
from benchmarks.population import broadcast, settle
from benchmarks.stage import Stage, run, value
from benchmarks.table import Line, Options, compare, judged, median
from benchmarks.town import channels, organisation
from buergerdraht.broadcasts import relaying, sending
from buergerdraht.broadcasts.models import Broadcast

WHOLE = 1_000_000  # the budget speaks of so many
MOST = 6.0  # seconds: a tenth of the minute between two looks
OTHER_WAYS = """
insert into contacts_address
  (organisation_id, contact_id, channel_id, address, address_hash, handle, state, no_newsletter, last_inbound_at, created_at)
select organisation_id, contact_id, %s, address, sha256(('other ' || id)::bytea), handle, 'active', false, now(), now()
from contacts_address where id %% 10 = 0
"""
SENT = """
update gateway_outbound set
  state = case when id %% 50 = 0 then 'failed' else 'accepted' end, reason = case when id %% 50 = 0 then 'not_reachable' else '' end,
  receipt = case when id %% 50 = 0 or id %% 25 = 1 then '' else 'delivered' end,
  accepted_at = now() - interval '20 minutes', delivered_at = now() - interval '19 minutes', finished_at = now() - interval '20 minutes'
where batch = %s
"""
BARE = "select count(o.state) from broadcasts_recipient r join gateway_outbound o on o.id = r.outbound_id where r.broadcast_id = %s"


def measure(options: Options) -> list[Line]:
    people = options.size(WHOLE, 20_000)
    with Stage() as stage:
        row = _sent(people)
        bare = median([_seconds(lambda: value(BARE, row.pk))[0] for _ in range(options.repeats())])
        watch = stage.look()
        before = watch.taken() | {"hier": time.process_time()}
        first, sent = _seconds(lambda: _look(row))
        taken = spent(before, watch.taken() | {"hier": time.process_time()})
        later = [_seconds(lambda: _look(row)) for _ in range(options.repeats())]
    if not sent or any(again for _, again in later):
        raise RuntimeError(f"Weiter gingen {sent}, dann noch einmal {[again for _, again in later]}.")
    name = f"{people:,} Personen".replace(",", ".")
    again = median([seconds for seconds, _ in later])
    note = f"{sent} gingen weiter; CPU: {taken['hier']:.1f} s hier, {taken['postgres']:.1f} s PostgreSQL"
    pause = f"in der ersten Stunde jede Minute, dann alle {max(60.0, relaying.SHARE * again):.0f} s"
    met = again <= MOST if people >= WHOLE else None
    return [
        compare(Line("fallback", f"erster Blick, {name}", first, "s", bare, note=note)),
        judged(compare(Line("fallback", f"jeder weitere Blick, {name}", again, "s", bare, budget="≤ 6 s", note=pause)), met),
    ]


def _sent(people: int) -> Broadcast:
    """Send an urgent broadcast to everybody, by SQL where the engine would have been."""
    owner = organisation()
    made = channels(owner, 20, "", state="paused")
    (spare,) = channels(owner, 1, "", state="paused")
    row = broadcast(owner, settle(owner, made, people, {"alle": people})["alle"])
    Broadcast.objects.filter(pk=row.pk).update(urgent=True)
    sending.round_of_all()
    run(OTHER_WAYS, spare.pk)
    run(SENT, row.pk)
    run("update gateway_channel set state = 'running'")
    run("vacuum analyze contacts_address, gateway_outbound, broadcasts_recipient")
    return Broadcast.objects.select_related("organisation").get(pk=row.pk)


def _look(row: Broadcast) -> int:
    """Look at once, whatever the last look took."""
    Broadcast.objects.filter(pk=row.pk).update(looked_at=None)
    return relaying.look(timezone.now() + timedelta(seconds=1))


def _seconds(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found
