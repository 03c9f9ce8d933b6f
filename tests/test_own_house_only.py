"""Law 13: every address under /o/<organisation>/ is tried as anonymous, stranger, lower role and with ids of another house."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from buergerdraht.accounts.models import ApiToken, Invitation, Membership, Operator, Organisation, Role, Team
from buergerdraht.accounts.rights import RIGHTS, Right
from buergerdraht.appointments.models import Booking, Closure, Offer
from buergerdraht.bridges.models import Bridge, Passage
from buergerdraht.broadcasts.models import Broadcast, Posting
from buergerdraht.cases.models import Case, Category, Delegation, Deputy, Firm, Photo, Task
from buergerdraht.cases.models import View as CaseView
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.contacts.models import Address, Contact, ContactImport, District, Topic
from buergerdraht.conversations.models import AssignmentRule, Conversation, Label, Message, SavedAnswer, SavedView
from buergerdraht.dialogs.models import Dialog, Example, NamedFile, Session, System, Table, Version
from buergerdraht.gateway.models import Channel, InboundEvent, Media
from buergerdraht.meters.models import MeterReading
from buergerdraht.watch.models import AlarmReceiver
from buergerdraht.webhooks.models import Delivery, Event, Hook
from buergerdraht.website.models import Published, ShortLink

DESK = "o/<slug:organisation>/"
OUTSIDE_DJANGO = {"live"}  # answered by the ASGI roof, tried in the gateway's own tests
REFUSED = {404, 405}


class Place(NamedTuple):
    route: str
    right: Right | None
    parameters: tuple[str, ...]


def walk(resolver: URLResolver, before: str = "") -> Iterator[Place]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, route)
        elif isinstance(pattern, URLPattern) and route.startswith(DESK) and pattern.name not in OUTSIDE_DJANGO:
            names = tuple(name for name in pattern.pattern.converters if name != "organisation")
            yield Place(route, getattr(pattern.callback, "right", None), names)


PLACES = list(walk(get_resolver()))
NAMES = [place.route.removeprefix(DESK) or "heute" for place in PLACES]
WITH_ROWS = [place for place in PLACES if set(place.parameters) - {"kind", "key", "verb", "field", "ending"}]
everywhere = pytest.mark.parametrize("place", PLACES, ids=NAMES)


class Houses(NamedTuple):
    own: Organisation
    other: Organisation
    operator: Operator
    rows: dict[str, Any]


@pytest.fixture
def houses(db: None) -> Houses:
    own = Organisation.objects.create(slug="musterstadt", name="Stadt Musterstadt", languages=["de"])
    other = Organisation.objects.create(slug="nachbarstadt", name="Stadt Nachbarstadt", languages=["de"])
    operator = Operator.objects.create_user("probe@musterstadt.example", name="Petra Probe")
    Membership.objects.create(organisation=own, operator=operator, roles=list(RIGHTS))
    return Houses(own, other, operator, foreign_rows(other))


def dialog_rows(other: Organisation, contact: Contact, channel: Channel) -> dict[str, Any]:
    """The rows of the rooms that talk by themselves, by the beginning of their addresses; `example` apart."""
    mailbox = Address.objects.create(organisation=other, contact=contact, channel=channel, address="1", address_hash=b"1")
    plain = {"key": "rat", "title": {"de": "Rat"}, "steps": [{"id": "a", "kind": "end"}]}
    dialog = Dialog.objects.create(organisation=other, key="rat", title="Rat", draft=plain)
    version = Version.objects.create(dialog=dialog, number=1, document=plain)
    return {
        "example": Example.objects.create(dialog=dialog, name="Gut").pk,
        "posteingang/dialog/": Session.objects.create(
            organisation=other, dialog=dialog, version=version, contact=contact, address=mailbox, walk='{"frames":[]}', begun_by="words"
        ).pk,
        "dialoge/": dialog.pk,
        "zaehler/": MeterReading.objects.create(
            organisation=other, kind="water", value=1, read_on=timezone.localdate(), state="doubtful", contact=contact
        ).pk,
        "einstellungen/systeme/": System.objects.create(organisation=other, key="crm", title="CRM", url="https://crm.example.org").pk,
        "einstellungen/dateien/": NamedFile.objects.create(
            organisation=other, name="rathaus.png", media=Media.objects.create(organisation=other, kind="image")
        ).pk,
        "einstellungen/tabellen/": Table.objects.create(organisation=other, key="streets", title="Straßen").pk,
    }


def case_rows(other: Organisation, colleague: Operator, contact: Contact) -> dict[str, Any]:
    """The rows of cases and of what they are handed to; `number` apart, by the beginnings of their addresses."""
    category = Category.objects.create(organisation=other, key="strasse", title={"de": "Straße"})
    case = Case.objects.create(organisation=other, number="2026-00001", category=category, received_at=timezone.now(), contact=contact)
    firm, now = Firm.objects.create(organisation=other, name="Straßenbau Beispiel"), timezone.now()
    deputy = Operator.objects.create_user("vertretung@nachbarstadt.example", name="Vera Vertritt")
    actor = Operator.objects.create_user("bruecke@api.invalid", name="Stadtwerke")
    bridge = Bridge.objects.create(organisation=other, kind="mail", name="Stadtwerke", actor=actor)
    hook = Hook.objects.create(organisation=other, name="Ratsinfo", url="https://ratsinfo.example/")
    told = Event.objects.create(organisation=other, what="case.opened", at=now)
    return {
        "category": category.pk,
        "delivery": Delivery.objects.create(hook=hook, event=told).pk,
        "firm": firm.pk,
        "photo": Photo.objects.create(case=case).pk,
        "task": Task.objects.create(case=case, text="Absperren").pk,
        "delegation": Delegation.objects.create(case=case, firm=firm, token_hash=b"y" * 32, expires_at=now + timedelta(days=1)).pk,
        "deputy": Deputy.objects.create(organisation=other, operator=colleague, deputy=deputy, first=now.date(), last=now.date()).pk,
        "view": CaseView.objects.create(organisation=other, operator=colleague, name="Straßen", query="kategorie=strasse").pk,
        "number": {
            "einstellungen/weitergabe/": bridge.pk,
            "einstellungen/webhooks/": hook.pk,
            "anliegen/weitergabe/": Passage.objects.create(case=case, bridge=bridge).pk,
            "anliegen/": case.number,
        },
    }


def team_rows(other: Organisation, colleague: Operator) -> dict[str, Any]:
    """The rows of who works there, by the beginnings of their addresses."""
    tomorrow = timezone.now() + timedelta(days=1)
    invited = Invitation.objects.create(
        organisation=other, email="neu@nachbarstadt.example", name="Nora Neu", token_hash=b"x" * 32, expires_at=tomorrow
    )
    actor = Operator.objects.create_user("ratsinfo@api.invalid", name="Ratsinfo")
    token = ApiToken.objects.create(
        organisation=other, name="Ratsinfo", prefix="bd_nebenan", token_hash=b"x" * 32, expires_at=tomorrow, actor=actor
    )
    return {
        "einstellungen/team/einladung/": invited.pk,
        "einstellungen/schnittstellen/": token.pk,
        "einstellungen/team/gruppe/": Team.objects.create(organisation=other, name="Pressestelle").pk,
        "einstellungen/team/": Membership.objects.create(organisation=other, operator=colleague, roles=[Role.ADMINISTRATOR]).pk,
    }


def time_rows(other: Organisation, contact: Contact) -> dict[str, Any]:
    """The rows of the mayor's hour and of bookable times; `number` apart, by the beginnings of their addresses."""
    now, today = timezone.now(), timezone.localdate()
    later = {"begins_at": now, "ends_at": now + timedelta(hours=1)}
    hour = Consultation.objects.create(organisation=other, title="Sprechstunde", host="Die Landrätin", **later)
    offer = Offer.objects.create(organisation=other, key="ausweis", title={"de": "Ausweis"})
    booking = Booking.objects.create(organisation=other, offer=offer, contact=contact, desk=1, state="booked", **later)
    return {
        "offer": offer.pk,
        "closure": Closure.objects.create(organisation=other, first=today, last=today).pk,
        "guest": Guest.objects.create(organisation=other, consultation=hour, contact=contact, state="waiting", number=1).pk,
        "number": {"sprechstunden/": hour.pk, "termine/": booking.pk},
    }


