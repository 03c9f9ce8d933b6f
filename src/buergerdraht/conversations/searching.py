"""Search in what was said, in names and numbers and in the names of files, without a limit in time, bounded by what one may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from buergerdraht.accounts.models import Membership
from buergerdraht.connectors import markdown
from buergerdraht.contacts import finding
from buergerdraht.conversations import care, reading, sight
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Media, file_words

MOST_GATHERED = 5_000  # messages with the words searched for; more of them are walked to
BEFORE, LONGEST = 40, 150  # letters of a snippet: before the word, and all


@dataclass(frozen=True)
class Hit:
    """A conversation that was found, and the newest message it was found by."""

    conversation: int
    message: int | None = None
    snippet: SafeString | None = None


@dataclass(frozen=True)
class Sought:
    """The messages that hold every word, in their text or in the name of a file."""

    said: QuerySet[Message]
    files: QuerySet[Message]


def page(membership: Membership, query: str, offset: int, most: int) -> tuple[list[Hit], bool]:
    """Find by words of the messages (by their beginnings), names of files, the contact's name or number: newest first, and are there more.

    Of a rare word the index gives every message at once. A frequent one stands in so many that gathering them all takes seconds,
    but it is soon met on a walk from the newest conversation on.
    """
    found = sight.conversations(membership)
    by_name = Q(contact__in=finding.search(membership.organisation_id, query))
    sought = _sought(membership, query)
    few = _gathered(sought) if sought else set()
    if sought is None or few is not None:
        newest = found.filter(by_name | Q(pk__in=few)).order_by("-last_at", "-id").values_list("pk", flat=True)
        numbers = list(newest[offset : offset + most + 1])
    else:
        numbers = _walked(found, by_name, sought, offset + most + 1)[offset:]
    return _hits(numbers[:most], sought, _words(query)), len(numbers) > most


def _words(query: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in query).split()


def _sought(membership: Membership, query: str) -> Sought | None:
    """The messages that hold every word of the query; None where it holds none. Who may see them is asked of their threads."""
    words = _words(query)
    if not words:
        return None
    every = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    rows = Message.objects.filter(organisation=membership.organisation_id, deleted_at=None)
    files = Media.objects.annotate(words=file_words()).filter(words=every, organisation=membership.organisation_id)
    return Sought(
        rows.annotate(words=SearchVector("text", config="simple")).filter(words=every), rows.filter(media__in=files.values("pk"))
    )  # fmt: skip


def _gathered(sought: Sought) -> set[int] | None:
    """The conversations of all messages found; None where they are too many to gather."""
    few: list[int] = []
    for rows in (sought.said, sought.files):
        few += rows.values_list("conversation_id", flat=True)[: MOST_GATHERED + 1]
    return set(few) if len(few) <= MOST_GATHERED else None


def _walked(found: QuerySet[Conversation], by_name: Q, sought: Sought, most: int) -> list[int]:
    """Walk each state's conversations from the newest on, as the index lies, and put the finds in order."""
    newest: list[tuple[datetime, int]] = []
    for state in Conversation.State.values:
        rows = found.filter(state=state, last_at__isnull=False).annotate(hit=_first(sought.said), file=_first(sought.files))
        rows = rows.filter(by_name | Q(hit__isnull=False) | Q(file__isnull=False))
        walked = rows.order_by("-last_at", "-id").values_list("last_at", "pk")[:most]
        newest += [(at, number) for at, number in walked if at is not None]
    return [number for _, number in sorted(newest, reverse=True)[:most]]


def _first(rows: QuerySet[Message]) -> Subquery:
    # A subquery for one value, and no EXISTS: PostgreSQL would turn that into gathering all messages again.
    return Subquery(rows.filter(conversation=OuterRef("pk")).values("id")[:1])


# ── What is shown of it ───────────────────────────────────────────────────


def _hits(numbers: Sequence[int], sought: Sought | None, words: Sequence[str]) -> list[Hit]:
    """Find the newest message in each of these conversations, and cut a piece out of it around the word."""
    if sought is None:
        return [Hit(number) for number in numbers]
    newest = [
        Subquery(rows.filter(conversation=OuterRef("pk")).order_by("-at", "-id").values("id")[:1]) for rows in (sought.said, sought.files)
    ]
    pairs = Conversation.objects.filter(pk__in=numbers).annotate(hit=newest[0], file=newest[1]).values_list("pk", "hit", "file")
    by = {number: (hit, file) for number, hit, file in pairs}
    ids = {each for pair in by.values() for each in pair if each}
    known = {message.pk: message for message in Message.objects.filter(pk__in=ids).prefetch_related("media")}
    found = []
    for number in numbers:
        hit, file = by.get(number, (None, None))
        message = known.get(hit or file or 0)
        snippet = None if message is None else _snippet(message, words) if hit else _file(message, words)
        found.append(Hit(number, message.pk if message else None, snippet))
    return found


def _snippet(message: Message, words: Sequence[str]) -> SafeString:
    """The piece around the first word, with every word marked; what is sensitive is hidden as everywhere in lists."""
    text = message.text
    if message.author != Message.Author.CITIZEN:
        text = markdown.plain(markdown.read(text))
    if reading.hidden(message):
        text = care.mask(text)
    text = " ".join(text.split())
    first = _beginning(words).search(text)
    start = max(0, first.start() - BEFORE) if first else 0
    if start:
        start = text.find(" ", start) + 1 or start
    piece = text[start : start + LONGEST]
    return format_html("{}{}{}", "… " if start else "", _marked(piece, words), " …" if start + LONGEST < len(text) else "")


def _file(message: Message, words: Sequence[str]) -> SafeString:
    names = [media.file_name for media in message.media.all() if media.file_name]
    fitting = [name for name in names if all(_beginning([word]).search(name) for word in words)] or names
    return _marked(", ".join(fitting)[:LONGEST], words)


def _marked(text: str, words: Sequence[str]) -> SafeString:
    pieces, end = [], 0
    for found in _beginning(words).finditer(text):
        pieces += [escape(text[end : found.start()]), "<mark>", escape(found[0]), "</mark>"]
        end = found.end()
    return mark_safe("".join([*pieces, escape(text[end:])]))  # noqa: S308 - every piece of the text is escaped


def _beginning(words: Iterable[str]) -> re.Pattern[str]:
    """Words that begin like one of these, where a word begins."""
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, words))})[^\W_]*", re.IGNORECASE)
