"""What every verb on a thread needs: lock it, keep what changed of it and tell of it, name it in the log."""

from __future__ import annotations

from typing import Any

from buergerdraht.conversations import deadlines, stretches
from buergerdraht.conversations.models import Conversation
from buergerdraht.gateway import live


def lock(conversation: Conversation) -> Conversation:
    return Conversation.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=conversation.pk)


def keep(conversation: Conversation) -> None:
    """Save a thread that a verb changed; its matter and its deadline follow."""
    stretches.follow(conversation)
    deadlines.renew(conversation)
    was = _was(conversation)
    conversation.save()
    live.tell(conversation.organisation_id, "conversation", conversation=conversation.pk, **was)


def _was(conversation: Conversation) -> dict[str, Any]:
    """Whose it is until now, where teams are apart and that changes: whoever could see it then must hear that it is gone."""
    rows = Conversation.objects.filter(pk=conversation.pk, organisation__desk__teams_apart=True)
    before = rows.values_list("team", "operator").first()
    if before is None or before == (conversation.team_id, conversation.operator_id):
        return {}
    return {"team_was": before[0], "operator_was": before[1]}


def subject(conversation: Conversation) -> str:
    return f"conversation:{conversation.pk}"
