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
from buergerdraht.gateway.engine.claim import PICK, SQL
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


@pytest.fixture
def busy(channel: Channel, organisation: Organisation) -> Channel:
    """A channel with much behind it and much before it."""
    content = outbox.store(organisation, Content(text="news"))
    outbox.begin({(1, organisation.pk), (2, organisation.pk)})
    with connection.cursor() as cursor:
        for batch, state, count in ((1, "accepted", SENT), (2, "queued", QUEUED), (None, "queued", QUEUED), (None, "doubt", 20)):
            values = {"organisation": organisation.pk, "channel": channel.pk, "content": content.pk, "batch": batch, "state": state}
            cursor.execute(FILL, values | {"count": count})
        cursor.execute("analyze gateway_outbound")
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


def test_picking_goes_by_the_queue_and_reads_no_more_than_it_takes(busy: Channel) -> None:
    wishes = {"channels": [busy.pk], "organisations": [busy.organisation_id], "lasts": [2**63 - 1], "known": [], "busy": [], "limit": 48}
    nodes = explain(PICK, **wishes)
    assert {"outbound_queue", "outbound_open"} <= by_index(nodes)
    read = [node["Actual Rows"] for node in nodes if node.get("Index Name") == "outbound_queue"]
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
