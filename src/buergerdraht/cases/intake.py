"""A report in the chat: photos, place, kind and words in any order; what is missing is asked, all is read back, then it is sent.

`go_on` hears whoever is in the middle of it, before dialogs are asked; `take` begins one, after them. Every choice says in its id which
question it answers ("case:alike:17"), so that an old button does the right thing or nothing. Photos that come within a moment are one
answer: the clock (`beat`) asks on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import asking, hearing, places, report, words
from buergerdraht.cases.models import Category, Draft
from buergerdraht.cases.persons import FORGOTTEN
from buergerdraht.cases.report import BEGIN, Report
from buergerdraht.cases.turns import ERRAND, PREFIX, Turn
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import answers
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Contact
from buergerdraht.conversations import appointed, outgoing
from buergerdraht.conversations.models import Conversation

MOMENT = timedelta(seconds=3)
PATIENCE = timedelta(minutes=5)  # with whoever does not say whether it is a report
SPEECHLESS = frozenset({"deletion", "reaction", "edit", "unsupported"})
LINK = "melden"  # of deep links: "melden", "melden-<category>"
PIECE = 100


# ── On the way in ─────────────────────────────────────────────────────────


@transaction.atomic(savepoint=False)
def go_on(incoming: Incoming) -> bool:
    """Hear whoever is reporting something; leave all others to the next."""
    event, contact = incoming.event, incoming.contact
    if event.kind in SPEECHLESS:
        return False
    if event.choice.startswith(PREFIX):
        return _tapped(incoming, event.choice)
    if contact.errand != ERRAND:
        return False
    draft = _draft(contact)
    if draft is None or event.start or event.kind == "start" or event.choice:
        contacts.send_on(contact, "")  # a link, or a button of something else: this rests
        return False
    turn = Turn.of(draft, incoming)
    if event.media:
        return _photos(turn, incoming)
    if event.location is not None:
        place = event.location.name or event.location.address
        hearing.place_at(turn, place, event.location.latitude, event.location.longitude)
        return asking.ask_on(turn)
    if event.kind != "text":
        return turn.rest() if draft.asked == BEGIN else asking.again(turn, "only_pictures")
    return hearing.hear(turn, event.text)


@transaction.atomic(savepoint=False)
def take(incoming: Incoming) -> bool:
    """Begin a report for whoever asks for it, sends a photo or a place unasked, or writes of something that can be reported."""
    event, organisation = incoming.event, incoming.channel.organisation
    if event.kind in SPEECHLESS or not _offers(organisation):
        return False
    if event.start.split("-", 1)[0] == LINK or (not event.media and words.is_one(event.text, "words")):
        return _begin(incoming, event.start.partition("-")[2])
    if "?" in event.text:  # whoever asks something wants an answer
        return False
    if event.kind == "text" and event.quote == "" and (known := _meant(organisation, event.text)):
        return _offer(incoming, known)
    if event.location is not None or (event.media and event.media[0].kind == "image"):
        return _offer(incoming, _meant(organisation, event.text))
    return False


def _offers(organisation: Organisation) -> bool:
    return Category.objects.filter(organisation=organisation, active=True).exists()


def _meant(organisation: Organisation, text: str) -> Category | None:
    """The one category that a text speaks of, by its synonyms; several or none: None."""
    if len(text) > report.LONGEST or len(text.split()) < 2:
        return None
    rows = Category.objects.filter(organisation=organisation, active=True)
    found = [row for row in rows if report.speaks_of(text, [word for each in row.synonyms.values() for word in each])]
    return found[0] if len(found) == 1 else None


def _begin(incoming: Incoming, key: str) -> bool:
    """Begin, or go on with what was begun within a day."""
    contact = incoming.contact
    old = _draft(contact)
    turn = Turn.of(old or _fresh(incoming), incoming)
    answers.leave(contact)
    contacts.send_on(contact, ERRAND)
    known = Category.objects.filter(organisation=contact.organisation, active=True, key=key).first() if key else None
    turn.before = turn.say("again" if old and not known else "hello")
    if known is not None and (said := hearing.settle(turn, known)):
        return said
    return asking.ask_on(turn)


def _offer(incoming: Incoming, known: Category | None) -> bool:
    """Ask whether this is meant as a report. The clock does, where more photos may come."""
    contact = incoming.contact
    if _draft(contact) is not None:
        return False  # theirs rests: what they say now is about something else
    draft = _fresh(incoming)
    draft.category, draft.asked = known, BEGIN
    turn = Turn.of(draft, incoming)
    contacts.send_on(contact, ERRAND)
    if incoming.event.location is not None:
        place = incoming.event.location
        hearing.place_at(turn, place.name or place.address, place.latitude, place.longitude)
    if incoming.event.media:
        return _photos(turn, incoming)
    report.add_words(turn.report, incoming.event.text)
    return asking.ask(turn, BEGIN)


def _tapped(incoming: Incoming, choice: str) -> bool:
    draft = _draft(incoming.contact)
    if draft is None:
        answers.answer(incoming, words.say(incoming.channel.organisation, incoming.contact.language, "gone"))
        return True
    contacts.send_on(incoming.contact, ERRAND)
    turn = Turn.of(draft, incoming)
    slot, _colon, value = choice.removeprefix(PREFIX).partition(":")
    if slot != draft.asked:
        return asking.ask_on(turn)  # an old button answers nothing
    return hearing.follow(turn, slot, value)


def _photos(turn: Turn, incoming: Incoming) -> bool:
    """Keep pictures and what stands below them; answer when the moment is over."""
    event, message = incoming.event, outgoing.arrival(incoming).message
    pictures = list(message.media.filter(kind="image").order_by("created_at", "pk")) if message else []
    report.add_words(turn.report, event.text)
    if not pictures:  # a voice, a film: nobody said yet that it is a report, so people hear it
        return turn.rest() if turn.draft.asked == BEGIN else asking.again(turn, "only_pictures")
    have = turn.report.photos
    new = [str(row.pk) for row in pictures if str(row.pk) not in have]
    have += new[: report.MOST_PHOTOS - len(have)]
    turn.draft.asks_at = timezone.now() + MOMENT
    turn.keep()
    return True


def _draft(contact: Contact) -> Draft | None:
    """What a contact is about to report; one that was forgotten is let go."""
    draft = Draft.objects.filter(contact=contact).select_related("category", "address__channel").first()
    if draft and timezone.now() - draft.changed_at > FORGOTTEN:
        draft.delete()
        return None
    return draft


def _fresh(incoming: Incoming) -> Draft:
    return Draft(contact=incoming.contact, address=incoming.address, content=report.dump(Report()))


# ── From the map, and by the clock ──────────────────────────────────────────────────────────


@transaction.atomic
def place_on_map(draft_id: int, latitude: float, longitude: float) -> str:
    """Set the place into the draft and let the clock ask on in the chat. Returns how the place is called, "" where the draft is gone."""
    contact = Contact.objects.select_related("organisation").filter(case_draft=draft_id).first()
    if contact is None:
        return ""
    outgoing.thread(contact)  # one at a time with what they write meanwhile
    draft = Draft.objects.filter(pk=draft_id).select_related("category", "address__channel").first()
    if draft is None:
        return ""
    draft.contact = contact
    turn = Turn.again(draft)
    hearing.place_at(turn, places.near(contact.organisation, latitude, longitude), latitude, longitude)
    draft.asks_at = timezone.now()
    contacts.send_on(contact, ERRAND)
    turn.keep()
    return turn.report.place


def let_go(now: datetime) -> int:
    """Bring before people what was offered to be reported and not answered: nobody's message lies unread. Returns how many."""
    rows = Draft.objects.filter(asked=BEGIN, asks_at=None, changed_at__lt=now - PATIENCE, contact__errand=ERRAND)
    return sum(_let_go(number) for number in list(rows.values_list("contact", flat=True)[:PIECE]))


