"""Room for updates within a page, and vacuum that keeps up: these tables change thousands of rows a second."""

from django.db import migrations

BUSY = "fillfactor = %d, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.05"
SETTINGS = {
    "gateway_outbound": BUSY % 70,
    "gateway_part": BUSY % 70,
    "gateway_inboundevent": BUSY % 90,
    "gateway_seen": "autovacuum_vacuum_scale_factor = 0.05",
    "gateway_traffic": "autovacuum_vacuum_scale_factor = 0.05",
    "gateway_earlyreceipt": "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000",
}


def names(options):
    return ", ".join(option.partition(" =")[0] for option in options.split(", "))


class Migration(migrations.Migration):
    dependencies = [("gateway", "0001_first")]

    operations = [
        migrations.RunSQL(f"alter table {table} set ({options})", f"alter table {table} reset ({names(options)})")
        for table, options in SETTINGS.items()
    ]
