"""How the asynchronous parts reach the same database as Django, and how fast both ends notice that the other is gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

GONE_SECONDS = 4.0  # without a word for so long, PostgreSQL takes our host as gone and frees its locks; settings.STEADY is our side of it
PROBE_SECONDS = 1
THEIRS = {  # what the server's kernel does; without effect over a socket in the file system
    "tcp_keepalives_idle": PROBE_SECONDS,
    "tcp_keepalives_interval": PROBE_SECONDS,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": int(1000 * GONE_SECONDS),
}
PLAIN = {"jit": "off"}  # it compiles for seconds what runs for milliseconds
KEPT = {"plan_cache_mode": "force_generic_plan"}  # what `queries.ask` prepares goes by keys: planning it anew costs more than running it
_keeps = False
STEADY = "select " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in {**THEIRS, **PLAIN}.items())


def home(kind: str, token: str) -> str:
    """Name the address where a channel's provider reaches us."""
    return f"{settings.PUBLIC_URL}/webhook/{kind}/{token}"


def conninfo(name: str) -> str:
    """The connection string; `name` is what PostgreSQL shows of us, at most 63 bytes."""
    known = connection.settings_dict
    values = {
        "dbname": known["NAME"],
        "user": known["USER"],
        "password": known["PASSWORD"],
        "host": known["HOST"],
        "port": known["PORT"],
        **{key: value for key, value in known.get("OPTIONS", {}).items() if isinstance(value, str | int)},
    }
    values = {"application_name": name[:63]} | {key: value for key, value in values.items() if value}
    return make_conninfo("", **values)


def steady_django(connection: Any, **_: Any) -> None:
    """Do as `steady` for a connection of Django's: a worker holds locks, too."""
    connection.connection.prepare_threshold = 5 if _keeps else None
    kept = KEPT if _keeps else {}
    with connection.cursor() as cursor:
        cursor.execute(STEADY + "".join(f", set_config('{name}', '{value}', false)" for name, value in kept.items()))


def keep_plans() -> None:
    """Let this process keep the plans of what `queries.ask` asks: where a session is ours alone (a console may stand behind a pooler)."""
    global _keeps
    _keeps = True


def clock() -> datetime:
    """The database's time: hosts' own clocks may differ."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


async def steady(connection: AsyncConnection[Any]) -> None:
    """Let the server notice within seconds that this host is gone, so that locks on channels and rows fall to others.

    Set after connecting, not as a start-up option: those a pooler in between refuses.
    """
    await connection.execute(STEADY)
    if not connection.autocommit:
        await connection.commit()
