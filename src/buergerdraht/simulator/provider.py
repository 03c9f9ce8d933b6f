"""What every provider's double has in common. A double says what its messenger knows; everything else cannot be done there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import SplitResult

from aiohttp import web

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.town import Account, Message, Person, Town


class CannotDo(Exception):
    """The phone cannot do that; the words say why."""


@dataclass(frozen=True)
class Thing:
    """A file somebody sends. `kind`: photo, voice, audio, video, document, sticker."""

    kind: str
    data: bytes
    mime: str
    name: str = ""
    caption: str = ""
    album: str = ""


class Provider:
    """One messenger: its API as an authority sees it (`routes`), and what a citizen's phone does with it (all the rest).

    A module of `simulator/providers` that has a `PROVIDER` is found by itself; see docs/development/simulator.md.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    colour: ClassVar[str] = "#34508f"  # of the phone's head
    look: ClassVar[str] = "chat"  # of its phone: bubbles; "mail": sheets; "push": a lock screen; "posts": a feed
    callback: ClassVar[bool] = True  # its owner types in where webhooks go (control's `webhook`)
    handshake: ClassVar[bool] = False  # and is asked there for a challenge, as Meta does

    def __init__(self, town: Town, delivery: Delivery) -> None:
        self.town = town
        self.delivery = delivery

    async def start(self) -> None:
        """Open what is no route of the port, such as a mail server."""

    async def stop(self) -> None:
        """Close it again."""

    # ── The authority's side ──────────────────────────────────────────────

    def routes(self) -> list[web.RouteDef]:
        """Every address of the API, at paths that no other provider has."""
        return []

    def account(self, wish: dict[str, Any], number: int) -> Account:
        """Make an account as its owner gets it; `wish` may name id, token, secret and what else the kind has."""
        raise NotImplementedError

    async def change(self, account: Account, what: str, wish: dict[str, Any]) -> Any:
        """Do what only this provider does to an account: `POST /_control/accounts/<id>/<what>`.

        Everywhere, `token` with {"good": false} takes the account's token back, and with true gives the same one again.
        """
        if what == "token":
            if wish["good"]:
                self.town.by_token[self.kind, account.token] = account
            else:
                self.town.by_token.pop((self.kind, account.token), None)
            return {"good": bool(wish["good"])}
        raise CannotDo(f"{self.title} has no {what}")

    # ── The citizen's side ────────────────────────────────────────────────

    def address(self, account: Account, person: Person) -> str:
        """Name a person as the account's owner knows them."""
        raise NotImplementedError

    def move_in(self, account: Account, person: Person) -> None:
        """Let somebody be reachable as if they had just written or subscribed."""

    def started(self, account: Account, person: Person) -> bool:
        """Say whether this person could be written to."""
        return True

    def write(self, account: Account, person: Person, text: str, quote: str = "") -> Message:
        raise CannotDo(f"{self.title} takes no messages")

    def send_file(self, account: Account, person: Person, thing: Thing) -> Message:
        raise CannotDo(f"{self.title} takes no files")

    def send_location(self, account: Account, person: Person, latitude: float, longitude: float) -> Message:
        raise CannotDo(f"{self.title} takes no places")

    def send_contact(self, account: Account, person: Person, name: str, phone: str) -> Message:
        raise CannotDo(f"{self.title} takes no contacts")

    def tap(self, account: Account, person: Person, message: Message, choice: str) -> None:
        """Press a button or a row by its id or its words. Where there are none, people write the number or the words."""
        raise CannotDo("no such button")

    def react(self, account: Account, person: Person, message: Message, emoji: str) -> None:
        raise CannotDo(f"{self.title} has no reactions")

    def edit(self, account: Account, person: Person, message: Message, text: str) -> None:
        raise CannotDo(f"{self.title} edits nothing")

    def delete(self, account: Account, person: Person, message: Message) -> None:
        """Delete one's own message; most providers tell nobody."""
        message.deleted = True
        self.town.tell("message", account=account.id, person=person.id, message=message.id)

    def read(self, account: Account, person: Person) -> None:
        """Open the chat; a receipt only where the provider has one."""

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Block or let in again; most providers tell nobody."""
        if blocked and account.id not in person.blocked:
            person.blocked.append(account.id)
        elif not blocked and account.id in person.blocked:
            person.blocked.remove(account.id)

    def prefer(self, account: Account, person: Person, value: str) -> None:
        raise CannotDo(f"{self.title} has no such setting")

    def open_link(self, person: Person, link: SplitResult) -> tuple[Account, str] | None:
        """Follow a deep link of ours: the account, and the words that stand ready to be sent. None: it is not ours."""
        return None

    def bubble(self, account: Account, message: Message) -> dict[str, Any]:
        """What the phone draws: text (with `entities` or WhatsApp's marks), html?, media, location, buttons, list, keyboard, footer."""
        return {"text": str(message.data.get("text", ""))}

    def choices(self, message: Message) -> list[str]:
        """List what can be tapped on a message, by its words."""
        return []

    def does(self) -> list[str]:
        """Name what a phone can do there: the methods that a double has of its own."""
        verbs = ("write", "send_file", "send_location", "send_contact", "react", "edit")
        return [verb for verb in verbs if getattr(type(self), verb) is not getattr(Provider, verb)]

    # ── For doubles to use ────────────────────────────────────────────────

    def find(self, name: str, value: str) -> Account | None:
        """Find an account of this kind by one of its fields."""
        return next((each for each in self.town.accounts.values() if each.kind == self.kind and getattr(each, name) == value), None)

    def media(self, file_id: str, kind: str) -> dict[str, Any]:
        """A file as a bubble shows it."""
        file = self.town.files.get(file_id)
        return {"media": {"id": file_id, "kind": kind, "name": file.name if file else "", "mime": file.mime if file else ""}}
