from __future__ import annotations

import time

from django.conf import settings

from buergerdraht.connectors.graph_payloads import GET_STARTED
from buergerdraht.connectors.messenger.config import MessengerConfig
from buergerdraht.connectors.messenger.connector import FIELDS
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

PAGE_ID, APP_ID, PAGE_NAME = "101530000000001", "730000000000017", "stadt.musterstadt"


def _config(simulator: str) -> MessengerConfig:
    return MessengerConfig.model_validate(
        {
            "page_id": PAGE_ID,
            "app_id": APP_ID,
            "username": PAGE_NAME,
            "access_token": word("messenger token"),
            "app_secret": word("messenger secret"),
            "verify_token": word("messenger verify"),
            "human_agent": True,
            "names": True,
            "host": f"{simulator}/graph-messenger",
        }
    )


def _account(callback: str) -> Account:
    return Account(
        "messenger", PAGE_ID, "Stadt Musterstadt", word("messenger token"), secret=word("messenger secret"), username=PAGE_NAME,
        verify_token=word("messenger verify"), callback=callback,
        templates=[
            {
                "id": "910001", "name": "neuigkeiten", "language": "de", "category": "UTILITY", "status": "APPROVED",
                "components": [
                    {"type": "BODY", "text": "Guten Tag, die Stadt Musterstadt hat Neuigkeiten für Sie: {{1}}. Antworten Sie kurz."},
                    {"type": "FOOTER", "text": "Abmelden: STOPP"},
                ],
            }
        ],
        data={
            "app_id": APP_ID, "subscribed": True, "fields": list(FIELDS), "human_agent": True, "origin": settings.SIMULATOR_URL,
            "profile": {"get_started": {"payload": GET_STARTED}},
        },
    )  # fmt: skip


def _known(number: int, first: str) -> Known:
    person = f"{7_300_000_000_000_000 + number}"
    return Known(person, told={"ids": {"messenger": person}, "last_written": {PAGE_ID: time.time()}})


WIRED = Wired("messenger", "Facebook Messenger", _config, _account, _known)
