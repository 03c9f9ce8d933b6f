from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_api_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="patience",
            field=models.PositiveSmallIntegerField(db_default=10, default=10),
        ),
    ]
