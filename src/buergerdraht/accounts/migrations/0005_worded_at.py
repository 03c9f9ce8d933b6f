from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_patience"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="worded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
