"""What citizens do about their appointments in the messenger: see, move, cancel. Whoever has none is left to others.

Every choice says in its id what it means ("appt:day:12:2026-12-01"), so that an old button does the right thing or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from buergerdraht.appointments import actions, reading, telling
from buergerdraht.appointments.models import Booking
from buergerdraht.appointments.telling import PREFIX
from buergerdraht.appointments.texts import clock, listed, long_day, say, short_day, told
from buergerdraht.appointments.times import BERLIN
from buergerdraht.connectors.contract import Choice
from buergerdraht.contacts import words
from buergerdraht.contacts.answers import answer, chosen, is_number, leave, stand, step_of
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.proof import asked

STEP = "appointments"
REMEMBERED = timedelta(hours=2)  # so long a typed number means one of our choices
SPOKEN = {"text", "choice", "start"}
ROWS = 8  # a list shows ten: these, later ones, and a way back
LONGEST = 80


def take(incoming: Incoming) -> bool:
    """Answer whoever asks for their appointment or chooses about it; leave all others to the next."""
    event = incoming.event
    if event.kind not in SPOKEN:
        return False
    if event.choice.startswith(PREFIX):
        return _follow(incoming, event.choice)
    if verb := _asked(event.start or event.text):
        return _overview(incoming, verb)
    return not event.choice and step_of(incoming.contact, REMEMBERED).get("name") == STEP and _typed(incoming)


def _asked(text: str) -> str:
    """Name what the whole message asks for: show, move, cancel, or nothing."""
    if len(text) > LONGEST:
        return ""
    bare = " ".join(word for word in words.plain(text).split() if word not in {"bitte", "please"})
    return next((verb for verb, key in (("show", "words"), ("cancel", "words_cancel"), ("move", "words_move")) if bare in listed(key)), "")


def _typed(incoming: Incoming) -> bool:
    """Understand a number, a title, a yes or no."""
    text, options = incoming.event.text, step_of(incoming.contact)["options"]
    verbs = {option[0].split(":")[1]: option[0] for option in options}
    if "sure" in verbs and (said := words.command(text, (words.YES, words.NO))):
        return _follow(incoming, verbs["sure" if said == words.YES else "keep"])
    ids = chosen(text, options)
    if len(ids) == 1:
        return _follow(incoming, ids[0])
    return is_number(text) and _ask(incoming, _say(incoming, "not_understood"), ())


def _overview(incoming: Incoming, verb: str) -> bool:
    rows = list(reading.of(incoming.contact)[:ROWS])
    if not rows:
        return False
    if len(rows) == 1:
        return VERBS[verb](incoming, rows[0], "")
    choices = [
        Choice(id=f"{PREFIX}{verb}:{row.pk}", title=_title(incoming, row), description=row.offer.title_in(_language(incoming))[:70])
        for row in rows
    ]
    return _ask(incoming, _say(incoming, "many", number=str(len(rows))), choices)


def _title(incoming: Incoming, row: Booking) -> str:
    return f"{short_day(row.begins_at.astimezone(BERLIN).date(), _language(incoming))} {clock(row)}"


def _follow(incoming: Incoming, choice: str) -> bool:
    """Do what a choice says, about a booking that is theirs and still to come."""
    _prefix, verb, number, *rest = [*choice.split(":", 3), ""]
    rows = reading.of(incoming.contact)
    row = rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 18 else None
    if verb not in VERBS or row is None:
        leave(incoming.contact)
        return _answer(incoming, _say(incoming, "gone"))
    return VERBS[verb](incoming, row, rest[0])


# ── What can be done about one ────────────────────────────────────────────


def _show(incoming: Incoming, row: Booking, _rest: str) -> bool:
    return _ask(incoming, _told(incoming, row, "one"), telling.choices(row, _language(incoming)))


def _keep(incoming: Incoming, row: Booking, _rest: str) -> bool:
    leave(incoming.contact)
    return _answer(incoming, _told(incoming, row, "kept"))


def _cancel(incoming: Incoming, row: Booking, _rest: str) -> bool:
    """Ask once whether it is meant."""
    choices = [_choice(incoming, row, "sure", _say(incoming, "sure")), _choice(incoming, row, "keep", _say(incoming, "not_sure"))]
    return _ask(incoming, _told(incoming, row, "ask_cancel"), choices)


def _sure(incoming: Incoming, row: Booking, _rest: str) -> bool:
    if asked(incoming):
        return True
    leave(incoming.contact)
    row.contact = incoming.contact
    try:
        actions.cancel(row)
    except actions.Taken:  # somebody of us did something with it in this moment
        return _answer(incoming, _say(incoming, "gone"))
    return _answer(incoming, _told(incoming, row, "cancelled"))


def _move(incoming: Incoming, row: Booking, after: str) -> bool:
    """Ask for the day; `after` is the last one that was shown."""
    return _ask_day(incoming, row, after, before="")


def _ask_day(incoming: Incoming, row: Booking, after: str, before: str) -> bool:
    if row.begins_at <= timezone.now():
        return _ask(incoming, _say(incoming, "too_late"), [_choice(incoming, row, "cancel", _say(incoming, "do_cancel"))])
    last = _day(after)
    days = [each.date for each in reading.days(row.offer) if last is None or each.date > last]
    if not days:
        leave(incoming.contact)
        return _answer(incoming, f"{before}{_told(incoming, row, 'nothing_free')}")
    choices = [_choice(incoming, row, "day", short_day(day, _language(incoming)), day.isoformat()) for day in days[:ROWS]]
    if len(days) > ROWS:
        choices.append(_choice(incoming, row, "move", _say(incoming, "more_days"), days[ROWS - 1].isoformat()))
    choices.append(_choice(incoming, row, "keep", _say(incoming, "do_keep")))
    return _ask(incoming, before + _say(incoming, "ask_day"), choices)


def _ask_time(incoming: Incoming, row: Booking, rest: str) -> bool:
    """Ask for the time of a day; `rest` is the day and, on later pages, the first time not shown yet."""
    day, since = _day(rest[:10]), _moment(rest[11:])
    slots = reading.on(row.offer, day) if day else []
    slots = [slot for slot in slots if since is None or slot.begins_at >= since]
    if day is None or not slots:
        return _ask_day(incoming, row, "", before=f"{_say(incoming, 'taken')}\n\n")
    choices = [
        _choice(incoming, row, "time", f"{slot.begins_at.astimezone(BERLIN):%H:%M}", str(int(slot.begins_at.timestamp())))
        for slot in slots[:ROWS]
    ]
    if len(slots) > ROWS:
        later = f"{day.isoformat()}.{int(slots[ROWS].begins_at.timestamp())}"
        choices.append(_choice(incoming, row, "day", _say(incoming, "more_times"), later))
    choices.append(_choice(incoming, row, "move", _say(incoming, "other_day")))
    return _ask(incoming, _say(incoming, "ask_time", day=long_day(day, _language(incoming))), choices)


def _put(incoming: Incoming, row: Booking, rest: str) -> bool:
    """Move to the time that was chosen, or say that somebody was faster and ask again."""
    begins_at = _moment(rest)
    row.contact = incoming.contact
    if begins_at == row.begins_at:
        return _keep(incoming, row, "")
    if asked(incoming):
        return True
    try:
        moved = actions.move(row, begins_at or datetime.min.replace(tzinfo=UTC))
    except actions.Taken:
        return _ask_day(incoming, row, "", before=f"{_say(incoming, 'taken')}\n\n")
    leave(incoming.contact)
    return _answer(incoming, _told(incoming, moved, "moved"))


VERBS = {"show": _show, "move": _move, "cancel": _cancel, "keep": _keep, "sure": _sure, "day": _ask_time, "time": _put}


# ── What several share ────────────────────────────────────────────────────


def _choice(incoming: Incoming, row: Booking, verb: str, title: str, rest: str = "") -> Choice:
    return Choice(id=f"{PREFIX}{verb}:{row.pk}" + (f":{rest}" if rest else ""), title=title)


def _ask(incoming: Incoming, text: str, choices: Sequence[Choice]) -> bool:
    """Ask something, and note what a typed number will mean; without choices the last ones still hold."""
    if choices:
        stand(incoming.contact, STEP, choices)
    return answer(incoming, text, choices, _say(incoming, "label")) or True


def _answer(incoming: Incoming, text: str) -> bool:
    return answer(incoming, text) or True


def _say(incoming: Incoming, key: str, **values: str) -> str:
    return say(incoming.channel.organisation, _language(incoming), key, **values)


def _told(incoming: Incoming, row: Booking, key: str) -> str:
    return told(row, _language(incoming), key)


def _language(incoming: Incoming) -> str:
    return incoming.contact.language


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdigit() and len(text) < 12 else None
