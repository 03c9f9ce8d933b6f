"""What waits for a person now, the most urgent first; each with where to go. Reads the rooms' tables, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from buergerdraht.accounts.models import Membership, Operator, Organisation
from buergerdraht.accounts.rights import Right, may
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.contacts import outreach
from buergerdraht.conversations import sight
from buergerdraht.conversations.models import Conversation
from buergerdraht.conversations.reading import name_of
from buergerdraht.conversations.words import kind as kind_of
from buergerdraht.conversations.words import span, waited
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, InboundEvent, Outbound
from buergerdraht.watch import figures

SHOWN = 4
MINUTE, LONG = timedelta(minutes=1), timedelta(hours=4)
CLOSING = timedelta(hours=3)


@dataclass(frozen=True)
class Task:
    """`tone` is is-bad, is-warn or nothing; `kind` the channel's mark to show."""

    icon: str
    title: str
    text: str
    url: str
    meta: str = ""
    tone: str = ""
    kind: str = ""


def tasks(organisation: Organisation, membership: Membership) -> list[Task]:
    """List what this operator may and should do now."""
    found: list[Task] = []
    if may(membership, Right.MANAGE):
        found += _broken(organisation)
    if may(membership, Right.ANSWER):
        found += _waiting(organisation, membership)
    if may(membership, Right.APPROVE):
        found += _approvals(organisation)
    if may(membership, Right.WRITE):
        found += _handed_posts(organisation)
        found += _unclear_broadcasts(organisation)
    if may(membership, Right.ANSWER):
        found += _unclear_replies(organisation, membership)
    if may(membership, Right.MANAGE):
        found += _kept(organisation)
    return found


def _url(organisation: Organisation, name: str, *arguments: object) -> str:
    return reverse(name, args=[organisation.slug, *arguments])


def _broken(organisation: Organisation) -> Iterator[Task]:
    for channel in organisation.channels.filter(state=Channel.State.BROKEN):
        title = _("Kanal „%(name)s“ steht still") % {"name": channel.name}
        text = _("Es geht nichts hinaus, bis er wieder läuft. Die Seite des Kanals sagt, was zu tun ist.")
        yield Task("warning", title, text, _url(organisation, "gateway:channel", channel.pk), tone="is-bad", kind=channel.kind)


def _waiting(organisation: Organisation, membership: Membership) -> Iterator[Task]:
    """The longest waiting, mine and the unassigned; one whose window is about to close comes with its time left."""
    mine = Q(operator=membership.operator_id) | Q(operator=None)
    found = sight.conversations(membership).filter(mine, state=Conversation.State.OPEN, waiting_since__isnull=False)
    rows = found.select_related("contact", "last_address__channel").order_by("waiting_since")
    now = timezone.now()
    for conversation in rows[:SHOWN]:
        yield _answer(organisation, conversation, now)
    if (more := found.count() - SHOWN) > 0:
        title = ngettext("Und eine weitere Unterhaltung wartet", "Und %(n)d weitere Unterhaltungen warten", more) % {"n": more}
        yield Task("inbox", title, _("Der Posteingang zeigt die längste Wartezeit zuerst."), _url(organisation, "conversations:inbox"))


def _answer(organisation: Organisation, conversation: Conversation, now: datetime) -> Task:
    address = conversation.last_address
    since = conversation.waiting_since or now
    meta, tone = waited(now - since) if now - since > MINUTE else _("gerade eben"), "is-bad" if now - since > LONG else ""
    until = outreach.window(address, now).until if address else None
    if until is not None and now < until < now + CLOSING:
        meta, tone = _("Fenster noch %(time)s offen") % {"time": span(until - now)}, "is-bad"
    return Task(
        icon="clock" if tone else "inbox",
        title=_("Antwort an %(name)s") % {"name": name_of(conversation.contact, address)},
        text=conversation.last_text or kind_of(conversation.last_kind),
        url=_url(organisation, "conversations:thread", conversation.pk),
        meta=meta,
        tone=tone,
        kind=address.channel.kind if address else "",
    )


def _approvals(organisation: Organisation) -> Iterator[Task]:
    waiting = organisation.broadcasts.filter(state=Broadcast.State.SUBMITTED).select_related("author")
    for broadcast in waiting.order_by(F("scheduled_at").asc(nulls_last=True), "submitted_at")[:SHOWN]:
        at = broadcast.scheduled_at
        yield Task(
            icon="megaphone",
            title=_("„%(title)s“ freigeben") % {"title": broadcast.title},
            text=_("Von %(name)s") % {"name": broadcast.author.name} if broadcast.author else "",
            url=_url(organisation, "broadcasts:detail", broadcast.pk),
            meta=_("Versand %(at)s Uhr") % {"at": date_format(timezone.localtime(at), "D, j.n., H:i")} if at else _("sofort nach Freigabe"),
            tone="is-warn",
        )


def _handed_posts(organisation: Organisation) -> Iterator[Task]:
    """Posts that only a person can publish; what is late stands out."""
    waiting = Posting.objects.filter(organisation=organisation, state=Posting.State.HANDED).select_related("broadcast", "channel")
    for posting in waiting.order_by("remind_at", "pk")[:SHOWN]:
        late = posting.remind_at is not None and posting.remind_at <= timezone.now()
        yield Task(
            icon="phone",
            title=_("Von Hand veröffentlichen: %(place)s") % {"place": posting.channel.name},
            text=_("Beitrag zu „%(title)s“") % {"title": posting.broadcast.title},
            url=_url(organisation, "broadcasts:posting", posting.broadcast_id, posting.pk),
            meta=_("überfällig") if late else "",
            tone="is-warn" if late else "",
            kind=posting.channel.kind,
        )


