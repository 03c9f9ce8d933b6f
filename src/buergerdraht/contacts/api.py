"""Topics, districts, contacts and subscriptions for another system: by which messenger a citizen is reached, never under what number.

Whose thread a token may not see is no contact here. None is made here: a contact begins with the citizen's own message, or with an
import that is looked through first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from buergerdraht.accounts.rest.door import ApiRequest, needs
from buergerdraht.accounts.rest.once import Key, once
from buergerdraht.accounts.rest.paging import Moment, Number, Page, Paging, Strict, Text, Wish, page
from buergerdraht.accounts.rest.problems import Problem, wrong
from buergerdraht.contacts import reading, records
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Consent, Contact, District, Subscription, Topic
from buergerdraht.contacts.texts import LANGUAGES, offered

router = Router(tags=["contacts"])
topics = Router(tags=["topics"])


# ── Topics and districts ──────────────────────────────────────────────────


class TopicShown(Schema):
    """`title` and `description` by language."""

    id: int
    key: str
    title: dict[str, str]
    description: dict[str, str]
    active: bool


class DistrictShown(Schema):
    id: int
    name: str


class TopicsWanted(Paging):
    active: bool | None = None


@topics.get("/topics", auth=needs("topics:read"), response=Page[TopicShown], operation_id="topics")
def topic_list(request: ApiRequest, wanted: Query[TopicsWanted]) -> dict[str, Any]:
    """List what one can subscribe to."""
    rows = Topic.objects.filter(organisation=request.organisation)
    return page(request, rows if wanted.active is None else rows.filter(active=wanted.active), wanted, _topic)


@topics.get("/topics/{int:topic}", auth=needs("topics:read"), response=TopicShown, operation_id="topic")
def topic_one(request: ApiRequest, topic: Path[Number]) -> TopicShown:
    """Show a topic."""
    return _topic(get_object_or_404(Topic, organisation=request.organisation, pk=topic))


@topics.get("/districts", auth=needs("topics:read"), response=Page[DistrictShown], operation_id="districts")
def district_list(request: ApiRequest, wanted: Query[Paging]) -> dict[str, Any]:
    """List the parts of the area."""
    rows = District.objects.filter(organisation=request.organisation)
    return page(request, rows, wanted, lambda row: DistrictShown(id=row.pk, name=row.name))


def _topic(row: Topic) -> TopicShown:
    return TopicShown(id=row.pk, key=row.key, title=row.title, description=row.description, active=row.active)


# ── Contacts ──────────────────────────────────────────────────────────────


class AddressShown(Schema):
    """By which messenger somebody is reached."""

    id: int
    channel: int
    kind: str
    state: Literal["active", "gone", "blocked"]


class ContactShown(Schema):
    id: int
    name: str
    language: str
    district: int | None
    state: Literal["new", "active", "stopped", "paused", "gone", "blocked"]
    topics: list[int]
    addresses: list[AddressShown]
    created_at: datetime


class ContactsWanted(Paging):
    state: Literal["new", "active", "stopped", "paused", "gone", "blocked"] | None = None
    topic: Number | None = None
    channel: Number | None = None
    district: Number | None = None
    language: Text | None = Field(None, max_length=12)
    changed_since: Moment | None = Field(None, description="Who came since, or whose consents changed.")


class ContactChange(Wish):
    """What is not named stays."""

    language: Text | None = Field(None, max_length=12)
    district: Strict | None = None


@router.get("/contacts", auth=needs("contacts:read"), response=Page[ContactShown], operation_id="contacts")
def listing(request: ApiRequest, wanted: Query[ContactsWanted]) -> dict[str, Any]:
    """List the contacts that fit."""
    wishes = wanted.dict(include={"state", "topic", "channel", "district", "language"})
    rows = reading.choose(reading.seen_by(request.token), request.organisation, wishes)
    if wanted.changed_since:
        since = wanted.changed_since
        rows = rows.filter(Q(created_at__gte=since) | Exists(Consent.objects.filter(contact=OuterRef("pk"), at__gte=since)))
    return page(request, reading.with_rows(rows), wanted, _contact)


@router.get("/contacts/{int:contact}", auth=needs("contacts:read"), response=ContactShown, operation_id="contact")
def one(request: ApiRequest, contact: Path[Number]) -> ContactShown:
    """Show a contact."""
    return _contact(_found(request, contact))


@router.patch("/contacts/{int:contact}", auth=needs("contacts:write"), response=ContactShown, operation_id="change_contact")
def change(request: ApiRequest, contact: Path[Number], wish: ContactChange) -> ContactShown:
    """Change language or district. `"district": null` takes it away."""
    found = _found(request, contact)
    named = wish.dict(exclude_unset=True)
    language = named.get("language", found.language)
    if language != found.language and (language not in offered(request.organisation) or language not in LANGUAGES):
        raise wrong("language", _("möglich sind: %(n)s") % {"n": ", ".join(offered(request.organisation))})
    district = found.district
    if "district" in named:
        district = District.objects.filter(organisation=request.organisation, pk=named["district"]).first() if named["district"] else None
        if named["district"] and district is None:
            raise wrong("district", _("Diesen Ortsteil gibt es nicht."))
    if (language, district) != (found.language, found.district):
        records.edit(found, language=language, district=district, operator=request.operator)
    return _contact(_found(request, contact))


def _found(request: ApiRequest, number: int) -> Contact:
    rows = reading.with_rows(reading.seen_by(request.token)).select_related("organisation", "district")
    return get_object_or_404(rows.exclude(state=Contact.State.ERASED), pk=number)


def _contact(row: Contact) -> ContactShown:
    return ContactShown(
        id=row.pk, name=row.name, language=row.language, district=row.district_id, state=reading.state_of(row),  # type: ignore[arg-type]
        topics=sorted(each.topic_id for each in row.subscriptions.all() if each.confirmed_at),
        addresses=[_address(each) for each in row.addresses.all()], created_at=row.created_at,
    )  # fmt: skip


def _address(row: Address) -> AddressShown:
    return AddressShown(id=row.pk, channel=row.channel_id, kind=row.channel.kind, state=row.state)  # type: ignore[arg-type]


# ── Subscriptions ─────────────────────────────────────────────────────────


class SubscriptionShown(Schema):
    topic: int
    address: int
    confirmed_at: datetime | None


class SubscriptionWish(Wish):
    """Who asked for it, where and when: `evidence` and `text` (the notice they saw) stand in the ledger as the proof."""

    topic: Strict
    address: Strict = Field(description="One of the contact's own, by which it is to come.")
    evidence: Text = Field(min_length=1, max_length=150)
    text: Text = Field("", max_length=4000)
    at: Moment | None = Field(None, description="When they asked; without it, now.")


class Leave(Wish):
    evidence: Text = Field(min_length=1, max_length=150)


class Left(Schema):
    topic: int
    ended: bool


@router.get(
    "/contacts/{int:contact}/subscriptions", auth=needs("contacts:read"), response=Page[SubscriptionShown], operation_id="subscriptions"
)
def subscriptions(request: ApiRequest, contact: Path[Number], wanted: Query[Paging]) -> dict[str, Any]:
    """List what a contact subscribed to; without `confirmed_at` they still have to say yes."""
    return page(request, Subscription.objects.filter(contact=_found(request, contact)), wanted, _subscription)


@router.post(
    "/contacts/{int:contact}/subscriptions", auth=needs("contacts:write"), response={201: SubscriptionShown, 200: SubscriptionShown},
    operation_id="subscribe",
)  # fmt: skip
def subscribe(request: ApiRequest, contact: Path[Number], wish: SubscriptionWish, key: Key) -> HttpResponse:
    """Subscribe somebody who asked elsewhere. Whoever said STOP can only come back themselves. 200: it was there already."""
    return once(request, key, lambda: _subscribe(request, contact, wish))


@router.post(
    "/contacts/{int:contact}/subscriptions/{int:topic}/end", auth=needs("contacts:write"), response=Left, operation_id="unsubscribe"
)
def unsubscribe(request: ApiRequest, contact: Path[Number], topic: Path[Number], wish: Leave, key: Key) -> HttpResponse:
    """End a subscription."""
    return once(request, key, lambda: _unsubscribe(request, contact, topic, wish))


@transaction.atomic
def _subscribe(request: ApiRequest, number: int, wish: SubscriptionWish) -> tuple[int, SubscriptionShown]:
    contact = _locked(request, number)
    topic = Topic.objects.filter(organisation=request.organisation, active=True, pk=wish.topic).first()
    if topic is None:
        raise wrong("topic", _("Dieses Thema gibt es nicht, oder es ist abgelegt."))
    address = Address.objects.select_related("channel").filter(contact=contact, pk=wish.address).first()
    if address is None:
        raise wrong("address", _("Diese Adresse gehört nicht zu diesem Kontakt."))
    if wish.at and wish.at > timezone.now():
        raise wrong("at", _("Dieser Zeitpunkt liegt in der Zukunft."))
    if contact.state == Contact.State.STOPPED:
        raise Problem(409, "stopped", _("Diese Person hat sich mit STOPP abgemeldet. Nur sie selbst kann das zurücknehmen."))
    have = Subscription.objects.filter(contact=contact, topic=topic)
    if row := have.filter(confirmed_at__isnull=False).first():
        return 200, _subscription(row)
    proof = Proof(
        channel=address.channel, evidence=f"{request.token.name}: {wish.evidence}"[:200], text=wish.text, language=contact.language,
        operator=request.operator, at=wish.at,
    )  # fmt: skip
    records.take_down(contact, topic, address, proof, operator=request.operator)
    return 201, _subscription(have.get())


@transaction.atomic
def _unsubscribe(request: ApiRequest, number: int, topic_number: int, wish: Leave) -> tuple[int, Left]:
    contact = _locked(request, number)
    topic = get_object_or_404(Topic, organisation=request.organisation, pk=topic_number)
    there = Subscription.objects.filter(contact=contact, topic=topic).exists()
    if there:
        records.remove_subscription(contact, topic, reason=f"{request.token.name}: {wish.evidence}", operator=request.operator)
    return 200, Left(topic=topic.pk, ended=there)


def _locked(request: ApiRequest, number: int) -> Contact:
    rows = reading.seen_by(request.token).select_related("organisation").select_for_update(of=("self",))
    return get_object_or_404(rows.exclude(state=Contact.State.ERASED), pk=number)


def _subscription(row: Subscription) -> SubscriptionShown:
    return SubscriptionShown(topic=row.topic_id, address=row.address_id, confirmed_at=row.confirmed_at)
