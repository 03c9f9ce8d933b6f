from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0007_everywhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="crowd",
            name="urgent",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="crowd",
            name="further",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        # What was counted before knows nothing of urgent messages: until it is counted anew, people are counted one by one.
        migrations.RunSQL("delete from contacts_census", migrations.RunSQL.noop),
    ]
