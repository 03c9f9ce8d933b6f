"""What the inbox shows: the list, its counts, and a slice of a thread as bubbles. Reads only; the number of queries is fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.connectors import markdown
from buergerdraht.contacts import finding
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import words
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway.models import Media, Part

PAGE = 50
SLICE = 40
MOST_GATHERED = 5_000  # messages with the words searched for; more of them are walked to
SAME_RUN = timedelta(minutes=5)

MINE, NEW, ALL, DONE = "meine", "neu", "alle", "erledigt"
VIEWS = (MINE, NEW, ALL, DONE)
OURS = {Message.Author.OPERATOR, Message.Author.BOT, Message.Author.BROADCAST}


# ── The list ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the operator wants to see in the list."""

    view: str = NEW
    query: str = ""
    channels: Sequence[int] = ()
    team: int | None = None
    unanswered: bool = False
    automatic: bool = False  # also those only talking to automatics


@dataclass(frozen=True)
class Row:
    conversation: Conversation
    name: str
    preview: str
    new: bool
    waiting: str


def counts(organisation: Organisation, operator: Operator) -> dict[str, int]:
    """Count what is open, in one query."""
    found = Conversation.objects.filter(organisation=organisation, state=Conversation.State.OPEN).aggregate(
        mine=Count("id", filter=Q(operator=operator)), new=Count("id", filter=Q(operator=None)), all=Count("id")
    )
    return {MINE: found["mine"], NEW: found["new"], ALL: found["all"]}


def rows(organisation: Organisation, operator: Operator, asked: Asked, offset: int = 0) -> tuple[list[Row], bool]:
    """List a page of conversations, the longest waiting first, and say whether there are more."""
    if asked.query:
        page = _searched(organisation, asked.query, offset)
    else:
        found = _chosen(organisation, operator, asked)
        order = ["-last_at"] if asked.view == DONE else ["waiting_since", "-last_at"]  # as the indexes stand; PostgreSQL puts nulls last
        page = list(found.order_by(*order, "-id")[offset : offset + PAGE + 1])
    return [_row(conversation) for conversation in page[:PAGE]], len(page) > PAGE


def next_waiting(organisation: Organisation, operator: Operator, after: int | None = None) -> Conversation | None:
    """Find who waits longest among mine and the unassigned ones."""
    found = Conversation.objects.filter(Q(operator=operator) | Q(operator=None), organisation=organisation, state=Conversation.State.OPEN)
    return found.exclude(pk=after or 0).order_by("waiting_since", "-last_at").first()


def _chosen(organisation: Organisation, operator: Operator, asked: Asked) -> QuerySet[Conversation]:
    found = _drawn().filter(organisation=organisation)
    state = Q(state=Conversation.State.CLOSED) if asked.view == DONE else Q(state=Conversation.State.OPEN)
    if asked.view == ALL and asked.automatic:
        state |= Q(state=Conversation.State.BOT)
    found = found.filter(state)
    if asked.view == MINE:
        found = found.filter(operator=operator)
    if asked.view == NEW:
        found = found.filter(operator=None)
    if asked.channels:
        found = found.filter(last_address__channel__in=asked.channels)
    if asked.team:
        found = found.filter(team=asked.team)
    return found.filter(waiting_since__isnull=False) if asked.unanswered else found


def _drawn() -> QuerySet[Conversation]:
    """Conversations with what a row of the list shows of them."""
    return Conversation.objects.select_related("contact", "operator", "team", "last_address__channel").defer(
        "last_address__channel__config", "last_address__address"
    )


def _searched(organisation: Organisation, query: str, offset: int) -> list[Conversation]:
    """Find by words of the messages (by their beginnings) or by the contact's name or number: a page, the newest first, and one more.

    Of a rare word the index gives every message at once. A frequent one stands in so many that gathering them all takes seconds,
    but it is soon met on a walk from the newest conversation on.
    """
    found = Conversation.objects.filter(organisation=organisation)
    by_name = Q(contact__in=finding.search(organisation.pk, query))
    said = _said(organisation, query)
    few = list(said.values_list("conversation_id", flat=True)[: MOST_GATHERED + 1]) if said is not None else []
    if said is None or len(few) <= MOST_GATHERED:
        newest = found.filter(by_name | Q(pk__in=set(few))).order_by("-last_at", "-id").values_list("pk", flat=True)
        page = list(newest[offset : offset + PAGE + 1])
    else:
        page = _walked(found, by_name, said, offset + PAGE + 1)[offset:]
    return list(_drawn().filter(pk__in=page).order_by("-last_at", "-id"))


def _said(organisation: Organisation, query: str) -> QuerySet[Message] | None:
    """The messages that hold every word of the query; None where it holds none."""
    letters = "".join(letter if letter.isalnum() else " " for letter in query)
    raw = " & ".join(f"{word}:*" for word in letters.split())
    if not raw:
        return None
    said = Message.objects.filter(organisation=organisation, deleted_at=None).annotate(words=SearchVector("text", config="simple"))
    return said.filter(words=SearchQuery(raw, config="simple", search_type="raw"))


