"""Keep results, small, with the machine they were measured on: results/<date>-<part>.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.machine import described
from benchmarks.stage import PROJECT
from benchmarks.table import Line
from buergerdraht.gateway.database import conninfo

FOLDER = PROJECT / "benchmarks" / "results"


def save(part: str, lines: Sequence[Line]) -> None:
    FOLDER.mkdir(exist_ok=True)
    found = {"part": part, "machine": machine(), "lines": [line.data() for line in lines]}
    path = FOLDER / f"{datetime.now(UTC):%Y-%m-%d}-{part}.json"
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n")


def machine() -> dict[str, Any]:
    return described(conninfo("bench"), PROJECT)


def heading() -> str:
    """One line on the machine, above the table."""
    known = machine()
    database = known["postgresql"]
    return (
        f"{known['at']} · {known['cores']} Kerne, {known['memory_gib']} GiB, {known['processor']} · Python {known['python']} · "
        f"PostgreSQL {database['server_version']}, fsync {database['fsync']} · {known['commit']}"
    )
