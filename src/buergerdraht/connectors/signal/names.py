"""Names of messages. Within a chat Signal tells messages apart by their moment and who wrote them.

"<person>:<moment>" is theirs, "<person>:<moment>:us" is ours; the person is the Signal id (ACI), or a number where we wrote first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"(.+):(\d{1,15})(:us)?")
_PERSON = re.compile(r"\+[1-9]\d{4,15}|(?:PNI:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Named(NamedTuple):
    person: str
    moment: int  # Unix milliseconds
    ours: bool


def theirs(person: str, moment: int) -> str:
    return f"{person}:{moment}"


def ours(person: str, moment: int) -> str:
    return f"{person}:{moment}:us"


def named(external_id: str) -> Named | None:
    """Take a name apart; None where it is none of these."""
    found = _NAME.fullmatch(external_id)
    return Named(found[1], int(found[2]), bool(found[3])) if found else None


def is_person(address: str) -> bool:
    return bool(_PERSON.fullmatch(address))
