"""The tables of a later version, as its migrations would make them: first additions only, at last what nobody needs goes."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")

STEPS = {
    "expand": [
        "create table gateway_later (id bigserial primary key, noted text not null default '')",
        "alter table gateway_outbound add column later text",
        "alter table gateway_inboundevent add column later integer not null default 7",
        "alter table conversations_message add column later text",
    ],
    "index": ["create index concurrently outbound_later on gateway_outbound (later) where later is not null"],
    "contract": [
        "alter table gateway_outbound drop column later",
        "alter table gateway_inboundevent drop column later",
        "alter table conversations_message drop column later",
        "drop table gateway_later",
    ],
}


def migrate(step: str) -> None:
    """Run each statement as a migration of its own: two busy tables in one transaction would wait for each other's users."""
    from django.db import connection
    from django.db.migrations import Migration, RunSQL
    from django.db.migrations.state import ProjectState

    for sql in STEPS[step]:
        migration = type("Migration", (Migration,), {"operations": [RunSQL(sql)], "atomic": step != "index"})("later", "gateway")
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.apply(ProjectState(), editor)


if __name__ == "__main__":
    import django

    django.setup()
    migrate(sys.argv[1])
