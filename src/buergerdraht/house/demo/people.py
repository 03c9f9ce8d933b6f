"""Invented citizens. The numbers are those the Bundesnetzagentur keeps free for films and books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from buergerdraht.house.demo.wired import wired

FIRST = """
    Anna Lena Sophie Marie Clara Emine Fatma Aylin Katarzyna Oksana Layla Samira Ingrid Renate Ursula Petra Monika Sabine Heike Birgit
    Jonas Lukas Paul Felix Ben Mehmet Can Emre Piotr Andrij Omar Yusuf Werner Klaus Dieter Uwe Frank Thomas Holger Matthias
"""
LAST = """
    Brandt Krüger Hoffmann Seidel Vogt Lorenz Albrecht Kaya Yıldız Demir Aydın Wiśniewska Kowalczyk Bondarenko Haddad Mansour Schreiber
    Winkler Baumann Ziegler Engel Kuhn Böhm Sommer Busch Pohl Arnold Ebert Roth Sauer Ludwig Jansen Thiel Kramer Franke Dietrich Otto Simon
"""
STREETS = ("Nordviertel", "Altstadt", "Am Kanal", "Südhöhe", "Gartenstadt", "Hafen")

SECOND_WAYS = ("email", "webpush")  # used by people who are on a messenger already


@dataclass(frozen=True)
class Person:
    number: int
    name: str
    kind: str
    address: str  # as the provider names them to us: a user id, a chat id
    phone: str  # digits; empty where the messenger does not tell
    handle: str
    language: str
    district: str
    days_ago: float  # when they joined
    topics: int  # how many topics they chose; 0: wrote only
    gone: bool = False  # left again
    told: dict[str, Any] = field(default_factory=dict)  # to the simulator


def people(count: int = 260) -> Iterator[Person]:
    """Make the same people every time: most on WhatsApp and Telegram, a few on every other messenger."""
    dice = random.Random(2026)  # noqa: S311 - invented people, no secrets
    others = [
        each.kind for each in wired().values() if each.known and each.kind not in {"whatsapp", "telegram"} for _ in range(each.people)
    ]
    names: list[tuple[str, str]] = []
    for number in range(count + len(others)):
        first, last = dice.choice(FIRST.split()), dice.choice(LAST.split())
        kind = "telegram" if number % 3 == 2 or number >= 200 else "whatsapp"
        if number >= count:
            kind = others[number - count]
            if kind in SECOND_WAYS:
                first, last = names[number - count + 1]
        names.append((first, last))
        make = wired()[kind].known
        assert make is not None
        known = make(number, first)
        yield Person(
            number=number,
            name=f"{first} {last}",
            kind=kind,
            address=known.address,
            phone=known.phone,
            handle=known.handle,
            language=dice.choices(["de", "en", "ar"], [84, 11, 5])[0],
            district=dice.choice(STREETS),
            days_ago=round(dice.uniform(0.3, 1) ** 2 * 60 if number % 7 else dice.uniform(0.2, 6), 2),
            topics=dice.choices([0, 1, 2, 3, 4], [6, 30, 34, 20, 10])[0],
            gone=number % 23 == 0,
            told=known.told,
        )
