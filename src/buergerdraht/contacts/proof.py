"""Whether a message surely is from whom it says: asked before it ends, changes or binds anything, or shows somebody what is another's.

Only a mail's sender can be forged, and only where the authority's mail server does not vouch for it. Such a mail may begin whatever it
likes, for every answer goes to the mailbox it names; to go on, somebody answers a letter of ours, as when subscribing. STOP alone is
never asked about (law 9): leaving is as easy as coming, and who did not write it reads of it and is back by one word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts.answers import answer, phrase, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.gateway.models import Part

SLACK = timedelta(minutes=1)  # a letter is dated by the beginning of its transaction
LATELY = timedelta(days=7)  # so long an answer to a letter of ours is one to what was asked there


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


def lately_proven(incoming: Incoming) -> bool:
    """Tell the same by any letter of the last days: enough to believe a message, where nothing was asked."""
    return proven(incoming, timezone.now() - LATELY)


def asked(incoming: Incoming, since: datetime | None = None, choices: Sequence[Choice] | None = None) -> bool:
    """Ask whoever may be somebody else to say it in answer to a letter of ours. True: they were asked, and nothing is to be done yet.

    What can be chosen stands below once more: `choices`, else those of the last question.
    """
    if proven(incoming, since or timezone.now() - LATELY):
        return False
    if choices is None:
        choices = [Choice(id=name, title=title) for name, title in step_of(incoming.contact).get("options", [])]
    return answer(incoming, phrase(incoming, "prove"), choices, phrase(incoming, "prove_label")) or True
