"""What becomes of a case: the verbs, the only writer beside `opening`. Each writes down what happened; the history is never changed.

A case is locked for every verb. What is said to followers and colleagues locks threads, and so comes after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Team
from buergerdraht.cases import deputies, states, telling
from buergerdraht.cases.models import Case, Entry, Follower, Photo
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations import notices, outgoing
from buergerdraht.conversations.models import Notice
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Media
from buergerdraht.webhooks import events

State = Case.State
# What other systems hear of.
TOLD = {
    "moved": "case.moved", "answered": "case.answered", "assigned": "case.assigned", "handed": "case.assigned", "joined": "case.followed",
}  # fmt: skip


class NotNow(Exception):
    """What was wished cannot be done; the text is a sentence for whoever wished it."""


def lock(number: int) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("organisation", "category").get(pk=number)


def record(case: Case, what: str, **more: Any) -> Entry:
    """Write down that something happened: in the history, in the audit log by ids alone, to the open screens."""
    entry = Entry(case=case, what=what, at=timezone.now(), **more)
    entry.save()
    if entry.operator:
        audit.record(case.organisation, f"cases.{what}", operator=entry.operator, subject=f"case:{case.pk}", **entry.data)
    live.tell(case.organisation_id, "case", case=case.pk)
    if what in TOLD and not case.confidential:
        events.tell(case.organisation_id, TOLD[what], case=case.pk)
    return entry


@transaction.atomic
def bell(case: Case, operators: Sequence[Operator], kind: str, *, by: Operator | None = None) -> None:
    """Tell ours of a case by the thread of who brought it; without a messenger the list alone shows it. Never while the case is locked."""
    contact = Contact.objects.filter(pk=case.contact_id or 0).first()
    if contact is not None:
        notices.tell(outgoing.thread(contact), operators, kind, by=by)


# ── Followers ─────────────────────────────────────────────────────────────


@transaction.atomic
def join(case: Case, contact: Contact, address: Address) -> Follower:
    """Let somebody hear of every step from now on. The same twice is one."""
    row = lock(case.pk)
    if row.confidential:
        raise NotNow(_("Vertrauliche Anliegen haben keine weiteren Beteiligten."))
    follower, made = Follower.objects.get_or_create(case=row, contact=contact, defaults={"address": address})
    if made or follower.left_at:
        follower.address, follower.left_at = address, None
        follower.save(update_fields=["address", "left_at"])
        record(row, "joined", contact=contact)
    return follower


@transaction.atomic
def leave(case: Case, contact: Contact) -> bool:
    """Let somebody hear no more of it."""
    row = lock(case.pk)
    if not row.followers.filter(contact=contact, left_at=None).update(left_at=timezone.now()):
        return False
    record(row, "left", contact=contact)
    return True


# ── What our people do ────────────────────────────────────────────────────


@transaction.atomic
def move(case: Case, state: str, *, operator: Operator, words: str = "", tell: bool = True) -> Entry:
    """Bring a case into another state; followers hear it, with words of ours. Raises NotNow where it does not follow."""
    row = lock(case.pk)
    if state == State.DUPLICATE or not states.may_follow(row.state, state):
        raise NotNow(_("Aus „%(now)s“ wird nicht „%(then)s“.") % {"now": states.TITLES[row.state], "then": states.TITLES[state]})
    return moved(row, state, operator=operator, words=words, tell=tell)


def moved(row: Case, state: str, *, operator: Operator | None, words: str, tell: bool, **data: Any) -> Entry:
    before, now = row.state, timezone.now()
    row.state = state
    row.done_at = now if state in Case.CLOSED else None
    if tell and operator and row.answered_at is None:
        row.answered_at = now
    row.save(update_fields=["state", "done_at", "answered_at", "same_as", "changed_at"])
    entry = record(row, "moved", operator=operator, data={"from": before, "to": state, **data})
    if tell:
        telling.tell(entry, words)
    return entry


@transaction.atomic
def answer(case: Case, words: str, *, operator: Operator) -> Entry:
    """Write to everyone who follows it."""
    row = lock(case.pk)
    if not words.strip():
        raise NotNow(_("Die Antwort ist leer."))
    row.answered_at = row.answered_at or timezone.now()
    row.save(update_fields=["answered_at", "changed_at"])
    entry = record(row, "answered", operator=operator)
    telling.tell(entry, words.strip())
    return entry


@transaction.atomic
def note(case: Case, text: str, *, operator: Operator) -> Entry:
    """Leave a note that never leaves the house."""
    if not text.strip():
        raise NotNow(_("Die Notiz ist leer."))
    return record(lock(case.pk), "note", text=text.strip(), operator=operator)


@transaction.atomic
def accept(case: Case, *, operator: Operator) -> None:
    """Say that the team it was given to takes it."""
    row = lock(case.pk)
    if row.accepted_at is not None:
        return
    row.accepted_at = timezone.now()
    row.save(update_fields=["accepted_at", "changed_at"])
    record(row, "accepted", operator=operator)


@transaction.atomic
def assign(case: Case, operator: Operator | None, *, by: Operator) -> None:
    """Give it to somebody, or to nobody; whoever is away is represented by their deputy. They are told, unless they did it themselves."""
    row = lock(case.pk)
    asked = operator
    if operator is not None:
        operator = deputies.of(row.organisation_id, operator, timezone.localdate())
    if row.confidential and operator and not row.category.people.filter(pk=operator.pk).exists():
        raise NotNow(_("Dieses Anliegen ist vertraulich: Nur die Benannten sehen es."))
    row.operator = operator
    row.accepted_at = row.accepted_at or timezone.now()
    row.save(update_fields=["operator", "accepted_at", "changed_at"])
    instead = {"instead_of": asked.pk} if asked and asked != operator else {}
    record(row, "assigned", operator=by, data={"holder": operator.pk if operator else None, **instead})
    if operator and operator != by:
        transaction.on_commit(lambda: bell(row, [operator], Notice.Kind.ASSIGNED, by=by), robust=True)


@transaction.atomic
def hand_on(case: Case, team: Team, *, operator: Operator, text: str = "") -> None:
    """Give it to another team, which has to accept it."""
    row = lock(case.pk)
    row.team, row.operator, row.accepted_at = team, None, None
    row.save(update_fields=["team", "operator", "accepted_at", "changed_at"])
    record(row, "handed", operator=operator, text=text, data={"team": team.pk})


@transaction.atomic
def rank(case: Case, priority: int, *, operator: Operator) -> None:
    row = lock(case.pk)
    row.priority = Case.Priority(priority)
    row.save(update_fields=["priority", "changed_at"])
    record(row, "ranked", operator=operator, data={"priority": priority})


@transaction.atomic
def promise(case: Case, due_at: datetime | None, *, operator: Operator) -> None:
    """Set another deadline, or none: it is warned of anew."""
    row = lock(case.pk)
    row.due_at = due_at
    row.warn_at = row.received_at + (due_at - row.received_at) * 3 / 4 if due_at else None
    row.warned_at = row.overdue_at = None
    row.save(update_fields=["due_at", "warn_at", "warned_at", "overdue_at", "changed_at"])
    record(row, "promised", operator=operator, data={"due": due_at.isoformat() if due_at else None})


@transaction.atomic
def double(case: Case, of: Case, *, operator: Operator) -> Entry:
    """Say that a case is the same as another: who follows it follows that one from now on."""
    rows = {number: lock(number) for number in sorted({case.pk, of.pk})}
    row, other = rows[case.pk], rows[of.pk]
    if row is other or other.organisation_id != row.organisation_id or other.state == State.DUPLICATE:
        raise NotNow(_("Das andere Anliegen muss ein eigenes sein und darf nicht selbst doppelt sein."))
    if row.confidential != other.confidential:
        raise NotNow(_("Ein vertrauliches und ein offenes Anliegen werden nicht zusammengelegt."))
    if not states.may_follow(row.state, State.DUPLICATE):
        raise NotNow(_("Dieses Anliegen ist schon abgeschlossen."))
    row.same_as = other
    entry = moved(row, State.DUPLICATE, operator=operator, words=other.number, tell=True, same_as=other.pk)
    for follower in row.followers.filter(left_at=None).order_by("pk"):
        Follower.objects.get_or_create(case=other, contact_id=follower.contact_id, defaults={"address_id": follower.address_id})
    record(other, "doubled", operator=operator, data={"case": row.pk})
    return entry


@transaction.atomic
def release(case: Case, text: str, photos: Sequence[int], *, operator: Operator) -> None:
    """Show a case to the public: the text a person wrote or read, and covered pictures. Raises NotNow for a confidential one."""
    row = lock(case.pk)
    if row.confidential or row.category.visibility != row.category.Visibility.PUBLIC:
        raise NotNow(_("Anliegen dieser Kategorie bleiben im Haus."))
    if row.photos.filter(pk__in=photos, shown=None).exists():
        raise NotNow(_("Ein Bild ist noch nicht abgedeckt. Bitte einen Moment warten."))
    row.public, row.public_text, row.released_at = Case.Public.RELEASED, text.strip(), row.released_at or timezone.now()
    row.save(update_fields=["public", "public_text", "released_at", "changed_at"])
    row.photos.update(released=False)
    row.photos.filter(pk__in=photos).update(released=True)
    record(row, "released", operator=operator, data={"photos": list(photos)})


@transaction.atomic
def hide(case: Case, *, operator: Operator) -> None:
    """Take a case back from the public."""
    row = lock(case.pk)
    _hide(row, Case.Public.HIDDEN)
    record(row, "hidden", operator=operator)


def _hide(row: Case, how: str) -> None:
    row.public, row.public_text, row.released_at = how, "", None
    row.save(update_fields=["public", "public_text", "released_at", "changed_at"])
    row.photos.update(released=False)


# ── What citizens do ──────────────────────────────────────────────────────


@transaction.atomic
def add(case: Case, contact: Contact | None, *, text: str = "", photos: Sequence[Media] = ()) -> Entry:
    """Keep words and pictures somebody brings later."""
    row = lock(case.pk)
    made = [Photo.objects.get_or_create(case=row, media=media)[0].pk for media in photos]
    return record(row, "added", contact=contact, text=text.strip(), data={"photos": made} if made else {})


@transaction.atomic
def reopen(case: Case, contact: Contact | None, *, text: str = "") -> Entry:
    """Take it up again, because whoever follows it says that it is not done."""
    row = lock(case.pk)
    if row.state not in {State.DONE, State.REJECTED}:
        raise NotNow(_("Dieses Anliegen ist noch offen."))
    entry = moved(row, State.PROGRESS, operator=None, words="", tell=False, by="citizen")
    entry.contact, entry.text = contact, text.strip()
    entry.save(update_fields=["contact", "text"])
    return entry


@transaction.atomic
def withdraw(case: Case, contact: Contact | None) -> bool:
    """Take one's own words and pictures back from the public. Only whoever brought it can: None is who holds its personal link."""
    row = lock(case.pk)
    if row.contact_id != (contact.pk if contact else None):
        return False
    _hide(row, Case.Public.WITHDRAWN)
    record(row, "withdrawn", contact=contact)
    return True
