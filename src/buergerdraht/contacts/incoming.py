"""A citizen's message together with who it is from: what everyone who may answer is given."""

from __future__ import annotations

from dataclasses import dataclass

from buergerdraht.connectors.contract import Received
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel


@dataclass(frozen=True, kw_only=True, eq=False)  # one message, not its values: rooms note by it what they found
class Incoming:
    channel: Channel
    event: Received
    contact: Contact
    address: Address
