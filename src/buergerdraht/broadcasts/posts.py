"""What a broadcast says in public places: which places, in which words, how far each is. `publishing` has the verbs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts import content
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.connectors.contract import Content, Media, Note, Part, content_from_json, to_json
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.contacts import outreach
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Outbound

log = logging.getLogger("buergerdraht.broadcasts")
State = Posting.State
REMIND_AFTER = timedelta(hours=1)
LONGEST = 20_000

# How a post stands: tone of the badge and words.
STEPS = {
    "planned": ("plain", _("vorgesehen")),
    "queued": ("info", _("in der Warteschlange")),
    "sending": ("info", _("wird veröffentlicht")),
    "sent": ("success", _("veröffentlicht")),
    "failed": ("danger", _("nicht veröffentlicht")),
    "unclear": ("warning", _("ungeklärt")),
    "cancelled": ("danger", _("abgebrochen")),
    "handed": ("warning", _("wartet auf einen Menschen")),
    "confirmed": ("success", _("von Hand veröffentlicht")),
    "skipped": ("plain", _("ausgelassen")),
}
PUBLISHED = {"sent", "confirmed"}


class Wish(NamedTuple):
    """A public place chosen for a broadcast, with its own words or none."""

    channel: int
    language: str = ""
    text: str = ""


def of(broadcast: Broadcast) -> QuerySet[Posting]:
    rows = Posting.objects.filter(broadcast=broadcast).select_related("broadcast", "channel__organisation", "outbound", "confirmed_by")
    return rows.order_by("channel__kind", "channel__name", "pk")


def wishes(broadcast: Broadcast) -> list[Wish]:
    return [Wish(each.channel_id, each.language, each.text) for each in of(broadcast)]


def choose(broadcast: Broadcast, wanted: Sequence[Wish]) -> bool:
    """Let a broadcast that is still being written go to these public places of its organisation. Says whether anything changed."""
    places = set(channels.public(broadcast.organisation).values_list("pk", flat=True))
    new = {wish.channel: wish for wish in wanted if wish.channel in places}
    rows = {each.channel_id: each for each in Posting.objects.filter(broadcast=broadcast)}
    changed = False
    for number, wish in new.items():
        row = rows.pop(number, None)
        if row is None:
            Posting.objects.create(
                organisation_id=broadcast.organisation_id, broadcast=broadcast, channel_id=number, language=wish.language, text=wish.text
            )
            changed = True
        elif (row.language, row.text) != (wish.language, wish.text):
            row.language, row.text = wish.language, wish.text
            row.save(update_fields=["language", "text"])
            changed = True
    if rows:
        Posting.objects.filter(pk__in=[each.pk for each in rows.values()]).delete()
    return changed or bool(rows)


# ── The words ─────────────────────────────────────────────────────────────


def content_of(broadcast: Broadcast, wish: Wish) -> Content:
    """Give what is said in a public place: its own words or the version's, the files, the links. Nobody unsubscribes or answers there."""
    language = content.fallback(broadcast, wish.language)
    version = content_from_json(broadcast.versions.get(language, {}))
    links = tuple(choice for choice in version.choices if choice.url)
    own = wish.text.strip()
    return Content(
        title="" if own else version.title, text=own or version.text, media=version.media, choices=links, language=language
    )  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A public place in the composer: the words there, how much room they take, and what is wrong with them."""

    channel: Channel
    wish: Wish
    chosen: bool
    parts: Sequence[Part]
    notes: Sequence[Note]
    used: int
    most: int

    @property
    def too_long(self) -> bool:
        return self.used > self.most

    @property
    def by_hand(self) -> bool:
        return channels.by_hand(self.channel.kind)


def drafts(broadcast: Broadcast) -> list[Draft]:
    """Lay out every public place of the organisation, chosen or not."""
    chosen = {wish.channel: wish for wish in wishes(broadcast)}
    found = []
    for channel in channels.public(broadcast.organisation):
        wish = chosen.get(channel.pk, Wish(channel.pk))
        said = content_of(broadcast, wish)
        connector = channels.connector(channel)
        used, most = connector.room(said)
        plan = connector.plan(said) if channel.pk in chosen else None
        found.append(Draft(channel, wish, channel.pk in chosen, plan.parts if plan else (), plan.notes if plan else (), used, most))
    return found


# ── How far each is ───────────────────────────────────────────────────────


def to_people(letters: QuerySet[Outbound], broadcast: Broadcast) -> QuerySet[Outbound]:
    """Leave a broadcast's posts out of its letters: they wait for their places, and nobody waits for them."""
    return letters.exclude(pk__in=Posting.objects.filter(broadcast=broadcast, outbound__isnull=False).values("outbound"))


