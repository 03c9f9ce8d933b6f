"""The World of the house: what a walk says and does, in the turn's transaction."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from buergerdraht.accounts import hours
from buergerdraht.accounts.models import Team
from buergerdraht.appointments import actions as appointments
from buergerdraht.appointments import reading as free_times
from buergerdraht.appointments.models import Booking
from buergerdraht.connectors import markdown
from buergerdraht.connectors.contract import Choice, Content, Media, TemplateUse
from buergerdraht.contacts import actions as contacts
from buergerdraht.contacts import answers, approved, outreach
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, Topic
from buergerdraht.conversations import appointed
from buergerdraht.dialogs import casing, document, lookups, papers, shelf, triggers
from buergerdraht.dialogs.acts import BERLIN
from buergerdraht.dialogs.models import Fact, Lock, Session, System, Version
from buergerdraht.dialogs.sentences import SHELF
from buergerdraht.dialogs.understanding import day_in_words
from buergerdraht.dialogs.walk import Booked, Matter, MeterSeen, Slot
from buergerdraht.gateway import files

log = logging.getLogger("buergerdraht.dialogs")
SERVICE, NEWSLETTER = "service", "newsletter"
FAR = timedelta(days=120)
VALUES = 2  # that a template may ask for: title and text
MOST_SHOWN = 600  # letters of a text in a template: its body holds 1,024
MOST_SLOTS = 9  # of a day: as many as a list holds beside "another day"

_documents: dict[int, document.Dialog] = {}  # versions never change; made once per process


class Shut(Exception):
    """The window is closed, and a template can knock: what the turn did is to be undone."""

    def __init__(self, template: TemplateUse) -> None:
        super().__init__("shut")
        self.template = template


class Happened(NamedTuple):
    """What happened at a step of a dialog, until it is written down as a Trace."""

    dialog: int
    step: str
    what: str
    text: str


@dataclass
class House:
    """One turn of one citizen. `purpose` newsletter where nobody asked for it: then consent is needed."""

    session: Session
    purpose: str = SERVICE
    now: datetime = field(default_factory=lambda: timezone.now().astimezone(BERLIN))
    refused: str = ""  # why the last word could not be said
    template: str = ""  # what goes out in its place where the window is closed
    traces: list[Happened] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)  # of the dialogs something happened in, by their keys
    request: dict[str, Any] = field(default_factory=dict)  # a call that was begun in this turn
    _known: dict[str, str] | None = None

    @property
    def channel(self) -> str:
        return self.session.address.channel.kind

    # ── What it says ──────────────────────────────────────────────────────

    def sentence(self, key: str, language: str, values: Mapping[str, str]) -> str:
        return SHELF.say(self.session.organisation, language, key, **values)

    def say(self, content: Content) -> None:
        try:
            outreach.send(self.session.address, content, purpose=self.purpose)
        except outreach.Refused as refusal:
            self.refused = refusal.reason
            if self.template and refusal.reason == "window_closed" and (use := self._template(content)):
                raise Shut(use) from None

    def _template(self, content: Content) -> TemplateUse | None:
        """Fill the dialog's template: its title and what would be said now, in this order, as far as it asks for them."""
        said = markdown.plain(markdown.read(content.text)).strip()
        shown = said if len(said) <= MOST_SHOWN else f"{said[:MOST_SHOWN].rsplit(maxsplit=1)[0]} …"  # all of it comes when they answer
        read = readable(self.session.version_id)
        title = document.in_language(read.title, self._language, read.languages[0]) if read else self.session.dialog.title
        return approved.filled(self.session.address, self.template, [title, shown])

    def media(self, file: str, alt: str) -> Media | None:
        found = shelf.find(self.session.organisation_id, [file]).get(file)
        return shelf.described(found, alt) if found else None

    def make_file(self, what: str, name: str, title: str, text: str, booking: int) -> Content | None:
        row = Booking.objects.filter(organisation=self.session.organisation_id, contact=self.session.contact_id, pk=booking).first()
        data = papers.calendar(row, self.now, self._language) if what == "ics" else papers.pdf(title, text, self.session.organisation)
        if data is None:
            return None
        stored = files.store(self.session.organisation, data, f"{name}.{what}", alt=title)
        return Content(media=[files.value(stored)])

    # ── What it knows ─────────────────────────────────────────────────────

    def dialog(self, key: str, version: int) -> document.Dialog | None:
        if (key, version) == (self.session.dialog.key, self.session.version.number):
            return readable(self.session.version_id)
        rows = Version.objects.filter(dialog__organisation=self.session.organisation_id, dialog__key=key, number=version)
        number = rows.values_list("pk", flat=True).first()
        return readable(number) if number else None

    def live(self, key: str) -> int:
        rows = Version.objects.filter(dialog__organisation=self.session.organisation_id, dialog__key=key, dialog__archived_at=None)
        number = rows.filter(dialog__live__isnull=False).values_list("dialog__live__number", flat=True).first()
        return -1 if number is None else number

    @property
    def _language(self) -> str:
        return self.session.contact.language

    def facts(self) -> Mapping[str, Any]:
        contact, organisation = self.session.contact, self.session.organisation
        name = contact.name.strip()
        known = {"name": name, "first_name": name.split(" ")[0], "language": contact.language, "fields": self._fields()}
        return {"contact": known, "organisation": {"name": organisation.name}, "today": self.now.date().isoformat()}

    def _fields(self) -> dict[str, str]:
        """What is kept of them, read once in a turn: nobody else changes it while the thread is locked."""
        if self._known is None:
            self._known = {row.name: row.value for row in Fact.objects.filter(contact=self.session.contact_id)}
        return self._known

    def field(self, name: str) -> str:
        return self._fields().get(name, "")

    def topics(self) -> frozenset[str]:
        rows = self.session.contact.subscriptions.filter(confirmed_at__isnull=False)
        return frozenset(rows.values_list("topic__key", flat=True))

    def labels(self) -> frozenset[str]:
        return frozenset(appointed.labels(self.session.contact))

    def office_open(self) -> bool:
        organisation = self.session.organisation
        return not organisation.office_hours or hours.is_open(organisation, self.now)

    def table(self, key: str) -> Sequence[Mapping[str, str]]:
        return lookups.rows(self.session.organisation_id, key)

    def lot(self, ways: int) -> int:
        return secrets.randbelow(ways)

    # ── What it keeps ─────────────────────────────────────────────────────

    def keep(self, what: str, name: str, value: str) -> None:
        contact = self.session.contact
        if what == "field":
            Fact.objects.update_or_create(contact=contact, name=name[:40], defaults={"value": value[:2_000]})
            self._known = None
        elif what == "name" and value:
            contacts.call(contact, value[:60])
        elif what == "language":
            contacts.speak(contact, value[:12])
        elif what == "label":
            appointed.appoint(contact, label=name[:40], team=None)
        elif what == "unlabel":
            appointed.unlabel(contact, name)

    def subscribe(self, topics: Sequence[str], notice: str, evidence: str) -> None:
        """Two messages of theirs lie before it, the wish and the yes to the notice: that is the double opt-in."""
        session = self.session
        rows = list(Topic.objects.filter(organisation=session.organisation_id, key__in=topics, active=True))
        proof = Proof(channel=session.address.channel, evidence=evidence, text=notice, language=self._language)
        contacts.subscribe(session.contact, rows, session.address, proof)
        for topic in rows:
            contacts.confirm_only(session.contact, topic, session.address, proof)

    def unsubscribe(self, topics: Sequence[str], evidence: str) -> None:
        session = self.session
        rows = Topic.objects.filter(organisation=session.organisation_id, key__in=topics)
        contacts.unsubscribe(session.contact, rows, Proof(channel=session.address.channel, evidence=evidence, language=self._language))

    def open_case(self, matter: Matter) -> str:
        if matter.category and (number := casing.open(self.session, matter)):
            return number
        number = f"{self.now.year}-{self.session.pk}" + (f"-{matter.nth}" if matter.nth > 1 else "")
        self._before_people(matter.team, matter.label, f"{number}\n{matter.summary}")
        return number

    def hand_over(self, team: str, summary: str) -> None:
        self._before_people(team, "", summary)

    def _before_people(self, team: str, label: str, summary: str) -> None:
        session = self.session
        row = Team.objects.filter(organisation=session.organisation_id, name=team).first() if team else None
        if label or row:
            appointed.appoint(session.contact, label=label[:40], team=row)
        appointed.note(session.contact, summary.strip(), title=session.dialog.title)
        appointed.bring(session.contact)

    # ── Times, meters, systems ────────────────────────────────────────────

    def free(self, offer: str, most: int) -> Sequence[Slot]:
        row = free_times.offer(self.session.organisation, offer)
        if row is None:
            return []
        found: list[Slot] = []
        days: dict[str, int] = {}
        for slot in free_times.free(row, self.now, self.now + FAR, now=self.now):
            begins = slot.begins_at.astimezone(BERLIN)
            day = self._day(begins)
            if day not in days and len(days) == most:
                break
            days[day] = days.get(day, 0) + 1
            if days[day] <= MOST_SLOTS:
                found.append(Slot(begins, day, f"{begins:%H:%M}"))
        return found

    def _day(self, at: datetime) -> str:
        return day_in_words(at.date(), self._language)

    def book(self, offer: str, begins_at: datetime, note: str) -> Booked | str:
        session = self.session
        row = free_times.offer(session.organisation, offer)
        if row is None:
            return "taken"
        try:
            booking = appointments.confirm(appointments.hold(row, begins_at, session.contact, session.address), note)
        except appointments.Taken as refused:
            return "limit" if refused.reason == "limit" else "taken"
        begins = booking.begins_at.astimezone(BERLIN)
        when = f"{self._day(begins)}, {begins:%H:%M}{' Uhr' if self._language == 'de' else ''}"
        return Booked(code=booking.shown_code, when=when, where=row.place or row.link, number=booking.pk)

    def see_meter(self, kind: str, file: str, digits: int, decimals: int) -> MeterSeen:
        return papers.see_meter(self.session, file, digits, decimals)

    def judge_meter(self, kind: str, number: str, value: str) -> Sequence[str]:
        return papers.judge_meter(self.session, kind, number, value)

    def keep_meter(self, kind: str, number: str, value: str, file: str, doubts: Sequence[str]) -> None:
        papers.keep_meter(self.session, papers.Read(kind, number, value, file, doubts))

    def call(self, step: document.Call, serial: int, facts: Mapping[str, Any]) -> bool:
        from buergerdraht.dialogs import calling, calls

        system = System.objects.filter(organisation=self.session.organisation_id, key=step.system, active=True).first()
        if system is None:
            return False
        try:
            request = calling.build(step, system, facts)
        except calling.Refused:
            return False
        self.request = calling.kept(request)
        number = self.session.pk
        transaction.on_commit(lambda: calls.later(number, serial))
        return True

    def locked(self, system: str) -> bool:
        return self._lock(system).filter(until__gt=self.now).exists()

    def failed_proof(self, system: str, tries: int, minutes: int) -> bool:
        row = System.objects.filter(organisation=self.session.organisation_id, key=system).first()
        if row is None:
            return True
        lock, _made = Lock.objects.select_for_update().get_or_create(contact=self.session.contact, system=row)
        lock.wrong += 1
        if falls := lock.wrong >= tries:
            lock.wrong, lock.until = 0, self.now + timedelta(minutes=minutes)
        lock.save()
        return falls

    def _lock(self, system: str) -> QuerySet[Lock]:
        return Lock.objects.filter(contact=self.session.contact_id, system__key=system, system__organisation=self.session.organisation_id)

    def show_menu(self) -> bool:
        return show_menu(self.session.contact, self.session.address)

    def trace(self, dialog: str, step: str, what: str, text: str = "") -> None:
        session = self.session
        if dialog not in self.numbers:
            self.numbers[dialog] = session.dialog_id if dialog == session.dialog.key else _number(session, dialog)
        self.traces.append(Happened(self.numbers[dialog], step, what, text))


