from __future__ import annotations

from buergerdraht.connectors.telegram_channel.config import TelegramChannelConfig
from buergerdraht.house.demo.wired import Wired, word
from buergerdraht.simulator.town import Account

BOT_ID, CHANNEL = "7300000002", "musterstadt_aktuell"


def _token() -> str:
    return f"{BOT_ID}:{word('telegram channel')[:35]}"


def _config(simulator: str) -> TelegramChannelConfig:
    return TelegramChannelConfig.model_validate({"channel": CHANNEL, "bot_token": _token(), "host": simulator})


def _account(callback: str) -> Account:
    """A bot of its own that nobody writes to, and the channel it posts in."""
    channels = {CHANNEL: {"id": -1_001_730_000_002, "title": "Musterstadt aktuell", "posts": True}}
    return Account("telegram", BOT_ID, "Musterstadt aktuell", _token(), username="musterstadt_kanal_bot", data={"channels": channels})


WIRED = Wired("telegram_channel", "Telegram-Kanal", _config, _account)
