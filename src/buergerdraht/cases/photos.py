"""Pictures of cases: covered by the machine before they are shown, by hand where it was wrong; originals are sealed and go in time.

Covering takes seconds and another process, so no row is locked meanwhile: the result is put in where nothing changed. What cannot be
done now is tried again later, each picture for itself, so that none keeps another waiting.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.cases import covering
from buergerdraht.cases.actions import NotNow, lock, record
from buergerdraht.cases.models import Case, Photo
from buergerdraht.conversations.models import Message
from buergerdraht.gateway import files, using
from buergerdraht.gateway.models import Media, Taken

log = logging.getLogger("buergerdraht.cases")
Covers = Sequence[Sequence[float]]
PIECE = 20
PLACES = timedelta(days=2)
NAME = "foto.jpg"  # what a citizen called their file stays inside
OURS = frozenset({f"{Photo._meta.label}.media", f"{Message.media.through._meta.label}.media"})  # what may point to an original
SOONEST, LATEST = timedelta(minutes=1), timedelta(hours=1)  # between two tries of one picture
ELSEWHERE = timedelta(days=1)  # until one that others use is looked at again
REST = timedelta(minutes=1)  # for a full disk
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_rests: dict[str, datetime] = {}  # until when this process leaves a full disk alone


@transaction.atomic
def attach(case: Case, media: Media, *, kind: str = Photo.Kind.AFTER, operator: Operator | None = None) -> Photo:
    """Add a picture to a case; the same one twice is one. It is covered by the clock."""
    row = lock(case.pk)
    photo, made = Photo.objects.get_or_create(case=row, media=media, defaults={"kind": kind})
    if made:
        record(row, "photo", operator=operator, data={"photo": photo.pk, "kind": kind})
    return photo


def prepare(photo: Photo) -> bool:
    """Cover faces and number plates of a picture that waits. Returns False where it cannot be read. Raises OSError: not now."""
    if photo.media is None:
        return _failed(photo)
    try:
        data = files.read(photo.media)
    except FileNotFoundError:
        return _failed(photo)
    try:
        covers = covering.find(data).covers
        shown = covering.cover(data, covers)
    except covering.Unreadable:
        return _failed(photo)
    return _put(photo, shown, covers, by=None)


def _failed(photo: Photo) -> bool:
    """Leave it to a person: the machine never will."""
    Photo.objects.filter(pk=photo.pk, state=Photo.State.WAITING).update(state=Photo.State.FAILED)
    return False


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
    rows = Photo.objects.filter(state=Photo.State.WAITING, looks_at__lte=now)
    return _each(rows.order_by("looks_at", "pk"), prepare, now, "looks_at")


def seal(now: datetime) -> int:
    """Seal originals that lie open, oldest first, those from before there was a seal too. Returns how many were done."""
    rows = Photo.objects.filter(sealed=False, media__isnull=False, seals_at__lte=now)
    return _each(rows.order_by("seals_at", "pk"), _seal, now, "seals_at")


def lying_open(now: datetime) -> int:
    """Count the originals that ought to be sealed by now and are not; what the house shows elsewhere is looked at once a day."""
    rows = Photo.objects.filter(sealed=False, media__state=Media.State.READY, created_at__lt=now - 10 * SOONEST)
    return rows.filter(seals_at__lt=now + 2 * LATEST).count()


def _each(rows: QuerySet[Photo], do: Callable[[Photo], bool], now: datetime, column: str) -> int:
    """Do what is due. One that fails is put off; a full disk, no picture's fault, ends the round. Returns how many were done."""
    if now < _rests.get("disk", now):
        return 0
    _rests.clear()
    number = 0
    for photo in list(rows.exclude(media__state=Media.State.PENDING).select_related("media")[:PIECE]):
        try:
            number += do(photo)
        except OSError as problem:
            if problem.errno in FULL:
                _rests["disk"] = now + REST
                log.error("cases.disk_full photo=%s", photo.pk)
                break
            Photo.objects.filter(pk=photo.pk).update(**{column: now + _pause(photo, now)})
            log.error("cases.put_off photo=%s what=%s problem=%s", photo.pk, column.removesuffix("s_at"), type(problem).__name__)
        except _Elsewhere:
            Photo.objects.filter(pk=photo.pk).update(**{column: now + ELSEWHERE})
            log.warning("cases.used_elsewhere photo=%s", photo.pk)
    return number


def _pause(photo: Photo, now: datetime) -> timedelta:
    """As long again as it has waited already."""
    return min(max(now - photo.created_at, SOONEST), LATEST)


def _seal(photo: Photo) -> bool:
    """Seal one where it lies. Where its file is gone nothing is left to do. Raises OSError, _Elsewhere."""
    assert photo.media is not None
    lies = photo.media.state == Media.State.READY
    if lies:
        if used_elsewhere(photo.media):
            raise _Elsewhere
        files.seal(photo.media)
    Photo.objects.filter(pk=photo.pk).update(sealed=True)
    return lies


def used_elsewhere(media: Media) -> bool:
    """Whether anything but cases and threads uses a file: whatever came to hang on a case, what is public stays as it is."""
    if using.used(media, beside=OURS):
        return True
    if media.ref is not None:  # sent by a citizen: broadcasts are written with files of our own
        return False
    written = Broadcast.objects.filter(organisation=media.organisation_id).annotate(document=Cast("versions", TextField()))
    return written.filter(document__contains=str(media.pk)).exists()


def forget_places(now: datetime) -> int:
    """Forget where photos were taken: whoever reports something is asked within a day."""
    return Taken.objects.filter(at__lt=now - PLACES).delete()[0]


def forget(now: datetime) -> int:
    """Delete the uncovered originals of cases that were closed long enough ago; what others use is only let go. Returns how many."""
    days = F("case__organisation__ground__original_days")
    old = Photo.objects.filter(case__done_at__lt=Now() - days * timedelta(days=1), media__state=Media.State.READY)
    number = 0
    for photo in old.select_related("media").order_by("pk")[:500]:
        if photo.media is not None and not used_elsewhere(photo.media):
            files.remove(photo.media)
        number += Photo.objects.filter(pk=photo.pk).update(media=None, sealed=True)
    return number


class _Elsewhere(Exception):
    """A file hangs on a case that the house shows elsewhere: it may be neither sealed nor deleted."""
