"""Read named SQL: each block begins with `-- name: …` and a line saying what it does. And ask what every message brings, quickly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model

M = TypeVar("M", bound=Model)
NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@cache
def queries(path: Path) -> dict[str, str]:
    """Read a file of named queries."""
    pieces = NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}


class Prepared(psycopg.Cursor[Any]):
    """A cursor whose statements the server plans once for each connection, where the process keeps plans (`database.keep_plans`)."""

    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        return super().execute(query, params, prepare=True)


def ask(sql: str, values: Any) -> list[tuple[Any, ...]]:
    """Run a statement that every message brings. Its text must always be the same: it is planned once and kept.

    Django's own cursor puts the values into the text, so that each call is parsed and planned anew: three times as dear.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]  # this thread's own
    wrapper.ensure_connection()
    bare: Any = vars(wrapper).get("_asking")
    if bare is None or bare.connection is not wrapper.connection:
        bare = vars(wrapper)["_asking"] = Prepared(wrapper.connection)
    cursor = wrapper.make_debug_cursor(bare) if wrapper.queries_logged else wrapper.make_cursor(bare)
    cursor.execute(sql, values)
    return bare.fetchall() if bare.pgresult.nfields else []


# ── Models from rows of one's own query ───────────────────────────────────


@cache
def columns(model: type[Model], table: str) -> str:
    """Name all columns of a model in the order that `build` takes them."""
    return ", ".join(f"{table}.{field.column}" for field in model._meta.concrete_fields)


@cache
def width(model: type[Model]) -> int:
    return len(model._meta.concrete_fields)


def build(model: type[M], row: Sequence[Any]) -> M:
    """Make a model of the row of a query for its `columns`, as the ORM would: at a tenth of the cost."""
    values = list(row)
    for place, open_ in _openers(model):
        values[place] = open_(values[place], None, connection)
    return model.from_db(connection.alias, _names(model), values)


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _openers(model: type[Model]) -> list[tuple[int, Any]]:
    fields = enumerate(model._meta.concrete_fields)
    return [(place, field.from_db_value) for place, field in fields if hasattr(field, "from_db_value")]
