"""The house's shelf of named files: pictures, sounds and films that dialogs and rows of tables name ("hofcafe.png")."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from django.core.exceptions import ValidationError

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Media
from buergerdraht.contacts.words import plain
from buergerdraht.dialogs.document import FILE_NAME
from buergerdraht.dialogs.models import NamedFile
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media as Stored


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


def put(organisation: Organisation, contents: Mapping[str, bytes]) -> list[NamedFile]:
    """Lay files on the shelf whose names are free there; the same content is kept once. Raises ValidationError."""
    there = names(organisation.pk)
    return [_put(organisation, name, data) for name, data in contents.items() if name not in there]


def add(organisation: Organisation, file_name: str, data: bytes) -> NamedFile:
    """Lay one uploaded file on the shelf, under a name like its own that is free. Raises ValidationError."""
    looked = Path(files.clean_name(file_name))
    stem = re.sub(r"[^a-z0-9]+", "-", plain(looked.stem)).strip("-")[:50] or "datei"
    ending = re.sub(r"[^a-z0-9]", "", looked.suffix.lower())[:5] or "bin"
    there = names(organisation.pk)
    tries = (f"{stem}{f'-{number}' if number else ''}.{ending}" for number in range(10_000))
    return _put(organisation, next(each for each in tries if each not in there), data)


def _put(organisation: Organisation, name: str, data: bytes) -> NamedFile:
    try:
        print_ = hashlib.sha256(files.look(data, name).data).digest()
    except files.Refused as problem:
        raise ValidationError(str(problem), code="media") from problem
    same = Stored.objects.filter(organisation=organisation, sha256=print_, state=Stored.State.READY, named__isnull=False)
    media = same.first() or files.store(organisation, data, name)
    return NamedFile.objects.create(organisation=organisation, name=name, media=media)


def _ids(written: Iterable[str]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = {}
    for each in written:
        try:
            found.setdefault(uuid.UUID(each), []).append(each)
        except ValueError:
            continue
    return found
