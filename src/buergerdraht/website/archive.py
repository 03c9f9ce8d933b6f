"""What everybody may read of what was sent: the only way to it for pages, feeds, search and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.contacts.models import Topic
from buergerdraht.website.models import Published
from buergerdraht.website.words import pick


@dataclass(frozen=True)
class Wish:
    """What somebody wants to read: a topic's key, a month ("2026-11"), words."""

    topic: str = ""
    month: str = ""
    words: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Wish:
        return cls(
            topic=asked.get("thema", "")[:30], month=asked.get("monat", "")[:7],
            words=" ".join(asked.get("worte", "").replace("\0", "").split())[:100],
        )  # fmt: skip

    @property
    def first(self) -> date | None:
        try:
            return date.fromisoformat(f"{self.month}-01")
        except ValueError:
            return None

    @property
    def query(self) -> str:
        chosen = {"thema": self.topic, "monat": self.month if self.first else "", "worte": self.words}
        return urlencode({key: value for key, value in chosen.items() if value})


@dataclass(frozen=True)
class Card:
    """A message in one language, as lists and feeds show it."""

    row: Published
    language: str
    title: str
    text: str
    picture: Mapping[str, Any] | None
    topics: list[Topic] = field(default_factory=list)

    @property
    def keys(self) -> str:
        """Its topics, as an address names them."""
        return ",".join(topic.key for topic in self.topics if topic.active)

    @property
    def summary(self) -> str:
        lines = [line.strip() for line in self.text.replace("**", "").replace("__", "").split("\n")]
        plain = " ".join(" ".join(f"· {line[2:]}" if line.startswith("- ") else line for line in lines).split()).removeprefix("· ")
        return plain if len(plain) <= 180 else plain[:180].rsplit(" ", 1)[0] + " …"


def listed(organisation: Organisation, wish: Wish | None = None) -> QuerySet[Published]:
    """The newest first."""
    rows = Published.objects.shown().filter(organisation=organisation).order_by("-shown_from", "-id")
    if wish is None:
        return rows.prefetch_related("topics")
    if wish.topic:
        rows = rows.filter(topics__key=wish.topic)
    if (first := wish.first) is not None:
        rows = rows.filter(shown_from__year=first.year, shown_from__month=first.month)
    if wish.words:
        asked = SearchQuery(wish.words, config="german", search_type="websearch")
        rows = rows.filter(words=asked | SearchQuery(wish.words, config="simple", search_type="websearch"))
    return rows.prefetch_related("topics")


def one(organisation: Organisation, slug: str) -> Published | None:
    return Published.objects.shown().filter(organisation=organisation, slug=slug).prefetch_related("topics").first()


def was(organisation: Organisation, slug: str) -> bool:
    return Published.objects.filter(organisation=organisation, slug=slug).exists()


def may_have(organisation: Organisation, media: UUID) -> bool:
    """Whether a file is part of something that is shown at this moment."""
    return Published.objects.shown().filter(organisation=organisation, media__contains=[media]).exists()


def topics(organisation: Organisation) -> list[Topic]:
    """Those something was published about, also where the topic is no longer offered."""
    shown = Published.objects.shown().filter(organisation=organisation)
    return list(Topic.objects.filter(organisation=organisation, published__in=shown).distinct())


def months(organisation: Organisation) -> list[tuple[datetime, int]]:
    """Months with what was sent in them, the newest first; five years."""
    rows = Published.objects.shown().filter(organisation=organisation).order_by()
    counted = rows.annotate(month=TruncMonth("shown_from", tzinfo=timezone.get_default_timezone())).values("month").annotate(n=Count("id"))
    return [(row["month"], row["n"]) for row in counted.order_by("-month")[:60]]


def languages(row: Published) -> list[str]:
    return list(row.versions)


def spoken(row: Published, language: str) -> str:
    """In which language a message is shown: the one asked for, else a near one, else the first that was written."""
    return pick({code: code for code in row.versions}, language, next(iter(row.versions)))


def card(row: Published, language: str) -> Card:
    chosen = spoken(row, language)
    version = row.versions[chosen]
    picture = next((each for each in version["media"] if each["kind"] == "image"), None)
    return Card(row, chosen, version["title"] or row.title, version["text"], picture, list(row.topics.all()))


def cards(rows: Iterable[Published], language: str) -> list[Card]:
    return [card(row, language) for row in rows]
