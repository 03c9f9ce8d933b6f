"""How Musterstadt's channels reach the simulator, and what citizens write there first. The simulator knows nothing of us, only we of it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from buergerdraht.gateway.actions import Wish
from buergerdraht.house.demo.people import people
from buergerdraht.house.demo.sayings import FRESH
from buergerdraht.house.demo.wired import wired
from buergerdraht.house.demo.wired.telegram import BOT_ID
from buergerdraht.house.demo.wired.whatsapp import PHONE_ID
from buergerdraht.simulator.town import Town

VISITORS = [("Lena Sommer", "de"), ("Emine Kaya", "de"), ("Omar Haddad", "ar")]  # nobody knows them yet: phones to try

PUBLIC = ("mastodon", "facebook_page", "threads")  # where somebody follows, so that there is a phone to read posts on


def wishes(simulator: str) -> dict[str, Wish]:
    """The channels as an administrator would type them in."""
    return {kind: Wish(found.name, found.config(simulator)) for kind, found in wired().items()}


def seed(path: Path, *, callbacks: Mapping[str, str]) -> None:
    """Give the simulator its accounts and the phones of our citizens, once. `callbacks`: by kind, what one types in there by hand."""
    if path.exists():
        return
    town = Town()
    for kind, found in wired().items():
        if found.account is not None:
            town.add_account(found.account(callbacks[kind]))
    for name, language in VISITORS:
        town.add_person(name, id=f"neu-{name.split()[0].lower()}", language=language)
    for person in people():
        town.add_person(person.name, id=f"m{person.number}", language=person.language, **person.told)
    path.parent.mkdir(parents=True, exist_ok=True)
    town.save(path)


def talk(simulator: str) -> None:
    """Let citizens write now, through the messengers, so that there is something to answer; one sends a picture of what they mean."""
    for number, text in enumerate(FRESH):
        account = PHONE_ID if number % 3 != 2 else BOT_ID
        _act(simulator, 150 + number, "write", {"account": account, "text": text})
    _act(simulator, 150, "photo", {"account": PHONE_ID, "sample": "schlagloch"})
    for kind in PUBLIC:
        account_of = wired()[kind].account
        if account_of is not None:
            _act(simulator, 151, "follow", {"account": account_of("").id})


def _act(simulator: str, person: int, verb: str, wish: dict[str, str]) -> None:
    address = f"{simulator}/_control/people/m{person}/{verb}"
    request = urllib.request.Request(address, json.dumps(wish).encode(), {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - our own
        pass
