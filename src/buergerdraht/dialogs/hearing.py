"""What a message says, as a walk takes it."""

from __future__ import annotations

from buergerdraht.contacts.incoming import Incoming
from buergerdraht.conversations import outgoing
from buergerdraht.dialogs.walk import Said

UNSPOKEN = {"unsupported": "media"}  # what no messenger of ours can show gets the same kind hint as a picture


def said_of(incoming: Incoming) -> Said:
    """Make what a walk hears of a message."""
    event = incoming.event
    place = event.location
    return Said(
        text=event.text,
        choice=event.choice,
        kind="sticker" if event.media and event.media[0].kind == "sticker" else UNSPOKEN.get(event.kind, event.kind),
        files=_files(incoming) if event.media else (),
        place=(place.latitude, place.longitude, place.name or place.address) if place else None,
        evidence=event.external_id,
    )


def _files(incoming: Incoming) -> list[tuple[str, str]]:
    """The files of a message, named as the house keeps them; a picture sent as a file is a picture."""
    message = outgoing.arrival(incoming).message
    if message is None:
        return []
    rows = message.media.order_by("created_at", "pk").values_list("pk", "kind", "mime")
    return [(str(number), "image" if mime.startswith("image/") and kind != "sticker" else kind) for number, kind, mime in rows]
