"""Each message knows the address it came from or went to, so that threads brought together can be parted again."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE conversations_message message SET address_id = known.address
FROM conversations_conversation thread
JOIN (SELECT contact_id, channel_id, min(id) AS address FROM contacts_address GROUP BY 1, 2 HAVING count(*) = 1) known
  ON known.contact_id = thread.contact_id
WHERE message.conversation_id = thread.id AND message.channel_id = known.channel_id
"""


class Migration(migrations.Migration):
    dependencies = [  # noqa: RUF012
        ("contacts", "0004_crowds"),
        ("conversations", "0004_desk"),
    ]

    operations = [  # noqa: RUF012
        migrations.AddField(
            model_name="message",
            name="address",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to="contacts.address"
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
