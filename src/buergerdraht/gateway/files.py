"""Keep files in the data folder under their id: sniffed, bounded, pictures without EXIF (law 15)."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps, ImageSequence

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors import contract
from buergerdraht.connectors.contract import MediaKind
from buergerdraht.gateway import sealing
from buergerdraht.gateway.models import Channel, Media, Taken

LARGEST = 100 * 1024 * 1024
MOST_PIXELS = 60_000_000  # decoding more could exhaust memory (a decompression bomb)
MOST_MOVING = 20_000_000  # of all frames of an animation together
MOST_FRAMES = 200
LONGEST_SIDE = 4096
SMALL_SIDE = 480

PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
ENDINGS = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
}
TEXTS = {".txt": "text/plain", ".csv": "text/csv", ".ics": "text/calendar", ".vcf": "text/vcard"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file turned out to be, ready to be written."""

    data: bytes
    kind: MediaKind
    mime: str
    width: int | None = None
    height: int | None = None
    small: bytes | None = None
    taken_at: tuple[float, float] | None = None  # where a photo says that it was taken: latitude, longitude


class Refused(Exception):
    """A file is not taken. `code` is media_refused; the text is German, for the operator."""


def store(organisation: Organisation, data: bytes, file_name: str, *, alt: str = "") -> Media:
    """Keep an operator's file. Raises ValidationError with a sentence for the form."""
    try:
        looked = look(data, file_name)
    except Refused as problem:
        raise ValidationError(str(problem), code="media") from problem
    media = Media(organisation=organisation, file_name=clean_name(file_name), alt=alt)
    keep(media, looked)
    media.save()
    return media


def expect(channel: Channel, ref: contract.Ref) -> Media:
    """Note a citizen's file that is still at the provider; the media job fetches it."""
    return Media.objects.create(
        organisation_id=channel.organisation_id,
        channel=channel,
        ref=contract.to_json(ref),
        kind=ref.kind,
        mime=ref.mime[:100],
        size=ref.size,
        file_name=clean_name(ref.file_name),
    )


def value(media: Media) -> contract.Media:
    """The file as content carries it."""
    return contract.Media(
        id=str(media.id), kind=MediaKind(media.kind), mime=media.mime, size=media.size, file_name=media.file_name, alt=media.alt
    )


def path(media: Media) -> Path:
    return place(media.organisation_id, media.id)


def small_path(media: Media) -> Path:
    return path(media).with_suffix(".klein")


def place(organisation_id: int, media_id: uuid.UUID | str) -> Path:
    name = str(uuid.UUID(str(media_id)))
    return Path(settings.MEDIA_FOLDER) / str(organisation_id) / name[:2] / name


def keep(media: Media, looked: Looked) -> None:
    """Write the bytes safely and fill the row; the caller saves it."""
    write(path(media), looked.data)
    if looked.small:
        write(small_path(media), looked.small)
    media.kind = looked.kind
    media.mime = looked.mime
    media.size = len(looked.data)
    media.sha256 = hashlib.sha256(looked.data).digest()
    media.width, media.height = looked.width, looked.height
    media.state = Media.State.READY
    media.problem = ""


def write(target: Path, data: bytes) -> None:
    """Write under another name and rename, so a file is whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)  # what did not fit must not fill the disk for good


def read(media: Media) -> bytes:
    """Give the bytes, opened where they are sealed. Raises OSError, also where they are damaged."""
    return sealing.read(path(media))


@transaction.atomic
def seal(media: Media) -> None:
    """Seal a file and its small picture; whoever deletes it waits, so that nothing deleted comes back. Raises OSError."""
    if Media.objects.select_for_update().filter(pk=media.pk, state=Media.State.READY).first() is not None:
        sealing.seal(path(media))
        sealing.seal(small_path(media))


@transaction.atomic
def remove(media: Media) -> None:
    """Delete the bytes, and where it was taken; the row stays and says so."""
    Media.objects.select_for_update().filter(pk=media.pk).first()  # whoever is sealing it would put it back
    path(media).unlink(missing_ok=True)
    small_path(media).unlink(missing_ok=True)
    Taken.objects.filter(media=media).delete()
    media.state = Media.State.DELETED
    media.save(update_fields=["state"])


def clean_name(file_name: str) -> str:
    """The last piece of a name without control characters, short enough to keep."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in name if letter.isprintable()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:180]}.{ending[:15]}" if dot and stem else name[:195]


def look(data: bytes, file_name: str, *, voice: bool = False) -> Looked:
    """Sniff what a file is, never trusting its name alone. Raises Refused."""
    if not data:
        raise Refused(_("Die Datei ist leer."))
    if len(data) > LARGEST:
        raise Refused(_("Die Datei ist größer als 100 MB. Kürzen oder verkleinern Sie sie."))
    if (picture := _picture(data)) is not None:
        return picture
    mime = sniff(data, file_name)
    return Looked(data=data, kind=_kind(mime, voice=voice), mime=mime)


def glance(data: bytes, file_name: str) -> tuple[MediaKind, str]:
    """Tell what a file seems to be by its head, decoding nothing: that is the media job's. Raises Refused."""
    if (image := _opened(data)) is not None:
        return MediaKind.IMAGE, PICTURES[str(image.format)]
    mime = sniff(data, file_name)
    return _kind(mime, voice=False), mime


def sniff(data: bytes, file_name: str) -> str:
    """Tell a file's type by its first bytes; the name decides only among types that share them."""
    ending = Path(file_name.lower()).suffix
    head = data[:64]
    if mime := _sound_or_film(head, ending):
        return mime
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04") and ending in ENDINGS and _names(data, ending):
        return ENDINGS[ending]
    if ending in TEXTS and _is_text(data):
        return TEXTS[ending]
    raise Refused(_("Diesen Dateityp nehmen wir nicht an. Möglich sind Bilder, Videos, Ton, PDF und Office-Dokumente."))


