from __future__ import annotations

from buergerdraht.connectors.telegram.config import TelegramConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

BOT_ID, BOT_NAME = "7300000001", "musterstadt_bot"


def _token() -> str:
    return f"{BOT_ID}:{word('telegram token')[:35]}"


def _config(simulator: str) -> TelegramConfig:
    return TelegramConfig.model_validate(
        {"username": BOT_NAME, "bot_token": _token(), "secret_token": word("telegram secret"), "host": simulator}
    )


def _account(callback: str) -> Account:
    return Account("telegram", BOT_ID, "Stadt Musterstadt", _token(), username=BOT_NAME)  # told by setWebhook


def _known(number: int, first: str) -> Known:
    chat, name = 7_300_000_000 + number, f"{first.lower()}_{number}".translate(str.maketrans("öüäı", "ouai"))
    return Known(str(chat), f"@{name}", told={"telegram_id": chat, "username": name, "started": [BOT_ID]})


WIRED = Wired("telegram", "Telegram", _config, _account, _known)
