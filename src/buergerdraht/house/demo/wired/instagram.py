from __future__ import annotations

import time

from django.conf import settings

from buergerdraht.connectors.instagram.config import InstagramConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

PAGE_ID, INSTAGRAM_ID, APP_ID, NAME = "101530000000002", "17841400000000002", "730000000000018", "stadt.musterstadt"


def _config(simulator: str) -> InstagramConfig:
    return InstagramConfig.model_validate(
        {
            "page_id": PAGE_ID,
            "instagram_id": INSTAGRAM_ID,
            "app_id": APP_ID,
            "username": NAME,
            "access_token": word("instagram token"),
            "app_secret": word("instagram secret"),
            "verify_token": word("instagram verify"),
            "human_agent": True,
            "names": True,
            "host": f"{simulator}/graph-instagram",
        }
    )


def _account(callback: str) -> Account:
    return Account(
        "instagram", PAGE_ID, "Stadt Musterstadt", word("instagram token"), secret=word("instagram secret"), username=NAME,
        verify_token=word("instagram verify"), callback=callback,
        data={
            "app_id": APP_ID, "instagram_id": INSTAGRAM_ID, "subscribed": True, "fields": ["messages"], "human_agent": True,
            "origin": settings.SIMULATOR_URL,
        },
    )  # fmt: skip


def _known(number: int, first: str) -> Known:
    person = f"{7_400_000_000_000_000 + number}"
    return Known(person, f"@{first.lower()}.{number}".translate(str.maketrans("öüäı", "ouai")), told={
        "ids": {"instagram": person}, "last_written": {PAGE_ID: time.time()},
    })  # fmt: skip


WIRED = Wired("instagram", "Instagram", _config, _account, _known)