def _sound_or_film(head: bytes, ending: str) -> str:
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand.startswith(b"3gp"):
            return "video/3gpp"
        if brand.startswith(b"M4A") or ending in {".m4a", ".aac"}:
            return "audio/mp4"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if ending in {".mkv", ".webmv"} else "audio/webm"
    if head.startswith(b"ID3") or head[:2] in {b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"}:
        return "audio/mpeg"
    if head[:2] in {b"\xff\xf1", b"\xff\xf9"}:
        return "audio/aac"
    if head.startswith(b"#!AMR"):
        return "audio/amr"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    return ""


def _names(data: bytes, ending: str) -> bool:
    """Check that a zip-like file says itself what its name claims."""
    try:
        found = puremagic.from_string(data, filename=f"x{ending}")
    except (puremagic.PureError, ValueError):
        return False
    return str(found).endswith((ending, ".zip")) or ending in str(found)


def _is_text(data: bytes) -> bool:
    if b"\0" in data[:8192]:
        return False
    try:
        data[:8192].decode("utf-8", errors="strict")
    except UnicodeDecodeError as problem:
        return problem.start > 8180 or not any(byte < 9 for byte in data[:8192])
    return True


def _kind(mime: str, *, voice: bool) -> MediaKind:
    if mime.startswith("video/"):
        return MediaKind.VIDEO
    if mime.startswith("audio/"):
        return MediaKind.VOICE if voice or mime == "audio/ogg" else MediaKind.AUDIO
    return MediaKind.DOCUMENT


def _picture(data: bytes) -> Looked | None:
    """Re-encode a picture: what was not pixels (place, camera, hidden scripts) is gone afterwards."""
    if (image := _opened(data)) is None:
        return None
    form = str(image.format)
    try:
        return _moving(image, form) if _frames(image) > 1 else _still(image, form)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise Refused(_("Das Bild ist beschädigt und lässt sich nicht lesen.")) from problem


def _opened(data: bytes) -> Any | None:
    """Read a picture's head, or say that it is none. Raises Refused for one too large."""
    try:
        Image.MAX_IMAGE_PIXELS = None  # ours is stricter and raises instead of warning
        image: Any = Image.open(io.BytesIO(data), formats=list(PICTURES))
    except Image.DecompressionBombError as problem:
        raise Refused(_too_many_pixels()) from problem
    except Exception:  # Pillow raises many kinds for what is no picture
        return None
    if image.width * image.height > MOST_PIXELS:
        raise Refused(_too_many_pixels())
    return image


def _too_many_pixels() -> str:
    return _("Das Bild hat zu viele Bildpunkte. Verkleinern Sie es auf höchstens 60 Millionen.")


def _still(image: Any, form: str) -> Looked:
    taken_at = _taken_at(image)
    image = ImageOps.exif_transpose(image)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if form == "GIF":
        form = "PNG"
    if form == "JPEG" and image.mode not in {"RGB", "L"}:
        image = image.convert("RGB")
    if form == "PNG" and image.mode not in {"RGB", "RGBA", "L", "LA", "P", "1"}:
        image = image.convert("RGBA")
    data = _encoded(image, form)
    return Looked(data, MediaKind.IMAGE, PICTURES[form], image.width, image.height, _small(image), taken_at)


def _taken_at(image: Any) -> tuple[float, float] | None:
    """Read the place of a photo (Exif 2.32, 4.6.6: GPS attributes); nothing where it is not whole or not on the globe."""
    try:
        told = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude, longitude = (_degrees(told[number]) for number in (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude))
        latitude *= -1 if told.get(ExifTags.GPS.GPSLatitudeRef) == "S" else 1
        longitude *= -1 if told.get(ExifTags.GPS.GPSLongitudeRef) == "W" else 1
    except Exception:  # whatever a hostile file makes the reader raise: it is only a proposal
        return None
    there = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return (round(latitude, 6), round(longitude, 6)) if there else None


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600


def _frames(image: Any) -> int:
    """Count the frames, one by one, and no further than we take them: each is decoded to find the next."""
    number = 1
    with suppress(EOFError):
        while True:
            image.seek(number)
            number += 1
            if number > MOST_FRAMES or image.width * image.height * number > MOST_MOVING:
                raise Refused(_("Die Animation ist zu lang. Senden Sie sie als Video."))
    image.seek(0)
    return number


def _moving(image: Any, form: str) -> Looked:
    """Keep a short animation (sticker, GIF): one frame after the other, so that no two are held at a time."""
    form = "WEBP" if form == "WEBP" else "GIF"
    out, first = io.BytesIO(), image.convert("RGBA")
    rest = (frame.convert("RGBA") for frame in islice(ImageSequence.Iterator(image), 1, None))
    first.save(out, form, save_all=True, append_images=rest, loop=0, duration=image.info.get("duration", 100))
    return Looked(out.getvalue(), MediaKind.IMAGE, PICTURES[form], first.width, first.height, _small(first))


def _encoded(image: Any, form: str) -> bytes:
    """Write the pixels and nothing else: no EXIF, no text chunks, no colour profile."""
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    out = io.BytesIO()
    if form == "PNG":
        image.save(out, form)
    else:
        image.save(out, form, exif=b"", quality=88)
    return out.getvalue()


def _small(image: Any) -> bytes:
    small = image.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    out = io.BytesIO()
    small.convert("RGBA" if "A" in small.mode or "transparency" in small.info else "RGB").save(out, "WEBP", quality=80, exif=b"")
    return out.getvalue()
