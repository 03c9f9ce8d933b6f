"""Instagram: direct messages of a professional account, by the Page it is tied to."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from buergerdraht.simulator.graph_messages import GraphMessages
from buergerdraht.simulator.graph_rules import Rules
from buergerdraht.simulator.town import Account, Message, Person


class Instagram(GraphMessages):
    kind: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    colour: ClassVar[str] = "#8a2f7d"
    root: ClassVar[str] = "graph-instagram"
    object: ClassVar[str] = "instagram"
    link_host: ClassVar[str] = "ig.me"
    delivers: ClassVar[bool] = False
    referral_field: ClassVar[str] = "messaging_referral"
    profile_fields: ClassVar[frozenset[str]] = frozenset({"name", "username"})
    rules: ClassVar[Rules] = Rules(text=1000, in_bytes=True, mimes=("application/pdf",), reactions=("love",), usual="RESPONSE")

    def account(self, wish: dict[str, Any], number: int) -> Account:
        return Account(
            self.kind, str(wish.get("id", 500000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
            wish.get("secret", secrets.token_hex(16)), username=wish.get("username", f"konto{number}"),
            verify_token=wish.get("verify_token", ""),
            data={
                "app_id": str(wish.get("app_id", 400000000 + number)),
                "instagram_id": str(wish.get("instagram_id", 17841400000000000 + number)),
                **wish.get("data", {}),
            },
        )  # fmt: skip

    def named(self, account: Account) -> str:
        return str(account.data["instagram_id"])

    def wants(self, account: Account, field: str) -> bool:
        """Which events of Instagram an app hears is set for the whole app, in Meta's pages; the Page only lets it in."""
        return field not in {"message_echoes", "message_deliveries"}

    def _tell_read(self, account: Account, person: Person, newest: Message) -> None:
        self._messaging(account, "messaging_seen", {"read": {"mid": newest.id}}, person)

    def delete(self, account: Account, person: Person, message: Message) -> None:
        """Unsent messages are told of."""
        super().delete(account, person, message)
        self._messaging(account, "messages", {"message": {"mid": message.id, "is_deleted": True}}, person)


PROVIDER = Instagram
