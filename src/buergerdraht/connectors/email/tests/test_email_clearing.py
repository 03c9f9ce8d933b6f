"""Only our own mails, and only whose writer is meant: what the rules of the mailbox leave to us."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from buergerdraht.connectors.email import clearing
from buergerdraht.connectors.email.config import EmailConfig
from buergerdraht.connectors.email.mailbox import Box


class Folder:
    """A folder in which a search finds every mail."""

    def __init__(self, heads: list[bytes]) -> None:
        self.heads = heads

    def search(self, _criteria: Any) -> list[int]:
        return list(range(len(self.heads)))

    def fetch(self, uids: list[int], _items: list[str]) -> dict[int, dict[bytes, bytes]]:
        return {uid: {b"BODY[HEADER]": self.heads[uid]} for uid in uids}


@pytest.mark.parametrize(
    ("head", "theirs"),
    [
        (b"From: zoe@buerger.example\r\n\r\n", True),
        (b"To: x\r\nfrom: Zoe <Zoe@Buerger.example>\r\nSubject: x\r\n\r\n", True),
        (b'From: "Zoe\r\n Beispiel"\r\n <zoe@buerger.example>\r\n\r\n', True),
        (b"From: zoe@buerger.example (Zoe)\r\n\r\n", True),
        (b"From: anzoe@buerger.example\r\n\r\n", False),
        (b"From: Zoe <zoe@buerger.example.org>\r\n\r\n", False),
        (b'From: "zoe@buerger.example" <kim@buerger.example>\r\n\r\n', False),
        (b"From: kim@buerger.example\r\nReply-To: <zoe@buerger.example>\r\n\r\n", False),
        (b"", False),
    ],
)
def test_a_mail_is_theirs_only_by_its_whole_address(head: bytes, theirs: bool) -> None:
    box = Box(Folder([head]), "1", idles=False, marks=True)
    assert clearing._written_by(box, "zoe@buerger.example") == ([0] if theirs else [])


def config(**more: Any) -> EmailConfig:
    return EmailConfig.model_validate({"own": "buerger@stadt.example", "smtp_host": "mail.stadt.example", **more})


def test_mails_stay_unless_somebody_chose_otherwise() -> None:
    assert (config().read, config().read_days) == ("stay", 30)


@pytest.mark.parametrize(
    "wrong", [{"read": "move"}, {"read": "move", "read_folder": "inbox"}, {"read_days": 6}, {"read": "now"}, {"read_folder": "Grün"}]
)
def test_a_choice_that_would_lose_mails_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**wrong)
