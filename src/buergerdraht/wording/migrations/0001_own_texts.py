import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0005_worded_at"),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("shelf", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=80)),
                ("language", models.CharField(max_length=12)),
                ("text", models.TextField()),
                (
                    "organisation",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="own_texts", to="accounts.organisation"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "language", "shelf", "key"), name="own_text_once"),
                ],
            },
        ),
    ]
