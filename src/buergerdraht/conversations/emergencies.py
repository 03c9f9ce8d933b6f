"""An emergency is answered at once, at any hour, whoever holds the thread: with 110 and 112, and with people after it."""

from __future__ import annotations

from django.db import transaction

from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import actions, care, care_emergencies, care_words, notices, outgoing, sentences
from buergerdraht.conversations.models import Conversation, Desk, Notice

EAST_SLAVIC = {"uk", "ru"}  # one list of words serves both


@transaction.atomic(savepoint=False)
def take(incoming: Incoming) -> bool:
    """Answer an emergency and put it on top. Where a person holds the thread the message goes on to them."""
    arrival = outgoing.arrival(incoming)
    if care.EMERGENCY not in arrival.flags:
        return False
    held = arrival.conversation.state == Conversation.State.OPEN and arrival.conversation.operator_id is not None
    conversation = actions.need_person(incoming)
    conversation.urgent_at = conversation.urgent_at or incoming.event.at
    conversation.aside, conversation.snoozed_until = "", None
    actions.keep(conversation)
    sentences.say_once(incoming, _answer(incoming), within=sentences.HOUR)
    notices.tell(conversation, notices.answering(conversation), Notice.Kind.URGENT)
    return not held


def _answer(incoming: Incoming) -> str:
    """Say whom to call, in the language they called in."""
    organisation, language = incoming.channel.organisation, incoming.contact.language
    found = care_emergencies.emergency(care_words.read(incoming.event.text))
    if found and not {found.language, language} <= EAST_SLAVIC:
        language = found.language
    if found and found.crisis:
        return sentences.ours(sentences.CRISIS, organisation, language)
    own = sentences.own(Desk.of(organisation).emergency_text, organisation, language)
    return own or sentences.ours(sentences.EMERGENCY, organisation, language)


@transaction.atomic(savepoint=False)
def warn(incoming: Incoming) -> bool:
    """Ask once a day not to send what is sensitive by messenger; the message goes on to whoever answers it."""
    organisation = incoming.channel.organisation
    if care.SENSITIVE.isdisjoint(outgoing.arrival(incoming).flags) or not Desk.of(organisation).warn_sensitive:
        return False
    language = incoming.contact.language
    text = sentences.own(Desk.of(organisation).sensitive_text, organisation, language)
    sentences.say_once(incoming, text or sentences.ours(sentences.SENSITIVE, organisation, language), within=sentences.DAY)
    return False
