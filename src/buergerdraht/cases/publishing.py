"""What the public may see of cases: the only way to it, for the page, the map, the feeds, pictures and other systems.

A case is public while somebody has released it, its category is public and it is not confidential. Shown are `public_text`, category,
place, state, days, and covered pictures that were released: never the citizen's own words, never who brought it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Prefetch, QuerySet

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import finding
from buergerdraht.cases.models import Case, Category, Entry, Photo
from buergerdraht.contacts.models import District
from buergerdraht.gateway.models import Media

MOST_STEPS = 50
STATES: dict[str, tuple[str, ...]] = {"offen": Case.OPEN, "erledigt": (Case.State.DONE,), "abgelehnt": (Case.State.REJECTED,)}


@dataclass(frozen=True)
class Wish:
    """What somebody wants to see: a category's key, a key of STATES, a district's number, words."""

    category: str = ""
    state: str = ""
    district: str = ""
    words: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Wish:
        return cls(
            category=asked.get("kategorie", "")[:40], state=asked.get("stand", "")[:10], district=asked.get("ortsteil", "")[:18],
            words=asked.get("worte", "").replace("\0", "").strip()[:100],
        )  # fmt: skip

    @property
    def query(self) -> str:
        """As an address has it: only what was chosen."""
        chosen = {"kategorie": self.category, "stand": self.state, "ortsteil": self.district, "worte": self.words}
        return urlencode({key: value for key, value in chosen.items() if value})


@dataclass(frozen=True)
class Step:
    """A state it came into, and when."""

    state: str
    at: datetime


def organisation(slug: str) -> Organisation | None:
    """Find the authority that shows reports to the public, with its ground."""
    return Organisation.objects.select_related("ground").filter(slug=slug, ground__public=True).first()


def released(organisation: Organisation) -> QuerySet[Case]:
    """All that is public, newest first."""
    rows = Case.objects.filter(
        organisation=organisation, public=Case.Public.RELEASED, confidential=False, emptied=False,
        category__visibility=Category.Visibility.PUBLIC,
    )  # fmt: skip
    return rows.select_related("category", "district").defer("text", "answers", "reporter").order_by("-released_at", "-id")


def chosen(organisation: Organisation, wish: Wish) -> QuerySet[Case]:
    """What somebody wants to see. Doubles are left out of lists and maps: what they are doubles of stands there."""
    rows = released(organisation).exclude(state=Case.State.DUPLICATE)
    if wish.category:
        rows = rows.filter(category__key=wish.category)
    if wish.state:
        rows = rows.filter(state__in=STATES.get(wish.state, ()))
    if wish.district:
        rows = rows.filter(district=int(wish.district)) if wish.district.isascii() and wish.district.isdigit() else rows.none()
    if whole := finding.number(wish.words):
        return rows.filter(number=whole)
    return with_words(rows, wish.words) if wish.words else rows


def with_words(rows: QuerySet[Case], query: str) -> QuerySet[Case]:
    """Keep those whose public words hold each beginning: by the index over all words first, then without those that stay inside."""
    found = finding.with_words(rows, query)
    words = "".join(letter if letter.isalnum() else " " for letter in query).split()
    every = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    return found.annotate(shown=SearchVector("public_text", "place", config="simple")).filter(shown=every) if words else found


def with_photos(rows: QuerySet[Case]) -> QuerySet[Case]:
    """Bring each case's pictures along, as `shown_photos`."""
    return rows.prefetch_related(Prefetch("photos", _photos(), to_attr="shown_photos"))


def _photos() -> QuerySet[Photo]:
    return Photo.objects.filter(released=True, shown__state=Media.State.READY).select_related("shown").order_by("kind", "id")


def one(organisation: Organisation, number: str) -> Case | None:
    return with_photos(released(organisation)).select_related("same_as").filter(number=number).first()


def was(organisation: Organisation, number: str) -> bool:
    """Say whether a case was public once: its address is gone then, not unknown. A confidential one never was."""
    rows = Entry.objects.filter(case__organisation=organisation, case__number=number, case__confidential=False, what="released")
    return rows.exists()


def photo(organisation: Organisation, number: int) -> Photo | None:
    return _photos().filter(pk=number, case__in=released(organisation).order_by().values("pk")).first()


def steps(case: Case) -> list[Step]:
    """Tell what became of it: states and times, no words and no names."""
    rows = Entry.objects.filter(case=case, what="moved").order_by("at", "id").values_list("data__to", "at")[:MOST_STEPS]
    return [Step(Case.State.RECEIVED, case.received_at), *(Step(state, at) for state, at in rows if state in Case.State.values)]


def original(case: Case) -> Case | None:
    """What a double is a double of, where that is public too."""
    return released(case.organisation).filter(pk=case.same_as_id).first() if case.same_as_id else None


def categories(organisation: Organisation) -> list[Category]:
    """What reports can be about, in the authority's order."""
    return list(Category.objects.filter(organisation=organisation, visibility=Category.Visibility.PUBLIC, refusal={}))


def districts(organisation: Organisation) -> list[District]:
    return list(District.objects.filter(organisation=organisation).order_by("name"))
