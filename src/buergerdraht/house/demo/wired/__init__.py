"""Musterstadt's accounts, one module for each kind: its `WIRED` is found by itself."""

from __future__ import annotations

import hashlib
import hmac
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from pydantic import BaseModel

from buergerdraht.simulator.town import Account


@dataclass(frozen=True)
class Known:
    """How a messenger tells us of a citizen, and what the simulator must be told so that it is the same one (`Town.add_person`)."""

    address: str
    handle: str = ""
    phone: str = ""  # digits; empty where the messenger does not tell
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wired:
    """An account of the town. `config` takes the simulator's address; `account` our webhook's; None: nobody provides it."""

    kind: str
    name: str
    config: Callable[[str], BaseModel]
    account: Callable[[str], Account] | None  # None: a person posts there, and no provider is played
    known: Callable[[int, str], Known] | None = None  # number and first name of a citizen; None: nobody is written to here
    people: int = 8


def word(purpose: str) -> str:
    """A secret of this installation, the same at every start."""
    return hmac.new(settings.SECRET_KEY.encode(), f"demo {purpose}".encode(), hashlib.sha256).hexdigest()


@cache
def wired() -> dict[str, Wired]:
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.WIRED.kind: module.WIRED for module in modules}
