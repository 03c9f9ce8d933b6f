"""What becomes of a case: the verbs, the only writer beside `opening`. Each writes down what happened; the history is never changed.

A case is locked for every verb; followers' threads are locked by what is said to them, in the order of the followers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Team
from buergerdraht.cases import states, telling
from buergerdraht.cases.models import Case, Draft, Entry, Follower, Photo
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway import live
from buergerdraht.gateway.models import Media

State = Case.State
FORGOTTEN = timedelta(days=1)  # a draft nobody went on with


class NotNow(Exception):
    """What was wished cannot be done; the text is a sentence for whoever wished it."""


def lock(number: int) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("organisation", "category").get(pk=number)


def _note(case: Case, what: str, **more: Any) -> Entry:
    """Write down that something happened: in the history, in the audit log by ids alone, to the open screens."""
    entry = Entry(case=case, what=what, at=timezone.now(), **more)
    entry.save()
    if entry.operator:
        audit.record(case.organisation, f"cases.{what}", operator=entry.operator, subject=f"case:{case.pk}", **entry.data)
    live.tell(case.organisation_id, "case", case=case.pk)
    return entry


def _tell(entry: Entry, text: str) -> None:
    if telling.tell(entry, text, operator=None) or text:
        entry.told = text
        entry.save(update_fields=["told"])


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
        _note(row, "joined", contact=contact)
    return follower


@transaction.atomic
def leave(case: Case, contact: Contact) -> bool:
    """Let somebody hear no more of it."""
    row = lock(case.pk)
    if not row.followers.filter(contact=contact, left_at=None).update(left_at=timezone.now()):
        return False
    _note(row, "left", contact=contact)
    return True


# ── What our people do ────────────────────────────────────────────────────


@transaction.atomic
def move(case: Case, state: str, *, operator: Operator, words: str = "", tell: bool = True) -> Entry:
    """Bring a case into another state; followers hear it, with words of ours. Raises NotNow where it does not follow."""
    row = lock(case.pk)
    if state == State.DUPLICATE or not states.may_follow(row.state, state):
        raise NotNow(_("Aus „%(now)s“ wird nicht „%(then)s“.") % {"now": states.TITLES[row.state], "then": states.TITLES[state]})
    return _moved(row, state, operator=operator, words=words, tell=tell)


def _moved(row: Case, state: str, *, operator: Operator | None, words: str, tell: bool, **data: Any) -> Entry:
    before, now = row.state, timezone.now()
    row.state = state
    row.done_at = now if state in Case.CLOSED else None
    if tell and operator and row.answered_at is None:
        row.answered_at = now
    row.save(update_fields=["state", "done_at", "answered_at", "same_as", "changed_at"])
    entry = _note(row, "moved", operator=operator, data={"from": before, "to": state, **data})
    if tell:
        _tell(entry, words)
    return entry


@transaction.atomic
def answer(case: Case, words: str, *, operator: Operator) -> Entry:
    """Write to everyone who follows it."""
    row = lock(case.pk)
    if not words.strip():
        raise NotNow(_("Die Antwort ist leer."))
    row.answered_at = row.answered_at or timezone.now()
    row.save(update_fields=["answered_at", "changed_at"])
    entry = _note(row, "answered", operator=operator)
    _tell(entry, words.strip())
    return entry


@transaction.atomic
def note(case: Case, text: str, *, operator: Operator) -> Entry:
    """Leave a note that never leaves the house."""
    if not text.strip():
        raise NotNow(_("Die Notiz ist leer."))
    return _note(lock(case.pk), "note", text=text.strip(), operator=operator)


@transaction.atomic
def assign(case: Case, operator: Operator | None, *, by: Operator) -> None:
    row = lock(case.pk)
    if row.confidential and operator and not row.category.people.filter(pk=operator.pk).exists():
        raise NotNow(_("Dieses Anliegen ist vertraulich: Nur die Benannten sehen es."))
    row.operator = operator
    row.accepted_at = row.accepted_at or timezone.now()
    row.save(update_fields=["operator", "accepted_at", "changed_at"])
    _note(row, "assigned", operator=by, data={"holder": operator.pk if operator else None})


@transaction.atomic
def hand_on(case: Case, team: Team, *, operator: Operator, text: str = "") -> None:
    """Give it to another team, which has to accept it."""
    row = lock(case.pk)
    row.team, row.operator, row.accepted_at = team, None, None
    row.save(update_fields=["team", "operator", "accepted_at", "changed_at"])
    _note(row, "handed", operator=operator, text=text, data={"team": team.pk})


@transaction.atomic
def rank(case: Case, priority: int, *, operator: Operator) -> None:
    row = lock(case.pk)
    row.priority = Case.Priority(priority)
    row.save(update_fields=["priority", "changed_at"])
    _note(row, "ranked", operator=operator, data={"priority": priority})


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
    entry = _moved(row, State.DUPLICATE, operator=operator, words=other.number, tell=True, same_as=other.pk)
    for follower in row.followers.filter(left_at=None).order_by("pk"):
        Follower.objects.get_or_create(case=other, contact_id=follower.contact_id, defaults={"address_id": follower.address_id})
    _note(other, "doubled", operator=operator, data={"case": row.pk})
    return entry


@transaction.atomic
def release(case: Case, text: str, photos: Sequence[int], *, operator: Operator) -> None:
    """Show a case to the public: the text a person wrote or read, and covered pictures. Raises NotNow for a confidential one."""
    row = lock(case.pk)
    if row.confidential or row.category.visibility != row.category.Visibility.PUBLIC:
        raise NotNow(_("Anliegen dieser Kategorie bleiben im Haus."))
    if row.photos.filter(pk__in=photos, shown=None).exists():
        raise NotNow(_("Ein Bild ist noch nicht abgedeckt. Bitte einen Moment warten."))
    row.public, row.public_text = Case.Public.RELEASED, text.strip()
    row.save(update_fields=["public", "public_text", "changed_at"])
    row.photos.update(released=False)
    row.photos.filter(pk__in=photos).update(released=True)
    _note(row, "released", operator=operator, data={"photos": list(photos)})


@transaction.atomic
def hide(case: Case, *, operator: Operator) -> None:
    """Take a case back from the public."""
    row = lock(case.pk)
    _hide(row, Case.Public.HIDDEN)
    _note(row, "hidden", operator=operator)


def _hide(row: Case, how: str) -> None:
    row.public, row.public_text = how, ""
    row.save(update_fields=["public", "public_text", "changed_at"])
    row.photos.update(released=False)


# ── What citizens do ──────────────────────────────────────────────────────


@transaction.atomic
def add(case: Case, contact: Contact, *, text: str = "", photos: Sequence[Media] = ()) -> Entry:
    """Keep words and pictures somebody brings later."""
    row = lock(case.pk)
    made = [Photo.objects.get_or_create(case=row, media=media)[0].pk for media in photos]
    return _note(row, "added", contact=contact, text=text.strip(), data={"photos": made} if made else {})


@transaction.atomic
def reopen(case: Case, contact: Contact, *, text: str = "") -> Entry:
    """Take it up again, because whoever follows it says that it is not done."""
    row = lock(case.pk)
    if row.state not in {State.DONE, State.REJECTED}:
        raise NotNow(_("Dieses Anliegen ist noch offen."))
    entry = _moved(row, State.PROGRESS, operator=None, words="", tell=False, by="citizen")
    entry.contact, entry.text = contact, text.strip()
    entry.save(update_fields=["contact", "text"])
    return entry


@transaction.atomic
def withdraw(case: Case, contact: Contact) -> bool:
    """Take one's own words and pictures back from the public. Only whoever brought it can."""
    row = lock(case.pk)
    if row.contact_id != contact.pk:
        return False
    _hide(row, Case.Public.WITHDRAWN)
    _note(row, "withdrawn", contact=contact)
    return True


