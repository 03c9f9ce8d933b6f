"""Facebook Messenger: a Page's messages."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from buergerdraht.simulator.graph_messages import GraphMessages
from buergerdraht.simulator.graph_rules import Rules
from buergerdraht.simulator.town import Account, Message, Person


class Messenger(GraphMessages):
    kind: ClassVar[str] = "messenger"
    title: ClassVar[str] = "Messenger"
    colour: ClassVar[str] = "#1355c4"
    root: ClassVar[str] = "graph-messenger"
    object: ClassVar[str] = "page"
    link_host: ClassVar[str] = "m.me"
    rules: ClassVar[Rules] = Rules(text=2000, images_together=30, templates=True)

    def account(self, wish: dict[str, Any], number: int) -> Account:
        return Account(
            self.kind, str(wish.get("id", 300000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
            wish.get("secret", secrets.token_hex(16)), username=wish.get("username", f"seite{number}"),
            verify_token=wish.get("verify_token", ""), templates=wish.get("templates", []),
            data={"app_id": str(wish.get("app_id", 400000000 + number)), **wish.get("data", {})},
        )  # fmt: skip

    def _tell_read(self, account: Account, person: Person, newest: Message) -> None:
        """Say up to when, not what."""
        self._messaging(account, "message_reads", {"read": {"watermark": round(self.town.clock() * 1000)}}, person)

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        message.data["message"] = {"text": text}
        message.edited = True
        self._messaging(account, "message_edits", {"message_edit": {"mid": message.id, "text": text, "num_edit": 1}}, person)
        self.town.tell("message", account=account.id, person=person.id, message=message.id)


PROVIDER = Messenger
