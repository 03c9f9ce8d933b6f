"""What a thread shows: a slice of it as bubbles, and what stands beside it. Reads only; the number of queries is fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from buergerdraht.connectors import markdown
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import answering, care, words
from buergerdraht.conversations.models import NOTE_WITHIN, Conversation, Message, Stretch
from buergerdraht.gateway.models import Media, Part

SLICE = 40
MOST_LATER = 200  # than a message that was searched for; the page fetches the rest as it does what arrives
SAME_RUN = timedelta(minutes=5)

OURS = {Message.Author.OPERATOR, Message.Author.BOT, Message.Author.BROADCAST}


def name_of(contact: Contact, address: Address | None) -> str:
    """Say whom we talk to: the name they gave, else what they are known by there; of a number only its end."""
    handle = address.handle if address else ""
    if contact.name or not handle:
        return contact.name or _("Unbekannt")
    is_number = handle.lstrip("+").replace(" ", "").isdigit()
    return _("Unbekannt, endet auf %(ending)s") % {"ending": handle[-2:]} if is_number else handle


# ── The thread ────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Quote:
    who: str
    text: str
    message: int


@dataclass
class Bubble:
    """A message as it is drawn."""

    message: Message
    who: str
    html: SafeString
    day: date | None = None  # a new day begins here
    follows: bool = False  # in one run with the message before
    quote: Quote | None = None
    delivery: words.Delivery | None = None
    media: list[Media] = field(default_factory=list)
    masked: bool = False  # holds what not everybody should read over a shoulder
    earlier: list[str] = field(default_factory=list)  # wordings before an edit
    way: str = ""  # the channel's kind, where the person has several
    campaign: int | None = None  # the message of the broadcast it belongs to, in this thread
    undo_until: datetime | None = None

    @property
    def out(self) -> bool:
        return self.message.author in OURS

    @property
    def line(self) -> str:
        return words.line(self.message)

    @property
    def word(self) -> str:
        return words.kind("deleted" if self.message.deleted_at else self.message.kind)

    @property
    def pending(self) -> bool:
        return any(media.state == Media.State.PENDING for media in self.media)

    @property
    def removable(self) -> bool:
        return self.message.author == Message.Author.NOTE and timezone.now() - self.message.created_at < NOTE_WITHIN

    @property
    def answerable(self) -> bool:
        return self.message.author == Message.Author.CITIZEN and bool(self.message.external_id) and not self.message.deleted_at


def thread(conversation: Conversation, *, before: Message | None = None) -> tuple[list[Bubble], bool]:
    """Read the newest bubbles, or those before a message; oldest first, and whether there are earlier ones."""
    found = _messages(conversation)
    if before:
        found = found.filter(Q(at__lt=before.at) | Q(at=before.at, id__lt=before.pk))
    page = list(found.order_by("-at", "-id")[: SLICE + 1])
    more, page = len(page) > SLICE, page[:SLICE][::-1]
    return bubbles(conversation, page), more


def around(conversation: Conversation, message: Message) -> tuple[list[Bubble], bool]:
    """Read what stands around a message that was searched for: half a slice before it, and what came after, up to some slices."""
    before = _messages(conversation).filter(Q(at__lt=message.at) | Q(at=message.at, id__lt=message.pk))
    earlier = list(before.order_by("-at", "-id")[: SLICE // 2 + 1])
    more, earlier = len(earlier) > SLICE // 2, earlier[: SLICE // 2][::-1]
    later = _messages(conversation).filter(Q(at__gt=message.at) | Q(at=message.at, id__gte=message.pk))
    return bubbles(conversation, earlier + list(later.order_by("at", "id")[:MOST_LATER])), more


def since(conversation: Conversation, number: int) -> list[Bubble]:
    """Read what was written after a message we already show. Arrival counts here: a late one must not be missed."""
    known = list(_messages(conversation).filter(pk=number))  # tells whether a run goes on or a new day begins
    return bubbles(conversation, known + list(_messages(conversation).filter(id__gt=number).order_by("at", "id")[:200]))[len(known) :]


def on(conversation: Conversation, number: int) -> list[Bubble]:
    """Read all from a message on, for a page that missed something; where it is no longer here, the newest slice."""
    first = _messages(conversation).filter(pk=number).first()
    if first is None:
        return thread(conversation)[0]
    later = _messages(conversation).filter(Q(at__gt=first.at) | Q(at=first.at, id__gte=first.pk))
    return bubbles(conversation, list(later.order_by("-at", "-id")[:MOST_LATER])[::-1])


def bubble(conversation: Conversation, number: int, *, bare: bool = False) -> Bubble | None:
    """Read one bubble with its place among its neighbours; `bare` shows what is hidden."""
    message = _messages(conversation).filter(pk=number).first()
    if message is None:
        return None
    earlier = Q(at__lt=message.at) | Q(at=message.at, id__lt=message.pk)
    before = _messages(conversation).filter(earlier).order_by("-at", "-id").first()
    return bubbles(conversation, [before, message] if before else [message], bare=bare)[-1]


def _messages(conversation: Conversation) -> QuerySet[Message]:
    found = (
        conversation.messages.exclude(author=Message.Author.SYSTEM, kind="undone")
        .select_related("operator", "channel", "outbound")
        .prefetch_related("media")
    )
    return found.defer("channel__config", "outbound__address")


def bubbles(conversation: Conversation, messages: list[Message], *, bare: bool = False) -> list[Bubble]:
    """Draw messages, in their order."""
    name = name_of(conversation.contact, conversation.last_address)
    quotes = _quotes(conversation, messages, name)
    campaigns, several = _campaigns(conversation, messages), _several(conversation)
    found: list[Bubble] = []
    for message in messages:
        before = found[-1].message if found else None
        day = timezone.localtime(message.at).date()
        first = before is None or timezone.localtime(before.at).date() != day
        masked = not bare and hidden(message)
        found.append(
            Bubble(
                message=message, who=_who(message, name), html=_html(message, masked=masked),
                day=day if first else None, follows=bool(before and not first and _one_run(before, message)),
                quote=quotes.get(message.quote), delivery=words.delivery(message.outbound) if message.outbound else None,
                media=sorted(message.media.all(), key=lambda media: media.created_at), masked=masked,
                earlier=_earlier(message, masked=masked),
                way=message.channel.kind if several and message.channel else "",
                campaign=campaigns.get(message.broadcast) if message.author == Message.Author.CITIZEN else None,
                undo_until=answering.undoable(message.outbound),
            )
        )  # fmt: skip
    return found


def hidden(message: Message) -> bool:
    """Whether a message holds what is masked until somebody asks to see it."""
    return message.author == Message.Author.CITIZEN and not care.SENSITIVE.isdisjoint(message.flags)


def _html(message: Message, *, masked: bool) -> SafeString:
    if not masked:
        return words.html(message, ours=message.author in OURS)
    return words.html(Message(author=message.author, text=care.mask(message.text)), ours=False)


def _earlier(message: Message, *, masked: bool) -> list[str]:
    texts = [version["text"] for version in message.data.get("earlier", ())]
    return [care.mask(text) for text in texts] if masked else texts


def _campaigns(conversation: Conversation, messages: Sequence[Message]) -> dict[int | None, int]:
    """Where the broadcasts that were answered stand in this thread."""
    numbers = {message.broadcast for message in messages if message.broadcast}
    if not numbers:
        return {}
    shown = conversation.messages.filter(author=Message.Author.BROADCAST, broadcast__in=numbers)
    return dict(shown.values_list("broadcast", "pk"))


def _several(conversation: Conversation) -> bool:
    """Whether the person reaches us by more than one channel."""
    return conversation.contact.addresses.values("channel").distinct().count() > 1


def _who(message: Message, name: str) -> str:
    if message.author == Message.Author.CITIZEN:
        return name
    by = message.data.get("by") if message.author == Message.Author.NOTE else None  # an automatic's note says which one's
    return message.operator.name if message.operator else by or words.author(message.author)


def _one_run(before: Message, message: Message) -> bool:
    same = (before.author, before.operator_id, before.channel_id) == (message.author, message.operator_id, message.channel_id)
    return same and message.author in {*OURS, Message.Author.CITIZEN} and message.at - before.at <= SAME_RUN


def _quotes(conversation: Conversation, messages: Sequence[Message], name: str) -> dict[str, Quote]:
    """Find what the messages quote, all at once: the citizen's by their own id, ours by the id of one of their parts."""
    wanted = {message.quote for message in messages if message.quote}
    if not wanted:
        return {}
    found: dict[str, Quote] = {}
    ours: dict[int | None, str | None] = dict(
        Part.objects.filter(external_id__in=wanted, channel__organisation=conversation.organisation_id).values_list(
            "outbound", "external_id"
        )
    )
    quoted = conversation.messages.filter(Q(external_id__in=wanted) | Q(outbound__in=ours)).select_related("operator")
    for message in quoted:
        text = (care.mask(message.text) if hidden(message) else message.text)[:160] or words.kind(
            "deleted" if message.deleted_at else message.kind
        )
        external_id = message.external_id or ours.get(message.outbound_id) or ""
        found[external_id] = Quote(_who(message, name), text, message.pk)
    return found


