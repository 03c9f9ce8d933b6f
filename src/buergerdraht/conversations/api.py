"""Threads and their messages for another system. Confidential threads do not exist here, and reading is logged as at the desk.

Notes and what happened at the desk stay inside; what is sensitive in a citizen's words is hidden, as in every list of ours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Strict, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.connectors.contract import Content
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import actions, answering, care, composing, reading, sight, words
from buergerdraht.conversations.models import Conversation, Message

router = Router(tags=["conversations"])
INSIDE = (Message.Author.NOTE, Message.Author.SYSTEM)
LONGEST = 20_000


# ── Threads ───────────────────────────────────────────────────────────────


class ConversationShown(Schema):
    """A thread, without what was said. `taken`: somebody of the authority is responsible for it."""

    id: int
    contact: int
    state: Literal["bot", "open", "closed"]
    aside: Literal["", "chain", "insult", "spam", "blocked"]
    team: int | None
    taken: bool
    topic: int | None
    labels: list[str]
    unread: int
    urgent: bool
    waiting_since: datetime | None
    due_at: datetime | None
    last_at: datetime | None
    created_at: datetime
    closed_at: datetime | None


class ConversationOne(ConversationShown):
    """`address`: where an answer goes by itself; `open_until`: until when the messenger takes free text, null without an end."""

    address: int | None
    open: bool
    open_until: datetime | None


class ConversationsWanted(Paging):
    state: Literal["bot", "open", "closed"] | None = None
    topic: Number | None = None
    team: Number | None = None
    contact: Number | None = None
    taken: bool | None = None
    changed_since: Moment | None = Field(None, description="With a message since, or begun or closed since.")


@router.get("/conversations", auth=needs("conversations:read"), response=Page[ConversationShown], operation_id="conversations")
def listing(request: ApiRequest, wanted: Query[ConversationsWanted]) -> dict[str, Any]:
    """List the threads that fit."""
    rows = _visible(request).prefetch_related("labels")
    for name in ("state", "topic", "team", "contact"):
        if (value := getattr(wanted, name)) is not None:
            rows = rows.filter(**{name: value})
    if wanted.taken is not None:
        rows = rows.filter(operator__isnull=not wanted.taken)
    if since := wanted.changed_since:
        rows = rows.filter(Q(last_at__gte=since) | Q(closed_at__gte=since) | Q(created_at__gte=since))
    return page(request, rows, wanted, lambda row: ConversationShown(**_thread(row)))


@router.get("/conversations/{int:conversation}", auth=needs("conversations:read"), response=ConversationOne, operation_id="conversation")
def one(request: ApiRequest, conversation: Path[Number]) -> ConversationOne:
    """Show a thread, and whether it can be answered now."""
    found = _found(request, conversation)
    address = found.last_address
    window = outreach.window(address) if address else outreach.Window(False)
    return ConversationOne(**_thread(found), address=found.last_address_id, open=window.open, open_until=window.until)


def _visible(request: ApiRequest) -> Any:
    return sight.shared(request.organisation, list(request.token.teams.values_list("pk", flat=True)))


def _found(request: ApiRequest, number: int) -> Conversation:
    rows = _visible(request).select_related("organisation", "contact", "last_address__channel")
    found: Conversation = get_object_or_404(rows, pk=number)
    return found


def _thread(row: Conversation) -> dict[str, Any]:
    return {
        "id": row.pk, "contact": row.contact_id, "state": row.state, "aside": row.aside, "team": row.team_id,
        "taken": row.operator_id is not None, "topic": row.topic_id, "labels": [label.name for label in row.labels.all()],
        "unread": row.unread, "urgent": row.urgent_at is not None, "waiting_since": row.waiting_since, "due_at": row.due_at,
        "last_at": row.last_at, "created_at": row.created_at, "closed_at": row.closed_at,
    }  # fmt: skip


# ── Messages ──────────────────────────────────────────────────────────────


class FileShown(Schema):
    """A file beside a message: what it is. The file itself stays in the console."""

    id: str
    kind: str
    state: str
    file_name: str
    description: str


class MessageShown(Schema):
    """`masked`: something sensitive in `text` is hidden. `delivery` is of ours: sending, accepted, delivered, read, failed, unclear …"""

    id: int
    author: Literal["citizen", "operator", "bot", "broadcast"]
    kind: str
    text: str
    masked: bool
    channel: int | None
    address: int | None
    files: list[FileShown]
    delivery: str | None
    at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


class MessagesWanted(Paging):
    changed_since: Moment | None = Field(None, description="Written, edited or taken back since.")


class Answer(Wish):
    """`seen`: the newest message of the citizen you know; where they wrote since, nothing is sent and you are told (409 `news`)."""

    text: Text = Field(min_length=1, max_length=LONGEST, description="Markdown: **bold** _italic_ ~~struck~~ [title](url) - list")
    address: Strict | None = Field(None, description="Another address of the contact; without it, where they wrote last.")
    seen: Strict | None = None


class Answered(Schema):
    id: int
    conversation: int
    address: int
    at: datetime


@router.get(
    "/conversations/{int:conversation}/messages", auth=needs("conversations:read"), response=Page[MessageShown], operation_id="messages"
)
def messages(request: ApiRequest, conversation: Path[Number], wanted: Query[MessagesWanted]) -> dict[str, Any]:
    """Read what was said, by arrival. The log notes that this token read the thread."""
    found = _found(request, conversation)
    actions.mark_read(found, operator=request.operator, answers=False)
    rows = found.messages.exclude(author__in=INSIDE).exclude(kind="parked").select_related("outbound").prefetch_related("media")
    if since := wanted.changed_since:
        rows = rows.filter(Q(created_at__gte=since) | Q(edited_at__gte=since) | Q(deleted_at__gte=since))
    return page(request, rows, wanted, _message)


@router.post(
    "/conversations/{int:conversation}/messages", auth=needs("conversations:answer"), response={201: Answered}, operation_id="answer"
)
def answer(request: ApiRequest, conversation: Path[Number], wish: Answer, key: Key) -> HttpResponse:
    """Answer a citizen, by the one door out: consent, window and the colleague who holds the thread count as at the desk."""
    return once(request, key, lambda: _answer(request, conversation, wish))


def _message(row: Message) -> MessageShown:
    masked = reading.hidden(row)
    files = [
        FileShown(id=str(each.pk), kind=each.kind, state=each.state, file_name=each.file_name, description=each.alt)
        for each in row.media.all()
    ]
    return MessageShown(
        id=row.pk, author=row.author, kind="deleted" if row.deleted_at else row.kind,  # type: ignore[arg-type]
        text=care.mask(row.text) if masked else row.text, masked=masked, channel=row.channel_id, address=row.address_id, files=files,
        delivery=words.delivery(row.outbound).code if row.outbound else None,
        at=row.at, edited_at=row.edited_at, deleted_at=row.deleted_at,
    )  # fmt: skip


def _answer(request: ApiRequest, number: int, wish: Answer) -> tuple[int, Answered]:
    conversation = _found(request, number)
    if conversation.operator_id is not None:
        raise Problem(409, "held", _("Jemand hat diese Unterhaltung übernommen. Nur diese Person antwortet."))
    address = _address(conversation, wish.address)
    content = Content(text=wish.text)
    for note in composing.notes(address.channel, content):
        if note.level == "error":
            raise wrong("text", _(note.text).format(**note.values))
    try:
        message = answering.reply(
            conversation, content, operator=request.operator, address=address, desired=answering.Desired(seen=wish.seen, undo=False)
        )
    except answering.News as news:
        sentence = _("Die Person hat inzwischen geschrieben. Es wurde nichts gesendet.")
        raise Problem(409, "news", sentence, messages=[each.pk for each in news.messages]) from None
    except outreach.Refused as refusal:
        why = REASONS.get(refusal.reason, REASONS["unknown"])
        raise Problem(409, refusal.reason, f"{_(why.title)}. {_(why.advice)}") from None
    except ValidationError as problem:  # a colleague writes at this moment
        raise Problem(409, getattr(problem, "code", None) or "held", " ".join(problem.messages)) from None
    return 201, Answered(id=message.pk, conversation=conversation.pk, address=address.pk, at=message.at)


def _address(conversation: Conversation, number: int | None) -> Address:
    rows = Address.objects.select_related("channel", "contact", "organisation").filter(contact=conversation.contact_id)
    if number is not None and (found := rows.filter(pk=number).first()):
        return found
    if number is not None:
        raise wrong("address", _("Diese Adresse gehört nicht zu diesem Kontakt."))
    if conversation.last_address_id is None:
        raise Problem(409, "no_address", _("Diese Person hat keinen Kanal, über den Sie antworten können."))
    return rows.get(pk=conversation.last_address_id)
