"""Find cases by number, words and place: among those a member may see, and no others."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import QuerySet

from buergerdraht.accounts.models import Membership
from buergerdraht.cases import sight
from buergerdraht.cases.models import Case

NUMBER = re.compile(r"#?\s*(\d{4})\s*[-/]\s*(\d{1,9})")


def number(query: str) -> str:
    """Read a case's number the way people write it: "#2026-42" is "2026-00042". "" where it is none."""
    found = NUMBER.fullmatch(query.strip())
    return f"{found[1]}-{int(found[2]):05}" if found else ""


def search(membership: Membership, query: str) -> QuerySet[Case]:
    """Find by the exact number, else by the beginnings of all words, in the citizen's words, the public ones and the place.

    Without a word, all that may be seen. Newest first.
    """
    rows = sight.cases(membership).order_by("-received_at", "-id")
    if whole := number(query):
        return rows.filter(number=whole)
    return with_words(rows, query) if query.strip() else rows


def with_words(rows: QuerySet[Case], query: str) -> QuerySet[Case]:
    """Keep those that hold a word with each of these beginnings; none where the query holds no word."""
    words = "".join(letter if letter.isalnum() else " " for letter in query).split()
    if not words:
        return rows.none()
    every = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    return rows.annotate(found=SearchVector("text", "public_text", "place", config="simple")).filter(found=every)
