"""Telegram's channels as a bot meets them that administers one: it posts there, and nobody answers.

https://core.telegram.org/bots/api#getchat, #getchatmember. A channel stands in `account.data["channels"]` of its bot.
"""

from __future__ import annotations

from typing import Any

from buergerdraht.simulator.provider import Provider
from buergerdraht.simulator.providers.telegram_rules import Refusal, bad
from buergerdraht.simulator.town import Account, Person

ADMINISTRATOR = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
    "can_send_welcome_messages",
)  # fmt: skip
NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)  # fmt: skip


class TelegramChannels(Provider):
    """The part of the Bot API that is about channels."""

    def me(self, account: Account) -> dict[str, Any]:
        raise NotImplementedError

    def chat(self, person: Person) -> dict[str, Any]:
        raise NotImplementedError

    def _chat(self, account: Account, values: dict[str, Any]) -> Person:
        raise NotImplementedError

    def channel(self, account: Account, wanted: str) -> Person:
        """Find a channel the bot may post in; it stands in for a person without a phone."""
        found = None
        for owner in self.town.accounts.values():
            for name, each in owner.data.get("channels", {}).items() if owner.kind == self.kind else ():
                if wanted.lower() in {f"@{name}".lower(), str(each["id"])}:
                    found = (owner, name, each)
        if found is None:
            raise bad("chat not found")
        owner, name, channel = found
        if owner is not account:
            raise Refusal(403, "Forbidden: bot is not a member of the channel chat")
        if not channel["posts"]:
            raise bad("need administrator rights in the channel chat")
        return Person(f"@{name}", channel["title"], "", "", channel["id"], username=name)

    async def do_getchat(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        shown = self.chat(self._chat(account, values))
        return {**shown, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": NO_GIFTS}

    async def do_getchatmember(self, account: Account, values: dict[str, Any]) -> dict[str, Any]:
        """Only of the bot itself, in a channel."""
        may = True
        try:
            self._chat(account, values)
        except Refusal as refusal:
            if "administrator rights" not in refusal.description:
                raise
            may = False
        if str(values.get("user_id")) != account.id:
            raise bad("user not found")
        others = dict.fromkeys(ADMINISTRATOR, False)
        return {"user": self.me(account), "status": "administrator", "can_be_edited": False, "is_anonymous": False, **others,
                "can_post_messages": may}  # fmt: skip
