"""Who is here, for templates: `{% load presence %}`."""

from __future__ import annotations

from typing import Any

from django import template

from buergerdraht.conversations import presence
from buergerdraht.conversations.models import Conversation

register = template.Library()


@register.inclusion_tag("conversations/_presence.html", takes_context=True)
def watching(context: Any, conversation: Conversation) -> dict[str, Any]:
    """Draw who else has a thread before their eyes."""
    return {"watching": presence.watching(conversation, context["request"].membership)}


@register.inclusion_tag("conversations/_rest.html", takes_context=True)
def rest_switch(context: Any) -> dict[str, Any]:
    """Draw the switch by which an operator takes no new work for a while."""
    request = context["request"]
    return {"request": request, "away": presence.is_away(request.membership)}
