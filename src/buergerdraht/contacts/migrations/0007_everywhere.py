from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0006_ways"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="everywhere",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(condition=models.Q(("everywhere", True)), fields=["organisation"], name="contact_everywhere"),
        ),
    ]
