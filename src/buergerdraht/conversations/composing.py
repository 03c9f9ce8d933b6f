"""What the reply field needs to know: by which way, for how long still, with which templates, and whether a colleague answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Operator
from buergerdraht.connectors.contract import Content, Note, TemplateUse
from buergerdraht.contacts import outreach
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import outgoing, pen, public, saved_answers, words
from buergerdraht.conversations.models import Conversation, Message
from buergerdraht.gateway import channels
from buergerdraht.gateway.models import Channel, Media, MessageTemplate

SOON = timedelta(hours=2)
PLACEHOLDER = re.compile(r"{{\s*(\w+)\s*}}")
MEDIA_HEADERS = {"IMAGE", "VIDEO", "DOCUMENT", "LOCATION"}


@dataclass(frozen=True)
class Clock:
    """The time in which the messenger allows free text, as the screen shows it."""

    until: datetime
    rest: str
    percent: int
    tone: str  # is-ok, is-warn, is-bad


@dataclass(frozen=True)
class Field:
    """One variable of a template."""

    name: str
    label: str
    value: str = ""


@dataclass(frozen=True)
class Choice:
    """A template one can send, with its variables."""

    row: MessageTemplate
    body: str
    fields: Sequence[Field]

    @property
    def title(self) -> str:
        return f"{self.row.name.replace('_', ' ')} ({self.row.language})"


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the field when it is drawn: what was begun, or what was taken back."""

    text: str = ""
    kind: str = pen.ANSWER
    over: int | None = None  # whose draft this is
    quote: str = ""
    kept: Sequence[Kept] = ()  # files that are here already
    choices: Sequence[str] = ()
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a reply taken back; the token lets this thread send it again."""

    media: Media
    token: str


@dataclass(frozen=True, kw_only=True)
class Composer:
    address: Address | None
    addresses: Sequence[Address]
    open: bool
    clock: Clock | None
    locked_by: Operator | None
    templates: Sequence[Choice]
    limit: int
    sounds: str  # types of sound files the messenger takes, for the recorder
    waiting: bool  # a reply is already waiting for the citizen's answer
    language: str  # for the spell check
    pen: pen.Pen
    filled: Filled
    newest: int  # of the citizen's messages this page shows
    signature: str = ""
    most_choices: int = 0
    choice_letters: int = 0
    reach: str = ""  # who reads the answer, see `public`
    once: UUID = field(default_factory=uuid4)
    once_other: UUID = field(default_factory=uuid4)  # of the template beside it: not the same reply


def composer(conversation: Conversation, operator: Operator, address_id: int | None = None, filled: Filled | None = None) -> Composer:
    """Collect what the reply field shows."""
    found = conversation.contact.addresses.select_related("channel", "contact").order_by("id")
    addresses = list(found.exclude(state=Address.State.BLOCKED))
    wanted = address_id or conversation.last_address_id
    usable = [address for address in addresses if address.state == Address.State.ACTIVE]
    address = next((each for each in addresses if each.pk == wanted), None) or next(iter(usable), None)
    written = pen.look(conversation, operator)
    locked_by = conversation.operator if conversation.operator_id not in {None, operator.pk} else None
    common: dict[str, Any] = {
        "locked_by": locked_by, "language": conversation.contact.language, "pen": written, "newest": newest(conversation),
        "filled": filled or begun(written, operator, locked=locked_by is not None),
    }  # fmt: skip
    if address is None:
        return Composer(
            address=None, addresses=[], open=False, clock=None, templates=[], limit=0, sounds="", waiting=False, **common
        )  # fmt: skip
    limits, window = channels.limits(address.channel), outreach.window(address, by_person=True)
    return Composer(
        address=address,
        addresses=usable,
        open=window.open,
        clock=clock(window.until, max(limits.window_hours, channels.human_hours(address.channel)))
        if window.open and window.until
        else None,
        templates=templates(address.channel, conversation.contact.language) if limits.templates else [],
        limit=limits.text,
        sounds=" ".join(mime for kind in ("voice", "audio") for mime in limits.mimes.get(kind, ())),
        waiting=not window.open and conversation.messages.filter(kind="parked").exists(),
        signature=saved_answers.signature(conversation, operator),
        reach=public.reach(conversation, address),
        most_choices=max(limits.buttons, limits.list_rows),
        choice_letters=limits.button_title,
        **common,
    )


def begun(written: pen.Pen, operator: Operator, *, locked: bool) -> Filled:
    """Go on with the draft, unless a colleague is writing it this moment, or it is theirs and only they may answer."""
    draft = written.draft
    if draft is None or written.other or (locked and draft.operator_id != operator.pk):
        return Filled()
    return Filled(text=draft.text, kind=draft.kind, over=draft.operator_id)


def taken_back(conversation: Conversation, written: Message, operator: Operator, typed: str = "") -> Filled:
    """Fill the field with a reply that was taken back, before what was typed since."""
    text = saved_answers.unsigned(written.text, saved_answers.signature(conversation, operator))
    place = written.data.get("location") or {}
    if place:
        place = {**place, "point": f"{place['latitude']}, {place['longitude']}"}
    return Filled(
        text="\n\n".join(part for part in (text, typed) if part) if written.kind != "template" else typed,
        quote=written.quote, choices=written.data.get("choices", ()), place=place,
        kept=[Kept(media, token(conversation, media)) for media in vars(written).get("attached", ())],
    )  # fmt: skip


def token(conversation: Conversation, media: Media) -> str:
    """Seal which file this thread may send again: nobody attaches another thread's file by its number."""
    return signing.dumps([conversation.pk, str(media.pk)], salt="conversations.kept")


