"""A Facebook Page's public side: posts with pictures, comments below them."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.graph_posts import GraphPosts, Post
from buergerdraht.simulator.graph_rules import Refusal, invalid
from buergerdraht.simulator.town import Account, Message, Person

TEXT, COMMENT, PHOTO, ALT = 63206, 8000, 10 << 20, 1000
TWICE_SECONDS = 600
# Documented fields of which nothing is said here.
FIELDS = (
    "about", "category", "category_list", "cover", "description", "description_html", "display_subtext", "emails", "engagement",
    "fan_count", "global_brand_page_name", "global_brand_root_id", "phone", "picture", "verification_status", "website",
)  # fmt: skip
POST_FIELDS = (
    "attachments", "attachment", "full_picture", "icon", "is_published", "message_tags", "parent", "picture", "reactions", "shares",
    "status_type", "updated_time", "comments", "like_count", "comment_count", "can_hide", "can_remove", "is_hidden", "user_likes",
)  # fmt: skip


class FacebookPage(GraphPosts):
    kind: ClassVar[str] = "facebook_page"
    title: ClassVar[str] = "Facebook-Seite"
    colour: ClassVar[str] = "#1b4a8f"
    look: ClassVar[str] = "posts"
    root: ClassVar[str] = "graph-page"
    sends: ClassVar[tuple[str, ...]] = ("feed", "comments")

    def account(self, wish: dict[str, Any], number: int) -> Account:
        return Account(
            self.kind, str(wish.get("id", 600000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
            wish.get("secret", secrets.token_hex(16)), username=wish.get("username", f"seite{number}"),
            verify_token=wish.get("verify_token", ""), data={"app_id": str(wish.get("app_id", 400000000 + number)), **wish.get("data", {})},
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        node = rf"/{self.root}/v{{version:\d+}}.0/{{node}}"
        return [
            web.post(f"{node}/feed", self.guard(self.feed)),
            *(web.get(f"{node}/{name}", self.guard(self.newest)) for name in ("feed", "posts", "published_posts")),
            web.post(f"{node}/photos", self.guard(self.photo)),
            web.post(f"{node}/comments", self.guard(self.comment)),
            web.post(f"{node}/subscribed_apps", self.guard(self.subscribe)),
            web.get(f"{node}/subscribed_apps", self.guard(self.subscribed)),
            web.get(f"{node}/comments", self.guard(self.comments)),
            web.get(node, self.guard(self.node)),
            web.delete(node, self.guard(self.remove)),
        ]

    async def node(self, request: web.Request, account: Account) -> web.StreamResponse:
        """Answer for the Page, for a post or for a comment."""
        post = self.posts(account).get(request.match_info["node"])
        if post is not None:
            return answered(self.chosen(request, self._shown(account, post), *POST_FIELDS))
        self.own(request, account.id)
        link = f"https://www.facebook.com/{account.username}"
        return answered(self.chosen(request, {"id": account.id, "name": account.name, "username": account.username, "link": link}, *FIELDS))

    def _shown(self, account: Account, post: Post) -> dict[str, Any]:
        """A post or a comment as Graph shows it."""
        about = {
            "id": post["id"], "message": post["text"], "created_time": self.stamp(post), "from": self._writer(account, post),
            "permalink_url": f"https://www.facebook.com/{self.root_of(account, post)['id'].replace('_', '/posts/')}",
        }  # fmt: skip
        if not post["above"]:
            return about | {"is_published": True, "updated_time": self.stamp(post)}
        about["permalink_url"] += f"?comment_id={post['id'].split('_')[1]}"
        below = [each for each in self.posts(account).values() if each["above"] == post["id"]]
        return about | {"like_count": 0, "comment_count": len(below), "parent": {"id": post["above"]}}

    async def comments(self, request: web.Request, account: Account) -> web.StreamResponse:
        """What stands directly below a post or a comment, the oldest first."""
        above = request.match_info["node"]
        if above not in self.posts(account):
            raise Refusal(400, 100, "Object does not exist", 33)
        below = [each for each in self.posts(account).values() if each["above"] == above]
        return answered(self._page(request, account, below))

    def _page(self, request: web.Request, account: Account, posts: list[Post]) -> dict[str, Any]:
        """A page of a list: so many, with the cursor and the address of the next."""
        size, after = int(request.query.get("limit", "25")), int(request.query.get("after", "0"))
        rows = [self.chosen(request, self._shown(account, each), *POST_FIELDS) for each in posts[after : after + size]]
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(after + len(rows))}}
        if after + size < len(posts):
            paging["next"] = str(request.url.update_query(after=str(after + size)))
        return {"data": rows, "paging": paging}

    async def remove(self, request: web.Request, account: Account) -> web.StreamResponse:
        """Delete what the Page wrote, and with it what stands below."""
        key = request.match_info["node"]
        post = self.posts(account).get(key)
        if post is None or post["by"] != account.id:
            raise Refusal(400, 100, "Unsupported delete request. Object does not exist", 33)
        gone = {
            each["id"] for each in self.posts(account).values() if key in {each["id"], each["above"], self.root_of(account, each)["id"]}
        }
        account.data["posts"] = {name: each for name, each in self.posts(account).items() if name not in gone}
        for message in [each for each in self.town.messages.values() if each.account == account.id and each.data.get("post") in gone]:
            message.deleted = True
            self.town.tell("message", account=account.id, person=message.person, message=message.id)
        return answered({"success": True})

    # ── Posting ───────────────────────────────────────────────────────────

    async def photo(self, request: web.Request, account: Account) -> web.StreamResponse:
        """Take a picture that nobody sees yet."""
        self.own(request, account.id)
        form = await self.values(request)
        part = form.get("source")
        if not isinstance(part, web.FileField) or str(form.get("published", "true")).lower() != "false":
            raise invalid("source and published=false are expected here")
        data = part.file.read()
        if not data or len(data) > PHOTO or part.content_type.partition("/")[0] != "image":
            raise Refusal(400, 100, "Invalid image", 1366046)
        if len(str(form.get("alt_text_custom", ""))) > ALT:
            raise invalid("alt_text_custom is too long")
        file = self.town.add_file(account.id, data, part.content_type, part.filename or "", days=1)
        account.data.setdefault("photos", {})[file.id] = {"alt": str(form.get("alt_text_custom", "")), "used": False}
        return answered({"id": file.id})

    async def feed(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        self._may_post(account)
        body = await self.values(request, "attached_media")
        text, attached = str(body.get("message", "")), body.get("attached_media") or []
        if not text.strip() and not attached and not body.get("link"):
            raise invalid("The post is empty. Please enter a message to share.")
        if len(text) > TEXT:
            raise invalid("message is too long")
        if body.get("link") and urlsplit(str(body["link"])).scheme not in {"http", "https"}:
            raise invalid("link is not a URL")
        if not isinstance(attached, list) or not all(isinstance(each, dict) for each in attached):
            raise invalid("attached_media must be a list of objects")
        files = [self._take(account, str(each.get("media_fbid", ""))) for each in attached]
        self._not_twice(account, text, files)
        post = {"id": self.number(account), "by": account.id, "text": text, "above": "", "media": files, "at": self.town.clock()}
        post["alt"] = self._alt(account, files)
        return self._published(request, account, post)

    async def newest(self, request: web.Request, account: Account) -> web.StreamResponse:
        """What the Page published, the newest first."""
        self.own(request, account.id)
        ours = [post for post in self.posts(account).values() if post["by"] == account.id and not post["above"]]
        return answered(self._page(request, account, ours[::-1]))

    def _may_post(self, account: Account) -> None:
        if account.data.get("restricted"):
            raise Refusal(403, 368, "The action attempted has been deemed abusive or is otherwise disallowed")

    def _take(self, account: Account, number: str) -> str:
        photo = account.data.get("photos", {}).get(number)
        file = self.town.files.get(number)
        if photo is None or photo["used"] or file is None or file.expires < self.town.clock():
            raise invalid("attached_media: the photo does not exist or is published already")
        photo["used"] = True
        return number

    def _alt(self, account: Account, files: list[str]) -> str:
        return str(account.data["photos"][files[0]]["alt"]) if files else ""

    def _not_twice(self, account: Account, text: str, files: list[str]) -> None:
        same = [post for post in self.posts(account).values() if post["by"] == account.id and not post["above"] and post["text"] == text]
        if same and not files and self.town.clock() - same[-1]["at"] < TWICE_SECONDS:
            raise Refusal(400, 506, "Duplicate status message")

    async def comment(self, request: web.Request, account: Account) -> web.StreamResponse:
        self._may_post(account)
        above, body = request.match_info["node"], await self.values(request)
        if above not in self.posts(account):
            raise Refusal(400, 100, "Object does not exist", 33)
        text, photo = str(body.get("message", "")), str(body.get("attachment_id", ""))
        if (not text.strip() and not photo) or len(text) > COMMENT:
            raise invalid("A comment needs a message of at most 8000 characters, or a picture.")
        files = [self._take(account, photo)] if photo else []
        post = {"id": self.number(account, above), "by": account.id, "text": text, "above": above, "media": files, "at": self.town.clock()}
        return self._published(request, account, post)

    def _published(self, request: web.Request, account: Account, post: Post) -> web.StreamResponse:
        self.published(account, post)
        self._tell(account, post, "add")
        return web.Response() if self.cut(account, request) else answered({"id": post["id"]})

    def number(self, account: Account, above: str = "") -> str:
        """A post is "<page>_<number>", a comment "<number of the post>_<number>"."""
        own = str(122_000_000_000_000 + next(self.town.counter))
        return f"{above.split('_')[1] if above else account.id}_{own}"

    # ── What citizens do ──────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        return self.town.identify(person, self.kind, str(24_000_000_000_000_000 + next(self.town.counter)))

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        post = self.written(account, person, text, quote)
        self._tell(account, post, "add")
        return self.town.messages[post["id"]]

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        message.data["text"] = self.posts(account)[message.id]["text"] = text
        message.edited = True
        self._tell(account, self.posts(account)[message.id], "edited")

    def delete(self, account: Account, person: Person, message: Message) -> None:
        super().delete(account, person, message)
        self._tell(account, self.posts(account)[message.id], "remove")

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        message.reactions["them"] = emoji
        about = {"post_id": message.data["post"], "from": self._who(account, person), "created_time": int(self.town.clock())}
        self._feed(account, {"item": "reaction", "verb": "add", "reaction_type": "like", **about})

    def _who(self, account: Account, person: Person) -> dict[str, str]:
        return {"id": self.address(account, person), "name": person.name}

    def _writer(self, account: Account, post: Post) -> dict[str, str]:
        return {"id": account.id, "name": account.name} if post["by"] == account.id else self._who(account, self.town.people[post["by"]])

    def _tell(self, account: Account, post: Post, verb: str) -> None:
        """Say what was written: a comment knows its post and what it stands below."""
        value: dict[str, Any] = {
            "from": self._writer(account, post),
            "verb": verb,
            "created_time": int(post["at"]),
            "message": post["text"],
        }
        if post["above"]:
            value |= {"item": "comment", "comment_id": post["id"], "post_id": self.root_of(account, post)["id"], "parent_id": post["above"]}
        else:
            value |= {"item": "status", "post_id": post["id"]}
        self._feed(account, value)

    def _feed(self, account: Account, value: dict[str, Any]) -> None:
        self.tell_owner(account, "feed", {"id": account.id, "changes": [{"field": "feed", "value": value}]})

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Follow a Page by its address."""
        if link.hostname not in {"www.facebook.com", "facebook.com"}:
            return None
        name = link.path.strip("/").lower()
        mine = [each for each in self.town.accounts.values() if each.kind == self.kind]
        account = next((each for each in mine if name in {each.username.lower(), each.id}), None)
        if account is None:
            return None
        self.move_in(account, person)
        return account, ""


PROVIDER = FacebookPage