def outlasting() -> QuerySet[Broadcast]:
    """List the broadcasts that are done with people while a post still waits: quiet hours hold for it, too."""
    queued = Posting.objects.filter(state=State.QUEUED, outbound__state=Outbound.State.QUEUED, broadcast__state=Broadcast.State.DONE)
    return Broadcast.objects.filter(pk__in=queued.values("broadcast")).select_related("organisation")


def begin(broadcast: Broadcast) -> None:
    """Queue what machines post and hand over what people do, in the transaction that begins the broadcast.

    What goes wrong with one of them fails alone: people must get theirs.
    """
    for posting in of(broadcast).filter(state=State.PLANNED):
        try:
            with transaction.atomic():
                prepare(posting, broadcast)
        except (OperationalError, InterfaceError):  # the database, not this post
            raise
        except Exception as problem:
            log.error("posting.unprepared posting=%s problem=%s", posting.pk, type(problem).__name__)
            Posting.objects.filter(pk=posting.pk).update(state=State.QUEUED)  # without a letter: see `step`


def prepare(posting: Posting, broadcast: Broadcast) -> None:
    """Queue a post, or hand it over."""
    said = content_of(broadcast, Wish(posting.channel_id, posting.language, posting.text))
    posting.content = to_json(said)
    if channels.by_hand(posting.channel.kind):
        posting.state, posting.remind_at = State.HANDED, timezone.now() + REMIND_AFTER
    else:
        posting.state = State.QUEUED
        posting.outbound = outreach.publish(posting.channel, said, batch=broadcast.pk, urgent=broadcast.urgent)
    posting.save(update_fields=["content", "state", "remind_at", "outbound"])


def step(posting: Posting) -> str:
    """Say where a post stands; as long as it is queued, its letter knows."""
    if posting.state != State.QUEUED:
        return posting.state
    letter = posting.outbound
    if letter is None:
        return "failed"
    return str({"doubt": "sending", "accepted": "sent"}.get(letter.state, letter.state))


def reason(posting: Posting) -> Reason | None:
    if posting.state != State.QUEUED:
        return None
    code = posting.outbound.reason if posting.outbound else "unknown"
    return REASONS.get(code, REASONS["unknown"]) if code else None


def standing(posting: Posting) -> Any:
    """Say why a queued post does not go out now, or ""."""
    letter, channel = posting.outbound, posting.channel
    if step(posting) != "queued" or letter is None:
        return ""
    if channel.state == Channel.State.BROKEN:
        return gettext(REASONS.get(channel.reason, REASONS["unknown"]).title)
    if channel.state != Channel.State.RUNNING:
        return gettext("Der Kanal ist angehalten")
    if not posting.broadcast.urgent and outreach.quiet_until(channel.organisation, timezone.now()) is not None:
        return gettext("Es ist Ruhezeit")
    return gettext(REASONS.get(letter.reason, REASONS["unknown"]).title) if letter.reason else ""


def forgotten(posting: Posting) -> bool:
    return posting.state == State.HANDED and posting.remind_at is not None and posting.remind_at <= timezone.now()


@dataclass(frozen=True)
class Line:
    """A post on the page of its broadcast."""

    posting: Posting
    step: str
    tone: str
    words: Any
    reason: Reason | None
    forgotten: bool
    standing: Any  # why it waits


def lines(broadcast: Broadcast) -> list[Line]:
    return [
        Line(each, now := step(each), STEPS[now][0], STEPS[now][1], reason(each), forgotten(each), standing(each)) for each in of(broadcast)
    ]


def figures(shown: Sequence[Line]) -> Mapping[str, int]:
    """Count the posts of a broadcast beside its recipients: they are places, no people."""
    return {"total": len(shown), "published": sum(line.step in PUBLISHED for line in shown)}


def waiting(organisation: Organisation) -> int:
    """Count the posts that wait for a person longer than they should."""
    return Posting.objects.filter(organisation=organisation, state=State.HANDED, remind_at__lte=timezone.now()).count()


def prepared(posting: Posting) -> str:
    """Give the text of a handed-over post as its place takes it."""
    parts = channels.connector(posting.channel).plan(content_from_json(posting.content)).parts
    return str(parts[0].body.get("text", "")) if parts else ""


def files_of(posting: Posting) -> Sequence[Media]:
    return content_from_json(posting.content).media
