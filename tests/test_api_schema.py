"""A judge that knows only the description calls every endpoint with right and wrong data, and looks whether the answers keep to it.

Bounded here. `BUERGERDRAHT_SCHEMATHESIS=500` is a long run: so many random calls per endpoint beside the systematic ones, drawn from
`--hypothesis-seed`. With `BUERGERDRAHT_SCHEMATHESIS_RECORD` a run writes down itself what it called, how it was answered and how it
ended, see docs/development/api.md.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from tests.api_town import Town, token, town

from buergerdraht.accounts import tokens
from buergerdraht.accounts.rest import door
from buergerdraht.api import endpoints

EXAMPLES = int(os.environ.get("BUERGERDRAHT_SCHEMATHESIS", "12"))
SECONDS = os.environ.get("BUERGERDRAHT_SCHEMATHESIS_SECONDS", "")  # of calls for one operation; what is drawn later is not called
RECORD = os.environ.get("BUERGERDRAHT_SCHEMATHESIS_RECORD", "")
calls: Counter[str] = Counter()  # by operation
spent: dict[str, float] = defaultdict(float)
statuses: Counter[str] = Counter()


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Every call here carries its token; `test_api.py` tries every endpoint without. Else a token left out counts as wrong data."""
    raw_schema["components"].pop("securitySchemes", None)
    for details in (details for methods in raw_schema.get("paths", {}).values() for details in methods.values()):
        details.pop("security", None)


schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
there: dict[str, Any] = {}  # what the names in addresses stand for in the town of this test


@pytest.fixture(scope="module", autouse=True)
def _write_down(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write down what this run did, where it is asked for."""
    failed, begun = request.session.testsfailed, datetime.now(UTC)
    yield
    if not RECORD:
        return
    seed = request.config.getoption("hypothesis_seed", None)
    wrong = request.session.testsfailed - failed
    said = {
        "date": begun.date().isoformat(), "seconds": round((datetime.now(UTC) - begun).total_seconds()),
        "schemathesis": version("schemathesis"), "hypothesis": version("hypothesis"), "examples": EXAMPLES,
        "seconds_each": float(SECONDS) if SECONDS else None, "seed": seed,
        "operations_described": len(endpoints()), "operations_called": len(calls), "calls": calls.total(),
        "answers": dict(sorted(statuses.items())), "operations_with_faults": wrong, "calls_by_operation": dict(sorted(calls.items())),
    }  # fmt: skip
    Path(RECORD).write_text(json.dumps(said, indent=1) + "\n", "utf-8")


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A call must not close the connection of the test, as it would at its end."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(db: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for module in (door, tokens):
        monkeypatch.setattr(module, "BURST", 1_000_000)
    here: Town = town()
    there.update(here.rows | {"address": here.address.pk, "channel": here.channel.pk, "team": here.team.pk})
    return {"Authorization": f"Bearer {token(here)[1]}"}


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Let every second number be one that is there: the others only ever find nothing."""
    return _some_there(path_parameters)


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    return _some_there(body) if isinstance(body, dict) else body


def _some_there(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if not values:
        return values
    return {name: there[name] if name in there and _odd(value) else value for name, value in values.items()}


def _odd(value: Any) -> bool:
    """Take every second number, and every second UUID by its last sign."""
    if type(value) is int:
        return 0 < value < 2**63 and value % 2 == 1
    return isinstance(value, str) and len(value) == 36 and value[-1] in "13579bdf"


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES < 100)
def test_every_answer_keeps_to_the_description(case: schemathesis.Case, bearer: dict[str, str]) -> None:
    # Data of the right form may still name what is not there (422), which that one check takes for a fault.
    name, begun = case.operation.definition.raw["operationId"], monotonic()
    if SECONDS and spent[name] > float(SECONDS):
        return
    calls[name] += 1
    answer = case.call_and_validate(headers=bearer, excluded_checks=[positive_data_acceptance])
    statuses[str(answer.status_code)] += 1
    spent[name] += monotonic() - begun
