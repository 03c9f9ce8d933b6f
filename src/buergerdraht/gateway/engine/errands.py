"""Courtesies to the messenger: a read mark, typing, the answer to a press. Nothing is lost when one fails."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from buergerdraht.accounts import vault
from buergerdraht.connectors.contract import Connector, SendError

log = logging.getLogger("buergerdraht.engine")
LONGEST_SECONDS = 15


class Errand(msgspec.Struct, frozen=True):
    """What `ingest` asks for over NOTIFY; the address is sealed and in hexadecimal."""

    channel: int
    verb: str
    callback: str = ""
    external_id: str = ""
    address: str = ""
    typing: bool = False


def read(payload: str) -> Errand | None:
    """Read a notice; None: of another version of ours, and no reason to stop."""
    try:
        return msgspec.json.decode(payload, type=Errand)
    except msgspec.DecodeError:
        log.warning("errand.unreadable")
        return None


async def run(errand: Errand, connector: Connector) -> None:
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            if errand.verb == "acknowledge":
                await connector.acknowledge(errand.callback)
            else:
                address = vault.decrypt(bytes.fromhex(errand.address))
                await connector.mark_read(errand.external_id, address, typing=errand.typing)
    except (SendError, TimeoutError) as problem:
        log.info("errand.failed channel=%s verb=%s problem=%s", errand.channel, errand.verb, type(problem).__name__)
