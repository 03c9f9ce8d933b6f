from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bridges", "0002_their_time")]
    operations = [migrations.AddField("bridge", "neighbours", models.JSONField(blank=True, db_default=[], default=list))]
