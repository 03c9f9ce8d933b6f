"""Threads and their messages for another system. Confidential threads do not exist here, and reading is logged as at the desk.

Notes and what happened at the desk stay inside; what is sensitive in a citizen's words is hidden, as in every list of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.models import Membership, Operator, Team
from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.files import BINARY, sent
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Strict, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.accounts.rights import Right, may
from buergerdraht.connectors.contract import Content
from buergerdraht.connectors.reasons import REASONS
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import actions, answering, care, composing, holding, reading, sight, words
from buergerdraht.conversations.models import Conversation, Label, Message
from buergerdraht.gateway import files, sealing
from buergerdraht.gateway.models import Media

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
    """A file beside a message. It can be fetched where its `state` is ready."""

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


@router.get(
    "/conversations/{int:conversation}/files/{uuid:file}", auth=needs("conversations:read"), operation_id="message_file",
    openapi_extra=BINARY,
)  # fmt: skip
def message_file(request: ApiRequest, conversation: Path[Number], file: Path[UUID]) -> HttpResponseBase:
    """Fetch a file of a message. The log notes that this token read the thread."""
    found = _found(request, conversation)
    messages = found.messages.exclude(author__in=INSIDE).filter(deleted_at=None)
    media = get_object_or_404(Media, organisation=request.organisation, pk=file, pk__in=messages.values("media"))
    if media.state != Media.State.READY:
        raise Problem(409, "not_ready", _("Die Datei ist noch nicht da, oder nicht mehr."))
    actions.mark_read(found, operator=request.operator, answers=False)
    return sent(files.path(media), media.mime, sealing.opened)


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


# ── Who has it, and how it is sorted ──────────────────────────────────────


class LabelShown(Schema):
    id: int
    name: str


class Holder(Wish):
    """Who is responsible, by the address they sign in with; null gives the thread back to everybody."""

    email: Text | None = Field(max_length=254)


class ToTeam(Wish):
    team: Strict


class Sorted(Wish):
    labels: list[Strict] = Field(max_length=50, description="All that the thread is to have.")


@router.get("/labels", auth=needs("conversations:read"), response=Page[LabelShown], operation_id="labels")
def label_list(request: ApiRequest, wanted: Query[Paging]) -> dict[str, Any]:
    """List the words that sort threads."""
    rows = Label.objects.filter(organisation=request.organisation)
    return page(request, rows, wanted, lambda row: LabelShown(id=row.pk, name=row.name))


@router.post(
    "/conversations/{int:conversation}/close", auth=needs("conversations:write"), response=ConversationShown,
    operation_id="close_conversation",
)  # fmt: skip
def close(request: ApiRequest, conversation: Path[Number], key: Key) -> HttpResponse:
    """Say that a thread is done. A new message of the citizen opens it again."""
    return _do(request, conversation, key, lambda row: holding.close(row, operator=request.operator))


@router.post(
    "/conversations/{int:conversation}/holder", auth=needs("conversations:write"), response=ConversationShown,
    operation_id="assign_conversation",
)  # fmt: skip
def assign(request: ApiRequest, conversation: Path[Number], wish: Holder, key: Key) -> HttpResponse:
    """Give a thread to a colleague."""
    return _do(
        request, conversation, key, lambda row: holding.assign(row, by=request.operator, operator=_colleague(request, wish.email))
    )  # fmt: skip


@router.post(
    "/conversations/{int:conversation}/team", auth=needs("conversations:write"), response=ConversationShown,
    operation_id="hand_conversation",
)  # fmt: skip
def hand(request: ApiRequest, conversation: Path[Number], wish: ToTeam, key: Key) -> HttpResponse:
    """Hand a thread to a team."""
    return _do(request, conversation, key, lambda row: holding.assign(row, by=request.operator, team=_team(request, wish.team)))


@router.post(
    "/conversations/{int:conversation}/labels", auth=needs("conversations:write"), response=ConversationShown,
    operation_id="label_conversation",
)  # fmt: skip
def label(request: ApiRequest, conversation: Path[Number], wish: Sorted, key: Key) -> HttpResponse:
    """Set the labels of a thread."""
    return _do(request, conversation, key, lambda row: holding.label(row, _labels(request, wish.labels), operator=request.operator))


def _colleague(request: ApiRequest, email: str | None) -> Operator | None:
    if email is None:
        return None
    rows = Membership.objects.filter(organisation=request.organisation, operator__is_active=True, operator__email__iexact=email)
    member = rows.select_related("operator").first()
    if member is None or not may(member, Right.ANSWER):
        raise wrong("email", _("Diese Person antwortet hier nicht."))
    return member.operator


def _team(request: ApiRequest, number: int) -> Team:
    team = Team.objects.filter(organisation=request.organisation, pk=number).first()
    if team is None:
        raise wrong("team", _("Dieses Team gibt es nicht."))
    return team


def _labels(request: ApiRequest, numbers: list[int]) -> list[Label]:
    chosen = list(Label.objects.filter(organisation=request.organisation, pk__in=numbers))
    if len(chosen) != len(set(numbers)):
        raise wrong("labels", _("Dieses Etikett gibt es in Ihrer Organisation nicht."))
    return chosen


def _do(request: ApiRequest, number: int, key: str | None, do: Callable[[Conversation], object]) -> HttpResponse:
    """Do it once, and say how the thread stands then; where teams are apart it may be out of the token's sight."""

    def done() -> tuple[int, ConversationShown]:
        try:
            do(_found(request, number))
        except ValidationError as problem:
            raise Problem(409, "held", " ".join(problem.messages)) from None
        return 200, ConversationShown(**_thread(Conversation.objects.prefetch_related("labels").get(pk=number)))

    return once(request, key, done)