def kept(conversation: Conversation, token: str) -> Media | None:
    try:
        number, media = signing.loads(token, salt="conversations.kept", max_age=86400)
    except signing.BadSignature:
        return None
    if number != conversation.pk:
        return None
    return Media.objects.filter(organisation=conversation.organisation_id, pk=media).first()


def newest(conversation: Conversation) -> int:
    rows = conversation.messages.filter(author=Message.Author.CITIZEN).order_by("-id")
    return rows.values_list("id", flat=True).first() or 0


def clock(until: datetime, hours: int) -> Clock:
    rest = until - timezone.now()
    percent = max(0, min(100, round(100 * rest / timedelta(hours=hours)))) if hours else 100
    shown = rest if rest < timedelta(hours=2) else rest - rest % timedelta(hours=1)  # minutes only where they matter
    return Clock(until, words.span(shown), percent, "is-ok" if rest > SOON else "is-warn")


def templates(channel: Channel, language: str) -> list[Choice]:
    """List the approved templates that can be filled here, those in the citizen's language first."""
    approved = MessageTemplate.objects.filter(channel=channel, status__iexact="approved", paused=False).order_by("name", "language")
    rows = sorted(approved, key=lambda row: row.language.split("_")[0] != language)
    return [choice(row) for row in rows if str(row.template.get("header_kind", "")).upper() not in MEDIA_HEADERS]


def choice(row: MessageTemplate, values: Mapping[str, str] | None = None) -> Choice:
    template, values = row.template, values or {}
    fields = [
        Field(f"{part}.{name}", _("Feld %(name)s") % {"name": name}, values.get(f"{part}.{name}", ""))
        for part in ("header", "body")
        for name in dict.fromkeys(PLACEHOLDER.findall(template.get(part, "")))
    ]
    for index, button in enumerate(template.get("buttons", [])):
        if PLACEHOLDER.search(button.get("url", "")):
            fields.append(Field(f"buttons.url:{index}", _("Link hinter „%(title)s“") % {"title": button.get("title", "")},
                                values.get(f"buttons.url:{index}", "")))  # fmt: skip
    shown = [outgoing.fill_in(template.get(part, ""), _of(values, part)) for part in ("header", "body", "footer")]
    return Choice(row, "\n\n".join(part for part in shown if part), fields)


def use(row: MessageTemplate, values: Mapping[str, str]) -> Content:
    """Make the content that sends a template with these values."""
    return Content(
        template=TemplateUse(
            name=row.name, language=row.language, body=_of(values, "body"), header=_of(values, "header"), buttons=_of(values, "buttons")
        )
    )


def _of(values: Mapping[str, str], part: str) -> dict[str, str]:
    return {name.removeprefix(f"{part}."): value for name, value in values.items() if name.startswith(f"{part}.") and value}


def notes(channel: Channel, content: Content) -> Sequence[Note]:
    """Say what the messenger will change about a reply, in its own words (law 16)."""
    if channels.reaches_people(channel.kind):
        return channels.plan_of(channel.kind, content).notes
    answer = msgspec.structs.replace(content, quote=content.quote or "0")  # it will hang on what it answers
    return channels.connector(channel).plan(answer).notes
