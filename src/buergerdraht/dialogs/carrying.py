"""A dialog on its way elsewhere and back: a YAML file, or a ZIP that brings along the pictures, sounds and films its steps name."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.dialogs import actions, document, knowing, shelf
from buergerdraht.dialogs.models import Dialog, NamedFile
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Media

LARGEST_TEXT, LARGEST = 1_000_000, 20_000_000  # bytes of the document, of all together
MOST_FILES = 100
DOCUMENT, FOLDER = "dialog.yaml", "dateien/"
BROKEN = (  # damaged, with a password, or packed in a way we do not read
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, OSError, EOFError, ValueError,
    OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Packed:
    data: bytes
    ending: str


@dataclass(frozen=True)
class Brought:
    """What came of it: the draft, the files that lie on the shelf now, and those whose names stood for something else here."""

    dialog: Dialog
    laid: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)


def pack(dialog: Dialog) -> Packed:
    """Write the draft as people read and keep it, with its files beside it. What stays here, its first lines say."""
    read = document.load(dialog.draft)
    named = list(dict.fromkeys(knowing.named_files(read)))
    along = dict(_along(dialog.organisation_id, named))
    text = _said_first([each for each in named if each not in along]) + document.written(read)
    if not along:
        return Packed(text.encode(), "yaml")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr(DOCUMENT, text, zipfile.ZIP_DEFLATED)
        for name, data in along.items():
            bundle.writestr(FOLDER + name, data)  # pictures, sounds and films are packed already
    return Packed(out.getvalue(), "zip")


@transaction.atomic
def bring(organisation: Organisation, data: bytes, *, operator: Operator) -> Brought:
    """Make a draft of a file: YAML, JSON, or a ZIP of ours. Raises ValidationError with the places.

    A name that is taken here keeps the file that has it: other dialogs send it.
    """
    if not data.startswith(b"PK"):
        return Brought(actions.bring(organisation, data.decode("utf-8-sig", "replace"), operator=operator))
    text, contents = _unpacked(data)
    dialog = actions.bring(organisation, text, operator=operator)
    there = shelf.names(organisation.pk)
    laid = [row.name for row in shelf.put(organisation, contents)]
    return Brought(dialog, laid, [name for name in contents if name in there and not _same(organisation, name, contents[name])])


def _along(organisation: int, named: Iterable[str]) -> Iterable[tuple[str, bytes]]:
    """The files that may come along: those that lie on the shelf, as many as fit."""
    rows = NamedFile.objects.filter(organisation=organisation, name__in=named, media__state=Media.State.READY)
    left = LARGEST - LARGEST_TEXT
    for row in rows.select_related("media").order_by("name")[:MOST_FILES]:
        if row.media.size and row.media.size <= left:
            left -= row.media.size
            with suppress(OSError):  # one that cannot be read stays here, and is named as such
                yield row.name, files.read(row.media)


def _said_first(left: list[str]) -> str:
    """What does not come along: files by name, and those that only rows of tables name."""
    named = [each for each in left if "{" not in each]
    words = _("Diese Dateien sind nicht dabei. Laden Sie sie dort, wohin Sie den Dialog bringen, in den Schritten neu hoch:")
    lines = [words, *named] if named else []
    if len(named) < len(left):
        lines.append(_("Tabellen und die Dateien, die in ihren Zeilen stehen, sind nicht dabei: Nehmen Sie sie eigens mit."))
    return "".join(f"# {each}\n" for each in lines)


def _unpacked(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    """The document and the files of a ZIP, never more than we would put into one: what says it is small may be large."""
    wrong = ValidationError(_("Dieses ZIP ist keines, das „Als Datei sichern“ geschrieben hat, oder es ist zu groß."))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            entries = {each.filename: each for each in bundle.infolist() if not each.is_dir()}
            if DOCUMENT not in entries or len(entries) > MOST_FILES + 1 or sum(each.file_size for each in entries.values()) > LARGEST:
                raise wrong
            text = _read(bundle, entries[DOCUMENT], LARGEST_TEXT)
            names = [name for name in entries if name.startswith(FOLDER) and document.FILE_NAME.fullmatch(name.removeprefix(FOLDER))]
            return text.decode("utf-8-sig", "replace"), {
                name.removeprefix(FOLDER): _read(bundle, entries[name], LARGEST) for name in names
            }  # fmt: skip
    except BROKEN:
        raise wrong from None


def _read(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with bundle.open(entry) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise ValueError
    return found


def _same(organisation: Organisation, name: str, data: bytes) -> bool:
    """Whether what has the name here is the very file that came."""
    row = NamedFile.objects.select_related("media").get(organisation=organisation, name=name)
    try:
        kept = files.read(row.media)
        return kept == data or kept == files.look(data, name).data
    except (OSError, files.Refused):
        return False
