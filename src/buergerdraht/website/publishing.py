"""Which broadcasts stand on the internet pages: decided in the composer, done when one begins to be sent, changed by hand afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.utils import timezone
from django.utils.text import slugify

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.broadcasts import content
from buergerdraht.broadcasts.models import Broadcast, BroadcastEvent
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway import live
from buergerdraht.website.dates import When
from buergerdraht.website.models import Look, Published, Showing

BEGUN = "start"  # the note a broadcast leaves when it begins
NARROW = ("contacts", "joined_from", "joined_until")  # parts of an audience that mean some people, not whoever is interested
HEADED = re.compile(r"\s*\*\*([^*\n]{1,200})\*\*[ \t]*(?:\n|\Z)")
UMLAUTS = {ord(one): two for one, two in zip("äöüÄÖÜß", ("ae", "oe", "ue", "Ae", "Oe", "Ue", "ss"), strict=True)}
KEPT = ("id", "kind", "mime", "alt", "file_name")


def bump(organisation_id: int) -> None:
    """Say that the public pages of an authority changed: what is kept of them in memory is made anew."""
    if not Look.objects.filter(organisation=organisation_id).update(edition=F("edition") + 1, changed_at=timezone.now()):
        Look.objects.get_or_create(organisation_id=organisation_id)
    live.tell(organisation_id, "website")


# ── The choice ────────────────────────────────────────────────────────────


def for_everybody(broadcast: Broadcast) -> bool:
    """Whether a broadcast may stand there at all: one that goes to chosen people never does."""
    return not broadcast.audience.get("contacts") and broadcast.follows_id is None


def suggested(broadcast: Broadcast) -> bool:
    """What the audience suggests: news for topics, or for all, is for everybody."""
    return for_everybody(broadcast) and not any(broadcast.audience.get(key) for key in NARROW)


def wanted(broadcast: Broadcast) -> bool:
    chosen = Showing.objects.filter(broadcast=broadcast).values_list("wanted", flat=True).first()  # None: nobody said
    return for_everybody(broadcast) and (suggested(broadcast) if chosen is None else chosen)


@transaction.atomic
def choose(broadcast: Broadcast, *, wanted: bool, operator: Operator) -> None:
    """Note what somebody wants, before it is sent."""
    Showing.objects.update_or_create(broadcast=broadcast, defaults={"wanted": wanted})
    audit.record(broadcast.organisation, "website.choose", operator=operator, subject=f"broadcast:{broadcast.pk}", wanted=wanted)


@transaction.atomic
def date(broadcast: Broadcast, when: When | None, *, operator: Operator) -> None:
    """Set when and where what a broadcast is about happens, before and after it was sent; None: no date."""
    values = (when or When()).fields()
    Showing.objects.update_or_create(broadcast=broadcast, defaults=values)
    audit.record(broadcast.organisation, "website.date", operator=operator, subject=f"broadcast:{broadcast.pk}")
    if Published.objects.kept().filter(broadcast=broadcast).update(changed_at=timezone.now(), **values):
        bump(broadcast.organisation_id)


def on_note(sender: object, *, instance: BroadcastEvent, created: bool, **more: Any) -> None:
    """A broadcast left a note: if it began, it is published in the same transaction."""
    if created and instance.what == BEGUN and wanted(instance.broadcast):
        publish(instance.broadcast)


# ── The page of it ────────────────────────────────────────────────────────


@transaction.atomic
def publish(broadcast: Broadcast, at: datetime | None = None) -> Published | None:
    """Make the page of a broadcast, once, as of now or of the moment it was sent. One without words makes none."""
    versions = {language: _kept(broadcast.versions[language]) for language in content.languages(broadcast)}
    if not versions or Published.objects.filter(broadcast=broadcast).exists():
        return None
    now = at or timezone.now()
    first = versions[content.languages(broadcast)[0]]
    title = (first["title"] or broadcast.title or first["text"].split("\n")[0])[:200]
    row = Published.objects.create(
        organisation=broadcast.organisation, broadcast=broadcast, title=title, slug=_slug(broadcast.organisation, title, now),
        versions=versions, media=_media(versions), urgent=broadcast.urgent, shown_from=now, changed_at=now,
        **When.of(Showing.objects.filter(broadcast=broadcast).first()).fields(),
    )  # fmt: skip
    row.topics.set(Topic.objects.filter(organisation=broadcast.organisation, pk__in=broadcast.audience.get("topics", [])))
    index(row)
    bump(row.organisation_id)
    return row


def _kept(version: Mapping[str, Any]) -> dict[str, Any]:
    """What anybody may read of a version: its words, its files, and those of its buttons that lead somewhere.

    One without a title whose first line is bold has that for a title: a page needs a heading.
    """
    title, text = version.get("title", ""), version.get("text", "")
    if not title and (found := HEADED.match(text)):
        title, text = found[1], text[found.end() :].lstrip()
    return {
        "title": title, "text": text,
        "media": [{key: each.get(key, "") for key in KEPT} for each in version.get("media", [])],
        "choices": [{"title": each["title"], "url": each["url"]} for each in version.get("choices", []) if each.get("url")],
    }  # fmt: skip


def _media(versions: Mapping[str, Any]) -> list[UUID]:
    return sorted({UUID(str(each["id"])) for version in versions.values() for each in version["media"]})


def _slug(organisation: Organisation, title: str, now: datetime) -> str:
    german = title.translate(UMLAUTS)
    stem = f"{timezone.localtime(now):%Y-%m-%d}-{slugify(german)[:70].strip('-') or 'nachricht'}"
    slug, number = stem, 1
    while Published.objects.filter(organisation=organisation, slug=slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug


def index(row: Published) -> None:
    """Put its words where they are found: German word forms, and every word as it is written for other languages."""
    titles = " ".join(version["title"] for version in row.versions.values())
    texts = " ".join(version["text"] for version in row.versions.values())[:100_000]
    vector = SearchVector(Value(f"{row.title} {titles}"), weight="A", config="german") + SearchVector(
        Value(texts), weight="B", config="german"
    )
    plain = SearchVector(Value(f"{titles} {texts}"), weight="C", config="simple")
    Published.objects.filter(pk=row.pk).update(words=vector + plain)


@transaction.atomic
def erase(row: Published, *, operator: Operator) -> None:
    """Take its words, pictures and date away for good. Its address stays, and says that something stood here."""
    _erased(Published.objects.filter(pk=row.pk))
    audit.record(row.organisation, "website.erase", operator=operator, subject=f"published:{row.pk}")
    bump(row.organisation_id)


def on_erased(sender: object, *, instance: Broadcast, **more: Any) -> None:
    """A broadcast is about to be erased: so is its page."""
    if _erased(Published.objects.filter(broadcast=instance)):
        Look.objects.filter(organisation=instance.organisation_id).update(edition=F("edition") + 1)


def _erased(rows: QuerySet[Published]) -> int:
    now = timezone.now()
    Published.topics.through.objects.filter(published__in=rows).delete()
    return rows.update(title="", versions={}, media=[], words=None, hidden_at=now, changed_at=now, **When().fields())


@transaction.atomic
def hide(row: Published, *, operator: Operator) -> None:
    _changed(row, operator, "website.hide", hidden_at=timezone.now())


@transaction.atomic
def show(row: Published, *, operator: Operator) -> None:
    """Show it again; an end that is over is taken away."""
    over = row.expires_at is not None and row.expires_at <= timezone.now()
    _changed(row, operator, "website.show", hidden_at=None, expires_at=None if over else row.expires_at)


@transaction.atomic
def expire(row: Published, moment: datetime | None, *, operator: Operator) -> None:
    """Show it until a moment; None: for good."""
    _changed(row, operator, "website.expire", expires_at=moment)


def _changed(row: Published, operator: Operator, action: str, **values: Any) -> None:
    Published.objects.filter(pk=row.pk).update(changed_at=timezone.now(), **values)
    audit.record(row.organisation, action, operator=operator, subject=f"published:{row.pk}")
    bump(row.organisation_id)
