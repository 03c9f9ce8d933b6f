"""The cache's table: guesses at sign-in are counted over all web processes and restarts, not in each one's memory."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first")]

    operations = [
        migrations.RunSQL(
            'create table cache (cache_key varchar(255) primary key, value text not null, expires timestamptz not null);'
            'create index cache_expires on cache (expires)',
            'drop table cache',
        )
    ]
