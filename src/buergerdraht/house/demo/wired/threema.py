from __future__ import annotations

import hashlib

from buergerdraht.connectors.threema.config import ThreemaConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

IDENTITY = "*MUSTER1"


def _config(simulator: str) -> ThreemaConfig:
    return ThreemaConfig.model_validate(
        {"identity": IDENTITY, "secret": word("threema secret")[:32], "private_key": word("threema key"), "host": simulator}
    )


def _account(callback: str) -> Account:
    data = {"mode": "e2e", "credits": 100_000, "public": _config("http://127.0.0.1").public_key}
    secret = word("threema secret")[:32]
    return Account("threema", IDENTITY, "Stadt Musterstadt", secret, secret=secret, callback=callback, data=data)


def _known(number: int, first: str) -> Known:
    identity = hashlib.sha256(f"{first} {number}".encode()).hexdigest()[:8].upper()
    return Known(identity, identity, told={"ids": {"threema": identity}})


WIRED = Wired("threema", "Threema", _config, _account, _known)
