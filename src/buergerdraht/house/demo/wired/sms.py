from __future__ import annotations

from buergerdraht.connectors.sms.config import SmsConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

NUMBER = "+493023125110"


def _config(simulator: str) -> SmsConfig:
    return SmsConfig.model_validate(
        {
            "sender": NUMBER,
            "url": f"{simulator}/sms-gateway/v1/messages",
            "access": word("sms token"),
            "check_url": f"{simulator}/sms-gateway/v1/balance",
            "check_shows": "balance",
            "hook_word": word("sms word"),
        }
    )


def _account(callback: str) -> Account:
    address = f"{callback}?wort={word('sms word')}"
    return Account("sms", "sms-musterstadt", "Stadt Musterstadt", word("sms token"), number=NUMBER, callback=address, data={"credit": -1})


def _known(number: int, first: str) -> Known:
    digits = f"4917604069{number % 1000:03d}"
    return Known(f"+{digits}", f"+{digits}", digits, {"phone": digits})


WIRED = Wired("sms", "SMS", _config, _account, _known)
