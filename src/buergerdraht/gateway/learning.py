"""What connectors learned of people (connectors/learned.py), and how it ends with them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from pydantic import ValidationError

from buergerdraht.accounts import vault
from buergerdraht.connectors import registry
from buergerdraht.connectors.contract import SendError, Temporary
from buergerdraht.connectors.usual import Usual
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel

log = logging.getLogger("buergerdraht.gateway")
PAUSES = (0, 60, 600, 3_600, 14_400, 43_200, 86_400)  # seconds before each try to leave


class Reached(Protocol):
    """Where somebody is reached on a channel."""

    channel: Channel
    address: str


def forget(addresses: Iterable[Reached]) -> None:
    """Let the connectors forget people who are erased; most have learned nothing."""
    known: dict[Channel, list[str]] = defaultdict(list)
    for one in addresses:
        if any(_says(one.channel.kind, verb) for verb in ("forget", "leave")):
            known[one.channel].append(one.address)
    for channel, names in known.items():
        try:
            channels.connector(channel).forget(names)
        except (ValidationError, OSError) as problem:  # a config that no longer fits, a folder that is away: age takes it
            log.warning("learned.not_forgotten channel=%s problem=%s", channel.pk, type(problem).__name__)
        if _says(channel.kind, "leave"):
            leave_soon(channel.pk, [vault.encrypt(name).hex() for name in names])


def leave_soon(channel: int, sealed: Sequence[str], tries: int = 0) -> None:
    """Let a worker end what we hold at the provider with people who are erased. The job takes their addresses with it when it is done."""
    from buergerdraht.gateway import tasks

    tasks.leave.configure(schedule_in={"seconds": PAUSES[tries]}).defer(channel_id=channel, sealed=list(sealed), tries=tries)


def leave(channel_id: int, sealed: Sequence[str], tries: int) -> None:
    """End it now; try again later where the provider is away."""
    channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None:
        return
    names = [vault.decrypt(bytes.fromhex(one)) for one in sealed]
    try:
        channels.ask(channel, lambda connector: connector.leave(names))
    except (SendError, ValidationError) as problem:
        log.warning("learned.not_left channel=%s problem=%s tries=%s", channel.pk, type(problem).__name__, tries)
        if isinstance(problem, Temporary) and tries + 1 < len(PAUSES):
            leave_soon(channel_id, sealed, tries + 1)


def _says(kind: str, verb: str) -> bool:
    """Tell whether a connector has something of its own to do."""
    usual = getattr(Usual, verb)
    return kind in registry.CONNECTORS and getattr(registry.connector_class(kind), verb, usual) is not usual
