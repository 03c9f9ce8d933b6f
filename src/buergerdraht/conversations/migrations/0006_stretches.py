"""Threads that are open already have a matter at hand too, so that its deadline is kept and it is counted once it closes."""

from django.db import migrations

BEGIN = """
WITH open AS (
  SELECT thread.id, thread.organisation_id, thread.team_id, thread.topic_id, thread.operator_id, address.channel_id,
         coalesce(thread.waiting_since, thread.last_at, thread.created_at) AS opened_at, (thread.unread > 0)::int AS received
  FROM conversations_conversation thread LEFT JOIN contacts_address address ON address.id = thread.last_address_id
  WHERE thread.state = 'open' AND thread.stretch_id IS NULL
), made AS (
  INSERT INTO conversations_stretch (organisation_id, conversation_id, channel_id, topic_id, team_id, operator_id, opened_at, received, sent,
                                     mark_text)
  SELECT organisation_id, id, channel_id, topic_id, team_id, operator_id, opened_at, received, 0, '' FROM open
  RETURNING id, conversation_id
)
UPDATE conversations_conversation thread SET stretch_id = made.id FROM made WHERE made.conversation_id = thread.id
"""


class Migration(migrations.Migration):
    dependencies = [  # noqa: RUF012
        ("conversations", "0005_sides"),
    ]

    operations = [  # noqa: RUF012
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
