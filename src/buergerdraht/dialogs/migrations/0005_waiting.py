import django.db.models.deletion
from django.db import migrations, models

import buergerdraht.accounts.vault


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0001_first"),
        ("dialogs", "0004_files"),
    ]

    operations = [
        migrations.CreateModel(
            name="Waiting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("values", buergerdraht.accounts.vault.SealedField()),
                ("until", models.DateTimeField()),
                ("looks_at", models.DateTimeField()),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "contact",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="waiting_events", to="contacts.contact"),
                ),
                ("dialog", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="dialogs.dialog")),
                (
                    "event",
                    models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="waiting", to="dialogs.systemevent"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["looks_at"], name="dialog_waiting_due")],
            },
        ),
    ]
