"""Threads: posts in two steps, and the answers to them. It fetches pictures for itself."""

from __future__ import annotations

import re
import secrets
from typing import Any, ClassVar
from urllib.parse import SplitResult

from aiohttp import web

from buergerdraht.simulator.answers import answered
from buergerdraht.simulator.fetching import NotFetched, fetched
from buergerdraht.simulator.graph_posts import GraphPosts, Post
from buergerdraht.simulator.graph_rules import Refusal, invalid
from buergerdraht.simulator.town import Account, Message, Person

TEXT, LINKS, ALT, CHILDREN = 500, 5, 1000, 20
POSTS_A_DAY, REPLIES_A_DAY, DAY = 250, 1000, 86400
TOKEN_SECONDS, CONTAINER_SECONDS = 60 * DAY, DAY
# Documented fields of which nothing is said here.
PROFILE_FIELDS = ("threads_profile_picture_url", "threads_biography", "is_verified")
POST_FIELDS = (
    "alt_text", "owner", "media_url", "thumbnail_url", "children", "is_quote_post", "quoted_post", "has_replies", "hide_status",
    "replied_to", "root_post", "link_attachment_url", "topic_tag", "reply_audience",
)  # fmt: skip
URL = re.compile(r"https?://\S+")


class Threads(GraphPosts):
    kind: ClassVar[str] = "threads"
    title: ClassVar[str] = "Threads"
    colour: ClassVar[str] = "#2d2d2d"
    look: ClassVar[str] = "posts"
    root: ClassVar[str] = "graph-threads"
    sends: ClassVar[tuple[str, ...]] = ("threads_publish",)

    def account(self, wish: dict[str, Any], number: int) -> Account:
        return Account(
            self.kind, str(wish.get("id", 26000000000000000 + number)), wish["name"], wish.get("token", secrets.token_urlsafe(24)),
            wish.get("secret", secrets.token_hex(16)), username=wish.get("username", f"profil{number}"),
            verify_token=wish.get("verify_token", ""),
            data={"app_id": str(wish.get("app_id", 400000000 + number)), "subscribed": True, **wish.get("data", {})},
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        node = rf"/{self.root}/v{{version:\d+}}.0/{{node}}"
        return [
            web.get(f"/{self.root}/refresh_access_token", self.guard(self.refresh)),
            web.post(f"{node}/threads", self.guard(self.contain)),
            web.get(f"{node}/threads", self.guard(self.newest)),
            web.post(f"{node}/threads_publish", self.guard(self.publish)),
            web.get(f"{node}/threads_publishing_limit", self.guard(self.limit)),
            web.get(node, self.guard(self.node)),
        ]

    def wants(self, account: Account, field: str) -> bool:
        """What an app hears is set for the whole app, in Meta's pages."""
        return True

    async def node(self, request: web.Request, account: Account) -> web.StreamResponse:
        """Answer for the profile, for a post or for a container."""
        key = request.match_info["node"]
        if key in {"me", account.id}:
            return answered(self.chosen(request, {"id": account.id, "username": account.username, "name": account.name}, *PROFILE_FIELDS))
        if (post := self.posts(account).get(key)) is not None:
            return answered(self.chosen(request, self._shown(account, post), *POST_FIELDS))
        container = self._containers(account).get(key)
        if container is None:
            raise Refusal(400, 100, "Object does not exist", 33)
        error = {"error_message": container["error"]} if container["error"] else {}
        return answered(self.chosen(request, {"id": key, "status": self._status(container), **error}, "error_message"))

    def _shown(self, account: Account, post: Post) -> dict[str, Any]:
        """A post or an answer as Threads shows it."""
        ours = post["by"] == account.id
        who = {"owner": {"id": account.id}} if ours else {}
        files = [self.town.files[each].mime.partition("/")[0] for each in post["media"]]
        kind = "CAROUSEL_ALBUM" if len(files) > 1 else files[0].upper() if files else "TEXT_POST"
        about = {"replied_to": {"id": post["above"]}, "root_post": {"id": self.root_of(account, post)["id"]}} if post["above"] else {}
        return {
            "id": post["id"], "media_product_type": "THREADS", "media_type": kind, "text": post["text"],
            "permalink": self._address(account, post),
            "username": account.username if ours else self.address(account, self.town.people[post["by"]]), "timestamp": self.stamp(post),
            "shortcode": f"x{post['id']}", "is_reply": bool(post["above"]), **({"alt_text": post["alt"]} if post.get("alt") else {}),
            **who, **about,
        }  # fmt: skip

    async def refresh(self, request: web.Request, account: Account) -> web.StreamResponse:
        if request.query.get("grant_type") != "th_refresh_token":
            raise invalid("grant_type must be th_refresh_token")
        if self.town.clock() - account.data.get("token_at", 0) < DAY:
            raise invalid("The token is too young to be refreshed")
        fresh = secrets.token_urlsafe(24)
        self.town.by_token[self.kind, fresh] = account
        account.token = fresh
        account.data["token_at"] = self.town.clock()
        return answered({"access_token": fresh, "token_type": "bearer", "expires_in": TOKEN_SECONDS})

    # ── Posting ───────────────────────────────────────────────────────────

    def _containers(self, account: Account) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = account.data.setdefault("containers", {})
        return found

    def _status(self, container: dict[str, Any]) -> str:
        if container["post"]:
            return "PUBLISHED"
        if container["error"]:
            return "ERROR"
        if self.town.clock() - container["at"] > CONTAINER_SECONDS:
            return "EXPIRED"
        return "FINISHED" if container["ready"] else "IN_PROGRESS"

    async def contain(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        body = await self.values(request)
        kind, text = str(body.get("media_type", "")), str(body.get("text", ""))
        self._check_text(text)
        above = str(body.get("reply_to_id", ""))
        if above and above not in self.posts(account):
            raise Refusal(400, 24, "The media with this reply_to_id cannot be found")
        container: dict[str, Any] = {
            "kind": kind, "text": text, "above": above, "at": self.town.clock(), "ready": True, "error": "", "post": "", "files": [],
            "child": str(body.get("is_carousel_item", "")).lower() == "true", "alt": str(body.get("alt_text", "")),
        }  # fmt: skip
        if len(container["alt"]) > ALT:
            raise invalid("alt_text is too long")
        number = str(18_000_000_000_000_000 + next(self.town.counter))
        match kind:
            case "TEXT" if text.strip():
                pass
            case "IMAGE" | "VIDEO":
                url = str(body.get(f"{kind.lower()}_url", ""))
                if not url.startswith(("http://", "https://")):
                    raise invalid(f"{kind.lower()}_url must be a public URL")
                container["ready"] = False
                self.delivery.spawn(self._fetch(account, container, url))
            case "CAROUSEL":
                container["files"] = self._children(account, str(body.get("children", "")).split(","))
            case _:
                raise invalid("media_type is not valid, or the text is empty")
        self._containers(account)[number] = container
        return answered({"id": number})

    def _check_text(self, text: str) -> None:
        if sum(len(sign.encode()) if ord(sign) > 0xFFFF else 1 for sign in text) > TEXT:
            raise invalid(f"Param text must be at most {TEXT} characters long.")
        if len(set(URL.findall(text))) > LINKS:
            raise Refusal(400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED")

    def _children(self, account: Account, names: list[str]) -> list[str]:
        found = [self._containers(account).get(each) for each in names]
        if not 2 <= len(found) <= CHILDREN or any(each is None or not each["child"] or self._status(each) != "FINISHED" for each in found):
            raise invalid(f"children must be 2 to {CHILDREN} finished carousel items")
        return [file for each in found if each for file in each["files"]]

    async def _fetch(self, account: Account, container: dict[str, Any], url: str) -> None:
        """Fetch a picture as anybody would."""
        try:
            data, mime = await fetched(url)
            if mime.partition("/")[0] != container["kind"].lower():
                raise NotFetched
        except NotFetched:
            container["error"] = "FAILED_DOWNLOADING_" + container["kind"]
            return
        container["files"] = [self.town.add_file(account.id, data, mime, days=36500).id]
        container["ready"] = True

    async def publish(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        number = str((await self.values(request)).get("creation_id", ""))
        container = self._containers(account).get(number)
        if container is None or container["child"] or self._status(container) != "FINISHED":
            raise Refusal(400, 24, "The requested resource does not exist, or is not ready to be published")
        if self._used(account, replies=bool(container["above"])) >= (REPLIES_A_DAY if container["above"] else POSTS_A_DAY):
            raise Refusal(403, 4, "Application request limit reached")
        post = {"id": self.number(account), "by": account.id, "text": container["text"], "above": container["above"],
                "media": container["files"], "alt": container["alt"], "at": self.town.clock()}  # fmt: skip
        container["post"] = post["id"]
        self.published(account, post)
        return web.Response() if self.cut(account, request) else answered({"id": post["id"]})

    def _used(self, account: Account, *, replies: bool) -> int:
        since = self.town.clock() - DAY
        ours = [post for post in self.posts(account).values() if post["by"] == account.id and post["at"] > since]
        return int(account.data.get("used", 0)) + sum(bool(post["above"]) == replies for post in ours)

    async def newest(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        ours = [post for post in self.posts(account).values() if post["by"] == account.id][::-1]
        rows = [self.chosen(request, self._shown(account, each), *POST_FIELDS) for each in ours[: int(request.query.get("limit", "25"))]]
        return answered({"data": rows if request.query.get("fields") else [{"id": each["id"]} for each in rows]})

    async def limit(self, request: web.Request, account: Account) -> web.StreamResponse:
        self.own(request, account.id)
        config = {"quota_total": POSTS_A_DAY, "quota_duration": DAY}
        return answered({"data": [{"quota_usage": self._used(account, replies=False), "config": config}]})

    def _address(self, account: Account, post: Post) -> str:
        return f"https://www.threads.com/@{account.username}/post/x{post['id']}"

    def number(self, account: Account, above: str = "") -> str:
        return str(17_900_000_000_000_000 + next(self.town.counter))

    # ── What citizens do ──────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        word = re.sub(r"[^a-z0-9]", "", person.name.lower()) or "mensch"
        return self.town.identify(person, self.kind, f"{word}.{person.id.lstrip('p')}".replace("-", "_"))

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        post = self.written(account, person, text, quote)
        root = self.root_of(account, post)
        value = {
            "id": post["id"], "username": self.address(account, person), "text": text, "media_type": "TEXT_POST",
            "permalink": self._address(account, post), "replied_to": {"id": post["above"]},
            "root_post": {"id": root["id"], "owner_id": account.id, "username": account.username}, "shortcode": f"x{post['id']}",
            "timestamp": self.stamp(post),
        }  # fmt: skip
        self._tell(account, "replies", value)
        return self.town.messages[post["id"]]

    def delete(self, account: Account, person: Person, message: Message) -> None:
        super().delete(account, person, message)
        self._tell(account, "delete", {"id": message.id, "username": self.address(account, person)})

    def _tell(self, account: Account, field: str, value: dict[str, Any]) -> None:
        """One change in an envelope of its own; `values` is an object here and a list there, as on Meta's pages."""
        change: Any = {"field": field, "value": value}
        if self.delivery.dice.random() < 0.5:
            change = [change]
        if account.callback:
            number = next(self.town.counter)
            self.post(account, {
                "app_id": account.data["app_id"], "topic": "moderate", "target_id": account.id, "time": int(self.town.clock()),
                "subscription_id": str(number), "has_uid_field": False, "values": change,
            })  # fmt: skip

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Follow a profile by its address."""
        if link.hostname not in {"www.threads.com", "threads.com", "www.threads.net"}:
            return None
        name = link.path.strip("/").removeprefix("@").lower()
        account = next((each for each in self.town.accounts.values() if each.kind == self.kind and each.username.lower() == name), None)
        if account is None:
            return None
        self.move_in(account, person)
        return account, ""


PROVIDER = Threads
