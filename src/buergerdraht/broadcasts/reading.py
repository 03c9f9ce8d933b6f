"""What the screens of broadcasts show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.accounts.models import Membership, Organisation
from buergerdraht.broadcasts import checks, content, drafts, ledger, posts
from buergerdraht.broadcasts.models import Broadcast, Posting, Recipient
from buergerdraht.broadcasts.templatetags.broadcasts import STATES as STATES
from buergerdraht.connectors.contract import Content, Shown, content_from_json
from buergerdraht.connectors.reasons import REASONS, Reason
from buergerdraht.contacts import audience, outreach
from buergerdraht.contacts import reading as contacts
from buergerdraht.contacts.models import Address, District, Topic
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Batch, Channel, MessageTemplate

STANDS = [Channel.State.BROKEN, Channel.State.PAUSED]
NAMES = {"de": "Deutsch", "en": "English", "ar": "العربية", "de-simple": "Leichte Sprache"}


def listing(organisation: Organisation, state: str, words: str) -> QuerySet[Broadcast]:
    rows = Broadcast.objects.filter(organisation=organisation).select_related("author", "approver")
    rows = rows.exclude(archived_at=None) if state == "archived" else rows.filter(archived_at=None)
    groups = {"drafts": ["draft", "submitted"], "planned": ["approved"], "sent": ["sending", "paused", "done", "stopped"]}
    if state in groups:
        rows = rows.filter(state__in=groups[state])
    held = Posting.objects.filter(broadcast=OuterRef("pk"), state=Posting.State.QUEUED, outbound__state="queued", channel__state__in=STANDS)
    rows = rows.annotate(post_waits=Exists(held))
    for word in words.split()[:6]:
        rows = rows.filter(Q(title__icontains=word) | Q(versions__icontains=word))
    return rows.order_by("-updated_at", "-id")


# ── The composer ──────────────────────────────────────────────────────────


@dataclass
class Tab:
    """One language in the composer."""

    language: str
    name: str
    version: Content
    state: str  # done, missing
    alts: list[tuple[Any, str]]
    labels: list[str]


def tabs(broadcast: Broadcast) -> list[Tab]:
    files = drafts.media_of(broadcast)
    result = []
    for language in broadcast.organisation.languages:
        kept = broadcast.versions.get(language, {})
        version = content_from_json(kept)
        alts = {media.id: media.alt for media in version.media}
        labels = {choice.id: choice.title for choice in version.choices}
        result.append(Tab(
            language, NAMES.get(language, language), version, "done" if version.text or version.title else "missing",
            [(media, alts.get(media.id, "")) for media in files], [labels.get(f"b{number}", "") for number in range(drafts.BUTTONS)],
        ))  # fmt: skip
    return result


def links(broadcast: Broadcast) -> list[str]:
    found: dict[str, str] = {}
    for version in broadcast.versions.values():
        found.update({choice["id"]: choice.get("url", "") for choice in version.get("choices", [])})
    return [found.get(f"b{number}", "") for number in range(drafts.BUTTONS)]


@dataclass
class Preview:
    """A phone in the preview: the bubbles one messenger will draw."""

    kind: str
    title: str
    bubbles: list[Shown]
    length: int
    most: int
    post: int = 0  # the public channel it is for; 0: people's telephones

    @property
    def left(self) -> int:
        return self.most - self.length

    @property
    def over(self) -> int:
        return max(0, -self.left)

    @property
    def key(self) -> str:
        return f"post-{self.post}" if self.post else self.kind


def previews(broadcast: Broadcast, language: str) -> list[Preview]:
    version = content.version(broadcast, language)
    result = []
    for kind in sorted({channel.kind for channel in checks.chosen_channels(broadcast)}) or _all_kinds():
        limits = channels.limits_of(kind)
        length = len(version.title) + len(version.text)
        shown = [part.shows for part in channels.plan_of(kind, version).parts] if length or version.media else []
        result.append(Preview(kind, channels.title(kind), shown, length, limits.caption if version.media else limits.text))
    for draft in posts.drafts(broadcast):
        if draft.chosen:
            shown = [part.shows for part in draft.parts] if draft.used else []
            result.append(Preview(draft.channel.kind, draft.channel.name, shown, draft.used, draft.most, draft.channel.pk))
    return result


def _all_kinds() -> list[str]:
    return [found.kind for found in channels.kinds() if found.reach == "people"]


@dataclass
class Cost:
    channel: Channel
    number: int
    cents: float | None
    category: str

    @property
    def euros(self) -> float | None:
        return None if self.cents is None else self.number * self.cents / 100


def costs(broadcast: Broadcast, size: audience.Count) -> list[Cost]:
    """Reckon what it will cost: by the category of the template, else as a free message; None where no price is set."""
    result = []
    for channel in checks.chosen_channels(broadcast):
        number = size.by_channel.get(channel.pk, 0)
        prices = broadcast.organisation.prices.get(channel.kind, {})
        if not channels.limits(channel).templates:
            result.append(Cost(channel, number, 0, ""))
            continue
        chosen = broadcast.templates.get(str(channel.pk))
        row = MessageTemplate.objects.filter(channel=channel, name=chosen["name"], language=chosen["language"]).first() if chosen else None
        category = row.category.lower() if row else "service"
        result.append(Cost(channel, number, prices.get(category), category))
    return result


def template_choices(broadcast: Broadcast) -> list[dict[str, Any]]:
    """For each channel that needs templates: which there are, which was chosen, and what fills its variables."""
    result = []
    for channel in checks.chosen_channels(broadcast):
        if not channels.limits(channel).templates:
            continue
        rows = list(channel.templates.filter(status__iexact="approved", paused=False).order_by("name", "language"))
        chosen = broadcast.templates.get(str(channel.pk), {})
        row = next((row for row in rows if row.name == chosen.get("name") and row.language == chosen.get("language")), None)
        variables = [
            {"name": name, **chosen.get("body", {}).get(name, {"from": "title" if name == "1" else "text", "value": ""})}
            for name in (row.template.get("variables", []) if row else [])
        ]
        result.append({"channel": channel, "rows": rows, "row": row, "variables": variables})
    return result


def composer(broadcast: Broadcast, language: str = "") -> dict[str, Any]:
    """Collect everything the composer shows."""
    organisation = broadcast.organisation
    size = checks.size_of(broadcast)
    language = language if language in organisation.languages else organisation.language
    places = posts.drafts(broadcast)
    prices = costs(broadcast, size)
    known = [cost.euros for cost in prices if cost.euros is not None]
    return {
        "broadcast": broadcast, "tabs": tabs(broadcast), "links": list(enumerate(links(broadcast))), "language": language,
        "previews": previews(broadcast, language), "findings": checks.examine(broadcast, size), "size": size,
        "bars": bars(size, organisation),
        "costs": prices, "cost": sum(known), "unpriced": any(cost.euros is None and cost.number for cost in prices),
        "topics": [(topic, topic.title_in("de")) for topic in Topic.objects.filter(organisation=organisation, active=True)],
        "districts": District.objects.filter(organisation=organisation),
        "channels": channels.people(organisation).exclude(state="setup").order_by("kind", "name"),
        "places": places, "public": [each for each in places if each.chosen],
        "templates": template_choices(broadcast), "languages": [(each, NAMES.get(each, each)) for each in organisation.languages],
        "quiet": outreach.quiet_until(organisation, broadcast.scheduled_at or timezone.now()) if not broadcast.urgent else None,
    }  # fmt: skip


def question(broadcast: Broadcast) -> dict[str, Any]:
    """Collect what is asked before it goes to the many: how many people on which messengers, where in public, and when."""
    now = timezone.now()
    planned = broadcast.scheduled_at if broadcast.scheduled_at and broadcast.scheduled_at > now else None
    quiet = outreach.quiet_until(broadcast.organisation, planned or now)
    size = checks.size_of(broadcast)
    return {
        "broadcast": broadcast, "size": size, "bars": bars(size, broadcast.organisation), "quiet": quiet,
        "goes_at": planned if broadcast.urgent else quiet or planned,
        "warnings": [finding for finding in checks.examine(broadcast, size) if finding.level == "warning"],
        "public": [each for each in posts.drafts(broadcast) if each.chosen],
    }  # fmt: skip


@dataclass
class Bar:
    kind: str
    name: str
    number: int
    start: float
    width: float


def bars(size: audience.Count, organisation: Organisation) -> list[Bar]:
    """Split the audience by channel, as shares of a hundred."""
    result, start = [], 0.0
    for channel in Channel.objects.filter(organisation=organisation, pk__in=size.by_channel).order_by("kind", "name"):
        number = size.by_channel[channel.pk]
        width = 100 * number / size.total
        result.append(Bar(channel.kind, channel.name, number, round(start, 1), round(max(width - 0.3, 0.1), 1)))
        start += width
    return result


# ── Sending and result ────────────────────────────────────────────────────


@dataclass
class Why:
    code: str
    reason: Reason
    number: int
    share: int


def reasons(sums: ledger.Sums) -> list[Why]:
    most = max(sums.reasons.values(), default=1)
    rows = sums.reasons.most_common()
    return [Why(code, REASONS.get(code, REASONS["unknown"]), number, round(100 * number / most)) for code, number in rows]


def channel_state(channel: Channel, sums: ledger.Sums) -> str:
    if channel.state == Channel.State.BROKEN:
        return "broken"
    return "running" if sums.open else "done"


def result(broadcast: Broadcast) -> dict[str, Any]:
    """Count and lay out how far it came."""
    counted = ledger.figures(broadcast)
    found = Channel.objects.filter(organisation=broadcast.organisation, pk__in=counted.channels).order_by("kind", "name")
    rows = [
        ledger.row(each.kind, each.name, channel_state(each, counted.channels[each.pk]), counted.channels[each.pk], channels.limits(each))
        for each in found
    ]
    total = counted.total
    steps = [
        (_("Vorgesehen"), total.total, ""),
        (_("Angenommen"), total.sent, ""),
        (_("Zugestellt"), total.delivered, "delivered"),
        (_("Gelesen"), total.read, "read"),
    ]
    silent = [row.name for row in rows if row.read is None]
    shown = posts.lines(broadcast)
    answered = Recipient.objects.filter(broadcast=broadcast, contact__conversation__broadcast=broadcast.pk).count()
    return {
        "broadcast": broadcast, "rows": rows, "total": total, "counted_at": counted.at, "rests_until": _rests_until(broadcast),
        "reasons": reasons(total), "silent": silent, "answered": answered, "posts": shown, "public": posts.figures(shown),
        "held": [line for line in shown if line.standing] if broadcast.state == Broadcast.State.DONE else [],
        "funnel": [(name, number, 100 * number // total.total if total.total else 0, note) for name, number, note in steps],
        "settled": total.total - total.open, "percent": round(100 * (total.total - total.open) / total.total) if total.total else 0,
        "events": broadcast.events.select_related("operator").order_by("-at")[:20],
    }  # fmt: skip


def _rests_until(broadcast: Broadcast) -> datetime | None:
    """Say until when a broadcast that is being sent rests, because its organisation's quiet hours came."""
    resting = broadcast.state == Broadcast.State.SENDING and Batch.objects.filter(pk=broadcast.pk, state=Batch.State.RESTING).exists()
    return outreach.quiet_until(broadcast.organisation, timezone.now()) if resting else None


