from __future__ import annotations

from django.conf import settings

from buergerdraht.connectors.threads.config import ThreadsConfig
from buergerdraht.house.demo.wired import Wired, word
from buergerdraht.simulator.town import Account

ACCOUNT_ID, APP_ID, NAME = "26000000000000003", "730000000000020", "stadt.musterstadt"


def _config(simulator: str) -> ThreadsConfig:
    return ThreadsConfig.model_validate(
        {
            "user_id": ACCOUNT_ID,
            "app_id": APP_ID,
            "username": NAME,
            "access_token": word("threads token"),
            "app_secret": word("threads secret"),
            "verify_token": word("threads verify"),
            "host": f"{simulator}/graph-threads",
        }
    )


def _account(callback: str) -> Account:
    return Account(
        "threads", ACCOUNT_ID, "Stadt Musterstadt", word("threads token"), secret=word("threads secret"), username=NAME,
        verify_token=word("threads verify"), callback=callback,
        data={"app_id": APP_ID, "subscribed": True, "origin": settings.SIMULATOR_URL},
    )  # fmt: skip


WIRED = Wired("threads", "Threads", _config, _account)
