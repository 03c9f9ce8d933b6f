"""Whether a message surely is from whom it says: asked before what cannot be taken back, or shows somebody what is another's."""

from __future__ import annotations

from datetime import datetime, timedelta

from buergerdraht.contacts.incoming import Incoming
from buergerdraht.gateway.models import Part

SLACK = timedelta(minutes=1)  # a letter is dated by the beginning of its transaction


def proven(incoming: Incoming, since: datetime) -> bool:
    """Tell whether the provider vouches for the sender, or they answer a letter that we sent to this very address since then.

    A letter's name cannot be guessed, so who answers it has read it.
    """
    event = incoming.event
    if event.proven:
        return True
    sent = Part.objects.filter(channel=incoming.channel, outbound__organisation=incoming.channel.organisation, external_id=event.quote)
    mine = sent.filter(outbound__address_hash=incoming.address.address_hash, outbound__created_at__gte=since - SLACK)
    return bool(event.quote) and mine.exists()
