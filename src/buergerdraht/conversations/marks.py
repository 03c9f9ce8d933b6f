"""How was it? Asked once after a matter was closed, answered by a tap, a digit or stars, and with one sentence more if they like.

The thread stays closed over it. Whoever writes something else is a person with a matter, and people read it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.contacts.proof import asked, lately_proven
from buergerdraht.conversations import actions, outgoing, sentences
from buergerdraht.conversations.models import Conversation, Desk, Message, Stretch

State = Conversation.State
TAP = "mark:"
ANSWERS_WITHIN, MORE_WITHIN = timedelta(hours=24), timedelta(hours=1)
PAUSE, LATEST = timedelta(minutes=1), timedelta(minutes=15)  # after the close: nobody reopened it, and they still know what is meant
PIECE = 200
LONGEST = 500
ASKED, MORE = "mark", "mark_more"
_TYPED = re.compile(r"\W{0,3}([1-5١-٥])\W*(?:(?:sterne?|stars?|punkte?|points?|von\W*5|of\W*5|5|نجوم)\W*)?", re.IGNORECASE)
_STARS = re.compile(r"(?:[⭐★🌟]\ufe0f?\s*){1,5}")


# ── Asking ────────────────────────────────────────────────────────────────


def ask(now: datetime) -> None:
    """Ask about the matters that were closed a moment ago, where the organisation wants it."""
    rows = Stretch.objects.filter(
        organisation__desk__ask_mark=True, closed_at__gt=now - LATEST, closed_at__lte=now - PAUSE, asked_at=None, answered_at__isnull=False,
        conversation__state=State.CLOSED, conversation__aside="",
    ).exclude(conversation__contact__state=Contact.State.STOPPED)  # fmt: skip
    for number in rows.order_by("closed_at").values_list("pk", flat=True)[:PIECE]:
        _ask(number, now)


@transaction.atomic
def _ask(number: int, now: datetime) -> None:
    locked = Conversation.objects.select_for_update(of=("self",), skip_locked=True).select_related("organisation", "contact")
    conversation = locked.select_related("last_address__channel").filter(stretches=number, state=State.CLOSED).first()
    stretch = Stretch.objects.filter(pk=number, asked_at=None).first()
    if conversation is None or stretch is None or conversation.last_address is None:
        return
    if not outreach.window(conversation.last_address, now).open:
        return
    Stretch.objects.filter(pk=number).update(asked_at=now)
    text = _question(conversation.organisation, conversation.contact.language)
    sentences.say(conversation.last_address, text, _choices(number), what=ASKED)


def _choices(number: int) -> list[Choice]:
    return [Choice(id=f"{TAP}{number}:{mark}", title=str(mark)) for mark in range(1, 6)]


def _question(organisation: Organisation, language: str) -> str:
    own = sentences.own(Desk.of(organisation).mark_text, organisation, language)
    return own or sentences.ours(sentences.MARK, organisation, language)


# ── Answers ───────────────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def take(incoming: Incoming) -> bool:
    """Take a mark, or the sentence after it; whatever else they write is for people."""
    conversation = outgoing.arrival(incoming).conversation
    if incoming.event.choice.startswith(TAP):
        return _tapped(conversation, incoming)
    if conversation.state != State.BOT or conversation.stretch_id is None or incoming.event.kind != "text":
        return False
    since = timezone.now() - ANSWERS_WITHIN
    stretch = Stretch.objects.filter(pk=conversation.stretch_id, asked_at__gt=since, closed_at__isnull=False).first()
    if stretch is None:
        return False
    if stretch.mark is None:
        mark = typed(incoming.event.text)
        return mark is not None and _marked(stretch, mark, conversation, incoming)
    return _said_more(stretch, conversation, incoming)


def typed(text: str) -> int | None:
    """Read a mark that was typed: a digit, alone or with the word for stars, or so many stars."""
    text = text.strip()
    if found := _TYPED.fullmatch(text):
        return int(found[1])
    return len(re.findall("[⭐★🌟]", text)) if _STARS.fullmatch(text) else None


def _tapped(conversation: Conversation, incoming: Incoming) -> bool:
    number, _, mark = incoming.event.choice.removeprefix(TAP).partition(":")
    if not (number.isdecimal() and len(number) < 19 and mark in {"1", "2", "3", "4", "5"}):
        return False
    stretch = Stretch.objects.filter(pk=int(number), conversation=conversation, asked_at__isnull=False).first()
    return stretch is not None and _marked(stretch, int(mark), conversation, incoming)


def _marked(stretch: Stretch, mark: int, conversation: Conversation, incoming: Incoming) -> bool:
    first = stretch.mark is None
    if asked(incoming, stretch.asked_at, _choices(stretch.pk)):  # by a forged sender nobody marks for somebody else
        if conversation.state != State.OPEN:
            _rest(conversation, stretch)
        return True
    stretch.mark = mark
    stretch.save(update_fields=["mark"])
    if conversation.state == State.OPEN:  # a new matter is at hand: nobody talks into it
        return True
    _rest(conversation, stretch)
    if first:
        sentences.say(incoming.address, _words(sentences.MARK_MORE, incoming), what=MORE)
    return True


def _said_more(stretch: Stretch, conversation: Conversation, incoming: Incoming) -> bool:
    """Take the sentence after the mark. A question, or one that was noticed, is for people."""
    text, flags = incoming.event.text.strip(), outgoing.arrival(incoming).flags
    if stretch.mark_text or not text or len(text) > LONGEST or "?" in text or "؟" in text or flags:
        return False
    if not lately_proven(incoming):
        return False
    asked = conversation.messages.filter(author=Message.Author.BOT, at__gt=timezone.now() - MORE_WITHIN, data__said=MORE)
    if not asked.exists():
        return False
    stretch.mark_text = text
    stretch.save(update_fields=["mark_text"])
    _rest(conversation, stretch)
    sentences.say(incoming.address, _words(sentences.MARK_THANKS, incoming))
    return True


def _rest(conversation: Conversation, stretch: Stretch) -> None:
    """Let the thread be closed as it was before they answered."""
    conversation.state, conversation.closed_at = State.CLOSED, stretch.closed_at or timezone.now()
    actions.keep(conversation)


def _words(texts: sentences.Texts, incoming: Incoming) -> str:
    return sentences.ours(texts, incoming.channel.organisation, incoming.contact.language)
