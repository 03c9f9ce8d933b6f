"""Citizens with habits: they subscribe, read sooner or later, answer, tap, block, say STOP. Seeded, so a run can be repeated."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from aiohttp import web

from buergerdraht.simulator.citizens import Citizens
from buergerdraht.simulator.provider import CannotDo
from buergerdraht.simulator.town import Account, Message, Person, Town

FIRST = (
    "Aylin",
    "Ben",
    "Clara",
    "Dario",
    "Elif",
    "Finn",
    "Greta",
    "Hanno",
    "Ida",
    "Jonas",
    "Kira",
    "Leon",
    "Mila",
    "Nuri",
    "Olga",
    "Paul",
    "Quirin",
    "Rana",
    "Sven",
    "Tilda",
)
LAST = (
    "Ahrens",
    "Brandt",
    "Celik",
    "Demir",
    "Engel",
    "Falk",
    "Gruber",
    "Hartwig",
    "Iwanow",
    "Jansen",
    "Kaya",
    "Lorenz",
    "Mertens",
    "Nowak",
    "Otte",
    "Petersen",
)
WORDS = ("Danke!", "Wann genau?", "Gilt das auch für die Nordstadt?", "👍", "Super, danke für die Info", "Kann man parken?", "Wo ist das?")


@dataclass
class Habit:
    """How one citizen behaves: chances per message, and how long until they look."""

    looks_after: float
    answers: float
    taps: float
    stops: float
    blocks: float


@dataclass
class Population:
    town: Town
    citizens: Citizens
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/population", self.begin)]

    async def begin(self, request: web.Request) -> web.Response:
        """Let people move in: {"number", "accounts": [{"id", "start": link}], "seed", "speed", "calm"}."""
        wish = await request.json()
        dice = random.Random(wish.get("seed", 1))  # noqa: S311 - play, not secrets
        speed, calm = float(wish.get("speed", 1.0)), bool(wish.get("calm"))
        made = []
        for number in range(int(wish["number"])):
            target = wish["accounts"][number % len(wish["accounts"])]
            account = self.town.accounts[target["id"]]
            person = self.town.add_person(
                f"{dice.choice(FIRST)} {dice.choice(LAST)}", language=dice.choices(("de", "en", "ar"), (80, 14, 6))[0]
            )
            habit = Habit(dice.uniform(0.2, 8) / speed, 0 if calm else 0.08, 0.9, 0 if calm else 0.01, 0 if calm else 0.005)
            own = random.Random(dice.random())  # noqa: S311 - play
            self.tasks.append(asyncio.ensure_future(self._live(account, person, habit, target.get("start", ""), own)))
            made.append(person.id)
        return web.json_response({"people": made})

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _live(self, account: Account, person: Person, habit: Habit, link: str, dice: random.Random) -> None:
        await asyncio.sleep(dice.uniform(0, habit.looks_after))
        if link:
            found, text = self.citizens.open_link(person, link)
            if text:
                self.citizens.of(found).write(found, person, text)
        seen = 0
        while account.id not in person.blocked:
            await asyncio.sleep(dice.uniform(0.5, 1.5) * habit.looks_after)
            chat = self.town.chats.get((account.id, person.id), [])
            fresh = [self.town.messages[key] for key in chat[seen:]]
            seen = len(chat)
            if any(message.ours for message in fresh):
                self.citizens.of(account).read(account, person)
                self._respond(account, person, habit, [message for message in fresh if message.ours], dice)

    def _respond(self, account: Account, person: Person, habit: Habit, fresh: list[Message], dice: random.Random) -> None:
        last = fresh[-1]
        choices = self.citizens.of(account).choices(last)
        if choices and dice.random() < habit.taps:
            # People confirm what they began; otherwise they choose what they like.
            wanted = next(
                (each for each in choices if any(word in each.lower() for word in ("ja", "yes", "fertig", "done", "alle", "all"))), ""
            )
            choice = wanted if wanted and dice.random() < 0.7 else dice.choice(choices)
            try:
                self.citizens.tap(account, person, last.id, choice)
            except CannotDo:
                return
        elif dice.random() < habit.stops:
            self.citizens.of(account).write(account, person, dice.choice(("STOP", "Stopp", "abmelden")))
        elif dice.random() < habit.blocks:
            self.citizens.block(account, person, blocked=True)
        elif dice.random() < habit.answers:
            self.citizens.of(account).write(account, person, dice.choice(WORDS), quote=last.id)
