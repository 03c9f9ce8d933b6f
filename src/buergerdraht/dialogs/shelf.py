"""The house's shelf of named files: pictures, sounds and films that dialogs and rows of tables name ("hofcafe.png")."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors.contract import Media, MediaKind
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs.document import FILE_NAME
from buergerdraht.dialogs.models import NamedFile
from buergerdraht.gateway import files, using
from buergerdraht.gateway.models import Media as Stored

PICTURE_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


class Upload(NamedTuple):
    """A file as somebody sent it: what they call it, and its bytes."""

    name: str
    data: bytes


def find(organisation: int, wanted: Iterable[str]) -> dict[str, Media]:
    """Give the files that are there, by what they are called in a document: a name on the shelf, or an id."""
    asked = set(wanted)
    names = {each for each in asked if FILE_NAME.fullmatch(each)}
    ready = Stored.objects.filter(organisation=organisation, state=Stored.State.READY)
    found: dict[str, Media] = {}
    if names:
        rows = NamedFile.objects.filter(organisation=organisation, name__in=names, media__in=ready).select_related("media")
        found |= {row.name: files.value(row.media) for row in rows}
    if ids := _ids(asked - names):
        found |= {each: files.value(row) for row in ready.filter(pk__in=ids) for each in ids[row.pk]}
    return found


def names(organisation: int) -> frozenset[str]:
    return frozenset(NamedFile.objects.filter(organisation=organisation).values_list("name", flat=True))


def described(media: Media, alt: str) -> Media:
    """The file with what is to be said of it here; where nothing is, with what was said when it was uploaded."""
    return msgspec.structs.replace(media, alt=alt[:1000]) if alt else media


def may_have(membership: Membership, media: Stored) -> bool:
    """Whether a file is the house's own for this member: it lies on the shelf, and they write what is sent from there."""
    writes = may(membership, Right.WRITE) or may(membership, Right.MANAGE)
    return writes and NamedFile.objects.filter(organisation=membership.organisation_id, media=media).exists()


# ── Verbs ─────────────────────────────────────────────────────────────────


@transaction.atomic
def put(organisation: Organisation, contents: Mapping[str, bytes]) -> list[NamedFile]:
    """Lay files on the shelf whose names are free there; the same content is kept once. Raises ValidationError."""
    there = names(organisation.pk)
    looked = {name: _looked(data, name) for name, data in contents.items() if name not in there}  # all of them, before any is written
    laid = []
    for name, found in looked.items():
        media = _kept(organisation, found, name)
        if row := _hung(organisation, name, media):
            laid.append(row)
        else:
            _let_go(media)  # somebody was faster
    return laid


@transaction.atomic
def add(organisation: Organisation, file_name: str, data: bytes) -> NamedFile:
    """Lay one uploaded file on the shelf, under a name like its own that is free. Raises ValidationError."""
    stem, ending = _pieces(file_name)
    media = _kept(organisation, _looked(data, file_name), f"{stem}.{ending}")
    there = names(organisation.pk)
    for number in range(10_000):
        name = f"{stem}{f'-{number}' if number else ''}.{ending}"
        if name not in there and (row := _hung(organisation, name, media)) is not None:
            return row
    raise ValidationError(_taken(f"{stem}.{ending}"))


def lay(organisation: Organisation, upload: Upload, name: str, *, operator: Operator) -> NamedFile:
    """Lay a file on the shelf under the name somebody chose, or, where they chose none, one like its own. Raises ValidationError."""
    if not name:
        with transaction.atomic():
            row = add(organisation, upload.name, upload.data)
            _noted(row, "add_file", operator)
        return row
    looked = _looked(upload.data, upload.name)
    name = _chosen(name, upload.name, looked)
    if NamedFile.objects.filter(organisation=organisation, name=name).exists():
        raise ValidationError({"name": _taken(name)})
    with transaction.atomic():
        media = _kept(organisation, looked, _title(name, upload.name, looked))
        laid = _hung(organisation, name, media)
        if laid is not None:
            _noted(laid, "add_file", operator)
        else:
            _let_go(media)  # somebody was faster; the bytes must not stay behind
    if laid is None:
        raise ValidationError({"name": _taken(name)})
    return laid


@transaction.atomic
def replace(row: NamedFile, upload: Upload, *, operator: Operator) -> bool:
    """Put another file of the same kind under a name. Returns False where it is the same one. Raises ValidationError."""
    looked = _looked(upload.data, upload.name)
    row = _locked(row)
    if not _alike(row.media, looked):
        raise ValidationError({"file": _("„%(name)s“ lässt sich nur durch eine Datei derselben Art ersetzen.") % {"name": row.name}})
    old, row.media = row.media, _kept(row.organisation, looked, _title(row.name, upload.name, looked))
    if old == row.media:
        return False
    row.save(update_fields=["media"])
    _noted(row, "replace_file", operator)
    _let_go(old)
    return True