# ── What becomes of the person ────────────────────────────────────────────


def on_joined(sender: object, *, into: Contact, other: Contact, **more: Any) -> None:
    """Two contacts become one: it follows what both followed, each once."""
    mine = set(Follower.objects.filter(contact=into).values_list("case", flat=True))
    Follower.objects.filter(contact=other, case__in=mine).delete()
    Follower.objects.filter(contact=other).update(contact=into)
    Case.objects.filter(contact=other).update(contact=into)
    Entry.objects.filter(contact=other).update(contact=into)
    if not Draft.objects.filter(contact=into).exists():
        Draft.objects.filter(contact=other).update(contact=into)


def on_parted(sender: object, *, old: Contact, new: Contact, address: Address, **more: Any) -> None:
    """An address got a contact of its own: what was reported through it goes along."""
    cases = list(Follower.objects.filter(contact=old, address=address).values_list("case", flat=True))
    Follower.objects.filter(contact=old, address=address).update(contact=new)
    Case.objects.filter(pk__in=cases, contact=old).update(contact=new)
    Draft.objects.filter(contact=old, address=address).update(contact=new)


def on_stopped(sender: object, *, contact: Contact, **more: Any) -> None:
    """Who says STOP hears no more of any case; the cases stay with the office. A draft is let go."""
    Draft.objects.filter(contact=contact).delete()
    for case in Case.objects.filter(followers__contact=contact, followers__left_at=None):
        Follower.objects.filter(case=case, contact=contact).update(left_at=timezone.now())
        _note(case, "left", contact=contact, data={"stop": True})


def empty(case: Case) -> None:
    """Take the person, their words and pictures out of a case: number, category, place and what happened when remain."""
    for photo in case.photos.all():
        photo.delete()
    case.entries.update(text="", told="", contact=None)
    case.followers.all().delete()
    case.contact, case.text, case.answers, case.reporter, case.public_text, case.emptied = None, "", {}, "", "", True
    case.public = Case.Public.HIDDEN
    case.save()


def erase(contact: Contact) -> int:
    """Take somebody out of every case: those they brought are emptied, elsewhere their words go. Returns how many were theirs."""
    theirs = list(Case.objects.filter(contact=contact))
    for case in theirs:
        empty(case)
    Entry.objects.filter(contact=contact).update(text="", contact=None)
    return len(theirs)


def forget(now: datetime, organisation: int) -> int:
    """Empty what was closed longer ago than its category keeps it, and drafts nobody went on with. Returns how many cases."""
    Draft.objects.filter(contact__organisation=organisation, changed_at__lt=now - FORGOTTEN).delete()
    rows = Case.objects.filter(organisation=organisation, emptied=False, done_at__isnull=False).select_related("category")
    over = [row for row in rows.iterator() if row.done_at and (now - row.done_at).days >= row.category.keep_days]
    for row in over:
        empty(row)
    return len(over)
