import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0001_first"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="SwitchedOn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=60)),
                ("edition", models.PositiveSmallIntegerField()),
                ("made", models.JSONField(default=list)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("operator", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ("organisation", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="accounts.organisation")),
            ],
            options={"indexes": [models.Index(fields=["organisation", "key", "-at"], name="blueprint_newest")]},
        ),
    ]
