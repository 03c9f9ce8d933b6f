from __future__ import annotations

from buergerdraht.connectors.by_hand.config import ByHandConfig
from buergerdraht.house.demo.wired import Wired


def _config(simulator: str) -> ByHandConfig:
    address = "https://whatsapp.com/channel/0029VaMusterstadtBeispiel"
    return ByHandConfig(address=address, verified="beantragt")


WIRED = Wired("whatsapp_channel", "WhatsApp-Kanal", _config, None)