@transaction.atomic
def remove(row: NamedFile, *, operator: Operator) -> None:
    """Take a name off the shelf. Who asks saw to it that nothing says it any more."""
    row = _locked(row)
    _noted(row, "remove_file", operator)
    old = row.media
    row.delete()
    _let_go(old)


# ── What several share ────────────────────────────────────────────────────


def _looked(data: bytes, file_name: str) -> files.Looked:
    try:
        return files.look(data, file_name)
    except files.Refused as problem:
        raise ValidationError({"file": str(problem)}, code="media") from problem


def _kept(organisation: Organisation, looked: files.Looked, file_name: str) -> Stored:
    """The file as the shelf keeps it: once, whatever the number of its names."""
    print_ = hashlib.sha256(looked.data).digest()
    same = Stored.objects.filter(organisation=organisation, sha256=print_, state=Stored.State.READY, named__isnull=False)
    if media := same.select_for_update(of=("self",)).first():  # locked: whoever lets it go waits, and sees that it is wanted
        return media
    media = Stored(organisation=organisation, file_name=files.clean_name(file_name))
    files.keep(media, looked)
    media.save()
    return media


def _hung(organisation: Organisation, name: str, media: Stored) -> NamedFile | None:
    """Hang a file under a name; none where somebody was faster."""
    try:
        with transaction.atomic():
            return NamedFile.objects.create(organisation=organisation, name=name, media=media)
    except IntegrityError:
        return None


def _let_go(media: Stored) -> None:
    """Delete a file that nothing holds any more. What was sent stays readable in its threads."""
    Stored.objects.select_for_update().filter(pk=media.pk).first()  # whoever is about to hold it waits, or was seen
    if using.used(media):
        return
    for path in (files.path(media), files.small_path(media)):
        transaction.on_commit(partial(path.unlink, missing_ok=True))
    media.delete()


def _pieces(file_name: str) -> tuple[str, str]:
    """Make a name of words, as documents may say it: its stem and its ending."""
    looked = Path(files.clean_name(file_name))
    stem = re.sub(r"[^a-z0-9]+", "-", plain(looked.stem)).strip("-")[:50] or "datei"
    return stem, re.sub(r"[^a-z0-9]", "", looked.suffix.lower())[:5] or "bin"


def _chosen(name: str, file_name: str, looked: files.Looked) -> str:
    """The name somebody wrote, with the file's ending where they wrote none. Raises ValidationError with one that would do."""
    name = name.strip().lower()
    ending = PICTURE_ENDINGS.get(looked.mime) or _pieces(file_name)[1]
    name = name if "." in name else f"{name}.{ending}"
    fits = PICTURE_ENDINGS.values() if looked.kind == MediaKind.IMAGE else [ending]
    good = name.rpartition(".")[2].replace("jpeg", "jpg") in fits
    if FILE_NAME.fullmatch(name) and good:
        return name
    stem, own = _pieces(name)
    raise ValidationError(
        {"name": _("So kann die Datei hier nicht heißen. Möglich ist „%(name)s“.") % {"name": f"{stem}.{own if good else ending}"}}
    )


def _title(name: str, file_name: str, looked: files.Looked) -> str:
    """What the file is called where it is sent: like its name on the shelf, with the ending of what it is."""
    return f"{name.rpartition('.')[0]}.{PICTURE_ENDINGS.get(looked.mime) or _pieces(file_name)[1]}"


def _alike(media: Stored, looked: files.Looked) -> bool:
    """Whether one may stand in for the other: pictures, sounds, films among themselves; papers only of the same sort."""
    kinds = [MediaKind.AUDIO if kind == MediaKind.VOICE else kind for kind in (MediaKind(media.kind), looked.kind)]
    return kinds[0] == kinds[1] and (looked.kind != MediaKind.DOCUMENT or media.mime == looked.mime)


def _taken(name: str) -> str:
    return _(
        "„%(name)s“ gibt es schon. Wählen Sie einen anderen Namen, oder öffnen Sie die vorhandene Datei und ersetzen Sie sie dort."
    ) % {"name": name}


def _locked(row: NamedFile) -> NamedFile:
    return NamedFile.objects.select_for_update(of=("self",)).select_related("organisation", "media").get(pk=row.pk)


def _noted(row: NamedFile, verb: str, operator: Operator) -> None:
    audit.record(row.organisation, f"dialogs.{verb}", operator=operator, subject=f"file:{row.pk}", name=row.name)


def _ids(written: Iterable[str]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = {}
    for each in written:
        try:
            found.setdefault(uuid.UUID(each), []).append(each)
        except ValueError:
            continue
    return found
