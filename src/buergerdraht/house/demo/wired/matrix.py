from __future__ import annotations

from buergerdraht.connectors.matrix.config import MatrixConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

SERVER, LOCAL = "musterstadt.example", "rathaus"
SERVICE_ID = f"buergerdraht-{LOCAL}"


def _config(simulator: str) -> MatrixConfig:
    return MatrixConfig.model_validate(
        {
            "host": simulator,
            "server": SERVER,
            "localpart": LOCAL,
            "display": "Stadt Musterstadt",
            "as_token": word("matrix as_token"),
            "hs_token": word("matrix hs_token"),
        }
    )


def _account(callback: str) -> Account:
    data = {"server": SERVER, "ephemeral": True, "rate_limited": False}
    return Account(
        "matrix", SERVICE_ID, "Stadt Musterstadt", word("matrix as_token"), secret=word("matrix hs_token"), username=LOCAL,
        callback=callback, data=data,
    )  # fmt: skip


def _known(number: int, first: str) -> Known:
    name = f"@{first.lower()}_{number}:{SERVER}".translate(str.maketrans("öüäı", "ouai"))
    return Known(name, name, told={"ids": {"matrix": name}})


WIRED = Wired("matrix", "Matrix", _config, _account, _known)