def _unclear_broadcasts(organisation: Organisation) -> Iterator[Task]:
    unclear = Outbound.objects.filter(organisation=organisation, state=Outbound.State.UNCLEAR, batch__isnull=False)
    numbers = dict(unclear.values_list("batch").annotate(number=Count("id")).order_by())
    for broadcast in organisation.broadcasts.filter(pk__in=numbers).order_by("-id")[:SHOWN]:
        number = numbers[broadcast.pk]
        title = ngettext("Eine ungeklärte Nachricht", "%(n)d ungeklärte Nachrichten", number) % {"n": number}
        text = _("Rundnachricht „%(title)s“: Die Verbindung brach beim Senden ab. Entscheiden Sie, ob erneut gesendet wird.")
        url = _url(organisation, "broadcasts:detail", broadcast.pk)
        yield Task("warning", title, text % {"title": broadcast.title}, url, tone="is-warn")


def _unclear_replies(organisation: Organisation, membership: Membership) -> Iterator[Task]:
    found = sight.conversations(membership).filter(messages__outbound__state=Outbound.State.UNCLEAR)
    rows = found.filter(messages__outbound__batch=None).select_related("contact", "last_address__channel").distinct()
    for conversation in rows[:SHOWN]:
        title = _("Ungeklärt: Nachricht an %(name)s") % {"name": name_of(conversation.contact, conversation.last_address)}
        text = _("Es ist nicht sicher, ob sie ankam.")
        yield Task("warning", title, text, _url(organisation, "conversations:thread", conversation.pk), tone="is-warn")


def _kept(organisation: Organisation) -> Iterator[Task]:
    kept = InboundEvent.objects.filter(channel__organisation=organisation, state=InboundEvent.State.KEPT)
    for channel_id, name, number, since in (
        kept.values_list("channel", "channel__name").annotate(Count("id"), Min("received_at")).order_by()
    ):
        title = ngettext("Eine Meldung ließ sich nicht verarbeiten", "%(n)d Meldungen ließen sich nicht verarbeiten", number) % {
            "n": number
        }
        text = _("Kanal „%(name)s“: Sie sind aufbewahrt und lassen sich wiederholen.") % {"name": name}
        yield Task(
            "warning", title, text, f"{_url(organisation, 'watch:kept')}?kanal={channel_id}", waited(timezone.now() - since), "is-warn"
        )


# ── The side column ───────────────────────────────────────────────────────


@dataclass(frozen=True)
class Line:
    """A channel's health in a word."""

    channel: Channel
    title: str
    tone: str
    icon: str
    word: str
    text: str = ""


def channel_lines(organisation: Organisation) -> list[Line]:
    """Say how each channel fares; what waits for its hour or is held is no delay."""
    now = timezone.now()
    queues = figures.queues(organisation, now)
    rows = organisation.channels.defer("config").order_by("kind", "name")
    return [_line(channel, queues.get(channel.pk, figures.Queue()), now) for channel in rows]


def _line(channel: Channel, queue: figures.Queue, now: datetime) -> Line:
    title = channel.name or channels.title(channel.kind)
    text = ""
    late = False
    if queue.oldest is not None:
        time = now - queue.oldest
        late = time > timedelta(minutes=2)
        words = {"n": queue.number, "time": span(time)}
        text = ngettext("eine wartet, seit %(time)s", "%(n)d warten, älteste %(time)s", queue.number) % words
    states = {
        Channel.State.SETUP: ("is-warn", "warning", _("wird eingerichtet")),
        Channel.State.PAUSED: ("is-warn", "clock", _("angehalten")),
        Channel.State.DRAINING: ("is-warn", "clock", _("läuft leer")),
        Channel.State.BROKEN: ("is-bad", "warning", _("gestört")),
    }
    running = ("is-warn", "warning", _("verzögert")) if late else ("is-ok", "ok", _("läuft"))
    tone, icon, word = states.get(Channel.State(channel.state), running)
    return Line(channel, title, tone, icon, word, text)


def planned(organisation: Organisation) -> list[Broadcast]:
    """What goes out next, and the newest drafts."""
    states = [Broadcast.State.APPROVED, Broadcast.State.SUBMITTED, Broadcast.State.DRAFT]
    rows = organisation.broadcasts.filter(state__in=states, archived_at=None)
    return list(rows.order_by(F("scheduled_at").asc(nulls_last=True), "-updated_at")[:5])


def at_work(organisation: Organisation, membership: Membership) -> list[Operator]:
    """Who holds open conversations, with their number in `held`, of those the member may see."""
    seen = sight.conversations(membership).filter(state=Conversation.State.OPEN, operator__isnull=False)
    open_ones = Count("conversation", filter=Q(conversation__in=seen.values("pk")))
    members = Operator.objects.filter(memberships__organisation=organisation).annotate(held=open_ones)
    return list(members.filter(held__gt=0).order_by("-held", "name")[:6])
