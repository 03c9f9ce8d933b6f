from __future__ import annotations

import uuid

from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.house.demo.wired import Known, Wired
from buergerdraht.simulator.town import Account

NUMBER, ID = "+493023125110", "signal-493023125110"


def _key(what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://www.musterstadt.example/signal/{what}"))


def _config(simulator: str) -> SignalConfig:
    return SignalConfig.model_validate({"number": NUMBER, "host": f"{simulator}/signal"})


def _account(callback: str) -> Account:
    return Account("signal", ID, "Stadt Musterstadt", "", number=NUMBER, data={"door": "daemon", "uuid": _key("stadt")})


def _known(number: int, first: str) -> Known:
    """Most people show their number to nobody."""
    key = _key(f"person/{number}")
    return Known(key, told={"ids": {"signal": key}, "hidden": True})


WIRED = Wired("signal", "Signal", _config, _account, _known, people=6)
