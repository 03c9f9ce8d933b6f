"""How the asynchronous parts reach the same database as Django."""

from __future__ import annotations

from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo(name: str) -> str:
    """The connection string; `name` is what PostgreSQL shows of us."""
    known = connection.settings_dict
    values = {
        "dbname": known["NAME"],
        "user": known["USER"],
        "password": known["PASSWORD"],
        "host": known["HOST"],
        "port": known["PORT"],
        **{key: value for key, value in known.get("OPTIONS", {}).items() if isinstance(value, str | int)},
    }
    values = {"connect_timeout": 5, "application_name": name} | {key: value for key, value in values.items() if value}
    return make_conninfo("", **values)
