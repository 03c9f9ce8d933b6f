"""What becomes of a case's people: two that are one, one that parts, STOP, erasure, and the end of keeping."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from buergerdraht.cases import photos
from buergerdraht.cases.actions import record
from buergerdraht.cases.models import Case, Draft, Entry, Follower, Photo
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

FORGOTTEN = timedelta(days=1)  # a draft nobody went on with


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
        record(case, "left", contact=contact, data={"stop": True})


def drop(photo: Photo) -> None:
    """Delete a picture and its files; an original that hangs in a conversation, or that the house shows elsewhere, is left to them."""
    shown, original = photo.shown, photo.media
    photo.delete()
    for media in (shown, original):
        if media is None or media.state != Media.State.READY or Message.objects.filter(media=media).exists():
            continue
        if not photos.used_elsewhere(media):
            files.remove(media)


def empty(case: Case) -> None:
    """Take the person, their words and pictures out of a case: number, category, place and what happened when remain."""
    for photo in case.photos.select_related("media", "shown"):
        drop(photo)
    case.entries.update(text="", told="", contact=None)
    case.followers.all().delete()
    case.contact, case.text, case.answers, case.reporter, case.public_text, case.emptied = None, "", {}, "", "", True
    case.public, case.released_at = Case.Public.HIDDEN, None
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