# ── Beside the thread ─────────────────────────────────────────────────────


def beside(conversation: Conversation, *, anonymous: bool = True) -> dict[str, Any]:
    """Collect what stands beside the thread: ways to reach them, topics, consents, broadcasts, earlier matters, notes.

    `anonymous`: who answered earlier is not said, because the works council wants no record of persons.
    """
    contact = conversation.contact
    newest: dict[str, Any] = {}
    topics = {f"topic:{topic.key}": str(topic) for topic in Topic.objects.filter(organisation=conversation.organisation_id)}
    for consent in contact.consents.select_related("channel").defer("channel__config").order_by("at", "id"):
        newest[consent.purpose] = consent
    broadcasts = list(conversation.messages.filter(author=Message.Author.BROADCAST).order_by("-at")[:5])
    for message in broadcasts:
        message.line = " ".join(markdown.plain(markdown.read(message.text)).split())  # type: ignore[attr-defined]
    return {
        "addresses": list(contact.addresses.select_related("channel").defer("channel__config").order_by("channel__name", "id")),
        "subscriptions": list(contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic").order_by("topic__position")),
        "consents": [words.consent(consent, topics.get(consent.purpose, "")) for consent in newest.values()],
        "broadcasts": broadcasts,
        "earlier": _matters(conversation, anonymous=anonymous),
        "notes": list(conversation.messages.filter(author=Message.Author.NOTE).select_related("operator").order_by("-at", "-id")[:5]),
    }


def _matters(conversation: Conversation, *, anonymous: bool) -> list[Stretch]:
    """The closed matters of a thread, newest first."""
    rows = conversation.stretches.filter(closed_at__isnull=False).select_related("topic", "operator")
    found = list(rows.order_by("-opened_at")[:20])
    for matter in found:
        matter.who = "" if anonymous or matter.operator is None else matter.operator.name  # type: ignore[attr-defined]
    return found
