"""Where pages of our own hand in what citizens did there: the same door as the webhooks', so the same laws hold.

What was taken is committed before the page says so (law 1), handled by the worker in order and once (laws 2, 3, 5). Files are laid
down beside and fetched by the media job like those at a provider's (law 15), then taken away from here.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import transaction

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Item, Receipt, Ref
from buergerdraht.gateway import files, live
from buergerdraht.gateway.models import Channel, InboundEvent
from buergerdraht.gateway.opening import shard_of

log = logging.getLogger("buergerdraht.doorstep")
MARK = "tuer:"  # begins the id of a file that lies here
FREE_BYTES = 1024**3  # of the disk: below it strangers' files are not taken
KEPT_SECONDS = 3 * 86400  # as long as events may wait for a replay


def put(channel: Channel, items: Sequence[Item]) -> None:
    """Store items and commit. Raises DatabaseError where that failed: the page must not say that it was taken."""
    if not items:
        return
    lane = "receipt" if all(type(item.event) is Receipt for item in items) else "message"
    with transaction.atomic(durable=True):
        shard = shard_of(items) if lane == "message" else 0
        body = vault.encrypt(msgspec.json.encode(list(items)).decode())  # a visit's address is the key to all that was said in it
        InboundEvent.objects.create(channel=channel, source="door", lane=lane, shard=shard, body=body)
        live.notify("inbound", lane)


def has_room() -> bool:
    """Whether the disk has room for what strangers send; the last of it is kept for the database and for operators."""
    folder = Path(settings.MEDIA_FOLDER)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free > FREE_BYTES


def lay_down(channel: Channel, data: bytes) -> str:
    """Keep a citizen's file until the media job fetches it. Returns its id for a `Ref`."""
    number = uuid.uuid4()
    files.write(_place(channel.organisation_id, number), data)
    return f"{MARK}{number}"


def pick_up(channel: Channel, ref: Ref) -> tuple[bytes, str] | None:
    """Give a file that was laid down here, or None where it is at a provider's or gone."""
    path = _path(channel, ref)
    try:
        return (path.read_bytes(), ref.mime) if path is not None else None
    except FileNotFoundError:
        return None


def clear(channel: Channel, ref: Ref) -> None:
    """Take a file away that the media job has kept or refused."""
    path = _path(channel, ref)
    if path is not None:
        path.unlink(missing_ok=True)


def sweep() -> int:
    """Take away what nobody fetched, because its message never came through. Returns how many."""
    oldest, swept = time.time() - KEPT_SECONDS, 0
    for path in Path(settings.MEDIA_FOLDER).glob("*/tuer/*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                swept += 1
        except FileNotFoundError:  # fetched meanwhile
            continue
    return swept


def _path(channel: Channel, ref: Ref) -> Path | None:
    if not ref.external_id.startswith(MARK):
        return None
    try:
        return _place(channel.organisation_id, uuid.UUID(ref.external_id.removeprefix(MARK)))
    except ValueError:
        return None


def _place(organisation_id: int, number: uuid.UUID) -> Path:
    return Path(settings.MEDIA_FOLDER) / str(organisation_id) / "tuer" / str(number)
