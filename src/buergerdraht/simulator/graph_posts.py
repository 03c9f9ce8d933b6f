"""Public posts at Meta: who follows sees them on the phone, and what people write below them becomes a webhook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from buergerdraht.simulator.graph_double import GraphDouble
from buergerdraht.simulator.graph_rules import Refusal
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.town import Account, Message, Person

Post = dict[str, Any]  # id, by (account or person), text, above (post or comment), media (file ids), at


class GraphPosts(GraphDouble):
    """Who posts, and who reads and answers it."""

    # ── Posts ─────────────────────────────────────────────────────────────

    def posts(self, account: Account) -> dict[str, Post]:
        found: dict[str, Post] = account.data.setdefault("posts", {})
        return found

    def published(self, account: Account, post: Post) -> None:
        """Keep a post of the account's, write it down once, and put it on the phones of those who follow or wrote what it answers."""
        self.posts(account)[post["id"]] = post
        self.town.accept(Message(post["id"], account.id, "", True, "post", {}, post["at"]), "public", post["text"])
        above = self.posts(account).get(post["above"], {})
        for person in self.town.people.values():
            if account.id in person.blocked:
                continue
            if person.id == above.get("by") or (not post["above"] and self.started(account, person)):
                data = {"text": post["text"], "post": post["id"], "media": post["media"], "alt": post.get("alt", "")}
                self.town.say(Message(f"{post['id']}:{person.id}", account.id, person.id, True, "post", data, post["at"], "sent"))

    def written(self, account: Account, person: Person, text: str, quote: str) -> Post:
        """Let somebody write below a post: the one they name, else the newest."""
        if account.id in person.blocked:
            raise CannotDo("who blocked an account cannot write there")
        named = self.town.messages.get(quote)
        ours = [post["id"] for post in self.posts(account).values() if post["by"] == account.id and not post["above"]]
        above = str(named.data.get("post", "")) if named else ours[-1] if ours else ""
        if above not in self.posts(account):
            raise CannotDo("there is no post to answer")
        post: Post = {
            "id": self.number(account, above),
            "by": person.id,
            "text": text,
            "above": above,
            "media": [],
            "at": self.town.clock(),
        }
        self.posts(account)[post["id"]] = post
        data = {"text": text, "post": post["id"], "media": []}
        self.town.say(Message(post["id"], account.id, person.id, False, "post", data, post["at"], "sent"))
        return post

    def number(self, account: Account, above: str = "") -> str:
        """Name a new post, or one below another."""
        raise NotImplementedError

    def stamp(self, post: Post) -> str:
        """Its time as Meta writes it."""
        return datetime.fromtimestamp(post["at"], UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

    def root_of(self, account: Account, post: Post) -> Post:
        while post["above"]:
            post = self.posts(account)[post["above"]]
        return post

    def cut(self, account: Account, request: web.Request) -> bool:
        """After a post stands there: cut the line, or say that it failed, where the day is like that."""
        if self.weather.fumbles(account):
            raise Refusal(500, 2, "An unexpected error has occurred. Please retry your request later.")
        return self.torn(account, request)

    # ── People ────────────────────────────────────────────────────────────

    def move_in(self, account: Account, person: Person) -> None:
        """Follow the account: its posts appear on the phone."""
        follows = person.data.setdefault(self.kind, {}).setdefault("follows", [])
        if account.id not in follows:
            follows.append(account.id)

    def started(self, account: Account, person: Person) -> bool:
        return account.id in (person.data.get(self.kind) or {}).get("follows", [])

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {"text": message.data["text"], "entities": [], "alt": message.data.get("alt", "")}
        return shown | self.media(message.data["media"][0], "image") if message.data["media"] else shown