def foreign_rows(other: Organisation) -> dict[str, Any]:
    """Make one row of everything the addresses point at, by where it is used in an address. New kinds are added here."""
    colleague = Operator.objects.create_user("andere@nachbarstadt.example", name="Anna Anders")
    contact = Contact.objects.create(organisation=other, name="Frau Nebenan")
    channel = Channel.objects.create(organisation=other, kind="telegram", name="Bot", config="{}")
    conversation = Conversation.objects.create(organisation=other, contact=contact)
    talking, matters, times = dialog_rows(other, contact, channel), case_rows(other, colleague, contact), time_rows(other, contact)
    market = Broadcast.objects.create(organisation=other, title="Wochenmarkt")
    return {
        "posting": Posting.objects.create(organisation=other, broadcast=market, channel=channel, state="handed").pk,
        "contact": contact.pk,
        "upload": ContactImport.objects.create(
            organisation=other, channel=channel, file_name="abos.csv", source="Formular", source_date=timezone.localdate()
        ).pk,
        "topic": Topic.objects.create(organisation=other, key="verkehr", title={"de": "Verkehr"}).pk,
        "district": District.objects.create(organisation=other, name="Nordstadt").pk,
        "channel": channel.pk,
        "message": Message.objects.create(organisation=other, conversation=conversation, author="citizen", at=timezone.now()).pk,
        "answer": SavedAnswer.objects.create(organisation=other, shortcut="gruss", title="Gruß", texts={"de": "Guten Tag"}).pk,
        "rule": AssignmentRule.objects.create(organisation=other).pk,
        "view": {
            "anliegen/": matters.pop("view"),
            "": SavedView.objects.create(organisation=other, operator=colleague, name="Presse").pk,
        },
        "label": Label.objects.create(organisation=other, name="Rückruf").pk,
        "media": uuid.uuid4(),
        "media_id": Media.objects.create(organisation=other, kind="image").pk,
        "receiver": AlarmReceiver.objects.create(organisation=other, way="email", email="bereitschaft@nachbarstadt.example").pk,
        "event": InboundEvent.objects.create(channel=channel, body=b"{}").pk,
        "example": talking.pop("example"),
        **{name: times[name] for name in ("offer", "closure", "guest")},
        **{name: matters[name] for name in ("category", "delivery", "firm", "photo", "task", "delegation", "deputy")},
        "place": 0,
        "number": {
            **talking,
            **matters.pop("number"),
            **times.pop("number"),
            **team_rows(other, colleague),
            "posteingang/": conversation.pk,
            "internetseite/links/": ShortLink.objects.create(organisation=other, target="https://nachbarstadt.example/").pk,
            "internetseite/termin/": market.pk,
            "internetseite/zeigen/": Broadcast.objects.create(organisation=other, title="Fest").pk,
            "internetseite/": Published.objects.create(
                organisation=other, slug="fest", title="Fest", shown_from=timezone.now(), changed_at=timezone.now()
            ).pk,
            "rundnachrichten/": market.pk,
            "einstellungen/kanaele/": channel.pk,
        },
        "kind": "telegram", "key": "city_newsletter", "verb": "pause", "field": "token", "ending": "svg",
    }  # fmt: skip


