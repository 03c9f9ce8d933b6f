"""A mayor's hour in Musterstadt: next Tuesday evening, with a few who have signed up and said what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.consultations import actions, queue
from buergerdraht.consultations.models import Consultation
from buergerdraht.contacts.models import Address
from buergerdraht.conversations.models import Message
from buergerdraht.house.demo.people import Person

QUESTIONS = (
    "Wann wird der Radweg an der Schulstraße gebaut?",
    "Unsere Straße ist abends sehr dunkel. Kann dort eine Laterne hin?",
    "",
    "Gibt es im nächsten Jahr wieder ein Stadtfest?",
)


def plan(organisation: Organisation, settled: Sequence[tuple[Person, Address]], workers: dict[str, Operator]) -> Consultation:
    """Plan the hour and let the quiet ones among the citizens sign up."""
    day = timezone.localdate() + timedelta(days=1)
    day += timedelta(days=(1 - day.weekday()) % 7)
    row = Consultation(
        organisation=organisation, title="Bürgersprechstunde", host="Bürgermeisterin Anna Muster", weekly=True, places=40,
        team=organisation.teams.filter(name="Bürgermeisterbüro").first(), topic=organisation.topics.filter(key="woche").first(),
        begins_at=datetime.combine(day, time(18), hours.BERLIN), ends_at=datetime.combine(day, time(20), hours.BERLIN),
    )  # fmt: skip
    actions.save(row, operator=workers["andrea"])
    actions.plan(row, operator=workers["andrea"])
    talking = set(Message.objects.filter(organisation=organisation).values_list("conversation__contact", flat=True))
    quiet = [address for person, address in settled if not person.gone and address.contact_id not in talking]
    for question, address in zip(QUESTIONS, quiet, strict=False):
        _sign_up(address, question)
    return row


def _sign_up(address: Address, question: str) -> None:
    guest = queue.enter(queue.sign(address.contact, address))
    if question:
        conversation = address.contact.conversation
        message = Message.objects.create(
            organisation_id=guest.organisation_id, conversation=conversation, author=Message.Author.CITIZEN, channel=address.channel,
            address_id=address.pk, external_id=f"demo-hour-{guest.pk}", text=question, at=timezone.now() - timedelta(hours=2),
        )  # fmt: skip
        conversation.last_text, conversation.last_author, conversation.last_at = question, message.author, message.at
        conversation.last_address = address
        conversation.save(update_fields=["last_text", "last_author", "last_at", "last_address"])
        guest.questions.add(message)