@transaction.atomic
def _let_go(number: int) -> bool:
    contact = Contact.objects.get(pk=number)
    outgoing.thread(contact)
    contact.refresh_from_db(fields=["errand"])
    if contact.errand != ERRAND or not Draft.objects.filter(contact=contact, asked=BEGIN, asks_at=None).exists():
        return False
    contacts.send_on(contact, "")
    appointed.bring(contact)
    return True


def beat(now: datetime) -> int:
    """Ask on where a moment is over. Returns how many were asked."""
    due = Draft.objects.filter(asks_at__lte=now).order_by("asks_at").values_list("pk", flat=True)[:PIECE]
    return sum(_ask_on(number, now) for number in list(due))


@transaction.atomic
def _ask_on(number: int, now: datetime) -> bool:
    contact = Contact.objects.select_related("organisation").filter(case_draft=number).first()
    if contact is None:
        return False
    thread = outgoing.thread(contact)
    draft = Draft.objects.filter(pk=number, asks_at__lte=now).select_related("category", "address__channel").first()
    if draft is None:
        return False
    draft.contact = contact
    turn = Turn.again(draft)
    draft.asks_at = None
    if thread.state == Conversation.State.OPEN and thread.operator_id is not None:
        contacts.send_on(contact, "")  # a person has the word: this rests (law 11)
        turn.keep()
        return True
    return asking.ask(turn, BEGIN) if draft.asked == BEGIN else asking.ask_on(turn)