STEP_FILTERS: dict[str, Q] = {
    "refused": ~Q(refused=""),
    "failed": Q(outbound__state="failed") | Q(outbound__receipt="failed"),
    "unclear": Q(outbound__state="unclear"),
    "cancelled": Q(outbound__state="cancelled"),
    "read": Q(outbound__receipt="read"),
    "delivered": Q(outbound__receipt="delivered"),
    "open": Q(outbound__state__in=["queued", "sending", "doubt"]),
    "relayed": Q(relays__gt=0),
}
ENDED_FILTERS = {  # of a batch that was stopped: what is queued is being cancelled
    "cancelled": Q(outbound__state__in=["queued", "cancelled"]),
    "open": Q(outbound__state__in=["sending", "doubt"]),
}
STEP_WORDS = {
    "waiting": gettext_lazy("wird vorbereitet"), "refused": gettext_lazy("nicht gesendet"),
    "queued": gettext_lazy("in der Warteschlange"), "sending": gettext_lazy("wird gesendet"),
    "accepted": gettext_lazy("angenommen"), "delivered": gettext_lazy("zugestellt"), "read": gettext_lazy("gelesen"),
    "failed": gettext_lazy("nicht zugestellt"),
    "unclear": gettext_lazy("ungeklärt"), "cancelled": gettext_lazy("abgebrochen"), "relayed": gettext_lazy("auf anderem Weg"),
}  # fmt: skip


