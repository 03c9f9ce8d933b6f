from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_sealed_photos")]

    operations = [
        migrations.AddField("photo", "looks_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("photo", "seals_at", models.DateTimeField(db_default=Now())),
    ]
