from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("broadcasts", "0004_postings"),
    ]

    operations = [
        migrations.AddField(
            model_name="broadcast",
            name="looked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="broadcast",
            name="looked_for",
            field=models.FloatField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="recipient",
            name="relays",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(condition=models.Q(("relays__gt", 0)), fields=["broadcast"], name="recipient_relayed"),
        ),
    ]
