"""What citizens do about their cases in the messenger: ask how it stands, add to it, say that it is not done, withdraw, follow another's.

Every choice says in its id what it means ("case:undone:42"), so that an old button does the right thing or nothing. `intake` has the other
choices of this room; a number is shown to whoever follows that case, and to others only what is public.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.utils import timezone

from buergerdraht.cases import actions, finding, words
from buergerdraht.cases.models import Case, Category, Entry
from buergerdraht.cases.turns import PREFIX
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import answers
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.proof import asked
from buergerdraht.contacts.texts import day
from buergerdraht.conversations import outgoing

STEP, ADDING = "cases", "case_add"
REMEMBERED = timedelta(hours=2)  # so long a typed number means one of our choices
ADDED = timedelta(minutes=20)  # so long what they send goes to the case they chose
SPOKEN = {"text", "choice", "start"}
ROWS = 9
FOLLOW = re.compile(r"(?:folgen|follow)[\s-]+(.{3,20})", re.IGNORECASE)


def take(incoming: Incoming) -> bool:
    """Hear whoever asks or speaks about a case of theirs; leave all others to the next."""
    event, contact = incoming.event, incoming.contact
    if event.choice.startswith(PREFIX):
        return _follow(incoming, event.choice)
    asked = (event.start or event.text).strip()
    if event.kind in SPOKEN and not event.choice and len(asked) <= 80:
        if words.is_one(asked, "words_status"):
            return _overview(incoming)
        if number := finding.number(asked):
            return _by_number(incoming, number)
        if (found := FOLLOW.fullmatch(asked)) and (number := finding.number(found[1])):
            return _by_number(incoming, number, follow=True)
    if answers.step_of(contact, ADDED).get("name") == ADDING:
        return _add(incoming)
    if event.kind in SPOKEN and not event.choice and answers.step_of(contact, REMEMBERED).get("name") == STEP:
        ids = answers.chosen(event.text, answers.step_of(contact)["options"])
        return len(ids) == 1 and _follow(incoming, ids[0])
    return False


def _say(incoming: Incoming, key: str, **values: str) -> str:
    return words.say(incoming.channel.organisation, incoming.contact.language, key, **values)


def _answer(incoming: Incoming, text: str, choices: Sequence[Choice] = ()) -> bool:
    answers.stand(incoming.contact, STEP, choices)
    answers.answer(incoming, text, choices, label=_say(incoming, "label"))
    return True


def _follow(incoming: Incoming, choice: str) -> bool:
    verb, _colon, value = choice.removeprefix(PREFIX).partition(":")
    if verb not in VERBS:
        return False
    case = Case.objects.select_related("organisation", "category").filter(
        organisation=incoming.channel.organisation, pk=int(value) if value.isdigit() and len(value) < 19 else 0
    ).first()  # fmt: skip
    if case is None or not (_theirs(incoming, case) or (verb in OPEN_TO_ALL and _public(case))):
        return _answer(incoming, _say(incoming, "unknown_number"))
    if verb in CHANGES and asked(incoming):
        return True
    return VERBS[verb](incoming, case)


def _theirs(incoming: Incoming, case: Case) -> bool:
    return case.contact_id == incoming.contact.pk or case.followers.filter(contact=incoming.contact, left_at=None).exists()


def _public(case: Case) -> bool:
    return case.public == Case.Public.RELEASED and not case.confidential


# ── Asking ────────────────────────────────────────────────────────────────


def _overview(incoming: Incoming) -> bool:
    """Show what they follow: the one, or a list, what is open first."""
    rows = Case.objects.filter(organisation=incoming.channel.organisation, followers__contact=incoming.contact, followers__left_at=None)
    found = list(rows.select_related("organisation", "category").order_by("-received_at", "-pk")[: 4 * ROWS])
    found = sorted(found, key=lambda case: case.state in Case.CLOSED)[:ROWS]
    if not found:
        offers = Category.objects.filter(organisation=incoming.channel.organisation, active=True).exists()
        return offers and _answer(incoming, _say(incoming, "none_yet"))
    if len(found) == 1:
        return _see(incoming, found[0])
    language = incoming.contact.language
    choices = [
        Choice(
            id=f"{PREFIX}see:{case.pk}", title=f"{case.number} {case.category.title_in(language)}"[:60],
            description=_say(incoming, f"state_{case.state}"),
        )
        for case in found
    ]  # fmt: skip
    return _answer(incoming, _say(incoming, "which"), choices)


def _by_number(incoming: Incoming, number: str, *, follow: bool = False) -> bool:
    rows = Case.objects.select_related("organisation", "category")
    case = rows.filter(organisation=incoming.channel.organisation, number=number).first()
    if case is not None and follow and _public(case):
        return _join(incoming, case)
    if case is not None and (_theirs(incoming, case) or _public(case)):
        return _see(incoming, case)
    return _answer(incoming, _say(incoming, "unknown_number"))


def _see(incoming: Incoming, case: Case) -> bool:
    """Say how a case stands, and offer what can be done about it."""
    language, theirs = incoming.contact.language, _theirs(incoming, case)
    told = case.entries.filter(what__in=("moved", "answered")).exclude(told="").order_by("-at", "-pk").first() if theirs else None
    parts = [
        _say(incoming, "stands", number=case.number, category=case.category.title_in(language),
             place=case.place or _say(incoming, "no_place"), state=_say(incoming, f"state_{case.state}"),
             day=day(case.done_at or case.received_at, language)),
        _say(incoming, "due", day=day(case.due_at, language)) if _promised(case) and case.due_at else "",
        told.told if told and case.state != Case.State.DUPLICATE else "",
    ]  # fmt: skip
    return _answer(incoming, "\n\n".join(part for part in parts if part), _choices(incoming, case, theirs))


def _promised(case: Case) -> bool:
    """Whether there is a day to look forward to."""
    return case.state in Case.OPEN and case.due_at is not None and case.due_at > timezone.now()


def _choices(incoming: Incoming, case: Case, theirs: bool) -> list[Choice]:
    """Three at most, as every messenger can show them."""
    if not theirs:
        verbs = {"follow": "do_follow"}
    elif case.state in {Case.State.DONE, Case.State.REJECTED}:
        verbs = {"undone": "just_undone", "leave": "do_leave"}
    elif case.state == Case.State.DUPLICATE:
        verbs = {"leave": "do_leave"}
    else:
        verbs = {"add": "do_add", "leave": "do_leave"}
    if theirs and case.public == Case.Public.RELEASED and case.contact_id == incoming.contact.pk:
        verbs["withdraw"] = "do_withdraw"
    return [Choice(id=f"{PREFIX}{verb}:{case.pk}", title=_say(incoming, key)) for verb, key in verbs.items()]


# ── Doing ─────────────────────────────────────────────────────────────────


def _begin_adding(incoming: Incoming, case: Case) -> bool:
    answers.stand(incoming.contact, ADDING, case=case.pk)
    answers.answer(incoming, _say(incoming, "add", number=case.number))
    return True


def _add(incoming: Incoming) -> bool:
    """Keep words and pictures with the case they chose; thanked once, so that five photos are not thanked five times."""
    event, step = incoming.event, answers.step_of(incoming.contact)
    case = Case.objects.filter(organisation=incoming.channel.organisation, pk=step["case"]).first()
    if case is None or event.choice or event.start or event.kind not in {"text", "media"} or not _theirs(incoming, case):
        answers.leave(incoming.contact)
        return False
    if asked(incoming):
        return True
    message = outgoing.arrival(incoming).message
    pictures = list(message.media.filter(kind="image").order_by("created_at", "pk")) if message and event.media else []
    if not event.text.strip() and not pictures:
        answers.answer(incoming, _say(incoming, "only_pictures"))
        return True
    actions.add(case, incoming.contact, text=event.text, photos=pictures)
    if not step.get("thanked"):
        answers.answer(incoming, _say(incoming, "added", number=case.number))
    answers.stand(incoming.contact, ADDING, case=case.pk, thanked=True)
    return True


def _undone(incoming: Incoming, case: Case) -> bool:
    """Take it up again; what they send next goes with it."""
    try:
        actions.reopen(case, incoming.contact)
    except actions.NotNow:  # a duplicate, or somebody did meanwhile
        return _see(incoming, case)
    answers.stand(incoming.contact, ADDING, case=case.pk)
    answers.answer(incoming, _say(incoming, "reopened", number=case.number))
    return True


def _good(incoming: Incoming, case: Case) -> bool:
    """Keep that they are content: once each."""
    if not Entry.objects.filter(case=case, what="rated", contact=incoming.contact).exists():
        actions.record(actions.lock(case.pk), "rated", contact=incoming.contact, data={"good": True})
    answers.answer(incoming, _say(incoming, "thanked"))
    return True


def _withdraw(incoming: Incoming, case: Case) -> bool:
    done = actions.withdraw(case, incoming.contact)
    return _answer(incoming, _say(incoming, "withdrawn" if done else "unknown_number", number=case.number))


def _leave(incoming: Incoming, case: Case) -> bool:
    actions.leave(case, incoming.contact)
    return _answer(incoming, _say(incoming, "left", number=case.number))


def _join(incoming: Incoming, case: Case) -> bool:
    """Let somebody follow what everybody may read."""
    if not _public(case):
        return _see(incoming, case)
    if case.state in Case.CLOSED:
        return _see(incoming, case)
    actions.join(case, incoming.contact, incoming.address)
    return _answer(incoming, _say(incoming, "joined", number=case.number))


VERBS: dict[str, Callable[[Incoming, Case], bool]] = {
    "see": _see, "add": _begin_adding, "undone": _undone, "good": _good, "withdraw": _withdraw, "leave": _leave, "follow": _join,
}  # fmt: skip
CHANGES = frozenset({"undone", "withdraw", "leave"})
OPEN_TO_ALL = frozenset({"see", "follow"})