def show_menu(contact: Contact, address: Address) -> bool:
    """Show the main menu of the house. False where it has none."""
    organisation = contact.organisation
    options = [_in_menu(each, address.channel.kind, contact.language) for each in triggers.menu(organisation.pk, address.channel.kind)]
    if not options:
        return False
    title, label = (SHELF.say(organisation, contact.language, key) for key in ("menu_title", "choose"))
    answers.stand(contact, triggers.MENU_STEP, options)
    with suppress(outreach.Refused):
        outreach.send(address, Content(text=title, choices=options, choices_label=label, preview_link=False), purpose=SERVICE)
    return True


def _in_menu(known: triggers.Known, channel: str, language: str) -> Choice:
    found = readable(known.live)
    title = triggers.menu_title(found, channel, language) if found else ""
    return Choice(id=f"{triggers.BUTTON}{known.key}", title=title or known.title)


def read(version: int) -> document.Dialog:
    """The document of a version."""
    found = _documents.get(version)
    if found is None:
        if len(_documents) > 2_000:
            _documents.clear()
        found = _documents[version] = document.load(Version.objects.values_list("document", flat=True).get(pk=version))
    return found


def readable(version: int) -> document.Dialog | None:
    """The document of a version, or None where what documents are has changed since: then people take over."""
    try:
        return read(version)
    except document.Unreadable:
        log.error("dialogs.unreadable version=%s", version)
        return None


def _number(session: Session, key: str) -> int:
    from buergerdraht.dialogs.models import Dialog

    return Dialog.objects.filter(organisation=session.organisation_id, key=key).values_list("pk", flat=True).first() or session.dialog_id
