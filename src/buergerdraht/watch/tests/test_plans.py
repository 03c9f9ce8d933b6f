"""What is asked every minute reads by an index, however long the history: no plan scans one of the large tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from buergerdraht.watch import causes, metrics, reconcile

LARGE = {"broadcasts_recipient", "gateway_outbound", "gateway_part", "gateway_inboundevent", "gateway_traffic"}
NOW = timezone.now()
AGO = NOW - timedelta(hours=1)
ASKED: list[tuple[dict[str, str], str, dict[str, Any]]] = [
    (causes.SQL, "oldest", {"now": NOW}),
    (causes.SQL, "moving", {"since": AGO}),
    (causes.SQL, "unreported", {"since": AGO, "until": NOW}),
    (causes.SQL, "failed", {"since": AGO, "cap": 10, "ours": ["cancelled"]}),
    (causes.SQL, "failures", {"since": AGO, "cap": 10}),
    (causes.SQL, "kept", {"cap": 10}),
    (metrics.SQL, "queue", {}),
    (metrics.SQL, "flight", {}),
    (metrics.SQL, "unclear", {}),
    (metrics.SQL, "calls", {"since": AGO}),
    (metrics.SQL, "events", {"now": NOW}),
    (reconcile.SQL, "letters", {"since": AGO, "until": NOW}),
    (reconcile.SQL, "parts", {"since": AGO, "until": NOW, "first": 1, "last": 2}),
    (reconcile.SQL, "recipients", {"since": AGO, "until": NOW, "first": 1, "last": 2, "batches": [1]}),
]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


@pytest.mark.django_db
@pytest.mark.parametrize(("queries", "name", "values"), ASKED, ids=[name for _, name, _ in ASKED])
def test_an_index_serves_it(queries: dict[str, str], name: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for way in ("seqscan", "hashjoin", "mergejoin"):  # the tables of a test are small, and all ways through them cost the same
            cursor.execute(f"set local enable_{way} = off")
        cursor.execute("explain (format json) " + queries[name], values)
        found = cursor.fetchone()[0]
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    scanned = [node for node in nodes(plan) if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in LARGE]
    assert not scanned, json.dumps(scanned, indent=1)
    whole = [node for node in nodes(plan) if node.get("Index Name", "").endswith("_pkey") and not node.get("Index Cond")]
    assert not [node for node in whole if node.get("Relation Name") in LARGE], "reads a whole index"
