"""Signing up for the hour in the messenger: what may we call you, chat or information or both; then questions beforehand."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils import timezone

from buergerdraht.connectors.contract import Choice
from buergerdraht.consultations import queue, reading
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.consultations.texts import clock, say, span, wait
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import signup, words
from buergerdraht.contacts.answers import answer, chosen, is_number, leave, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.proof import asked
from buergerdraht.conversations import outgoing

HOUR, BACK, LEAVE = "hour", "back", "leave"  # lists of words
NAME, WAY = "name", "way"  # steps
OWN_NAME, CHAT, INFO, BOTH, GO_BACK = "hour:name", "hour:chat", "hour:info", "hour:both", "hour:back"
LAPSES = timedelta(days=1)
SPEECHLESS = {"deletion", "reaction", "unsupported", "edit"}
SPOKEN = {"text", "choice", "start"}
LONGEST, MOST_WORDS = 60, 5  # of a name


def take(incoming: Incoming) -> bool:
    """Answer whoever wants to see the mayor, is signing up or waits; leave all others to the next."""
    event = incoming.event
    if event.kind in SPEECHLESS:
        return False
    if event.choice.startswith("hour:"):
        return _tapped(incoming, event.choice)
    if _asked(incoming):
        return begin(incoming)
    return incoming.contact.errand == queue.ERRAND and _go_on(incoming)


def begin(incoming: Incoming) -> bool:
    """Ask for the name, or what of it is still missing; who waits already hears how long."""
    guest = queue.sign(incoming.contact, incoming.address)
    leave(incoming.contact)
    if guest.state == Guest.State.WAITING:
        return _say_place(incoming, guest)
    if guest.state == Guest.State.TALKING:
        return answer(incoming, _say(incoming, "talking")) or True
    return _ask_way(incoming, guest) if incoming.contact.name_told else _ask_name(incoming, guest)


def _asked(incoming: Incoming) -> bool:
    event = incoming.event
    said = words.command(event.start or event.text, (HOUR,))
    return bool(said) and reading.offers(incoming.channel.organisation)


def _tapped(incoming: Incoming, choice: str) -> bool:
    """Follow a tap, however old its button: what it means is in it."""
    if not reading.offers(incoming.channel.organisation):
        return False
    guest = queue.sign(incoming.contact, incoming.address)
    if guest.state != Guest.State.SIGNING:
        return begin(incoming)
    return _follow(incoming, guest, choice)


def _go_on(incoming: Incoming) -> bool:
    guest = queue.alive(incoming.contact)
    if guest is None:
        contacts.send_on(incoming.contact, "")
        return False
    if step_of(incoming.contact) and signup.take(incoming):
        return True  # they were asked something else meanwhile, and answered that
    if guest.state == Guest.State.SIGNING:
        return incoming.event.kind in SPOKEN and _typed(incoming, guest)
    return guest.state == Guest.State.WAITING and _waits(incoming, guest)


# ── Signing up ────────────────────────────────────────────────────────────


def _typed(incoming: Incoming, guest: Guest) -> bool:
    text = incoming.event.text
    if timezone.now() - guest.joined_at > LAPSES:
        queue.leave(guest, Guest.State.LAPSED)
        return False
    if words.command(text, (LEAVE, words.NO)):
        queue.leave(guest)
        return _tell(incoming, "given_up")
    if words.command(text, (BACK,)):
        return _follow(incoming, guest, GO_BACK)
    options = [[choice.id, choice.title] for choice in (_names(incoming) if guest.step == NAME else _ways(incoming))]
    ids = chosen(text, options)
    if len(ids) == 1:
        return _follow(incoming, guest, ids[0])
    if is_number(text):
        return _tell(incoming, "not_understood")
    if guest.step == NAME and (name := name_in(text)):
        contacts.call(incoming.contact, name)
        return _ask_way(incoming, guest)
    if guest.step == WAY and (meant := _meant(text, options)):
        return _follow(incoming, guest, meant)
    queue.leave(guest, Guest.State.LAPSED)  # a question, not an answer: people are asked, and this waits
    _tell(incoming, "set_aside")
    return False


def _follow(incoming: Incoming, guest: Guest, choice: str) -> bool:
    if choice == GO_BACK:
        return _ask_name(incoming, guest)
    if choice == OWN_NAME:
        contacts.call(incoming.contact, incoming.contact.name)
        return _ask_way(incoming, guest)
    if choice == INFO:
        queue.leave(guest)
        return _inform(incoming)
    if choice not in {CHAT, BOTH}:
        return False
    _say_joined(incoming, queue.enter(guest))
    return choice == CHAT or _inform(incoming)


def _ask_name(incoming: Incoming, guest: Guest) -> bool:
    _stand(guest, NAME)
    answer(incoming, _say(incoming, "ask_name", host=_host(incoming)), _names(incoming))
    return True


def _ask_way(incoming: Incoming, guest: Guest) -> bool:
    _stand(guest, WAY)
    text = _say(incoming, "ask_way", host=_host(incoming), name=incoming.contact.name)
    answer(incoming, text, _ways(incoming), _say(incoming, "way_label"))
    return True


def _inform(incoming: Incoming) -> bool:
    """Subscribe to the information by the usual way: notice, confirmation, welcome."""
    topic = reading.topic(incoming.channel.organisation)
    if topic and incoming.contact.subscriptions.filter(topic=topic, confirmed_at__isnull=False).exists():
        return _tell(incoming, "has_info")
    signup.begin(incoming, topic)
    return True


def name_in(text: str) -> str:
    """Read a name somebody tells us; empty where it is none: a question, a number, a whole sentence."""
    bare = re.sub(r"^\s*(ich (heiße|heisse|bin)|mein name ist|my name is|i am|i'm|اسمي|أنا)\s+", "", text.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"[*_~`<>\[\](){}\\]", "", " ".join(bare.split())).strip(" .,!")
    if not bare or len(bare) > LONGEST or len(bare.split()) > MOST_WORDS or re.search(r"[?!:/@\d]", bare):
        return ""
    return bare if any(letter.isalpha() for letter in bare) else ""


def _meant(text: str, options: list[list[str]]) -> str:
    """Understand "Chat bitte" and "nur die Information": one of the words in a few."""
    said = words.plain(text).split()
    found = [choice for choice, title in options if words.plain(title) in said]
    return found[0] if len(found) == 1 and len(said) <= MOST_WORDS else ""


def _names(incoming: Incoming) -> list[Choice]:
    name = incoming.contact.name
    return [Choice(id=OWN_NAME, title=name)] if name_in(name) == name and name else []


def _ways(incoming: Incoming) -> list[Choice]:
    pairs = [(CHAT, "way_chat"), (INFO, "way_info"), (BOTH, "way_both"), (GO_BACK, "way_back")]
    return [Choice(id=each, title=_say(incoming, key)) for each, key in pairs]


def _stand(guest: Guest, step: str) -> None:
    guest.step, guest.joined_at = step, timezone.now()
    guest.save(update_fields=["step", "joined_at"])


# ── Waiting ───────────────────────────────────────────────────────────────


def _waits(incoming: Incoming, guest: Guest) -> bool:
    if outgoing.arrival(incoming).conversation.aside:
        return False
    if words.command(incoming.event.text, (LEAVE,)):
        if asked(incoming):
            return True
        queue.leave(guest)
        return _tell(incoming, "left")
    if queue.ask(guest, incoming):
        _tell(incoming, "noted")
    return True


def _say_joined(incoming: Incoming, guest: Guest) -> None:
    consultation = guest.consultation
    if consultation is None:
        _tell(incoming, "joined_later")
        return
    values = {"title": consultation.title, "host": consultation.host, "number": str(guest.number)}
    if consultation.state == Consultation.State.RUNNING:
        _tell(incoming, "joined_now", until=clock(consultation.ends_at), wait=_wait(incoming, guest), **values)
    else:
        _tell(incoming, "joined", when=span(consultation, incoming.contact.language), **values)


def _say_place(incoming: Incoming, guest: Guest) -> bool:
    _say_joined(incoming, guest)
    return True


def _wait(incoming: Incoming, guest: Guest) -> str:
    return wait(incoming.channel.organisation, incoming.contact.language, queue.ahead(guest), queue.minutes(guest))


def _host(incoming: Incoming) -> str:
    return reading.host(incoming.channel.organisation) or _say(incoming, "someone")


def _say(incoming: Incoming, key: str, **values: str) -> str:
    return say(incoming.channel.organisation, incoming.contact.language, key, **values)


def _tell(incoming: Incoming, key: str, **values: str) -> bool:
    answer(incoming, _say(incoming, key, **values))
    return True
