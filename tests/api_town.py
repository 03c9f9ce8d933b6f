"""A small town with one row of everything the API shows, and a token that may do all."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image

from buergerdraht.accounts import tokens, vault
from buergerdraht.accounts.models import ApiToken, Membership, Operator, Organisation, Team
from buergerdraht.accounts.rest.problems import KIND
from buergerdraht.accounts.rest.scopes import SCOPES
from buergerdraht.accounts.rights import RIGHTS
from buergerdraht.appointments.models import Booking, Offer
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.cases import actions, opening
from buergerdraht.cases.models import Case, Category, Photo, Task
from buergerdraht.consultations.models import Consultation, Guest
from buergerdraht.contacts.models import Address, Contact, District, Topic
from buergerdraht.conversations.models import Conversation, Label, Message
from buergerdraht.dialogs.models import Dialog, Session, Table, Trace, Version
from buergerdraht.dialogs.walk import Walk
from buergerdraht.gateway import files
from buergerdraht.gateway.models import Channel, Media
from buergerdraht.meters import actions as metering
from buergerdraht.meters.models import MeterReading

ALL = list(SCOPES)


class Town(NamedTuple):
    organisation: Organisation
    operator: Operator
    channel: Channel
    topic: Topic
    contact: Contact
    address: Address
    conversation: Conversation
    broadcast: Broadcast
    team: Team
    category: Category
    case: Case
    photo: Photo
    file: Media
    label: Label
    task: Task
    offer: Offer
    booking: Booking
    reading: MeterReading
    dialog: Dialog
    table: Table
    consultation: Consultation
    guest: Guest
    walk: Session

    @property
    def rows(self) -> dict[str, Any]:
        """What the names in addresses stand for."""
        names = ("topic", "contact", "conversation", "broadcast", "category", "case", "photo", "file", "task", "offer", "booking")
        return {name: getattr(self, name).pk for name in (*names, "reading", "dialog", "table", "consultation", "guest", "walk")}


def town(slug: str = "musterstadt") -> Town:
    organisation = Organisation.objects.create(slug=slug, name=f"Stadt {slug.title()}", languages=["de", "en"])
    operator = Operator.objects.create_user(f"andrea@{slug}.example", name="Andrea Arndt")
    Membership.objects.create(organisation=organisation, operator=operator, roles=list(RIGHTS))
    channel = Channel.objects.create(organisation=organisation, kind="telegram", name="Stadtbot", config="{}", state="running")
    District.objects.create(organisation=organisation, name="Nordstadt")
    topic = Topic.objects.create(organisation=organisation, key="verkehr", title={"de": "Verkehr", "en": "Traffic"})
    contact, address, conversation = citizen(organisation, channel, "Mia Muster")
    texts = {"de": {"title": "", "text": "Der Markt beginnt um acht."}}
    broadcast = Broadcast.objects.create(organisation=organisation, title="Wochenmarkt", versions=texts, audience={"topics": [topic.pk]})
    team = Team.objects.create(organisation=organisation, name="Bauhof")
    category = Category.objects.create(organisation=organisation, key="pothole", title={"de": "Schlagloch"}, team=team)
    file = files.store(organisation, picture(), "loch.jpg")
    case = opening.open(matter(category, contact=contact, address=address, text="Ein tiefes Loch", place="Marktstraße 12"))
    photo = Photo.objects.create(case=case, media=file, shown=files.store(organisation, picture(), "foto.jpg"), state="covered")
    conversation.messages.get().media.add(file)
    label = Label.objects.create(organisation=organisation, name="Straße")
    task = Task.objects.create(case=case, text="Absperren")
    offer, booking = appointment(organisation, contact, address)
    told = metering.Confirmed(kind="water", number="W-0001", value=Decimal("1234.5"), photo=file, contact=contact, address=address)
    dialog = Dialog.objects.create(organisation=organisation, key="abfuhr", title="Abfuhr", draft={"languages": ["de"]})
    rows = [{"strasse": "Ahornweg", "abfuhr": "Montag"}, {"strasse": "Birkenallee", "abfuhr": "Dienstag"}]
    table = Table.objects.create(organisation=organisation, key="strassen", title="Straßen", columns=["strasse", "abfuhr"], rows=rows)
    return Town(
        organisation, operator, channel, topic, contact, address, conversation, broadcast, team, category, case, photo, file, label, task,
        offer, booking, metering.keep(organisation, told), dialog, table, *hour(organisation, conversation, address),
        walked(dialog, contact, address),
    )  # fmt: skip


def appointment(organisation: Organisation, contact: Contact, address: Address) -> tuple[Offer, Booking]:
    """Somebody who has a time tomorrow."""
    title = {"de": "Ausweis beantragen", "en": "Apply for an ID card"}
    week = [{"weekday": day, "begin": "08:00", "end": "16:00"} for day in range(7)]
    offer = Offer.objects.create(
        organisation=organisation, key="ausweis", title=title, place="Rathaus, Zimmer 12", rules=week, per_contact=3
    )  # fmt: skip
    begins = timezone.now() + timedelta(days=1)
    return offer, Booking.objects.create(
        organisation=organisation, offer=offer, begins_at=begins, ends_at=begins + timedelta(minutes=20), desk=1, contact=contact,
        address=address, state="booked", note="Kommt mit Kinderwagen",
    )  # fmt: skip


def hour(organisation: Organisation, conversation: Conversation, address: Address) -> tuple[Consultation, Guest]:
    """An hour next week, and somebody who waits for it with a question."""
    begins = timezone.now() + timedelta(days=7)
    row = Consultation.objects.create(
        organisation=organisation, title="Sprechstunde", host="Bürgermeisterin Anna Muster", begins_at=begins,
        ends_at=begins + timedelta(hours=1), state="planned",
    )  # fmt: skip
    guest = Guest.objects.create(
        organisation=organisation, consultation=row, contact=conversation.contact, address=address, state="waiting", number=1
    )
    guest.questions.add(conversation.messages.get())
    return row, guest


def walked(dialog: Dialog, contact: Contact, address: Address) -> Session:
    """Somebody who walked through a dialog and answered."""
    version = Version.objects.create(dialog=dialog, number=1, document=dialog.draft)
    kept = Walk(frames=[], state="done", answers={"strasse": "Ahornweg"}, shown=[["strasse", "Straße", "Ahornweg"]])
    row = Session.objects.create(
        organisation=dialog.organisation, dialog=dialog, version=version, contact=contact, address=address, state="done",
        walk=msgspec.json.encode(kept).decode(), step="strasse", begun_by="words",
    )  # fmt: skip
    Trace.objects.create(organisation=dialog.organisation, dialog=dialog, version=1, session=row, step="strasse", what="answered")
    return row


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "gray").save(out, "JPEG")
    return out.getvalue()


def matter(category: Category, **fields: Any) -> opening.Matter:
    return opening.Matter(category=category, at=timezone.now(), latitude=51.1, longitude=7.1, **fields)


def complaint(of: Town) -> Case:
    """A confidential case of the same citizen."""
    category = Category.objects.create(
        organisation=of.organisation, key="complaint", title={"de": "Beschwerde"}, visibility="confidential", kind="complaint"
    )
    category.people.add(of.operator)
    case = opening.open(matter(category, contact=of.contact, address=of.address, text="Geheim", place="Marktstraße 12"))
    actions.note(case, "Intern", operator=of.operator)
    return case


def citizen(organisation: Organisation, channel: Channel, name: str, said: str = "Guten Tag") -> tuple[Contact, Address, Conversation]:
    """Somebody who wrote once."""
    contact = Contact.objects.create(organisation=organisation, name=name)
    key = f"{name} {contact.pk}"
    address = Address.objects.create(
        organisation=organisation, contact=contact, channel=channel, address=key, address_hash=vault.lookup(organisation.pk, key),
        handle="+4915550112233", last_inbound_at=timezone.now(),
    )  # fmt: skip
    conversation = Conversation.objects.create(
        organisation=organisation, contact=contact, state="open", last_address=address, last_at=timezone.now()
    )
    say(conversation, said)
    return contact, address, conversation


def say(conversation: Conversation, text: str, **fields: Any) -> Message:
    return Message.objects.create(
        organisation_id=conversation.organisation_id, conversation=conversation, author="citizen", text=text, at=timezone.now(),
        channel=conversation.last_address.channel if conversation.last_address else None, **fields,
    )  # fmt: skip


def token(of: Town, *scopes: str, name: str = "Ratsinfo", **more: Any) -> tuple[ApiToken, str]:
    return tokens.make(of.organisation, name, scopes or ALL, days=90, operator=of.operator, **more)


class Caller:
    """Calls the API with a token, as another system does."""

    def __init__(self, text: str = "", language: str = "de") -> None:
        self.client = Client(raise_request_exception=True)
        self.headers = {"accept-language": language} | ({"authorization": f"Bearer {text}"} if text else {})

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **query: Any) -> HttpResponse:
        headers = self.headers | ({"idempotency-key": key} if key else {})
        options: dict[str, Any] = {"headers": headers, "query_params": {name: str(value) for name, value in query.items()}}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        return getattr(self.client, method.lower())(f"/api/v1{path}", **options)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.call("get", path, **query)

    def post(self, path: str, body: Any, *, key: str = "") -> HttpResponse:
        return self.call("post", path, body, key=key)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.call("patch", path, body)


def filled(path: str, rows: dict[str, Any]) -> str:
    """Put rows where an address names their kinds."""
    return re.sub(r"{\w+:(\w+)}", lambda found: str(rows[found[1]]), path)


def problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    """See that a call was refused as a problem with this status and code; gives what was said."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == KIND
    said = json.loads(response.content)
    assert said["status"] == status
    assert said["detail"]
    assert not code or said["code"] == code
    return said


def walk(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    """Turn the pages of a list to its end."""
    found, cursor = [], ""
    while cursor is not None:
        said = json.loads(caller.get(path, cursor=cursor, **query).content)
        found += said["items"]
        cursor = said["next"]
    return found
