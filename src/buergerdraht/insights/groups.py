"""Keep small groups out of figures, so that nobody is measured who is alone or nearly alone in a group. Pure.

A group that is too small shows nothing. One alone could still be reckoned from the total, so further groups are kept back, the
smallest first, until what is kept back is together a group that may be shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """How many matters a group counts, and how many people work in it, where that is known."""

    matters: int
    people: int | None = None

    def below(self, smallest: int) -> bool:
        return self.matters < smallest or (self.people is not None and self.people < smallest)


def kept_back(groups: Mapping[Hashable, Size], smallest: int) -> set[Hashable]:
    """Name the groups to show nothing of; an empty group tells of nobody and stays, as a zero."""
    filled = {key: size for key, size in groups.items() if size.matters}
    hidden = {key for key, size in filled.items() if size.below(smallest)}
    if not hidden:
        return hidden
    rest = sorted((key for key in filled if key not in hidden), key=lambda key: filled[key].matters)
    while rest and (len(hidden) < 2 or _together(filled, hidden).below(smallest)):
        hidden.add(rest.pop(0))
    return hidden


def _together(groups: Mapping[Hashable, Size], keys: set[Hashable]) -> Size:
    """People of several groups may be the same ones: the largest group is all one can be sure of."""
    people = [size.people for key in keys if (size := groups[key]).people is not None]
    unknown = any(groups[key].people is None for key in keys)
    return Size(sum(groups[key].matters for key in keys), None if unknown or not people else max(people))
