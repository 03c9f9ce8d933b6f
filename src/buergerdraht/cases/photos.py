"""Pictures of cases: covered by the machine before they are shown, by hand where it was wrong; originals are sealed and go in time.

Covering takes seconds and another process, so no row is locked meanwhile: the result is put in where nothing changed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.cases import covering
from buergerdraht.cases.actions import NotNow, lock, record
from buergerdraht.cases.models import Case, Photo
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media, Taken

log = logging.getLogger("buergerdraht.cases")
Covers = Sequence[Sequence[float]]
PIECE = 20
PLACES = timedelta(days=2)
NAME = "foto.jpg"  # what a citizen called their file stays inside


@transaction.atomic
def attach(case: Case, media: Media, *, kind: str = Photo.Kind.AFTER, operator: Operator | None = None) -> Photo:
    """Add a picture to a case; the same one twice is one. It is covered by the clock."""
    row = lock(case.pk)
    photo, made = Photo.objects.get_or_create(case=row, media=media, defaults={"kind": kind})
    if made:
        record(row, "photo", operator=operator, data={"photo": photo.pk, "kind": kind})
    return photo


def prepare(photo: Photo) -> bool:
    """Cover faces and number plates of a picture that waits. Returns False where it could not be read, or is not there yet."""
    if photo.media is None or photo.media.state == Media.State.PENDING:
        return False
    try:
        data = files.read(photo.media)
        covers = covering.find(data).covers
        shown = covering.cover(data, covers)
    except (OSError, covering.Unreadable):
        Photo.objects.filter(pk=photo.pk, state=Photo.State.WAITING).update(state=Photo.State.FAILED)
        return False
    return _put(photo, shown, covers, by=None)


def cover_by_hand(photo: Photo, covers: Covers, *, operator: Operator) -> None:
    """Cover other places than the machine did: [[left, top, width, height]] as shares of the picture. Raises NotNow."""
    if photo.media is None or photo.media.state != Media.State.READY:
        raise NotNow(_("Das Original gibt es nicht mehr. Das Bild lässt sich nicht anders abdecken."))
    try:
        shown = covering.cover(files.read(photo.media), covers)
    except ValueError as problem:
        raise NotNow(_("Eine Abdeckung liegt nicht im Bild.")) from problem
    except (OSError, covering.Unreadable) as problem:
        raise NotNow(_("Das Bild lässt sich nicht lesen.")) from problem
    _put(photo, shown, covers, by=operator)


@transaction.atomic
def _put(photo: Photo, data: bytes, covers: Covers, *, by: Operator | None) -> bool:
    case = lock(photo.case_id)
    row = Photo.objects.select_for_update(of=("self",)).select_related("shown").get(pk=photo.pk)
    if by is None and row.state != Photo.State.WAITING:
        return False  # a person was quicker
    old = row.shown
    row.shown = _stored(case.organisation, data)
    row.covers, row.state = [list(each) for each in covers], Photo.State.COVERED
    row.save(update_fields=["shown", "covers", "state"])
    if old is not None:  # what was covered too little must not stay behind
        transaction.on_commit(lambda: files.remove(old))
    record(case, "covered", operator=by, data={"photo": row.pk, "covers": len(row.covers)})
    return True


def _stored(organisation: Organisation, data: bytes) -> Media:
    try:
        return files.store(organisation, data, NAME)
    except ValidationError as problem:  # what we made ourselves is a picture
        raise RuntimeError("covered picture refused") from problem


# ── By the clock ──────────────────────────────────────────────────────────


def taken_at(organisation: Organisation, photos: Sequence[str]) -> tuple[float, float] | None:
    """Say where the first of these that tells it was taken: a proposal, the citizen is asked."""
    rows = Taken.objects.filter(media__organisation=organisation, media__in=[UUID(each) for each in photos])
    found = rows.order_by("media__created_at", "media").first()
    if found is None:
        return None
    latitude, _comma, longitude = found.place.partition(",")
    return float(latitude), float(longitude)


def look(now: datetime) -> int:
    """Cover what waits, oldest first. Returns how many were done."""
    rows = Photo.objects.filter(state=Photo.State.WAITING).exclude(media__state=Media.State.PENDING).select_related("media")
    return sum(prepare(photo) for photo in list(rows.order_by("pk")[:PIECE]))


def seal(now: datetime) -> int:
    """Seal originals that lie open, oldest first, those from before there was a seal too. Returns how many were done."""
    rows = Photo.objects.filter(sealed=False, media__state=Media.State.READY).select_related("media")
    return sum(_seal(photo) for photo in list(rows.order_by("pk")[:PIECE]))


def _seal(photo: Photo) -> bool:
    """What cannot be sealed now, because the disk is full, stays as it is and is tried again."""
    assert photo.media is not None
    try:
        files.seal(photo.media)
    except OSError as problem:
        log.error("cases.not_sealed photo=%s problem=%s", photo.pk, type(problem).__name__)
        return False
    return bool(Photo.objects.filter(pk=photo.pk).update(sealed=True))


def forget_places(now: datetime) -> int:
    """Forget where photos were taken: whoever reports something is asked within a day."""
    return Taken.objects.filter(at__lt=now - PLACES).delete()[0]


def forget(now: datetime) -> int:
    """Delete the uncovered originals of cases that were closed long enough ago. Returns how many."""
    days = F("case__organisation__ground__original_days")
    old = Photo.objects.filter(case__done_at__lt=Now() - days * timedelta(days=1), media__state=Media.State.READY)
    number = 0
    for photo in old.select_related("media").order_by("pk")[:500]:
        if photo.media is not None:
            files.remove(photo.media)
            number += 1
        Photo.objects.filter(pk=photo.pk).update(media=None)
    return number
