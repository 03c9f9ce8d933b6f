from __future__ import annotations

from buergerdraht.connectors.mastodon.config import MastodonConfig
from buergerdraht.house.demo.wired import Wired, word
from buergerdraht.simulator.town import Account

ACCOUNT_ID, NAME = "109000000000000001", "musterstadt"


def _config(simulator: str) -> MastodonConfig:
    return MastodonConfig.model_validate({"host": simulator, "access_token": word("mastodon token"), "account": NAME, "characters": "500"})


def _account(callback: str) -> Account:
    domain = "social.musterstadt.example"
    return Account(
        "mastodon", ACCOUNT_ID, "Stadt Musterstadt", word("mastodon token"), username=NAME, data={"domain": domain, "slow_media": False}
    )


WIRED = Wired("mastodon", "Mastodon", _config, _account)