def address(place: Place, slug: str, rows: dict[str, Any]) -> str:
    path = place.route
    here = path.removeprefix(DESK)
    for name in place.parameters:
        value = rows[name]
        if isinstance(value, dict):
            value = next(row for prefix, row in value.items() if here.startswith(prefix))
        start = path.index("<", path.index(f":{name}>") - 8)
        path = path[:start] + str(value) + path[path.index(">", start) + 1 :]
    return "/" + path.replace("<slug:organisation>", slug)


def signed_in(operator: Operator) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(operator)
    return client


def test_every_address_of_the_desk_names_its_right() -> None:
    assert len(PLACES) > 60
    assert [place.route for place in PLACES if place.right is None] == []


@everywhere
def test_whoever_is_not_signed_in_is_sent_to_the_door(place: Place, houses: Houses) -> None:
    for method in ("get", "post"):
        response = getattr(Client(), method)(address(place, houses.own.slug, houses.rows))
        assert response.status_code in {302, 405}
        assert response.status_code == 405 or response["Location"].startswith("/konto/anmelden/")


@everywhere
def test_a_stranger_finds_nothing(place: Place, houses: Houses) -> None:
    client = signed_in(houses.operator)
    for method in ("get", "post"):
        assert getattr(client, method)(address(place, houses.other.slug, houses.rows)).status_code in REFUSED


@pytest.mark.parametrize("place", WITH_ROWS, ids=[place.route.removeprefix(DESK) for place in WITH_ROWS])
def test_rows_of_another_house_do_not_exist_here(place: Place, houses: Houses) -> None:
    client = signed_in(houses.operator)
    for method in ("get", "post"):
        assert getattr(client, method)(address(place, houses.own.slug, houses.rows)).status_code in REFUSED, method


FORBIDDEN = [(place, role) for place in PLACES for role, rights in RIGHTS.items() if place.right not in rights]


@pytest.mark.parametrize(
    ("place", "role"), FORBIDDEN, ids=[f"{place.route.removeprefix(DESK) or 'heute'}-{role}" for place, role in FORBIDDEN]
)
def test_a_role_without_the_right_is_refused(place: Place, role: str, houses: Houses) -> None:
    Membership.objects.filter(operator=houses.operator).update(roles=[role])
    client = signed_in(houses.operator)
    for method in ("get", "post"):
        assert getattr(client, method)(address(place, houses.own.slug, houses.rows)).status_code in {403, 405}