def recipients(broadcast: Broadcast, step: str) -> QuerySet[Recipient]:
    """List the people of a broadcast, or those who stand on one step."""
    ended = Batch.objects.filter(pk=broadcast.pk, state=Batch.State.STOPPED).exists()
    filters = STEP_FILTERS | ENDED_FILTERS if ended else STEP_FILTERS
    rows = Recipient.objects.filter(broadcast=broadcast).select_related("contact", "channel", "outbound")
    rows = rows.annotate(ended=Value(ended, output_field=BooleanField()))
    return (rows.filter(filters[step]) if step in filters else rows).order_by("id")


STEPS_SHOWN = {"": tuple(ledger.STEPS), "open": ("queued", "sending")}


class Pages(Paginator):  # type: ignore[type-arg]
    """Pages of a broadcast's people: of a large one the ledger knows how many they are, and only the page's own rows are fetched."""

    def __init__(self, broadcast: Broadcast, step: str, per_page: int = 50) -> None:
        super().__init__(recipients(broadcast, step), per_page)
        if broadcast.figures_at is not None and (broadcast.size or 0) > ledger.LIVE:
            total = ledger.figures(broadcast).total
            steps = {**total.steps, "relayed": total.other_way}
            self.count = sum(steps.get(each, 0) for each in STEPS_SHOWN.get(step, (step,)) if each != "waiting")

    def page(self, number: int | str) -> Any:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows: Any = self.object_list
        ids = [] if not self.count else list(rows.select_related(None).values_list("pk", flat=True)[first : first + self.per_page])
        return Page(rows.filter(pk__in=ids), number, self)


