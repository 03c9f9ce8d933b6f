"""The engine's queries stay as small as what is to be done, however much was sent before: they go by an index."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Content
from buergerdraht.gateway import outbox
from buergerdraht.gateway.engine import ownership
from buergerdraht.gateway.engine.claim import ORDERED, PICK, SQL
from buergerdraht.gateway.models import Channel, Outbound

pytestmark = pytest.mark.django_db
SENT, QUEUED = 30_000, 3_000
FILL = """
insert into gateway_outbound (organisation_id, channel_id, address, address_hash, content_id, purpose, priority, batch, state, reason,
                              details, tries, parts_total, parts_done, claimed_by, receipt, created_at)
select %(organisation)s, %(channel)s, 'x', sha256((n::text || %(state)s || coalesce(%(batch)s, 0))::bytea),
       %(content)s, 'newsletter', 5, %(batch)s,
       %(state)s, '', '', 0, 0, 0, '', '', now()
from generate_series(1, %(count)s) n
"""


BEHIND = [(1, "accepted", SENT)]
BEFORE = [(2, "queued", QUEUED), (None, "queued", QUEUED), (None, "doubt", 20)]


def fill(channel: Channel, *rows: tuple[int | None, str, int]) -> None:
    content = outbox.store(channel.organisation, Content(text="news"))
    with connection.cursor() as cursor:
        for batch, state, count in rows:
            values = {"organisation": channel.organisation_id, "channel": channel.pk, "content": content.pk, "batch": batch, "state": state}
            cursor.execute(FILL, values | {"count": count})


def look() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze gateway_outbound")


@pytest.fixture
def busy(channel: Channel, organisation: Organisation) -> Channel:
    """A channel with much behind it and much before it."""
    outbox.begin({(1, organisation.pk), (2, organisation.pk)})
    fill(channel, *BEHIND, *BEFORE)
    look()
    return channel


@pytest.fixture
def surprised(channel: Channel, organisation: Organisation) -> Channel:
    """A channel whose queue filled since the planner looked: it believes that nothing waits."""
    outbox.begin({(1, organisation.pk), (2, organisation.pk)})
    fill(channel, *BEHIND)
    look()
    fill(channel, *BEFORE)
    return channel


def explain(query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The nodes of the plan, one by one."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, format json) {query.rstrip().rstrip(';')}", parameters)
        found = cursor.fetchone()[0]
    plan = json.loads(found) if isinstance(found, str) else found
    nodes, waiting = [], [plan[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", [])
    return nodes


def by_index(nodes: list[dict[str, Any]]) -> set[str]:
    """Names of the indexes used; the large table is never read as a whole."""
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "gateway_outbound"]
    return {node["Index Name"] for node in nodes if "Index Name" in node}


@pytest.mark.parametrize("known", ["busy", "surprised"])
def test_picking_goes_by_the_queue_and_reads_no_more_than_it_takes(known: str, request: pytest.FixtureRequest) -> None:
    channel: Channel = request.getfixturevalue(known)
    with connection.cursor() as cursor:
        cursor.execute(ORDERED.replace("false", "true"))
    wishes = {"channels": [channel.pk], "organisations": [channel.organisation_id]}
    nodes = explain(PICK, **wishes, lasts=[2**63 - 1], known=[], busy=[], limit=48)
    assert {"outbound_queue", "outbound_open"} == {name for name in by_index(nodes) if name.startswith("outbound")}
    read = [node["Actual Rows"] for node in nodes if str(node.get("Index Name")).startswith("outbound")]
    assert max(read) < 200


def test_claims_and_results_go_by_the_number(busy: Channel) -> None:
    first = Outbound.objects.filter(state="queued").values_list("id", flat=True).earliest("id")
    ids = list(range(first, first + 100))
    assert by_index(explain(SQL["lock"], ids=ids)) == {"gateway_outbound_pkey"}
    assert "gateway_outbound_pkey" in by_index(explain(SQL["claim"], engine="e", ids=ids, totals=[1] * 100))


def test_doubts_and_orphans_go_by_what_is_in_flight(busy: Channel) -> None:
    assert by_index(explain(SQL["doubts"], channels=[busy.pk])) == {"outbound_flight"}
    parameters = {**ownership.LOCKS, "channel": busy.pk, "engine": "e", "mine": []}
    assert by_index(explain(ownership.SQL["orphans"], **parameters)) == {"outbound_flight"}


def test_a_channel_that_runs_dry_asks_for_what_is_open_only(busy: Channel) -> None:
    Channel.objects.update(state="draining", drain_to=1)
    assert by_index(explain(SQL["drained"], channel=busy.pk)) & {"outbound_open", "gateway_outbound_pkey"}
