"""What rooms below ask of privacy, and cannot call because it sits above them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from buergerdraht.broadcasts.models import Recipient
from buergerdraht.contacts import actions, commands
from buergerdraht.contacts.models import Contact
from buergerdraht.privacy import access
from buergerdraht.privacy.erase import erase


@receiver(commands.access_wanted)
def give_access(sender: Any, contact: Contact, **more: Any) -> tuple[str, datetime]:
    return access.open_link(contact)


@receiver(commands.erase_wanted)
def carry_out(sender: Any, contact: Contact, operator: Any = None, **more: Any) -> None:
    erase(contact, wish="operator" if operator else "citizen", operator=operator)


@receiver(actions.joined)
def keep_received(sender: Any, into: Contact, other: Contact, **more: Any) -> None:
    """What the other contact received stays on the list of the one that remains."""
    have = Recipient.objects.filter(contact=into).values("broadcast_id")
    Recipient.objects.filter(contact=other).exclude(broadcast_id__in=have).update(contact=into)