def step_of(recipient: Recipient) -> str:
    """Say where one recipient stands, by the same rule as the ledger's query."""
    if recipient.refused:
        return "refused"
    outbound = recipient.outbound
    if outbound is None:
        return "failed"
    if outbound.state == "queued" and getattr(recipient, "ended", False):
        return "cancelled"
    if outbound.state in {"sending", "doubt"}:
        return "sending"
    if outbound.state == "accepted" and outbound.receipt in {"delivered", "read", "failed"}:
        return str(outbound.receipt)
    return str(outbound.state)


def reason_of(recipient: Recipient) -> Reason | None:
    code = recipient.refused or (recipient.outbound.reason if recipient.outbound else "unknown")
    return REASONS.get(code, REASONS["unknown"]) if code else None


def find_addresses(membership: Membership, words: str) -> list[Address]:
    """Find phones that wrote lately, by handle or name, to choose one's own among; whose thread is hidden does not appear."""
    rows = Address.objects.filter(contact__in=contacts.unveiled(membership), state="active", last_inbound_at__isnull=False)
    rows = rows.filter(channel__in=channels.people(membership.organisation)).select_related("contact", "channel")
    words = words.strip().lower()
    return [row for row in rows.order_by("-last_inbound_at")[:300] if not words or words in f"{row.handle} {row.contact.name}".lower()][:8]
