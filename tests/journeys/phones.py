"""Citizens' phones, held through the simulator's control API."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

PATIENCE = 40.0  # seconds; two towns on two cores take their time


@dataclass(frozen=True)
class Phone:
    """One person's phone, open at the chat with the authority."""

    simulator: str
    person: str
    account: str

    def follow(self, link: str) -> None:
        self._do("link", link=link)

    def write(self, text: str) -> None:
        self._do("write", text=text)

    def photo(self, caption: str) -> None:
        self._do("photo", sample="schlagloch", caption=caption)

    def place(self, latitude: float, longitude: float) -> None:
        self._do("location", latitude=latitude, longitude=longitude)

    def voice(self) -> None:
        self._do("voice")

    def edit(self, before: str, after: str) -> None:
        """Put one's own message in other words."""
        message = next(bubble for bubble in self.bubbles() if not bubble["ours"] and bubble["text"] == before)
        self._do("edit", message=message["id"], text=after)

    def tap(self, title: str) -> None:
        """Tap the button of that title, as soon as there is one."""
        bubble = self.sees(lambda bubble: title in titles(bubble), f"a button “{title}”")
        self._do("tap", message=bubble["id"], choice=title)

    def read(self) -> None:
        self._do("read")

    def react(self, bubble: dict[str, Any], emoji: str) -> None:
        self._do("react", message=bubble["id"], emoji=emoji)

    def answer(self, bubble: dict[str, Any], text: str) -> None:
        """Write with a message quoted, as below a public post."""
        self._do("write", text=text, quote=bubble["id"])

    def prefer(self, value: str) -> None:
        """Set what only this messenger has a setting for."""
        self._do("prefer", value=value)

    def block(self) -> None:
        self._do("block")

    def unblock(self) -> None:
        self._do("unblock")

    def bubbles(self) -> list[dict[str, Any]]:
        chats = control(self.simulator, f"people/{self.person}/phone")["chats"]
        return next(chat["messages"] for chat in chats if chat["account"] == self.account)

    def received(self) -> list[dict[str, Any]]:
        """What came from the authority; what the provider could not deliver is on no telephone."""
        return [bubble for bubble in self.bubbles() if bubble["ours"] and bubble["status"] != "failed"]

    def shows(self, words: str) -> dict[str, Any]:
        """Wait until a message with these words arrives."""
        return self.sees(lambda bubble: words in bubble.get("text", ""), f"“{words}”")

    def ends_with(self, words: str) -> dict[str, Any]:
        """Wait until the newest message has these words: what was said before, too, is said again."""
        return self.sees(
            lambda bubble: words in bubble.get("text", "") and bubble["id"] == self.received()[-1]["id"], f"“{words}” at the end"
        )

    def sees(self, wanted: Callable[[dict[str, Any]], bool], name: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            received = self.received()
            if found := [bubble for bubble in received if wanted(bubble)]:
                return found[-1]
            assert time.monotonic() < deadline, f"{self.person} waited in vain for {name}: {[each.get('text') for each in received]}"
            time.sleep(0.1)

    def _do(self, verb: str, **wish: Any) -> None:
        control(self.simulator, f"people/{self.person}/{verb}", {"account": self.account, **wish})


def titles(bubble: dict[str, Any]) -> list[str]:
    """Name what can be tapped below a message."""
    rows = chain(bubble.get("buttons", []), bubble.get("list", {}).get("rows", []), *bubble.get("keyboard", []))
    return [each["title"] for each in rows]


def control(simulator: str, path: str, wish: dict[str, Any] | None = None) -> Any:
    body = None if wish is None else json.dumps(wish).encode()
    request = urllib.request.Request(f"{simulator}/_control/{path}", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        raise AssertionError(f"{path}: {problem.read().decode()}") from None


def new_phone(simulator: str, kind: str, name: str, **person: Any) -> Phone:
    """Give somebody nobody knows yet a phone."""
    account = next(each["id"] for each in control(simulator, "accounts") if each["kind"] == kind)
    made = control(simulator, "people", {"name": name, **person})
    return Phone(simulator, made["id"], account)
