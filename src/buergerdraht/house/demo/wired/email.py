from __future__ import annotations

from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.house.demo.wired import Known, Wired, word
from buergerdraht.simulator.town import Account

OWN = "buergerdraht@musterstadt.example"
UNFOLD = str.maketrans("öüäı", "ouai")


def _port(number: int) -> int:
    """A port of this installation, the same at every start, below those that systems give away themselves."""
    return 20_000 + int(word("email ports")[:8], 16) % 6000 * 2 + number


def _config(simulator: str) -> EmailConfig:
    return EmailConfig.model_validate(
        {
            "own": OWN,
            "sender_name": "Stadt Musterstadt",
            "smtp_host": "127.0.0.1",
            "smtp_port": _port(0),
            "smtp_security": "none",
            "imap_host": "127.0.0.1",
            "authserv": "post.example",  # as the simulator's server calls itself
            "imap_port": _port(1),
            "imap_security": "none",
            "username": OWN,
            "password": word("email password"),
            "secret": word("email secret"),
            "plus": True,
            "every": 1,
        }
    )


def _account(callback: str) -> Account:
    ports = {"smtp_port": _port(0), "imap_port": _port(1)}
    return Account("email", "email-musterstadt", "Stadt Musterstadt", word("email password"), username=OWN, data=ports)


def _known(number: int, first: str) -> Known:
    address = f"{first.lower().translate(UNFOLD)}.{number}@buerger.example"
    return Known(address, address, told={"ids": {"email": address}})


WIRED = Wired("email", "E-Mail", _config, _account, _known)
