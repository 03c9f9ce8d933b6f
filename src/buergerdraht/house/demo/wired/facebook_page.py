from __future__ import annotations

from django.conf import settings

from buergerdraht.connectors.facebook_page.config import FacebookPageConfig
from buergerdraht.house.demo.wired import Wired, word
from buergerdraht.simulator.town import Account

PAGE_ID, APP_ID, NAME = "101530000000003", "730000000000019", "stadt.musterstadt"


def _config(simulator: str) -> FacebookPageConfig:
    return FacebookPageConfig.model_validate(
        {
            "page_id": PAGE_ID,
            "app_id": APP_ID,
            "username": NAME,
            "access_token": word("facebook page token"),
            "app_secret": word("facebook page secret"),
            "verify_token": word("facebook page verify"),
            "host": f"{simulator}/graph-page",
        }
    )


def _account(callback: str) -> Account:
    return Account(
        "facebook_page", PAGE_ID, "Stadt Musterstadt", word("facebook page token"), secret=word("facebook page secret"), username=NAME,
        verify_token=word("facebook page verify"), callback=callback,
        data={"app_id": APP_ID, "subscribed": True, "fields": ["feed"], "origin": settings.SIMULATOR_URL},
    )  # fmt: skip


WIRED = Wired("facebook_page", "Facebook-Seite", _config, _account)
