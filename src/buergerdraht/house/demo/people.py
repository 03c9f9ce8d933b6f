"""Invented citizens. The numbers are those the Bundesnetzagentur keeps free for films and books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

FIRST = """
    Anna Lena Sophie Marie Clara Emine Fatma Aylin Katarzyna Oksana Layla Samira Ingrid Renate Ursula Petra Monika Sabine Heike Birgit
    Jonas Lukas Paul Felix Ben Mehmet Can Emre Piotr Andrij Omar Yusuf Werner Klaus Dieter Uwe Frank Thomas Holger Matthias
"""
LAST = """
    Brandt Krüger Hoffmann Seidel Vogt Lorenz Albrecht Kaya Yıldız Demir Aydın Wiśniewska Kowalczyk Bondarenko Haddad Mansour Schreiber
    Winkler Baumann Ziegler Engel Kuhn Böhm Sommer Busch Pohl Arnold Ebert Roth Sauer Ludwig Jansen Thiel Kramer Franke Dietrich Otto Simon
"""
STREETS = ("Nordviertel", "Altstadt", "Am Kanal", "Südhöhe", "Gartenstadt", "Hafen")


@dataclass(frozen=True)
class Person:
    number: int
    name: str
    kind: str  # whatsapp, telegram
    address: str  # as the provider names them to us: a user id, a chat id
    phone: str  # digits; empty where the messenger does not tell
    handle: str
    language: str
    district: str
    days_ago: float  # when they joined
    topics: int  # how many topics they chose; 0: wrote only
    gone: bool = False  # left again


def people(count: int = 260) -> Iterator[Person]:
    """Make the same people every time."""
    dice = random.Random(2026)  # noqa: S311 - invented people, no secrets
    for number in range(count):
        first, last = dice.choice(FIRST.split()), dice.choice(LAST.split())
        kind = "telegram" if number % 3 == 2 or number >= 200 else "whatsapp"
        digits = f"4917139200{number:02d}" if number < 100 else f"4917604069{number - 100:03d}"
        telegram = str(7_300_000_000 + number)
        yield Person(
            number=number,
            name=f"{first} {last}",
            kind=kind,
            address=telegram if kind == "telegram" else f"DE.{2 * 10**15 + number}",
            phone="" if kind == "telegram" else digits,
            handle=f"@{first.lower()}_{number}".translate(str.maketrans("öüäı", "ouai")) if kind == "telegram" else f"+{digits}",
            language=dice.choices(["de", "en", "ar"], [84, 11, 5])[0],
            district=dice.choice(STREETS),
            days_ago=round(dice.uniform(0.3, 1) ** 2 * 60 if number % 7 else dice.uniform(0.2, 6), 2),
            topics=dice.choices([0, 1, 2, 3, 4], [6, 30, 34, 20, 10])[0],
            gone=number % 23 == 0,
        )
