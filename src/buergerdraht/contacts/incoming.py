"""A citizen's message together with who it is from: what everyone who may answer is given."""

from __future__ import annotations

from dataclasses import dataclass

from buergerdraht.connectors.contract import Received
from buergerdraht.contacts.models import Address, Contact
from buergerdraht.gateway.models import Channel


@dataclass(frozen=True, kw_only=True)
class Incoming:
    channel: Channel
    event: Received
    contact: Contact
    address: Address
