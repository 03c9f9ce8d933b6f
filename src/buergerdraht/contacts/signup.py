"""Signing up on the phone: notice, topics, confirmation (double opt-in), welcome. Tapped, or typed as number or title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import actions, ledger, words
from buergerdraht.contacts.answers import answer, chosen, is_number, leave, phrase, stand, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Contact, Topic
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.texts import name_topics

PICK, CONFIRM = "pick", "confirm"
ROW = 24  # characters a list row shows on the strictest messenger
OPENING = re.compile(r"^\s*/?(abo(nnieren)?|start|thema|topic|subscribe)\b[\s:_\-]*", re.IGNORECASE)
MOST_NAMED = 40
TOPIC, DONE, CANCEL, YES, NO, MORE = "topic:", "topics:done", "topics:cancel", "confirm:yes", "confirm:no", "confirm:more"


def take(incoming: Incoming) -> bool:
    """Answer a message that begins a sign-up or goes on with one; else leave it to the next."""
    event = incoming.event
    if event.kind not in {"text", "choice", "start"}:
        return False
    if event.choice and tapped(incoming):
        return True
    if event.kind == "start" or event.start or _opening(event.text):
        begin(incoming, *topics_of(incoming, event.start or event.text))
        return True
    if _named(event.text) and (several := topics_of(incoming, event.text)):
        begin(incoming, *several)
        return True
    if _typed(incoming):
        return True
    if incoming.contact.state == Contact.State.NEW and words.command(event.text, (words.HELLO,)) and not _asked_before(incoming):
        begin(incoming, None)
        return True
    return False


def begin(incoming: Incoming, *wanted: Topic | None) -> None:
    """Show the notice, then the topics; a deep link to one topic or to several goes straight to their confirmation."""
    contact = incoming.contact
    topics = _topics(incoming)
    notice = phrase(incoming, "notice")
    ledger.write(contact, incoming.address, "request", [ledger.EVERYTHING], _proof(incoming, notice))
    if not topics:
        leave(contact)
        answer(incoming, notice + "\n\n" + phrase(incoming, "no_topics"))
        return
    have = _subscribed(contact)
    if new := [topic.key for topic in wanted if topic is not None and topic.key not in have]:
        _ask_to_confirm(incoming, [*have, *new], notice)
    elif len(topics) == 1 and topics[0].key not in have:
        _ask_to_confirm(incoming, [topics[0].key], notice)
    elif have:
        change(incoming)
    else:
        _ask_topics(incoming, notice + "\n\n" + phrase(incoming, "pick"), [], notice)


def change(incoming: Incoming) -> None:
    """Show what is subscribed, to add or remove."""
    have = _subscribed(incoming.contact)
    if not _topics(incoming):
        answer(incoming, phrase(incoming, "no_topics"))
    elif not have:
        begin(incoming, None)
    else:
        names = _names(incoming, have)
        _ask_topics(incoming, phrase(incoming, "topics_now", topics=names), have, "")


def tapped(incoming: Incoming) -> bool:
    """Handle a tap on one of our buttons, however old it is."""
    choice = incoming.event.choice
    if choice.startswith(TOPIC):
        _toggle(incoming, [choice.removeprefix(TOPIC)])
    elif choice == DONE:
        _done(incoming)
    elif choice == MORE:
        _more(incoming)
    elif choice in {NO, CANCEL}:
        _cancel(incoming)
    elif choice == YES:
        _confirm(incoming)
    else:
        return False
    return True


def topic_of(incoming: Incoming, text: str) -> Topic | None:
    """Find the topic a deep link or "ABO verkehr" names, leniently; of several the first."""
    return next(iter(topics_of(incoming, text)), None)


def topics_of(incoming: Incoming, text: str) -> list[Topic]:
    """Find the topics a deep link ("verkehr__abfall", "nr-3-7") or "ABO Verkehr, Abfall" names, leniently; one unknown word: none."""
    wanted = OPENING.sub("", text.strip())
    known = _topics(incoming)
    if numbered := re.fullmatch(r"nr((?:-\d{1,9})+)", wanted):
        numbers = {int(number) for number in numbered[1].split("-")[1:]}
        return [topic for topic in known if topic.pk in numbers]
    spoken = {name: topic for topic in reversed(known) for name in (topic.key, *topic.title.values())}
    by_name = {words.plain(name): topic for name, topic in spoken.items()}
    if topic := by_name.get(words.plain(wanted)):
        return [topic]
    pieces = [words.plain(piece) for piece in re.split(r"__|[,;\n]|\s\+\s", wanted)[:MOST_NAMED]]
    found = [by_name[piece] for piece in pieces if piece in by_name]
    return list(dict.fromkeys(found)) if len(found) == len(pieces) else []


# ── Steps ─────────────────────────────────────────────────────────────────


def _typed(incoming: Incoming) -> bool:
    step = step_of(incoming.contact)
    text = incoming.event.text
    if step.get("name") not in {PICK, CONFIRM}:
        return False
    if step["name"] == CONFIRM and (said := words.command(text, (words.YES, words.NO))):
        _confirm(incoming) if said == words.YES else _cancel(incoming)
        return True
    if step["name"] == PICK and (said := words.command(text, (words.DONE, words.NO))):
        _done(incoming) if said == words.DONE else _cancel(incoming)
        return True
    ids = chosen(text, step["options"])
    if not ids:
        return is_number(text) and answer(incoming, phrase(incoming, "not_understood"))
    if len(ids) > 1 or ids[0].startswith(TOPIC):
        _toggle(incoming, [each.removeprefix(TOPIC) for each in ids if each.startswith(TOPIC)])
        return True
    return _follow(incoming, ids[0])


def _follow(incoming: Incoming, choice: str) -> bool:
    steps = {DONE: _done, MORE: _more, NO: _cancel, CANCEL: _cancel, YES: _confirm}
    if choice not in steps:
        return False
    steps[choice](incoming)
    return True


def _toggle(incoming: Incoming, keys: Sequence[str]) -> None:
    step = step_of(incoming.contact)
    begun = step.get("name") in {PICK, CONFIRM}
    picked = list(step["picked"]) if begun else _subscribed(incoming.contact)
    known = {topic.key for topic in _topics(incoming)}
    for key in keys:
        if key in picked:
            picked.remove(key)
        elif key in known:
            picked.append(key)
    text = phrase(incoming, "picked", topics=_names(incoming, picked)) if picked else phrase(incoming, "picked_none")
    _ask_topics(incoming, text, picked, step.get("notice", "") if begun else "")


def _more(incoming: Incoming) -> None:
    _toggle(incoming, [])


def _done(incoming: Incoming) -> None:
    """Remove at once what was deselected; ask to confirm what is new."""
    contact, step = incoming.contact, step_of(incoming.contact)
    if step.get("name") not in {PICK, CONFIRM}:
        change(incoming)
        return
    have, picked = _subscribed(contact), list(step["picked"])
    if not picked and not have:
        _toggle(incoming, [])
        return
    removed = [topic for topic in _topics(incoming, archived=True) if topic.key in have and topic.key not in picked]
    if removed and asked(incoming):
        return
    if removed:
        actions.unsubscribe(contact, removed, _proof(incoming), incoming.address)
    if [key for key in picked if key not in have]:
        _ask_to_confirm(incoming, picked, step.get("notice", ""))
    else:
        leave(contact)
        answer(incoming, phrase(incoming, "topics_changed", topics=_names(incoming, picked)))


def _ask_topics(incoming: Incoming, text: str, picked: Sequence[str], notice: str) -> None:
    language = incoming.contact.language
    choices = []
    for topic in _topics(incoming):
        title = topic.title_in(language)
        if topic.key in picked and len(title) <= ROW - 2:  # a longer one would push the list into numbered text; the words name it anyway
            title = "✓ " + title
        choices.append(Choice(id=TOPIC + topic.key, title=title, description=_describe(topic, language)))
    changed = bool(picked) or bool(_subscribed(incoming.contact))
    choices.append(Choice(id=DONE, title=phrase(incoming, "done")) if changed else Choice(id=CANCEL, title=phrase(incoming, "cancel")))
    plain = [Choice(id=choice.id, title=choice.title.removeprefix("✓ ")) for choice in choices]
    stand(incoming.contact, PICK, plain, picked=list(picked), notice=notice)
    answer(incoming, text, choices, phrase(incoming, "pick_label"))


def _ask_to_confirm(incoming: Incoming, picked: Sequence[str], notice: str) -> None:
    have = _subscribed(incoming.contact)
    new = [key for key in picked if key not in have]
    topics = [topic for topic in _topics(incoming) if topic.key in new]
    question = phrase(incoming, "confirm", topics=name_topics(topics, incoming.channel.organisation, incoming.contact.language))
    shown = f"{notice}\n\n{question}" if notice and step_of(incoming.contact).get("name") not in {PICK, CONFIRM} else question
    proof = _proof(incoming, notice or question)
    actions.subscribe(incoming.contact, topics, incoming.address, proof)
    choices = [Choice(id=YES, title=phrase(incoming, "confirm_yes"))]
    if len(_topics(incoming)) > len(picked):
        choices.append(Choice(id=MORE, title=phrase(incoming, "more")))
    choices.append(Choice(id=NO, title=phrase(incoming, "cancel")))
    stand(incoming.contact, CONFIRM, choices, picked=list(picked), notice=notice, question=question)
    answer(incoming, shown, choices)


def _confirm(incoming: Incoming) -> None:
    """Confirm what was asked; a tap on an old button after the wish has lapsed begins anew."""
    if asked(incoming):
        return
    step = step_of(incoming.contact)
    topics = actions.confirm(incoming.contact, incoming.address, _proof(incoming, step.get("question", "")))
    if not topics:
        change(incoming)
        return
    leave(incoming.contact)
    answer(incoming, phrase(incoming, "welcome", topics=_names(incoming, _subscribed(incoming.contact))))


def _cancel(incoming: Incoming) -> None:
    pending = [row.topic for row in incoming.contact.subscriptions.filter(confirmed_at=None).select_related("topic")]
    if pending:
        actions.unsubscribe(incoming.contact, pending, _proof(incoming), incoming.address)
    leave(incoming.contact)
    answer(incoming, phrase(incoming, "not_confirmed"))


# ── What the steps ask for ────────────────────────────────────────────────


def _named(text: str) -> bool:
    """Whether a message opens like a wish for topics, however many it names: a link of the subscribing page wrote it."""
    return len(text) <= 500 and bool(OPENING.match(text.strip()))


def _opening(text: str) -> bool:
    if words.command(text, (words.START,)):
        return True
    bare = words.plain(text)
    return bool(re.fullmatch(r"(bitte )?(abo|start|abonnieren|subscribe) [\w ]{1,40}", bare)) and len(bare.split()) <= 4


def _asked_before(incoming: Incoming) -> bool:
    return incoming.contact.consents.exists()


def _topics(incoming: Incoming, *, archived: bool = False) -> list[Topic]:
    topics = Topic.objects.filter(organisation_id=incoming.channel.organisation_id)
    return list(topics if archived else topics.filter(active=True))


def _subscribed(contact: Contact) -> list[str]:
    rows = contact.subscriptions.filter(confirmed_at__isnull=False).order_by("topic__position", "topic_id")
    return list(rows.values_list("topic__key", flat=True))


def _names(incoming: Incoming, keys: Sequence[str]) -> str:
    topics = [topic for topic in _topics(incoming, archived=True) if topic.key in keys]
    return name_topics(topics, incoming.channel.organisation, incoming.contact.language)


def _describe(topic: Topic, language: str) -> str:
    return str(topic.description.get(language) or topic.description.get("de") or "")


def _proof(incoming: Incoming, text: str = "") -> Proof:
    event = incoming.event
    return Proof(channel=incoming.channel, evidence=event.external_id, text=text, language=incoming.contact.language, at=event.at)
