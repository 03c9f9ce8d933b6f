from django.db import migrations, models


class Migration(migrations.Migration):
    """Several hands at a channel's messages: whose they are is known from the start. Events of before stay of nobody: they go in order."""

    dependencies = [
        ('gateway', '0006_taken'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='inboundevent',
            name='inbound_new',
        ),
        migrations.AddField(
            model_name='inboundevent',
            name='shard',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('state', 'new')), fields=['channel', 'lane', 'shard', 'id'], name='inbound_due'),
        ),
    ]
