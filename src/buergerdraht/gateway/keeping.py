"""What is kept of a person on each way, said by the connectors in `keeping.yaml` of their folders: for everybody, and for whoever asks.

kept: {language: words} what we store there, `beside`: {language: words} what lies elsewhere and is not deleted by us; `browser`: something
lies in the citizen's browser; `secret`: the address opens what it leads to, so it is shown to nobody. A connector without words has
none of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from buergerdraht.connectors import registry
from buergerdraht.gateway.tasks import LEARNED_DAYS


@cache
def _words(kind: str) -> dict[str, Any]:
    if kind not in registry.CONNECTORS:
        return {}
    file = resources.files(registry.CONNECTORS[kind].rsplit(".", 2)[0]) / "keeping.yaml"
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    return found


def kept(kind: str, language: str) -> str:
    """What we store of people on this way; "" for a place where we learn of nobody."""
    return _in(_words(kind).get("kept", {}), language).format(learned=LEARNED_DAYS)


def beside(kind: str, language: str) -> str:
    """What lies outside of the house and does not go when we delete; "" where nothing does."""
    return _in(_words(kind).get("beside", {}), language)


def in_browser(kind: str) -> bool:
    return bool(_words(kind).get("browser"))


def is_secret(kind: str) -> bool:
    """Whether an address of this kind is a key, and not a name."""
    return bool(_words(kind).get("secret"))


def _in(texts: Mapping[str, str], language: str) -> str:
    near = {"de": "de", "de-simple": "de"}.get(language, "en")
    return next((texts[each] for each in (language, near, "de") if each in texts), "")
