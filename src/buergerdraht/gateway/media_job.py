"""Fetch citizens' files from the providers: apart from their messages, tried again, their state visible (law 15)."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import threading
from base64 import b64encode
from datetime import timedelta
from typing import cast

import msgspec
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from buergerdraht.connectors.contract import ChannelBroken, Ref, Rejected, SendError, Temporary
from buergerdraht.connectors.http import Http
from buergerdraht.gateway import channels, doorstep, files, live
from buergerdraht.gateway.models import Channel, Media, Taken

log = logging.getLogger("buergerdraht.media")
AT_ONCE = 6
BACKOFF = (2, 10, 60, 300, 1_800, 7_200, 21_600, 86_400, 86_400, 86_400)  # over a weekend: providers keep files for a week and longer
MOST_TRIES = len(BACKOFF) + 1
POLL_SECONDS = 1.0
FETCH_SECONDS = 120
FULL_SECONDS = 20  # after which a full disk is tried again


def run(stop: threading.Event) -> None:
    """Fetch what is expected until told to stop; the worker runs this beside its events."""
    while not stop.is_set():
        try:
            close_old_connections()
            fetched = run_once()
        except (OperationalError, InterfaceError) as problem:
            log.warning("media.reconnect problem=%s", type(problem).__name__)
            connection.close()
            fetched = 0
        except Exception as problem:  # a thread that ended would end silently, and no file would ever come again
            log.error("media.job_failed problem=%s", type(problem).__name__)
            connection.close()
            fetched = 0
        if not fetched:
            stop.wait(POLL_SECONDS)
    connection.close()


def run_once() -> int:
    """Fetch a few files side by side. Returns how many were tried."""
    waiting = _claim()
    if not waiting:
        return 0
    results = async_to_sync(_fetch_all)(waiting)
    for media, result in zip(waiting, results, strict=True):
        try:
            _finish(media, result)
        except (OperationalError, InterfaceError):
            raise
        except Exception as problem:  # it stays due, and so do its tries; the others are kept
            log.error("media.unfinished media=%s problem=%s", media.id, type(problem).__name__)
            if media.tries >= MOST_TRIES:
                _give_up(media)
    return len(waiting)


def _give_up(media: Media) -> None:
    """A file that spoiled every try is shown as one that cannot be had."""
    Media.objects.filter(id=media.id).update(state=Media.State.FAILED, problem="unknown", retry_at=None)


@transaction.atomic
def _claim() -> list[Media]:
    """Take some; whoever dies with them leaves them due again after the time a fetch may take."""
    due = Q(retry_at=None) | Q(retry_at__lte=timezone.now())
    waiting = list(
        Media.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(due, state=Media.State.PENDING, ref__isnull=False, channel__isnull=False)
        .order_by("created_at")[:AT_ONCE]
    )
    again = timezone.now() + timedelta(seconds=2 * FETCH_SECONDS)
    Media.objects.filter(id__in=[media.id for media in waiting]).update(retry_at=again, tries=F("tries") + 1)
    found = {channel.id: channel for channel in Channel.objects.filter(id__in={media.channel_id for media in waiting})}
    for media in waiting:
        media.tries += 1
        media.channel = found[media.channel_id or 0]
    return waiting


async def _fetch_all(waiting: list[Media]) -> list[tuple[bytes, str] | SendError]:
    http = Http(networks=settings.CHANNEL_NETWORKS)
    try:
        return list(await asyncio.gather(*(_fetch(media, http) for media in waiting)))
    finally:
        await http.close()


async def _fetch(media: Media, http: Http) -> tuple[bytes, str] | SendError:
    try:
        ref = msgspec.convert(media.ref, Ref)
        if (here := doorstep.pick_up(cast(Channel, media.channel), ref)) is not None:
            return here
        connector = channels.connector(cast(Channel, media.channel), http)
        if ref.size > files.LARGEST:
            return Rejected("media_refused", "too large")
        async with asyncio.timeout(FETCH_SECONDS):
            data, mime = await connector.fetch(ref)
    except TimeoutError:
        return Temporary("unavailable", "timeout")
    except SendError as problem:
        return problem
    except Exception as problem:  # a connector's mistake spoils one file, not the job
        log.error("media.failed media=%s problem=%s", media.id, type(problem).__name__)
        return Temporary("unknown", type(problem).__name__)
    if ref.sha256 and hashlib.sha256(data).hexdigest() != ref.sha256.lower() and not _same_in_base64(data, ref.sha256):
        return Temporary("unavailable", "checksum")
    return data, mime


def _same_in_base64(data: bytes, sha256: str) -> bool:
    return b64encode(hashlib.sha256(data).digest()).decode() == sha256


def _finish(media: Media, result: tuple[bytes, str] | SendError) -> None:
    """Keep the file, and where it was taken, or say why it is not there."""
    taken_at = None
    if isinstance(result, SendError):
        _failed(media, result)
    else:
        try:
            looked = files.look(result[0], media.file_name or _name(result[1] or media.mime), voice=media.kind == "voice")
        except files.Refused as problem:
            log.info("media.refused media=%s", media.id)
            _failed(media, Rejected("media_refused", str(problem)))
        else:
            _keep(media, looked)
            taken_at = looked.taken_at
    with transaction.atomic():
        media.save()
        if taken_at and media.state == Media.State.READY:
            Taken.objects.get_or_create(media=media, defaults={"place": "{},{}".format(*taken_at)})
        live.tell(media.organisation_id, "message", media=str(media.id))
    if media.state != Media.State.PENDING:
        doorstep.clear(cast(Channel, media.channel), msgspec.convert(media.ref, Ref))


def _keep(media: Media, looked: files.Looked) -> None:
    """Write the file; where the disk is full it stays expected, and that burns no try."""
    kind = media.kind
    try:
        files.keep(media, looked)
    except OSError as problem:
        log.error("media.unwritable media=%s problem=%s", media.id, errno.errorcode.get(problem.errno or 0, "OSError"))
        media.tries -= 1
        media.retry_at = timezone.now() + timedelta(seconds=FULL_SECONDS)
        return
    media.kind = kind if kind in {"sticker", "voice"} else media.kind
    media.retry_at = None


def _name(mime: str) -> str:
    """An ending for files without a name, so that look-alike formats are told apart."""
    endings = {"audio/mp4": ".m4a", "audio/aac": ".aac", "text/plain": ".txt", "text/vcard": ".vcf", "text/csv": ".csv"}
    return "datei" + endings.get(mime.partition(";")[0].strip().lower(), "")


def _failed(media: Media, problem: SendError) -> None:
    if isinstance(problem, Temporary | ChannelBroken) and media.tries < MOST_TRIES:  # an operator may renew a token
        told = problem.retry_after if isinstance(problem, Temporary) else None
        pause = told or BACKOFF[min(media.tries - 1, len(BACKOFF) - 1)]
        media.retry_at = timezone.now() + timedelta(seconds=pause)
        return
    media.state = Media.State.FAILED
    media.problem = problem.reason
    media.retry_at = None
