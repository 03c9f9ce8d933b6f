"""Whether this process lives, and whether the program can do its work: for load balancers and for whoever watches from outside."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from buergerdraht.gateway import webhook
from buergerdraht.watch import presence

_migrated = False  # a complete set of tables stays one for as long as a process lives


def ready() -> tuple[bool, dict[str, bool]]:
    """Look at what is needed. The first value says whether this web process should get requests; that needs neither engine nor worker,
    because webhooks are to be stored while both are away."""
    found = {"database": _tried(_database)}
    found["tables"] = found["database"] and _tried(_tables)
    found["storing"] = found["database"] and _tried(_storing)
    serves = all(found.values())
    found["engine"] = found["database"] and _tried(lambda: presence.engines() > 0)
    found["worker"] = found["database"] and _tried(lambda: presence.worker_lives(timezone.now()))
    return serves, found


def _tried(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except Exception:  # whatever it is, the answer is no; the logs of those who need it say why
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        return bool(cursor.fetchone() == (1,))


def _tables() -> bool:
    """All our migrations are applied; later ones of a newer program do not hurt (expand, then contract)."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def _storing() -> bool:
    """What comes in can be written down: it was a moment ago, the database takes writes, and the data folder takes files."""
    if webhook.refuses():  # a full disk shows in nothing else
        return False
    with connection.cursor() as cursor:
        cursor.execute("select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'")
        writable = bool(cursor.fetchone()[0])
        cursor.execute("select has_table_privilege('gateway_inboundevent', 'insert')")
        writable = writable and bool(cursor.fetchone()[0])
    handle, path = tempfile.mkstemp(dir=settings.DATA, prefix=".ready-")
    try:
        os.write(handle, b"ready")
    finally:
        os.close(handle)
        os.unlink(path)
    return writable
