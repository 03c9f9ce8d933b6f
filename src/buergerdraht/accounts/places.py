"""The places of the settings, in groups: each room puts up its own when it starts, so this one names no room above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.rights import Right

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

GROUPS: dict[str, tuple[str, _StrOrPromise]] = {  # in this order: its icon and its title
    "house": ("settings", _("Behörde")),
    "people": ("people", _("Menschen und Rechte")),
    "ways": ("send", _("Kanäle und Wege")),
    "work": ("board", _("Inhalte und Abläufe")),
    "data": ("shield", _("Daten und Schutz")),
    "links": ("swap", _("Verbindungen")),
}


@dataclass(frozen=True)
class Place:
    """One page of the settings; `key` is what its views give as `tab`."""

    key: str
    group: str
    title: _StrOrPromise
    address: str
    told: _StrOrPromise  # in one line, what one does there
    rights: tuple[Right, ...] = (Right.MANAGE,)  # one of them opens it
    rank: int = 50  # the smaller, the further up in its group
    also: _StrOrPromise = ""  # other words people look for it by


PLACES: dict[str, Place] = {}


def put_up(*places: Place) -> None:
    """Add places of a room; putting one up again changes nothing."""
    PLACES.update({place.key: place for place in places})


def shown(request: Any, wish: str = "") -> list[dict[str, Any]]:
    """Give the groups with the places this person may open and that fit all the words asked for."""
    words = _plain(wish).split()
    open_here = [place for place in PLACES.values() if any(request.may(right) for right in place.rights)]
    groups = []
    for key, (icon, title) in GROUPS.items():
        mine = sorted((place for place in open_here if place.group == key), key=lambda place: place.rank)
        if fitting := [_drawn(place, request) for place in mine if _fits(words, (title, place.title, place.told, place.also))]:
            groups.append({"key": key, "icon": icon, "title": title, "places": fitting})
    return groups


def _drawn(place: Place, request: Any) -> dict[str, Any]:
    href = reverse(place.address, args=(request.organisation.slug,))
    return {"key": place.key, "title": place.title, "told": place.told, "href": href}


def _fits(words: list[str], texts: Iterable[_StrOrPromise]) -> bool:
    known = _plain(" ".join(map(str, texts)))
    return all(word in known for word in words)


def _plain(text: str) -> str:
    """Write as one types in a hurry: small, and umlauts either way."""
    return text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
