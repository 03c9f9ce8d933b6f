import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dialogs", "0005_waiting"),
    ]

    operations = [
        migrations.AddField(
            model_name="systemevent",
            name="expired_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="trace",
            name="session",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="traces", to="dialogs.session"),
        ),
    ]
