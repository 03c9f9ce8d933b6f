"""The chat page is a page of the demo itself: whoever wants to try it opens it in a browser, so the simulator plays nobody here."""

from __future__ import annotations

from buergerdraht.connectors.webchat.config import WebChatConfig
from buergerdraht.house.demo.wired import Wired


def _config(simulator: str) -> WebChatConfig:
    return WebChatConfig.model_validate({"welcome": "Guten Tag, hier schreiben Sie mit der Stadt Musterstadt. Fragen Sie einfach."})


WIRED = Wired("webchat", "Webchat", _config, None)