def _walked(found: QuerySet[Conversation], by_name: Q, said: QuerySet[Message], most: int) -> list[int]:
    """Walk each state's conversations from the newest on, as the index lies, and put the finds in order."""
    # A subquery for one value, and no EXISTS: PostgreSQL would turn that into gathering all messages again.
    hit = Subquery(said.filter(conversation=OuterRef("pk")).values("id")[:1])
    newest: list[tuple[datetime, int]] = []
    for state in Conversation.State.values:
        rows = found.filter(state=state, last_at__isnull=False).annotate(hit=hit).filter(by_name | Q(hit__isnull=False))
        walked = rows.order_by("-last_at", "-id").values_list("last_at", "pk")[:most]
        newest += [(at, number) for at, number in walked if at is not None]
    return [number for _, number in sorted(newest, reverse=True)[:most]]


def _row(conversation: Conversation) -> Row:
    text = conversation.last_text or words.kind(conversation.last_kind)
    if conversation.last_author in OURS:
        text = f"{words.author(conversation.last_author)}: {text}"
    return Row(
        conversation=conversation,
        name=name_of(conversation.contact, conversation.last_address),
        preview=text,
        new=conversation.state == Conversation.State.OPEN and conversation.operator_id is None and conversation.unread > 0,
        waiting=words.waited(timezone.now() - conversation.waiting_since) if conversation.waiting_since else "",
    )


def name_of(contact: Contact, address: Address | None) -> str:
    """Say whom we talk to: the name they gave, else the end of what we reach them by."""
    if contact.name:
        return contact.name
    ending = (address.handle if address else "")[-2:]
    return _("Unbekannt, endet auf %(ending)s") % {"ending": ending} if ending else _("Unbekannt")


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

    @property
    def out(self) -> bool:
        return self.message.author in OURS

    @property
    def line(self) -> str:
        return words.line(self.message)

    @property
    def pending(self) -> bool:
        return any(media.state == Media.State.PENDING for media in self.media)

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
    return _bubbles(conversation, page), more


def since(conversation: Conversation, number: int) -> list[Bubble]:
    """Read what was written after a message we already show. Arrival counts here: a late one must not be missed."""
    known = list(_messages(conversation).filter(pk=number))  # tells whether a run goes on or a new day begins
    return _bubbles(conversation, known + list(_messages(conversation).filter(id__gt=number).order_by("at", "id")[:200]))[len(known) :]


def bubble(conversation: Conversation, number: int) -> Bubble | None:
    """Read one bubble with its place among its neighbours."""
    message = _messages(conversation).filter(pk=number).first()
    if message is None:
        return None
    earlier = Q(at__lt=message.at) | Q(at=message.at, id__lt=message.pk)
    before = _messages(conversation).filter(earlier).order_by("-at", "-id").first()
    return _bubbles(conversation, [before, message] if before else [message])[-1]


def _messages(conversation: Conversation) -> QuerySet[Message]:
    found = conversation.messages.select_related("operator", "channel", "outbound").prefetch_related("media")
    return found.defer("channel__config", "outbound__address")


def _bubbles(conversation: Conversation, messages: list[Message]) -> list[Bubble]:
    name = name_of(conversation.contact, conversation.last_address)
    quotes = _quotes(conversation, messages, name)
    found: list[Bubble] = []
    for message in messages:
        before = found[-1].message if found else None
        day = timezone.localtime(message.at).date()
        first = before is None or timezone.localtime(before.at).date() != day
        found.append(
            Bubble(
                message=message, who=_who(message, name), html=words.html(message, ours=message.author in OURS),
                day=day if first else None, follows=bool(before and not first and _one_run(before, message)),
                quote=quotes.get(message.quote), delivery=words.delivery(message.outbound) if message.outbound else None,
                media=list(message.media.all()),
            )
        )  # fmt: skip
    return found


def _who(message: Message, name: str) -> str:
    if message.author == Message.Author.CITIZEN:
        return name
    return message.operator.name if message.operator else words.author(message.author)


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
        text = message.text[:160] or words.kind("deleted" if message.deleted_at else message.kind)
        external_id = message.external_id or ours.get(message.outbound_id) or ""
        found[external_id] = Quote(_who(message, name), text, message.pk)
    return found


# ── Beside the thread ─────────────────────────────────────────────────────


def beside(conversation: Conversation) -> dict[str, Any]:
    """Collect what stands beside the thread: ways to reach them, topics, consents, broadcasts answered."""
    contact = conversation.contact
    newest: dict[str, Any] = {}
    topics = {f"topic:{topic.key}": str(topic) for topic in Topic.objects.filter(organisation=conversation.organisation_id)}
    for consent in contact.consents.select_related("channel").defer("channel__config").order_by("at", "id"):
        newest[consent.purpose] = consent
    broadcasts = list(conversation.messages.filter(author=Message.Author.BROADCAST).order_by("-at")[:5])
    for message in broadcasts:
        message.line = " ".join(markdown.plain(markdown.read(message.text)).split())  # type: ignore[attr-defined]
    return {
        "language": words.language(contact.language),
        "addresses": list(contact.addresses.select_related("channel").defer("channel__config").order_by("channel__name", "id")),
        "subscriptions": list(contact.subscriptions.filter(confirmed_at__isnull=False).select_related("topic").order_by("topic__position")),
        "consents": [words.consent(consent, topics.get(consent.purpose, "")) for consent in newest.values()],
        "broadcasts": broadcasts,
    }
