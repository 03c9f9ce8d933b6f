"""What we ask of signal-cli, whichever of its doors stands open. Everything is said in our own words; each door translates."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from buergerdraht.connectors.http import Answered, Call, Http, Upload
from buergerdraht.connectors.signal.config import SignalConfig
from buergerdraht.connectors.signal.names import Named


class Letter(NamedTuple):
    """A message to one person. `styles` are stretches, see styles.py; `files` go along as they are."""

    to: str
    text: str
    styles: Sequence[str] = ()
    files: Sequence[Upload] = ()
    quote: Named | None = None


class Frame(NamedTuple):
    """What was told, and what it is called where the teller can be asked to go on after it."""

    body: bytes
    id: str = ""


class Door(Protocol):
    """One way to reach signal-cli. Verbs raise one of the four failures."""

    def __init__(self, config: SignalConfig, http: Http) -> None: ...

    async def send(self, letter: Letter) -> int:
        """Give the message's moment, which is its name."""

    async def react(self, target: Named, emoji: str) -> None: ...

    async def read(self, target: Named) -> None: ...

    async def typing(self, to: str) -> None: ...

    async def fetch(self, file: str, largest: int) -> bytes: ...

    async def rescue(self, challenge: str, captcha: str) -> None:
        """Hand in a solved riddle."""

    async def trust(self, person: str) -> None:
        """Trust all keys known of somebody."""

    async def doubted(self) -> int:
        """Count the people whose key changed and is not trusted yet."""

    async def about(self) -> Mapping[str, str]:
        """Say what answers here; raises ChannelBroken("setup") where it is not what we need, or does not have our number."""

    def events(self, after: str) -> AsyncIterator[Frame]:
        """Tell what happens, from now on or from after the frame of that name where the door can."""


def author(target: Named, number: str) -> str:
    return number if target.ours else target.person


def data_uri(file: Upload) -> str:
    """Write a file as both doors take it: no path of theirs is shared with us. Its name may not end the head."""
    name = "".join(sign for sign in file.file_name if sign.isprintable() and sign not in ';,"\\/')[:100]
    mime = file.mime.split(";")[0].strip() or "application/octet-stream"
    return f"data:{mime}{f';filename={name}' if name else ''};base64,{base64.b64encode(file.data).decode()}"


def authorization(config: SignalConfig) -> dict[str, str]:
    """The header for a proxy before signal-cli, which itself asks for nothing."""
    secret = config.access.get_secret_value().strip()
    if not secret:
        return {}
    if ":" in secret:
        return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    return {"Authorization": f"Bearer {secret}"}


async def ask(http: Http, call: Call) -> Answered:
    """Call something that sends nothing to anybody: whatever went wrong, no message is in doubt."""
    return await http.call(call._replace(prepares=True))
